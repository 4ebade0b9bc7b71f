"""What documents must say, reckoned a second time: in exact fractions, from the law's own words.

Nothing of the product is imported. Amounts are minor units, prices fractions of main units, rates
as documents name them. A *bill* is what a document says at a moment: positions, and sums per rate.

Sources: ustawa o VAT, art. 106e ust. 1 pkt 14 (net prices), ust. 7-8 (gross prices: tax = gross x
rate / (100 + rate)), ust. 10 (line by line), ust. 11 (the half goes up, foreign currency); art.
106f (advances); docs/algorithms/vat.md for what is divided by value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

ORDER = ("zw", "np", "oo")


def places(currency: str) -> int:
    """Decimals of a currency."""
    return {"JPY": 0, "KWD": 3}.get(currency, 2)


def half_up(value: Fraction) -> int:
    """The nearest whole number; a half goes away from nought."""
    over, under = abs(value.numerator), value.denominator
    whole = (2 * over + under) // (2 * under)
    return whole if value >= 0 else -whole


def worth(price: Fraction, quantity: int, currency: str) -> int:
    """What some units cost."""
    return half_up(price * quantity * 10 ** places(currency))


def percent(rate: str) -> Fraction:
    """The percentage of a rate; words are nought."""
    return Fraction(0) if rate in ORDER else Fraction(rate)


def standing(rate: str) -> tuple[int, Fraction]:
    """Rates from the highest down, words last."""
    return (ORDER.index(rate) + 1 if rate in ORDER else 0, -percent(rate))


def divided(total: int, values: Sequence[int]) -> list[int]:
    """A sum dealt out by value: everybody's whole part, then one each by what is left over."""
    if not sum(values):
        values = [1] * len(values)
    exact = [Fraction(total * value, sum(values)) for value in values]
    parts = [floor(one) for one in exact]
    owed = sorted(range(len(values)), key=lambda at: (parts[at] - exact[at], at))
    for at in owed[:total - sum(parts)]:
        parts[at] += 1
    return parts


@dataclass(frozen=True, slots=True)
class Position:
    """A line of a bill; ``amount`` is after ``discount``. ``price`` is None for what is dealt out
    over rates. ``line`` is the order's line, counted from nought.
    """

    rate: str
    amount: int
    discount: int = 0
    quantity: int = 1
    price: Fraction | None = None
    line: int | None = None
    kind: str = "goods"


@dataclass(frozen=True, slots=True)
class Sums:
    """Net, tax and gross, and the tax at home where a rate of exchange is named."""

    net: int = 0
    vat: int = 0
    gross: int = 0
    home: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.net + other.net, self.vat + other.vat, self.gross + other.gross,
                    self.home + other.home)

    def __sub__(self, other: Sums) -> Sums:
        return self + Sums(-other.net, -other.vat, -other.gross, -other.home)


@dataclass(frozen=True, slots=True)
class Bill:
    """Positions, and how they are taxed. ``exchange``: home units for one of the currency."""

    positions: Sequence[Position]
    method: str
    currency: str
    exchange: Fraction | None = None

    def rates(self) -> dict[str, Sums]:
        """The sums of each rate, as documents list them."""
        found = {}
        for rate in sorted({one.rate for one in self.positions}, key=standing):
            amounts = [one.amount for one in self.positions if one.rate == rate]
            found[rate] = self._taxed(rate, amounts)
        return found

    def total(self) -> Sums:
        """The bottom line."""
        return sum(self.rates().values(), Sums())

    def _taxed(self, rate: str, amounts: Sequence[int]) -> Sums:
        share, base = percent(rate), sum(amounts)
        if self.method == "gross_rate":
            tax = half_up(base * share / (100 + share))
            net, gross = base - tax, base
        else:
            tax = half_up(base * share / 100) if self.method == "net_rate" else sum(
                half_up(amount * share / 100) for amount in amounts)
            net, gross = base, base + tax
        return Sums(net, tax, gross, self._home(tax))

    def _home(self, tax: int) -> int:
        if self.exchange is None:
            return 0
        return half_up(Fraction(tax, 10 ** places(self.currency)) * self.exchange * 100)


def billed(goods: Sequence[Position], shipping: int, discount: int) -> list[Position]:
    """Goods less what was taken off, then delivery and surcharge once for each rate."""
    value = sum(one.amount for one in goods)
    off_goods = max(0, min(discount, value))
    off_delivery = max(0, discount) - off_goods
    cuts = divided(off_goods, [one.amount for one in goods])
    lowered = [replace(one, amount=one.amount - cut, discount=cut)
               for one, cut in zip(goods, cuts, strict=True)]
    by_rate: dict[str, int] = {}
    for one in lowered if value > off_goods else goods:
        by_rate[one.rate] = by_rate.get(one.rate, 0) + one.amount
    rates = sorted(by_rate, key=standing)
    for kind, amount, off in (("delivery", shipping, off_delivery),
                              ("surcharge", max(0, -discount), 0)):
        parts = divided(amount, [by_rate[rate] for rate in rates])
        less = divided(off, parts) if amount else []
        lowered += [Position(rate, part - cut, cut, kind=kind)
                    for rate, part, cut in zip(rates, parts, less, strict=bool(amount)) if part]
    return lowered


# Corrections: what a bill is afterwards --------------------------------------------------------


def taken_back(one: Position, units: int) -> Position:
    """A position some units fewer: what comes off is their share, half up."""
    left = one.quantity - units
    amount = one.amount - half_up(Fraction(one.amount * units, one.quantity))
    full = half_up(Fraction((one.amount + one.discount) * left, one.quantity))
    return replace(one, quantity=left, amount=amount, discount=max(0, full - amount))


def priced(one: Position, price: Fraction, currency: str) -> Position:
    """A position at another price; the discount stays."""
    return replace(one, price=price, amount=worth(price, one.quantity, currency) - one.discount)


def lowered(positions: Iterable[Position], kind: str, by: int) -> list[Position]:
    """All positions of a kind lowered by an amount, dealt out by value."""
    found = list(positions)
    mine = [at for at, one in enumerate(found) if one.kind == kind]
    cuts = divided(by, [found[at].amount for at in mine])
    for at, cut in zip(mine, cuts, strict=True):
        found[at] = replace(found[at], amount=found[at].amount - cut,
                            discount=found[at].discount + cut)
    return found


def between(before: Bill, after: Bill) -> dict[str, Sums]:
    """What changes, rate by rate; rates that stay are left out."""
    old, new = before.rates(), after.rates()
    found = {rate: new.get(rate, Sums()) - old.get(rate, Sums())
             for rate in sorted({*old, *new}, key=standing)}
    return {rate: sums for rate, sums in found.items() if sums != Sums()}


# Advances ---------------------------------------------------------------------------------------


def advanced(paid: int, left: dict[str, int]) -> dict[str, Sums]:
    """A payment dealt out over what is left of each rate, gross; the tax is taken out of it."""
    open_ = [rate for rate, gross in left.items() if gross > 0]
    parts = divided(paid, [left[rate] for rate in open_])
    found = {}
    for rate, part in zip(open_, parts, strict=True):
        if part:
            tax = half_up(part * percent(rate) / (100 + percent(rate)))
            found[rate] = Sums(part - tax, tax, part)
    return found
