"""Pro formas, advances with their final invoice, invoices to receipts, and sales abroad."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from oms_web.core.actor import Actor
from oms_web.core.errors import InvalidForm, NotAllowedNow
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.documents import correcting, queries
from oms_web.domain.documents.drafting import Ask
from oms_web.domain.documents.models import Document
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.flows.correct_document import correct_invoice
from oms_web.flows.issue_document import issue_advance, issue_invoice, issue_proforma
from tests import paper

ANNA = Actor("user", "Anna Nowak", 7)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LINES = [("Kubek", 3, "39.90", "23"), ("Książka", 1, "52.50", "5")]
UNPAID = {"payment_state": "unpaid", "paid_total": 0, "paid_at": None}


@pytest.fixture
def shop(works):
    works.clock = lambda: NOW
    with works.writing(ANNA) as work:
        paper.company(work)
    return works


def make(works, *args, **kwargs) -> int:
    with works.writing(ANNA) as work:
        return paper.order(work, *args, **kwargs).id


def do(works, act, order_id, ask=None) -> tuple[Document, bool]:
    with works.writing(ANNA) as work:
        return act(work, order_id, ask)


def pay(works, order_id, paid) -> None:
    with works.writing(ANNA) as work:
        order = work.session.get(Order, order_id)
        order.paid_total = paid
        order.payment_state = "paid" if paid >= order.total else "part" if paid else "unpaid"


def documented(works, order_id) -> bool:
    with works.reading(ANNA) as work:
        return work.session.get(Order, order_id).is_documented


def test_a_pro_forma_documents_nothing_and_is_said_once(shop):
    order_id = make(shop, LINES, **UNPAID)
    made, new = do(shop, issue_proforma, order_id)
    assert (made.number, made.kind, made.gross, new) == ("PRO 1/11/2026", "proforma", 17220, True)
    assert made.snapshot["payment"]["to_pay"] == 17220
    again, new = do(shop, issue_proforma, order_id)
    assert (again.id, new) == (made.id, False)
    assert not documented(shop, order_id)
    with shop.writing(ANNA) as work:  # the order changes, and so does what it asks for
        work.session.scalars(select(OrderLine)).first().title = "Kubek duży"
    assert do(shop, issue_proforma, order_id)[0].number == "PRO 2/11/2026"
    pay(shop, order_id, 17220)
    invoice, _ = do(shop, issue_invoice, order_id)
    assert (invoice.number, invoice.kind) == ("FV 1/11/2026", "invoice")
    with pytest.raises(NotAllowedNow), shop.writing(ANNA) as work:
        correct_invoice(work, made.id, correcting.Ask(reason="x"))


def test_an_advance_and_the_final_invoice(shop):
    order_id = make(shop, LINES, shipping=1500, discount=1000, **UNPAID)
    with pytest.raises(InvalidForm, match="marked"):
        do(shop, issue_advance, order_id)
    pay(shop, order_id, 10000)
    advance, _ = do(shop, issue_advance, order_id)
    assert (advance.number, advance.gross, advance.vat) == ("ZAL 1/11/2026", 10000, 1445)
    assert not documented(shop, order_id)
    with pytest.raises(InvalidForm):  # the same payment again
        do(shop, issue_advance, order_id)
    pay(shop, order_id, 17720)
    final, _ = do(shop, issue_invoice, order_id)
    assert (final.number, final.kind, final.gross) == ("FV 1/11/2026", "final", 7720)
    assert [one["number"] for one in final.snapshot["advances"]] == ["ZAL 1/11/2026"]
    assert final.snapshot["payment"]["to_pay"] == 0
    assert final.vat + advance.vat == final.snapshot["whole"]["total"]["vat"] == 2560
    assert documented(shop, order_id)
    assert do(shop, issue_invoice, order_id) [0].id == final.id
    with pytest.raises(NotAllowedNow, match="already"):
        do(shop, issue_advance, order_id)
    # What comes back is corrected on the final one, by what it says of the whole supply.
    with shop.writing(ANNA) as work:
        mirror, _ = correct_invoice(work, final.id, correcting.Ask(
            quantities={at: 0 for at in (1, 2, 3, 4)}, reason="Zwrot"))
    assert (mirror.gross, mirror.snapshot["corrected"]["kind"]) == (-17720, "final")


def test_advances_that_cover_the_order_are_its_documents(shop):
    order_id = make(shop, LINES)
    advance, _ = do(shop, issue_advance, order_id)
    assert advance.gross == 17220
    assert documented(shop, order_id)
    with pytest.raises(InvalidForm) as refusal:
        do(shop, issue_invoice, order_id)
    assert "cover this order" in str(refusal.value.problems["order"])


def test_an_advance_that_was_given_back_is_not_settled(shop):
    order_id = make(shop, LINES, **UNPAID)
    pay(shop, order_id, 10000)
    advance, _ = do(shop, issue_advance, order_id)
    with shop.writing(ANNA) as work:
        back, _ = correct_invoice(work, advance.id, correcting.Ask(
            quantities={1: 0, 2: 0}, reason="Zwrot zaliczki"))
        assert queries.advances_of(work.session, order_id) == []
    assert (back.gross, back.vat) == (-10000, -advance.vat)
    pay(shop, order_id, 17220)
    assert do(shop, issue_invoice, order_id)[0].kind == "invoice"


def test_an_invoice_to_a_receipt(shop):
    person = make(shop)
    said = do(shop, issue_invoice, person, Ask(receipt="123/0045"))[0].snapshot
    assert said["receipt"] == {"number": "123/0045"}
    company = make(shop, tax_id="5252248481", bill_to=paper.COMPANY_HOME)
    with pytest.raises(InvalidForm) as refusal:
        do(shop, issue_invoice, company, Ask(receipt="123/0046"))
    assert refusal.value.problems.keys() == {"receipt_named"}
    do(shop, issue_invoice, company, Ask(receipt="123/0046", receipt_named=True))


BERLIN = paper.POLISH_HOME | {"country": "DE", "city": "Berlin", "postcode": "10115"}


def test_goods_to_a_company_in_the_union(shop):
    order_id = make(shop, ship_to=BERLIN, bill_to=BERLIN | {"company": "Nord GmbH"},
                    tax_id="DE136695976", country="DE")
    with shop.writing(ANNA) as work:
        paper.company(work, eu_vat=True)
    said = do(shop, issue_invoice, order_id)[0].snapshot
    assert (said["treatment"], [row["rate"] for row in said["rates"]]) == ("wdt", ["0"])
    assert said["total"]["gross"] == 11970


def test_goods_to_a_consumer_in_the_union(shop):
    order_id = make(shop, LINES, ship_to=BERLIN, country="DE")
    other = make(shop, LINES, ship_to=BERLIN, country="DE")
    assert do(shop, issue_invoice, order_id)[0].snapshot["treatment"] == "domestic"
    with shop.writing(ANNA) as work:
        paper.company(work, oss=True)
    said = do(shop, issue_invoice, other)[0].snapshot
    assert (said["treatment"], [row["rate"] for row in said["rates"]]) == ("oss", ["19"])


def test_goods_out_of_the_union_and_a_seller_who_knows_better(shop):
    away = paper.POLISH_HOME | {"country": "US"}
    exported = do(shop, issue_invoice, make(shop, ship_to=away, country="US"))[0].snapshot
    assert (exported["treatment"], exported["total"]["vat"]) == ("export", 0)
    kept = do(shop, issue_invoice, make(shop, ship_to=away, country="US"),
              Ask(treatment="domestic"))[0].snapshot
    assert (kept["treatment"], kept["total"]["vat"]) == ("domestic", 2238)
    with pytest.raises(InvalidForm) as refusal:
        do(shop, issue_invoice, make(shop), Ask(treatment="export"))
    assert refusal.value.problems.keys() == {"treatment"}


def test_the_code_of_goods_goes_along(shop):
    order_id = make(shop)
    with shop.writing(ANNA) as work:
        product = Product(name="Telefon", gtu="GTU_06", created_at=NOW)
        work.session.add(product)
        work.session.flush()
        variant = Variant(product_id=product.id, sku="T", title="Telefon", created_at=NOW)
        work.session.add(variant)
        work.session.flush()
        work.session.scalars(select(OrderLine)).one().variant_id = variant.id
    said = do(shop, issue_invoice, order_id)[0].snapshot
    assert [line["gtu"] for line in said["lines"]] == ["GTU_06"]
