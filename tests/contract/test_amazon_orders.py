"""Amazon's orders: the watermark, pages and tokens, what lists leave out, the sweep, by id."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oms_amazon import AmazonConnector
from oms_amazon.calls import LIMITS
from oms_connector import CursorExpired, Unreadable

from tests.contract.amazon_bench import opened
from tests.contract.amazon_shop import DE, MONDAY, PL


@pytest.fixture
def there():
    with opened() as there:
        there.shop.listing("KUBEK", stock=99)
        yield there
        assert there.violations == []


def run(there, cursor=None, limit=3):
    """Pages until there is nothing more; the orders by id, and the last cursor."""
    found = {}
    for _ in range(50):
        page = there.call(lambda c, at=cursor: c.pull_orders(at, limit))
        found |= {item.external_id: item for item in page.items}
        assert not (page.more and page.cursor == cursor)
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("it does not end")


def sell(there, count=1, **more):
    placed = []
    for _ in range(count):
        placed.append(there.shop.order(("KUBEK", 1), **more))
        there.forward(1)
    return placed


class TestTheStream:
    def test_a_change_is_seen_two_minutes_late_and_not_lost(self, there):
        found, cursor = run(there)
        [ref] = sell(there)
        assert run(there, cursor)[0] == found == {}
        there.forward(121)
        assert set(run(there, cursor)[0]) == {ref}

    def test_each_span_begins_before_the_newest_change_that_was_seen(self, there):
        sell(there)
        there.forward(121)
        _, cursor = run(there)
        assert cursor == {"after": "2026-11-23T09:30:00Z"}
        run(there, cursor)
        asked = there.calls("GET /orders/2026")[-1].request.query
        assert asked["lastUpdatedAfter"] == "2026-11-23T09:25:00Z"
        assert "lastUpdatedBefore" not in asked
        assert asked["marketplaceIds"] == f"{PL},{DE}"

    def test_a_quiet_account_asks_once_a_poll(self, there):
        sell(there, 2)
        there.forward(121)
        _, cursor = run(there)
        before = len(there.calls("GET /orders"))
        run(there, cursor)
        assert len(there.calls("GET /orders")) == before + 1

    def test_what_changes_between_two_pages_comes_with_the_next_span(self, there):
        refs = sell(there, 5)
        there.forward(121)
        page = there.call(lambda c: c.pull_orders(None, 3))
        assert page.more
        there.shop.edit(refs[0], "Nowa 1")
        there.forward(121)
        found, _ = run(there, page.cursor)
        assert found[refs[0]].ship_to.street == "Nowa 1, m. 3"
        assert set(refs) <= set(found) | {item.external_id for item in page.items}

    def test_a_token_that_has_ended_lets_the_span_be_read_from_its_beginning(self, there):
        refs = sell(there, 5)
        there.forward(121)
        page = there.call(lambda c: c.pull_orders(None, 3))
        there.wire.tokens.clear()
        found, _ = run(there, page.cursor)
        assert set(refs) <= set(found)

    def test_a_page_that_comes_again_ends_nothing_and_loops_nowhere(self, there):
        refs = sell(there, 7)
        there.forward(121)
        page = there.call(lambda c: c.pull_orders(None, 3))
        [token] = there.wire.tokens
        there.wire.tokens[token] = refs[:3] + there.wire.tokens[token]
        found, _ = run(there, page.cursor)
        assert set(found) == set(refs)

    def test_what_a_list_left_out_is_found_by_the_sweep(self, there):
        [lost] = sell(there)
        there.shop.hidden[lost] = MONDAY + timedelta(minutes=30)
        sell(there)
        there.forward(minutes=20)
        sell(there)
        there.forward(minutes=20)
        found, cursor = run(there)
        assert lost in found  # it is in the first span
        there.shop.hidden[lost] = there.shop.now + timedelta(hours=1)
        swept = there.call(lambda c: c.sweep_orders(
            MONDAY, there.shop.now, None, 100))
        assert lost not in {item.external_id for item in swept.items}
        there.forward(hours=2)
        assert lost not in run(there, cursor)[0]
        swept = there.call(lambda c: c.sweep_orders(
            MONDAY, there.shop.now, None, 100))
        assert lost in {item.external_id for item in swept.items}

    def test_a_sweep_says_an_end_only_where_no_clock_can_make_it_too_late(self, there):
        now = there.shop.now
        for until in (now, now - timedelta(minutes=20)):
            there.call(lambda c, at=until: c.sweep_orders(now - timedelta(days=2), at, None, 100))
        first, second = (call.request.query for call in there.calls("GET /orders/2026"))
        assert "lastUpdatedBefore" not in first
        assert second["lastUpdatedBefore"] == "2026-11-23T09:10:01Z"

    def test_two_years_are_shown_and_no_more(self, there):
        old = {"after": "2024-11-20T00:00:00Z"}
        with pytest.raises(CursorExpired):
            there.call(lambda c: c.pull_orders(old, 3))

    def test_a_days_polling_stays_within_the_scarcest_limit(self):
        search = next(limit for limit in LIMITS if limit.bucket == "search")
        polls, sweeps = 86_400 / AmazonConnector.manifest.capabilities.min_poll_s, 24
        assert (polls + sweeps) / 86_400 < search.per_second


class TestKinds:
    def test_one_that_is_not_confirmed_has_no_price_and_gets_it_later(self, there):
        [ref] = sell(there, is_paid=False)
        there.forward(121)
        found, cursor = run(there)
        assert (found[ref].state, found[ref].total, found[ref].paid) == ("unpaid", None, False)
        assert (found[ref].currency, found[ref].ship_to.street) == ("PLN", "")
        there.shop.pay(ref)
        there.forward(121)
        later = run(there, cursor)[0][ref]
        assert (later.state, str(later.total), later.paid) == ("ready", "59.89", True)
        assert later.revision > found[ref].revision

    def test_what_amazon_sends_takes_none_of_our_goods(self, there):
        [ref] = sell(there)
        there.shop.orders[ref]["fulfillment"]["fulfilledBy"] = "AMAZON"
        there.forward(121)
        assert run(there)[0][ref].fulfilled_by == "channel"

    def test_a_sale_of_another_channel_that_amazon_only_sends_is_no_order(self, there):
        [ref] = sell(there)
        there.shop.orders[ref]["salesChannel"]["channelName"] = "NON_AMAZON"
        there.forward(121)
        assert run(there)[0] == {}
        assert there.call(lambda c: c.fetch_orders([ref])) == [None]

    def test_all_marketplaces_of_the_account_come_in_one_stream(self, there):
        there.shop.listing("KUBEK", "12.00", place=DE)
        refs = sell(there) + sell(there, place=DE)
        there.forward(121)
        found, _ = run(there)
        assert [(found[ref].currency, found[ref].lines[0].offer_ref) for ref in refs] == [
            ("PLN", f"{PL}/KUBEK"), ("EUR", f"{DE}/KUBEK")]

    def test_one_that_makes_no_sense_is_kept_and_stops_no_other(self, there):
        refs = sell(there, 2)
        there.shop.orders[refs[0]]["orderItems"][0]["quantityOrdered"] = "two"
        there.forward(121)
        found, _ = run(there)
        assert isinstance(found[refs[0]], Unreadable)
        assert found[refs[0]].field == "quantityOrdered"
        assert found[refs[1]].state == "ready"

    def test_by_id_in_order_and_nothing_is_asked_for_what_is_no_id(self, there):
        refs = sell(there, 2)
        found = there.call(lambda c: c.fetch_orders([refs[1], "../../etc", refs[0], refs[1]]))
        assert [item and item.external_id for item in found] == [refs[1], None, refs[0], refs[1]]
        assert len(there.calls("GET /orders")) == 2
