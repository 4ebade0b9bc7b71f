"""What buyers see after the sale: what may be done, the whole truth of a case, one language."""

from __future__ import annotations

import html
import re
from itertools import pairwise

import pytest
from babel.messages.pofile import read_po
from sqlalchemy import func, select, update

from oms_web.core.clock import local_day
from oms_web.domain.audit import service as audit
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.company.models import Company
from oms_web.domain.documents.models import Document
from oms_web.domain.messages import pages, values
from oms_web.domain.messages.models import Message, MessageSettings
from oms_web.domain.orders import labels
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.taking import Position
from oms_web.domain.payments import refunds, requests
from oms_web.domain.payments import service as payments
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.refunds import Asked
from oms_web.domain.returns import correcting, exchange_facts, progress, service, tracks
from oms_web.domain.returns.exchange import Standing
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.flows import (
    correct_document,
    order_pay,
    return_bench,
    return_case,
    return_exchange,
    return_portal,
    return_refund,
)
from oms_web.flows.issue_document import issue_invoice
from oms_web.flows.return_exchange import Terms
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.paths import LOCALE
from oms_web.web import buyer_door, buyer_words, order_timeline, return_card
from tests import paper
from tests.after_sale import AfterSale
from tests.conftest import TESTER

EN, PL = {"Accept-Language": "en"}, {"Accept-Language": "pl"}
ACCOUNT = "PL61109010140000071219812874"


@pytest.fixture
def shop(oms, monkeypatch):
    monkeypatch.setattr(buyer_door, "_desk", buyer_door.Gate(1000))
    monkeypatch.setattr(buyer_door, "_gate", buyer_door.Gate())
    made = AfterSale(oms, delivered=True)
    made.cup, made.tea = made.lines()["CUP"], made.lines()["TEA"]
    with made.works.writing(TESTER) as work:
        made.token = pages.link(work, made.order_id).rpartition("/")[2]
    return made


@pytest.fixture
def buyer(shop, app):
    return app.test_client()


def text_of(answer):
    return html.unescape(answer.get_data(as_text=True))


def see(shop, buyer, path="", headers=EN):
    return text_of(buyer.get(f"/o/{shop.token}{path}", headers=headers))


def hidden(page, name):
    return re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1]


def declare(shop, buyer, path="/withdraw", **units):
    form = see(shop, buyer, path)
    said = {"key": hidden(form, "key"), "name": "", "email": "", **units}
    review = text_of(buyer.post(f"/o/{shop.token}{path}", data=said, headers=EN))
    said |= dict(re.findall(r'name="(unit-\d+)" value="(\d+)"', review))
    done = buyer.post(f"/o/{shop.token}/withdraw/confirm", data=said, headers=EN)
    return review, text_of(buyer.get(done.location, headers=EN))


def cases(shop):
    with shop.works.reading(TESTER) as work:
        return work.session.scalars(select(Return).order_by(Return.id)).all()


def pay_back(shop, case_id, units, **values):
    [refund] = shop.do(return_refund.ask, case_id, Wish(units, **values.pop("wish", {})),
                       "transfer", f"r{case_id}", account=ACCOUNT, **values)
    for act in ("approve", "done"):
        shop.do(return_refund.act, refund.id, act)
    return refund


def test_what_came_back_is_not_offered_and_nothing_left_is_said(shop, buyer, browser_as):
    declare(shop, buyer, **{f"unit-{shop.tea}": "1"})
    [case] = cases(shop)
    form = see(shop, buyer, "/withdraw")
    assert f'name="unit-{shop.cup}"' in form
    assert f'name="unit-{shop.tea}"' not in form
    assert case.number in form
    review, done = declare(shop, buyer)  # none chosen: all that is left
    assert "3 × Kubek" in review
    assert "Herbata" not in review + done
    page = see(shop, buyer, "/withdraw")
    assert "Nothing of this order is left to withdraw from" in page
    assert "<form" not in page
    review, done = declare(shop, buyer, "/withdraw?anyway=1")
    assert "We have recorded your statement" in done
    assert "Put this into the parcel" not in done
    assert len(cases(shop)) == 2
    card = text_of(browser_as("owner").get(f"/returns/{cases(shop)[-1].id}"))
    assert "no second case, no second term" in card
    assert "3 × Kubek" in card


