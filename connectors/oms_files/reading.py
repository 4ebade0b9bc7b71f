"""Typed values of one row: each field of a section by its source and its type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from oms_connector import Refused

from oms_files import convert, words
from oms_files.convert import Dates, Wrong
from oms_files.fields import Target
from oms_files.sources import Cells, Scope, require, taker

Value = Callable[[Cells], Any]


def readers(
    section: Mapping[str, Any], targets: tuple[Target, ...], profile: Mapping[str, Any],
    scope: Scope, path: str,
) -> dict[str, Value]:
    """Field -> a function from cells to its value, None where the cell is empty."""
    return {
        target.name: _reader(section[target.name], target, profile, scope, f"{path}.{target.name}")
        for target in targets if section.get(target.name) and not is_sum(section[target.name])
    }


def is_sum(source: Any) -> bool:
    """Whether a source adds up columns over all rows of an order."""
    return isinstance(source, Mapping) and "sum" in source


def adders(
    section: Mapping[str, Any], targets: tuple[Target, ...], profile: Mapping[str, Any],
    scope: Scope, path: str,
) -> dict[str, list[Value]]:
    """Field -> functions from cells to the amounts that its sum takes from each row."""
    return {
        target.name: [
            _reader(each, target, profile, scope, f"{path}.{target.name}.sum.{place}")
            for place, each in enumerate(section[target.name]["sum"])
        ]
        for target in targets if is_sum(section.get(target.name))
    }


def dates_of(profile: Mapping[str, Any], forms: Any = None) -> Dates:
    """The date reader of a profile, or of one source with forms of its own."""
    zone = ZoneInfo(profile.get("timezone", "Europe/Warsaw"))
    return Dates(forms if forms is not None else profile.get("dates", []), zone)


def _reader(
    source: Any, target: Target, profile: Mapping[str, Any], scope: Scope, path: str
) -> Value:
    options = source if isinstance(source, Mapping) else {}
    if target.required:
        require(source, scope, path)
    convert_text = _converter(target, options, profile, scope)
    if set(options) == {"constant"}:
        return _constant(taker(source, scope, path)(()), convert_text, path)
    if isinstance(source, str):
        return _column(scope.place(source, path), convert_text)
    take = taker(source, scope, path)

    def read(cells: Cells) -> Any:
        text = take(cells)
        return convert_text(text) if text else None

    return read


# The two most frequent sources, without a call in between: half of the time of a large file.
def _column(place: int, convert_text: Callable[[str], Any]) -> Value:
    def read(cells: Cells) -> Any:
        text = cells[place].strip()
        return convert_text(text) if text else None

    return read if place >= 0 else lambda cells: None


def _constant(text: str, convert_text: Callable[[str], Any], path: str) -> Value:
    try:
        value = convert_text(text) if text else None
    except Wrong as error:
        raise Refused(str(error), "profile", path) from None
    return lambda cells: value


def check_constant(target: Target, source: Mapping[str, Any]) -> None:
    """Whether a constant suits its field.

    Raises:
        Wrong: it does not.
    """
    text = taker({"constant": source["constant"]}, Scope({}), target.name)(())
    if text:
        _converter(target, source, {}, Scope({}, "."))(text)


def _converter(
    target: Target, options: Mapping[str, Any], profile: Mapping[str, Any], scope: Scope
) -> Callable[[str], Any]:
    name, kind = target.name, target.type
    decimal = options.get("decimal", scope.decimal)
    unit = options.get("unit", "g" if kind == "weight" else "mm")
    dates = dates_of(profile, options.get("formats")) if kind == "date" else None
    table: dict[str, Callable[[str], Any]] = {
        "count": lambda text: convert.count(text, decimal, name),
        "amount": lambda text: convert.number(text, decimal, name),
        "rate": lambda text: convert.rate(text, decimal, name),
        "date": lambda text: dates.read(text, name) if dates else None,
        "flag": lambda text: convert.flag(text, name),
        "country": lambda text: convert.country(text, name),
        "currency": lambda text: convert.currency(text, name),
        "choice": lambda text: _choice(text, target),
        "eans": lambda text: convert.barcodes(text, name),
        "parts": lambda text: convert.parts(text, name),
        "list": lambda text: tuple(part for each in text.split(",") if (part := each.strip())),
        "weight": lambda text: convert.measured(text, decimal, unit, name),
        "size": lambda text: convert.measured(text, decimal, unit, name),
        "text": _text(target),
    }
    return table[kind]


def _choice(text: str, target: Target) -> str:
    if text not in target.choices:
        raise Wrong(words.NOT_A_CHOICE, target.name, choices=", ".join(target.choices), text=text)
    return text


# What identifies something must not be cut; the rest is cut where it is stored.
_NEVER_CUT = frozenset(("sku", "offer_ref", "returns_ref", "line_ref", "revision"))


def _text(target: Target) -> Callable[[str], str]:
    name, limit = target.name, target.limit
    if name == "ean":
        return lambda text: convert.barcode(text, name)
    if name not in _NEVER_CUT:
        return str

    def checked(text: str) -> str:
        if len(text) > limit:
            raise Wrong(words.TOO_LONG, name, limit=limit)
        return text

    return checked


def at_row(error: Wrong, number: int) -> str:
    """A reason that names the row."""
    return words.say(words.ROW, row=number, what=str(error))
