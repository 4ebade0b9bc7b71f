"""An order is split into two that go on by themselves, and the two become one again.

Units are named line by line; what a warehouse holds, or what can be sent now, is only another way
to choose them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound, OmsError
from oms_web.core.work import Work
from oms_web.domain.documents import kinds
from oms_web.domain.documents.models import Document, is_annulled
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.orders import dividing, following, lineage
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine, OrderSplit
from oms_web.domain.orders.reserving import line_parts
from oms_web.domain.payments.models import Payment
from oms_web.domain.returns.models import ReturnLine
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.fixed import why_fixed
from oms_web.domain.shipping.models import Shipment, ShipmentLine
from oms_web.domain.stock.models import Warehouse

REST = "rest"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A way to split that offers itself. ``what``: ``rest``, or the number of a warehouse."""

    what: str
    warehouse: str
    units: Mapping[int, int]


def why_whole(session: Session, order: Order) -> OmsError | None:
    """Why an order cannot be split now; None if it can."""
    refusal = _why_stays(session, order)
    if refusal is None and sum(dividing.open_units(line)
                               for line in orders.order_lines(session, order.id)) < 2:
        return NotAllowedNow("There is nothing to split: only one unit is still to be sent.")
    return refusal


def _why_stays(session: Session, order: Order) -> OmsError | None:
    refusal = why_fixed(session, order)
    if refusal is not None:
        return refusal
    if order.is_documented or session.scalar(
            select(Document.id).where(Document.order_id == order.id,
                                     Document.kind != kinds.PROFORMA,
                                     ~is_annulled()).limit(1)) is not None:
        return NotAllowedNow("A document was issued for order %(number)s, so it stays as it is.",
                             number=order.id)
    if order.together_id is not None and len(lineage.together(session, order.id)) > 1:
        return NotAllowedNow("Order %(number)s travels with others. Take it out of their parcel "
                             "first.", number=order.id)
    if following.held_change_in(session, order.id) is not None:
        return NotAllowedNow("Decide first about what the channel changed of order %(number)s.",
                             number=order.id)
    return None


def why_apart(session: Session, part: Order, order: Order) -> OmsError | None:
    """Why an order cannot be joined to the one it was split off; None if it can."""
    for one in (part, order):
        refusal = _why_stays(session, one)
        if refusal is not None:
            return refusal
    later = session.scalar(select(OrderSplit.order_id).where(
        OrderSplit.from_id == part.id, OrderSplit.joined_at.is_(None)).limit(1))
    if later is not None:
        return NotAllowedNow("Order %(number)s was split off this one. Join that one first.",
                             number=later)
    if session.scalar(select(Payment.id).where(Payment.order_id == part.id).limit(1)) is not None:
        return NotAllowedNow("A payment was recorded on order %(number)s.", number=part.id)
    come = orders.order_lines(session, part.id)
    if any(line.shipped or line.returned for line in come) or session.scalar(
            select(ReturnLine.id).where(ReturnLine.order_line_id.in_([line.id for line in come]))
            .limit(1)) is not None:
        return NotAllowedNow("Some of order %(number)s has left already.", number=part.id)
    if (part.ship_to, part.pickup_point) != (order.ship_to, order.pickup_point):
        return NotAllowedNow("They go to different addresses.")
    stay = orders.order_lines(session, order.id)
    for line in come:
        same = dividing.twin(line, stay)
        if same is not None and (same.variant_id, same.unit_price) != (line.variant_id,
                                                                      line.unit_price):
            return NotAllowedNow("%(title)s is another product or price there now.",
                                 title=line.title)
    return None


def proposals(session: Session, order: Order) -> list[Proposal]:
    """What stays if only that is sent which can be, and what lies in each other warehouse."""
    lines = orders.order_lines(session, order.id)
    missing = {line.id: dividing.open_units(line) - line.reserved for line in lines}
    missing = {line_id: units for line_id, units in missing.items() if units > 0}
    found = []
    if missing and any(line.reserved for line in lines):
        found.append(Proposal(REST, "", missing))
    houses = _by_warehouse(session, order, lines)
    if len(houses) > 1:
        names = dict(session.execute(select(Warehouse.id, Warehouse.code)).all())
        most = max(houses, key=lambda house: (sum(houses[house].values()), -house))
        found += [Proposal(str(house), names[house], houses[house])
                  for house in sorted(houses) if house != most]
    return found