def test_goods_made_to_order_say_why_and_may_still_be_asked_for(shop, buyer, browser_as):
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(OrderLine).where(OrderLine.id == shop.tea)
                             .values(no_withdrawal="custom"))
    form = see(shop, buyer, "/withdraw")
    assert "made or personalised for you" in form
    assert f'name="unit-{shop.tea}"' not in form
    assert f'name="unit-{shop.tea}"' in see(shop, buyer, "/return")
    shop.do(return_portal.withdraw, return_portal.Declared(
        "Anna", "anna@example.test", "", "k", shop.order_id, {shop.tea: 1}))
    card = text_of(browser_as("owner").get(f"/returns/{cases(shop)[0].id}"))
    assert "The law knows no withdrawal from its goods" in card
    assert "not known here" not in card


def test_nothing_is_chosen_for_the_buyer_and_an_account_only_where_it_helps(shop, buyer):
    form = see(shop, buyer, "/return")
    why = re.search(r'<select[^>]*name="reason_code".*?</select>', form, re.S)[0]
    assert re.search(r'<option[^>]*value="([^"]*)"', why)[1] == ""
    assert "I changed my mind" in why
    assert "Changed their mind" not in form
    assert 'name="account"' not in form + see(shop, buyer, "/withdraw")  # it was paid by BLIK
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Order).values(payment_kind="cod"))
    for path in ("/return", "/withdraw"):
        form = see(shop, buyer, path)
        assert 'name="account"' in form
        wrong = buyer.post(f"/o/{shop.token}{path}", headers=EN, data={
            "key": hidden(form, "key"), "kind": "return", "reason_code": "", "wish": "",
            "account": "1", f"unit-{shop.cup}": "1"})
        assert (wrong.status_code, "account number is not right" in text_of(wrong)) == (422, True)
    said = {"key": hidden(form, "key"), "account": ACCOUNT[2:], f"unit-{shop.cup}": "1"}
    buyer.post(f"/o/{shop.token}/withdraw/confirm", data=said, headers=EN)
    assert cases(shop)[0].bank_account == ACCOUNT


def test_a_case_tells_all_of_it_at_each_turn(shop, buyer):
    with shop.works.writing(TESTER) as work:
        paper.company(work)
        for line in work.session.scalars(select(OrderLine)):
            line.vat_rate = line.vat_rate or "23"
        issue_invoice(work, shop.order_id)
    declare(shop, buyer, **{f"unit-{shop.cup}": "2"})
    [case] = cases(shop)
    path = f"/cases/{case.id}"
    page = see(shop, buyer, path)
    for part in ("Stated on", "Send it back by", "We pay back by", "Put this into the parcel",
                 "2 × Kubek"):
        assert part in page
    assert "Your money" not in page
    if case.phase == "new":
        shop.do(return_case.decide, case.id, "accept")
    shop.do(return_bench.arrive, case.id)
    page = see(shop, buyer, path)
    assert "Arrived on" in page
    assert "Put this into the parcel" not in page
    refund = pay_back(shop, case.id, {shop.cup: 2}, wish={"wear": {shop.cup: 777}},
                      told="Rysa na denku.")
    with shop.works.writing(TESTER) as work:
        done = work.session.get_one(Refund, refund.id)
        correct_document.correct_invoice(work, *correcting.wanted(work.session, done))
        paper_id = work.session.scalar(select(Document.id).where(Document.kind == "correction"))
    page = see(shop, buyer, path)
    for part in ("paid back on", "53.34", "61.11", "taken off for use: Kubek",
                 "lost value", "Rysa na denku.", "ends with 2874", "by bank transfer",
                 f"/o/{shop.token}/documents/{paper_id}"):
        assert part in page, part
    assert ACCOUNT not in page
    assert "paid back" in see(shop, buyer)
    assert "Put this into the parcel" not in page
    assert "Send it back by" not in page


