"""Every screen of the app, found through its own map of addresses, full and empty.

A new screen is walked without being named here. One that is of something (an order, a bin) needs
an example of that something in ``examples``, once for all screens of it.
"""

from __future__ import annotations

import io
import re
from decimal import Decimal

import pytest
from babel.messages.pofile import read_po
from oms_connector import Address
from oms_connector import OrderLine as ChannelLine
from sqlalchemy import func, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import enqueue
from oms_web.domain.catalog.models import Product
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.messages import pages, settings, templates, threads
from oms_web.domain.messages import service as messages
from oms_web.domain.messages.models import Thread
from oms_web.domain.orders import labels
from oms_web.domain.shipping import claims
from oms_web.domain.webhooks import service as webhooks
from oms_web.flows import (
    order_edit,
    order_message,
    order_verify,
    own_shop,
    ship,
    stock_transfer,
)
from oms_web.flows.issue_document import issue_invoice
from oms_web.flows.order_in import take_in
from oms_web.jobs.worker import drain
from oms_web.paths import LOCALE
from oms_web.sync import quarantine
from tests import factories as make
from tests import paper
from tests.journeys.looking import DESK, PHONE, look, wide
from tests.screens.shelves import BLANKET, MUG, open_shop
from tests.sizes import size

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
# Parameters of what is not a screen: files, pictures.
OF_FILES = {"kind", "kind_of", "name", "filename"}
# Screens that are looked at with every example; two of each do for the others.
IN_EVERY_STATE = {"order_card.show"}
LONG = "Przedsiębiorstwo Produkcyjno-Handlowo-Usługowe „Świerk” Małgorzaty Szczebrzeszyńskiej"
TEXTS = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const kept = walker.currentNode.parentElement.closest(
      "script, style, pre, svg, kbd, [lang=en]");
    if (!kept && walker.currentNode.data.trim()) found.push(walker.currentNode.data.trim());
  }
  document.querySelectorAll("[title], [placeholder], [aria-label]").forEach((one) => found.push(
    ...["title", "placeholder", "aria-label"]
      .map((name) => one.getAttribute(name)).filter(Boolean)));
  return found;
}"""
# What the tests' owner is called.
NAMES = {"Owner"}
ENGLISH = re.compile(r"\b(the|and|with|are|not|has|from|you|this|which)\b")


@pytest.fixture
def full(oms, app, browser_as):
    """A shop with one of everything at least, and long names; examples by parameter."""
    shop = open_shop(oms.works)
    client = browser_as("owner")

    def post(address, **data):
        answer = client.post(address, data=data)
        assert answer.status_code == 303, (address, answer.get_data(as_text=True)[-600:])
        return int(re.search(r"(\d+)(?:\?.*)?$", answer.location)[1])

    with oms.works.writing(SYSTEM) as work:
        paper.company(work)
        work.session.execute(update(Product).values(vat_rate="23"))
        make.put(work, shop.ids[MUG], 40, location_id=shop.bins["A-02"])
        came = take_in(work, work.session.get_one(ChannelAccount, shop.account_id), [
            make.order("B1", {MUG: 2}, buyer_company=LONG, wants_invoice=True, carrier="InPost",
                       buyer_note="Proszę zapakować na prezent. " * 6),
            make.order("B2", [ChannelLine(line_ref="1", title=f"Kubek {LONG}", quantity=3, sku=MUG,
                                          offer_ref="of-mug", unit_price=Decimal(49))]),
            make.order("B3-" + "9" * 40, {MUG: 1}), make.order("B4", {MUG: 1}, state="unpaid"),
        ])
        # Everything that can be doubtful about an order stands on the last one.
        doubtful = take_in(work, work.session.get_one(ChannelAccount, shop.account_id), [
            make.order("B5", {MUG: 1}, placed_at=work.now, tax_id="1234567890", total=Decimal(9),
                       ship_to=Address(name=LONG, street="Kwiatowa", city="Kraków", country="PL",
                                       postcode="61-001", phone="12345"))]).order_ids[0]
        order_verify.doubt(work, doubtful, LONG)
        assert came.refused == []
        first, last = came.order_ids[0], came.order_ids[-1]
        order_edit.add_tag(work, first, "grawer na zamówienie, pilne")
        document = issue_invoice(work, first)[0].id
        status = labels.create_status(
            work, {"name": "Grawer: czeka na wzór", "phase": "open", "color": "#8B5CC7"}).id
        order_edit.set_status(work, last - 1, status)
        transfer = stock_transfer.start(work, shop.ldz, shop.gdy)
        stock_transfer.add(work, transfer, shop.ids[MUG], 2)
        left = ship.ship_order(work, came.order_ids[1])[0]
        claim = claims.write(work, left, claims.Asked("damaged", 1000, LONG))[0].id
        quarantine.put(work, shop.account_id, "order", "Z-1", '{"id": "Z-1"}' * 60,
                       "brak pozycji", field="lines")
        task = enqueue(work.session, "print_batch", "1", {"kind": "slip", "order_ids": [1]},
                       now=work.now, asked_by=1)
        waiting = work.session.scalar(select(quarantine.Quarantine.id))
        product = work.session.scalar(select(func.min(Product.id)))
        hook = webhooks.create(work, LONG[:80], "https://shop.example/" + "a" * 80, ["order"])[0].id
        written = _write(work, first)
        webhooks.note_try(work, hook, webhooks.Try("event", 1, "orders.hold", 500, 12, answer="x"))
    client.post("/pos/tills", data={"name": LONG[:40], "warehouse": shop.ldz})
    client.post("/pos/open", data={"change_money": "100"})
    basket, parked = post("/pos/scan", code=f"2*{MUG}"), post("/pos/scan", code=MUG)
    sale = post(f"/pos/{basket}/pay", key="k", shown="9800", method="card")
    walk = post("/picking/lists", order=[first])
    packing = post(f"/packing/orders/{last - 1}/open")
    receipt = post("/stock/receipts/new", warehouse=shop.ldz, partner=LONG)
    stocktake = post("/stock/stocktakes/new", warehouse=shop.ldz)
    text = b"SKU;Ilosc\n" + f"{MUG};5\n{BLANKET};1,5\n".encode()
    looked = client.post("/imports/new", data={
        "file": (io.BytesIO(text), "stany.csv"), "kind": "stock", "profile": "new"},
        content_type="multipart/form-data").location
    return {
        "looked": looked, "order_id": [first, doubtful, last, 10002, 10003],
        "account_id": [shop.account_id],
        "document_id": {"documents": [document], "corrections": [document], "receipts": [receipt],
                        "transfers": [transfer], "stocktakes": [stocktake],
                        "stock_documents": [receipt]},
        "listing_id": [shop.listings["of-new"]], "shipment_id": [packing, left], "list_id": [walk],
        "product_id": [product], "variant_id": [shop.ids[MUG]], "quarantine_id": [waiting],
        "status_id": [status], "tag_id": [1], "task_id": [task], "warehouse_id": [shop.ldz],
        "basket_id": [parked], "sale_id": [sale], "shift_id": [1],
        "claim_id": [claim], "user_id": [1], "webhook_id": [hook], "key": ["demo", "files"],
        **written,
    }


def _write(work, order_id):
    """A template, a message that came back, a thread, and the buyer's page, by parameter."""
    settings.change(work, {
        "host": "smtp.example.com", "port": 587, "security": "starttls",
        "from_address": "my@sklep.example", "public_url": "https://sklep.example",
        "page_days": 30})
    template = templates.create(work, {
        "kind": "email", "name": LONG[:80], "subject_pl": "Zamówienie {{order.number}}",
        "text_pl": "Stan: {{order.link}}", "subject_en": "Order", "text_en": "{{order.link}}"}).id
    messages.refuse_address(work, f"{'a' * 60}@example.test", ["550 5.1.1 nobody here", {}])
    message = order_message.write(work, order_id, template)
    account = work.session.scalar(select(func.min(ChannelAccount.id)))
    work.session.get_one(ChannelAccount, account).writing = "can"
    for number, text in enumerate((LONG, "a" * 900)):
        threads.take(work, account, threads.Heard(
            f"M{number}", "W1", work.now, text, author=LONG, files=[("b" * 200, "https://a.b/c")]))
    thread = work.session.scalar(select(func.min(Thread.id)))
    return {"template_id": [template], "message_id": [message], "thread_id": [thread],
            "token": [pages.link(work, order_id).rpartition("/")[2]]}


