"""Everything the card of one order shows, gathered in a fixed number of questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company.models import Company
from oms_web.domain.documents import queries as documents
from oms_web.domain.documents import warehouse_papers
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.fulfilment.models import NoteConfirmation
from oms_web.domain.orders import filing, labels, lineage, phases, queries, telling, waiting
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Note, Order, OrderLine, Status, Tag
from oms_web.domain.orders.verification import queries as verification
from oms_web.domain.payments import service as paying
from oms_web.domain.payments.models import Payment
from oms_web.domain.returns import queries as cases
from oms_web.domain.returns.models import Return
from oms_web.domain.shipping import bookings, journeys, photos, tracking
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.label_models import LabelBooking, ParcelEvent
from oms_web.domain.shipping.models import Parcel, ParcelPhoto, Shipment
from oms_web.flows import order_allocate
from oms_web.web import formats, payment_words
from oms_web.web import order_words as words
from oms_web.web.failures import words_of
from oms_web.web.order_hangs import hangs_on
from oms_web.web.order_relations import Kin
from oms_web.web.order_units import LineView, Units
from oms_web.web.outside_words import translated
from oms_web.web.shell import frame
from oms_web.web.verify_words import Said, said

MOST_SCANS = 5


@dataclass(frozen=True, slots=True)
class HoldView:
    """Why it waits: what is wrong and what frees it, in words, and the difference if there is one.
    """

    hold: Hold
    wrong: str
    frees: str
    diff: Sequence[tuple[str, str, str]] = ()


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """A shipment with its parcels: (parcel, where to follow it)."""

    shipment: Shipment
    parcels: Sequence[tuple[Parcel, str]]


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment, whether it was taken back since, and whether it can be.

    ``kind``: "" for money in, ``back`` for money that went back, ``undo`` for the row that takes
    another back. ``how``: how it was paid, or the way of a refund of ours, in words.
    """

    payment: Payment
    kind: str
    undone: bool
    may_undo: bool
    how: str


