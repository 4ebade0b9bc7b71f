"""The lines of a basket and what they cost. Pure; minor units, gross, as prices on shelves are.

Rounding: each line is price times units less its discount (``orders/discounts.py``), a discount on
everything comes after that, and nothing is rounded further: what a buyer pays in cash is the same
as by card. The VAT in it is reckoned per rate from the gross sums (``documents/vat.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from oms_web.core.errors import Invalid
from oms_web.core.money import from_minor, to_micro
from oms_web.domain.orders import discounts
from oms_web.domain.orders.discounts import Discount, Priced

MAX_LINES = 100
MAX_UNITS = 999
MAX_PRICE = 10**9


@dataclass(frozen=True, slots=True)
class Item:
    """A line: ``price`` is that of one unit before ``discount``; None until somebody says it."""

    variant_id: int
    quantity: int
    price: int | None
    discount: Discount | None = None


Items = tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Bill:
    """What a basket comes to. ``lines`` has None where a price is not known yet."""

    lines: Sequence[Priced | None]
    items: int
    cut: int

    @property
    def total(self) -> int:
        """What is to be paid."""
        return self.items - self.cut

    @property
    def complete(self) -> bool:
        """Whether there is something in it, and every price is known."""
        return bool(self.lines) and None not in self.lines


def restore(kept: Iterable[Sequence[Any]]) -> Items:
    """The lines as ``stored`` wrote them."""
    return tuple(Item(variant, quantity, price, discounts.restore(cut))
                 for variant, quantity, price, cut in kept)


def stored(items: Iterable[Item]) -> list[list[Any]]:
    """The lines as they are kept in JSON."""
    return [[item.variant_id, item.quantity, item.price,
             item.discount.stored if item.discount else None] for item in items]


def add(items: Items, variant_id: int, price: int | None, units: int = 1) -> Items:
    """More units of a SKU: of its line, or as a new one at ``price``.

    Raises:
        Invalid: more lines or units than a till sells at once.
    """
    if any(item.variant_id == variant_id for item in items):
        return tuple(
            replace(item, quantity=checked_units(item.quantity + units))
            if item.variant_id == variant_id else item for item in items)
    if len(items) >= MAX_LINES:
        raise Invalid("A basket has at most %(most)s lines. Sell this one first.", "code",
                      most=MAX_LINES)
    return (*items, Item(variant_id, checked_units(units), price))


def changed(items: Items, variant_id: int, **values: Any) -> Items:
    """The lines with one of them changed (``quantity``, ``price``, ``discount``).

    No units take the line out.

    Raises:
        Invalid: an impossible quantity or price, a discount larger than the line, no such line.
    """
    if not any(item.variant_id == variant_id for item in items):
        raise Invalid("This product is not in the basket any more.")
    if values.get("quantity") == 0:
        return tuple(item for item in items if item.variant_id != variant_id)
    return tuple(_checked(replace(item, **values)) if item.variant_id == variant_id else item
                 for item in items)


def checked_units(units: int) -> int:
    """A quantity that can be sold.

    Raises:
        Invalid: none, or too many.
    """
    if not 0 < units <= MAX_UNITS:
        raise Invalid("A till sells 1 to %(most)s units of a product at once.", "quantity",
                      most=MAX_UNITS)
    return units


def _checked(item: Item) -> Item:
    checked_units(item.quantity)
    if item.price is not None:
        if not 0 <= item.price <= MAX_PRICE:
            raise Invalid("A price cannot be below nought.", "price")
        if item.discount:
            item.discount.taken_off(item.price * item.quantity)
    return item


def bill(items: Items, discount: Discount | None, currency: str) -> Bill:
    """What the basket comes to. A discount that has become larger than what it is taken off (lines
    were taken out since) takes all of it and no more.
    """
    lines = [None if item.price is None else _line(item, item.price, currency) for item in items]
    worth = sum(line.total for line in lines if line)
    return Bill(lines, worth, discount.at_most(worth).taken_off(worth) if discount else 0)


def _line(item: Item, price: int, currency: str) -> Priced:
    fitting = item.discount.at_most(price * item.quantity) if item.discount else None
    return discounts.priced(to_micro(from_minor(price, currency)), item.quantity, fitting, currency)


def change_due(total: int, given: int | None) -> tuple[int, int]:
    """What was put down and what goes back: (given, change). None: exactly the total.

    Raises:
        Invalid: less than the total, or more than anybody carries (a slip of the finger).
    """
    if given is None:
        return total, 0
    if given < total:
        raise Invalid("This is less than what is to be paid.", "given")
    if given > total + MAX_PRICE:
        raise Invalid("This cannot be right: look at the amount again.", "given")
    return given, given - total
