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

from oms_web.domain.catalog import queries as catalog
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents import queries as documents
from oms_web.domain.documents import warehouse_papers
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.fulfilment.models import NoteConfirmation
from oms_web.domain.orders import filing, labels, lineage, phases, queries, telling, waiting
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Note, Order, OrderLine, OrderLinePart, Status, Tag
from oms_web.domain.orders.queries import Elsewhere, Place
from oms_web.domain.orders.verification import queries as verification
from oms_web.domain.payments import service as paying
from oms_web.domain.payments.models import Payment
from oms_web.domain.returns import queries as cases
from oms_web.domain.returns.models import Return
from oms_web.domain.shipping import bookings, boxes, journeys, photos, tracking
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.label_models import LabelBooking, ParcelEvent
from oms_web.domain.shipping.models import Parcel, ParcelPhoto, Shipment
from oms_web.domain.stock.models import TRANSIT, Balance
from oms_web.web import formats
from oms_web.web import order_words as words
from oms_web.web.failures import words_of
from oms_web.web.order_relations import Kin
from oms_web.web.verify_words import Said, said

MOST_LINES = 300
MOST_SCANS = 5


@dataclass(frozen=True, slots=True)
class LineView:
    """A position with where its units are. ``missing``: open units nobody promised."""

    line: OrderLine
    thumb: str | None
    places: Sequence[Place]
    missing: int
    elsewhere: Sequence[Elsewhere]
    on_the_road: int
    parts: Sequence[tuple[str, int]]

    @property
    def open(self) -> int:
        """Units that are neither cancelled nor gone."""
        return self.line.quantity - self.line.cancelled - self.line.shipped


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
    another back.
    """

    payment: Payment
    kind: str
    undone: bool
    may_undo: bool


@dataclass
class Card:
    """One order. Each part is asked for once, when a template first wants it."""

    session: Session
    order: Order

    @cached_property
    def account(self) -> ChannelAccount | None:
        """The channel it came from."""
        return self.session.get(ChannelAccount, self.order.account_id) \
            if self.order.account_id else None

    @cached_property
    def all_statuses(self) -> list[Status]:
        """The seller's statuses."""
        return labels.statuses(self.session, archived=True)

    @cached_property
    def cases(self) -> list[Return]:
        """Its returns, complaints and the like, the newest first."""
        return cases.of_order(self.session, self.order.id)

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
    def lines(self) -> list[LineView]:
        """Its positions with where their units are, or what is missing."""
        shown = self.raw_lines[:MOST_LINES]
        is_open = self.order.phase in (phases.OPEN, phases.PACKING)
        places = queries.places(self.session, [line.id for line in shown]) if is_open else {}
        missing = {line.id: _missing(line) if is_open else 0 for line in shown}
        parts = _parts(self.session, shown)
        wanted = {
            variant for line in shown if missing[line.id]
            for variant in (parts.variants.get(line.id) or [line.variant_id]) if variant
        }
        elsewhere = queries.free_by_warehouse(self.session, wanted)
        road = _on_the_road(self.session, wanted)
        thumbs = _thumbs(self.session, shown)
        return [
            LineView(
                line, thumbs.get(line.variant_id or 0), places.get(line.id, ()), missing[line.id],
                elsewhere.get(line.variant_id or 0, ()) if missing[line.id] else (),
                road.get(line.variant_id or 0, 0) if missing[line.id] else 0,
                parts.names.get(line.id, ()),
            )
            for line in shown
        ]

    @cached_property
    def units(self) -> tuple[int, int, int]:
        """Units wanted, reserved, shipped."""
        return (
            sum(line.quantity - line.cancelled for line in self.raw_lines),
            sum(line.reserved for line in self.raw_lines),
            sum(line.shipped for line in self.raw_lines),
        )

    @cached_property
    def houses(self) -> Mapping[str, int]:
        """The warehouses that send it, name -> units, if there are several."""
        if self.order.phase not in (phases.OPEN, phases.PACKING):
            return {}
        return boxes.elsewhere(self.session, [self.order.id]).get(self.order.id, {})

    @property
    def missing(self) -> int:
        """Open units nobody promised."""
        return sum(view.missing for view in self.lines)

    @cached_property
    def holds(self) -> list[HoldView]:
        """What keeps it from going on, in words."""
        return [
            HoldView(hold, *words.hold_words(hold.kind, hold.detail), _diff(hold))
            for hold in queries.open_holds(self.session, self.order.id)
        ]

    @cached_property
    def findings(self) -> list[Said]:
        """What is doubtful about it, in words."""
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
        return Kin(self.session, self.order)

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
        return bookings.of_order(self.session, self.order.id)

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
        """Whether a label can be bought: it is to be sent, and none is there or on its way."""
        return self.order.phase in (phases.OPEN, phases.PACKING) and not any(
            one.state in bookings.LIVE and not one.is_return for one in self.labels)

    @cached_property
    def documents(self) -> Sequence[Any]:
        """Its issued documents, newest first."""
        return documents.of_order(self.session, self.order.id)

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
        return queries.notes(self.session, self.order.id)

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
        return queries.tags_of(self.session, self.order.id)

    @property
    def may_ship(self) -> bool:
        """Whether it is paid far enough to leave."""
        return filing.may_ship(self.order.payment_state)


def _payment(one: Payment, undone: Collection[int]) -> PaymentView:
    by_hand = paying.may_be_taken_back(one)
    undoes = one.source == paying.DESK and not by_hand
    kind = "undo" if undoes else "back" if one.amount < 0 else ""
    return PaymentView(one, kind, one.id in undone, by_hand and one.id not in undone)


def _missing(line: OrderLine) -> int:
    return max(0, line.quantity - line.cancelled - line.shipped - line.reserved)


@dataclass(frozen=True, slots=True)
class _Parts:
    names: Mapping[int, Sequence[tuple[str, int]]]
    variants: Mapping[int, Sequence[int]]


def _parts(session: Session, lines: Sequence[OrderLine]) -> _Parts:
    """What bundle lines consist of: line -> (SKU, how many)."""
    names: dict[int, list[tuple[str, int]]] = {}
    variants: dict[int, list[int]] = {}
    for line_id, variant, sku, quantity in session.execute(
        select(OrderLinePart.line_id, OrderLinePart.variant_id, Variant.sku,
               OrderLinePart.quantity)
        .join(Variant, Variant.id == OrderLinePart.variant_id)
        .where(OrderLinePart.line_id.in_([line.id for line in lines])).order_by(Variant.sku)
    ):
        names.setdefault(line_id, []).append((sku, quantity))
        variants.setdefault(line_id, []).append(variant)
    return _Parts(names, variants)


def _thumbs(session: Session, lines: Sequence[OrderLine]) -> dict[int, str]:
    ids = {line.variant_id for line in lines if line.variant_id}
    pairs = session.execute(select(Variant.id, Variant.product_id).where(Variant.id.in_(ids))).all()
    return catalog.thumbs(session, [(variant, product) for variant, product in pairs])


def _on_the_road(session: Session, variant_ids: Collection[int]) -> dict[int, int]:
    if not variant_ids:
        return {}
    return {variant: units for variant, units in session.execute(
        select(Balance.variant_id, Balance.on_hand).where(
            Balance.variant_id.in_(sorted(variant_ids)), Balance.location_id == TRANSIT,
            Balance.on_hand > 0)
    )}


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
