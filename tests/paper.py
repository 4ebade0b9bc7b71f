"""A company and orders to make documents of, put straight into the tables."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select

from oms_web.core.money import line_total, to_micro
from oms_web.core.work import Work
from oms_web.domain.company.models import Company
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.service import refile, search_keys, write_keys

PLACED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

POLISH_HOME = {
    "name": "Żaneta Łęcka", "company": "", "street": "ul. Gęsia 12/4", "postcode": "00-680",
    "city": "Warszawa", "country": "PL", "phone": "600 100 200", "email": "zaneta@example.test",
}
COMPANY_HOME = {
    "name": "Ewa Wójcik", "company": "Źródło Sp. z o.o.", "street": "Świętokrzyska 1",
    "postcode": "00-360", "city": "Warszawa", "country": "PL", "phone": "", "email": "",
}


def company(work: Work, **changes: Any) -> Company:
    """The one company; complete, so that it may invoice."""
    found = work.session.scalar(select(Company)) or Company(
        id=1, created_at=work.now, address={}, name="")
    values = {
        "name": "Leśna Sowa", "legal_name": "Leśna Sowa Sp. z o.o.", "tax_id": "5252248481",
        "address": {"street": "ul. Mokra 5", "postcode": "91-001", "city": "Łódź",
                    "country": "PL"},
        "email": "sklep@example.test", "phone": "42 000 00 00", "website": "example.test",
        "bank_account": "PL61109010140000071219812874", "bank_name": "Bank Przykładowy S.A.",
        "currency": "PLN", "language": "pl", "accent": "#3350D4",
        "recall_seconds": 0,
    } | changes
    for name, value in values.items():
        setattr(found, name, value)
    work.session.add(found)
    work.session.flush()
    return found


def order(
    work: Work,
    lines: list[tuple[str, int, str, str]] | None = None,
    *,
    shipping: int = 0,
    discount: int = 0,
    **changes: Any,
) -> Order:
    """An open, paid order. ``lines``: (title, quantity, unit price, VAT rate)."""
    lines = lines or [("Kubek emaliowany 0,5 l zielony", 3, "39.90", "23")]
    currency = changes.get("currency", "PLN")
    micros = [to_micro(Decimal(price)) for _, _, price, _ in lines]
    totals = [line_total(micro, line[1], currency)
              for micro, line in zip(micros, lines, strict=True)]
    items = sum(totals)
    total = items + shipping - discount
    values: dict[str, Any] = {
        "phase": "open", "queue": "pick", "strip": ".....", "source": "channel",
        "external_number": "4f1c09be", "placed_at": PLACED, "paid_at": PLACED,
        "created_at": work.now, "updated_at": work.now, "currency": currency,
        "items_total": items, "shipping_total": shipping, "discount_total": discount,
        "total": total, "paid_total": total, "payment_state": "paid", "payment_kind": "prepaid",
        "payment_method": "PayU", "prices_include_tax": True,
        "buyer_name": "Żaneta Łęcka", "ship_to": dict(POLISH_HOME), "country": "PL",
        "delivery_method": "InPost Kurier", "wants_invoice": True,
        "units": sum(line[1] for line in lines),
    } | changes
    made = Order(**values)
    work.session.add(made)
    work.session.flush()
    for position, (title, quantity, _, rate) in enumerate(lines, start=1):
        work.session.add(OrderLine(
            order_id=made.id, position=position, line_ref=str(position), title=title,
            sku=f"SKU-{position:03d}", ean=f"590000000{position:04d}"[:13], quantity=quantity,
            unit_price=micros[position - 1], total=totals[position - 1], vat_rate=rate,
        ))
    work.session.flush()
    write_keys(work.session, {made.id: search_keys({
        "ship_to": made.ship_to, "buyer_name": made.buyer_name,
        "buyer_company": made.buyer_company or "", "buyer_email": made.buyer_email or "",
        "buyer_phone": made.buyer_phone or "", "tax_id": made.tax_id or "",
        "external_number": made.external_number,
    })})
    refile(work, [made.id])
    return made


def many_orders(work: Work, count: int) -> list[int]:
    """As many copies of one order, without search keys: for races and for speed."""
    first = order(work)
    row = {c.name: getattr(first, c.name) for c in Order.__table__.columns if c.name != "id"}
    line = work.session.scalars(select(OrderLine).where(OrderLine.order_id == first.id)).one()
    columns = [c.name for c in OrderLine.__table__.columns if c.name not in ("id", "order_id")]
    ids = list(work.session.scalars(insert(Order).returning(Order.id), [row] * (count - 1)))
    work.session.execute(insert(OrderLine), [
        {"order_id": id_} | {name: getattr(line, name) for name in columns} for id_ in ids])
    return [first.id, *ids]
