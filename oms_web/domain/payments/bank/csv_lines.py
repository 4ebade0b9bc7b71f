"""Statements as CSV, which each bank writes in its own shape: profiles. Pure.

The heading is looked for among the first rows, since banks put their letterhead above it. A new
bank
is a new row of ``PROFILES``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from oms_web.core.errors import Invalid
from oms_web.domain.payments.bank.lines import (
    BROKEN,
    MOST_LINES,
    BankLine,
    Statement,
    account_number,
    amount_of,
    day_of,
    tidy,
)

HEADING_WITHIN = 80
LONGEST_CELL = 20_000


@dataclass(frozen=True, slots=True)
class Profile:
    """How a bank writes CSV: field -> the headings that may stand for it.

    ``labels``: a bank that puts everything into one text with names in front of each part.
    """

    key: str
    name: str
    columns: Mapping[str, Sequence[str]]
    currency: str = "PLN"
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)


PROFILES: tuple[Profile, ...] = (
    Profile("pko", "PKO BP", {
        "day": ("data operacji",), "amount": ("kwota",), "currency": ("waluta",),
        "title": ("opis transakcji",), "kind": ("typ transakcji",)},
        labels={"title": ("tytuł", "tytul"), "party": ("nazwa nadawcy", "nazwa odbiorcy"),
                "account": ("rachunek nadawcy", "rachunek odbiorcy"),
                "reference": ("numer referencyjny", "referencje własne zleceniodawcy")}),
    Profile("ing", "ING", {
        "day": ("data księgowania", "data ksiegowania"),
        "amount": ("kwota transakcji (waluta rachunku)", "kwota transakcji"),
        "currency": ("waluta",), "title": ("tytuł", "tytul"), "party": ("dane kontrahenta",),
        "account": ("nr rachunku",), "reference": ("nr transakcji",)}),
    Profile("mbank", "mBank", {
        "day": ("#data księgowania", "#data ksiegowania", "#data operacji"),
        "amount": ("#kwota",), "title": ("#tytuł", "#tytul", "#opis operacji"),
        "party": ("#nadawca/odbiorca",), "account": ("#numer konta",)}),
)


def read(text: str) -> Iterator[Statement]:
    """The statement of a file.

    Raises:
        Invalid: no bank's heading is found, or naming the row that cannot be read.
    """
    rows = list(_rows(text))
    for start, row in enumerate(rows[:HEADING_WITHIN]):
        names = [cell.strip().lower() for cell in row]
        for profile in PROFILES:
            places = _places(profile, names)
            if places:
                yield Statement(_own_account(rows[:start]),
                                list(_lines(profile, places, rows[start + 1:], start + 2)))
                return
    raise Invalid("No heading of a bank that is known was found in this file.", "file")


def _rows(text: str) -> Iterator[list[str]]:
    delimiter = max(";,\t", key=lambda one: text[:20_000].count(one))
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter)):
            if number > MOST_LINES:
                raise Invalid("The statement has too many lines.", "file")
            yield row
    except csv.Error as error:
        raise Invalid("The file is no CSV that can be read.", "file") from error


def _places(profile: Profile, names: Sequence[str]) -> dict[str, int]:
    found = {field: names.index(heading) for field, headings in profile.columns.items()
             for heading in reversed(headings) if heading in names}
    return found if {"day", "amount", "title"} <= set(found) else {}


def _own_account(above: Sequence[Sequence[str]]) -> str:
    for row in above:
        found = re.search(r"(?:PL)?\s?\d{2}(?:\s?\d{4}){6}", " ".join(row))
        if found:
            return account_number(found[0])
    return ""


def _lines(profile: Profile, places: Mapping[str, int], rows: Sequence[Sequence[str]],
           first: int) -> Iterator[BankLine]:
    for number, row in enumerate(rows, first):
        day = _cell(row, places, "day")
        if not re.search(r"\d{2}", day):  # sums and remarks at the end
            continue
        written = _cell(row, places, "amount")
        currency = (_cell(row, places, "currency") or _tail(written) or profile.currency).upper()
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise Invalid(BROKEN, "file", n=number, what=currency[:40])
        told = {name: _cell(row, places, name) for name in ("title", "party", "account",
                                                             "reference")}
        if profile.labels:
            told |= _labelled(profile, row[places["title"]:])
        yield BankLine(
            day_of(day, number), amount_of(written, currency, number), currency,
            tidy([told["title"]]) or "-", tidy([told["party"]], 200),
            account_number(told["account"]), tidy([told["reference"]], 80))


def _cell(row: Sequence[str], places: Mapping[str, int], name: str) -> str:
    place = places.get(name)
    return row[place].strip().strip("'") if place is not None and place < len(row) else ""


def _tail(written: str) -> str:
    found = re.search(r"([A-Z]{3})\s*$", written)
    return found[1] if found else ""


def _labelled(profile: Profile, cells: Sequence[str]) -> dict[str, str]:
    """Parts of texts like ``Tytuł: zamówienie 7``, wherever they stand; else all is the title."""
    found: dict[str, str] = {}
    rest = []
    for cell in cells:
        label, colon, text = cell.partition(":")
        name = next((one for one, labels in profile.labels.items()
                     if colon and label.strip().lower() in labels), "")
        if name:
            found.setdefault(name, text.strip())
        elif cell.strip():
            rest.append(cell.strip())
    return {"title": " ".join(rest)} | found
