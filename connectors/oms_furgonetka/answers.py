"""What Furgonetka says about a package and its way, in our words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from oms_connector import Booked, Journey, Travel, TravelEvent
from oms_connector.reading import (
    NOT_AN_OBJECT,
    Puzzling,
    children,
    decimal,
    moment,
    shown,
    text,
    value,
)

from oms_furgonetka.calls import parcels

WARSAW = ZoneInfo("Europe/Warsaw")
CANCELLED = frozenset(("canceled", "cancelled"))
STATES: Mapping[str, Travel] = {
    "waiting": "announced", "ordered": "announced", "collected": "accepted", "transit": "moving",
    "delivery": "out", "ready-to-pickup": "waiting", "notice": "waiting", "delivered": "delivered",
    "collect-problem": "exception", "delivery-problem": "exception", "exception": "exception",
    "canceled": "exception", "cancelled": "exception",
    "return": "returning", "returned": "returning",
}
"""The states of a package that public clients know; others leave it where it was."""


def booked(document: Mapping[str, Any]) -> Booked:
    """The state of a package that was ordered."""
    reference = str(value(document, "package_id") or "")
    if value(document, "state") in CANCELLED:
        return Booked(reference, "cancelled")
    numbers = [str(value(one, "package_no") or "") for one in parcels(document)]
    if not numbers or not all(numbers):
        return Booked(reference, "pending")
    return Booked(reference, "confirmed", numbers, _price(document))


def _price(document: Mapping[str, Any]) -> Decimal | None:
    told = value(document, "pricing", "price_net")
    return None if told is None else decimal(told, "price_net")


def package_with(number: str, document: Mapping[str, Any]) -> str:
    """The id of the package that has a box of this number; empty if none has."""
    for package in children(document, "packages"):
        if isinstance(package, dict) and any(
                str(value(one, "package_no")) == number for one in parcels(package)):
            return str(value(package, "package_id") or "")
    return ""


def journey(number: str, document: Mapping[str, Any]) -> Journey:
    """A package's way, oldest first.

    Raises:
        Puzzling: an entry has no state or no moment.
    """
    entries = []
    for entry in children(document, "tracking"):
        if not isinstance(entry, dict):
            raise Puzzling(NOT_AN_OBJECT, "tracking", entry)
        entries.append((moment(entry, "datetime", WARSAW), text(entry, "state"),
                        shown(entry, "status")))
    entries.sort(key=lambda entry: entry[0])
    events: list[TravelEvent] = []
    state: Travel = "announced"
    for at, raw, description in entries:
        state = STATES.get(raw, state)
        events.append(TravelEvent(at, state, raw, description))
    return Journey(number, events)
