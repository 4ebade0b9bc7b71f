"""After the sale, each story from the buyer's first word to the last paper, in a browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.company.models import Company
from oms_web.domain.documents.models import Document
from oms_web.domain.messages import pages
from oms_web.domain.messages.models import Message
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns.models import CaseClock, Return, Statement
from oms_web.domain.returns.service import Opening
from oms_web.flows import return_case
from oms_web.flows.issue_document import issue_invoice
from oms_web.inspection import ledgers
from tests import factories as make
from tests import paper
from tests.after_sale import AfterSale
from tests.conftest import TESTER
from tests.journeys.looking import VIEWS, Walk
from tests.sizes import whole_only

pytestmark = pytest.mark.browser

SOON = 20_000  # ms: two such walks on two busy cores
IBAN = "61109010140000071219812874"
BOOKS = ("I1", "I2", "I4", "I5", "I11", "I14", "I16", "I24", "counts")


class Story:
    """A sent and invoiced order, somebody at the desk, and what the books say at the end."""

    def __init__(self, oms, open_page, name, language, size, scheme):
        self.moment = make.NOON + timedelta(days=1)
        oms.works.clock = lambda: self.moment
        self.shop = AfterSale(oms, delivered=True)
        self.works, self.order = oms.works, self.shop.order_id
        with oms.works.writing(TESTER) as work:
            work.session.execute(update(Product).values(vat_rate="23"))
            paper.company(work)
            self.invoice = issue_invoice(work, self.order)[0].id
        self.open, self.dress = open_page, {"language": language, "size": size, "scheme": scheme}
        self.name = f"{name}-{language}"

    def desk(self):
        """Somebody signs in; a day later once more."""
        self.walk = Walk(self.open("owner", **self.dress), self.name)
        self.walk.page.set_default_timeout(SOON)
        return self.walk

    def last(self, model):
        """The newest row of a kind."""
        with self.works.reading(TESTER) as work:
            return work.session.scalars(select(model).order_by(model.id.desc())).first()

    def rows(self, model):
        """All rows of a kind."""
        with self.works.reading(TESTER) as work:
            return list(work.session.scalars(select(model).order_by(model.id)))

    def judge(self, code, units, grade="A"):
        """Scan the parcel at the bench, judge what is in it."""
        page = self.walk.page
        page.goto("/returns/bench")
        expect(page.locator("#code")).to_be_focused()  # before that, the first keys go nowhere
        page.keyboard.type(code)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        case = int(page.url.rpartition("/")[2])
        page.check(f"[name=grade][value={grade}]")
        self.walk.see("bench")
        self.walk.send(f"/returns/bench/{case}/judge", quantity=str(units))
        return case

    def pay_back(self, case, expected, **typed):
        """Plan the refund, approve it, and say that the transfer was made."""
        self.walk.go(f"/returns/{case}/refund", "plan")
        self.walk.send(f"/returns/{case}/refund", method="transfer", account=IBAN, **typed)
        refund = self.last(Refund)
        assert (refund.amount, refund.state) == (expected, "planned")
        self.walk.go(f"/refunds/{refund.id}", "approval")
        for what in ("approve", "done"):
            self.walk.send(f"/refunds/{refund.id}/{what}")
        assert self.last(Refund).state == "done"

    def correct(self, case, gross):
        """The correction of the invoice is issued on the case, and offered once."""
        page, form = self.walk.page, f"/documents/{self.invoice}/correct"
        page.goto(f"/returns/{case}")
        assert page.locator(f"#money a[href^='{form}']").count() == 0
        page.locator("#money form[action$='/correction'] button").click()
        page.locator("#money form[action$='/correction']").wait_for(state="detached")
        made = self.last(Document)
        assert (made.kind, made.gross) == ("correction", gross), page.locator("main").inner_text()
        self.walk.see("correction")
        page.goto(f"/returns/{case}")
        assert page.locator(f"#money a[href^='{form}']").count() == 0

    def end(self):
        """Nothing was wrong with any screen, and the books agree."""
        assert self.walk.wrong == []
        with self.works.reading(TESTER) as work:
            assert ledgers.check(work.session, only=BOOKS) == []


@pytest.fixture(params=VIEWS)
def story(request, oms, open_page):
    """A story in one of the dresses."""
    name = "-".join(request.node.originalname.split("_")[1:4])
    return Story(oms, open_page, name, *request.param)


def test_a_withdrawal_on_a_phone_ends_in_a_correction(story, chromium, live):
    with story.works.writing(TESTER) as work:
        token = pages.link(work, story.order).rpartition("/")[2]
    cup = story.shop.lines()["CUP"]
    phone = chromium.new_context(base_url=live, viewport={"width": 390, "height": 844},
                                 locale=story.dress["language"],
                                 color_scheme=story.dress["scheme"])
    buyer = Walk(phone.new_page(), f"{story.name}-buyer")
    buyer.go("/after-sale", "entry")
    buyer.go(f"/o/{token}", "order")
    buyer.go(f"/o/{token}/withdraw", "form")
    buyer.send(f"/o/{token}/withdraw", **{f"unit-{cup}": "3"})
    buyer.see("confirm")
    assert story.rows(Statement) == []  # nothing counts before the second button
    buyer.send(f"/o/{token}/withdraw/confirm")
    buyer.see("withdrawn")
    phone.close()
    case = story.last(Return)
    assert (case.kind, case.goods) == ("withdrawal", "expected")

    walk = story.desk()
    walk.go("/returns", "queue")
    story.judge(f"RET{case.id}", 3)
    walk.wrong += buyer.wrong
    story.pay_back(case.id, 9166)
    story.correct(case.id, -9166)
    walk.go(f"/returns/{case.id}", "case")
    walk.send(f"/returns/{case.id}/close")
    assert (story.last(Return).phase, story.last(Return).money) == ("closed", "refunded")
    story.end()


def test_half_a_parcel_comes_back_and_the_rest_later(story):
    """What is paid back and corrected is what came, each time; the papers follow one another."""
    shop, walk = story.shop, story.desk()
    cup, tea = shop.lines()["CUP"], shop.lines()["TEA"]
    walk.go(f"/returns/new?order={story.order}", "new case")
    walk.send("/returns/new", kind="return", reason_code="changed_mind",
              **{f"unit-{cup}": "2", f"unit-{tea}": "1"})
    case = story.last(Return).id
    assert story.judge(story.last(Return).number, 1) == case
    walk.go(f"/returns/{case}", "half")
    walk.send(f"/returns/{case}/accept")
    story.pay_back(case, 3055)
    story.correct(case, -3055)
    walk.go(f"/returns/{case}", "paid for half")
    assert story.last(Return).goods == "arrived"

    story.moment += timedelta(hours=3)  # the postman comes again
    assert story.judge(f"RET{case}", 1) == case
    walk.page.fill("#code", "TEA")
    with walk.page.expect_navigation():
        walk.page.keyboard.press("Enter")
    walk.page.check("[name=grade][value=A]")
    walk.send(f"/returns/bench/{case}/judge", quantity="1")
    story.pay_back(case, 4889)
    story.correct(case, -4889)
    walk.go(f"/returns/{case}", "whole")
    walk.send(f"/returns/{case}/close")
    assert (story.last(Return).phase, story.last(Return).goods) == ("closed", "judged")
    assert [one.kind for one in story.rows(Document)] == ["invoice", "correction", "correction"]
    with story.works.reading(TESTER) as work:
        order = work.session.get_one(Order, story.order)
        assert (order.refunded_total, order.paid_total) == (7944, 11999 - 7944)
        assert work.session.execute(select(
            OrderLine.returned, OrderLine.refunded, OrderLine.restocked).order_by(OrderLine.id)
            ).all() == [(2, 2, 2), (1, 1, 1)]
    story.end()


@whole_only
def test_a_complaint_is_answered_on_its_last_day(story):
    """And the one beside it is not, and is over its term a day later."""
    cup, tea = story.shop.lines()["CUP"], story.shop.lines()["TEA"]
    for line, key in ((cup, "a"), (tea, "b")):
        with story.works.writing(TESTER) as work:
            return_case.open_for(work, story.order, Opening(
                "complaint", lines={line: 1}, reason_code="defect", story="Ucho odpadło",
                wish="replace", form_key=key))
    answered, forgotten = story.rows(Return)
    story.moment += timedelta(days=14)
    walk = story.desk()
    walk.see("first screen")
    expect(walk.page.locator("a[href^='/returns?view=complaints']").first).to_be_visible()
    walk.go("/returns?view=complaints", "queue")
    expect(walk.page.locator("[data-row] .due, [data-row] .badge.bad").first).to_be_visible()
    walk.go(f"/returns/{answered.id}", "case")
    walk.send(f"/returns/{answered.id}/answer", outcome="refund",
              text="Uznajemy reklamację i zwracamy pieniądze.")
    walk.see("answered")
    story.moment += timedelta(days=1)
    walk = story.desk()
    walk.go(f"/returns/{forgotten.id}", "forgotten")
    expect(walk.page.locator("aside .due.late")).to_have_count(1)
    with story.works.reading(TESTER) as work:
        letters = [one.text for one in work.session.scalars(select(Message))]
        stopped = dict(work.session.execute(select(CaseClock.return_id, CaseClock.stopped_at)
                                            .where(CaseClock.what == "answer")).all())
    assert ["Uznajemy reklamację" in text for text in letters] == [True]
    assert stopped == {answered.id: story.moment - timedelta(days=1), forgotten.id: None}
    story.end()


@whole_only
def test_an_exchange_for_something_dearer_is_paid_and_sent(story, chromium, live):
    """From the buyer's wish on their page to the last grosz, and nothing is picked before."""
    shop = story.shop
    with story.works.writing(TESTER) as work:
        token = pages.link(work, story.order).rpartition("/")[2]
        work.session.execute(update(Company).values(bank_account=IBAN))
        work.session.execute(update(Variant).where(Variant.sku == "CUP").values(price=4000))
    phone = chromium.new_context(base_url=live, viewport={"width": 390, "height": 844},
                                 locale=story.dress["language"],
                                 color_scheme=story.dress["scheme"])
    buyer = Walk(phone.new_page(), f"{story.name}-buyer")
    buyer.go(f"/o/{token}/return", "form")
    buyer.send(f"/o/{token}/return", kind="exchange", instead="cup",
               **{f"unit-{shop.lines()['TEA']}": "1"})
    buyer.see("asked")
    case = story.last(Return).id

    walk, page = story.desk(), story.walk.page
    walk.go(f"/returns/{case}", "case")
    page.locator(f".page-head a[href='/returns/{case}/exchange']").click()
    page.wait_for_url("**/exchange")
    expect(page.locator("[name=price]")).to_have_value(re.compile("40[.,]00"))  # as the buyer said
    page.locator("[name=remove]").click()
    expect(page.locator(".typed-line")).to_have_count(0)
    page.fill("#order-code", "cu")
    page.locator("#products-suggest .suggested").first.click()
    expect(page.locator("[name=price]")).to_have_value(re.compile("40[.,]00"))
    expect(page.locator("#exchange-sums .total-line")).to_contain_text(re.compile("21[.,]67"))
    page.fill("[name=price]", "41,00")
    expect(page.locator("#exchange-sums .total-line")).to_contain_text(re.compile("22[.,]67"))
    page.fill("[name=price]", "40,00")
    expect(page.locator("#exchange-sums .total-line")).to_contain_text(re.compile("21[.,]67"))
    walk.see("chosen")
    walk.send(f"/returns/{case}/exchange")
    page.wait_for_url("**#exchange")
    walk.see("exchanged")
    expect(page.locator("main")).not_to_contain_text(re.compile(r"10.002\b"))
    expect(page.locator(".page-head .btn.primary")).to_have_attribute("href", "#exchange")
    page.locator("[data-dialog=exchange-letter]").click()
    walk.see("letter")
    walk.send(f"/returns/{case}/exchange/letter")
    new = story.last(Order)
    assert (new.payment_state, new.total, new.paid_total, new.queue) == (
        "part", 4000, 1833, "held")
    assert (IBAN in story.last(Message).text, "21,67" in story.last(Message).text) == (True, True)
    buyer.go(f"/o/{token}/cases/{case}", "due")
    expect(buyer.page.locator("#exchange")).to_contain_text(IBAN)

    page.locator("[data-dialog=close]").click()
    walk.see("not closed yet")
    walk.go(f"/orders/{new.id}", "new order")
    page.locator(".btn.link[data-dialog=pay]").click()
    walk.send(f"/orders/{new.id}/payments")
    assert (story.last(Order).payment_state, story.last(Order).queue) == ("paid", "held")
    walk.go(f"/returns/{case}", "paid")
    walk.send(f"/returns/{case}/arrive")
    story.judge(f"RET{case}", 1)
    assert story.last(Order).queue == "pick"
    buyer.go(f"/o/{token}/cases/{case}", "nothing due")
    walk.wrong += buyer.wrong
    phone.close()
    story.correct(case, -1833)
    walk.go(f"/returns/{case}", "over")
    walk.send(f"/returns/{case}/close")
    assert (story.last(Return).phase, story.last(Return).money) == ("closed", "credit")
    story.end()


