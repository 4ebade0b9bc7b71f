"""Orders from Allegro: its journal with all its faults, the sweep, and purchases paid together."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import chain

import pytest
from oms_connector import (
    AccessRefused,
    ChannelDown,
    CursorExpired,
    Order,
    RateLimited,
    Refused,
    Unreadable,
)

from tests.contract.allegro_shop import MONDAY, stamp
from tests.contract.allegro_wire import There, refused


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


@pytest.fixture
def mug(there):
    return there.shop.offer("KUBEK", stock=10_000)


def at_end(there):
    """The cursor of an account that has read everything so far."""
    _, cursor = pulled(there, None)
    assert set(cursor) == {"event", "read"}
    there.wire.log.clear()
    return cursor


def stored(cursor):
    text = json.dumps(cursor)
    assert len(text) < 4096
    return json.loads(text)


def pulled(there, cursor, limit=100):
    """All items from a cursor on, and the cursor after them."""
    items = []
    for _ in range(50):
        page = there.connector().pull_orders(cursor, limit)
        assert not (page.more and page.cursor == cursor)
        items += page.items
        cursor = stored(page.cursor)
        if not page.more:
            return items, cursor
    raise AssertionError("the stream does not end")


def swept(there, limit=100, since=None, until=None, between=lambda: None):
    """All ids of a sweep, in the order in which they were handed over."""
    since = since or MONDAY - timedelta(days=1)
    until = until or there.shop.now
    cursor, pages = None, []
    for _ in range(200):
        page = there.connector().sweep_orders(since, until, cursor, limit)
        assert not (page.more and page.cursor == cursor)
        pages.append([item.external_id for item in page.items])
        cursor = stored(page.cursor)
        if not page.more:
            return pages
        between()
    raise AssertionError("the sweep does not end")


def flat(pages):
    return list(chain.from_iterable(pages))


class TestJournal:
    def test_a_new_account_reads_what_is_there_and_goes_on_with_the_journal(self, there, mug):
        before = [there.shop.sell((mug, 1)) for _ in range(150)]
        items, cursor = pulled(there, None)
        assert [item.external_id for item in items] == before
        # A hundred by a request, not one: the journal itself is followed from its end.
        assert there.wire.calls("GET /order/checkout-forms/") == 0
        after = there.shop.sell((mug, 1))
        items, _ = pulled(there, cursor)
        assert [item.external_id for item in items] == [after]

    def test_what_happens_during_the_first_reading_is_in_the_journal(self, there, mug):
        before = [there.shop.sell((mug, 1)) for _ in range(7)]
        first = there.connector().pull_orders(None, 3)
        there.shop.cancel(before[5])
        after = there.shop.sell((mug, 1))
        items, _ = pulled(there, stored(first.cursor), limit=3)
        newest = {item.external_id: item for item in [*first.items, *items]}
        assert set(newest) == {*before, after}
        assert newest[before[5]].state == "cancelled"

    def test_an_account_without_any_event_reads_from_the_beginning(self, there, mug):
        page = there.connector().pull_orders(None, 100)
        assert (page.items, page.more) == ([], True)  # the journal comes behind it at once
        cursor = at_end(there)
        assert cursor["event"] == ""
        first = there.shop.sell((mug, 1))
        items, cursor = pulled(there, cursor)
        assert [item.external_id for item in items] == [first]
        assert pulled(there, cursor)[0] == []

    @pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 301])
    def test_pages_of_every_size_lose_nothing(self, there, mug, count):
        cursor = at_end(there)
        made = [there.shop.buy((mug, 1)) for _ in range(count)]
        items, _ = pulled(there, cursor)
        assert [item.external_id for item in items] == made

    def test_one_order_named_often_is_read_once_and_as_it_is_now(self, there, mug):
        cursor = at_end(there)
        ref = there.shop.sell((mug, 2))
        there.shop.set_status(ref, "SENT")
        there.wire.log.clear()
        items, _ = pulled(there, cursor)
        (order,) = items
        assert (order.external_id, order.state) == (ref, "shipped")
        assert there.wire.calls(f"GET /order/checkout-forms/{ref}") == 1

    def test_repeated_and_shuffled_events_change_nothing(self, there, mug):
        cursor = at_end(there)
        there.shop.repeats = there.shop.shuffles = True
        made = {there.shop.sell((mug, 1)) for _ in range(5)}
        items, after = pulled(there, cursor)
        assert {item.external_id for item in items} == made
        again, _ = pulled(there, cursor)
        assert sorted(again, key=repr) == sorted(items, key=repr)
        there.shop.repeats = there.shop.shuffles = False
        assert pulled(there, after)[0] == []

    @pytest.mark.parametrize("limit", [1, 3, 7])
    def test_the_same_cursor_gives_the_same_page_again(self, there, mug, limit):
        cursor = at_end(there)
        made = [there.shop.buy((mug, 1)) for _ in range(7)]
        page = there.connector().pull_orders(cursor, limit)
        assert there.connector().pull_orders(cursor, limit) == page
        items, _ = pulled(there, cursor, limit)
        assert [item.external_id for item in items] == made

    def test_a_change_of_address_and_a_cancellation_are_noticed(self, there, mug):
        ref = there.shop.sell((mug, 1))
        cursor = at_end(there)
        there.shop.change_address(ref, "Lipowa 9")
        (order,), cursor = pulled(there, cursor)
        assert order.ship_to.street == "Lipowa 9"
        there.shop.cancel(ref, "AUTO_CANCELLED")
        (order,), _ = pulled(there, cursor)
        assert order.state == "cancelled"

    def test_a_status_that_the_seller_set_elsewhere_is_noticed(self, there, mug):
        ref = there.shop.sell((mug, 1))
        cursor = at_end(there)
        before = there.connector().fetch_orders([ref])[0]
        there.shop.set_status(ref, "SENT")
        (order,), _ = pulled(there, cursor)
        assert order.state == "shipped"
        assert not order.revision < before.revision

    def test_kinds_of_events_that_are_new_to_us_are_read_like_any_other(self, there, mug):
        cursor = at_end(there)
        ref = there.shop.sell((mug, 1))
        event = {**there.shop.journal[-1], "type": "GIFT_WRAPPED"}
        there.shop.journal[-3:] = [event]
        # The vendor's file cannot know this kind.
        there.http = there.wire
        items, _ = pulled(there, cursor)
        assert [item.external_id for item in items] == [ref]

    def test_an_event_without_a_form_is_passed_by(self, there, mug):
        cursor = at_end(there)
        there.shop.buy((mug, 1))
        del there.shop.journal[-1]["order"]["checkoutForm"]
        items, after = pulled(there, cursor)
        assert items == []
        assert after["event"] == there.shop.journal[-1]["id"]

    def test_an_unreadable_order_does_not_stop_the_others(self, there, mug):
        cursor = at_end(there)
        refs = [there.shop.sell((mug, 1)) for _ in range(3)]
        there.shop.forms[refs[1]]["status"] = "MELTED"
        there.http = there.wire
        items, _ = pulled(there, cursor)
        assert [type(item) for item in items] == [Order, Unreadable, Order]
        assert [item.external_id for item in items] == refs

    def test_a_paid_order_that_cannot_be_seen_is_kept_for_a_person(self, there, mug):
        cursor = at_end(there)
        ref = there.shop.sell((mug, 1))
        del there.shop.forms[ref]
        ((item,), _) = pulled(there, cursor)
        assert isinstance(item, Unreadable)
        assert item.external_id == ref


class TestExpiry:
    def test_a_cursor_older_than_the_journal_says_so(self, there, mug):
        there.shop.sell((mug, 1))
        cursor = at_end(there)
        there.shop.pass_time(61 * 86_400)
        with pytest.raises(CursorExpired):
            there.connector().pull_orders(cursor, 100)

    def test_a_quiet_shop_does_not_expire_while_it_is_read(self, there, mug):
        ref = there.shop.sell((mug, 1))
        cursor = at_end(there)
        for _ in range(3):
            there.shop.pass_time(40 * 86_400)
            items, cursor = pulled(there, cursor)
            assert items == []
        there.shop.set_status(ref, "SENT")
        assert len(pulled(there, cursor)[0]) == 1

    def test_a_journal_read_only_in_part_expires_with_its_events(self, there, mug):
        cursor = at_end(there)
        for _ in range(3):
            there.shop.buy((mug, 1))
        there.shop.pass_time(59 * 86_400)
        page = there.connector().pull_orders(stored(cursor | {"read": stamp(there.shop.now)}), 2)
        assert page.more
        there.shop.pass_time(2 * 86_400)
        with pytest.raises(CursorExpired):
            there.connector().pull_orders(stored(page.cursor), 2)

    @pytest.mark.parametrize("status", [400, 404, 410, 422])
    def test_a_place_that_allegro_does_not_know_any_more_has_expired(self, there, mug, status):
        there.shop.sell((mug, 1))
        cursor = at_end(there)
        there.fault("GET /order/events", status, body=refused(status, "X", "no").body)
        with pytest.raises(CursorExpired):
            there.connector().pull_orders(cursor, 100)

    def test_a_refusal_without_a_place_is_a_refusal(self, there):
        cursor = at_end(there)
        there.fault("GET /order/events", 422)
        with pytest.raises(Refused):
            there.connector().pull_orders(cursor, 100)

    def test_after_a_long_pause_an_account_starts_anew(self, there, mug):
        there.shop.sell((mug, 1))
        there.shop.pass_time(61 * 86_400)
        cursor = at_end(there)
        assert cursor["event"] == ""
        new = there.shop.sell((mug, 1))
        assert [item.external_id for item in pulled(there, cursor)[0]] == [new]

    def test_an_account_that_never_had_an_event_expires_as_well(self, there):
        cursor = at_end(there)
        there.shop.pass_time(61 * 86_400)
        with pytest.raises(CursorExpired):
            there.connector().pull_orders(cursor, 100)


class TestSweep:
    @pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
    @pytest.mark.parametrize("seconds", [0, 1])
    def test_pages_of_every_size_at_one_moment_or_many(self, there, mug, count, seconds):
        made = [there.shop.buy((mug, 1), seconds=seconds) for _ in range(count)]
        found = flat(swept(there))
        assert sorted(found) == sorted(made)

    @pytest.mark.parametrize("limit", [1, 2, 3, 5])
    def test_small_pages_do_not_go_round_in_circles(self, there, mug, limit):
        made = [there.shop.buy((mug, 1), seconds=place % 3 == 0) for place in range(11)]
        assert sorted(flat(swept(there, limit))) == sorted(made)

    def test_what_the_journal_lost_is_found(self, there, mug):
        cursor = at_end(there)
        there.shop.loses = {"BOUGHT", "FILLED_IN", "READY_FOR_PROCESSING"}
        ref = there.shop.sell((mug, 1))
        assert pulled(there, cursor)[0] == []
        assert ref in flat(swept(there))

    @pytest.mark.parametrize("seconds", [0, 1])
    @pytest.mark.parametrize("which", ["first", "last", "middle"])
    def test_orders_that_change_while_pages_are_read_hide_no_others(
        self, there, mug, which, seconds
    ):
        """A changed order leaves the span, and everything behind it moves up by one."""
        made = [there.shop.buy((mug, 1), seconds=seconds) for _ in range(40)]
        until = there.shop.now
        left = iter(range(5))
        changed = []

        def change():
            if next(left, None) is None:
                return
            inside = sorted((form for form in there.shop.forms.values()
                             if form["updatedAt"] <= stamp(until)),
                            key=lambda form: (form["updatedAt"], form["id"]))
            place = {"first": 0, "last": -1, "middle": len(inside) // 2}[which]
            changed.append(inside[place]["id"])
            there.shop.cancel(inside[place]["id"])

        found = flat(swept(there, limit=7, until=until, between=change))
        assert len(changed) == 5
        assert set(made) - set(found) <= set(changed)

    def test_a_control_that_counts_offsets_loses_orders(self, there, mug):
        """What the sweep would do if it went by offset alone."""
        made = [there.shop.buy((mug, 1)) for _ in range(12)]
        until, found = there.shop.now, []
        for offset in range(0, 12, 4):
            answer = there.http.request("GET", "/order/checkout-forms", params={
                "updatedAt.gte": stamp(MONDAY), "updatedAt.lte": stamp(until),
                "sort": "updatedAt", "limit": 4, "offset": offset,
            }, headers={"Accept": "application/vnd.allegro.public.v1+json"}).json()
            found += [form["id"] for form in answer["checkoutForms"]]
            there.shop.cancel(made[offset])
        assert set(made) - set(found) - {made[0], made[4], made[8]}

    def test_only_the_span_is_read(self, there, mug):
        early = there.shop.buy((mug, 1))
        since = there.shop.now + timedelta(seconds=1)
        within = there.shop.buy((mug, 1), seconds=10)
        until = there.shop.now
        there.shop.buy((mug, 1), seconds=10)
        assert flat(swept(there, since=since, until=until)) == [within]
        assert early not in flat(swept(there, since=since, until=until))

    def test_the_same_cursor_gives_the_same_page_again(self, there, mug):
        for _ in range(9):
            there.shop.buy((mug, 1), seconds=0)
        connector, until = there.connector(), there.shop.now
        page = connector.sweep_orders(MONDAY, until, None, 4)
        again = connector.sweep_orders(MONDAY, until, stored(page.cursor), 4)
        assert connector.sweep_orders(MONDAY, until, stored(page.cursor), 4) == again


class TestFetch:
    def test_one_answer_for_each_in_their_order(self, there, mug):
        refs = [there.shop.sell((mug, 1)) for _ in range(3)]
        gone = "00000000-0000-4000-8000-00000000dead"
        found = there.connector().fetch_orders([refs[2], gone, refs[0], "not an id", refs[2]])
        assert [order and order.external_id for order in found] == [
            refs[2], None, refs[0], None, refs[2]]

    def test_what_is_no_id_is_not_asked_for(self, there):
        assert there.connector().fetch_orders(["../me", "", "7"]) == [None] * 3
        assert there.wire.log == []


class TestPaidTogether:
    def test_the_new_order_replaces_those_it_took_over(self, there, mug):
        cursor = at_end(there)
        first = there.shop.buy((mug, 1))
        second = there.shop.fill_in(there.shop.buy((mug, 2), seconds=600))
        other = there.shop.buy((mug, 3), seconds=60)
        items, cursor = pulled(there, cursor)
        assert [item.external_id for item in items] == [first, second, other]
        together = there.shop.pay(there.shop.merge(first, second))
        (order,), _ = pulled(there, cursor)
        assert order.external_id == together
        assert order.replaces == tuple(sorted([first, second]))
        assert sum(line.quantity for line in order.lines) == 3

    def test_it_does_so_however_it_is_read(self, there, mug):
        first, second = (there.shop.buy((mug, 1), seconds=600) for _ in range(2))
        together = there.shop.pay(there.shop.merge(first, second))
        (fetched,) = there.connector().fetch_orders([together])
        page = there.connector().sweep_orders(MONDAY, there.shop.now, None, 100)
        assert fetched.replaces == tuple(sorted([first, second]))
        assert page.items == [fetched]

    def test_a_form_that_allegro_still_shows_counts_while_it_is_unpaid(self, there, mug):
        there.shop.keeps_merged = True
        first, second = (there.shop.buy((mug, 1), seconds=600) for _ in range(2))
        together = there.shop.pay(there.shop.merge(first, second))
        there.wire.log.clear()
        (order,) = there.connector().fetch_orders([together])
        assert order.replaces == tuple(sorted([first, second]))
        assert there.wire.calls(f"GET /order/checkout-forms/{together}") == 1

    def test_what_was_taken_over_unseen_leaves_no_riddle(self, there, mug):
        cursor = at_end(there)
        first, second = (there.shop.buy((mug, 1), seconds=600) for _ in range(2))
        together = there.shop.pay(there.shop.merge(first, second))
        items, _ = pulled(there, cursor)
        assert [item.external_id for item in items] == [together]

    def test_a_form_that_was_itself_taken_over_counts_too(self, there, mug):
        first, second, third = (there.shop.buy((mug, 1), seconds=600) for _ in range(3))
        between = there.shop.fill_in(there.shop.merge(first, second))
        together = there.shop.pay(there.shop.merge(between, third))
        (order,) = there.connector().fetch_orders([together])
        assert set(order.replaces) == {first, second, third, between}

    def test_a_paid_order_is_never_replaced(self, there, mug):
        first, second = (there.shop.buy((mug, 1), seconds=600) for _ in range(2))
        lines = json.loads(json.dumps(there.shop.forms[first]["lineItems"]))
        there.shop.pay(first)
        together = there.shop.pay(there.shop.merge(second))
        there.shop.forms[together]["lineItems"] += lines
        (order,) = there.connector().fetch_orders([together])
        assert first not in order.replaces

    def test_two_things_in_one_purchase_cost_no_further_questions(self, there, mug):
        other = there.shop.offer("TALERZ")
        ref = there.shop.sell((mug, 1), (other, 1))
        there.connector().fetch_orders([ref])
        assert there.wire.calls("GET /order/events") == 0

    def test_where_the_journal_has_gone_nothing_is_replaced(self, there, mug):
        first, second = (there.shop.buy((mug, 1), seconds=600) for _ in range(2))
        together = there.shop.pay(there.shop.merge(first, second))
        there.fault("GET /order/events", 422, times=2)
        (order,) = there.connector().fetch_orders([together])
        assert order.replaces == ()


class TestFaults:
    @pytest.mark.parametrize("start", ["GET /order/event-stats", "GET /order/events",
                                       "GET /order/checkout-forms"])
    @pytest.mark.parametrize("status", [301, 500, 502, 503])
    def test_a_failing_allegro_is_down_and_nothing_is_lost(self, there, mug, start, status):
        cursor = at_end(there)
        ref = there.shop.sell((mug, 1))
        there.fault(start, status)
        with pytest.raises(ChannelDown):
            there.connector().pull_orders(None if "stats" in start else cursor, 100)
        assert [item.external_id for item in pulled(there, cursor)[0]] == [ref]

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 1}', b"null"])
    def test_an_answer_that_is_none_is_not_believed(self, there, body):
        cursor = at_end(there)
        there.fault("GET /order/events", 200, body=body)
        there.http = there.wire
        with pytest.raises(ChannelDown):
            there.connector().pull_orders(cursor, 100)

    def test_asked_to_slow_down_in_the_middle_of_a_page(self, there, mug):
        cursor = at_end(there)
        refs = [there.shop.sell((mug, 1)) for _ in range(3)]
        there.fault(f"GET /order/checkout-forms/{refs[1]}", 429)
        with pytest.raises(RateLimited):
            there.connector().pull_orders(cursor, 100)
        assert [item.external_id for item in pulled(there, cursor)[0]] == refs

    def test_an_expired_token_stops_at_once(self, there, mug):
        cursor = at_end(there)
        there.shop.sell((mug, 1))
        there.wire.token = "another"
        there.wire.log.clear()
        with pytest.raises(AccessRefused):
            there.connector().pull_orders(cursor, 100)
        assert len(there.wire.log) == 1

    def test_a_missing_right_asks_a_person(self, there):
        body = b'{"error": "access_denied", "error_description": "insufficient scope"}'
        there.fault("GET /order/event-stats", 403, body=body)
        with pytest.raises(AccessRefused, match="insufficient scope"):
            there.connector().pull_orders(None, 100)

    def test_a_withdrawn_interface_is_named_and_is_no_expiry(self, there, mug):
        there.shop.sell((mug, 1))
        cursor = at_end(there)
        there.fault("GET /order/events", 406)
        with pytest.raises(Refused, match="does not offer this part"):
            there.connector().pull_orders(cursor, 100)
