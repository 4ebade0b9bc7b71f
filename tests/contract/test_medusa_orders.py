"""Orders from Medusa: equal stamps, drifting pages, late changes, sales channels, half a page."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from oms_connector import ChannelDown, Order
from oms_connector.testing.faults import closed_politely, emptied, truncated

from tests.contract.medusa_shop import MONDAY
from tests.contract.medusa_standin import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


@pytest.fixture
def mug(there):
    return there.shop.variant("KUBEK", "19.99", stock=100_000)


def stored(cursor):
    text = json.dumps(cursor)
    assert len(text) < 4096
    return json.loads(text)


def pulled(there, cursor=None, limit=50, between=lambda: None, **settings):
    """All items from a cursor on, and the cursor after them."""
    items = []
    for _ in range(200):
        page = there.connector(**settings).pull_orders(cursor, limit)
        assert not (page.more and page.cursor == cursor)
        items += page.items
        cursor = stored(page.cursor)
        if not page.more:
            return items, cursor
        between()
    raise AssertionError("the stream does not end")


def refs(items):
    return [item.external_id for item in items]


class TestWatermark:
    @pytest.mark.parametrize("count", [0, 1, 3, 4, 7])
    def test_pages_of_every_size_lose_nothing(self, there, mug, count):
        made = []
        for _ in range(count):
            made.append(there.shop.sell((mug, 1)))
            there.pass_time()
        assert refs(pulled(there, limit=3)[0]) == made

    @pytest.mark.parametrize("turns", [True, False])
    @pytest.mark.parametrize(("limit", "count"), [(1, 9), (3, 20), (3, 90), (50, 130)])
    def test_a_millisecond_with_many_orders_is_read_whole(self, there, mug, limit, count, turns):
        there.standin.wire.turns = turns
        first = there.shop.sell((mug, 1))
        there.pass_time()
        made = [there.shop.sell((mug, 1)) for _ in range(count)]
        there.pass_time()
        last = there.shop.sell((mug, 1))
        got = refs(pulled(there, limit=limit)[0])
        assert set(got) == {first, *made, last}
        assert len(got) < 2 * len(set(got))

    def test_orders_that_leave_such_a_millisecond_hide_no_other(self, there, mug):
        there.standin.wire.turns = False
        made = [there.shop.sell((mug, 1)) for _ in range(90)]
        there.pass_time()
        pages = 0

        def change():
            nonlocal pages
            pages += 1
            if pages in (44, 72):  # of those that came already: others move up behind them
                there.pass_time()
                there.shop.touch(made[pages // 44])

        assert set(refs(pulled(there, limit=3, between=change)[0])) == set(made)
        assert pages > 27

    def test_an_order_that_changes_between_pages_comes_as_it_is(self, there, mug):
        made = []
        for _ in range(9):
            made.append(there.shop.sell((mug, 1)))
            there.pass_time()
        changed = iter(made)

        def cancel():
            there.pass_time()
            there.shop.cancel(next(changed))

        items, _ = pulled(there, limit=3, between=cancel)
        newest = {item.external_id: item.state for item in items}
        assert set(newest) == set(made)
        assert newest[made[0]] == "cancelled"

    def test_what_is_shown_late_is_found_by_the_next_reading(self, there, mug):
        late = there.shop.sell((mug, 1))
        there.shop.hidden[late] = there.clock.now + timedelta(seconds=9)
        there.pass_time()
        there.shop.sell((mug, 1))
        items, cursor = pulled(there)
        assert late not in refs(items)
        there.pass_time(20)
        assert late in refs(pulled(there, cursor)[0])

    def test_a_new_account_reads_two_months(self, there, mug):
        there.shop.now = MONDAY - timedelta(days=61)
        old = there.shop.sell((mug, 1))
        there.shop.now = MONDAY - timedelta(days=59)
        known = there.shop.sell((mug, 1))
        items, _ = pulled(there)
        assert refs(items) == [known]
        assert old not in refs(items)

    def test_a_sweep_has_both_its_ends(self, there, mug):
        made = []
        for _ in range(5):
            made.append(there.shop.sell((mug, 1)))
            there.pass_time()
        cursor, items, more = None, [], True
        while more:
            page = there.connector().sweep_orders(
                MONDAY + timedelta(seconds=1), MONDAY + timedelta(seconds=3), cursor, 2)
            items += page.items
            cursor, more = stored(page.cursor), page.more
        assert refs(items) == made[1:4]


class TestWhatMovesNoStamp:
    def test_a_captured_payment_is_found_only_by_asking_for_the_order(self, there, mug):
        ref = there.shop.buy((mug, 1))
        _, cursor = pulled(there)
        there.pass_time(minutes=10)
        there.shop.pay(ref)
        there.pass_time(minutes=10)
        other = there.shop.sell((mug, 1))
        _, cursor = pulled(there, cursor)
        assert refs(pulled(there, cursor)[0]) == [other]
        assert there.order(ref).state == "ready"
        assert "payment" in there.connector().manifest.capabilities.updated_misses


class TestFetching:
    def test_more_than_one_request_holds(self, there, mug):
        made = [there.shop.sell((mug, 1)) for _ in range(60)]
        asked = [*made[::-1], "order_01NOBODY", made[0]]
        found = there.connector().fetch_orders(asked)
        assert [one and one.external_id for one in found] == [*made[::-1], None, made[0]]
        assert len(there.calls("GET /orders")) == 2

    def test_nothing_asked_for_asks_nothing(self, there):
        assert there.connector().fetch_orders([]) == []
        assert there.line.calls == []


class TestSalesChannels:
    @pytest.mark.parametrize("told", ["Hurt", "hurt", "sc_2"])
    def test_only_the_one_of_the_settings(self, there, mug, told):
        there.shop.sell((mug, 1))
        own = there.shop.sell((mug, 1), sales_channel={"id": "sc_2", "name": "Hurt"})
        assert refs(pulled(there, sales_channel=told)[0]) == [own]
        assert len(pulled(there)[0]) == 2


@pytest.mark.parametrize("strike", [truncated, emptied, closed_politely])
def test_half_a_page_is_none(there, mug, strike):
    there.shop.sell((mug, 1))
    there.fault(1, strike)
    with pytest.raises(ChannelDown):
        there.connector().pull_orders(None, 50)


def test_a_page_with_one_bad_order_brings_the_others(there, mug):
    good, bad = there.shop.sell((mug, 1)), there.shop.sell((mug, 1))
    there.shop.orders[bad]["currency_code"] = None
    items, _ = pulled(there)
    assert {item.external_id: isinstance(item, Order) for item in items} == {
        good: True, bad: False}
