"""After the sale on the screens: queue, case, bench, refund; and what a buyer does alone."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import select, update

from oms_web.domain.company.models import Company
from oms_web.domain.messages import pages, templates
from oms_web.domain.messages.models import Message
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.domain.returns import queries, settings
from oms_web.domain.returns.models import Return, ReturnPhoto, ReturnUnit, Statement
from oms_web.domain.shipping.models import Shipment
from oms_web.flows import order_ask_payment, order_pay
from oms_web.web import buyer_door
from tests import factories as make
from tests.after_sale import AfterSale
from tests.conftest import TESTER


def text_of(answer):
    return answer.get_data(as_text=True)


@pytest.fixture
def shop(oms, monkeypatch):
    monkeypatch.setattr(buyer_door, "_desk", buyer_door.Gate(1000))
    made = AfterSale(oms)
    made.cup, made.tea = made.lines()["CUP"], made.lines()["TEA"]
    return made


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


def one(shop, model, *where):
    with shop.works.reading(TESTER) as work:
        return work.session.scalars(select(model).where(*where).order_by(model.id.desc())).first()


def opened(shop, owner, kind="return", **values):
    answer = owner.post("/returns/new", data={
        "order": shop.order_id, "kind": kind, "reason_code": "defect", "story": "Ucho <b>odpadło",
        "wish": "", "key": f"k{kind}", f"unit-{shop.cup}": "2", f"unit-{shop.tea}": "1", **values})
    assert answer.status_code == 303, text_of(answer)
    return one(shop, Return).id


def hidden(page, name):
    return re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1]


def test_a_case_is_opened_from_the_order_and_stands_in_the_queue(shop, owner):
    card = text_of(owner.get(f"/orders/{shop.order_id}"))
    assert f"/returns/new?order={shop.order_id}" in card
    assert "Return or complaint" in card
    form = owner.get(f"/returns/new?order={shop.order_id}")
    assert "Kubek" in text_of(form)
    wrong = owner.post("/returns/new", data={"order": shop.order_id, "kind": "return", "key": "x",
                                             "wish": "", "reason_code": "",
                                             f"unit-{shop.cup}": "9"})
    assert wrong.status_code == 422
    assert "from 1 to 3 units can come back" in text_of(wrong)
    assert owner.post("/returns/new", data={"order": shop.order_id, "kind": "complaint"}
                      ).status_code == 422
    case_id = opened(shop, owner)
    case = one(shop, Return)
    queue = text_of(owner.get("/returns"))
    assert case.number in queue
    assert case.number not in text_of(owner.get("/returns?view=over"))
    assert case.number in text_of(owner.get(f"/returns?q={case.number}"))
    assert case.number in text_of(owner.get(f"/returns?q={shop.order_id}"))
    assert "No case has this number" in text_of(owner.get("/returns?q=nix"))
    page = text_of(owner.get(f"/returns/{case_id}"))
    for part in ("These move on their own", "Ucho &lt;b&gt;odpadło", "Accept", "Faulty"):
        assert part in page
    assert case.number in text_of(owner.get(f"/orders/{shop.order_id}"))
    assert owner.get("/returns/99").status_code == 404
    assert owner.get("/returns?after=broken").status_code == 422


def test_the_queue_pages_by_its_terms(shop, owner):
    for n in range(5):
        kind = "complaint" if n % 2 else "return"
        opened(shop, owner, kind, key=f"p{n}",
               **{f"unit-{shop.cup}": str(n & 1 ^ 1), f"unit-{shop.tea}": "0"})
    seen, after = [], None
    while True:
        with shop.works.reading(TESTER) as work:
            page = queries.listed(work.session, queries.Asked("open"), after, limit=2)
        seen += [row.case.kind for row in page.rows]
        after = page.after
        if after is None:
            break
    assert seen == ["complaint"] * 2 + ["return"] * 3


def test_deciding_refusing_and_reopening(shop, owner):
    case_id = opened(shop, owner)
    refused = owner.post(f"/returns/{case_id}/refuse", data={"note": ""})
    assert (refused.status_code, "Say why it is refused" in text_of(refused)) == (422, True)
    for act, data in (("accept", {}), ("refuse", {"note": "używane"}), ("close", {}),
                      ("reopen", {})):
        assert owner.post(f"/returns/{case_id}/{act}", data=data).status_code == 303
    unsaid = owner.post(f"/returns/{case_id}/call_off")
    assert (unsaid.status_code, "Say who takes it back" in text_of(unsaid)) == (422, True)
    assert owner.post(f"/returns/{case_id}/call_off", data={
        "by": "mistake", "note": "dwa razy"}).status_code == 303
    assert owner.post(f"/returns/{case_id}/accept").status_code == 409
    assert "Case refused" in text_of(owner.get(f"/returns/{case_id}"))


def test_a_complaint_is_answered_in_one_step_and_the_buyer_reads_it(shop, owner):
    case_id = opened(shop, owner, "complaint", wish="replace")
    page = text_of(owner.get(f"/returns/{case_id}"))
    assert "art. 7a" in page
    assert "Answer the complaint" in page
    home = text_of(owner.get("/"))
    assert "Returns to decide" in home
    empty = owner.post(f"/returns/{case_id}/answer", data={"outcome": "refund", "text": ""})
    assert empty.status_code == 422
    done = owner.post(f"/returns/{case_id}/answer", data={"outcome": "refund",
                                                          "text": "Zwracamy pieniądze."})
    assert done.status_code == 303
    owner.post(f"/returns/{case_id}/answer", data={"outcome": "refund",
                                                   "text": "Zwracamy pieniądze."})
    with shop.works.reading(TESTER) as work:
        [letter] = work.session.scalars(select(Message)).all()
    assert "Zwracamy pieniądze." in letter.text


def test_letters_are_seen_first_and_sent_once(shop, owner):
    case_id = opened(shop, owner)
    with shop.works.writing(TESTER) as work:
        made = templates.create(work, {
            "kind": "email", "name": "Przyjęte", "subject_pl": "Zwrot {{case.number}}",
            "text_pl": "{{case.lines}}\nDo: {{case.due}}\n{{buyer.name}}"})
    look = owner.post(f"/returns/{case_id}/letter", data={"template": made.id, "look": "1",
                                                          "key": "l1"})
    assert "2 × Kubek" in text_of(look)
    assert one(shop, Message) is None
    for _ in range(2):
        assert owner.post(f"/returns/{case_id}/letter", data={"template": made.id, "key": "l1"}
                          ).status_code == 303
    with shop.works.reading(TESTER) as work:
        [letter] = work.session.scalars(select(Message)).all()
    assert letter.subject.startswith("Zwrot RMA/")


def test_the_bench_from_the_scan_to_the_shelf(shop, owner, browser_as):
    bench = browser_as("warehouse")
    assert text_of(bench.get("/returns/bench")).count("Nothing lies here") == 1
    unknown = bench.post("/returns/bench/scan", data={"code": "NIX", "key": "s0"})
    assert (unknown.status_code, "Take it in without an order" in text_of(unknown)) == (404, True)
    assert bench.post("/returns/bench/scan", data={"code": " "}).status_code == 422
    case_id = opened(shop, owner)
    scanned = bench.post("/returns/bench/scan", data={"code": f"RET{case_id}", "key": "s1"})
    assert scanned.headers["Location"].endswith(f"/returns/bench/{case_id}")
    page = text_of(bench.get(f"/returns/bench/{case_id}"))
    assert "Kubek" in page
    assert "33,33" not in page
    line = hidden(page, "line")
    said = {"line": line, "quantity": "1", "grade": "A", "disposition": "", "location": "",
            "note": "", "key": hidden(page, "key")}
    wrong = bench.post(f"/returns/bench/{case_id}/judge", data={**said, "location": str(shop.pen)})
    assert (wrong.status_code, "Choose such a bin" in text_of(wrong)) == (422, True)
    for _ in range(2):
        assert bench.post(f"/returns/bench/{case_id}/judge", data=said).status_code == 303
    with shop.works.reading(TESTER) as work:
        assert len(work.session.scalars(select(ReturnUnit)).all()) == 1
    tea = bench.post(f"/returns/bench/{case_id}/unit", data={"code": "TEA"})
    assert tea.status_code == 303
    odd = bench.post(f"/returns/bench/{case_id}/unit", data={"code": "5901234123457"})
    assert odd.status_code == 303
    assert "not of this order" in text_of(bench.get(f"/returns/bench/{case_id}"))
    assert bench.post(f"/returns/bench/{case_id}/unit", data={"code": "NIX"}).status_code == 404
    assert bench.get("/returns").status_code == 403


def test_nothing_is_judged_without_a_grade(shop, owner):
    case_id = opened(shop, owner)
    owner.post("/returns/bench/scan", data={"code": f"RET{case_id}", "key": "s1"})
    page = text_of(owner.get(f"/returns/bench/{case_id}"))
    assert "checked" not in page
    answer = owner.post(f"/returns/bench/{case_id}/judge", data={
        "line": hidden(page, "line"), "quantity": "1", "disposition": "", "location": "",
        "key": hidden(page, "key")})
    assert (answer.status_code, "Choose a grade" in text_of(answer)) == (422, True)
    assert one(shop, ReturnUnit) is None


@pytest.mark.parametrize("kind", ["return", "exchange"])
def test_a_return_says_what_comes_back(shop, owner, kind):
    answer = owner.post("/returns/new", data={
        "order": shop.order_id, "kind": kind, "key": "k", "reason_code": "", "wish": ""})
    assert (answer.status_code, "how many units" in text_of(answer)) == (422, True)
    assert one(shop, Return) is None


def test_the_order_of_a_case_is_found_by_any_of_its_numbers(shop, owner):
    shop.sell("B1")
    number = one(shop, Order).external_number
    assert number
    for typed in (str(one(shop, Order).id), number):
        assert "What comes back" in text_of(owner.get("/returns/new", query_string={
            "order": typed}))
    for typed in ("nonsense", "9" * 11, "x" * 5000):
        answer = owner.get("/returns/new", query_string={"order": typed})
        assert (answer.status_code, "No order or parcel has" in text_of(answer)) == (404, True)
        assert 'name="order"' in text_of(answer)


def test_a_transfer_is_neither_planned_nor_approved_without_an_account_number(shop, owner):
    case_id = opened(shop, owner)
    page = text_of(owner.get(f"/returns/{case_id}/refund"))
    assert "Ask the buyer for the account number" in page
    planned = {"key": hidden(page, "key"), "method": "transfer", f"unit-{shop.cup}": "1"}
    answer = owner.post(f"/returns/{case_id}/refund", data=planned)
    assert (answer.status_code, 'id="account-error"' in answer.text) == (422, True)
    assert one(shop, Refund) is None
    number = "61 1090 1014 0000 0712 1981 2874"
    owner.post(f"/returns/{case_id}/refund", data={**planned, "account": number})
    with shop.works.writing(TESTER) as work:  # as an exchange plans the rest of one
        work.session.scalars(select(Refund)).one().bank_account = ""
        work.session.get_one(Return, case_id).bank_account = ""
    refund = one(shop, Refund)
    assert "account number is missing" in text_of(owner.get("/payments/transfers"))
    for wrong in ("", "61 1090 1014 0000 0712 1981 2875"):
        answer = owner.post(f"/refunds/{refund.id}/approve", data={"account": wrong})
        assert (answer.status_code, 'id="account-error"' in answer.text) == (422, True), wrong
    assert one(shop, Refund).state == "planned"
    assert owner.post(f"/refunds/{refund.id}/approve", data={"account": number}
                      ).status_code == 303
    assert one(shop, Refund).state == "approved"
    page = text_of(owner.get("/payments/transfers"))
    assert "account number is missing" not in page
    assert "61109010140000071219812874" in page
    assert one(shop, Return).bank_account.endswith("2874")


def test_an_account_number_in_the_details_of_a_case_reaches_its_planned_transfer(shop, owner):
    case_id = opened(shop, owner)
    owner.post(f"/returns/{case_id}/refund", data={
        "key": "k", "method": "transfer", f"unit-{shop.cup}": "1",
        "account": "61109010140000071219812874"})
    with shop.works.writing(TESTER) as work:
        work.session.scalars(select(Refund)).one().bank_account = ""
    said = {"reason_code": "", "reason": "", "box": "",
            "bank_account": "27 1140 2004 0000 3002 0135 5387"}
    for _ in range(2):
        assert owner.post(f"/returns/{case_id}/details", data=said).status_code == 303
    assert one(shop, Refund).bank_account == "PL27114020040000300201355387"


def test_two_orders_in_one_parcel_know_of_each_other(shop, owner):
    other = shop.sell("B1")
    first = opened(shop, owner)
    for _ in range(2):
        beside = owner.post("/returns/bench/scan", data={"code": str(other), "key": "s",
                                                         "beside": first})
        assert beside.status_code == 303
    second = one(shop, Return)
    assert (second.order_id, second.box) == (other, one(shop, Return, Return.id == first).box)
    page = text_of(owner.get(f"/returns/{first}"))
    assert "In the same parcel" in page
    assert second.number in page
    assert "More cases came in this parcel" in text_of(owner.get(f"/returns/bench/{second.id}"))


def test_a_parcel_nobody_knows_finds_its_order(shop, owner):
    made = owner.post("/returns/bench/orphan", data={"code": "NIX", "key": "o1"})
    again = owner.post("/returns/bench/orphan", data={"code": "NIX", "key": "o1"})
    assert made.headers["Location"] == again.headers["Location"]
    case_id = one(shop, Return).id
    assert "Parcels that match no order" in text_of(owner.get("/"))
    assert "Nobody knows yet" in text_of(owner.get(f"/returns/{case_id}"))
    assert owner.post(f"/returns/{case_id}/order", data={"order": "x"}).status_code == 422
    assert owner.post(f"/returns/{case_id}/order", data={"order": "999"}).status_code == 404
    assert owner.post(f"/returns/{case_id}/order", data={"order": shop.order_id}
                      ).status_code == 303
    assert owner.get(f"/returns/{case_id}/refund").status_code == 200


def test_photos_are_proven_pictures(shop, owner):
    case_id = opened(shop, owner)
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(picture, "PNG")
    for content, kept in ((b"<svg/>", 0), (picture.getvalue(), 1)):
        owner.post(f"/returns/{case_id}/photos", data={
            "image": (io.BytesIO(content), "x.png"), "next": "bench"})
        with shop.works.reading(TESTER) as work:
            assert len(work.session.scalars(select(ReturnPhoto)).all()) == kept
    photo = one(shop, ReturnPhoto)
    assert owner.get(f"/returns/{case_id}/photos/{photo.id}/little").mimetype == "image/webp"
    assert owner.get(f"/returns/{case_id + 1}/photos/{photo.id}/little").status_code == 404
    assert owner.post(f"/returns/{case_id}/photos/{photo.id}/remove").status_code == 303
    assert owner.get(f"/returns/{case_id}/photos/{photo.id}/little").status_code == 404


def test_money_is_planned_approved_and_gone(shop, owner, browser_as):
    case_id = opened(shop, owner, "withdrawal", **{f"unit-{shop.cup}": "3"})
    page = text_of(owner.get(f"/returns/{case_id}/refund"))
    assert "119.99" in page
    assert "Nothing is chosen" not in page
    base = {"key": hidden(page, "key"), "method": "transfer", f"unit-{shop.cup}": "3",
            f"unit-{shop.tea}": "1", "account": "61 1090 1014 0000 0712 1981 2874"}
    look = text_of(owner.post(f"/returns/{case_id}/refund", data={
        **base, "reckon": "1", f"wear-{shop.cup}": "10,00"}))
    assert "109.99" in look
    for wrong, says in (({"account": "12"}, "account number"), ({"amount": "1"}, "Say why"),
                        ({f"unit-{shop.cup}": "4"}, "only 3 units"), ({"other": "x"}, "Not an"),
                        ({f"unit-{shop.cup}": "x"}, "whole number")):
        answer = owner.post(f"/returns/{case_id}/refund", data={**base, **wrong})
        assert (answer.status_code, says in text_of(answer)) == (422, True), wrong
    for _ in range(2):
        assert owner.post(f"/returns/{case_id}/refund", data=base).status_code == 303
    with shop.works.reading(TESTER) as work:
        [refund] = work.session.scalars(select(Refund)).all()
    assert (refund.amount, refund.bank_account) == (11999, "PL61109010140000071219812874")
    assert browser_as("sales").post(f"/refunds/{refund.id}/approve"
                                    ).status_code == 403
    assert "Refunds to approve" in text_of(owner.get("/"))
    assert owner.post(f"/refunds/{refund.id}/approve").status_code == 303
    waiting = text_of(owner.get("/refunds"))
    assert "Anna Testowa" in waiting
    assert "/payments/transfers" in waiting
    owner.post(f"/refunds/{refund.id}/send")
    owner.post(f"/refunds/{refund.id}/lose")
    assert "unknown outcome" in text_of(owner.get("/"))
    owner.post(f"/refunds/{refund.id}/done")
    assert one(shop, Return).money == "refunded"
    assert "paid back" in text_of(owner.get(f"/orders/{shop.order_id}"))


def test_an_exchange_is_chosen_with_its_difference_and_makes_one_order(shop, owner):
    case_id = opened(shop, owner, "exchange", **{f"unit-{shop.cup}": "0"})
    at = f"/returns/{case_id}/exchange"
    card = owner.get(f"/returns/{case_id}")
    assert "Choose what is sent instead" in text_of(card)
    assert "?" in text_of(owner.get(at))
    said = text_of(owner.post(at, data={"code": "TEA"}))
    assert "Nobody pays anything" in said
    assert "18.33" in text_of(owner.get(f"{at}/suggest?code=TEA"))  # what was paid for it
    base = {"variant": str(shop.ids["CUP"]), "quantity": "1", "price": "40,00", "way": "prepaid",
            "key": "k"}
    assert "The buyer pays" in text_of(owner.post(at, data=base))
    assert "21.67" in text_of(owner.post(at, data=base))
    assert "31.67" in text_of(owner.post(at, data={**base, "shipping": "10"}))
    assert "Goes back to the buyer" in text_of(owner.post(at, data={**base, "price": "8"}))
    assert "What is sent instead costs 0" not in text_of(owner.post(at, data={"remove": "1"}))
    for typed in ("1,234", "1.2300"):  # a thousand set apart, or a slip: said before it is saved
        said = text_of(owner.post(at, data={**base, "price": typed}))
        assert ("no smaller part than the smallest coin" in said, "The buyer pays" in said) == (
            True, False), typed
        assert 'aria-describedby="line-' in said
    used = f"wear-{shop.tea}"
    said = text_of(owner.post(at, data={**base, used: "3,33"}))
    assert ("15.00" in said, "25.00" in said) == (True, True)  # worth, and what the buyer pays
    for wrong in ({"variant": ""}, {"quantity": "0"}, {"price": "x"}, {"price": "-1"},
                  {"shipping": "x"}, {"way": "gift"}, {used: "1,234"}, {used: "20"}, {used: "-1"}):
        assert owner.post(at, data={**base, **wrong, "save": "order"}).status_code == 422, wrong
    for _ in range(2):
        assert owner.post(at, data={**base, "save": "order"}).status_code == 303
    made = one(shop, Order)
    assert (made.source, made.payment_state, made.total) == ("desk", "part", 4000)
    said = text_of(owner.get(f"/returns/{case_id}"))
    assert "The buyer still pays" in said
    assert "See to the buyer's payment" in said
    assert owner.post(f"/returns/{case_id}/close").status_code == 422
    assert owner.post(f"/returns/{case_id}/exchange/letter", data={"key": "a"}).status_code == 303
    assert "21,67" in one(shop, Message).text
    owner.post(f"/returns/{case_id}/exchange/off", data={"why": ""})
    owner.post(f"/returns/{case_id}/exchange/off", data={"why": "rozmyślił się"})
    assert one(shop, Order).phase == "cancelled"
    assert "Choose what is sent instead" in text_of(owner.get(f"/returns/{case_id}"))


def test_where_a_provider_is_connected_the_difference_is_asked_for_by_a_link(shop, owner):
    with shop.works.writing(TESTER) as work:
        stripe = make.account(work, "Stripe", connector="stripe").id
    case_id = opened(shop, owner, "exchange", **{f"unit-{shop.cup}": "0"})
    at = f"/returns/{case_id}/exchange"
    assert f'selected value="link:{stripe}"' in text_of(owner.get(at))
    for _ in range(2):
        owner.post(at, data={"variant": str(shop.ids["CUP"]), "quantity": "1", "price": "40",
                             "way": f"link:{stripe}", "key": "k", "save": "order"})
    asked = one(shop, PaymentRequest)
    assert (asked.amount, asked.account_id, asked.order_id) == (2167, stripe, one(shop, Order).id)
    card = text_of(owner.get(f"/returns/{case_id}"))
    assert ("Payment link of" in card, "Ask for the payment by a link" in card) == (True, False)
    shop.do(order_ask_payment.withdraw, asked.order_id, asked.id)
    assert "Ask for the payment by a link" in text_of(owner.get(f"/returns/{case_id}"))
    for _ in range(2):
        owner.post(f"{at}/ask")
    again = one(shop, PaymentRequest)
    assert (again.id, again.amount) == (asked.id + 1, 2167)


def test_details_settings_and_reasons(shop, owner):
    case_id = opened(shop, owner)
    assert owner.post(f"/returns/{case_id}/details", data={
        "reason_code": "damaged", "reason": "x", "bank_account": "1", "box": ""}
        ).status_code == 422
    assert owner.post(f"/returns/{case_id}/details", data={
        "reason_code": "damaged", "reason": "x", "bank_account": "", "box": "B1"}
        ).status_code == 303
    assert (one(shop, Return).reason_code, one(shop, Return).box) == ("damaged", "B1")
    assert owner.post("/returns/settings", data={"extra_days": "400"}).status_code == 422
    assert owner.post("/returns/settings", data={
        "portal": "y", "address": "Magazyn\nPolna 1", "cheapest_delivery": "9,99",
        "extra_days": "16"}).status_code == 303
    with shop.works.reading(TESTER) as work:
        assert settings.current(work.session).cheapest_delivery == 999
    assert "Buyers cannot come yet" not in text_of(owner.get("/returns/settings"))
    page = text_of(owner.get("/returns/reasons"))
    assert "CUP" in page
    assert "67%" in page


# The buyer ---------------------------------------------------------------------------------------


@pytest.fixture
def buyer(shop, app):
    return app.test_client()


def key_of(shop):
    with shop.works.writing(TESTER) as work:
        return pages.link(work, shop.order_id).rpartition("/")[2]


EN = {"Accept-Language": "en"}


def test_the_withdrawal_function_without_an_account(shop, buyer):
    start = buyer.get("/after-sale", headers=EN)
    assert "Withdraw from contract here" in text_of(start)
    assert "no-store" in start.headers["Cache-Control"]
    form = text_of(buyer.get("/withdraw", headers=EN))
    said = {"name": "Anna <i>", "number": str(shop.order_id), "email": "anna@example.test",
            "key": hidden(form, "key"), "what": ""}
    wrong = buyer.post("/withdraw", data={**said, "email": "x"}, headers=EN)
    assert (wrong.status_code, "not an e-mail" in text_of(wrong)) == (422, True)
    review = text_of(buyer.post("/withdraw", data=said, headers=EN))
    assert "Confirm withdrawal" in review
    assert one(shop, Return) is None  # nothing is declared before it is confirmed
    stranger = text_of(buyer.post("/withdraw", data={**said, "email": "eve@example.test"},
                                  headers=EN))
    assert "Kubek" not in review + stranger  # neither tells what was bought
    for _ in range(2):
        done = buyer.post("/withdraw/confirm", data=said, headers=EN)
    done = buyer.get(done.location, headers=EN)
    assert "You have withdrawn" in text_of(done)
    case = one(shop, Return)
    assert (case.kind, case.order_id, case.source) == ("withdrawal", shop.order_id, "buyer")
    assert case.number in text_of(done)
    assert one(shop, Statement).digest in text_of(done)
    assert "<svg" in text_of(done)
    with shop.works.reading(TESTER) as work:
        [letter] = work.session.scalars(select(Message)).all()
    assert letter.recipient == "anna@example.test"
    assert "3 × Kubek" in letter.text
    assert buyer.post("/withdraw/confirm", data={**said, "key": ""}, headers=EN
                      ).status_code == 422


def test_with_the_key_of_a_page_nothing_is_asked_again(shop, buyer):
    token = key_of(shop)
    page = text_of(buyer.get(f"/o/{token}", headers=EN))
    assert f"/o/{token}/withdraw" in page
    form = text_of(buyer.get(f"/o/{token}/withdraw", headers=EN))
    assert 'value="Anna Testowa"' in form
    said = {"key": hidden(form, "key"), f"unit-{shop.tea}": "1", "name": "", "email": ""}
    review = text_of(buyer.post(f"/o/{token}/withdraw", data=said, headers=EN))
    assert "1 × Herbata" in review
    assert "Kubek" not in review
    done = buyer.post(f"/o/{token}/withdraw/confirm", data=said, headers=EN)
    assert done.status_code == 303
    assert (one(shop, Return).total, one(shop, Return).goods) == (2000, "expected")
    assert one(shop, Return).number in text_of(buyer.get(f"/o/{token}", headers=EN))
    for address in ("/o/nix/withdraw", "/o/nix/return", "/o/nix/cases/1"):
        assert buyer.get(address).status_code == 404
    assert buyer.get(f"/o/{token}/cases/99").status_code == 404


def test_a_return_and_a_complaint_by_the_buyer(shop, buyer):
    token = key_of(shop)
    form = text_of(buyer.get(f"/o/{token}/return", headers=EN))
    base = {"kind": "return", "reason_code": "too_small", "story": "", "wish": "", "account": "",
            "key": hidden(form, "key"), f"unit-{shop.cup}": "1"}
    for wrong, says in (({f"unit-{shop.cup}": "0"}, "Choose what it is about"),
                        ({f"unit-{shop.cup}": "7"}, "from 1 to 3"),
                        ({"kind": "complaint"}, "Say what is wrong")):
        answer = buyer.post(f"/o/{token}/return", data={**base, **wrong}, headers=EN)
        assert (answer.status_code, says in text_of(answer)) == (422, True), wrong
    for _ in range(2):
        done = buyer.post(f"/o/{token}/return", data=base, headers=EN)
        assert done.status_code == 303
    shown = text_of(buyer.get(done.headers["Location"], headers=EN))
    assert "Put this into the parcel" in shown
    assert "we have received it" in shown
    buyer.post(f"/o/{token}/return", data={**base, "kind": "complaint", "story": "Pękł",
                                           "key": "c2"}, headers=EN)
    complaint = one(shop, Return)
    assert (complaint.kind, complaint.goods, complaint.due_at is not None) == (
        "complaint", "none", True)
    assert one(shop, Statement).content["story"] == "Pękł"


def test_an_exchange_by_the_buyer_says_what_instead_and_shows_what_is_due(shop, buyer, owner):
    token = key_of(shop)
    form = text_of(buyer.get(f"/o/{token}/return", headers=EN))
    assert 'list="instead-of"' in form
    assert "<option value=" in form.partition('id="instead-of"')[2]
    done = buyer.post(f"/o/{token}/return", data={
        "kind": "exchange", f"unit-{shop.tea}": "1", "reason_code": "other", "instead": " cup ",
        "story": "", "wish": "", "account": "", "key": hidden(form, "key")}, headers=EN)
    assert done.status_code == 303, text_of(done)
    at, case = done.headers["Location"], one(shop, Return)
    assert (case.instead, one(shop, Statement).content["instead"]) == ("cup", "cup")
    assert "You would like instead" in text_of(buyer.get(at, headers=EN))
    assert "The buyer wants instead: cup" in text_of(owner.get(f"/returns/{case.id}"))
    chosen = text_of(owner.get(f"/returns/{case.id}/exchange"))
    assert f'name="variant" value="{shop.ids["CUP"]}"' in chosen
    owner.post(f"/returns/{case.id}/exchange", data={
        "variant": str(shop.ids["CUP"]), "quantity": "1", "price": "40", "way": "prepaid",
        "save": "order"})
    new = one(shop, Order).id
    page = text_of(buyer.get(at, headers=EN))
    for part in ("Your exchange", str(new), "To pay", "21.67"):
        assert part in page, part
    assert "The way to pay is being made" in page  # neither a link nor an account of ours
    shop.do(lambda work: work.session.execute(update(Company).values(bank_account="61 1090")))
    assert "61 1090" in text_of(buyer.get(at, headers=EN))
    shop.do(lambda work: work.session.add(PaymentRequest(
        order_id=new, account_id=shop.account_id, key="k", form_key="f", amount=2167,
        currency="PLN", state="waiting", url="https://pay.example/1", created_at=work.now,
        created_by="x")))
    page = text_of(buyer.get(at, headers=EN))
    assert ("https://pay.example/1" in page, "61 1090" in page) == (True, False)
    shop.do(order_pay.record, new, 2167, "BLIK", make.NOON, "p")
    page = text_of(buyer.get(at, headers=EN))
    assert ("Nothing more to pay" in page, "Pay now" in page) == (True, False)


def test_goods_that_are_all_in_a_case_are_not_asked_for_again(shop, buyer):
    token = key_of(shop)
    address, field = f"/o/{token}/return", f"unit-{shop.cup}"
    form = text_of(buyer.get(address, headers=EN))
    base = {"kind": "return", "reason_code": "too_small", "story": "", "wish": "", "account": "",
            "key": hidden(form, "key")}
    sent = dict(re.findall(r'name="(unit-\d+)"[^>]* max="(\d+)"', form))
    buyer.post(address, data={**base, **sent}, headers=EN)
    again = text_of(buyer.get(address, headers=EN))
    assert "Everything that was sent is in a case already" in again
    assert field not in again
    refused = buyer.post(address, data={**base, field: "1", "key": "another"}, headers=EN)
    assert refused.status_code == 422
    assert "Everything that was sent is in a case already" in text_of(refused)


def test_a_stranger_learns_nothing_and_is_slowed_down(shop, buyer, monkeypatch):
    monkeypatch.setattr(buyer_door, "_desk", buyer_door.Gate(3))
    answers = [buyer.post("/after-sale", data={"number": number, "email": email}, headers=EN)
               for number, email in ((str(shop.order_id), "anna@example.test"),
                                     (str(shop.order_id), "eve@example.test"),
                                     ("1", "eve@example.test"))]
    said = {re.sub(r'value="[^"]*"', "", text_of(answer)) for answer in answers}
    assert len(said) == 1
    with shop.works.reading(TESTER) as work:
        assert len(work.session.scalars(select(Message)).all()) == 1
    slow = buyer.post("/after-sale", data={"number": "1", "email": "x"}, headers=EN)
    assert (slow.status_code, "Too many tries" in text_of(slow)) == (429, True)
    assert buyer.post("/withdraw/confirm", data={}).status_code == 429


def test_a_closed_portal_answers_like_a_wrong_key(shop, buyer):
    with shop.works.writing(TESTER) as work:
        settings.change(work, settings.Edit(portal=False))
    assert buyer.get("/after-sale").status_code == 404
    assert buyer.get("/withdraw").status_code == 404
    assert "Withdraw" not in text_of(buyer.get(f"/o/{key_of(shop)}", headers=EN))


def test_a_portal_that_no_mail_can_serve_is_said_to_be_shut(oms, browser_as):
    with oms.works.writing(TESTER) as work:
        settings.change(work, settings.Edit(portal=True))
    assert "Buyers cannot come yet" in text_of(browser_as("owner").get("/returns/settings"))


def test_after_the_term_it_is_said_and_still_taken(shop, buyer):
    with shop.works.writing(TESTER) as work:
        long_ago = work.now - timedelta(days=30)
        work.session.execute(update(Shipment).values(state="delivered", delivered_at=long_ago))
    token = key_of(shop)
    assert "The time for it ended" in text_of(buyer.get(f"/o/{token}/withdraw", headers=EN))
