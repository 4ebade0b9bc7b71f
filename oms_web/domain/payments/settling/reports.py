"""Reports of payouts: COD of InPost, payouts and billing of Allegro, settlements of Amazon. Pure.

A line says what was paid out, taken back or charged for one order; how an order is named there
(``ref``) differs: the courier knows its parcel, a marketplace its own number. A new shape is a new
row of ``SHAPES``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from oms_web.core.errors import Invalid
from oms_web.domain.payments.bank.lines import MOST_BYTES, amount_of, day_of, tidy
from oms_web.domain.payments.bank.reading import decoded

COD, SALE, REFUND, FEE, OTHER = KINDS = ("cod", "sale", "refund", "fee", "other")
MOST_ROWS = 100_000
WITHIN = 30
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Settled:
    """``amount`` in minor units: above zero what comes to us, below what is taken from us.

    ``ref``: the order as the report knows it, empty for what is no order's. ``by``: whether that is
    a ``parcel`` or an ``order``.
    """

    kind: str
    ref: str
    by: str
    day: date
    amount: int
    currency: str
    text: str = ""
    payout: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """A report's shape: field -> headings that may stand for it, and what its words mean."""

    key: str
    columns: Mapping[str, Sequence[str]]
    needs: frozenset[str]
    kind: Callable[[Mapping[str, str]], str]
    by: str = "order"
    currency: str = "PLN"


def _allegro(row: Mapping[str, str]) -> str:
    said = row.get("type", "").lower()
    if "zwrot" in said:
        return REFUND
    return SALE if said.startswith(("wpłata", "wplata")) else OTHER


def _amazon(row: Mapping[str, str]) -> str:
    amount, said = row.get("amount_type", "").lower(), row.get("type", "").lower()
    if "fee" in amount or "fee" in row.get("text", "").lower():
        return FEE
    if not row.get("ref"):
        return OTHER
    return REFUND if said.startswith("refund") else SALE


SHAPES: tuple[Shape, ...] = (
    Shape("inpost", {
        "ref": ("numer przesyłki", "numer przesylki", "numer paczki", "nr przesyłki"),
        "amount": ("kwota pobrania", "kwota pobrania [pln]", "pobranie"),
        "day": ("data wypłaty", "data wyplaty", "data przelewu", "data doręczenia"),
        "payout": ("numer przelewu", "id przelewu", "numer rozliczenia")},
        frozenset(("ref", "amount", "day")), lambda _row: COD, "parcel"),
    Shape("allegro_billing", {
        "day": ("data",), "type": ("typ operacji",), "plus": ("uznania",),
        "minus": ("obciążenia", "obciazenia"), "text": ("szczegóły operacji",
                                                        "szczegoly operacji")},
        frozenset(("day", "type", "plus", "minus")), lambda _row: FEE),
    Shape("allegro", {
        "day": ("data zaksięgowania", "data zaksiegowania", "data"),
        "ref": ("identyfikator", "numer zamówienia"), "type": ("operacja",),
        "amount": ("kwota",), "text": ("oferta",)},
        frozenset(("day", "ref", "type", "amount")), _allegro),
    Shape("amazon", {
        "payout": ("settlement-id",), "ref": ("order-id",), "type": ("transaction-type",),
        "amount_type": ("amount-type",), "text": ("amount-description",), "amount": ("amount",),
        "day": ("posted-date",), "currency": ("currency",)},
        frozenset(("payout", "ref", "type", "amount", "day")), _amazon),
)


def read(content: bytes) -> tuple[Shape, list[Settled]]:
    """The lines of a report, in whichever known shape it is.

    Raises:
        Invalid: at ``file``: too large, of an unknown shape, or naming the row that is broken.
    """
    if len(content) > MOST_BYTES:
        raise Invalid("The file is larger than %(size)s MB.", "file", size=MOST_BYTES >> 20)
    rows = list(_rows(decoded(content)))
    for start, row in enumerate(rows[:WITHIN]):
        names = [cell.strip().strip('"').lower() for cell in row]
        for shape in SHAPES:
            places = {field: names.index(heading) for field, headings in shape.columns.items()
                      for heading in reversed(headings) if heading in names}
            if shape.needs <= set(places):
                return shape, list(_lines(shape, places, rows[start + 1:], start + 2))
    raise Invalid("No report of a courier or marketplace that is known was found in this file.",
                  "file")


def _rows(text: str) -> Iterator[list[str]]:
    delimiter = max(";,\t", key=lambda one: text[:20_000].count(one))
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter)):
            if number > MOST_ROWS:
                raise Invalid("The report has too many rows.", "file")
            yield row
    except csv.Error as error:
        raise Invalid("The file is no CSV that can be read.", "file") from error


def _lines(shape: Shape, places: Mapping[str, int], rows: Sequence[Sequence[str]], first: int
           ) -> Iterator[Settled]:
    currency = shape.currency
    for number, cells in enumerate(rows, first):
        row = {field: cells[place].strip() for field, place in places.items() if place < len(cells)}
        currency = row.get("currency") or currency  # Amazon says it in its first row only
        written = _written(row)
        if not written or not row.get("day"):
            continue
        found = _UUID.search(row.get("text", "")) if shape.key == "allegro_billing" else None
        amount = amount_of(written, currency, number)
        if amount:
            yield Settled(
                shape.kind(row), found[0] if found else row.get("ref", "")[:120], shape.by,
                _day(row["day"], number), amount, currency.upper()[:3],
                tidy([row.get("type", ""), row.get("text", "")], 200),
                row.get("payout", "")[:80])


def _written(row: Mapping[str, str]) -> str:
    if "amount" in row:
        return row["amount"]
    minus = row.get("minus", "").lstrip("-")
    return row.get("plus") or (f"-{minus}" if minus else "")


def _day(text: str, number: int) -> date:
    plain = text.strip().replace("T", " ").split(" ")[0]
    try:
        return datetime.fromisoformat(plain).date()
    except ValueError:
        return day_of(plain, number)
