"""The queue of what is doubtful: each finding has the button that settles it, in place."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from oms_connector import Payment
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.core.clock import utc_now
from oms_web.domain.automation.models import Rule
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import lock_order, order_lines
from oms_web.domain.orders.verification import queries
from oms_web.domain.orders.verification.models import CheckLevel, Finding, Watched
from oms_web.domain.orders.verifying import verify_again
from oms_web.flows import order_split, order_verify
from oms_web.flows.order_in import take_in
from tests import factories as make
from tests.benchmarks.counting import counted
from tests.screens.shelves import MUG, PART, open_shop, text_of

ODD = replace(make.WARSAW, street="Kwiatowa", phone="12345")


@pytest.fixture
def shop(works):
    return open_shop(works)


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


@pytest.fixture
def take(shop):
    """A function that takes an order in from the shop's channel, or from another; its number."""
    def taken(external_id, other=False, lines=None, **values):
        with shop.works.writing(SYSTEM) as work:
            account = make.account(work, "Sklep", connector="woocommerce") if other \
                else work.session.get_one(ChannelAccount, shop.account_id)
            return take_in(work, account, [make.order(external_id, lines or {MUG: 1}, **{
                "placed_at": utc_now() - timedelta(hours=1), **values})]).order_ids[0]
    return taken


def left(shop, number):
    return set(shop.ask(select(Finding.kind).where(
        Finding.order_id == number, Finding.settled_at.is_(None))))


def test_nothing_is_doubtful(owner):
    assert "Nothing is doubtful" in text_of(owner.get("/verification"))
    assert "Nothing of this kind" in text_of(owner.get("/verification?kind=phone"))


def test_an_address_is_corrected_where_it_stands(shop, owner, take):
    number = take("B1", ship_to=ODD)
    page = owner.get("/verification").get_data(as_text=True)
    assert "The street has no house number: Kwiatowa" in page
    fields = dict(re.findall(rf'name="(a{number}-\w+)"[^>]*value="([^"]*)"', page))
    assert fields[f"a{number}-country"] == "PL"
    wrong = owner.post(f"/verification/{number}/address", data=fields)
    assert wrong.status_code == 422
    assert "7 to 15 digits" in text_of(wrong)
    assert '<details class="correct" open>' in wrong.get_data(as_text=True)
    fields |= {f"a{number}-street": "Kwiatowa 7", f"a{number}-phone": "600100200"}
    assert owner.post(f"/verification/{number}/address", data=fields).status_code == 303
    assert left(shop, number) == set()


def test_a_tax_number_is_corrected_or_taken_away(shop, owner, take):
    number = take("B1", tax_id="1234567890")
    at = f"/verification/{number}/tax-id"
    assert owner.post(at, data={f"t{number}-tax_id": "123"}).status_code == 422
    assert owner.post(at, data={f"t{number}-tax_id": "", "from": "card"}).location.endswith(
        f"/orders/{number}")
    assert left(shop, number) == set()


def test_one_finding_is_accepted_or_a_kind_of_many_orders(shop, owner, take):
    one, two = take("B1", ship_to=ODD), take("B2", ship_to=ODD)
    [house] = shop.ask(select(Finding.id).where(
        Finding.order_id == one, Finding.kind == "house_number"))
    card = owner.get(f"/orders/{one}").get_data(as_text=True)
    assert f'id="finding-{house}"' in card
    assert 'name="from" value="card"' in card
    owner.post(f"/verification/{one}/accept", data={"finding": house})
    assert left(shop, one) == {"phone"}
    assert owner.post("/verification/accept", data={"kind": "phone", "order": [one, two]}
                      ).location.endswith("/verification?kind=phone")
    assert (left(shop, one), left(shop, two)) == (set(), {"house_number"})
    assert "house number" in text_of(owner.get(f"/orders/{two}"))


def test_a_double_is_cancelled_or_both_are_kept(shop, owner, take):
    first = take("B1")
    double, meant = take("C1", other=True), take("B2")
    assert left(shop, meant) == {"duplicate"}
    page = text_of(owner.get("/verification?kind=duplicate"))
    assert f"It looks the same as order {first}, which came from elsewhere" in page
    owner.post(f"/verification/{double}/cancel")
    owner.post(f"/verification/{meant}/keep-both")
    assert shop.ask(select(Order.phase).where(Order.id.in_((first, double, meant)))
                    .order_by(Order.id)) == ["open", "cancelled", "open"]
    assert shop.ask(select(Finding.how).order_by(Finding.id)) == ["cancelled", "kept"]


