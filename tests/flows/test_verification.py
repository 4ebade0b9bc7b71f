"""Findings come and go with their orders; what a person has settled stays settled."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from oms_connector import Payment
from sqlalchemy import select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.clock import utc_now
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import cancelling, tally
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Order, OrderLine
from oms_web.domain.orders.verification import service as verification
from oms_web.domain.orders.verification.models import Finding
from oms_web.flows import (
    order_cancel,
    order_edit,
    order_pay,
    order_refund,
    order_split,
    order_verify,
    return_refund,
)
from oms_web.flows.order_in import take_in
from tests import factories as make

ANNA = Actor("user", "Anna", 7)
ODD = replace(make.WARSAW, street="Kwiatowa", phone="12345")


class Desk:
    """A shop with two channels, and what is found in it."""

    def __init__(self, oms):
        self.works = oms.works
        self.account, _ = make.shop(self.works, {"KUB": 90, "TAL": 90})
        with self.works.writing(SYSTEM) as work:
            self.other = make.account(work, "Sklep", connector="woocommerce")
            self.files = make.account(work, "Pliki", connector="files")

    def take(self, *incoming, account=None):
        with self.works.writing(SYSTEM) as work:
            known = work.session.get_one(ChannelAccount, (account or self.account).id)
            result = take_in(work, known, incoming)
            assert result.refused == []
            return result.order_ids

    def do(self, flow, *args, **values):
        with self.works.writing(ANNA) as work:
            return flow(work, *args, **values)

    def all(self, query):
        with self.works.reading(SYSTEM) as work:
            return [tuple(row) for row in work.session.execute(query)]

    def open(self, order_id):
        return {kind: level for kind, level in self.all(
            select(Finding.kind, Finding.level).where(
                Finding.order_id == order_id, Finding.settled_at.is_(None)))}

    def holds(self, order_id):
        return {kind for kind, in self.all(select(Hold.kind).where(
            Hold.order_id == order_id, Hold.released_at.is_(None)))}

    def queue(self, order_id):
        return self.all(select(Order.queue).where(Order.id == order_id))[0][0]

    def how(self, order_id):
        return self.all(select(Finding.kind, Finding.how, Finding.settled_by).where(
            Finding.order_id == order_id, Finding.settled_at.is_not(None)).order_by(Finding.id))

    def counts(self):
        with self.works.reading(SYSTEM) as work:
            return {kind: n for kind, n in tally.tallies(work.session, "finding").items() if n}


@pytest.fixture
def desk(oms):
    return Desk(oms)


def fresh(external_id, lines=None, **values):
    return make.order(external_id, lines or {"KUB": 1}, **{
        "placed_at": utc_now() - timedelta(hours=1), **values})


def test_what_is_found_waits_until_it_is_corrected_and_is_checked_again_at_once(both):
    desk = Desk(both)
    [good, odd] = desk.take(fresh("A1"), fresh("A2", ship_to=replace(ODD, city=""),
                                               tax_id="1234567890"))
    assert desk.open(good) == {}
    assert desk.open(odd) == {"address": "hold", "house_number": "warn", "phone": "warn",
                              "tax_id": "hold"}
    assert (desk.holds(odd), desk.queue(odd)) == ({"address", "tax_id"}, "verify")
    assert desk.counts() == dict.fromkeys(("address", "house_number", "phone", "tax_id"), 1)
    address = dict(name="Anna", street="Kwiatowa 2", postcode="00-001", city="Warszawa",
                   country="PL", phone="600100200")
    desk.do(order_edit.change_address, odd, address)
    assert (desk.open(odd), desk.holds(odd)) == ({"tax_id": "hold"}, {"tax_id"})
    desk.do(order_edit.change_buyer, odd, {"buyer_name": "Anna", "tax_id": ""})
    assert (desk.open(odd), desk.queue(odd), desk.counts()) == ({}, "pick", {})
    assert {row[1:] for row in desk.how(odd)} == {("corrected", "Anna")}


def test_what_a_person_accepted_is_not_found_again_until_it_is_another(desk):
    [number] = desk.take(fresh("A1", ship_to=ODD))
    assert desk.do(order_verify.accept, number) == 2
    assert desk.do(order_verify.accept, number) == 0
    ours = dict(name="Anna Nowa", street="Kwiatowa", postcode="00-001", city="Warszawa",
                country="PL", phone="600100200")
    desk.do(order_edit.change_address, number, ours)
    assert desk.open(number) == {}
    desk.do(order_edit.change_address, number, ours | {"street": "Polna"})
    assert desk.open(number) == {"house_number": "warn"}
    assert desk.all(select(AuditEntry.change).where(AuditEntry.act == "orders.settle")) == [
        ({"finding": [kind, None], "how": [None, "accepted"]},)
        for kind in ("house_number", "phone")]


def test_the_seller_says_how_strict_a_check_is(desk):
    desk.do(verification.choose, {"house_number": "hold", "phone": "off", "tax_id": "warn"}, 24)
    assert desk.do(verification.choose, {"phone": "off"}, 24) is False
    [number] = desk.take(fresh("A1", ship_to=ODD, tax_id="1234567890"))
    assert desk.open(number) == {"house_number": "hold", "tax_id": "warn"}
    assert (desk.holds(number), desk.queue(number)) == ({"house_number"}, "verify")
    desk.do(order_verify.accept, number, of_kinds=["house_number"])
    assert (desk.holds(number), desk.queue(number)) == (set(), "pick")
    with pytest.raises(Invalid):
        desk.do(verification.choose, {"phone": "loud"}, 24)


def test_history_and_what_is_not_ours_to_send_is_left_alone(desk):
    old = utc_now() - timedelta(days=30)
    ids = desk.take(
        fresh("A1", ship_to=ODD, placed_at=old),
        fresh("A2", ship_to=replace(ODD, city=""), placed_at=old),
        fresh("A3", ship_to=ODD, state="shipped"), fresh("A4", ship_to=ODD, state="cancelled"),
        fresh("A5", ship_to=ODD, fulfilled_by="channel"))
    assert [desk.open(number) for number in ids] == [{}, {"address": "hold"}, {}, {}, {}]


def test_what_is_closed_is_doubtful_no_more(desk):
    [number] = desk.take(fresh("A1", ship_to=ODD))
    desk.do(order_cancel.cancel, number)
    assert (desk.open(number), desk.counts()) == ({}, {})
    assert {how for _, how, _ in desk.how(number)} == {"left"}


def test_a_cancelled_double_that_is_recalled_is_doubtful_again(desk):
    jan = {"buyer_email": "Jan@example.test"}
    desk.take(fresh("A1", **jan))
    [copy] = desk.take(fresh("B1", ship_to=ODD, **jan), account=desk.other)

    def there_and_back(work):
        order_verify.is_double(work, copy)
        order = orders.lock_order(work.session, copy)
        before = asdict(cancelling.standing(work, order))
        cancelling.cancel_order(work, order, by="seller")
        work.session.flush()
        return before, asdict(cancelling.standing(work, order)), work.now

    before, after, at = desk.do(there_and_back)
    assert (desk.open(copy), desk.counts()) == ({}, {})
    desk.do(lambda work: cancelling.uncancel(
        work, orders.lock_order(work.session, copy), {"before": before, "after": after}, at))
    assert desk.open(copy) == {"house_number": "warn", "phone": "warn", "duplicate": "hold"}
    assert (desk.holds(copy), desk.queue(copy)) == ({"duplicate"}, "verify")
    assert sum(desk.counts().values()) == 3


def test_money_that_does_not_agree(desk):
    part = (Payment(amount=Decimal("4.00"), at=utc_now(), reference="1"),)
    [number] = desk.take(fresh("A1", paid=False, payments=part))
    assert (desk.open(number), desk.queue(number)) == ({"payment": "warn"}, "unpaid")
    desk.do(order_pay.record, number, 600, "", utc_now(), "r1")
    assert (desk.open(number), desk.queue(number)) == ({}, "pick")


def test_an_amount_that_a_paid_order_was_made_cheaper_by_is_no_doubt(desk):
    part = (Payment(amount=Decimal("10.00"), at=utc_now(), reference="1"),)
    [number] = desk.take(fresh("A1", payments=part))
    assert desk.open(number) == {}
    made, _ = desk.do(order_refund.ask, number, 300, "transfer", "k", "rysa",
                      "PL61109010140000071219812874")
    for name in ("approve", "done"):
        desk.do(return_refund.act, made.id, name)
    assert (desk.open(number), desk.queue(number)) == ({}, "pick")


def test_the_channels_total_is_accepted_once_for_all(desk):
    order = fresh("A1", total=Decimal("9.00"), revision="1")
    [number] = desk.take(order)
    assert desk.open(number) == {"totals": "hold"}
    assert desk.do(order_edit.accept_total, number) is True
    assert (desk.open(number), desk.holds(number)) == ({}, set())
    desk.take(replace(order, revision="2", shipping=Decimal("1.00"), total=Decimal("12.00")))
    assert desk.open(number) == {"totals": "hold"}


def test_the_same_order_from_another_channel_is_held_and_settled(both):
    desk = Desk(both)
    jan = {"buyer_email": "Jan@example.test", "ship_to": replace(make.WARSAW, phone="")}
    [first, again] = desk.take(fresh("A1", {"KUB": 1, "TAL": 2}, **jan),
                               fresh("A2", {"KUB": 1, "TAL": 2}, **jan))
    copy, more, other = desk.take(
        fresh("B1", {"KUB": 1, "TAL": 2}, **jan), fresh("B2", {"KUB": 2, "TAL": 2}, **jan),
        fresh("B3", {"KUB": 1, "TAL": 2}, buyer_email="ewa@example.test",
              ship_to=replace(make.WARSAW, phone="")), account=desk.other)
    assert [desk.open(number) for number in (first, again, more, other)] == [{}] * 4
    assert (desk.open(copy), desk.queue(copy)) == ({"duplicate": "hold"}, "verify")
    assert desk.do(order_verify.keep_both, copy) == 1
    assert (desk.open(copy), desk.queue(copy)) == ({}, "pick")
    [third] = desk.take(fresh("C1", {"KUB": 1, "TAL": 2}, **jan), account=desk.files)
    [fourth] = desk.take(fresh("C2", {"KUB": 1, "TAL": 2}, **jan), account=desk.files)
    assert desk.open(third) == desk.open(fourth) == {"duplicate": "hold"}
    assert desk.do(order_verify.is_double, fourth) == third
    with pytest.raises(NotAllowedNow):
        desk.do(order_verify.is_double, fourth)


def test_a_rule_points_an_order_out(desk):
    [number] = desk.take(fresh("A1"))
    assert desk.do(order_verify.doubt, number, "First order, and a large one") is True
    assert desk.do(order_verify.doubt, number, "First order, and a large one") is False
    assert (desk.open(number), desk.queue(number)) == ({"doubt": "hold"}, "verify")
    assert desk.do(order_verify.take_doubt_back, number, "First order, and a large one") is True
    assert (desk.open(number), desk.queue(number)) == ({}, "pick")
    assert desk.do(order_verify.doubt, number, "First order, and a large one") is True
    desk.do(order_verify.accept, number)
    assert desk.do(order_verify.doubt, number, "First order, and a large one") is False


def test_a_split_order_is_one_to_its_double(desk):
    [first] = desk.take(fresh("A1", {"KUB": 2, "TAL": 1}))
    [cup, _] = desk.all(select(OrderLine.id).where(OrderLine.order_id == first)
                        .order_by(OrderLine.id))
    part = desk.do(order_split.split, first, {cup[0]: 1})
    [copy] = desk.take(fresh("S1", {"KUB": 2, "TAL": 1}), account=desk.other)
    [less] = desk.take(fresh("S2", {"KUB": 1}), account=desk.other)
    assert (desk.open(copy), desk.open(less)) == ({"duplicate": "hold"}, {})
    assert desk.do(order_verify.is_double, copy) in (first, part)


def test_what_was_bought_at_the_till_is_no_double(desk):
    [sold] = desk.take(fresh("A1"))
    with desk.works.writing(SYSTEM) as work:
        order = work.session.get_one(Order, sold)
        order.source, order.account_id = "till", None
    [copy] = desk.take(fresh("S1"), account=desk.other)
    assert desk.open(copy) == {}
