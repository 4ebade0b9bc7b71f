"""What an order's card shows of the orders it belongs together with, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.orm import Session

from oms_web.core.errors import OmsError
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders.models import Order, OrderSplit
from oms_web.domain.shipping.fixed import why_fixed
from oms_web.flows import order_split, order_together
from oms_web.web.failures import words_of
from oms_web.web.shell import frame


@dataclass(frozen=True, slots=True)
class Relative:
    """Another order with its channel; ``why_not``: why it cannot be taken back, in words."""

    order: Order
    account: ChannelAccount | None
    joined: bool = False
    why_not: str = ""


@dataclass
class Kin:
    """The relations of one order. Each part is asked for once, when a template first wants it.

    ``was_split``: it was split off another, or another off it.
    """

    session: Session
    order: Order
    was_split: bool

    @cached_property
    def together(self) -> list[Relative]:
        """The other orders in its parcel: while it is here those that are here too, later those
        that were not cancelled.
        """
        return [self._relative(one) for one in lineage.companions(self.session, self.order)
                if (one.phase in lineage.MOVING if self.is_open
                    else one.phase != phases.CANCELLED)]

    @cached_property
    def stays_together(self) -> str:
        """Why it cannot be taken out of the shared parcel; empty if it can."""
        return _said(self._why_fixed)

    @property
    def is_free(self) -> bool:
        """Whether nobody has begun with it."""
        return self._why_fixed is None

    @cached_property
    def _why_fixed(self) -> OmsError | None:
        return why_fixed(self.session, self.order)

    @cached_property
    def candidates(self) -> list[Order]:
        """The orders that could go into the same parcel."""
        if self.order.phase != phases.OPEN:
            return []
        return order_together.candidates(self.session, self.order)

    @cached_property
    def parts(self) -> list[Order]:
        """The other orders of its purchase."""
        if self.order.purchase_id is None:
            return []
        return [one for one in lineage.purchase(self.session, self.order)
                if one.id != self.order.id]

    @cached_property
    def _splits(self) -> list[OrderSplit]:
        return lineage.splits(self.session, self.order.id) if self.was_split else []

    @cached_property
    def split_from(self) -> Relative | None:
        """The order it was split off."""
        mine = next((one for one in self._splits if one.order_id == self.order.id), None)
        if mine is None:
            return None
        whole = self.session.get_one(Order, mine.from_id)
        return self._relative(whole, mine, self.order, whole)

    @cached_property
    def split_off(self) -> list[Relative]:
        """The orders that were split off it."""
        found = []
        for one in self._splits:
            if one.from_id == self.order.id:
                part = self.session.get_one(Order, one.order_id)
                found.append(self._relative(part, one, part, self.order))
        return found

    @property
    def any(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.together or self._splits)

    def _relative(
        self, other: Order, split: OrderSplit | None = None, part: Order | None = None,
        whole: Order | None = None,
    ) -> Relative:
        joined = split is not None and split.joined_at is not None
        why_not = ""
        if part is not None and whole is not None and not joined:
            why_not = _said(order_split.why_apart(self.session, part, whole))
        return Relative(other, frame().accounts.get(other.account_id or 0), joined, why_not)

    @property
    def is_open(self) -> bool:
        """Whether it waits for others, or others for it."""
        return self.order.phase in (phases.OPEN, phases.PACKING)


def _said(refusal: OmsError | None) -> str:
    return words_of(refusal) if refusal is not None else ""