def test_the_rest_was_paid(shop, owner, take):
    part = (Payment(amount=Decimal("4.00"), at=utc_now(), reference="1"),)
    number = take("B1", paid=False, payments=part)
    page = text_of(owner.get("/verification")).replace("\N{NO-BREAK SPACE}", " ")
    assert "The rest was paid: PLN 6.00" in page
    assert "Paid PLN 4.00, and the order costs PLN 10.00" in page
    owner.post(f"/verification/{number}/paid")
    assert (left(shop, number), shop.ask(select(Order.payment_state).where(Order.id == number))
            ) == (set(), ["paid"])
    assert owner.post(f"/verification/{number}/paid").status_code == 409


def test_the_age_of_findings_is_asked_by_kind(shop, take):
    """The first screen counts some kinds in a case; another kind's age is not theirs."""
    take("B1", paid=False, payments=(Payment("P", Decimal("4.00"), utc_now()),))
    with shop.works.reading(SYSTEM) as work:
        assert queries.oldest(work.session, {"payment"}) is not None
        assert queries.oldest(work.session, {"address", "phone"}) is None


def test_the_rest_of_a_part_is_what_falls_on_the_part(shop, owner, take):
    """Money lies on the order that was split; what is missing may be missing of another part."""
    number = take("B2", lines={MUG: 4}, paid=False, payments=(
        Payment("P", Decimal("30.00"), utc_now()),))
    with shop.works.writing(SYSTEM) as work:
        [line] = order_lines(work.session, number)
        part = order_split.split(work, number, {line.id: 2})
        verify_again(work, lock_order(work.session, part))
    assert "The rest was paid: PLN 10.00" in text_of(owner.get("/verification")).replace(
        "\N{NO-BREAK SPACE}", " ")
    owner.post(f"/verification/{part}/paid")
    assert shop.ask(select(func.sum(Order.paid_total)).where(
        Order.id.in_((number, part)))) == [4000]
    assert [left(shop, one) for one in (number, part)] == [set(), set()]


def test_who_may_only_look_has_no_buttons(shop, browser_as, take):
    take("B1", ship_to=ODD)
    page = browser_as("reader").get("/verification").get_data(as_text=True)
    assert "Kwiatowa" in page
    assert "/accept" not in page
    assert "data-select " not in page
    assert "/settings/" not in page


def test_the_settings_say_how_strict_whom_to_look_out_for_and_make_a_rule(shop, owner):
    at = "/settings/verification"
    owner.post(at, data={"phone": "off", "town": "hold", "hours": "48"})
    assert dict(zip(shop.ask(select(CheckLevel.kind).order_by(CheckLevel.kind)),
                    shop.ask(select(CheckLevel.level).order_by(CheckLevel.kind)), strict=True)
                ) == {"phone": "off", "town": "hold"}
    assert owner.post(at, data={"hours": "0"}).status_code == 422
    assert owner.post(f"{at}/watched", data={"text": "x"}).status_code == 422
    owner.post(f"{at}/watched", data={"text": "600 100 200", "note": "did not pay"})
    assert "600 100 200 did not pay" in text_of(owner.get(at))
    owner.post(f"{at}/watched/{shop.ask(select(Watched.id))[0]}/remove")
    assert shop.ask(select(Watched.id)) == []
    for key in ("first", "cod", "phone", "watched"):
        assert owner.post(f"{at}/rules/{key}").status_code == 303
    assert set(shop.ask(select(Rule.state))) == {"off"}
    again = owner.post(f"{at}/rules/cod")
    assert owner.get(again.location).status_code == 200
    assert "Make the rule" not in text_of(owner.get(at))


def test_the_queue_and_the_first_page_cost_the_same_for_many_as_for_few(
        oms, shop, owner, take, monkeypatch):
    monkeypatch.setattr("oms_web.web.verification.PAGE", 6)

    def fill(start, count):
        for n in range(start, start + count):
            number = take(f"B{n}", ship_to=ODD, tax_id="1234567890")
            with shop.works.writing(SYSTEM) as work:
                order_verify.doubt(work, number, "Look at it")

    def cost(path):
        owner.get(path)
        with counted(oms.engine) as statements:
            assert owner.get(path).status_code == 200
        return len(statements)

    fill(0, 2)
    few = [cost(path) for path in ("/", "/verification")]
    fill(2, 6)
    assert [cost(path) for path in ("/", "/verification")] == few
    assert few[0] <= 42
    assert few[1] <= 12
    page = owner.get("/verification").get_data(as_text=True)
    after = re.search(r'hx-get="(/verification\?after=[^"]+)"', page)[1]
    part = owner.get(after, headers=PART).get_data(as_text=True)
    assert (page.count("<li class=\"card doubtful\""), part.count("<li class=\"card doubtful\"")
            ) == (6, 2)
    assert "<html" not in part
