"""A courier's invoice as a table: which parcel, how much, how heavy; and what is odd. Pure.

Couriers send the details of their invoices as CSV; what the columns are called differs, so each has
several headings. Several lines of one parcel (transport, fuel, a surcharge) are one charge.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from oms_web.core.errors import Invalid
from oms_web.core.text import squeeze
from oms_web.domain.payments.bank.lines import MOST_BYTES, amount_of, day_of, tidy
from oms_web.domain.payments.bank.reading import decoded

AGREED, DEARER, HEAVIER, TWICE, STRANGER = VERDICTS = (
    "agreed", "dearer", "heavier", "twice", "stranger",
)
"""As booked; dearer; dearer and heavier than we say; charged before; no parcel of ours."""
MOST_ROWS, WITHIN = 50_000, 30
HEAVIEST_G = 10_000_000
COLUMNS: Mapping[str, Sequence[str]] = {
    "tracking": ("numer przesyłki", "nr przesyłki", "numer listu", "numer listu przewozowego",
                 "nr listu przewozowego", "numer paczki", "przesyłka", "tracking",
                 "tracking number", "waybill", "parcel number"),
    "amount": ("kwota netto", "wartość netto", "cena netto", "netto", "opłata netto", "net",
               "net amount", "price", "amount"),
    "weight": ("waga", "waga [kg]", "waga kg", "waga (kg)", "waga rzeczywista", "weight",
               "weight [kg]", "weight kg", "weight_kg"),
    "grams": ("waga [g]", "waga g", "weight [g]", "weight_g"),
    "invoice": ("numer faktury", "nr faktury", "faktura", "invoice", "invoice number"),
    "day": ("data", "data nadania", "data usługi", "date", "ship date"),
    "currency": ("waluta", "currency"),
}
NEEDS = ("tracking", "amount")


@dataclass(frozen=True, slots=True)
class Charged:
    """A parcel as a courier charges for it. ``amount`` in minor units, ``weight_g`` in grams."""

    tracking: str
    amount: int
    currency: str = "PLN"
    weight_g: int | None = None
    invoice: str = ""
    day: date | None = None


def read(content: bytes) -> list[Charged]:
    """The parcels of a courier's invoice, in the order in which they stand there.

    Raises:
        Invalid: at ``file``: too large, without a column of numbers and of prices, or naming the
            line that is broken.
    """
    if len(content) > MOST_BYTES:
        raise Invalid("The file is larger than %(size)s MB.", "file", size=MOST_BYTES >> 20)
    text = decoded(content)
    delimiter = max(";,\t", key=lambda one: text[:20_000].count(one))
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise Invalid("The file is no CSV that can be read.", "file") from error
    if len(rows) > MOST_ROWS:
        raise Invalid("The report has too many rows.", "file")
    for start, row in enumerate(rows[:WITHIN]):
        names = [cell.strip().strip('"').lower() for cell in row]
        places = {field: names.index(heading) for field, headings in COLUMNS.items()
                  for heading in reversed(headings) if heading in names}
        if all(field in places for field in NEEDS):
            return _together([one for number, cells in enumerate(rows[start + 1:], start + 2)
                              if (one := _charged(places, cells, number)) is not None])
    raise Invalid("No column of tracking numbers and of net prices was found in this file.", "file")


def _charged(places: Mapping[str, int], cells: Sequence[str], number: int) -> Charged | None:
    row = {field: cells[place].strip() for field, place in places.items() if place < len(cells)}
    if not squeeze(row.get("tracking", "")) or not row.get("amount"):
        return None  # a sum at the foot
    currency = (row.get("currency") or "PLN").upper()[:3]
    return Charged(
        tidy([row["tracking"]], 80), amount_of(row["amount"], currency, number), currency,
        _grams(row, number), tidy([row.get("invoice", "")], 80),
        day_of(row["day"][:10], number) if row.get("day") else None)


def _grams(row: Mapping[str, str], number: int) -> int | None:
    for field, per_unit in (("grams", 1), ("weight", 1000)):
        text = row.get(field, "").lower().removesuffix("kg").removesuffix("g").strip()
        if text:
            try:
                grams = int((Decimal(text.replace(",", ".")) * per_unit).to_integral_value())
            except (InvalidOperation, ValueError):
                grams = -1
            if not 0 <= grams <= HEAVIEST_G:
                raise Invalid("Line %(n)s: this weight cannot be read: %(what)s", "file", n=number,
                              what=text[:40])
            return grams or None
    return None


def _together(lines: Sequence[Charged]) -> list[Charged]:
    found: dict[tuple[str, str, str], Charged] = {}
    for line in lines:
        key = (squeeze(line.tracking), line.invoice, line.currency)
        known = found.get(key)
        found[key] = line if known is None else replace(
            known, amount=known.amount + line.amount,
            weight_g=max(filter(None, (known.weight_g, line.weight_g)), default=None))
    return list(found.values())


def verdict(charged: Charged, ours: bool, booked: int | None, our_g: int | None, before: bool
            ) -> str:
    """What is odd about a charge.

    Args:
        ours: a parcel of ours has this number.
        booked: what its label was to cost, minor units; None: nobody said.
        our_g: what we booked or weighed.
        before: an earlier invoice charged for it.
    """
    if not ours:
        return STRANGER
    if before and charged.amount > 0:
        return TWICE
    heavier = our_g is not None and charged.weight_g is not None and charged.weight_g > our_g
    if booked is None:
        return HEAVIER if heavier else AGREED
    if charged.amount <= booked:
        return AGREED
    return HEAVIER if heavier else DEARER
