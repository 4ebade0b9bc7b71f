"""Where a parcel is: ShipX's statuses in eight words. Pure.

The statuses are those of ``GET /v1/statuses`` ("Statuses", "Shipment Tracking" of the
documentation) and of the vendor's own shop plugins, which know some more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import Journey, Travel, TravelEvent
from oms_connector.reading import children, moment, shown, text

ANNOUNCED = ("created", "offers_prepared", "offer_selected", "confirmed")
ACCEPTED = (
    "dispatched_by_sender", "dispatched_by_sender_to_pok", "collected_from_sender",
    "taken_by_courier", "taken_by_courier_from_pok",
)
MOVING = (
    "adopted_at_source_branch", "sent_from_source_branch", "adopted_at_sorting_center",
    "sent_from_sorting_center", "adopted_at_target_branch", "readdressed", "redirect_to_box",
    "canceled_redirect_to_box", "permanently_redirected_to_box_machine",
    "permanently_redirected_to_customer_service_point",
    # for a while in another locker or point on the way to its own
    "stack_in_box_machine", "stack_in_customer_service_point", "unstack_from_box_machine",
    "unstack_from_customer_service_point", "taken_by_courier_from_customer_service_point",
)
OUT = ("out_for_delivery", "out_for_delivery_to_address")
WAITING = (
    "ready_to_pickup", "ready_to_pickup_from_pok", "ready_to_pickup_from_pok_registered",
    "ready_to_pickup_from_branch", "pickup_reminder_sent", "pickup_reminder_sent_address", "avizo",
    "courier_avizo_in_customer_service_point",
)
DELIVERED = ("delivered",)
EXCEPTION = (
    "oversized", "missing", "claimed", "claim_created", "delay_in_delivery", "undelivered",
    "undelivered_wrong_address", "undelivered_incomplete_address", "undelivered_unknown_receiver",
    "undelivered_cod_cash_receiver", "undelivered_no_mailbox", "undelivered_not_live_address",
    "undelivered_lack_of_access_letterbox", "canceled", "cancelled", "not_ready", "other",
)
RETURNING = (
    "returned_to_sender", "rejected_by_receiver", "pickup_time_expired",
    "stack_parcel_pickup_time_expired", "stack_parcel_in_box_machine_pickup_time_expired",
    "return_pickup_confirmation_to_sender",
)

STATES: Mapping[str, Travel] = {
    **dict.fromkeys(ANNOUNCED, "announced"), **dict.fromkeys(ACCEPTED, "accepted"),
    **dict.fromkeys(MOVING, "moving"), **dict.fromkeys(OUT, "out"),
    **dict.fromkeys(WAITING, "waiting"), **dict.fromkeys(DELIVERED, "delivered"),
    **dict.fromkeys(EXCEPTION, "exception"), **dict.fromkeys(RETURNING, "returning"),
}


def journey(number: str, document: Mapping[str, Any]) -> Journey:
    """A parcel's way from ``GET /v1/tracking/:number``, turned round: it comes newest first.

    A status that is new to us leaves the parcel where it was; its own word is kept.

    Raises:
        Puzzling: an entry has no status or no moment.
    """
    entries = sorted(
        ((moment(entry, "datetime"), text(entry, "status"), shown(entry, "agency"))
         for entry in reversed(children(document, "tracking_details"))),
        key=lambda entry: entry[0])
    events: list[TravelEvent] = []
    state: Travel = "announced"
    for at, raw, place in entries:
        state = STATES.get(raw, state)
        events.append(TravelEvent(at, state, raw, place=place))
    return Journey(number, events)
