"""The screen that corrects an invoice: what it shows, what it issues, what it refuses where."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.clock import local_day
from oms_web.core.working_days import last_working_day
from oms_web.domain.documents import exchange
from oms_web.domain.documents.drafting import Ask
from oms_web.domain.documents.exchange import Table
from oms_web.domain.documents.models import Document
from oms_web.domain.documents.snapshot import Exchange
from oms_web.domain.einvoices import fa3
from oms_web.domain.orders.models import Order
from oms_web.flows import ship, stock_receipt
from oms_web.flows.issue_document import issue_invoice
from oms_web.flows.order_in import take_in
from tests import factories, paper
from tests.flows.test_stock_documents import open_shop
from tests.screens.test_documents import (
    GOOD,
    PART,
    documents,
    field_error,
    issued,
    make,
    page,
    printing,
    read,
    shop,
)

__all__ = ["printing", "shop"]

BUYER = {"name": "Żaneta Łęcka", "company": "", "street": "ul. Gęsia 12/4", "postcode": "00-680",
         "city": "Warszawa", "country": "PL", "tax_id": ""}
WHOLE = BUYER | {"quantity_1": "3", "price_1": "39,90", "rate_1": "23", "shows": "before_after",
                 "effect": "0", "reason": "Zwrot towaru"}


def test_a_unit_is_taken_back(shop, browser_as):
    invoice = issued(shop)
    client = browser_as("sales")
    assert f"/documents/{invoice}/correct" in page(client, f"/documents/{invoice}")
    form = page(client, f"/documents/{invoice}/correct")
    assert 'name="quantity_1" value="3"' in form
    assert "Nothing differs from the invoice yet." in form
    answer = client.post(f"/documents/{invoice}/correct", data=WHOLE | {"quantity_1": "2"})
    (made,) = [one for one in documents(shop) if one.kind == "correction"]
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/documents/{made.id}")
    assert (made.number, made.gross) == ("KOR 1/11/2026", -3990)
    shown = page(client, f"/documents/{made.id}")
    assert "FV 1/11/2026" in shown
    assert "Zwrot towaru" in shown
    assert "79.80" in shown  # together
    again = page(client, f"/documents/{invoice}/correct?all=1")
    assert "It was corrected before, last by KOR 1/11/2026" in again
    assert 'name="quantity_1" value="0"' in again
    listed = page(client, "/documents?view=issued&of=correction")
    assert "KOR 1/11/2026" in listed
    assert "FV 1/11/2026" not in listed


def test_what_is_wrong_is_said_at_its_field(shop, browser_as):
    invoice = issued(shop)
    client = browser_as("sales")

    def refused(**typed) -> str:
        answer = client.post(f"/documents/{invoice}/correct", data=WHOLE | typed)
        assert answer.status_code == 422
        return answer.get_data(as_text=True)

    assert "Nothing is different from the invoice" in refused()
    assert field_error(refused(quantity_1="2", reason=""), "reason") == \
        "Say why the invoice is corrected."
    assert "This is not a whole number: two" in refused(quantity_1="two")
    assert "Type a number of units" in refused(quantity_1="-1")
    assert "Not an amount: much" in refused(price_1="much")
    assert field_error(refused(lowered="500"), "lowered") == \
        "This is more than is left on the invoice."
    assert field_error(refused(tax_id="5252248482", quantity_1="2"), "tax_id")
    assert field_error(refused(quantity_1="2", issue_date="2026-11-23"), "issue_date")
    assert [one.kind for one in documents(shop)] == ["invoice"]
    page(client, "/documents/404/correct", 404)
    assert browser_as("reader").get(f"/documents/{invoice}/correct").status_code == 403


def test_a_line_that_becomes_exempt_asks_for_the_provision(shop, browser_as):
    invoice = issued(shop)
    client, address = browser_as("sales"), f"/documents/{invoice}/correct"
    assert 'name="exempt_basis"' not in page(client, address)
    exempt = WHOLE | {"rate_1": "zw", "reason": "Pomyłka w stawce VAT"}
    for basis, words in (("", "Name the provision that exempts these goods."),
                         ("x" * 251, "At most 250 characters.")):
        asks = client.post(address, data=exempt | {"exempt_basis": basis})
        assert (asks.status_code, field_error(asks.get_data(as_text=True), "exempt_basis")) == (
            422, words)
    assert client.post(address, data=exempt | {
        "exempt_basis": "art. 43 ust. 1 pkt 29 ustawy o VAT"}).status_code == 303
    made = documents(shop)[-1]
    assert made.snapshot["exempt_basis"] == "art. 43 ust. 1 pkt 29 ustawy o VAT"
    assert b"<P_19A>art. 43 ust. 1 pkt 29 ustawy o VAT</P_19A>" in fa3.write(
        made.snapshot, made.issued_at)
    assert "art. 43 ust. 1 pkt 29" in page(client, address)  # the next one goes on from there


def test_a_rate_of_exchange_that_is_not_here_is_asked_for(shop, browser_as):
    with shop.works.writing(SYSTEM) as work:
        invoice = issue_invoice(
            work, paper.order(work, [("Mug", 3, "33.33", "0")], currency="EUR").id)[0].id
    client, address = browser_as("sales"), f"/documents/{invoice}/correct"
    assert 'name="exchange_rate"' not in page(client, address)
    taxed = WHOLE | {"price_1": "33,33", "reason": "Pomyłka w stawce VAT"}
    asks = client.post(address, data=taxed)
    assert asks.status_code == 422
    assert "VAT must also be given in PLN, and the bank" in field_error(
        asks.get_data(as_text=True), "exchange_rate")
    halves = client.post(address, data=taxed | {"exchange_rate": "4,25"})
    assert field_error(halves.get_data(as_text=True), "exchange_table") == \
        "Name the table of the rate and its day."
    named = {"exchange_rate": "4,25", "exchange_table": "1/A/NBP", "exchange_day": "2020-01-02"}
    old = client.post(address, data=taxed | named).get_data(as_text=True)
    assert "counts the table of" in field_error(old, "exchange_day")
    day = documents(shop)[-1].sale_date - timedelta(days=1)
    named["exchange_day"] = last_working_day(day).isoformat()
    assert client.post(address, data=taxed | named).status_code == 303
    assert documents(shop)[-1].snapshot["exchange"]["rate"] == "4.25"


def test_a_wrong_rate_of_exchange_is_corrected(printing, browser_as):
    with printing.works.writing(SYSTEM) as work:
        order = paper.order(work, [("Mug", 3, "33.33", "23")], currency="EUR")
        sold = local_day(order.paid_at or work.now)
        day = last_working_day(sold)
        named = Exchange(Decimal("4.25"), "1/A/NBP/2026", day)
        invoice = issue_invoice(work, order.id, Ask(exchange=named))[0].id
        exchange.keep(work, [Table("9/A/NBP/2026", day, {"EUR": Decimal("4.2999")})])
    client, address = browser_as("sales"), f"/documents/{invoice}/correct"
    form = page(client, address)
    assert re.search(r'name="exchange_rate"[^>]* value="4.25"', form)
    assert "4.2999 (9/A/NBP/2026)" in form
    same = WHOLE | {"price_1": "33,33", "reason": "Pomyłka w kursie waluty",
                    "exchange_rate": "4,25", "exchange_table": "1/A/NBP/2026",
                    "exchange_day": day.isoformat()}
    assert "Nothing is different" in client.post(address, data=same).get_data(as_text=True)
    slip = client.post(address, data=same | {"exchange_rate": "42,999"})
    assert "one EUR was 4.2999" in field_error(slip.get_data(as_text=True), "exchange_rate")
    right = same | {"exchange_rate": "4,2999", "exchange_table": "9/A/NBP/2026"}
    shown = client.get(f"/documents/{invoice}/correction.pdf", query_string=right)
    assert "4,2999" in read(shown)
    assert client.post(address, data=right).status_code == 303
    made = documents(printing)[-1]
    assert (made.gross, made.snapshot["total"]["vat_home"]) == (0, 8041 - 7948)
    card = page(client, f"/documents/{made.id}")
    assert "instead of 4.25 (1/A/NBP/2026)" in card
    assert "the rate of exchange" in card


def test_the_preview_and_the_paper(printing, browser_as):
    invoice = issued(printing)
    client = browser_as("accountant")
    text = read(client.get(f"/documents/{invoice}/correction.pdf", query_string=WHOLE | {
        "quantity_1": "1", "reason": "Reklamacja"}))
    assert "Faktura korygująca" in text
    assert "Przed korektą" in text
    assert "Reklamacja" in text
    assert len(documents(printing)) == 1
    assert client.get(f"/documents/{invoice}/correction.pdf").status_code == 422
    client.post(f"/documents/{invoice}/correct", data=WHOLE | {
        "quantity_1": "0", "shows": "difference"})
    with printing.works.reading(SYSTEM) as work:
        made = work.session.query(Document).filter_by(kind="correction").one()
    text = read(client.get(f"/documents/{made.id}.pdf"))
    assert "FV 1/11/2026" in text
    assert "Do zwrotu" in text
    assert "119,70" in text


def test_a_pro_forma_and_an_advance_are_issued_from_their_forms(printing, browser_as):
    order_id = make(printing, payment_state="part", paid_total=5000)
    client = browser_as("sales")
    card = page(client, f"/orders/{order_id}")
    assert f"/orders/{order_id}/proforma" in card
    assert f"/orders/{order_id}/advance" in card
    form = page(client, f"/orders/{order_id}/proforma")
    assert f"Pro forma for order {order_id}" in form
    text = read(client.get(f"/orders/{order_id}/proforma/draft.pdf"))
    assert "To nie jest faktura" in text
    assert "Faktura" not in text
    assert client.post(f"/orders/{order_id}/proforma", data=GOOD).status_code == 303
    assert "It documents what was paid" in page(client, f"/orders/{order_id}/advance")
    assert "Zaliczka na zamówienie" in read(client.get(f"/orders/{order_id}/advance/draft.pdf"))
    assert client.post(f"/orders/{order_id}/advance", data=GOOD).status_code == 303
    again = client.post(f"/orders/{order_id}/advance", data=GOOD)
    assert again.status_code == 422
    assert "There is no payment that an advance invoice could name." in \
        again.get_data(as_text=True)
    assert "It settles the advance invoices" in page(client, f"/orders/{order_id}/invoice")
    client.post(f"/orders/{order_id}/invoice", data=GOOD | {"unpaid": "y"})
    made = {one.kind: one for one in documents(printing)}
    assert [(kind, one.number, one.gross) for kind, one in sorted(made.items())] == [
        ("advance", "ZAL 1/11/2026", 5000), ("final", "FV 1/11/2026", 6970),
        ("proforma", "PRO 1/11/2026", 11970)]
    text = read(client.get(f"/documents/{made['final'].id}.pdf"))
    assert "Zaliczki rozliczone" in text
    assert "ZAL 1/11/2026" in text
    assert "Sprzedaż" not in read(client.get(f"/documents/{made['advance'].id}.pdf"))


def test_a_sale_abroad_shows_how_it_is_taxed(shop, browser_as):
    away = paper.POLISH_HOME | {"country": "US"}
    order_id = make(shop, ship_to=away, country="US")
    client = browser_as("sales")
    form = page(client, f"/orders/{order_id}/invoice")
    assert '<option selected value="">as proposed: goods out of the Union' in form
    answer = client.post(f"/orders/{order_id}/invoice", data=GOOD | {"treatment": "wdt"})
    assert field_error(answer.get_data(as_text=True), "treatment") == \
        "The buyer has no VAT number of another country of the Union."
    assert "Taxed as" not in page(client, f"/orders/{make(shop)}/invoice")
    # A company's receipt has to bear its number.
    company = make(shop, tax_id="5252248481")
    answer = client.post(f"/orders/{company}/invoice", data=GOOD | {
        "tax_id": "5252248481", "receipt": "1/2"})
    assert "only if its tax number is on the receipt" in field_error(
        answer.get_data(as_text=True), "receipt_named")


def test_a_rate_that_was_emptied_is_the_one_of_the_invoice(shop, browser_as):
    answer = browser_as("owner").post(f"/documents/{issued(shop)}/correct",
                                      data=WHOLE | {"rate_1": ""})
    assert answer.status_code == 422  # nothing is different; it was a server error


def test_the_taxation_follows_the_number_that_is_typed(shop, browser_as):
    with shop.works.writing(SYSTEM) as work:
        paper.company(work, eu_vat=True)
    away = paper.POLISH_HOME | {"country": "DE"}
    order_id = make(shop, ship_to=away, country="DE")
    client = browser_as("sales")
    assert "as proposed: a sale at home" in page(client, f"/orders/{order_id}/invoice")
    typed = GOOD | {"company": "Nord GmbH", "tax_id": "DE136695976", "country": "DE",
                    "treatment": ""}
    field = client.post(f"/orders/{order_id}/invoice/treatment", data=typed, headers=PART)
    assert "as proposed: goods to a company in the Union" in field.text
    assert client.post(f"/orders/{order_id}/invoice", data=typed).status_code == 303
    assert documents(shop)[-1].snapshot["treatment"] == "wdt"


def test_an_order_that_advances_cover_is_offered_no_other_invoice(shop, browser_as):
    order_id = make(shop)
    client = browser_as("sales")
    client.post(f"/orders/{order_id}/advance", data=GOOD)
    [advance] = documents(shop)
    assert "Advance received on" in page(client, f"/documents/{advance.id}")
    refused = page(client, f"/orders/{order_id}/invoice")
    assert "Its advance invoices cover this order" in refused
    assert 'id="issue-form"' not in refused
    assert f'href="/orders/{order_id}/invoice"' not in page(client, f"/orders/{order_id}")


def test_papers_of_the_warehouse_are_issued_where_goods_move(oms, browser_as):
    shop, printing = open_shop(oms), oms
    if reason := oms.printing.available():
        pytest.skip(f"PDF is unavailable here: {reason}")
    with oms.works.writing(SYSTEM) as work:
        paper.company(work)
        receipt = stock_receipt.start(work, shop.ldz, partner="Huta Szkła")
        stock_receipt.add(work, receipt, shop.mug, 4, shop.bins["A-01"], unit_cost=7_500_000)
        stock_receipt.post(work, receipt)
        take_in(work, shop.account, [factories.order("A-1", {"MUG": 2})])
        order_id = work.session.scalars(select(Order.id)).one()
        (shipment,) = ship.ship_order(work, order_id)
    client = browser_as("warehouse")
    assert "Issue a PZ" in page(client, f"/stock/receipts/{receipt}")
    assert client.post(f"/stock/documents/{receipt}/papers").status_code == 303
    pz = documents(printing)[-1]
    assert pz.number in page(client, f"/stock/receipts/{receipt}")
    text = read(client.get(f"/papers/{pz.id}.pdf"))
    assert "Przyjęcie z zewnątrz" in text
    assert "Huta Szkła" in text
    assert "30,00" in text
    seller = browser_as("sales")
    assert "Issue a WZ" in page(seller, f"/orders/{order_id}")
    assert client.post(f"/shipments/{shipment}/wz").headers["Location"] == "/shipments"
    assert seller.post(f"/shipments/{shipment}/wz").headers["Location"] == f"/orders/{order_id}"
    wz = documents(printing)[-1]
    assert wz.number in page(seller, f"/orders/{order_id}")
    text = read(client.get(f"/papers/{wz.id}.pdf"))
    assert "Wydanie na zewnątrz" in text
    invoice = issued(printing)
    page(client, f"/papers/{invoice}.pdf", 404)
    clerk = browser_as("accountant")
    assert "Moved on" in page(clerk, f"/documents/{pz.id}")
    listed = page(clerk, "/documents?view=issued&of=pz")
    assert pz.number in listed
    assert wz.number not in page(clerk, "/documents?view=issued")
