"""Writing to buyers on the screens: templates, sending by hand, what needs a person, their page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.messages import pages, service, settings, templates, wording
from oms_web.domain.messages.models import Message, MessageTemplate
from oms_web.domain.orders.models import Order
from oms_web.flows.issue_document import issue_invoice
from oms_web.flows.order_in import take_in
from oms_web.web import buyer_door
from tests import factories as make
from tests import paper
from tests.conftest import TESTER

MAIL = {"kind": "email", "name": "Wysłane", "subject_pl": "Zamówienie {{order.number}}",
        "text_pl": "Cześć <b>{{buyer.first_name}}</b>", "subject_en": "Order {{order.number}}",
        "text_en": "Hello {{buyer.first_name}}"}
SETTINGS = {"host": "smtp.example.com", "port": 587, "security": "starttls", "username": "me",
            "password": "tajne-haslo", "from_address": "my@sklep.example",
            "public_url": "https://sklep.example", "page_days": 30}


def text_of(answer):
    return answer.get_data(as_text=True)


@pytest.fixture
def shop(works):
    """Two orders, the first with an invoice; mail is set up."""
    account, _ = make.shop(works, {"A": 50})
    with works.writing(TESTER) as work:
        settings.change(work, SETTINGS)
        paper.company(work)
        first = paper.order(work, buyer_email="zaneta@example.test").id
        issue_invoice(work, first)
        known = work.session.get_one(ChannelAccount, account.id)
        other = take_in(work, known, [make.order("B1", {"A": 1})]).order_ids[0]
    return first, other


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


def one(works, model):
    with works.reading(TESTER) as work:
        return work.session.scalars(select(model)).one()


def test_a_template_is_written_tried_and_changed(owner, works, shop):
    wrong = owner.post("/messages/templates/new", data=MAIL | {"text_pl": "{{order.numer}}"})
    assert wrong.status_code == 422
    assert "Did you mean {{order.number}}?" in text_of(wrong)
    assert owner.post("/messages/templates/new", data=MAIL).status_code == 303
    row = one(works, MessageTemplate)
    part = owner.post("/messages/templates/preview", data=MAIL | {"order": str(shop[0])},
                      headers={"HX-Request": "true"})
    assert "Cześć &lt;b&gt;Żaneta&lt;/b&gt;" in text_of(part)
    assert "<html" not in text_of(part)
    sms = owner.post("/messages/templates/preview", data={
        "kind": "sms", "text_pl": "Zażółć", "order": str(shop[0])})
    assert "6 of 70 characters, UCS-2" in text_of(sms)
    assert owner.post(f"/messages/templates/{row.id}", data=MAIL | {"attach": "y"}
                      ).status_code == 303
    assert one(works, MessageTemplate).attach
    assert owner.post(f"/messages/templates/{row.id}/channels/1", data=MAIL | {
        "text_pl": "Z targu"}).status_code == 303
    assert "Targ" in text_of(owner.get(f"/messages/templates/{row.id}"))


def test_a_message_is_seen_before_it_is_sent_and_sent_once(owner, works, shop):
    with works.writing(TESTER) as work:
        template = templates.create(work, MAIL).id
    page = text_of(owner.get(f"/orders/{shop[0]}/message?template={template}"))
    assert f"Zamówienie {shop[0]}" in page
    key = re.search(r'name="key" value="(\w+)"', page)[1]
    for _ in range(2):
        answer = owner.post(f"/orders/{shop[0]}/message", data={"template": template, "key": key})
        assert answer.status_code == 303
    row = one(works, Message)
    assert (row.state, row.by_name) == ("waiting", "Owner")
    assert "Wysłane" in text_of(owner.get(f"/orders/{shop[0]}"))
    assert "zaneta@example.test" in text_of(owner.get("/messages"))
    assert owner.post(f"/messages/{row.id}/drop").status_code == 303
    assert one(works, Message).state == "dropped"
    assert owner.post(f"/messages/{row.id}/settle").status_code == 409


def test_who_has_no_template_writes_in_their_own_words(owner, works, shop):
    """Fields are filled in; what cannot be sent is refused; sent twice is sent once."""
    at = f"/orders/{shop[0]}/message"
    shown = text_of(owner.get(at))
    for there in ("In your own words", 'href="/messages/templates"', 'href="/messages/sending"'):
        assert there in shown
    own = {"subject": "Zamówienie {{order.number}}", "text": "Dzień dobry,\nkolor?", "key": "k1"}
    for wrong in ({"subject": ""}, {"text": " "}, {"text": "{{order.numer}}"},
                  {"subject": "x" * 201}):
        answer = owner.post(f"{at}/own", data=own | wrong)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in text_of(answer)
    for _ in range(2):
        assert owner.post(f"{at}/own", data=own).status_code == 303
    sent = one(works, Message)
    assert (sent.subject, sent.text) == (f"Zamówienie {shop[0]}", own["text"])
    assert (sent.recipient, sent.template_id) == ("zaneta@example.test", None)


def test_the_template_that_suits_the_order_is_offered_first(owner, works, shop):
    for name, text in (("A bill", "{{document.number}}"), ("B parcel", "{{tracking.number}}"),
                       ("C reminder", "{{order.to_pay}}"), ("D hello", "{{buyer.name}}")):
        owner.post("/messages/templates/new", data=MAIL | {
            "name": name, "text_pl": text, "text_en": text})

    def offered(**values):
        with works.writing(TESTER) as work:
            work.session.execute(update(Order).where(Order.id == shop[1]).values(**values))
        return re.search(r"selected>(\w)", text_of(owner.get(f"/orders/{shop[1]}/message")))[1]

    assert offered(payment_state="paid") == "D"
    assert offered(payment_state="unpaid") == "C"
    assert offered(phase="shipped") == "B"
    assert offered(phase="done", is_documented=True) == "A"


def test_the_password_is_never_shown_and_not_sent_in_the_clear(owner, works):
    page = text_of(owner.get("/messages/sending"))
    assert "smtp.example.com" in page
    assert "tajne-haslo" not in page
    with works.reading(TESTER) as work:
        row = settings.get(work.session)
        assert b"tajne-haslo" not in row.secret
        assert settings.server(work, row).password == "tajne-haslo"
    clear = owner.post("/messages/sending", data=SETTINGS | {"security": "none", "password": ""})
    assert clear.status_code == 422
    assert "not sent in the clear" in text_of(clear)


def test_a_gateway_is_connected_without_what_is_for_shops(owner, works):
    page = text_of(owner.get("/channels/new/smsapi"))
    assert "API token" in page
    assert "Buffer" not in page
    assert owner.post("/channels/new/smsapi", data={
        "name": "SMSAPI", "s_url": "https://api.smsapi.pl", "s_token": "tajny-token"}
    ).status_code == 303
    assert "SMS go by SMSAPI" in text_of(owner.get("/messages/sending"))
    with works.writing(TESTER) as work:
        template = templates.create(work, MAIL).id
    assert "SMSAPI" not in text_of(owner.get(f"/messages/templates/{template}"))


def test_buyers_who_were_not_told_wait_on_the_first_page(owner, works, shop):
    with works.writing(TESTER) as work:
        service.put(work, "email", "", wording.Rendered("pl", "T", "x"), name="Wysłane",
                    order_id=shop[0])
    assert "Messages that did not reach buyers" in text_of(owner.get("/"))


def test_readers_see_and_do_nothing(shop, browser_as):
    reader, sales = browser_as("reader"), browser_as("sales")
    assert reader.get("/messages").status_code == 200
    assert reader.get(f"/orders/{shop[0]}/message").status_code == 403
    assert sales.get(f"/orders/{shop[0]}/message").status_code == 200
    assert sales.get("/messages/sending").status_code == 403


# The buyer's page --------------------------------------------------------------------------------


@pytest.fixture
def token(works, shop, monkeypatch):
    """The key to the first order's page."""
    monkeypatch.setattr(buyer_door, "_gate", buyer_door.Gate())
    with works.writing(SYSTEM) as work:
        return pages.link(work, shop[0]).rpartition("/")[2]