def test_of_what_did_not_come_the_buyer_is_told_line_by_line_and_where_to_send_it(shop, buyer):
    declare(shop, buyer)
    [case] = cases(shop)
    with shop.works.reading(TESTER) as work:
        ids = {one.order_line_id: one.id for one in service.lines_of(work.session, case.id)}
    shop.do(return_bench.arrive, case.id)
    shop.do(return_bench.judge, case.id, Judgement(ids[shop.tea], "A", "restock", "t"))
    shop.do(return_bench.rest_missing, case.id, "paczka lżejsza")
    pay_back(shop, case.id, {shop.tea: 1})
    page = " ".join(see(shop, buyer, f"/cases/{case.id}").split())
    assert "We have paid back for what came. The rest is paid once it arrives" in page
    assert "nothing more for you to do" not in page
    assert "with us, checked" not in page
    assert re.search(r"1 × Herbata[^<]*<br><span class=\"hint\">arrived<", page)
    assert re.search(r"3 × Kubek[^<]*<br><span class=\"hint bad\">did not arrive<", page)
    slip = page.partition("Put this into the parcel")[2]
    assert "3 × Kubek" in slip
    assert "Herbata" not in slip


def test_a_refusal_says_why_and_a_plan_is_not_shown_before_it_is_approved(shop, buyer):
    case, _ = shop.do(return_portal.request, shop.order_id, Opening(
        "return", source="buyer", lines={shop.tea: 1}, form_key="r"), "pl")
    shop.do(return_refund.ask, case.id, Wish({shop.tea: 1}), "transfer", "r", account=ACCOUNT)
    page = see(shop, buyer, f"/cases/{case.id}")
    assert "preparing your money" in page
    assert "18.33" not in page
    other, _ = shop.do(return_portal.request, shop.order_id, Opening(
        "return", source="buyer", lines={shop.cup: 1}, form_key="q"), "pl")
    shop.do(return_case.decide, other.id, "refuse", "Folia rozcięta")
    page = see(shop, buyer, f"/cases/{other.id}")
    assert "We have refused" in page
    assert "Folia rozcięta" in page
    assert "Put this into the parcel" not in page


def test_every_standing_has_its_words():
    found = {progress.next_of(kind, phase, goods, money, outcome, approved=approved, swap=swap,
                              short=short, delivery=delivery, owed=owed)
             for owed in (False, True) for delivery in (False, True)
             for approved in (False, True) for short in (False, True)
             for swap in ("", *progress.SWAPS)
             for kind in ("return", "exchange", "withdrawal", "complaint")
             for phase in tracks.PHASES for goods in tracks.GOODS for money in tracks.MONEY
             for outcome in ("", "repair", "replace", "reduce", "refund")}
    assert found == set(progress.NEXT) == set(buyer_words.NEXT)


@pytest.mark.parametrize(("case", "told"), [
    (("withdrawal", "accepted", "expected", "none"), "send"),
    (("withdrawal", "accepted", "judged", "refunded"), "paid"),
    (("withdrawal", "accepted", "expected", "refunded"), "paid_send"),
    (("withdrawal", "closed", "expected", "refunded"), "paid"),
    (("return", "accepted", "arrived", "sent"), "judge"),
    (("return", "refused", "expected", "none"), "refused"),
    (("withdrawal", "accepted", "expected", "planned"), "paying"),
    (("withdrawal", "accepted", "expected", "unknown"), "unsure"),
    (("complaint", "new", "none", "none"), "answer"),
    (("complaint", "accepted", "none", "none", "repair"), "repair"),
])
def test_nobody_is_asked_to_send_what_came_or_was_refused(case, told):
    assert progress.next_of(*case) == told


@pytest.mark.parametrize(("money", "sends"), [
    ("none", True), ("planned", True), ("sent", True), ("unknown", True), ("refunded", True)])
def test_goods_are_sent_back_whatever_the_money_does(money, sends):
    for phase, goods, still in (("accepted", "expected", sends), ("accepted", "on_way", False),
                                ("off", "expected", False), ("closed", "expected", False)):
        found = progress.next_of("withdrawal", phase, goods, money)
        assert progress.to_send(phase, goods, found) is still


@pytest.mark.parametrize(("owes", "held", "left", "goods", "told"), [
    (True, True, False, "expected", "swap_both"), (True, False, False, "expected", "swap_pay"),
    (True, True, False, "judged", "swap_decide"), (False, True, False, "on_way", "swap_wait"),
    (False, True, False, "judged", "swap_decide"), (False, False, False, "judged", "swap_ready"),
    (False, False, True, "expected", "swap_send"), (False, False, True, "judged", "swapped"),
])
def test_an_exchange_says_what_it_waits_for(owes, held, left, goods, told):
    now = Standing(1, 100, 50, 0, 0, 50 if owes else 0, owes, left, cancelled=False)
    assert progress.of_swap(now, goods, held=held) == told


