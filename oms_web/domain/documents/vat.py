"""VAT sums of a document. Pure; amounts are minor units, rounding is half up to the minor unit.

Three methods, all lawful, and a document names the one it used:

* ``gross_rate``: lines are gross; per rate, VAT = gross sum x r / (100 + r) (ustawa o VAT,
  art. 106e ust. 7-8). The default for shop prices: the total is exactly what the buyer paid.
* ``net_rate``: lines are net; per rate, VAT = net sum x r / 100 (art. 106e ust. 1 pkt 14).
* ``net_line``: lines are net; VAT is rounded line by line and summed (art. 106e ust. 10).

Worked numbers: docs/algorithms/vat.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from oms_web.core.errors import Invalid
from oms_web.core.money import from_minor, to_minor

GROSS_RATE, NET_RATE, NET_LINE = "gross_rate", "net_rate", "net_line"
METHODS = (GROSS_RATE, NET_RATE, NET_LINE)

# Rates that are words: exempt, outside the scope of Polish VAT, accounted for by the buyer.
EXEMPT, OUTSIDE, REVERSE = "zw", "np", "oo"
_WORDS = (EXEMPT, OUTSIDE, REVERSE)

POLISH_RATES = ("23", "8", "5", "0", EXEMPT, OUTSIDE, REVERSE)


@dataclass(frozen=True, slots=True)
class Taxed:
    """A net amount, the VAT on it and their sum."""

    net: int
    vat: int
    gross: int


@dataclass(frozen=True, slots=True)
class Sums:
    """The bottom of a document. ``lines`` is filled by ``net_line`` only: VAT per line."""

    rates: Mapping[str, Taxed]
    total: Taxed
    lines: Sequence[Taxed] = ()


def tidy_rate(text: str) -> str:
    """A rate as it is stored: ``23 %`` -> ``"23"``, ``5.50`` -> ``"5.5"``, ``ZW`` -> ``"zw"``.

    Raises:
        Invalid: neither a percentage from 0 to 99 nor one of the words.
    """
    plain = text.strip().rstrip("%").strip().lower().replace(",", ".")
    if plain in _WORDS:
        return plain
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise Invalid("Not a VAT rate: %(rate)s", "vat_rate", rate=text) from None
    if not (value.is_finite() and 0 <= value < 100) or value != round(value, 2):
        raise Invalid("Not a VAT rate: %(rate)s", "vat_rate", rate=text)
    return format(value.normalize(), "f")


def percent(rate: str) -> Decimal:
    """The percentage behind a stored rate; the words count as nought.

    Raises:
        Invalid: not a stored rate.
    """
    return Decimal(0) if rate in _WORDS else Decimal(tidy_rate(rate))


def rate_order(rate: str) -> tuple[int, Decimal]:
    """Sorts rates as documents list them: highest first, the words last."""
    return (_WORDS.index(rate) + 1 if rate in _WORDS else 0, -percent(rate))


def methods_for(prices_include_tax: bool) -> tuple[str, ...]:
    """The methods that fit prices as they were agreed with the buyer; the first is usual."""
    return (GROSS_RATE,) if prices_include_tax else (NET_RATE, NET_LINE)


def tax_in_gross(gross: int, rate: str) -> Taxed:
    """The VAT contained in a gross amount."""
    part = percent(rate)
    vat = _half_up(gross * part / (100 + part))
    return Taxed(gross - vat, vat, gross)


def tax_on_net(net: int, rate: str) -> Taxed:
    """The VAT on top of a net amount."""
    vat = _half_up(net * percent(rate) / 100)
    return Taxed(net, vat, net + vat)


def sums(method: str, lines: Sequence[tuple[str, int]]) -> Sums:
    """Sums per rate and in all.

    Args:
        method: One of ``METHODS``.
        lines: (rate, amount) of each line; gross amounts for ``gross_rate``, else net.

    Raises:
        Invalid: a line has no proper rate.
        ValueError: there is no such method.
    """
    if method not in METHODS:
        raise ValueError(f"there is no VAT method {method!r}")
    per_line = [tax_on_net(amount, rate) for rate, amount in lines] if method == NET_LINE else []
    rates = {}
    for rate in sorted({rate for rate, _ in lines}, key=rate_order):
        base = sum(amount for found, amount in lines if found == rate)
        if method == GROSS_RATE:
            rates[rate] = tax_in_gross(base, rate)
        elif method == NET_RATE:
            rates[rate] = tax_on_net(base, rate)
        else:
            vat = sum(taxed.vat for (found, _), taxed in zip(lines, per_line, strict=True)
                      if found == rate)
            rates[rate] = Taxed(base, vat, base + vat)
    return Sums(rates, _add(rates.values()), per_line)


def in_home_currency(vat: int, currency: str, home: str, rate: Decimal) -> int:
    """VAT of a foreign-currency document in the home currency (art. 106e ust. 11).

    ``rate`` is main units of the home currency for one main unit of the document's.
    """
    return to_minor(from_minor(vat, currency) * rate, home)


def _half_up(value: Decimal) -> int:
    # ROUND_HALF_UP rounds halves away from zero, so a negated document is the exact mirror.
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _add(parts: Iterable[Taxed]) -> Taxed:
    found = list(parts)
    return Taxed(sum(p.net for p in found), sum(p.vat for p in found),
                 sum(p.gross for p in found))
