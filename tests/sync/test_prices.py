"""Carriers are asked for prices: for who compares them, and for a label that takes the cheapest."""

from __future__ import annotations

from decimal import Decimal

import pytest
from oms_connector import ChannelDown, Rate
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.shipping import bookings, prices, sending
from oms_web.domain.shipping.label_models import PriceAnswer
from oms_web.domain.shipping.planning import Wanted
from oms_web.flows import label, label_back, price
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import rates
from oms_web.sync.registry import Registry
from tests import factories as make
from tests.sync.carrier import Counting, Depot


class Rating(Counting):
    """``told``: account's base address -> service -> price; an error instead is raised."""

    told: dict = {}

    def rates(self, booking):
        found = self.told[self.context.settings["name"]]
        if isinstance(found, Exception):
            raise found
        return [Rate(ref, Decimal(amount), "PLN", days) for ref, amount, days in found]


class Mute(Counting):
    """A carrier that cannot be asked."""


@pytest.fixture
def depot(oms):
    depot = Depot(oms)
    oms.__dict__["registry"] = Registry({"counting": Counting, "rating": Rating, "mute": Mute})
    depot.engine = type(depot.engine)(oms.works, oms.registry)
    with oms.works.writing(SYSTEM) as work:
        work.session.get_one(type(depot.carrier), depot.carrier.id).archived_at = work.now
        sending.delete_rule(work, depot.rule)
        depot.accounts = {}
        for name, connector in (("Slow", "rating"), ("Fast", "rating"), ("Mute", "mute")):
            made = make.account(work, name, connector=connector, settings={"name": name})
            sending.keep_services(work, made.id, [
                {"ref": ref, "name": ref, "needs_point": ref == "locker", "cod": ref == "door",
                 "most_parcels": 3, "sizes": []} for ref in ("door", "eco", "locker")])
            depot.accounts[name] = made.id
    Rating.told = {"Slow": [("door", "12.30", 3), ("locker", "1.00", 1), ("moon", "0.10", 1)],
                   "Fast": [("door", "15.00", 1), ("eco", "9.99", 4)]}
    return depot


def compare(depot, order_id):
    able = [depot.accounts[name] for name in ("Slow", "Fast")]
    mark = depot.do(price.compare, order_id, Wanted(), able)
    drain(depot.oms)
    with depot.works.reading(SYSTEM) as work:
        return prices.answers(work.session, order_id, mark)


def cheapest(depot, *among):
    with depot.works.writing(SYSTEM) as work:
        sending.add_rule(work, {
            "kind": "cheapest", "account_id": None, "service": "", "size": "",
            "among": [[depot.accounts[name], ref] for name, ref in among], "packaging_id": None,
            "channel_id": None, "method": "", "country": "", "heaviest_g": None, "least": None,
            "most": None, "cod": ""})


def own(depot, name, ref, heaviest_g, amount, country=""):
    with depot.works.writing(SYSTEM) as work:
        prices.add_own_price(work, {
            "account_id": depot.accounts[name], "service": ref, "country": country,
            "heaviest_g": heaviest_g, "price": amount, "currency": "PLN"})


def test_each_carrier_is_asked_once_and_one_that_fails_stops_no_other(depot):
    order_id = depot.order("A", {"KUB": 1})
    Rating.told["Slow"] = ChannelDown("storm")
    slow, fast = compare(depot, order_id)
    assert (slow.state, slow.why, fast.state) == ("failed", "storm", "told")
    assert fast.rates == [["door", 1500, "PLN", 1], ["eco", 999, "PLN", 4]]
    Rating.told = {"Slow": [("door", "12.30", 3), ("moon", "0.10", 1)], "Fast": ChannelDown("x")}
    slow, fast = compare(depot, order_id)
    assert slow.rates == [["door", 1230, "PLN", 3]], "no service that it does not sell"
    assert fast.rates[1] == ["eco", 999, "PLN", 4], "what was told just now is not asked again"
    depot.forward(minutes=11)
    assert compare(depot, order_id)[1].why == "x"
    depot.forward(days=2)
    rings.ring_cleaning(depot.oms)
    with depot.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(PriceAnswer)).all() == []
    assert depot.sales() == 0


def test_an_own_list_stands_in_by_weight_and_country(depot):
    request = {"receiver": {"country": "PL"}, "packages": [{"weight_g": 900}, {"weight_g": 4000}]}
    own(depot, "Mute", "door", 1000, 700)
    with depot.works.reading(SYSTEM) as work:
        assert prices.own_offers(work.session, request, [depot.accounts["Mute"]]) == []
    own(depot, "Mute", "door", 5000, 1100)
    own(depot, "Mute", "door", 5000, 100, "DE")
    with depot.works.reading(SYSTEM) as work:
        [one] = prices.own_offers(work.session, request, [depot.accounts["Mute"]])
        assert (one.price, one.is_own) == (1800, True)
    with pytest.raises(Invalid, match="Choose"):
        own(depot, "Mute", "moon", 1000, 700)


def test_a_rule_buys_by_the_cheapest_service_and_buys_once(depot):
    cheapest(depot)
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    assert depot.booking(booking_id).among
    for _ in range(2):
        depot.work()
    found = depot.booking(booking_id)
    assert (found.state, found.account_id, found.service, found.carrier, found.among) == (
        "confirmed", depot.accounts["Fast"], "eco", "Fast", [])
    assert (depot.sales(), found.request["service"]) == (1, "eco")


def test_what_collects_money_goes_only_by_what_can_and_own_prices_compete(depot):
    cheapest(depot)
    own(depot, "Mute", "door", 5000, 500)
    booking_id = depot.book(depot.order("A", {"KUB": 1}, payment_kind="cod", paid=False))
    depot.work()
    found = depot.booking(booking_id)
    assert (found.account_id, found.service) == (depot.accounts["Mute"], "door")


def test_a_rule_may_name_among_which(depot):
    cheapest(depot, ("Slow", "door"), ("Fast", "door"))
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    depot.work()
    assert depot.booking(booking_id).account_id == depot.accounts["Slow"]


def test_two_workers_choose_once(depot):
    cheapest(depot)
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    assert rates.choose(depot.engine, booking_id)
    assert depot.do(label.choose, booking_id, depot.accounts["Slow"], "door") is False
    assert depot.booking(booking_id).service == "eco"


def test_without_any_price_a_person_chooses_in_the_end(depot):
    Rating.told = {"Slow": ChannelDown("storm"), "Fast": []}
    cheapest(depot)
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    depot.work()
    assert depot.booking(booking_id).state == "intended"
    for _ in range(4):
        depot.forward(hours=1)
        depot.work()
    found = depot.booking(booking_id)
    assert (found.state, found.why, depot.sales()) == (
        "refused", "storm", 0)


def test_a_label_without_a_service_yet_is_called_off(depot):
    cheapest(depot)
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    depot.do(label_back.void, booking_id)
    depot.work()
    assert (depot.booking(booking_id).state, depot.sales()) == ("cancelled", 0)
    with depot.works.reading(SYSTEM) as work:
        assert bookings.live_before_packing(work.session, [1]) is None


def test_where_no_service_fits_it_is_said_at_once(depot):
    cheapest(depot, ("Slow", "locker"))
    with pytest.raises(NotAllowedNow, match="cheapest"):
        depot.book(depot.order("A", {"KUB": 1}))