def test_money_that_is_under_way_hides_no_address_and_is_told_as_it_is(shop, buyer):
    declare(shop, buyer, **{f"unit-{shop.cup}": "1"})
    [case] = cases(shop)
    [refund] = shop.do(return_refund.ask, case.id, Wish({shop.cup: 1}), "transfer", "r",
                       account=ACCOUNT)
    for act, headline, row in (
            ("", "preparing your money", ""),
            ("approve", "approved. It has not gone", "approved, not gone yet"),
            ("send", "Your money is being sent", "being sent"),
            ("lose", "finding out whether", "being looked into"),
            ("done", "We have paid back already", "paid back on")):
        if act:
            shop.do(return_refund.act, refund.id, act)
        page = see(shop, buyer, f"/cases/{case.id}")
        for part in (headline, row, "Put this into the parcel", "Send it back by"):
            assert part in page, (act, part)


def test_after_money_went_a_statement_still_gives_delivery_and_that_is_said(shop, buyer, browser_as,
                                                                            monkeypatch):
    case, _ = shop.do(return_portal.request, shop.order_id, Opening(
        "return", source="buyer", lines={shop.cup: 3, shop.tea: 1}, form_key="r"), "pl")
    pay_back(shop, case.id, {shop.cup: 3})
    shop.do(return_refund.ask, case.id, Wish({shop.tea: 1}), "transfer", "again", account=ACCOUNT)
    with shop.works.reading(TESTER) as work:
        rest = work.session.scalars(select(Refund).where(Refund.state == "planned")).one()
    for act in ("approve", "done"):
        shop.do(return_refund.act, rest.id, act)
    page = see(shop, buyer, "/withdraw")
    assert f"These goods are in a case already: {case.number}" in page
    assert "the cost of delivery goes back to you, too" in page
    assert "Nothing of this order is left" not in page
    declare(shop, buyer, "/withdraw?anyway=1")
    assert "The cost of delivery is still to follow" in see(shop, buyer, f"/cases/{case.id}")
    with shop.works.writing(TESTER) as work:
        audit.record(work, "returns.change", "return", case.id, note="A stored sentence.")
    monkeypatch.setattr(return_card, "translated", lambda text: f"«{text}»" if text else "")
    assert "«A stored sentence.»" in text_of(browser_as("owner").get(f"/returns/{case.id}"))


def test_a_letter_in_fixed_words_is_called_in_the_readers_words(shop, app):
    wrote = AuditEntry(at=shop.works.clock(), actor_kind="system", actor_name="system",
                       act="messages.write", change={"template": [None, "case link"]})
    with app.test_request_context(headers=EN):
        [line] = order_timeline.lines([wrote], "PLN")
    assert line.text == "Written to the buyer: Link to a return or complaint"


def test_all_of_it_names_also_what_is_in_a_return_and_is_answered_by_a_page_of_its_own(shop, buyer):
    case, _ = shop.do(return_portal.request, shop.order_id, Opening(
        "return", source="buyer", lines={shop.tea: 1}, form_key="r"), "pl")
    form = see(shop, buyer, "/withdraw")
    assert f'name="unit-{shop.tea}"' in form
    said = {"key": hidden(form, "key"), "name": "", "email": ""}
    review = buyer.post(f"/o/{shop.token}/withdraw", data=said, headers=EN)
    assert review.headers["Cache-Control"] == buyer_door.GOES_BACK  # back from the end comes here
    review = text_of(review)
    assert "1 × Herbata" in review
    said |= dict(re.findall(r'name="(unit-\d+)" value="(\d+)"', review))
    done, again = (buyer.post(f"/o/{shop.token}/withdraw/confirm", data=said, headers=EN)
                   for _ in range(2))
    assert (done.status_code, done.location) == (303, again.location)
    page = text_of(buyer.get(done.location, headers=EN))
    for part in ("You have withdrawn", "1 × Herbata", f"withdrawal now, too: {case.number}"):
        assert part in page
    assert [one.kind for one in cases(shop)] == ["withdrawal", "withdrawal"]
    with shop.works.reading(TESTER) as work:
        assert work.session.scalar(select(func.count()).select_from(Message).where(
            Message.text.contains("SHA-256"))) == 1
    digest = done.location.rpartition("/")[2]
    assert buyer.get(f"/o/{shop.token}/withdraw/{'0' * 64}").status_code == 404
    assert text_of(buyer.get(f"/withdraw/{digest}", headers=EN)).count("Herbata") == 0


