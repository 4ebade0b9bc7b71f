"""Text of a cell into a value: numbers, dates, countries. Strict: what is doubtful is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from oms_files import countries, words

LARGEST = Decimal(10) ** 12
_SIGNS = re.compile(r"^(?:[A-Z]{3}|zł|[£$€])\s*|\s*(?:[A-Z]{3}|zł|[£$€])$")
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}([, '’\u00a0\u202f]\d{3})+(\.\d+)?", re.ASCII),
    ",": re.compile(r"[+-]?\d{1,3}([. '’\u00a0\u202f]\d{3})+(,\d+)?", re.ASCII),
}
# A point that cannot part thousands, since other than three digits follow it.
_NO_GROUP = re.compile(r"[+-]?\d+\.(\d{1,2}|\d{4,})", re.ASCII)
_SCIENTIFIC = re.compile(r"\d[.,]\d+[eE]\+\d+")
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?\s*(Z|[+-]\d\d:?\d\d)?)?")
_YES = frozenset(("1", "true", "yes", "y", "t", "tak", "prawda", "x"))
_NO = frozenset(("0", "false", "no", "n", "f", "nie", "fałsz", "falsz"))


class Wrong(ValueError):
    """A cell that cannot be understood: a template, its places, and the field it was for."""

    def __init__(self, template: str, field: str = "", **places: object) -> None:
        super().__init__(words.say(template, field=field, **places))
        self.field = field


def number(text: str, decimal: str, field: str) -> Decimal:
    """A number written with ``decimal`` (``.`` or ``,``) and maybe thousands or a currency sign.

    ``12,50`` is refused where the point is the decimal sign: read otherwise it would be 1250.
    ``sheet`` is ``,`` for cells that may be real numbers, which come with a point. ``auto`` takes
    either sign where only one reading is possible: ``1,234`` is refused.
    """
    if decimal == "auto":
        decimal = _decimal_in(text, field)
    if _PLAIN.fullmatch(text) and (decimal != "," or "." not in text):
        return _bounded(Decimal(text), text, field)
    bare = _SIGNS.sub("", text.replace("\N{MINUS SIGN}", "-")).strip()
    if decimal != "," and _PLAIN.fullmatch(bare):
        return _bounded(Decimal(bare), text, field)
    if decimal != ".":
        if _PLAIN.fullmatch(bare.replace(",", ".")) and "." not in bare:
            return _bounded(Decimal(bare.replace(",", ".")), text, field)
        if _NO_GROUP.fullmatch(bare):
            return _bounded(Decimal(bare), text, field)
        decimal = ","
    if _GROUPED[decimal].fullmatch(bare):
        kept = "".join(ch for ch in bare if ch.isdigit() or ch in "+-" + decimal)
        return _bounded(Decimal(kept.replace(",", ".")), text, field)
    raise Wrong(words.NOT_A_NUMBER, field, text=text)


def _decimal_in(text: str, field: str) -> str:
    """Which sign is the decimal one in a number that may use either."""
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        return "," if comma > point else "."
    sign = max(comma, point)
    if sign < 0:
        return "."
    if text.count(text[sign]) > 1:
        return "." if text[sign] == "," else ","
    digits = re.match(r"\d*", text[sign + 1 :])
    if digits and len(digits[0]) == 3 and text[:sign].lstrip("+-") not in ("", "0"):
        raise Wrong(words.AMBIGUOUS, field, text=text)
    return text[sign]


def _bounded(value: Decimal, text: str, field: str) -> Decimal:
    if abs(value) >= LARGEST:
        raise Wrong(words.TOO_LARGE, field, text=text)
    return value


def count(text: str, decimal: str, field: str) -> int:
    """A whole number; ``6.0`` and ``6,00`` are whole, ``1.5`` is not."""
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    try:
        value = number(text, decimal, field)
    except Wrong:
        raise Wrong(words.NOT_WHOLE, field, text=text) from None
    if value != value.to_integral_value():
        raise Wrong(words.NOT_WHOLE, field, text=text)
    if abs(value) >= 10**9:
        raise Wrong(words.TOO_LARGE, field, text=text)
    return int(value)


def rate(text: str, decimal: str, field: str) -> Decimal:
    """A share: ``0.15`` and ``15%`` are the same."""
    percent = text.endswith("%")
    value = number(text.removesuffix("%").strip(), decimal, field)
    value = value / 100 if percent else value
    if not 0 <= value <= 1:
        raise Wrong(words.NOT_A_NUMBER, field, text=text)
    return value


def is_iso(text: str) -> bool:
    """Whether this is an ISO 8601 date or moment, which needs no stated form."""
    return _ISO.fullmatch(text) is not None


class Dates:
    """Reads moments in stated forms, tried in order, then ISO 8601; in a zone unless they say."""

    def __init__(self, forms: Sequence[str], zone: ZoneInfo) -> None:
        self._forms = tuple(forms)
        self._zone = zone
        # The same day, often the same minute, occurs in many rows.
        self._cached = lru_cache(maxsize=4096)(self._read)

    def read(self, text: str, field: str) -> datetime:
        """The moment, in UTC. In the hour that autumn repeats, the first one is meant."""
        found = self._cached(text)
        if found is None:
            raise Wrong(words.NOT_A_DATE, field, text=text)
        return found

    def _read(self, text: str) -> datetime | None:
        moment = None
        for form in self._forms:
            try:
                moment = datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows below
                break
            except ValueError:
                continue
        if moment is None and is_iso(text):
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                return None
        if moment is None:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._zone)
        return moment.astimezone(UTC) if 1900 <= moment.year <= 2200 else None


def flag(text: str, field: str) -> bool:
    """Yes or no, in English or Polish."""
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise Wrong(words.NOT_YES_NO, field, text=text)


def country(text: str, field: str) -> str:
    """ISO 3166-1 alpha-2 from a code or a name in English or Polish."""
    code = countries.code_of(text)
    if code is None:
        raise Wrong(words.NOT_A_COUNTRY, field, text=text)
    return code


def currency(text: str, field: str) -> str:
    """An ISO 4217 code."""
    code = {"ZŁ": "PLN", "€": "EUR", "£": "GBP", "$": "USD"}.get(text.upper(), text.upper())
    if code not in countries.currencies():
        raise Wrong(words.NOT_A_CURRENCY, field, text=text)
    return code


def barcodes(text: str, field: str) -> tuple[str, ...]:
    """Codes parted by comma, semicolon, bar or line end."""
    if _SCIENTIFIC.search(text):
        raise Wrong(words.LOST_DIGITS, field, text=text)
    return tuple(part.strip() for part in re.split(r"[,;|\n]", text) if part.strip())


def barcode(text: str, field: str) -> str:
    """One code, with all its digits."""
    if _SCIENTIFIC.fullmatch(text):
        raise Wrong(words.LOST_DIGITS, field, text=text)
    return text


def parts(text: str, field: str) -> dict[str, int]:
    """``SKU:2; SKU:1`` as SKU -> units; the units may be left out (1)."""
    found: dict[str, int] = {}
    for piece in re.split(r"[;\n|]", text):
        if not piece.strip():
            continue
        sku, colon, units = piece.rpartition(":")
        sku, units = (sku, units) if colon else (piece, "1")
        if not sku.strip() or not units.strip().isdigit() or not int(units):
            raise Wrong(words.NOT_PARTS, field, text=text)
        found[sku.strip()] = found.get(sku.strip(), 0) + int(units)
    return found


_UNITS = {"g": 1, "kg": 1000, "dag": 10, "mm": 1, "cm": 10, "m": 1000}


def measured(text: str, decimal: str, unit: str, field: str) -> int:
    """Grams or millimetres from ``1.2 kg``, ``12 cm``, or a bare number in ``unit``."""
    matched = re.fullmatch(r"(.*?)\s*(kg|dag|g|mm|cm|m)", text.lower())
    amount, unit = matched.groups() if matched else (text, unit)
    value = number(amount.strip(), decimal, field) * _UNITS[unit]
    if value < 0:
        raise Wrong(words.NEGATIVE, field, text=text)
    return int(value.to_integral_value())
