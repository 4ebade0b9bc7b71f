"""A discount as it is typed ("10%", "5,00"), and what it takes off. Pure; minor units.

The rule, at the desk and at the till: a percentage is taken of the gross amount it stands beside
and rounded half up to the minor unit; an amount is taken off as it stands and never takes more
than there is. A discount of a line lowers the price of one unit, so that units cancelled or
returned later carry their share of it; what the line then costs is that price times the units.
A discount on everything is taken after those of the lines, and is divided among them by value
where VAT is reckoned (``documents/charges.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oms_web.core.errors import Invalid
from oms_web.core.money import from_minor, line_total, parse_amount, parse_minor, to_micro

PERCENT, AMOUNT = "percent", "amount"
WHOLE = 10_000
"""A hundred per cent in hundredths of a per cent."""


@dataclass(frozen=True, slots=True)
class Discount:
    """``value`` is hundredths of a per cent (``percent``) or minor units (``amount``)."""

    kind: str
    value: int

    def taken_off(self, gross: int) -> int:
        """What it takes off a gross amount, in minor units.

        Raises:
            Invalid: more than there is.
        """
        if self.kind == AMOUNT:
            if self.value > gross:
                raise Invalid("The discount is more than what it is taken off.", "discount")
            return self.value
        return (2 * gross * self.value + WHOLE) // (2 * WHOLE)  # half up

    def at_most(self, gross: int) -> Discount:
        """The discount, an amount brought down to what there is."""
        return Discount(AMOUNT, min(self.value, gross)) if self.kind == AMOUNT else self

    @property
    def stored(self) -> list[str | int]:
        """As it is kept in JSON; ``restore`` reads it."""
        return [self.kind, self.value]


def restore(kept: Sequence[str | int] | None) -> Discount | None:
    """A discount as ``stored`` wrote it."""
    return Discount(str(kept[0]), int(kept[1])) if kept else None


def typed(text: str, currency: str, field: str = "discount") -> Discount | None:
    """A discount as a person types it; None when nothing is typed, or nothing is taken off.

    Raises:
        Invalid: neither an amount nor a percentage, below nought, over a hundred per cent, or
            finer than a hundredth.
    """
    plain = text.strip()
    if not plain:
        return None
    is_share = plain.endswith("%")
    amount = parse_amount(plain.removesuffix("%"), field)
    if amount < 0:
        raise Invalid("A discount cannot be below nought.", field)
    if not is_share:
        minor = parse_minor(plain, currency, field)
        return Discount(AMOUNT, minor) if minor else None
    hundredths = amount * 100
    if amount > 100 or hundredths != int(hundredths):
        raise Invalid("A percentage is from 0 to 100, with two decimals at most.", field)
    return Discount(PERCENT, int(hundredths)) if hundredths else None


@dataclass(frozen=True, slots=True)
class Priced:
    """A line after its discount: ``unit_price`` in millionths; the others in minor units.

    ``gross`` is what it would cost without; ``gross - cut == total``, and ``total`` is exactly
    ``unit_price`` times the units, rounded once.
    """

    unit_price: int
    gross: int
    cut: int
    total: int


def priced(unit_price: int, quantity: int, discount: Discount | None, currency: str) -> Priced:
    """What ``quantity`` units at ``unit_price`` (millionths) cost after a discount.

    Raises:
        Invalid: the discount is more than they cost.
    """
    gross = line_total(unit_price, quantity, currency)
    if discount is None:
        return Priced(unit_price, gross, 0, gross)
    wanted = gross - discount.taken_off(gross)
    worth = to_micro(from_minor(wanted, currency))
    lowered = (2 * worth + quantity) // (2 * quantity)  # half up, of a millionth
    total = line_total(lowered, quantity, currency)
    return Priced(lowered, gross, gross - total, total)