def test_an_account_is_asked_for_where_money_waits_for_it_and_only_then(shop, buyer, browser_as):
    declare(shop, buyer, **{f"unit-{shop.cup}": "1"})
    [case] = cases(shop)
    path = f"/cases/{case.id}"
    post = f"/o/{shop.token}{path}/account"
    assert 'name="account"' not in see(shop, buyer, path)  # it goes back as it was paid
    buyer.post(post, data={"account": ACCOUNT}, headers=EN)
    assert cases(shop)[0].bank_account == ""
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Order).values(payment_kind="cod"))
    assert 'name="account"' in see(shop, buyer, path)
    wrong = buyer.post(post, data={"account": "PL12"}, headers=EN)
    assert wrong.headers["Cache-Control"] == buyer_door.GOES_BACK  # its page is gone back to
    assert (wrong.status_code, "account number is not right" in text_of(wrong)) == (422, True)
    assert buyer.post(post, data={"account": ACCOUNT[2:]}, headers=EN).status_code == 303
    assert cases(shop)[0].bank_account == ACCOUNT
    assert 'name="account"' not in see(shop, buyer, path)
    buyer.post(post, data={"account": "DE89370400440532013000"}, headers=EN)
    assert cases(shop)[0].bank_account == ACCOUNT
    with shop.works.reading(TESTER) as work:
        assert work.session.scalar(select(AuditEntry.actor_name).where(
            AuditEntry.act == "returns.change", AuditEntry.subject_id == case.id)) == "buyer"
    card = text_of(browser_as("owner").get(f"/returns/{case.id}", headers=EN))
    assert re.search(rf"{ACCOUNT}[^.]{{0,200}}Buyer\b", re.sub(r"<[^>]+>|\s+", " ", card))


def test_what_a_cheaper_exchange_gives_back_has_an_account_and_an_end(shop, buyer):
    case, _ = shop.do(return_portal.request, shop.order_id, Opening(
        "exchange", source="buyer", lines={shop.cup: 1}, form_key="x"), "pl")
    shop.do(return_exchange.exchange, case.id, [Position(shop.ids["TEA"], 1, 10_000_000)],
            Terms(waits="towar"))
    path = f"/cases/{case.id}"
    page = see(shop, buyer, path)
    for part in ("leaves once the goods you send back", "We pay back to you", "20.55",
                 'name="account"', "Put this into the parcel"):
        assert part in page
    buyer.post(f"/o/{shop.token}{path}/account", data={"account": ACCOUNT}, headers=EN)
    with shop.works.reading(TESTER) as work:
        [rest] = work.session.scalars(select(Refund).where(Refund.method == "transfer"))
        assert rest.bank_account == ACCOUNT
    for act in ("approve", "done"):
        shop.do(return_refund.act, rest.id, act)
    page = see(shop, buyer, path)
    assert "We have paid back to you" in page
    assert "We pay back to you" not in page
    assert "paid back on" in page


def test_nobody_is_asked_to_pay_for_an_exchange_that_is_not_decided(shop, buyer, monkeypatch):
    case, _ = shop.do(return_portal.request, shop.order_id, Opening(
        "exchange", source="buyer", lines={shop.tea: 1}, form_key="x"), "pl")
    new, _ = shop.do(return_exchange.exchange, case.id, [Position(shop.ids["TEA"], 1, 990_000_000)],
                     Terms(waits="towar"))
    monkeypatch.setattr(requests, "open_link", lambda *_: "https://pay.example.test/1")
    monkeypatch.setattr(requests, "is_open", lambda *_: True)
    with shop.works.writing(TESTER) as work:
        key = pages.link(work, new.id).rpartition("/")[2]
    both = [f"/o/{shop.token}/cases/{case.id}", f"/o/{key}"]
    assert all("pay.example.test" in text_of(buyer.get(one, headers=EN)) for one in both)
    with shop.works.reading(TESTER) as work:
        [line] = service.lines_of(work.session, case.id)
    shop.do(return_bench.arrive, case.id)
    shop.do(return_bench.judge, case.id, Judgement(line.id, "C", "quarantine", "t"))
    told = [text_of(buyer.get(one, headers=EN)) for one in both]
    assert not any("pay.example.test" in one for one in told)
    assert "We are deciding how it goes on" in told[0]
    assert "You need not pay before we have decided" in told[0]


