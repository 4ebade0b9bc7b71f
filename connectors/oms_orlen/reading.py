"""What ORLEN Paczka tells, in the SDK's terms. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from oms_connector import Journey, PickupPoint, Travel, TravelEvent
from oms_connector.flaws import postcode_digits
from oms_connector.scans import meaning
from oms_connector.soap import Found

ZONE = ZoneInfo("Europe/Warsaw")
CANCELLED, ARCHIVED = "201", "888"
BACK = frozenset({"POWROT", "2_POWROT"})
"""Attributes of a scan: nobody fetched the parcel, it goes back to its sender."""
STATES: Mapping[str, Travel] = dict([
    ("200", "announced"), ("1000", "delivered"),
    *((code, "accepted") for code in ("210", "230")),
    *((code, "moving") for code in (
        "100", "110", "120", "193", "195", "240", "241", "300", "400", "401", "450", "653", "681",
        "700")),
    *((code, "out") for code in ("610", "660", "665", "670", "680", "685")),
    *((code, "waiting") for code in ("620", "690", "691", "695", "696")),
    *((code, "exception") for code in (
        "201", "677", "679", "710", "711", "712", "714", "739", "749", "780", "999", "2000")),
    *((code, "returning") for code in (
        "708", "709", "729", "750", "790", "800", "900", "1100", "1200", "1220")),
])
"""Codes of ``Trans``, chapter 7.3 of the vendor's documentation as a public client has it."""
LOCKER = "APM"
OFF = "N"


def journey(tracking: str, rows: Sequence[Found]) -> Journey | None:
    """A parcel's way; None where ORLEN Paczka does not know it."""
    events = sorted((one for row in rows for one in _event(row)), key=lambda one: one.at)
    return Journey(tracking, events) if events else None


def _event(row: Found) -> Sequence[TravelEvent]:
    code, said = row.text("Trans"), row.text("Trans_Des")
    at = moment(row.text("Data"))
    if code in ("", "0", ARCHIVED) or at is None:
        return []
    mark = row.text("Attribute").upper()
    state = "returning" if mark in BACK else STATES.get(code) or meaning(said)
    return [TravelEvent(at, state, f"{code}_{mark}" if mark else code, said)]


def moment(text: str) -> datetime | None:
    """A moment; Warsaw's, although a Z stands behind it (so the vendor's documentation)."""
    try:
        return datetime.fromisoformat(text.strip()[:19]).replace(tzinfo=ZONE).astimezone(UTC)
    except ValueError:
        return None


def point(row: Found) -> PickupPoint | None:
    """A machine or point; None while it takes no parcels."""
    ref = row.text("DestinationCode")
    if not ref or row.text("Available").upper() == OFF:
        return None
    street = " ".join(filter(None, (row.text("StreetName"), row.text("BuildingNumber"))))
    digits = postcode_digits(row.text("Zipcode"))
    return PickupPoint(
        ref, row.text("Location") or ref, street,
        f"{digits[:2]}-{digits[2:]}" if len(digits) == 5 else digits, row.text("City"), "PL",
        _degrees(row.text("Latitude")), _degrees(row.text("Longitude")),
        " ".join(row.text("OpeningHours").split()),
        kind="locker" if row.text("PointType").upper() == LOCKER else "counter")


def nearness(one: PickupPoint, near: str) -> tuple[int, int] | None:
    """How well a point fits what was asked for, the best first; None where it does not.

    By code or number, by postcode (as numbers, within 500 of it), or by town.
    """
    said = near.strip()
    if said.upper() == one.ref or (len(said) == 6 and said in one.ref.split("-")):
        return 0, 0
    digits, own = postcode_digits(said), postcode_digits(one.postcode)
    if len(digits) == 5 and digits.isdigit() and own.isdigit():
        apart = abs(int(digits) - int(own))
        return (1, apart) if apart <= NEAR else None
    return (2, 0) if said.casefold() == one.city.casefold() else None


NEAR = 500


def _degrees(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