def test_the_page_says_how_the_order_is_and_nothing_about_the_buyer(app, works, shop, token):
    visitor = app.test_client()
    answer = visitor.get(f"/o/{token}", headers={"Accept-Language": "en"})
    page = text_of(answer)
    assert answer.status_code == 200
    assert "We are getting your order ready" in page
    assert "3 × Kubek" in page
    for private in ("Żaneta", "Gęsia", "600 100 200", "zaneta@example.test", "Targ"):
        assert private not in page
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert "<script" not in page
    # A browser that asks for neither language gets that of the order's country.
    assert '<html lang="pl"' in text_of(visitor.get(f"/o/{token}",
                                                    headers={"Accept-Language": "de"}))


def test_only_this_orders_documents_and_only_while_the_page_is_open(app, works, shop, token, oms):
    visitor = app.test_client()
    with works.writing(TESTER) as work:
        theirs = issue_invoice(work, paper.order(work).id)[0].id
    oms.__dict__["printing"] = type("P", (), {"for_buyer": staticmethod(lambda one: b"%PDF")})
    mine = int(re.search(rf"/o/{token}/documents/(\d+)", text_of(visitor.get(f"/o/{token}")))[1])
    assert visitor.get(f"/o/{token}/documents/{mine}").data == b"%PDF"
    assert visitor.get(f"/o/{token}/documents/{theirs}").status_code == 404
    assert visitor.get(f"/o/{token[:-1]}").status_code == 404
    with works.writing(TESTER) as work:
        work.session.execute(update(Order).where(Order.id == shop[0]).values(
            phase="done", closed_at=work.now - timedelta(days=31)))
    over, unknown = visitor.get(f"/o/{token}"), visitor.get("/o/zzz")
    assert over.status_code == unknown.status_code == 404
    assert over.data == unknown.data
    assert visitor.get(f"/o/{token}/documents/{mine}").status_code == 404


def test_who_guesses_is_slowed_down_and_who_knows_is_not(app, token):
    visitor = app.test_client()
    assert {visitor.get(f"/o/{token}").status_code for _ in range(40)} == {200}
    answers = [visitor.get(f"/o/guess{n}").status_code for n in range(31)]
    assert answers == [404] * 30 + [429]
    slow = visitor.get(f"/o/{token}")
    assert (slow.status_code, slow.headers["Retry-After"]) == (429, "60")


def test_an_address_in_wrong_hands_is_exchanged(owner, app, shop, token):
    assert owner.post(f"/orders/{shop[0]}/page", data={"exchange": "1"}).status_code == 303
    assert app.test_client().get(f"/o/{token}").status_code == 404
    page = text_of(owner.get(f"/orders/{shop[0]}"))
    fresh = re.search(r"https://sklep\.example/o/([\w-]+)", page)[1]
    assert app.test_client().get(f"/o/{fresh}").status_code == 200
