"""Amazon's offers: lists of a thousand, patches, feeds, what became of them, what is not ours."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from oms_amazon import pushing
from oms_connector import ChannelDown, OutcomeUnknown, PriceItem, Response, StockItem

from tests.contract.amazon_bench import opened
from tests.contract.amazon_shop import DE, MONDAY, PL


@pytest.fixture
def there():
    with opened() as there:
        there.shop.listings.clear()
        yield there
        assert there.violations == []


def stock(ref, quantity, version=1):
    return StockItem(ref, ref.partition("/")[2], quantity, version, f"stock:{ref}:{version}")


def price(ref, amount, currency="PLN"):
    return PriceItem(ref, ref.partition("/")[2], Decimal(amount), currency, 1, f"price:{ref}")


def everything(there, limit=20):
    found, cursor = [], None
    for _ in range(200):
        page = there.call(lambda c, at=cursor: c.list_offers(at, limit))
        assert len(json.dumps(page.cursor)) < 4000
        found += page.items
        cursor = page.cursor
        if not page.more:
            return found
    raise AssertionError("the list does not end")


def ends(there, results):
    """What became of items in the end."""
    there.shop.work()
    told = {one.handle: there.call(lambda c, h=one.handle: c.results(h))
            for one in results if one.outcome == "accepted"}
    return told


class TestListing:
    def test_an_offer_says_what_buyers_see(self, there):
        there.shop.listing("KUBEK", "49.90", 7)
        [offer] = everything(there)
        assert (offer.offer_ref, offer.sku, offer.title) == (f"{PL}/KUBEK", "KUBEK", "Item KUBEK")
        assert (offer.price, offer.currency, offer.quantity) == (Decimal("49.90"), "PLN", 7)
        assert (offer.ean, offer.active) == ("5901234123457", True)
        assert offer.url.startswith("https://www.amazon.pl/dp/B0")

    @pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 60])
    def test_pages_of_every_size_in_every_marketplace(self, there, count):
        refs = [there.shop.listing(f"S{number}", place=place)
                for place in (PL, DE) for number in range(count)]
        assert sorted(offer.offer_ref for offer in everything(there)) == sorted(refs)

    @pytest.mark.parametrize("apart", [0, 1])
    def test_a_search_shows_a_thousand_and_the_list_goes_on_behind_them(self, there, apart):
        there.wire.most_found = 40  # a thousand, really
        refs = [there.shop.listing(f"S{number:03d}", created=MONDAY + timedelta(
            seconds=number // 10 * apart + number // 30)) for number in range(130)]
        found = [offer.offer_ref for offer in everything(there)]
        assert sorted(found) == sorted(refs)

    def test_more_than_a_thousand_of_one_second_end_all_the_same(self, there):
        there.wire.most_found = 40
        for number in range(70):
            there.shop.listing(f"S{number:03d}", created=MONDAY)
        later = there.shop.listing("LATER", created=MONDAY + timedelta(seconds=5))
        assert later in {offer.offer_ref for offer in everything(there)}

    def test_what_amazon_sends_is_not_ours_to_count(self, there):
        there.shop.listing("KUBEK", is_fba=True)
        [offer] = everything(there)
        assert (offer.active, offer.quantity) == (False, None)

    def test_one_that_makes_no_sense_stops_no_other(self, there):
        there.shop.listing("A")
        there.shop.listing("B")
        there.bench.line.every = lambda request, answer: Response(200, {}, answer().body.replace(
            b'"Item A"', b"7"))
        assert [type(offer).__name__ for offer in everything(there)] == ["Unreadable", "Offer"]


class TestPatches:
    def test_few_are_patched_one_by_one_and_told_of_later(self, there):
        refs = [there.shop.listing(f"S {number}/100%") for number in range(3)]
        results = there.call(lambda c: c.push_stock([stock(ref, 7) for ref in refs]))
        assert [one.outcome for one in results] == ["accepted"] * 3
        assert len(there.calls("PATCH")) == 3
        assert there.calls("PATCH")[0].request.path.endswith("/S%200%2F100%25")
        assert there.call(lambda c: c.results(results[0].handle)) is None
        for ref, told in zip(refs, ends(there, results).values(), strict=True):
            assert {name: one.outcome for name, one in told.items()} == {ref: "applied"}
        assert all(len(one.handle) < 200 for one in results)

    def test_a_patch_leaves_the_handling_time_alone(self, there):
        ref = there.shop.listing("KUBEK", lead=12)
        ends(there, there.call(lambda c: c.push_stock([stock(ref, 3)])))
        one = there.shop.listings[PL, "KUBEK"]
        assert (one.quantity, one.lead) == (3, 12)

    def test_the_type_of_the_product_goes_with_it(self, there):
        ref = there.shop.listing("KUBEK", type="COFFEE_MAKER")
        there.call(lambda c: c.push_prices([price(ref, "19.99")]))
        assert there.calls("PATCH")[0].request.json()["productType"] == "COFFEE_MAKER"

    def test_what_amazon_sends_is_not_made_ours(self, there):
        ref = there.shop.listing("KUBEK", is_fba=True)
        [result] = there.call(lambda c: c.push_stock([stock(ref, 5)]))
        assert (result.outcome, result.field) == ("rejected", "quantity")
        there.shop.work()
        assert there.shop.listings[PL, "KUBEK"].is_fba
        assert there.calls("PATCH") == []

    def test_a_sku_with_a_comma_is_asked_for_alone(self, there):
        ref = there.shop.listing("KUBEK, DUŻY")
        [result] = there.call(lambda c: c.push_stock([stock(ref, 4)]))
        assert result.outcome == "accepted"
        assert len(there.calls("GET /listings")) == 1

    def test_a_list_that_is_not_whole_rejects_nothing(self, there):
        ref = there.shop.listing("KUBEK")
        there.bench.line.faults = {1: lambda request, answer: Response(
            200, {}, b'{"numberOfResults": 1, "items": []}')}
        with pytest.raises(ChannelDown):
            there.call(lambda c: c.push_stock([stock(ref, 4)]))

    def test_what_amazon_does_not_make_says_why(self, there):
        ref = there.shop.listing("KUBEK")
        there.shop.refuses["KUBEK"] = "The quantity is invalid."
        [told] = ends(there, there.call(lambda c: c.push_stock([stock(ref, 8)]))).values()
        assert (told[ref].outcome, told[ref].message) == ("rejected", "The quantity is invalid.")
        assert told[ref].field == "fulfillment_availability"

    def test_a_complaint_about_something_else_is_not_about_this(self, there):
        ref = there.shop.listing("KUBEK")
        there.shop.refuses["KUBEK"] = "The price is invalid."
        [result] = there.call(lambda c: c.push_prices([price(ref, "1.00")]))
        there.shop.work()
        del there.shop.refuses["KUBEK"]
        [other] = there.call(lambda c: c.push_stock([stock(ref, 9)]))
        assert there.call(lambda c: c.results(other.handle)) is None
        told = there.call(lambda c: c.results(result.handle))
        assert told[ref].outcome == "rejected"

    def test_what_buyers_left_of_it_is_not_waited_for_for_ever(self, there):
        ref = there.shop.listing("KUBEK")
        [result] = there.call(lambda c: c.push_stock([stock(ref, 5)]))
        there.shop.work()
        there.shop.listings[PL, "KUBEK"].quantity = 4  # somebody bought one at once
        assert there.call(lambda c: c.results(result.handle)) is None
        there.forward(121)
        assert there.call(lambda c: c.results(result.handle))[ref].outcome == "applied"

    def test_an_offer_that_has_gone_is_told(self, there):
        ref = there.shop.listing("KUBEK")
        [result] = there.call(lambda c: c.push_stock([stock(ref, 5)]))
        del there.shop.listings[PL, "KUBEK"]
        there.shop.patches.clear()
        assert there.call(lambda c: c.results(result.handle))[ref].outcome == "rejected"

    def test_a_failure_in_the_middle_leaves_the_rest_for_later(self, there):
        refs = [there.shop.listing(f"S{number}") for number in range(3)]
        there.bench.line.faults = {3: lambda request, answer: Response(503, {}, b"")}
        results = there.call(lambda c: c.push_stock([stock(ref, 7) for ref in refs]))
        assert [one.outcome for one in results] == ["accepted", "unknown", "accepted"]

    def test_a_price_in_another_currency_is_not_sent(self, there):
        ref = there.shop.listing("KUBEK", place=DE)
        [result] = there.call(lambda c: c.push_prices([price(ref, "9.99", "PLN")]))
        assert (result.outcome, result.field) == ("rejected", "currency")
        assert there.bench.line.calls == []
        [told] = ends(there, there.call(lambda c: c.push_prices([price(ref, "9.99", "EUR")]))
                      ).values()
        assert told[ref].outcome == "applied"

    @pytest.mark.parametrize("ref", ["999000999", "/KUBEK", f"{PL}/", "A0NOWHERE/KUBEK"])
    def test_a_reference_that_is_none_asks_nobody(self, there, ref):
        [result] = there.call(lambda c: c.push_stock([stock(ref, 5)]))
        assert (result.outcome, result.field) == ("rejected", "offer_ref")
        assert there.bench.line.calls == []


class TestFeeds:
    def push(self, there, count, place=PL):
        refs = [there.shop.listing(f"S{number}", place=place) for number in range(count)]
        return refs, there.call(lambda c: c.push_stock([stock(ref, 7) for ref in refs]))

    def test_many_are_one_feed_that_tells_of_each(self, there):
        refs, results = self.push(there, pushing.FEW + 1)
        assert {one.outcome for one in results} == {"accepted"}
        [handle] = {one.handle for one in results}
        assert there.calls("PATCH") == []
        assert there.call(lambda c: c.results(handle)) is None
        there.shop.work()
        told = there.call(lambda c: c.results(handle))
        assert {ref: one.outcome for ref, one in told.items()} == dict.fromkeys(refs, "applied")

    def test_each_marketplace_has_its_own(self, there):
        here, _ = self.push(there, pushing.FEW)
        far = [there.shop.listing(f"S{number}", place=DE) for number in range(pushing.FEW + 5)]
        results = there.call(lambda c: c.push_stock([stock(ref, 6) for ref in here[:2] + far]))
        assert [one.outcome for one in results] == ["accepted"] * len(results)
        assert {feed.marketplace for feed in there.shop.feeds.values()} == {DE}
        assert len(there.calls("PATCH")) == pushing.FEW + 2

    def test_the_report_names_those_that_were_not_made(self, there):
        refs, results = self.push(there, pushing.FEW + 1)
        there.shop.refuses["S3"] = "The quantity is invalid."
        there.shop.work()
        told = there.call(lambda c: c.results(results[0].handle))
        assert (told[refs[3]].outcome, told[refs[3]].code) == ("rejected", "90220")
        assert told[refs[4]].outcome == "applied"
        assert len(told) == len(refs)

    def test_a_feed_that_breaks_tells_of_nothing(self, there):
        _, results = self.push(there, pushing.FEW + 1)
        there.shop.breaks_feeds = True
        there.shop.work()
        assert there.call(lambda c: c.results(results[0].handle)) == {}

    def test_the_document_goes_to_the_store_without_the_accounts_token(self, there):
        self.push(there, pushing.FEW + 1)
        [put] = there.calls("PUT")
        assert put.request.url.startswith("https://tortuga-prod-eu.s3-eu-west-1.amazonaws.com/")
        assert "x-amz-access-token" not in put.request.headers
        assert put.request.headers["content-type"] == "application/json; charset=UTF-8"

    @pytest.mark.parametrize("packed", [b"", b"no gzip", b"\x1f\x8b\x08\x00"])
    def test_a_report_that_cannot_be_unpacked_is_asked_for_again(self, there, packed):
        _, results = self.push(there, pushing.FEW + 1)
        there.shop.work()
        there.bench.line.faults = {3: lambda request, answer: Response(200, {}, packed)}
        with pytest.raises(ChannelDown):
            there.call(lambda c: c.results(results[0].handle))
        assert there.call(lambda c: c.results(results[0].handle))

    def test_a_bomb_is_not_unpacked(self, there, monkeypatch):
        monkeypatch.setattr("oms_amazon.feeds.LARGEST", 1000)
        _, results = self.push(there, pushing.FEW + 1)
        there.shop.work()
        with pytest.raises(ChannelDown, match="too large"):
            there.call(lambda c: c.results(results[0].handle))

    def test_whether_the_feed_was_made_is_unknown_when_its_answer_is_lost(self, there):
        refs = [there.shop.listing(f"S{number}") for number in range(pushing.FEW + 1)]
        there.bench.line.every = lambda request, answer: Response(500, {}, b"") \
            if request.path.endswith("/feeds") else answer()
        with pytest.raises(OutcomeUnknown):
            there.call(lambda c: c.push_stock([stock(ref, 7) for ref in refs]))