def test_a_mailed_link_of_an_exchange_leads_to_the_provider_only_while_it_is_to_be_paid(
        shop, buyer, browser_as, monkeypatch):
    """Nobody pays for nothing; and where money comes all the same, both sides read what becomes of
    it.
    """
    case, _ = shop.do(return_portal.request, shop.order_id, Opening(
        "exchange", source="buyer", lines={shop.tea: 1}, form_key="x"), "pl")
    new, _ = shop.do(return_exchange.exchange, case.id, [Position(shop.ids["TEA"], 1, 990_000_000)],
                     Terms(waits="towar"))
    monkeypatch.setattr(requests, "open_link", lambda *_: "https://pay.example.test/1")
    monkeypatch.setattr(requests, "is_open", lambda *_: True)
    page = f"/o/{shop.token}/cases/{case.id}"

    def letter():
        with shop.works.reading(TESTER) as work:
            return values.gather(work.session, work.session.get_one(Order, shop.order_id),
                                 ["exchange.link"], "en", f"/o/{shop.token}",
                                 service.get(work.session, case.id))["exchange.link"]

    assert letter() == f"{page}/pay"
    assert buyer.get(f"{page}/pay").location == "https://pay.example.test/1"
    assert buyer.get(f"/o/x/cases/{case.id}/pay").status_code == 404
    with shop.works.reading(TESTER) as work:
        [line] = service.lines_of(work.session, case.id)
    shop.do(return_bench.judge, case.id, Judgement(line.id, "C", "quarantine", "t"))
    assert letter() == ""
    assert "You need not pay before we have decided" in text_of(
        buyer.get(f"{page}/pay", headers=EN))
    shop.do(order_pay.record, new.id, 100, "przelew", shop.works.clock(), "p1")
    owner = browser_as("owner")
    assert "The buyer has paid already" in text_of(owner.get(f"/returns/{case.id}"))
    shop.do(return_exchange.call_off, case.id, "nie nadaje się")
    told = text_of(buyer.get(f"{page}/pay", headers=EN))
    assert "This exchange was called off. Do not pay for it." in told
    with shop.works.writing(TESTER) as work:  # the provider tells of it afterwards
        payments.record_new(work, orders.lock_order(work.session, new.id), [{
            "at": work.now, "amount": 400, "currency": "PLN", "method": "BLIK", "source": "pay:1",
            "reference": "late", "stated": False}])
    assert f"PLN5.00 that you paid for order {new.id} goes back" in text_of(
        buyer.get(page, headers=EN)).replace("PLN 5.00", "PLN5.00").replace("\xa0", "")
    shown = text_of(owner.get(f"/returns/{case.id}"))
    assert ("5.00" in shown, "It has to go back to the buyer" in shown) == (True, True)


def test_who_withdrew_from_an_exchange_is_not_asked_to_pay_for_it(shop, buyer, monkeypatch):
    case, _ = shop.do(return_portal.request, shop.order_id, Opening(
        "exchange", source="buyer", lines={shop.tea: 1}, form_key="x"), "pl")
    shop.do(return_exchange.exchange, case.id, [Position(shop.ids["TEA"], 1, 990_000_000)],
            Terms(waits="towar"))
    monkeypatch.setattr(requests, "open_link", lambda *_: "https://pay.example.test/1")
    monkeypatch.setattr(requests, "is_open", lambda *_: True)
    shop.do(return_portal.withdraw, return_portal.Declared(
        "Anna", "anna@example.test", "", "k", shop.order_id))  # of all: the statement is there, too
    told = see(shop, buyer, f"/cases/{case.id}/pay")
    assert ("You need not pay before we have decided" in told, "pay.example.test" in told) == (
        True, False)
    assert "once the difference is paid" not in told
    shop.do(return_exchange.withdraw, case.id)
    assert "Do not pay for it" in see(shop, buyer, f"/cases/{case.id}/pay")