@pytest.fixture
def empty(oms, browser_as):
    """A shop as it is on its first day, and its owner."""
    owner = browser_as("owner")
    with oms.works.writing(SYSTEM) as work:
        own_shop.open_shop(work, "pl")
    drain(oms)
    return owner


def screens(app, client, examples):
    """The addresses of all screens, known by what is answered there: a whole page."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if "GET" not in rule.methods or rule.arguments & OF_FILES or rule.endpoint == "static":
                continue
            blueprint, kinds = rule.endpoint.partition(".")[0], [{}]
            for name in rule.arguments:
                known = examples.get(name, [])
                known = known.get(blueprint, []) if isinstance(known, dict) else known
                kinds = [{**kind, name: value} for kind in kinds for value in known]
            if rule.endpoint not in IN_EVERY_STATE:
                kinds = kinds[:size(2, len(kinds))]
            found += [app.url_for(rule.endpoint, **kind) for kind in kinds]
    return [one for one in found if is_screen(client.get(one))]


def is_screen(answer):
    return (answer.mimetype == "text/html" and answer.status_code == 200
            and "<html" in answer.get_data(as_text=True))


@pytest.fixture(scope="module")
def untranslated():
    """English texts that are said differently in Polish."""
    with (LOCALE / "pl" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalog = read_po(file, locale="pl")
    polish = {one.string for one in catalog}
    return {one.id for one in catalog
            if isinstance(one.id, str) and one.id and one.string != one.id} - polish - NAMES


def untold(page, where, untranslated):
    """What is said in English on a Polish page."""
    return [(where, "English", text) for text in page.evaluate(TEXTS)
            if text in untranslated or ENGLISH.search(text)]


def headed(page, where):
    """What is wrong with the page's title and its one heading."""
    title, headings = page.evaluate("[document.title, document.querySelectorAll('h1').length]")
    return [] if title.partition(" · ")[0] and headings == 1 else [(where, title, f"{headings} h1")]


