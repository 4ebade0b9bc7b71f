"""The rows of one key as orders, returns and write-offs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import Address, Order, OrderLine, RecordKind, Skipped, Unreadable

from oms_files import words
from oms_files.convert import Wrong
from oms_files.fields import LINE, ORDER
from oms_files.reading import Value, adders, readers
from oms_files.rules import Rules
from oms_files.sources import Scope
from oms_files.tables import Row

KINDS: Sequence[RecordKind] = ("sale", "return", "write_off")
# What must be the same in all rows of an order; for the rest the first row that says it counts.
_AGREE = ("currency", "state", "payment_kind", "fulfilled_by", "total")
_ADDRESSES = ("ship_to", "bill_to")
_PLAIN = tuple(
    target.name for target in ORDER
    if "." not in target.name and target.name not in ("placed_at", "currency", "state", "total")
)

Made = Order | Unreadable | Skipped


class OrderMaker:
    """Turns groups of rows into records by a profile, compiled once."""

    def __init__(
        self, profile: Mapping[str, Any], scope: Scope, raw: Callable[[list[Row]], str]
    ) -> None:
        self._rules = Rules(profile.get("rules", []), scope, default="sale")
        self._header = readers(profile.get("fields", {}), ORDER, profile, scope, "fields")
        self._sums = adders(profile.get("fields", {}), ORDER, profile, scope, "fields")
        self._line = readers(profile.get("lines", {}), LINE, profile, scope, "lines")
        self._raw = raw

    def make(self, key: str, rows: list[Row]) -> list[Made]:
        """The records of one key: none of its rows is left without an answer."""
        try:
            return self._make(key, rows)
        except Wrong as error:
            return [Unreadable(key, self._raw(rows), str(error), error.field)]

    def _make(self, key: str, rows: list[Row]) -> list[Made]:
        by_kind: dict[str, list[Row]] = {}
        dropped: dict[str, int] = {}
        for row in rows:
            number, cells, problem = row
            if problem:
                raise _at(number, problem)
            act, reason = self._rules.of(cells)
            if act == "quarantine":
                return [Unreadable(key, self._raw(rows), reason)]
            if act == "skip":
                return [Skipped(key, reason, len(rows))]
            if act == "skip_line":
                dropped[reason] = dropped.get(reason, 0) + 1
            else:
                by_kind.setdefault(act, []).append(row)
        if not by_kind:
            raise Wrong(words.NO_LINES, why="; ".join(dropped))
        made: list[Made] = [
            self._record(key, kind, by_kind[kind], mixed=len(by_kind) > 1)
            for kind in KINDS if kind in by_kind
        ]
        return made + [Skipped(key, reason, count) for reason, count in dropped.items()]

    def _record(self, key: str, kind: RecordKind, rows: list[Row], *, mixed: bool) -> Order:
        """One record. Where rows of several kinds share a key, the sale keeps it as its id."""
        header = self._header_of(rows)
        for name in ("placed_at", "currency"):
            if header.get(name) is None:
                raise Wrong(words.MISSING, name)
        told = {name: header[name] for name in _PLAIN if header.get(name) is not None}
        if kind != "sale" and mixed:
            told.setdefault("returns_ref", key)
            told["number"] = told.get("number", key)
            key = f"{key}#{kind}"
        if kind != "sale":
            header["state"], header["total"] = "delivered", None
        addresses = {name: _address(header, name) for name in _ADDRESSES}
        return Order(
            external_id=key, placed_at=header["placed_at"], currency=header["currency"],
            lines=self._lines_of(rows, back=kind != "sale"), kind=kind,
            state=header.get("state") or "ready", total=header.get("total"),
            ship_to=addresses["ship_to"] or Address(), bill_to=addresses["bill_to"], **told,
        )

    def _header_of(self, rows: Sequence[Row]) -> dict[str, Any]:
        header: dict[str, Any] = {
            name: _added(adds, rows) for name, adds in self._sums.items()
        }
        for name, read in self._header.items():
            if name in _AGREE:
                header[name] = _agreed(name, read, rows)
                continue
            for number, cells, _ in rows:
                value = _read(read, cells, number)
                if value is not None:
                    header[name] = value
                    break
        return header

    def _lines_of(self, rows: Sequence[Row], *, back: bool) -> tuple[OrderLine, ...]:
        lines = []
        refs: set[str] = set()
        for place, (number, cells, _) in enumerate(rows, 1):
            try:
                line = self._line_of(cells, str(place), back)
            except Wrong as error:
                raise _at(number, str(error), error.field) from None
            if line["line_ref"] in refs:
                # The same line told twice is two lines; two lines need two names.
                line["line_ref"] = f"{line['line_ref']}/{place}"
            refs.add(line["line_ref"])
            lines.append(OrderLine(**line))
        return tuple(lines)

    def _line_of(self, cells: Sequence[str], place: str, back: bool) -> dict[str, Any]:
        told = {}
        for name, read in self._line.items():
            value = read(cells)
            if value is not None:
                told[name] = value
        quantity = _quantity(told.pop("quantity", None), back)
        price = _price(told, quantity, back)
        if not (told.get("sku") or told.get("ean") or told.get("offer_ref")):
            raise Wrong(words.NO_GOODS, "sku")
        told.setdefault("line_ref", place)
        told.setdefault("title", told.get("sku") or told.get("ean") or told.get("offer_ref"))
        return told | {"quantity": quantity, "unit_price": price}


def _quantity(quantity: int | None, back: bool) -> int:
    """Units of a line. Returns and write-offs are often written below zero."""
    if quantity is None:
        raise Wrong(words.MISSING, "quantity")
    if back:
        quantity = abs(quantity)
    if quantity <= 0:
        raise Wrong(words.NOT_POSITIVE, "quantity", text=str(quantity))
    return quantity


def _price(told: dict[str, Any], quantity: int, back: bool) -> Decimal:
    """The price per unit, from itself or from the line's; less the line's discount."""
    price: Decimal | None = told.pop("unit_price", None)
    whole: Decimal | None = told.pop("line_total", None)
    rate: Decimal = told.pop("discount_rate", Decimal(0))
    if price is None and whole is not None:
        price = whole / quantity
    if price is None:
        raise Wrong(words.MISSING, "unit_price")
    if back:
        price = abs(price)
    if price < 0:
        raise Wrong(words.NEGATIVE, "unit_price", text=str(price))
    return price * (1 - rate) if rate else price


def _agreed(name: str, read: Value, rows: Sequence[Row]) -> Any:
    found: dict[Any, None] = {}
    for number, cells, _ in rows:
        value = _read(read, cells, number)
        if value is not None:
            found[value] = None
    if len(found) > 1:
        raise Wrong(words.ROWS_DISAGREE, name, values=", ".join(map(str, found)))
    return next(iter(found), None)


def _added(adds: Sequence[Value], rows: Sequence[Row]) -> Decimal | None:
    """What all rows say together; None where none of them says anything."""
    found = [value for number, cells, _ in rows for add in adds
             if (value := _read(add, cells, number)) is not None]
    return sum(found, Decimal(0)) if found else None


def _read(read: Value, cells: Sequence[str], number: int) -> Any:
    try:
        return read(cells)
    except Wrong as error:
        raise _at(number, str(error), error.field) from None


def _at(number: int, problem: str, field: str = "") -> Wrong:
    template = words.ROW if number else "%(what)s"
    wrong = Wrong(template, row=number, what=problem)
    wrong.field = field
    return wrong


def _address(header: Mapping[str, Any], name: str) -> Address | None:
    parts = {
        field.partition(".")[2]: value for field, value in header.items()
        if field.startswith(f"{name}.")
    }
    return Address(**parts) if parts else None
