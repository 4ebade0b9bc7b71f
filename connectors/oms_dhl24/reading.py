"""What DHL24 tells, in the SDK's terms. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from oms_connector import Journey, LabelFormat, PickupPoint, Travel, TravelEvent
from oms_connector.scans import meaning
from oms_connector.soap import Found

ZONE = ZoneInfo("Europe/Warsaw")
UNKNOWN = "ERR"
"""The scan of a number that DHL does not know."""
STATES: Mapping[str, Travel] = {
    "EDWP": "announced", "DWP": "accepted", "SORT": "moving", "LP": "moving", "SP_DW": "moving",
    "PSHOP": "moving", "TRM": "moving", "TRM2": "moving", "ZWW": "moving", "ZWW_NSP": "moving",
    "AWI_NSP": "moving", "LK": "out", "SP_DSP": "waiting", "OWL": "waiting", "DOR": "delivered",
    "SP_DOR": "delivered", "AWI": "exception", "BRG": "exception", "AN": "exception",
}
LABELS: Mapping[LabelFormat, str] = {"pdf_a6": "BLP", "zpl": "ZBLP"}
DAYS = (("mon", "Mo"), ("tue", "Tu"), ("wed", "We"), ("thu", "Th"), ("fri", "Fr"), ("sat", "Sa"),
        ("sun", "Su"))
LOCKER = "PARCELSTATION"


def journey(tracking: str, found: Found) -> Journey | None:
    """A parcel's way; None where DHL does not know it."""
    events = sorted((one for item in found.child("events").all("item") for one in _event(item)),
                    key=lambda one: one.at)
    return Journey(tracking, events) if events else None


def _event(item: Found) -> Sequence[TravelEvent]:
    raw, said = item.text("status"), item.text("description")
    if raw in ("", UNKNOWN):
        return []
    try:
        at = datetime.fromisoformat(item.text("timestamp"))
    except ValueError:
        return []
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZONE)
    return [TravelEvent(at.astimezone(UTC), STATES.get(raw) or meaning(said), raw, said,
                        item.text("terminal"))]


def point(item: Found) -> PickupPoint | None:
    """A point of DHL POP; None without a number to book it by.

    DHL's own example has the axes' names swapped; in Poland the latitude is always the greater.
    """
    ref, address = item.text("sap"), item.child("address")
    if not ref:
        return None
    street = " ".join(filter(None, (address.text("street"), address.text("houseNumber"))))
    latitude, longitude = sorted(
        (_degrees(item.text("latitude")), _degrees(item.text("longitude"))),
        key=lambda one: -(one or 0))
    return PickupPoint(
        ref, item.text("name") or address.text("name") or ref, street, address.text("postcode"),
        address.text("city"), address.text("country") or "PL", latitude, longitude, _hours(item),
        cod=True, kind="locker" if item.text("type") == LOCKER else "counter")


def _degrees(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _hours(item: Found) -> str:
    """``Mo 0800-2000; Tu ...``, as DHL tells them."""
    spans = ((day, item.text(f"{name}Open"), item.text(f"{name}Close")) for name, day in DAYS)
    return "; ".join(f"{day} {begin}-{end}" for day, begin, end in spans if begin and end)
