"""Money and its papers in a browser: a link that a buyer pays by, invoices while KSeF is down."""

from __future__ import annotations

import re

import pytest
from oms_connector.testing import Clock
from playwright.sync_api import expect
from sqlalchemy import select

from oms_web.domain.einvoices import settings as einvoices
from oms_web.domain.messages import settings as mail
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from tests.after_sale import MAIL
from tests.conftest import TESTER
from tests.contract.stripe_standin import Stripe
from tests.floor import EANS, Floor
from tests.journeys.looking import VIEWS, Walk
from tests.journeys.outside import plug
from tests.sizes import whole_only
from tests.sync import ksef
from tests.sync.ksef import ANNA, pair

pytestmark = pytest.mark.browser

SOON = 20_000  # ms: two such walks on two busy cores


@pytest.fixture(params=VIEWS)
def dress(request):
    """How a walk is looked at."""
    return dict(zip(("language", "size", "scheme"), request.param, strict=True))


def walk_of(open_page, name, dress):
    """Somebody at the desk."""
    walk = Walk(open_page("owner", **dress), f"{name}-{dress['language']}")
    walk.page.set_default_timeout(SOON)
    return walk


@whole_only
def test_a_typed_order_is_paid_by_a_link_and_a_part_goes_back(oms, works, open_page, dress):
    clock = Clock()
    works.clock = lambda: clock.now
    Floor(works)
    stripe = Stripe(clock)
    account = plug(oms, stripe, "Stripe")
    with works.writing(TESTER) as work:
        mail.change(work, MAIL)
    walk = walk_of(open_page, "link", dress)
    page = walk.page
    walk.go("/orders/new")
    order_id = _typed(walk)

    walk.go(f"/orders/{order_id}", "unpaid")
    walk.go(f"/orders/{order_id}/payment-link", "ask")
    walk.send(f"/orders/{order_id}/payment-link", account=str(account))

    def told(**later):
        clock.forward(**later)
        for ring in (rings.ring_payments, rings.ring_refunds):
            ring(oms)
        drain(oms)

    told(seconds=5)
    with works.reading(TESTER) as work:
        url = work.session.scalars(select(PaymentRequest.url)).one()
    walk.go(f"/orders/{order_id}", "link")
    expect(page.locator(f"[data-copy='{url}']")).to_be_visible()
    [ref] = stripe.kept
    stripe.buyer_pays(ref)
    told(minutes=3)
    walk.go(f"/orders/{order_id}", "paid")
    with works.reading(TESTER) as work:
        order = work.session.get_one(Order, order_id)
        assert (order.payment_state, order.queue) == ("paid", "pick")
        total = order.total
    walk.go(f"/orders/{order_id}/refund", "give back")
    walk.send(f"/orders/{order_id}/refund", amount="5,00", method="provider",
              reason="Porysowany")
    walk.see("what the refund will do")
    with works.reading(TESTER) as work:
        refund_id = work.session.scalars(select(Refund.id)).one()
    walk.send(f"/refunds/{refund_id}/approve")
    told(minutes=1)
    told(hours=2)
    walk.go(f"/orders/{order_id}", "given back")
    expect(page.locator("h1")).to_contain_text(str(order_id))
    with works.reading(TESTER) as work:
        assert work.session.scalars(select(Payment.amount).order_by(Payment.id)).all()[0] == total
        assert [one.amount for one in work.session.scalars(select(Refund))] == [500]
    assert [str(one) for one in stripe.given_back(ref)] == ["5"]
    assert walk.wrong == []


def _typed(walk):
    """An order typed at the desk: two cups, to be paid beforehand; its number."""
    page = walk.page
    page.fill("#order-code", EANS["KUB"])
    page.keyboard.press("Enter")
    expect(page.locator("[name=quantity]")).to_have_value("1")
    page.fill("[name=price]", "39,90")
    for name, text in (("buyer_phone", "600100200"), ("buyer_email", "anna@example.test"),
                       ("buyer_name", "Anna Testowa"), ("street", "Prosta 1"),
                       ("postcode", "00-001"), ("city", "Warszawa")):
        page.fill(f"[name={name}]", text)
    walk.see("typed")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/orders/\d+$"))
    return int(page.url.rpartition("/")[2])


def test_invoices_go_on_while_ksef_is_down(oms, open_page, dress):
    """Issued offline with their marks, seen in the list, accepted once KSeF is back."""
    with ksef.shop(oms) as here:
        certificate, key = pair()
        with oms.works.writing(ANNA) as work:
            einvoices.change(work, {"offline": certificate, "offline_key": key})
        walk = walk_of(open_page, "ksef", dress)
        (before,) = here.issue()
        here.settle()
        here.ksef.is_down = True
        during = here.issue(2)
        here.run()
        here.later(minutes=6)
        here.run()
        assert here.states() == {before: "accepted", **dict.fromkeys(during, "ready")}
        assert all(here.row(one).is_offline for one in during)
        walk.go("/settings/ksef", "settings, down")
        walk.go("/documents?view=issued&ksef=offline", "list, down")
        assert walk.page.locator("[data-row]").count() == 2
        walk.go(f"/documents/{during[0]}", "document, offline")
        here.ksef.is_down = False
        here.later(minutes=30)
        here.settle()
        assert set(here.states().values()) == {"accepted"}
        walk.go(f"/documents/{during[0]}", "document, accepted")
        expect(walk.page.locator("main")).to_contain_text(here.row(during[0]).ksef_number)
        walk.go("/documents?view=issued&ksef=offline", "list, none offline")
        assert walk.page.locator("[data-row]").count() == 0
        walk.go("/settings/ksef", "settings, up")
        assert here.sends() == 3
        assert walk.wrong == []
