"""Money: integers in minor units (grosz, cent) with an ISO 4217 currency beside them.

A *unit price* may be finer than a minor unit (FA(3) allows eight decimals, shops send three or
four), so prices per unit are integers in millionths of the currency's main unit ("micro").
Line totals, sums and everything paid are minor units. Rounding is half up to the minor unit
(ustawa o VAT, art. 106e ust. 11). No float touches money.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from oms_web.core.errors import Invalid

MICRO = 1_000_000

# ISO 4217: currencies whose minor unit is not a hundredth.
_EXPONENTS = dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3) | dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
     "VUV", "XAF", "XOF", "XPF"), 0
)


_LONGEST, _WHOLE_DIGITS, _PARTS = 30, 9, 6
_PLAIN = re.compile(r"(?P<sign>[+-]?)(?=[.,]?[0-9])(?P<whole>[0-9]*)(?:[.,](?P<part>[0-9]*))?")
_PARTED = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]{1,3}(?:(?P<by>[.,])[0-9]{3})(?:(?P=by)[0-9]{3})*)"
    r"(?!(?P=by))[.,](?P<part>[0-9]*)"
)


def exponent(currency: str) -> int:
    """How many decimals the currency's minor unit has (PLN 2, JPY 0, KWD 3)."""
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """A main-unit amount as minor units, rounded half up."""
    scaled = amount.scaleb(exponent(currency))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def from_minor(minor: int, currency: str) -> Decimal:
    """Minor units as an exact main-unit amount (``12345, "PLN"`` -> ``Decimal("123.45")``)."""
    return Decimal(minor).scaleb(-exponent(currency))


def to_micro(price: Decimal) -> int:
    """A unit price in main units as millionths, rounded half up."""
    return int((price * MICRO).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def from_micro(micro: int) -> Decimal:
    """Millionths as an exact main-unit price."""
    return Decimal(micro).scaleb(-6)


def line_total(unit_price_micro: int, quantity: int, currency: str) -> int:
    """Quantity times unit price in minor units, rounded once, half up."""
    return to_minor(from_micro(unit_price_micro) * quantity, currency)


def parse_amount(text: str, field: str = "") -> Decimal:
    """What a person typed, Polish or English: ``1 148,00``, ``1,148.00``, ``12.5``.

    Digits 0-9, one sign before them, spaces, and separators: a single one is decimal; where
    there are both kinds, the last is decimal and the other parts thousands.

    Raises:
        Invalid: not a number, a billion or more, or finer than a millionth.
    """
    cleaned = "".join(text.split()).replace("\N{MINUS SIGN}", "-")
    found = _PLAIN.fullmatch(cleaned) or _PARTED.fullmatch(cleaned)
    if found is None or len(cleaned) > _LONGEST:
        raise Invalid("Not an amount: %(text)s", field, text=text.strip()[:40])
    sign, whole, part = found["sign"], found["whole"], found["part"] or ""
    digits = whole.replace(",", "").replace(".", "")
    if len(digits) > _WHOLE_DIGITS:
        raise Invalid("This amount is too large: %(text)s", field, text=text.strip()[:40])
    if len(part.rstrip("0")) > _PARTS:
        raise Invalid("At most six decimals: %(text)s", field, text=text.strip()[:40])
    return Decimal(f"{sign}{digits or 0}" + (f".{part}" if part else ""))


def parse_minor(text: str, currency: str, field: str = "") -> int:
    """An amount of money that a person typed, in minor units of its currency.

    Nothing is rounded: who types ``1,234`` means a thousand, or made a slip, and no 1.23. So there
    are at most as many decimals as the currency has, noughts counted. A price of one unit may be
    finer (``parse_amount`` with ``to_micro``).

    Raises:
        Invalid: no amount, or finer than the smallest coin.
    """
    amount = parse_amount(text, field)
    if -int(amount.as_tuple().exponent) > exponent(currency):
        raise _too_fine(field)
    return to_minor(amount, currency)


def exact_minor(amount: Decimal, currency: str, field: str = "") -> int:
    """An amount of money that a program sent, in minor units; noughts at its end say nothing.

    Raises:
        Invalid: finer than the smallest coin.
    """
    minor = to_minor(amount, currency)
    if from_minor(minor, currency) != amount:
        raise _too_fine(field)
    return minor


def _too_fine(field: str) -> Invalid:
    return Invalid("An amount has no smaller part than the smallest coin.", field)


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Divide ``total`` minor units by weights so that the parts add up exactly.

    Largest remainder; ties go to the earlier part, so the same input always gives the same
    split. All-zero weights share evenly.
    """
    if not weights:
        return []
    base = list(weights) if any(weights) else [1] * len(weights)
    whole = sum(base)
    sign = -1 if total < 0 else 1
    shares = [divmod(abs(total) * weight, whole) for weight in base]
    parts = [share for share, _ in shares]
    left = abs(total) - sum(parts)
    by_remainder = sorted(range(len(base)), key=lambda i: (-shares[i][1], i))
    for index in by_remainder[:left]:
        parts[index] += 1
    return [sign * part for part in parts]
