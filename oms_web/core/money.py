"""Money: integers in minor units (grosz, cent) with an ISO 4217 currency beside them.

A *unit price* may be finer than a minor unit (FA(3) allows eight decimals, shops send three or
four), so prices per unit are integers in millionths of the currency's main unit ("micro").
Line totals, sums and everything paid are minor units. Rounding is half up to the minor unit
(ustawa o VAT, art. 106e ust. 11). No float touches money.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from oms_web.core.errors import Invalid

MICRO = 1_000_000

# ISO 4217: currencies whose minor unit is not a hundredth.
_EXPONENTS = dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3) | dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
     "VUV", "XAF", "XOF", "XPF"), 0
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

    Raises:
        Invalid: not a number, or finer than a millionth.
    """
    cleaned = "".join(ch for ch in text.strip() if not ch.isspace())
    if "," in cleaned and "." in cleaned:
        # The later separator is the decimal one, whichever country typed it.
        decimal = max(cleaned.rfind(","), cleaned.rfind("."))
        whole = cleaned[:decimal].replace(",", "").replace(".", "")
        cleaned = f"{whole}.{cleaned[decimal + 1:]}"
    else:
        cleaned = cleaned.replace(",", ".")
    try:
        value = Decimal(cleaned)
    except InvalidOperation:
        raise Invalid("Not an amount: %(text)s", field, text=text) from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** 12:
        raise Invalid("Not an amount: %(text)s", field, text=text)
    return value


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
