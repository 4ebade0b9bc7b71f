"""Sales that shops could make, by chance: what was agreed, and nothing of what we make of it.

``Sale`` is facts only; ``sold`` draws one, ``put`` lays many into the tables as orders. What their
documents must say is reckoned apart from the product (``tests/reckoning.py``).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import insert

from oms_web.core.work import Work
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.documents.models import ExchangeRate
from oms_web.domain.orders.models import Order, OrderLine, OrderLinePart
from tests import paper
from tests.reckoning import places, worth

RATES_OF_DAY = {"EUR": "4.2537", "USD": "3.6512", "CZK": "0.1739", "HUF": "0.010943",
                "JPY": "0.024178", "KWD": "11.9"}
TABLE_DAY = date(2026, 11, 19)
"""The last working day before the orders were paid (Friday the 20th)."""

# The standard rates of 2026 as the Commission lists them.
ABROAD = {"DE": "19", "FR": "20", "FI": "25.5", "HU": "27", "AT": "20", "CZ": "21", "NL": "21",
          "SE": "25", "DK": "25", "LU": "17", "IT": "22", "ES": "21", "SK": "23", "EE": "24",
          "GR": "24", "RO": "21", "IE": "23"}
_NUMBERS = {"DE": "DE136695976", "GR": "094259216", "FR": "FR40303265045", "AT": "ATU13585627"}
_AT_HOME = ("23",) * 8 + ("8", "5", "0", "zw")


@dataclass(frozen=True, slots=True)
class Line:
    """``price`` is main units; ``of_product``: the rate stands at the product, not at the line."""

    quantity: int
    price: Fraction
    rate: str
    cancelled: int = 0
    of_product: bool = False
    is_bundle: bool = False


@dataclass(frozen=True, slots=True)
class Sale:
    """What was agreed. Money is minor units; ``discount`` below nought is a surcharge.

    ``treatment`` is how it is taxed; ``chosen`` where a person had to say so.
    """

    lines: Sequence[Line]
    shipping: int
    discount: int
    currency: str
    method: str
    treatment: str
    country: str
    tax_id: str = ""
    chosen: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_gross(self) -> bool:
        """Whether prices include tax."""
        return self.method == "gross_rate"


def sold(chance: random.Random) -> Sale:
    """Some sale, of all sorts and sizes."""
    treatment, country, tax_id, chosen, rates, currencies = _sort(chance)
    currency = chance.choice(currencies)
    most = chance.choice((1, 1, 2, 3, 3, 5, 8, 12, 200 if chance.random() < 0.05 else 20))
    lines = [_line(chance, currency, rates) for _ in range(chance.randint(1, most))]
    if all(line.cancelled == line.quantity for line in lines):
        lines[0] = Line(lines[0].quantity, lines[0].price, lines[0].rate)
    items = sum(worth(line.price, line.quantity, currency) for line in lines)
    shipping = chance.choice((0, 0, 999, 1499, chance.randint(1, 5000)))
    discount = chance.choice((
        0, 0, 0, chance.randint(0, items // 3 + 1), items // 10, min(shipping, items),
        -chance.randint(0, 500), items + shipping // 2 if chance.random() < 0.05 else 0))
    method = chance.choice(("gross_rate",) * 3 + ("net_rate", "net_line"))
    return Sale(lines, shipping, min(discount, items + shipping), currency, method, treatment,
                country, tax_id, chosen)


def _sort(chance: random.Random) -> tuple[str, str, str, bool, Sequence[str], Sequence[str]]:
    """(treatment, country, the buyer's tax number, whether chosen, rates, currencies)."""
    sort = chance.choices(("home", "company", "oss", "wdt", "export", "services_eu", "reverse",
                           "outside"), (10, 5, 3, 2, 2, 1, 1, 1))[0]
    foreign = ("EUR", "EUR", "PLN", "USD", "CZK", "HUF")
    if sort == "oss":
        return "oss", chance.choice(list(ABROAD)), "", False, _AT_HOME, foreign
    if sort in ("wdt", "services_eu"):
        country = chance.choice(list(_NUMBERS))
        return sort, country, _NUMBERS[country], sort != "wdt", _AT_HOME, foreign
    if sort == "export":
        return "export", chance.choice(("CH", "US", "GB", "NO", "UA")), "", False, _AT_HOME, (
            "USD", "EUR", "PLN", "JPY")
    if sort == "reverse":
        return "reverse", "PL", "5261040828", True, ("23", "8"), ("PLN",)
    number = "5261040828" if sort == "company" else ""
    rates = ("np", "23") if sort == "outside" else _AT_HOME
    return "domestic", "PL", number, False, rates, ("PLN",) * 9 + ("EUR", "JPY", "KWD", "HUF")


def _line(chance: random.Random, currency: str, rates: Sequence[str]) -> Line:
    size = chance.random()
    if size < 0.02:  # the dearest and the cheapest that a shop may type
        price = chance.choice((Fraction(1, 10**6), Fraction(999_999_999),
                               Fraction(123_456_789_123, 10**6), Fraction(0)))
    elif size < 0.15:
        price = Fraction(chance.randint(1, 99_999_999), 10**6)
    else:
        price = Fraction(chance.randint(1, 200_000), 10**places(currency))
    quantity = chance.choice((1, 1, 1, 2, 3, 4, chance.randint(1, 50), chance.randint(1, 9999)))
    gone = chance.randint(1, quantity) if chance.random() < 0.04 else 0
    return Line(quantity, price, chance.choice(rates), gone, chance.random() < 0.2,
                chance.random() < 0.05)


def prepare(work: Work) -> dict[str, int]:
    """The company, the bank's table of the day and a product for each rate: rate -> variant."""
    paper.company(work, eu_vat=True, oss=True, exempt_basis="art. 43 ust. 1 pkt 26")
    work.session.add_all(
        ExchangeRate(currency=currency, day=TABLE_DAY, table_number="225/A/NBP/2026", rate=rate,
                     read_at=work.now) for currency, rate in RATES_OF_DAY.items())
    variants = {}
    for rate in ("23", "8", "5", "0", "zw", "np"):
        product = Product(name=f"Towar {rate}", vat_rate=rate, created_at=work.now)
        work.session.add(product)
        work.session.flush()
        variant = Variant(product_id=product.id, sku=f"R-{rate}", title=product.name,
                          created_at=work.now)
        work.session.add(variant)
        work.session.flush()
        variants[rate] = variant.id
    return variants


def put(work: Work, sales: Sequence[Sale], variants: Mapping[str, int]) -> list[int]:
    """Lay sales into the tables as paid orders; their numbers."""
    plain = paper.order(work)
    row = {column.name: getattr(plain, column.name) for column in Order.__table__.columns
           if column.name != "id"}
    ids = list(work.session.scalars(insert(Order).returning(
        Order.id, sort_by_parameter_order=True), [row | _order(sale) for sale in sales]))
    lines = [_row(order_id, at, line, sale.currency, variants)
             for order_id, sale in zip(ids, sales, strict=True)
             for at, line in enumerate(sale.lines, start=1)]
    line_ids = work.session.scalars(insert(OrderLine).returning(
        OrderLine.id, sort_by_parameter_order=True), lines)
    bundles = [line.is_bundle for sale in sales for line in sale.lines]
    parts = [{"line_id": line_id, "variant_id": variants[rate], "quantity": 2}
             for line_id, is_bundle in zip(line_ids, bundles, strict=True) if is_bundle
             for rate in ("5", "23")]
    if parts:
        work.session.execute(insert(OrderLinePart), parts)
    return ids


def _order(sale: Sale) -> dict[str, Any]:
    items = sum(worth(line.price, line.quantity, sale.currency) for line in sale.lines)
    total = items + sale.shipping - sale.discount
    home = {**(paper.COMPANY_HOME if sale.tax_id else paper.POLISH_HOME), "country": sale.country}
    return {
        "currency": sale.currency, "items_total": items, "shipping_total": sale.shipping,
        "discount_total": sale.discount, "total": total, "paid_total": total,
        "prices_include_tax": sale.is_gross, "ship_to": home, "bill_to": None,
        "country": sale.country, "tax_id": sale.tax_id, "buyer_name": home["name"],
        "buyer_company": home["company"],
    }


def _row(order_id: int, at: int, line: Line, currency: str, variants: Mapping[str, int]
         ) -> dict[str, Any]:
    return {
        "order_id": order_id, "position": at, "line_ref": str(at), "title": f"Towar {at}",
        "sku": f"SKU-{at:03d}", "ean": "", "quantity": line.quantity,
        "cancelled": line.cancelled, "unit_price": int(line.price * 10**6),
        "total": worth(line.price, line.quantity, currency),
        "vat_rate": "" if line.of_product else line.rate,
        "variant_id": variants[line.rate] if line.of_product else None,
    }
