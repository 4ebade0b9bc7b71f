"""What e-Nadawca and Poczta's tracking tell, in the SDK's terms. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from oms_connector import Journey, PickupPoint, Travel, TravelEvent
from oms_connector.flaws import postcode_digits
from oms_connector.scans import meaning
from oms_connector.soap import Found

ZONE = ZoneInfo("Europe/Warsaw")
STATES: Mapping[str, Travel] = {
    "P_REJ_KN1": "announced", "P_NAD": "accepted", "P_WD": "out", "P_A": "waiting",
    "P_D": "delivered", "P_OWU": "delivered",
}
MACHINE = "AUTOMAT"
POSTS_ONLY = "NADAWCZA"
REGIONS: Mapping[str, Sequence[str]] = {
    "02": ("50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "67"),
    "04": ("85", "86", "87", "88", "89"),
    "06": ("20", "21", "22", "23", "24", "08"),
    "08": ("65", "66", "67", "68", "69"),
    "10": ("90", "91", "92", "93", "94", "95", "97", "98", "99", "96", "26"),
    "12": ("30", "31", "32", "33", "34", "38"),
    "14": ("00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "26", "27", "96"),
    "16": ("45", "46", "47", "48", "49"),
    "18": ("35", "36", "37", "38", "39"),
    "20": ("15", "16", "17", "18", "19"),
    "22": ("80", "81", "82", "83", "84", "76", "77", "89"),
    "24": ("40", "41", "42", "43", "44", "34"),
    "26": ("25", "26", "27", "28", "29"),
    "28": ("10", "11", "12", "13", "14", "19", "82"),
    "30": ("60", "61", "62", "63", "64", "77"),
    "32": ("70", "71", "72", "73", "74", "75", "76", "78"),
}
"""Voivodeships by the numbers of the state's register (TERYT), and how their postcodes begin.

Postal regions do not keep to voivodeships: some beginnings are in two of them.
"""


def regions(postcode: str) -> Sequence[str]:
    """The voivodeships in which a postcode may be; all of them for what is none."""
    begin = postcode_digits(postcode)[:2]
    return [one for one, begins in REGIONS.items() if begin in begins] or list(REGIONS)


def apart(one: str, other: str) -> int:
    """How far two postcodes are from each other, as numbers: what is no postcode is far away."""
    digits = [postcode_digits(code) for code in (one, other)]
    if not all(code.isdigit() for code in digits):
        return 100_000
    return abs(int(digits[0]) - int(digits[1]))


def journey(tracking: str, told: Found) -> Journey | None:
    """A parcel's way; None where the tracking does not know it."""
    data = told.child("danePrzesylki")
    events = sorted((one for item in data.child("zdarzenia").all("zdarzenie")
                     for one in _event(item)), key=lambda one: one.at)
    if not events:
        return None
    try:
        grams = round(float(data.text("masa").replace(",", ".")) * 1000)
    except (ValueError, OverflowError):
        grams = 0
    return Journey(tracking, events, grams or None)


def _event(item: Found) -> Sequence[TravelEvent]:
    raw, said = item.text("kod"), item.text("nazwa")
    try:
        at = datetime.fromisoformat(item.text("czas"))
    except ValueError:
        return []
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZONE)
    reason = item.text("przyczyna", "nazwa")
    # A reason is told only where something went wrong: "adresat nieobecny".
    state = STATES.get(raw) or meaning(f"{said} {reason}")
    return [TravelEvent(at.astimezone(UTC), state, raw or said,
                        " - ".join(filter(None, (said, reason))), item.text("jednostka", "nazwa"))]


def point(item: Found) -> PickupPoint | None:
    """A point or machine; None where parcels are not given out."""
    marks = item.attributes
    ref = marks.get("id", "")
    if not ref or item.text("funkcja") == POSTS_ONLY:
        return None
    house = "/".join(filter(None, (marks.get("numerDomu"), marks.get("numerLokalu"))))
    digits = marks.get("kodPocztowy", "")
    name = " ".join(filter(None, (marks.get("prefixNazwy"), marks.get("nazwa"))))
    place = item.child("lokalizacjaGeograficzna")
    most = item.text("maksymalnaKwotaPobrania")
    return PickupPoint(
        ref, name or ref, " ".join(filter(None, (marks.get("ulica"), house))),
        f"{digits[:2]}-{digits[2:]}" if len(digits) == 5 else digits,
        marks.get("miejscowosc", ""), "PL", _degrees(place.child("szerokosc")),
        _degrees(place.child("dlugosc")), item.text("opis"), cod=most.isdigit() and int(most) > 0,
        kind="locker" if item.text("typ") == MACHINE else "counter")


def _degrees(found: Found) -> float | None:
    try:
        return float(found.attributes.get("dec", "").replace(",", "."))
    except ValueError:
        return None