def test_what_an_exchange_holds_is_withdrawn_from_by_the_door_of_its_order_once(shop, buyer):
    """The new order is made, the first goods are still the buyer's."""
    case, _ = shop.do(return_portal.request, shop.order_id, Opening(
        "exchange", source="buyer", lines={shop.cup: 2}, form_key="x"), "pl")
    shop.do(return_exchange.exchange, case.id, [Position(shop.ids["TEA"], 1, 10_000_000)])
    form = see(shop, buyer, "/withdraw")
    assert (re.findall(r'name="unit-(\d+)"[^>]*max="(\d)"', form), "paid back" in form) == (
        [(str(shop.cup), "3"), (str(shop.tea), "1")], False)
    review, done = declare(shop, buyer, **{f"unit-{shop.cup}": "3"})
    assert "3 × Kubek" in review
    assert "3 × Kubek" in done
    with shop.works.reading(TESTER) as work:
        [own, exchange] = [exchange_facts.withdrew(work.session, one) for one in cases(shop)][::-1]
        assert (own, exchange.content["held"]) == (None, [[shop.cup, 2]])
    assert re.findall(r'name="unit-(\d+)"', see(shop, buyer, "/withdraw")) == [str(shop.tea)]


def test_a_withdrawal_paid_back_in_part_says_so_to_all(shop, buyer, browser_as):
    declare(shop, buyer, **{f"unit-{shop.cup}": "2"})
    [case] = cases(shop)
    pay_back(shop, case.id, {shop.cup: 1})
    page = see(shop, buyer, f"/cases/{case.id}")
    for part in ("paid back a part of your money", "We pay back by", "send them back"):
        assert part in page
    assert "We have paid back already" not in page
    owner = browser_as("owner")
    card, queue = (text_of(owner.get(path, headers=EN))
                   for path in (f"/returns/{case.id}", "/returns?view=money"))
    assert re.search(r'class="now"[^>]*>(?:(?!</li>).)*Paid back in part', card, re.S)
    row = queue.partition(f'id="case-{case.id}"')[2]
    assert ("Pay back by" in row, "paid back in part" in row) == (True, True)
    shop.do(return_refund.ask, case.id, Wish({shop.cup: 1}), "transfer", "rest", account=ACCOUNT)
    assert "in part" not in text_of(owner.get(f"/returns/{case.id}", headers=EN))


def test_money_back_without_a_case_stands_on_the_page_of_the_order(shop, buyer):
    with shop.works.writing(TESTER) as work:
        order = work.session.get_one(Order, shop.order_id)
        refund, _ = refunds.ask(work, order, Asked("x", 500, "cash"))
    assert "Money back to you" not in see(shop, buyer)
    for act in ("approve", "done"):
        shop.do(return_refund.act, refund.id, act)
    page = see(shop, buyer)
    for part in ("Money back to you", "5.00", "paid back on", "in cash"):
        assert part in page


def test_a_buyer_chooses_the_language_and_it_stays(shop, buyer):
    assert 'href="?lang=pl"' in see(shop, buyer)
    assert '<html lang="pl"' in see(shop, buyer, "?lang=pl")
    page = buyer.get(f"/o/{shop.token}/return", headers=EN)
    assert '<html lang="pl"' in text_of(page)
    assert "noindex" in page.headers["X-Robots-Tag"]


def _polish():
    """What a page says in Polish: a letter that only Polish has, or a whole translation."""
    with (LOCALE / "pl" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file)
    english = {one.id for one in catalogue if isinstance(one.id, str)}
    words = sorted({one.string for one in catalogue if isinstance(one.string, str)
                    and len(one.string) > 5 and "%(" not in one.string} - english)
    return re.compile(rf"[ąćęłńśźż]|>\s*(?:{'|'.join(re.escape(one) for one in words)})\s*<")