@dataclass
class Card:
    """One order. Each part is asked for once, when a template first wants it."""

    session: Session
    order: Order

    @cached_property
    def hangs(self) -> frozenset[str]:
        """What hangs on it of what most orders do not have (``order_hangs.TABLES``)."""
        return hangs_on(self.session, self.order.id)

    @property
    def account(self) -> ChannelAccount | None:
        """The channel it came from."""
        return frame().accounts.get(self.order.account_id or 0)

    @cached_property
    def all_statuses(self) -> list[Status]:
        """The seller's statuses."""
        return labels.statuses(self.session, archived=True)

    @cached_property
    def cases(self) -> list[Return]:
        """Its returns, complaints and the like, the newest first."""
        return cases.of_order(self.session, self.order.id) if "cases" in self.hangs else []

    @property
    def status(self) -> Status | None:
        """The status it has."""
        return next((s for s in self.all_statuses if s.id == self.order.status_id), None)

    @property
    def statuses(self) -> list[Status]:
        """The statuses it may have now."""
        return [s for s in self.all_statuses
                if s.phase == self.order.phase and s.archived_at is None]

    @cached_property
    def raw_lines(self) -> list[OrderLine]:
        """Its positions."""
        return orders.order_lines(self.session, self.order.id)

    @cached_property
    def stock(self) -> Units:
        """Where its units are."""
        return Units(self.session, self.order, self.raw_lines)

    @property
    def lines(self) -> list[LineView]:
        """Its positions with where their units are, or what is missing."""
        return self.stock.views

    @cached_property
    def units(self) -> tuple[int, int, int]:
        """Units wanted, reserved, shipped."""
        return (
            sum(line.quantity - line.cancelled for line in self.raw_lines),
            sum(line.reserved for line in self.raw_lines),
            sum(line.shipped for line in self.raw_lines),
        )

    @property
    def houses(self) -> Mapping[str, int]:
        """The warehouses that send it, name -> units, if there are several."""
        return self.stock.houses

    @property
    def elsewhere(self) -> order_allocate.Choices:
        """Where else all of it, or of a line, could be sent from."""
        if "payment_expired" in self.hold_kinds or not self.kin.is_free:
            return order_allocate.Choices()
        return self.stock.choices

    @cached_property
    def recall_seconds(self) -> int:
        """How long a cancellation could be recalled: until a channel is told, if one is."""
        account = self.account
        told = account is not None and (account.tell_cancelled or bool(
            account.status_words and str(orders.first_status(self.session, phases.CANCELLED))
            in account.status_words))
        if not told or self.order.phase not in (phases.OPEN, phases.PACKING):
            return 0
        return self.session.scalar(select(Company.recall_seconds)) or 0

    @property
    def missing(self) -> int:
        """Open units nobody promised."""
        return sum(view.missing for view in self.lines)

    @cached_property
    def holds(self) -> list[HoldView]:
        """What keeps it from going on, in words."""
        if "holds" not in self.hangs:
            return []
        return [
            HoldView(hold, *words.hold_words(hold.kind, hold.detail), _diff(hold))
            for hold in queries.open_holds(self.session, self.order.id)
        ]

    @cached_property
    def findings(self) -> list[Said]:
        """What is doubtful about it, in words."""
        if "findings" not in self.hangs:
            return []
        return said(verification.of_orders(self.session, [self.order.id]).get(self.order.id, ()))

    @property
    def hold_kinds(self) -> frozenset[str]:
        """The kinds of its open holds."""
        return frozenset(view.hold.kind for view in self.holds)

    @cached_property
    def payments(self) -> list[PaymentView]:
        """Money received and given back, and what was taken back of it."""
        found = list(self.session.scalars(
            select(Payment).where(Payment.order_id == self.order.id)
            .order_by(Payment.at, Payment.id)
        ))
        undone = paying.undone(found)
        return [_payment(one, undone) for one in found]

    @cached_property
    def paid(self) -> int:
        """What was paid for it; of a purchase that was split, its share."""
        return lineage.paid_of(self.session, self.order)

    @property
    def to_pay(self) -> int:
        """What is still owed; below zero, too much was paid."""
        return self.order.total - self.paid

    @cached_property
    def kin(self) -> Kin:
        """The orders it belongs together with."""
        return Kin(self.session, self.order, bool(self.hangs & {"parts", "whole"}))

    @cached_property
    def blamed(self) -> Order | None:
        """The other order in its parcel because of which it waits."""
        other = waiting.blamed(self.session, self.order)
        return self.session.get(Order, other) if other is not None else None

    @property
    def blamed_words(self) -> str:
        """Why it waits for that one."""
        return words_of(waiting.refusal(self.session, self.order))

    @cached_property
    def nth(self) -> int:
        """Which order of this buyer it is."""
        return queries.nth_of_buyer(self.session, self.order)

    @cached_property
    def shipments(self) -> list[ShipmentView]:
        """Its shipments with their parcels."""
        found = shipping.of_order(self.session, self.order.id)
        by_shipment: dict[int, list[Parcel]] = {}
        if found:
            for parcel in self.session.scalars(
                select(Parcel).where(Parcel.shipment_id.in_([one.id for one in found]))
                .order_by(Parcel.position)
            ):
                by_shipment.setdefault(parcel.shipment_id, []).append(parcel)
        return [
            ShipmentView(one, [
                (parcel, tracking.follow(parcel.carrier or one.carrier, parcel.tracking))
                for parcel in by_shipment.get(one.id, [])
            ]) for one in found
        ]

    @cached_property
    def papers(self) -> dict[int, Any]:
        """By shipment: the WZ of what left."""
        causes = {warehouse_papers.cause_of_shipment(one.shipment): one.shipment.id
                  for one in self.shipments if one.shipment.shipped_at}
        found = documents.of_causes(self.session, causes) if causes else {}
        return {causes[cause]: row for cause, row in found.items()}

    @cached_property
    def labels(self) -> list[LabelBooking]:
        """Its labels, the newest first."""
        return bookings.of_order(self.session, self.order.id) if "labels" in self.hangs else []

    @cached_property
    def journey(self) -> list[tuple[ParcelEvent, str]]:
        """What carriers last scanned of its parcels, with their numbers."""
        boxes = {parcel.id: parcel.tracking for view in self.shipments
                 for parcel, _ in view.parcels if parcel.travel}
        found = journeys.events(self.session, list(boxes)) if boxes else {}
        return [(event, boxes[parcel]) for parcel, events in found.items()
                for event in events[:MOST_SCANS]]

    @property
    def wants_label(self) -> bool:
        """Whether a label can be bought: it is to be sent, and of a parcel in hand, or else of the
        order, none is there or on its way.
        """
        live = {one.shipment_id for one in self.labels
                if one.state in bookings.LIVE and not one.is_return}
        in_hand = [view for view in self.shipments if view.shipment.state in shipping.LIVE]
        bare = any(view.shipment.id not in live and not any(box.tracking for box, _ in view.parcels)
                   for view in in_hand) if in_hand else not live
        return bare and self.order.phase in (phases.OPEN, phases.PACKING)

    @property
    def labelled(self) -> set[int | None]:
        """Shipments whose label was bought: a box without a number is not on it."""
        return {one.shipment_id for one in self.labels
                if one.state == bookings.CONFIRMED and not one.is_return}

    @cached_property
    def documents(self) -> Sequence[Any]:
        """Its issued documents, newest first."""
        return documents.of_order(self.session, self.order.id) if "documents" in self.hangs else []

    @cached_property
    def notices(self) -> dict[int, list[Any]]:
        """By document: what became of showing it to the buyer on the channels."""
        found: dict[int, list[Any]] = {}
        for one in telling.of_order(self.session, self.order.id):
            if one.kind == telling.INVOICE:
                found.setdefault(one.body["document_id"], []).append(one)
        return found

    @cached_property
    def notes(self) -> list[Note]:
        """What was written on it."""
        return queries.notes(self.session, self.order.id) if "notes" in self.hangs else []

    @cached_property
    def confirmations(self) -> dict[int, list[NoteConfirmation]]:
        """Which packers confirmed its notes: note -> confirmations."""
        if not any(note.for_packer for note in self.notes):
            return {}
        return fulfilment.confirmations(self.session, self.order.id)

    @cached_property
    def photos(self) -> dict[int, list[ParcelPhoto]]:
        """Photos of its parcels: shipment -> photos."""
        return photos.of_shipments(self.session, [one.shipment.id for one in self.shipments])

    @cached_property
    def tags(self) -> list[Tag]:
        """Its tags."""
        return queries.tags_of(self.session, self.order.id) if "tags" in self.hangs else []

    @property
    def may_ship(self) -> bool:
        """Whether it is paid far enough to leave."""
        return filing.may_ship(self.order.payment_state)


