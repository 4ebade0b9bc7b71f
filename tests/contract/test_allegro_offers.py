"""Allegro's offers: what is on sale, quantities and prices by command, and what became of them."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from oms_allegro import commands
from oms_connector import (
    AccessRefused,
    ChannelDown,
    ItemResult,
    OutcomeUnknown,
    PriceItem,
    RateLimited,
    StockItem,
    Unreadable,
)

from tests.contract.allegro_wire import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


def stock(ref, quantity, version=1):
    return StockItem(ref, f"SKU-{ref}", quantity, version, f"stock:{ref}:{version}")


def price(ref, amount, currency="PLN", version=1):
    return PriceItem(ref, f"SKU-{ref}", Decimal(amount), currency, version,
                     f"price:{ref}:{version}")


def handle_of(results):
    """The one handle of items that were all accepted."""
    assert {one.outcome for one in results} == {"accepted"}
    (handle,) = {one.handle for one in results}
    return handle


def everything(there, limit=100, **settings):
    offers, cursor = [], None
    for _ in range(60):
        page = there.connector(**settings).list_offers(cursor, limit)
        assert not (page.more and page.cursor == cursor)
        offers += page.items
        cursor = page.cursor
        if not page.more:
            return offers
    raise AssertionError("the list does not end")


class TestListing:
    @pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
    def test_pages_of_every_size(self, there, count):
        made = [there.shop.offer(f"S{place}") for place in range(count)]
        assert sorted(one.offer_ref for one in everything(there)) == sorted(made)

    def test_an_offer_says_what_buyers_see(self, there):
        ref = there.shop.offer("KUBEK", price="49.90", stock=7)
        (offer,) = everything(there)
        assert (offer.offer_ref, offer.sku, offer.title) == (ref, "KUBEK", "Offer KUBEK")
        assert (offer.price, offer.currency, offer.quantity) == (Decimal("49.90"), "PLN", 7)
        assert offer.active
        assert offer.url == f"https://allegro.pl/oferta/{ref}"

    def test_of_an_ended_offer_buyers_see_nothing(self, there):
        there.shop.end(there.shop.offer("KUBEK", stock=7))
        (offer,) = everything(there)
        assert (offer.quantity, offer.active) == (0, False)

    def test_an_ended_offer_is_still_looked_after_when_it_is_to_be_put_back(self, there):
        there.shop.end(there.shop.offer("KUBEK"))
        (offer,) = everything(there, resume=True)
        assert (offer.quantity, offer.active) == (0, True)

    def test_what_is_on_sale_comes_before_what_has_ended(self, there):
        refs = [there.shop.offer(f"S{place}") for place in range(30)]
        for ref in refs[::2]:
            there.shop.end(ref)
        found = everything(there, limit=10)
        assert len(found) == 30
        assert [one.active for one in found] == [True] * 15 + [False] * 15

    def test_goods_in_allegros_warehouse_are_not_ours_to_count(self, there):
        there.shop.offer("KUBEK", isFulfillment=True)
        assert [one.active for one in everything(there)] == [False]

    def test_an_offer_of_another_country_has_no_polish_address(self, there):
        ref = there.shop.offer("KUBEK")
        there.shop.offers[ref]["publication"]["marketplaces"]["base"]["id"] = "allegro-cz"
        assert everything(there)[0].url == ""

    def test_the_sandbox_shows_its_own_addresses(self, there):
        there.shop.offer("KUBEK")
        (offer,) = everything(there, environment="sandbox")
        assert offer.url.startswith("https://allegro.pl.allegrosandbox.pl/oferta/")

    def test_an_unreadable_offer_does_not_stop_the_others(self, there):
        there.shop.offer("A")
        broken = there.shop.offer("B")
        there.shop.offers[broken]["stock"] = {"available": "many"}
        there.http = there.wire
        found = everything(there)
        assert [type(one) is Unreadable for one in found] == [True, False]


class TestQuantities:
    def test_one_value_for_many_offers_is_one_command(self, there):
        refs = [there.shop.offer(f"S{place}", stock=1) for place in range(3)]
        results = there.connector().push_stock([stock(ref, 7) for ref in refs])
        handle = handle_of(results)
        assert len(there.shop.commands) == 1
        assert there.connector().results(handle) is None
        there.shop.work()
        told = there.connector().results(handle)
        assert told == {ref: ItemResult("applied") for ref in refs}
        assert {there.shop.offers[ref]["stock"]["available"] for ref in refs} == {7}

    def test_results_keep_the_order_of_the_items_whatever_their_values(self, there):
        refs = [there.shop.offer(f"S{place}") for place in range(6)]
        values = [3, 0, 3, -1, 0, 9]
        items = [stock(ref, value) for ref, value in zip(refs, values, strict=True)]
        results = there.connector().push_stock(items)
        assert [one.outcome for one in results] == [
            "accepted", "accepted", "accepted", "rejected", "accepted", "accepted"]
        kinds = [one.handle.partition("/")[0] for one in results]
        assert kinds == ["quantity", "publication", "quantity", "", "publication", "quantity"]
        there.shop.work()
        left = [there.shop.offers[ref]["stock"]["available"] for ref in refs]
        assert [left[0], left[2], left[5]] == [3, 3, 9]

    @pytest.mark.parametrize("quantity", [-1, 1.5, "2", None])
    def test_what_is_no_quantity_is_not_sent(self, there, quantity):
        ref = there.shop.offer("KUBEK")
        (result,) = there.connector().push_stock([stock(ref, quantity)])
        assert (result.outcome, result.field) == ("rejected", "quantity")
        assert there.wire.log == []

    def test_an_answer_that_says_nothing_is_not_taken_for_a_yes(self, there):
        there.http = there.wire
        there.fault("PUT /sale", 200, body=b"{}")
        with pytest.raises(OutcomeUnknown):
            there.connector().push_stock([stock(there.shop.offer("KUBEK"), 2)])

    def test_nothing_to_send_asks_nothing(self, there):
        assert there.connector().push_stock([]) == []
        assert there.wire.log == []

    def test_the_command_is_named_by_the_items_keys(self, there):
        names = [commands.command_id("quantity", keys)
                 for keys in (["a", "b"], ["b", "a"], ["a"], ["ab"], ["a", "b", "c"])]
        assert names[0] == names[1]
        assert len(set(names)) == 4
        assert commands.command_id("price", ["a", "b"]) != names[0]
        assert UUID(names[0]).version == 5

    def test_the_same_items_twice_are_one_command(self, there):
        ref = there.shop.offer("KUBEK")
        first = there.connector().push_stock([stock(ref, 4)])
        again = there.connector().push_stock([stock(ref, 4)])
        assert first == again
        assert len(there.shop.commands) == 1

    def test_a_lost_answer_is_unknown_and_sending_again_does_no_more(self, there):
        ref = there.shop.offer("KUBEK")
        there.fault("PUT /sale", 0, after=True)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_stock([stock(ref, 4)])
        handle = handle_of(there.connector().push_stock([stock(ref, 4)]))
        assert len(there.shop.commands) == 1
        there.shop.work()
        assert there.connector().results(handle) == {ref: ItemResult("applied")}

    @pytest.mark.parametrize("after", [True, False])
    @pytest.mark.parametrize("status", [302, 500, 503])
    def test_a_failing_allegro_may_have_done_it(self, there, status, after):
        ref = there.shop.offer("KUBEK")
        there.fault("PUT /sale", status, after=after)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_stock([stock(ref, 4)])

    def test_slowing_down_and_a_lost_access_are_passed_on(self, there):
        ref = there.shop.offer("KUBEK")
        there.fault("PUT /sale", 429)
        with pytest.raises(RateLimited):
            there.connector().push_stock([stock(ref, 4)])
        there.wire.token = "another"
        with pytest.raises(AccessRefused):
            there.connector().push_stock([stock(ref, 4)])

    def test_one_broken_offer_is_told_alone(self, there):
        good, bad = there.shop.offer("A"), there.shop.offer("B")
        gone = "7999999999"
        there.shop.broken_offers[bad] = {
            "code": "INVALID_PARAMETER", "message": "Parameter 11323 is required.",
            "userMessage": "Condition is missing.", "path": "parameters[0]"}
        handle = handle_of(there.connector().push_stock(
            [stock(ref, 2) for ref in (good, bad, gone)]))
        there.shop.work()
        told = there.connector().results(handle)
        assert told[good] == ItemResult("applied")
        assert told[bad] == ItemResult("rejected", "Condition is missing.", "INVALID_PARAMETER",
                                       field="parameters[0]")
        assert told[gone].outcome == "rejected"

    def test_a_fault_of_allegros_own_is_worth_another_try(self, there):
        ref = there.shop.offer("A")
        there.shop.broken_offers[ref] = {"code": "INTERNAL_SERVER_ERROR", "message": "Oops."}
        handle = handle_of(there.connector().push_stock([stock(ref, 2)]))
        there.shop.work()
        assert there.connector().results(handle) == {
            ref: ItemResult("retry", "Oops.", "INTERNAL_SERVER_ERROR", field="quantity")}

    def test_a_command_that_is_refused_as_a_whole_is_told_for_every_item(self, there):
        ref = there.shop.offer("A")
        body = (b'{"errors":[{"code":"INCORRECT_QUANTITY_VALUE","path":"modification.value",'
                b'"message":"Incorrect","userMessage":"Wrong number of units"}]}')
        there.fault("PUT /sale", 422, body=body)
        results = there.connector().push_stock([stock(ref, 2), stock(ref, 2, 2)])
        assert results == [ItemResult("rejected", "Wrong number of units",
                                      "INCORRECT_QUANTITY_VALUE",
                                      field="modification.value")] * 2

    def test_more_than_a_command_takes_is_more_commands(self, there):
        items = [stock(str(8_000_000_000 + place), 5) for place in range(1001)]
        results = there.connector().push_stock(items)
        assert len(results) == 1001
        assert [len(one.refs) for one in there.shop.commands.values()] == [1000, 1]
        assert len({one.handle for one in results}) == 2

    def test_commands_draw_what_they_change_from_their_own_limit(self, there):
        refs = [there.shop.offer(f"S{place}") for place in range(4)]
        there.connector().push_stock([stock(ref, 5) for ref in refs])
        there.connector().push_prices([price(ref, "5.00") for ref in refs])
        there.connector().push_stock([stock(ref, 0, 2) for ref in refs])
        assert there.wire.paced == [("quantity", 4), ("price", 4), ("publication", 4)]
        declared = {one.bucket for one in there.connector().manifest.limits}
        assert {"", "quantity", "price", "publication"} <= declared

    def test_a_command_that_never_arrived_has_no_results(self, there):
        name = commands.command_id("quantity", ["x"])
        assert there.connector().results(f"quantity/{name}") == {}

    def test_a_command_without_tasks_is_waited_for_until_it_is_done(self, there):
        handle = handle_of(there.connector().push_stock([stock(there.shop.offer("A"), 2)]))
        (command,) = there.shop.commands.values()
        assert there.connector().results(handle) is None
        command.done_at = "2026-11-23T10:00:00.000Z"
        assert there.connector().results(handle) == {}

    def test_a_task_that_is_not_done_holds_the_results_back(self, there):
        refs = [there.shop.offer("A"), there.shop.offer("B")]
        handle = handle_of(there.connector().push_stock([stock(ref, 2) for ref in refs]))
        there.shop.work()
        (command,) = there.shop.commands.values()
        command.tasks[refs[1]]["status"] = "NEW"
        assert there.connector().results(handle) is None

    def test_results_that_cannot_be_had_now_are_asked_for_later(self, there):
        handle = handle_of(there.connector().push_stock([stock(there.shop.offer("A"), 2)]))
        there.fault("GET /sale", 503)
        with pytest.raises(ChannelDown):
            there.connector().results(handle)


class TestZero:
    def test_an_offer_with_nothing_left_is_ended(self, there):
        ref = there.shop.offer("KUBEK", stock=3)
        handle = handle_of(there.connector().push_stock([stock(ref, 0)]))
        there.shop.work()
        assert there.shop.offers[ref]["publication"]["status"] == "ENDED"
        assert there.connector().results(handle) == {ref: ItemResult("applied")}
        assert [one.kind for one in there.shop.commands.values()] == ["publication"]

    def test_ending_what_has_ended_already_is_what_was_wanted(self, there):
        ended, broken = there.shop.offer("A"), there.shop.offer("B")
        there.shop.end(ended)
        there.shop.broken_offers[broken] = {"code": "LOCKED", "message": "The offer is locked."}
        handle = handle_of(there.connector().push_stock([stock(ended, 0), stock(broken, 0)]))
        there.shop.work()
        told = there.connector().results(handle)
        assert told[ended] == ItemResult("applied")
        assert told[broken].outcome == "rejected"


class TestResuming:
    def test_it_is_off_unless_the_seller_wants_it(self, there):
        ref = there.shop.offer("KUBEK")
        there.shop.end(ref, "EMPTY_STOCK")
        handle_of(there.connector().push_stock([stock(ref, 5)]))
        there.shop.work()
        assert there.shop.offers[ref]["publication"]["status"] == "ENDED"
        assert there.wire.calls("GET") == 0

    @pytest.mark.parametrize("by", ["EMPTY_STOCK", "USER"])
    def test_an_ended_offer_goes_back_on_sale_with_its_units(self, there, by):
        back, other = there.shop.offer("A", stock=0), there.shop.offer("B")
        there.shop.end(back, by)
        results = there.connector(resume=True).push_stock([stock(back, 5), stock(other, 5)])
        assert [one.handle.partition("/")[0] for one in results] == ["offer", "quantity"]
        assert there.shop.offers[back]["publication"]["status"] == "ACTIVE"
        assert there.shop.offers[back]["stock"]["available"] == 5
        assert there.connector().results(results[0].handle) == {back: ItemResult("applied")}

    @pytest.mark.parametrize("by", ["ADMIN", "EXPIRATION", "PRODUCT_DETACHMENT", "ERROR"])
    def test_an_end_that_is_not_ours_is_not_undone(self, there, by):
        ref = there.shop.offer("KUBEK")
        there.shop.end(ref, by)
        results = there.connector(resume=True).push_stock([stock(ref, 5)])
        assert results[0].handle.startswith("quantity/")
        assert there.shop.offers[ref]["publication"]["status"] == "ENDED"

    def test_an_offer_that_cannot_go_back_says_why(self, there):
        ref = there.shop.offer("KUBEK")
        there.shop.end(ref, "EMPTY_STOCK")
        there.shop.broken_offers[ref] = {}
        (result,) = there.connector(resume=True).push_stock([stock(ref, 5)])
        assert result == ItemResult("rejected", "A parameter is missing", "VALIDATION_ERROR",
                                    field="parameters")

    @pytest.mark.parametrize(("status", "outcome"), [
        ("ACTIVE", "applied"), ("ENDED", "rejected"), ("INACTIVE", "rejected")])
    def test_allegro_works_on_it_until_it_is_on_sale_or_not(self, there, status, outcome):
        ref = there.shop.offer("KUBEK")
        there.shop.offers[ref]["publication"]["status"] = "ACTIVATING"
        assert there.connector().results(f"offer/{ref}") is None
        there.shop.offers[ref]["publication"]["status"] = status
        assert there.connector().results(f"offer/{ref}")[ref].outcome == outcome
        assert there.connector().results("offer/7999999999") == {}


class TestPrices:
    def test_one_command_for_each_price(self, there):
        refs = [there.shop.offer(f"S{place}") for place in range(4)]
        amounts = ["19.9", "20.00", "19.90", "19.90"]
        results = there.connector().push_prices(
            [price(ref, amount) for ref, amount in zip(refs, amounts, strict=True)])
        assert len(there.shop.commands) == 2
        assert results[0] == results[2] == results[3] != results[1]
        there.shop.work()
        for ref, amount in zip(refs, ["19.90", "20.00", "19.90", "19.90"], strict=True):
            assert there.shop.offers[ref]["sellingMode"]["price"] == {
                "amount": amount, "currency": "PLN"}
        told = there.connector().results(results[0].handle)
        assert told == {ref: ItemResult("applied") for ref in (refs[0], refs[2], refs[3])}

    def test_currencies_are_not_mixed(self, there):
        refs = [there.shop.offer("A"), there.shop.offer("B")]
        there.connector().push_prices([price(refs[0], "10"), price(refs[1], "10", "czk")])
        sent = [one.body["modification"]["price"]["currency"]
                for one in there.shop.commands.values()]
        assert sorted(sent) == ["CZK", "PLN"]