@whole_only
def test_an_orphan_box_finds_its_order(story):
    walk = story.desk()
    page = walk.page
    page.goto("/returns/bench")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("990099")
    page.keyboard.press("Enter")
    page.locator("form[action='/returns/bench/orphan']").wait_for()
    walk.see("unknown")
    walk.send("/returns/bench/orphan")
    case = story.last(Return).id
    walk.see("bench")
    page.fill("#code", "TEA")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    walk.page.check("[name=grade][value=A]")
    walk.send(f"/returns/bench/{case}/judge", quantity="1")
    walk.go("/", "first screen")
    page.locator("a[href^='/returns?view=orphans']").first.click()
    page.locator("[data-row] [data-open]").click()
    page.wait_for_url(f"**/returns/{case}")
    walk.see("whose")
    walk.send(f"/returns/{case}/order", order=str(story.order))
    walk.see("found")
    walk.send(f"/returns/{case}/accept")
    story.pay_back(case, 1833)
    story.correct(case, -1833)
    walk.go(f"/returns/{case}")
    walk.send(f"/returns/{case}/close")
    assert (story.last(Return).phase, story.last(Return).order_id) == ("closed", story.order)
    with story.works.reading(TESTER) as work:
        assert work.session.scalar(select(OrderLine.returned).where(OrderLine.sku == "TEA")) == 1
    story.end()
