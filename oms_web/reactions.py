"""One table: what happens because of an event, a moment later, as a task.

A reaction turns the events of one dispatch into as few tasks as possible: a thousand changes of
stock become one publication.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oms_web.core.events import OutboxEvent
from oms_web.domain.catalog.events import (
    LOW_BY,
    PRICED_BY,
    PUBLISHED_BY,
    VariantsAdded,
    VariantsChanged,
)
from oms_web.domain.channels.events import ListingsMapped
from oms_web.domain.documents.events import DocumentIssued
from oms_web.domain.orders.events import ParcelClosed, ShipmentLeft
from oms_web.domain.payments.events import RefundDone
from oms_web.domain.returns.events import CaseTurned
from oms_web.domain.shipping.events import PackingBegan, ShipmentPacked
from oms_web.domain.stock.events import StockChanged
from oms_web.domain.webhooks.events import WebhookCalled


@dataclass(frozen=True, slots=True)
class Queued:
    """A task to be added: see ``core.claims.enqueue``. ``not_before``: at once if there is none."""

    kind: str
    key: str
    args: dict[str, Any]
    not_before: datetime | None = None


Reaction = Callable[[Sequence[OutboxEvent]], list[Queued]]


def publish_stock(events: Sequence[OutboxEvent]) -> list[Queued]:
    """Free units changed: recompute what the listings should show."""
    variants = sorted({v for event in events for v in event.payload["variant_ids"]})
    since = min(event.at for event in events).isoformat() if events else ""
    return [Queued("publish_stock", str(events[0].id), {"variant_ids": variants, "since": since})] \
        if variants else []


def publish_changed(events: Sequence[OutboxEvent]) -> list[Queued]:
    """A bundle has other parts, or a SKU may be sold without stock: the same."""
    return publish_stock([
        event for event in events if PUBLISHED_BY & set(event.payload["fields"])
    ])


def publish_prices(events: Sequence[OutboxEvent]) -> list[Queued]:
    """Prices changed: recompute what the listings should show."""
    variants = sorted({
        v for event in events if PRICED_BY & set(event.payload["fields"])
        for v in event.payload["variant_ids"]
    })
    return [Queued("publish_prices", str(events[0].id), {"variant_ids": variants})] \
        if variants else []


def fill_backorders(events: Sequence[OutboxEvent]) -> list[Queued]:
    """Free units rose: orders that wait for them may go on."""
    variants = sorted({
        v for event in events if event.payload["more"] for v in event.payload["variant_ids"]
    })
    return [Queued("fill_backorders", str(events[0].id), {"variant_ids": variants})] \
        if variants else []


def look_low(events: Sequence[OutboxEvent]) -> list[Queued]:
    """Free units or a minimum changed: some may run low now, or no longer."""
    variants = sorted({
        v for event in events
        if "fields" not in event.payload or LOW_BY & set(event.payload["fields"])
        for v in event.payload["variant_ids"]
    })
    return [Queued("look_low", str(events[0].id), {"variant_ids": variants})] if variants else []


def map_listings(events: Sequence[OutboxEvent]) -> list[Queued]:
    """New SKUs or codes: listings that waited for them can be linked."""
    variants = sorted({v for event in events for v in event.payload["variant_ids"]})
    return [Queued("map_listings", str(events[0].id), {"variant_ids": variants})]


def wake_orders(events: Sequence[OutboxEvent]) -> list[Queued]:
    """Listings were linked by the way: orders that wait for them may go on."""
    listings = sorted({n for event in events for n in event.payload["listing_ids"]})
    return [Queued("wake_orders", str(events[0].id), {"listing_ids": listings})]


def tell_channel(events: Sequence[OutboxEvent]) -> list[Queued]:
    """A shipment left: tell its channel, with tracking, once it cannot be recalled any more."""
    return [
        Queued("push_shipment", str(event.payload["shipment_id"]),
               {"shipment_id": event.payload["shipment_id"]},
               _moment(event.payload.get("tell_at", "")))
        for event in events
    ]


def print_closed(events: Sequence[OutboxEvent]) -> list[Queued]:
    """A parcel closed where papers come out by themselves: one task each, or a slow one waits."""
    return [Queued("print_closed", f"{event.payload['shipment_id']}:{event.payload['closing']}",
                   dict(event.payload)) for event in events]


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def label_for_packing(events: Sequence[OutboxEvent]) -> list[Queued]:
    """Packing began: the label may be bought, so that it is there at the last scan."""
    return _label(events, "packing")


def label_when_packed(events: Sequence[OutboxEvent]) -> list[Queued]:
    """A parcel closed: it needs its label, if it has none."""
    return _label(events, "packed")


def _label(events: Sequence[OutboxEvent], occasion: str) -> list[Queued]:
    return [Queued("label_by_itself", f"{event.payload['shipment_id']}:{occasion}",
                   {"shipment_id": event.payload["shipment_id"], "occasion": occasion})
            for event in events]


def call_webhook(events: Sequence[OutboxEvent]) -> list[Queued]:
    """A rule or a macro calls a webhook: tell it of that one event, until it is taken."""
    return [
        Queued("tell_webhook_once", f"{event.payload['webhook_id']}:{event.payload['event_id']}",
               {**event.payload, "patient": True})
        for event in events
    ]


def queue_einvoice(events: Sequence[OutboxEvent]) -> list[Queued]:
    """A document was issued: it may have to go to KSeF."""
    return [Queued("queue_einvoice", str(event.payload["document_id"]),
                   {"document_id": event.payload["document_id"]}) for event in events]


def correct_invoice(events: Sequence[OutboxEvent]) -> list[Queued]:
    """Money went back: its invoice is corrected, if the seller wants that by itself."""
    return [Queued("correct_refunded", str(event.payload["refund_id"]),
                   {"refund_id": event.payload["refund_id"]}) for event in events]


def claim_fee(events: Sequence[OutboxEvent]) -> list[Queued]:
    """Money went back: the marketplace's commission may come back, too."""
    return [Queued("claim_fee_of_refund", str(event.payload["refund_id"]),
                   {"refund_id": event.payload["refund_id"]}) for event in events]


def write_case_letter(events: Sequence[OutboxEvent]) -> list[Queued]:
    """A case took a turn: its buyer is written to, if the seller wants that by itself."""
    return [Queued("case_letter", f"{event.payload['case_id']}:{event.payload['moment']}",
                   dict(event.payload)) for event in events]


REACTIONS: dict[str, tuple[Reaction, ...]] = {
    VariantsAdded.name: (map_listings, look_low),
    VariantsChanged.name: (publish_changed, publish_prices, look_low),
    ListingsMapped.name: (wake_orders, publish_stock),
    StockChanged.name: (fill_backorders, publish_stock, look_low),
    ParcelClosed.name: (print_closed,),
    ShipmentLeft.name: (tell_channel,),
    PackingBegan.name: (label_for_packing,),
    ShipmentPacked.name: (label_when_packed,),
    WebhookCalled.name: (call_webhook,),
    DocumentIssued.name: (queue_einvoice,),
    RefundDone.name: (correct_invoice, claim_fee),
    CaseTurned.name: (write_case_letter,),
}