def test_a_full_shop_in_polish(app, full, browser_as, open_page, untranslated):
    addresses = screens(app, browser_as("owner"), full)
    assert len(addresses) > 50
    page = open_page("owner", "pl")
    found = []
    for address in [*addresses, full["looked"]]:
        page.goto(address)
        found += look(page, address) + headed(page, address) + untold(page, address, untranslated)
        page.set_viewport_size(PHONE)
        found += wide(page, f"{address} on a phone")
        page.set_viewport_size(DESK)
    assert found == [], "\n".join(map(str, found))


def test_a_full_shop_in_english_in_the_dark(app, full, browser_as, open_page):
    addresses = screens(app, browser_as("owner"), full)
    page = open_page("owner", "en", size=(390, 844), scheme="dark")
    found = []
    for address in [*addresses[::size(3, 1)], full["looked"]]:
        page.goto(address)
        found += look(page, address, **CONTRAST)
        page.set_viewport_size(DESK)
        found += wide(page, f"{address} on a desk")
        page.set_viewport_size(PHONE)
    assert found == [], "\n".join(map(str, found))


def test_an_empty_shop(app, empty, open_page, untranslated):
    page = open_page("owner", "pl", size=(390, 844))
    found = []
    for address in screens(app, empty, {"key": ["files"]})[::size(3, 1)]:
        page.goto(address)
        found += look(page, address) + headed(page, address) + untold(page, address, untranslated)
        page.set_viewport_size(DESK)
        found += wide(page, f"{address} on a desk")
        page.set_viewport_size(PHONE)
    assert found == [], "\n".join(map(str, found))
