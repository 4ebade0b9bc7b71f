"""Storing an order that somebody took down: at the desk, at the till. It begins as a draft.

What happens to it next (verified, reserved, paid, handed over) is for the flow that took it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from oms_web.core.errors import Invalid
from oms_web.core.money import line_total
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.orders import filing, phases, reserving, same_buyer
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine

DESK, TILL = "desk", "till"
MAX_LINES = 200
MAX_UNITS = 100_000
PAYMENT_KINDS = ("prepaid", "cod", "credit")


@dataclass(frozen=True, slots=True)
class Position:
    """What is ordered: a variant, how many, and the gross price of one in millionths.

    ``unit_price`` is what is left after ``discount`` (minor units, of the whole line): that one
    is only told.
    """

    variant_id: int
    quantity: int
    unit_price: int
    discount: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """An order as it was taken down; addresses and buyer are clean already.

    ``origin`` says where it came from ("tel.", "Instagram"), as it will be shown and found.
    """

    positions: Sequence[Position]
    ship_to: dict[str, str]
    buyer: dict[str, Any]
    currency: str
    shipping: int = 0
    discount: int = 0
    payment_kind: str = "prepaid"
    payment_method: str = ""
    delivery: dict[str, str] = field(default_factory=dict)
    origin: str = ""
    note: str = ""
    wants_invoice: bool = False
    source: str = DESK


def store(work: Work, taken: Taken, form_key: str = "") -> Order:
    """Store the order as a draft that can be found and is counted.

    Args:
        form_key: what makes the form it came from one of a kind, for whoever asks later.

    Raises:
        Invalid: no lines, an impossible quantity, price, discount or product; ``field`` names it.
    """
    variants = _variants(work, taken)
    order = _store_order(work, taken)
    _store_lines(work, order, taken, variants)
    orders.write_keys(work.session, {order.id: orders.search_keys({
        name: getattr(order, name) for name in (
            "ship_to", "buyer_name", "buyer_company", "buyer_email", "buyer_phone", "tax_id",
            "external_number")
    })})
    audit.record(work, "orders.create", "order", order.id,
                 {"total": [None, order.total], "form": [None, form_key]},
                 note=taken.note[:200] or None)
    orders.shift_tally(work.session, "queue", [(None, order.queue)])
    return order


def _variants(work: Work, taken: Taken) -> dict[int, tuple[Variant, str]]:
    """The ordered variants with the VAT rate of their product."""
    if not taken.positions:
        raise Invalid("Add at least one product.", "lines")
    if len(taken.positions) > MAX_LINES:
        raise Invalid("The order has more than %(n)s lines.", "lines", n=MAX_LINES)
    if taken.payment_kind not in PAYMENT_KINDS:
        raise Invalid("Choose how it is paid.", "payment_kind")
    ids = {position.variant_id for position in taken.positions}
    found = {
        variant.id: (variant, rate) for variant, rate in work.session.execute(
            select(Variant, Product.vat_rate).join(Product, Product.id == Variant.product_id)
            .where(Variant.id.in_(ids))
        )
    }
    for position in taken.positions:
        if position.variant_id not in found:
            raise Invalid("There is no such product.", "lines")
        title = found[position.variant_id][0].title
        if not 0 < position.quantity <= MAX_UNITS:
            raise Invalid("%(title)s: this quantity is not possible.", "lines", title=title)
        if position.unit_price < 0 or position.discount < 0:
            raise Invalid("%(title)s: this price is not possible.", "lines", title=title)
    return found


def _store_order(work: Work, taken: Taken) -> Order:
    items = sum(line_total(p.unit_price, p.quantity, taken.currency) for p in taken.positions)
    if taken.shipping < 0 or not 0 <= taken.discount <= items + taken.shipping:
        raise Invalid("The discount cannot be more than the order costs.", "discount")
    total = items + taken.shipping - taken.discount
    buyer, name = taken.buyer, taken.buyer["buyer_name"] or taken.ship_to["name"]
    order = Order(
        phase=phases.DRAFT, queue="draft", strip=filing.NOT_YET * 5, source=taken.source,
        external_number=tidy(taken.origin)[:120], placed_at=work.now, created_at=work.now,
        updated_at=work.now, currency=taken.currency, items_total=items,
        shipping_total=taken.shipping, discount_total=taken.discount, total=total,
        payment_kind=taken.payment_kind, payment_method=tidy(taken.payment_method)[:80],
        payment_state=filing.payment_state(taken.payment_kind, total, 0),
        buyer_name=name,
        buyer_email=buyer["buyer_email"], buyer_phone=buyer["buyer_phone"],
        buyer_company=buyer["buyer_company"], tax_id=buyer["tax_id"],
        buyer_key=same_buyer.key_of({**buyer, "buyer_name": name, "ship_to": taken.ship_to}),
        wants_invoice=taken.wants_invoice or bool(buyer["tax_id"]),
        buyer_note=taken.note.replace("\0", "").strip()[:10_000], ship_to=taken.ship_to,
        bill_to=None, country=taken.ship_to["country"],
        units=sum(position.quantity for position in taken.positions),
        **{name: tidy(taken.delivery.get(name, ""))[:limit] for name, limit in (
            ("delivery_method", 120), ("carrier", 40), ("pickup_point", 60))},
    )
    work.session.add(order)
    work.session.flush()
    return order


def _store_lines(
    work: Work, order: Order, taken: Taken, variants: dict[int, tuple[Variant, str]]
) -> None:
    session = work.session
    lines = []
    for number, position in enumerate(taken.positions, start=1):
        variant, rate = variants[position.variant_id]
        lines.append(OrderLine(
            order_id=order.id, position=number, line_ref=str(number), variant_id=variant.id,
            sku=variant.sku, title=variant.title, quantity=position.quantity,
            unit_price=position.unit_price, vat_rate=rate, discount=position.discount,
            total=line_total(position.unit_price, position.quantity, taken.currency),
        ))
    session.add_all(lines)
    session.flush()
    reserving.freeze(session, lines, reserving.bundle_parts(session, list(variants)))