def _payment(one: Payment, undone: Collection[int]) -> PaymentView:
    by_hand = paying.may_be_taken_back(one)
    kind = "undo" if paying.takes_back(one) else "back" if one.amount < 0 else ""
    how = payment_words.WAYS.get(one.method) if kind and one.source == paying.DESK else None
    return PaymentView(one, kind, one.id in undone, by_hand and one.id not in undone,
                       str(how or translated(one.method)))


def _diff(hold: Hold) -> list[tuple[str, str, str]]:
    """Field by field, what the channel changed: name, before, after."""
    before, after = hold.detail.get("before") or {}, hold.detail.get("after") or {}
    rows: list[tuple[str, str, str]] = []
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, Mapping):
            old = old if isinstance(old, Mapping) else {}
            rows += [(field, str(old.get(field) or ""), str(text or ""))
                     for field, text in value.items() if text != old.get(field)]
        elif value != old:
            rows.append((name, _plain(name, old), _plain(name, value)))
    units = [
        (title, *(ngettext("%(num)s pc", "%(num)s pcs", n) for n in (was, becomes)))
        for title, was, becomes in (hold.detail.get("lines") or {}).values()
    ]
    return [*((words.field(name), was, becomes) for name, was, becomes in rows), *units]


def _plain(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "payment_kind":
        return str(words.PAYMENT_KINDS.get(value, value))
    if name == "ship_by":
        moment = datetime.fromisoformat(value)
        return f"{formats.day(moment)} {formats.clock(moment)}"
    return str(value)
