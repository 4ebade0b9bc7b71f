"""Snapshots of documents for the tests of e-invoices: one of each kind, and many by chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from oms_web.core.money import line_total
from oms_web.domain.documents import snapshot
from oms_web.domain.documents.charges import GOODS, Charge, charges
from oms_web.domain.documents.snapshot import Exchange, Settlement, Terms

SELLER = {
    "name": "Leśna Sowa Sp. z o.o.", "tax_id": "5252248481", "email": "sklep@example.test",
    "phone": "42 000 00 00", "website": "example.test", "bank_name": "Bank Przykładowy S.A.",
    "bank_account": "PL61 1090 1014 0000 0712 1981 2874",
    "address": {"street": "ul. Mokra 5", "postcode": "91-001", "city": "Łódź", "country": "PL"},
}
CONSUMER = {"name": "Żaneta Łęcka", "company": "", "street": "ul. Gęsia 12/4",
            "postcode": "00-680", "city": "Warszawa", "country": "PL", "tax_id": ""}
COMPANY = {**CONSUMER, "company": "Źródło Sp. z o.o.", "tax_id": "526-104-08-28"}
GERMAN = {**CONSUMER, "company": "Müller & Söhne <GmbH>", "street": "Ringstr. 1",
          "postcode": "10117", "city": "Berlin", "country": "DE", "tax_id": "DE136695976"}
GERMAN_CONSUMER = {**GERMAN, "company": "", "tax_id": ""}
GREEK = {**GERMAN, "company": "Ελλάς ΑΕ", "country": "GR", "tax_id": "094259216"}
SWISS = {**GERMAN, "company": "Käse AG", "country": "CH", "tax_id": "CHE-116.281.710 MWST"}
EURO = Exchange(Decimal("4.2513"), "227/A/NBP/2026", date(2026, 11, 19))
DESIGN = {"accent": "#3350D4", "logo": None, "footer": "Dziękujemy"}


def made(goods: Sequence[tuple[str, int, str, str]] = (("Kubek", 3, "39.90", "23"),), *,
         buyer: dict[str, Any] | None = None, shipping: int = 0, discount: int = 0,
         method: str = "gross_rate", currency: str = "PLN", exchange: Exchange | None = None,
         number: str = "FV 1/11/2026", recipient: dict[str, Any] | None = None,
         settlement: Settlement | None = None, **more: Any) -> dict[str, Any]:
    """A numbered invoice. ``goods``: title, quantity, unit price, VAT rate; ``more``: its terms,
    and as ``put_<field>`` what is put over the snapshot.
    """
    over = {name[4:]: more.pop(name) for name in list(more) if name.startswith("put_")}
    lines = []
    for title, quantity, price, rate in goods:
        micro = int(Decimal(price) * 1_000_000)
        lines.append(Charge(GOODS, rate, line_total(micro, quantity, currency), quantity, micro,
                            title=title, sku=f"SKU-{len(lines)}", line_id=len(lines) + 1))
    terms = Terms(**({
        "language": "pl", "currency": currency, "home_currency": "PLN",
        "issue_date": date(2026, 11, 22), "sale_date": date(2026, 11, 20), "method": method,
        "order_number": "4812", "channel_number": "4f1c09be", "exchange": exchange,
        "issued_by": "Anna Nowak",
    } | more))
    said = snapshot.invoice(terms, SELLER, buyer or CONSUMER, recipient,
                            charges(lines, shipping, discount),
                            settlement or Settlement("prepaid", "PayU", 0, date(2026, 11, 29)),
                            DESIGN)
    return {**snapshot.numbered(said, number), **over}


def corrected(before: dict[str, Any], after: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A correction that says one invoice as another: both states, and the differences of sums."""
    rates = {row["rate"]: dict(row) for row in after["rates"]}
    for row in before["rates"]:
        mine = rates.setdefault(row["rate"], {**row, "net": 0, "vat": 0, "gross": 0})
        for part in ("net", "vat", "gross"):
            mine[part] -= row[part]
    total = {part: after["total"][part] - before["total"][part]
             for part in ("net", "vat", "gross")}
    states = {name: {part: state[part] for part in ("buyer", "lines", "rates", "total")}
              for name, state in (("before", before), ("after", after))}
    most = max(len(before["lines"]), len(after["lines"]))
    return {
        **after, **states, "kind": "correction", "number": "KOR 1/11/2026",
        "rates": [row for row in rates.values() if row["gross"]], "total": total, "lines": [],
        "changed": list(range(1, most + 1)), "reason": "Zwrot towaru", "effect": 2,
        "corrected": {"number": before["number"], "issue_date": before["issue_date"],
                      "document_id": 1, "kind": "invoice"},
    } | more


def by_chance(chance: random.Random, number: int) -> dict[str, Any]:
    """Some invoice that a shop might issue."""
    buyer, rates, currency, exchange, more = chance.choice([
        (CONSUMER, ("23", "8", "5", "0"), "PLN", None, {}),
        (CONSUMER, ("23",), "PLN", None, {"put_receipt": {"number": "12/11"}}),
        (COMPANY, ("23", "8", "5", "zw"), "PLN", None, {"exempt_basis": "art. 43 ust. 1 pkt 2"}),
        (COMPANY, ("23", "oo"), "PLN", None, {"split_payment": True}),
        (GERMAN, ("0",), "EUR", None, {}), (GREEK, ("0", "np"), "EUR", None, {}),
        (SWISS, ("0",), "USD", None, {}),
        (GERMAN_CONSUMER, ("19", "7.5"), "EUR", EURO, {"put_treatment": "oss"}),
        (COMPANY, ("23", "8"), "EUR", EURO, {}),
    ])
    goods = [
        (chance.choice(("Kubek 0,5 l", "Książka \x0b „Ż” & <b>", "Herbata\n 100 g", "🐿 " * 200)),
         chance.randint(1, 999), f"{chance.randint(1, 99_999)}.{chance.randint(0, 9999):04}",
         chance.choice(rates))
        for _ in range(chance.randint(1, 12))
    ]
    worth = sum(line_total(int(Decimal(price) * 1_000_000), count, currency)
                for _, count, price, _ in goods)
    return made(
        goods, buyer=buyer, currency=currency, exchange=exchange,
        shipping=chance.choice((0, 999, 1500)), discount=chance.randint(0, worth // 2),
        method=chance.choice(("gross_rate", "net_rate", "net_line")),
        number=f"FV {number}/11/2026", recipient=chance.choice((None, GERMAN_CONSUMER)),
        settlement=Settlement(chance.choice(("prepaid", "cod", "credit")),
                              chance.choice(("PayU", "", "Przelew", "BLIK", "Karta")),
                              chance.choice((0, worth)), date(2026, 12, 1)),
        remark=chance.choice(("", "Dziękujemy\nza zakupy " * 30)), **more)
