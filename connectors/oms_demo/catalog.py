"""The range of the invented shop "Leśna Sowa", read from ``catalog.toml``.

The marketplace makes its offers from it and the demo shop its catalogue, so the two agree.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

CATALOG_FILE = Path(__file__).with_name("catalog.toml")
IN_STORE = "200"
"""GS1 keeps the prefixes 200-299 for codes inside one shop: no real product bears them."""


@dataclass(frozen=True, slots=True)
class Item:
    """One SKU. ``cost`` is net and ``price`` gross, in PLN; a bundle has ``parts`` and no stock.

    ``tone`` names the colour of its picture; ``no_withdrawal`` says why nobody can withdraw from
    its sale.
    """

    sku: str
    name: str
    option: str
    ean: str
    category: str
    brand: str
    description: str
    motif: str
    tone: str
    vat_rate: str
    price: Decimal
    cost: Decimal | None = None
    weight_g: int | None = None
    size_mm: tuple[int, int, int] | None = None
    stock: int = 0
    minimum: int = 0
    no_withdrawal: str = ""
    parts: Mapping[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What a buyer reads: the name with its option."""
        return f"{self.name} {self.option}".strip()


@dataclass(frozen=True, slots=True)
class Stray:
    """An offer whose SKU the catalogue does not have. ``same_as``: the SKU whose EAN it bears."""

    sku: str
    title: str
    ean: str
    motif: str
    tone: str
    vat_rate: str
    price: Decimal
    stock: int
    same_as: str = ""


def ean13(body: str) -> str:
    """Twelve digits and their check digit (GS1: weights 1 and 3 from the left)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


@cache
def items() -> Sequence[Item]:
    """Every SKU of the catalogue, bundles last."""
    data = _data()
    plain = [
        _variant(product, place, row)
        for product in data["product"]
        for place, row in enumerate(product["variants"], 1)
    ]
    return (*plain, *(_bundle(row) for row in data["bundle"]))


@cache
def strays() -> Sequence[Stray]:
    """The offers that only the marketplace knows."""
    eans = {item.sku: item.ean for item in items()}
    return tuple(
        Stray(
            sku=row["sku"], title=row["title"], motif=row["motif"], tone=row["tone"],
            vat_rate=row["vat"], price=_price(row["price"]), stock=row["stock"],
            same_as=row.get("same_as", ""),
            ean=eans[row["same_as"]] if "same_as" in row else _ean(row["no"], 1),
        )
        for row in _data()["stray"]
    )


def available(bundle: Item, stock: Mapping[str, int]) -> int:
    """How many of a bundle the stock of its parts allows."""
    return min(stock.get(sku, 0) // quantity for sku, quantity in bundle.parts.items())


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(CATALOG_FILE.read_text("utf-8"))


def _variant(product: Mapping[str, Any], place: int, row: Sequence[Any]) -> Item:
    sku, option, weight, size, cost, price, stock, minimum = row
    return Item(
        sku=sku, name=product["name"], option=option, ean=_ean(product["no"], place),
        category=product["category"], brand=product["brand"], motif=product["motif"],
        tone=f"{product.get('tone', '')} {option}".strip(), description=product["description"],
        vat_rate=product["vat"], price=_price(price), cost=_price(cost), weight_g=weight,
        size_mm=tuple(size), stock=stock, minimum=minimum,
        no_withdrawal=product.get("no_withdrawal", ""),
    )


def _bundle(row: Mapping[str, Any]) -> Item:
    return Item(
        sku=row["sku"], name=row["name"], option="", ean=_ean(row["no"], 1),
        category=row["category"], brand="Leśna Sowa", description="", motif=row["motif"],
        tone=row["tone"], vat_rate=row["vat"], price=_price(row["price"]), parts=row["parts"],
    )


def _ean(product: int, place: int) -> str:
    return ean13(f"{IN_STORE}{product:05d}{place:04d}")


def _price(number: float) -> Decimal:
    # TOML has no decimal type; the shortest text of the float is what was written in the file.
    return Decimal(str(number)).quantize(Decimal("0.01"))
