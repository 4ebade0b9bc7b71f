"""The stream of orders: late indexes, equal stamps, long lists, dear questions, sixty days."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from oms_connector import (
    AccessRefused,
    ChannelDown,
    CursorExpired,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StockItem,
    Unreadable,
)
from oms_connector.testing import answer
from oms_connector.testing.reading import MOST_PAGES
from oms_shopify import pulling

from tests.contract.shopify_standin import There


@pytest.fixture
def there():
    there = There()
    there.shop.variant("KUBEK", "19.99", 500)
    yield there
    assert there.violations == []


def sell(there, count=1, apart=1):
    found = []
    for _ in range(count):
        found.append(str(there.shop.sell((next(iter(there.shop.variants)), 1))))
        there.pass_time(apart)
    return found


def pull(there, cursor=None, limit=20):
    """Everything from a cursor on; its orders by id, and the cursor behind it."""
    found = {}
    for _ in range(MOST_PAGES):
        page = there.connector().pull_orders(cursor, limit)
        found |= {one.external_id: one for one in page.items}
        cursor = json.loads(json.dumps(page.cursor))
        if not page.more:
            return found, cursor
    raise AssertionError("it does not end")


class TestStream:
    def test_what_the_index_shows_late_is_found_behind_newer_orders(self, there):
        [late] = sell(there)
        there.shop.hidden[int(late)] = there.clock.now + timedelta(seconds=90)
        [early] = sell(there)
        found, cursor = pull(there)
        assert set(found) == {early}
        there.pass_time(100)
        assert late in pull(there, cursor)[0]

    def test_what_came_twice_as_it_is_comes_no_third_time(self, there):
        refs = set(sell(there, 3))
        cursor, seen = None, []
        for _ in range(4):
            found, cursor = pull(there, cursor)
            seen.append(set(found))
            there.pass_time(60)
        assert seen == [refs, refs, set(), set()]

    def test_two_changes_within_a_second_are_both_seen(self, there):
        [ref] = sell(there, apart=0.2)
        _, cursor = pull(there)
        there.shop.orders[int(ref)].note = "Drugie piętro"
        there.shop.touch(int(ref))
        there.pass_time(60)
        assert pull(there, cursor)[0][ref].buyer_note == "Drugie piętro"

    def test_an_order_that_changes_between_pages_hides_no_other(self, there):
        refs = sell(there, 6)
        first = there.connector().pull_orders(None, 2)
        there.shop.touch(int(refs[0]))
        there.shop.touch(int(refs[2]))
        found, _ = pull(there, first.cursor, 2)
        assert {*found, *(one.external_id for one in first.items)} == set(refs)

    def test_a_cursor_that_is_not_taken_any_more_costs_nothing(self, there):
        refs = sell(there, 4)
        first = there.connector().pull_orders(None, 2)
        found, _ = pull(there, {**first.cursor, "after": "stale"}, 2)
        assert set(found) == set(refs)

    def test_a_list_of_very_many_begins_anew_before_shopify_ends_it(self, there, monkeypatch):
        monkeypatch.setattr(pulling, "LONGEST", 4)
        refs = sell(there, 9)
        found, _ = pull(there, limit=2)
        assert set(found) == set(refs)
        starts = {call.request.json()["variables"]["query"] for call in there.line.calls}
        assert len(starts) > 1

    def test_of_a_shop_where_nothing_happened_for_long_nothing_has_expired(self, there):
        _, cursor = pull(there)
        for _ in range(5):
            there.pass_time(days=30)
            _, cursor = pull(there, cursor)
        [ref] = sell(there)
        assert ref in pull(there, cursor)[0]

    def test_after_sixty_days_of_silence_the_gap_is_said(self, there):
        _, cursor = pull(there)
        there.pass_time(days=61)
        with pytest.raises(CursorExpired, match="60 days"):
            pull(there, cursor)

    def test_an_app_that_sees_all_orders_goes_on_after_any_time(self, there):
        there.shop.scopes.append("read_all_orders")
        _, cursor = pull(there)
        [ref] = sell(there)
        there.pass_time(days=100)
        assert ref in pull(there, cursor)[0]

    def test_orders_hidden_by_their_age_are_not_there(self, there):
        [ref] = sell(there)
        there.pass_time(days=61)
        assert there.connector().fetch_orders([ref]) == [None]

    def test_a_sweep_ends_in_the_second_that_is_asked_for(self, there):
        refs = sell(there, 3)
        end = there.clock.now - timedelta(seconds=2, milliseconds=500)
        found = there.connector().sweep_orders(end - timedelta(hours=1), end, None, 20)
        assert [one.external_id for one in found.items] == refs[:2]


class TestWhole:
    def test_lines_that_do_not_fit_are_fetched(self, there):
        for number in range(29):
            there.shop.variant(f"V-{number}")
        number = there.shop.sell(*((one, 1) for one in there.shop.variants))
        there.pass_time()
        found, _ = pull(there)
        assert len(found[str(number)].lines) == 30
        assert len(there.connector().fetch_orders([str(number)])[0].lines) == 30

    def test_refunds_cost_a_request_only_where_there_are_any(self, there):
        refs = sell(there, 3)
        pull(there)
        assert there.asked() == ["Orders"]
        there.shop.refund(int(refs[0]), {}, "1.00")
        there.pass_time()
        pull(there)
        assert there.asked(1) == ["Orders", "After"]

    def test_orders_by_number_come_in_the_order_they_were_asked_for(self, there):
        refs = sell(there, 8)
        asked = [refs[5], "9", refs[0], "no number", refs[7], refs[5], *refs[1:4]]
        found = there.connector().fetch_orders(asked)
        assert [one and one.external_id for one in found] == [
            refs[5], None, refs[0], None, refs[7], refs[5], *refs[1:4]]

    def test_a_row_that_makes_no_sense_is_kept(self, there):
        sell(there)
        there.line.every = lambda request, done: type(done())(
            200, {}, done().body.replace(b'"PAID"', b'"GOLDEN"'))
        [item] = there.connector().pull_orders(None, 20).items
        there.line.every = None
        assert isinstance(item, Unreadable)
        assert "GOLDEN" in item.raw


class TestRefusals:
    def says(self, there, status, body):
        there.line.every = lambda request, done: answer(status, body)

    def fails(self, there, error, act=None):
        with pytest.raises(error) as caught:
            (act or (lambda c: c.pull_orders(None, 20)))(there.connector())
        there.line.every = None
        return caught.value

    def error(self, code, message="?"):
        return {"errors": [{"message": message, "extensions": {"code": code}}], "data": None}

    def test_too_fast_is_said_within_success_with_how_long_to_wait(self, there):
        self.says(there, 200, {**self.error("THROTTLED", "Throttled"), "extensions": {"cost": {
            "requestedQueryCost": 700, "throttleStatus": {
                "maximumAvailable": 2000, "currentlyAvailable": 100, "restoreRate": 100}}}})
        assert self.fails(there, RateLimited).retry_after == 6.0

    def test_enough_is_left_in_the_bucket_for_the_dearest_question(self, there):
        sell(there, 20, apart=0)
        there.pass_time()
        before = there.clock.now
        for _ in range(20):  # each may cost nearly a thousand: two at once would be too much
            there.connector().pull_orders(None, 20)
            assert there.wire.points > 700
        assert there.clock.now - before > timedelta(seconds=10)

    def test_a_rate_that_was_lowered_is_kept(self, there):
        sell(there)
        there.wire.points, there.wire.counted, there.wire.restored = 400.0, there.clock.now, 10.0
        before = there.clock.now
        for _ in range(2):
            there.connector().fetch_orders(["1"])
        assert there.clock.now - before > timedelta(seconds=59)

    def test_a_question_that_is_too_dear_is_asked_in_parts(self, there):
        refs = sell(there, 9)
        there.shop.dearest = 400.0
        found, _ = pull(there)
        assert set(found) == set(refs)
        assert [one.external_id for one in there.connector().fetch_orders(refs)] == refs

    def test_a_question_that_is_too_dear_even_alone_is_a_refusal(self, there):
        there.shop.dearest = 10.0
        self.fails(there, Refused)

    def test_half_an_answer_is_none(self, there):
        sell(there)

        def half(request, done):
            told = json.loads(done().body)
            told["errors"] = [{"message": "boom", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]
            return answer(200, told)

        there.line.every = half
        self.fails(there, ChannelDown)

    def test_a_missing_right_stops_the_account(self, there):
        self.says(there, 200, self.error("ACCESS_DENIED", "Access denied for orders field. "
                                         "Required access: `read_orders` access scope."))
        assert "read_orders" in str(self.fails(there, AccessRefused))

    def test_buyers_that_are_hidden_by_the_plan_stop_the_account(self, there):
        there.shop.shows_buyers = False
        assert "plan" in str(self.fails(there, AccessRefused))

    @pytest.mark.parametrize(("status", "body", "error"), [
        (402, {"errors": "Unavailable Shop"}, ChannelDown), (423, {}, ChannelDown),
        (430, {}, RateLimited), (404, {"errors": "Not Found"}, ChannelDown),
        (403, {"errors": "This action requires merchant approval for read_orders scope."},
         AccessRefused),
        (403, None, ChannelDown), (301, None, ChannelDown), (500, None, ChannelDown),
        (400, {"errors": "bad"}, Refused), (200, [], ChannelDown), (200, {}, ChannelDown),
        (200, {"data": None}, ChannelDown), (200, {"errors": "odd"}, ChannelDown)])
    def test_what_a_status_means_to_a_reading(self, there, status, body, error):
        self.says(there, status, body)
        self.fails(there, error)

    @pytest.mark.parametrize(("status", "body", "error"), [
        (500, None, OutcomeUnknown), (200, {}, OutcomeUnknown), (200, {"errors": "odd"},
                                                                 OutcomeUnknown),
        (403, None, OutcomeUnknown),
        (200, {"errors": [{"message": "?", "extensions": {"code": "undefinedField"}}]}, Refused)])
    def test_what_a_status_means_to_a_writing(self, there, status, body, error):
        [ref] = there.shop.variants
        there.fault(2, lambda request, done: answer(status, body))
        there.settings["location"] = "71"  # so that the second request is the writing
        self.fails(there, error, lambda c: c.push_stock([StockItem(str(ref), "", 1, 1, "k")]))