def _by_warehouse(session: Session, order: Order, lines: list[OrderLine]
                  ) -> dict[int, dict[int, int]]:
    """Whole promised units by the warehouse that sends them: warehouse -> line -> units."""
    made_of = line_parts(session, lines)
    found: dict[int, dict[int, int]] = {}
    for house, parts in shipping.open_parts(session, order.id).items():
        lying: dict[tuple[int, int], int] = {}
        for part in parts:
            key = part.line_id, part.variant_id
            lying[key] = lying.get(key, 0) + part.quantity
        units = {
            line_id: min(lying.get((line_id, variant), 0) // each
                         for variant, each in made_of[line_id])
            for line_id in {line_id for line_id, _ in lying}
        }
        found[house] = {line_id: count for line_id, count in units.items() if count}
    return {house: units for house, units in found.items() if units}


def split(
    work: Work, order_id: int, units: Mapping[int, int], warehouse_id: int | None = None
) -> int:
    """Make ``units`` (line id -> units) an order of their own; its number.

    Promised units go with their promise. Of lines that lack some, those go first; with
    ``warehouse_id`` those that are promised from there.

    Raises:
        Invalid: no units, more than are open, or all of them.
        NotAllowedNow: it cannot be split now, with the reason.
    """
    order = orders.lock_order(work.session, order_id)
    refusal = why_whole(work.session, order)
    if refusal is not None:
        raise refusal
    units = {line_id: count for line_id, count in units.items() if count}
    lines = {line.id: line for line in orders.order_lines(work.session, order_id)}
    if not units or any(count < 0 or line_id not in lines for line_id, count in units.items()):
        raise Invalid("Say which units become another order.", "units")
    for line_id, count in units.items():
        left = dividing.open_units(lines[line_id])
        if count > left:
            raise Invalid("%(title)s: only %(open)s units are still open.", "units",
                          title=lines[line_id].title, open=left)
    if sum(units.values()) == sum(dividing.open_units(line) for line in lines.values()):
        raise Invalid("Something has to stay in this order.", "units")
    return dividing.take_off(work, order, units, warehouse_id).id


def split_as(work: Work, order_id: int, what: str) -> int | None:
    """Split as a proposal says (``rest``, or a warehouse); None when there is nothing to split."""
    order = orders.lock_order(work.session, order_id)
    refusal = why_whole(work.session, order)
    if refusal is not None:
        raise refusal
    chosen = next((one for one in proposals(work.session, order) if one.what == what), None)
    if chosen is None:
        return None
    return split(work, order_id, chosen.units, int(what) if what.isdigit() else None)


def join(work: Work, part_id: int) -> bool:
    """Put an order back into the one it was split off; False when that was done before.

    Raises:
        NotFound: it was never split off.
        NotAllowedNow: too much has happened since, with the reason.
    """
    session = work.session
    part = orders.lock_order(session, part_id)
    split_off = session.get(OrderSplit, part_id, populate_existing=True)
    if split_off is None:
        raise NotFound("Order %(number)s was not split off another one.", number=part_id)
    if split_off.joined_at is not None:
        return False
    order = orders.get_order(session, split_off.from_id)
    refusal = why_apart(session, part, order)
    if refusal is not None:
        raise refusal
    mine = select(OrderLine.id).where(OrderLine.order_id == part_id)
    given_up = select(Shipment.id).where(Shipment.state == shipping.CANCELLED)
    session.execute(delete(ShipmentLine).where(
        ShipmentLine.line_id.in_(mine), ShipmentLine.shipment_id.in_(given_up)
    ).execution_options(synchronize_session=False))
    fulfilment.forget_orders(work, [part_id])
    dividing.give_back(work, part, order)
    return True