def test_a_page_in_english_has_no_polish_word_in_any_state(shop, buyer):
    with shop.works.writing(TESTER) as work:
        status = labels.create_status(work, {
            "name": "U celu", "buyer_name": "Doręczono już", "buyer_name_en": "",
            "phase": "done", "color": "#17693F"})
        work.session.execute(update(Order).values(status_id=status.id))
    polish = _polish()
    assert polish.search(see(shop, buyer, headers=PL))
    seen = [see(shop, buyer)]
    assert "Your order was delivered" in seen[0]
    assert "Doręczono już" in see(shop, buyer, headers=PL)
    with shop.works.writing(TESTER) as work:
        labels.change_status(work, status.id, {
            "name": "U celu", "buyer_name": "Doręczono już", "buyer_name_en": "It is with you",
            "phase": "done", "color": "#17693F"})
    assert "It is with you" in see(shop, buyer)
    review, done = declare(shop, buyer, **{f"unit-{shop.tea}": "1"})
    seen += [review, done, see(shop, buyer, "/withdraw"), see(shop, buyer, "/return"),
             text_of(buyer.get("/after-sale", headers=EN)),
             text_of(buyer.get("/withdraw", headers=EN)),
             text_of(buyer.post("/withdraw", data={}, headers=EN)),
             text_of(buyer.post("/after-sale", data={}, headers=EN)),
             text_of(buyer.get("/o/nix", headers=EN))]
    [case] = cases(shop)
    pay_back(shop, case.id, {shop.tea: 1})
    for kind in ("return", "exchange", "withdrawal", "complaint"):
        for phase, goods, money in zip(
                [*tracks.PHASES], ["expected", "on_way", "arrived", "judged", "none", "expected"],
                ["none", "planned", "sent", "unknown", "refunded", "credit"], strict=True):
            with shop.works.writing(TESTER) as work:
                work.session.execute(update(Return).values(
                    kind=kind, phase=phase, goods=goods, money=money, wish="repair",
                    reason_code="changed_mind"))
            seen.append(see(shop, buyer, f"/cases/{case.id}"))
    for phase in ("open", "packing", "elsewhere", "shipped", "done", "cancelled"):
        with shop.works.writing(TESTER) as work:
            work.session.execute(update(Order).values(phase=phase, status_id=None))
        seen.append(see(shop, buyer))
    for page in seen:
        assert '<html lang="en"' in page
        assert polish.search(page) is None, polish.search(page)
    assert all(one != other for one, other in pairwise(seen[:3]))


def test_the_demo_opens_to_buyers_without_a_mail_server_and_sends_nothing(shop, oms, buyer,
                                                                          browser_as):
    def letters():
        with shop.works.reading(TESTER) as work:
            return {one.state for one in work.session.scalars(select(Message))}

    with shop.works.writing(TESTER) as work:
        work.session.execute(update(MessageSettings).values(host=""))
    assert buyer.get("/after-sale").status_code == 404  # a shop of one's own stays shut
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Company).values(is_demo=True))
    assert buyer.get("/after-sale").status_code == 200
    declare(shop, buyer, **{f"unit-{shop.tea}": "1"})
    oms.works.ports["mail"] = None  # nobody may be asked to send anything
    rings.ring_messages(oms)
    drain(oms)
    assert letters() == {"sent"}
    with shop.works.reading(TESTER) as work:
        number = work.session.scalar(select(Message.id))
    shown = text_of(browser_as("owner").get(f"/messages/{number}"))
    assert "The demo shop sends nothing" in shown
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(MessageSettings).values(host="smtp.example.com"))
    assert "The demo shop sends nothing" not in text_of(
        browser_as("owner").get(f"/messages/{number}"))


def test_who_ended_a_withdrawal_is_told_and_no_day_of_payment_beside_it(shop, buyer):
    case, _, _ = shop.do(return_portal.withdraw, return_portal.Declared(
        "Jan", "jan@example.com", "A1", order_id=shop.order_id, key="w", lines={shop.tea: 1}))
    day = local_day(shop.works.clock())
    shop.do(return_case.decide, case.id, "refuse", ground="press")
    page = see(shop, buyer, f"/cases/{case.id}")
    assert ("art. 38(1)(10)" in page, "We pay back by" in page) == (True, False)
    shop.do(return_case.decide, case.id, "accept")
    assert "We pay back by" in see(shop, buyer, f"/cases/{case.id}")
    shop.do(return_case.decide, case.id, "call_off", "e-mailem", by="buyer", day=day)
    page = see(shop, buyer, f"/cases/{case.id}")
    assert ("Taken back at your wish on" in page, "We pay back by" in page) == (True, False)
