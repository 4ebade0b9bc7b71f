"""The weather of Targowisko: one table, one seed, every fault seen through the real client."""

from __future__ import annotations

import json
import re
import socket
import threading
from contextlib import suppress
from datetime import timedelta

import httpx2
import pytest
from oms_connector import (
    AccessRefused,
    ChannelDown,
    CursorExpired,
    Order,
    OutcomeUnknown,
    RateLimited,
    StockItem,
    Unreadable,
)
from oms_demo.__main__ import _cutting
from oms_demo.market import words
from oms_demo.market.app import make_app
from oms_demo.market.faults import BY_NAME, FAULTS
from oms_demo.market.faults_documents import HOSTILE, ODD
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import moment
from waitress.server import create_server

from oms_web.adapters.http import AccountHttp
from tests.demo_market import MONDAY, UNHURRIED, OpenMarket, open_market

SPAN = (MONDAY - timedelta(days=1), MONDAY + timedelta(days=1))


@pytest.fixture
def there(tmp_path):
    return open_market(tmp_path)


def fill(there: OpenMarket, count: int) -> list[str]:
    refs = []
    for _ in range(count):
        refs.append(there.buy("SWI-LAS-180", note="prezent"))
        there.clock.turn(seconds=1)
    return refs


def blow(there: OpenMarket, *names: str, chance: float = 1.0) -> None:
    there.market.weather.switch_all({name: (chance, None) for name in names})


def served(there: OpenMarket, name: str) -> int:
    return there.market.weather.served[name]


def sweep(there: OpenMarket, cursor=None, limit=100):
    return there.connector().sweep_orders(*SPAN, cursor, limit)


class TestTable:
    def test_every_fault_has_a_name_of_its_own_words_and_a_point(self):
        assert len(BY_NAME) == len(FAULTS) >= 40
        for fault in FAULTS:
            assert 0 < fault.usual <= 0.2
            assert all(words.word(f"fault.{fault.name}", code) for code in words.LANGUAGES)
        points = {fault.point for fault in FAULTS}
        assert points == {"clock", "request", "row", "document", "sheet", "journal", "answer",
                          "ring"}

    def test_in_calm_weather_nothing_is_thrown(self, there):
        fill(there, 3)
        sweep(there)
        assert there.market.weather.served.total() == 0
        assert there.market.weather._dice == {}

    @pytest.mark.parametrize(("name", "chance", "minutes"), [
        ("no_such", 0.5, None), ("lost_events", 1.5, None), ("lost_events", -0.1, None),
        ("lost_events", float("nan"), None), ("lost_events", 0.5, -1),
        ("lost_events", 0.5, 1441), ("lost_events", 0.5, float("inf")),
    ])
    def test_what_makes_no_sense_changes_nothing(self, there, name, chance, minutes):
        blow(there, "error_500")
        with pytest.raises(Refusal):
            there.market.weather.switch_all({"short_pages": (0.5, None), name: (chance, minutes)})
        assert set(there.market.weather.switches()) == {"error_500"}


class TestSwitches:
    def test_a_fault_ends_when_its_time_is_over(self, there):
        there.market.weather.switch("error_500", 1, minutes=5)
        with pytest.raises(ChannelDown):
            there.connector().verify()
        there.clock.turn(minutes=5)
        assert there.connector().verify() == "Leśna Sowa"
        assert there.market.weather.switches() == {}

    def test_calm_ends_everything_at_once_spells_too(self, there):
        blow(there, "too_many_calls")
        with pytest.raises(RateLimited):
            there.connector().verify()
        there.market.weather.storm()
        there.market.weather.calm()
        there.market.weather.switch("too_many_calls", 1e-9)
        assert there.connector().verify() == "Leśna Sowa"
        assert served(there, "too_many_calls") == 1

    def test_a_spell_goes_on_for_its_time(self, there):
        there.market.weather.switch("error_503", 0.2)
        outcomes = []
        for _ in range(120):
            try:
                there.connector().verify()
                outcomes.append(True)
            except ChannelDown:
                outcomes.append(False)
            there.clock.turn(seconds=1)
        text = "".join("o" if good else "x" for good in outcomes)
        assert "o" in text
        assert min(len(run) for run in re.findall("x+", text)[:-1]) >= BY_NAME["error_503"].spell_s

    def test_the_weather_survives_a_restart(self, there, tmp_path):
        there.market.weather.switch("lost_events", 0.25, minutes=30)
        there.market.weather.reseed(9)
        again = open_market(tmp_path, there.clock)
        [(name, switch)] = again.market.weather.switches().items()
        assert (name, switch.chance, switch.until) == (
            "lost_events", 0.25, MONDAY + timedelta(minutes=30))
        assert again.market.weather.seed == 9


class TestReplay:
    def run(self, folder, seed):
        there = open_market(folder, seed=5)
        there.market.weather.reseed(seed)
        there.market.weather.storm(4)
        fill(there, 30)
        told = []
        for _ in range(60):
            answer = httpx2.Client(transport=there.street, base_url="http://127.0.0.1:8001")
            try:
                got = answer.get("/api/v1/orders?limit=7", headers={
                    "Authorization": f"Bearer {there.token}"})
                told.append((got.status_code, got.content))
            except httpx2.HTTPError as error:
                told.append((0, type(error).__name__))
            there.clock.turn(seconds=3)
        return told, there.market.weather.served

    def test_the_same_seed_and_settings_are_the_same_storm(self, tmp_path):
        first, again = self.run(tmp_path / "a", 3), self.run(tmp_path / "b", 3)
        assert first == again
        assert first[1].total() > 50
        assert self.run(tmp_path / "c", 4) != first

    def test_one_fault_more_does_not_change_the_dice_of_the_others(self, tmp_path):
        def when(folder, *names):
            there = open_market(folder)
            blow(there, *names, chance=0.3)
            seen = []
            for number in range(60):
                before = served(there, "error_500")
                _quietly(there)
                if served(there, "error_500") > before:
                    seen.append(number)
            return seen

        alone = when(tmp_path / "a", "error_500")
        assert alone == when(tmp_path / "b", "error_500", "truncated_json")
        assert 5 < len(alone) < 40


def _quietly(there):
    with suppress(ChannelDown):
        there.connector().verify()


class TestPages:
    def ends(self, there, step, limit=4, most=400):
        """Follow a stream to its end, as the engine does: a repeated cursor is a failure."""
        seen, cursor = [], None
        for _ in range(most):
            try:
                page = step(cursor, limit)
            except CursorExpired:
                cursor = None
                continue
            if page.more and page.cursor == cursor:
                continue
            seen += [getattr(item, "external_id", None) or item.offer_ref for item in page.items]
            cursor = json.loads(json.dumps(page.cursor))
            if not page.more:
                return seen
        raise AssertionError("the stream does not end")

    @pytest.mark.parametrize("name", [
        "short_pages", "repeated_pages", "empty_pages", "repeating_cursor", "expired_cursor"])
    @pytest.mark.parametrize("stream", ["journal", "list", "offers"])
    def test_every_order_is_reached_through_bad_pages(self, there, name, stream):
        refs = fill(there, 23)
        blow(there, name, chance=0.3)
        step = {
            "journal": lambda c, n: there.connector().pull_orders(c, n),
            "list": lambda c, n: sweep(there, c, n),
            "offers": lambda c, n: there.connector().list_offers(c, 9),
        }[stream]
        wanted = refs if stream != "offers" else [
            offer.ref for offer in there.market.shelf()]
        assert set(self.ends(there, step)) == set(wanted)
        assert served(there, name) > 0

    def test_an_empty_page_has_another_cursor_and_loses_nothing(self, there):
        refs = fill(there, 3)
        blow(there, "empty_pages")
        page = sweep(there)
        assert (page.items, page.more) == ([], True)
        assert page.cursor != {"after": ""}
        there.market.weather.calm()
        assert [order.external_id for order in sweep(there, page.cursor).items] == refs

    def test_doubled_shuffled_and_lost_events(self, there):
        refs = fill(there, 20)
        blow(there, "doubled_events", "shuffled_events")
        page = there.connector().pull_orders(None, 100)
        assert sorted(order.external_id for order in page.items) == sorted(refs)
        assert [order.external_id for order in page.items] != refs
        assert page.cursor == {"event": 20}
        there.market.weather.calm()
        blow(there, "lost_events")
        page = there.connector().pull_orders(None, 100)
        assert 0 < len(page.items) < 20
        assert page.cursor == {"event": 20}

    def test_late_orders_are_awaited_and_missing_ones_kept_as_unreadable(self, there):
        ref = there.buy()
        blow(there, "late_orders")
        page = there.connector().pull_orders(None, 100)
        assert page.items == []
        there.clock.turn(minutes=2)
        page = there.connector().pull_orders(page.cursor, 100)
        assert [order.external_id for order in page.items] == [ref]
        blow(there, "missing_orders")
        assert sweep(there).items == []
        there.market.move(ref, {"city": "Hel"})
        page = there.connector().pull_orders(page.cursor, 100)
        there.clock.turn(minutes=6)
        [gone] = there.connector().pull_orders(page.cursor, 100).items
        assert isinstance(gone, Unreadable)

    def test_edits_between_pages(self, there):
        refs = fill(there, 6)
        blow(there, "edits_between_pages")
        sweep(there, limit=2)
        assert sum(there.order(ref)["revision"] for ref in refs) == 7

    @pytest.mark.parametrize(("name", "minutes"), [("clock_fast", 10), ("clock_slow", -10)])
    def test_the_clock_is_wrong_and_stamps_never_run_backwards(self, there, name, minutes):
        ref = there.buy()
        blow(there, name)
        assert there.market.clock() == MONDAY + timedelta(minutes=minutes)
        there.market.move(ref, {"city": "Hel"})
        assert moment(there.order(ref)["updated_at"]) == max(
            MONDAY, MONDAY + timedelta(minutes=minutes))


class TestDocuments:
    @pytest.mark.parametrize("name", [
        fault.name for fault in FAULTS if fault.point == "document"])
    def test_each_order_is_read_or_kept_whatever_is_wrong_with_it(self, there, name):
        refs = fill(there, 25)
        blow(there, name)
        items = sweep(there).items
        assert served(there, name) >= 20
        assert len(items) == 25
        for ref, item in zip(refs, items, strict=True):
            assert isinstance(item, Order | Unreadable)
            if isinstance(item, Unreadable):
                assert item.reason
                assert ref in item.raw or "id_v2" in item.raw or item.external_id != ref
            else:
                assert item.external_id == ref
                assert item.currency in ("PLN", "EUR")
                assert all(line.quantity > 0 for line in item.lines)

    @pytest.mark.parametrize(("name", "field"), [
        ("new_words", None), ("negative_quantity", "quantity"), ("fractional_quantity", "quantity"),
        ("unknown_currency", "currency"), ("numbers_as_text", None),
    ])
    def test_what_makes_no_sense_is_unreadable_and_says_where(self, there, name, field):
        fill(there, 5)
        blow(there, name)
        items = sweep(there).items
        assert all(isinstance(item, Unreadable) for item in items)
        assert field is None or {item.field for item in items} == {field}

    @pytest.mark.parametrize(("name", "texts"), [("odd_letters", ODD), ("hostile_html", HOSTILE)])
    def test_strange_words_are_only_words(self, there, name, texts):
        fill(there, 30)
        blow(there, name)
        items = sweep(there).items
        assert all(isinstance(item, Order) for item in items)
        assert any(item.buyer_note in texts for item in items)

    @pytest.mark.parametrize("name", [
        fault.name for fault in FAULTS if fault.point == "document"])
    def test_offers_and_returns_too(self, there, name):
        ref = there.buy("KUB-05-BIA", 3)
        there.market.send(ref, "k", [])
        there.market.announce_return(ref, {"1": 1}, "damaged")
        blow(there, name)
        offers = there.connector().list_offers(None, 100).items
        assert len(offers) == 100
        assert all(isinstance(item, Unreadable) or (item.quantity >= 0 and item.active)
                   for item in offers)
        assert len(there.connector().pull_returns(None, 100).items) == 1


class TestLine:
    READS = {
        "too_many_calls": RateLimited, "too_many_silent": RateLimited,
        "too_many_absurd": RateLimited, "token_expired": AccessRefused, "error_500": ChannelDown,
        "error_502": ChannelDown, "error_503": ChannelDown, "maintenance_200": ChannelDown,
        "hang_up_before": ChannelDown, "hang_up_after": ChannelDown, "half_bodies": ChannelDown,
        "truncated_json": ChannelDown, "wrong_length": ChannelDown,
    }
    WRITES = READS | {
        "error_500": OutcomeUnknown, "error_502": OutcomeUnknown,
        "maintenance_200": OutcomeUnknown, "hang_up_before": OutcomeUnknown,
        "hang_up_after": OutcomeUnknown, "half_bodies": OutcomeUnknown,
        "truncated_json": OutcomeUnknown, "wrong_length": OutcomeUnknown,
        "error_after": OutcomeUnknown,
    }

    @pytest.mark.parametrize(("name", "error"), READS.items())
    def test_a_read_fails_with_the_right_error(self, there, name, error):
        blow(there, name)
        with pytest.raises(error):
            there.connector().list_offers(None, 5)
        assert served(there, name) == 1

    @pytest.mark.parametrize(("name", "error"), WRITES.items())
    def test_a_write_that_may_have_been_done_is_unknown(self, there, name, error):
        blow(there, name)
        offer = there.offer("KUB-05-BIA")
        with pytest.raises(error):
            there.connector().push_stock([StockItem(offer, "", 5, 1, "k")])
        done = BY_NAME[name].point == "answer"
        assert there.stock("KUB-05-BIA") == (5 if done else 22)
        there.market.weather.calm()
        [result] = there.connector().push_stock([StockItem(offer, "", 5, 1, "k")])
        assert (result.outcome, there.stock("KUB-05-BIA")) == ("applied", 5)

    def test_a_write_is_not_told_a_lie_about_reads(self, there):
        blow(there, "error_after")
        there.connector().list_offers(None, 5)
        assert served(there, "error_after") == 0

    def test_absurd_waits_never_make_a_wait_that_is_not_a_number(self, there):
        blow(there, "too_many_absurd")
        for _ in range(40):
            with pytest.raises(RateLimited) as limited:
                there.connector().verify()
            wait = limited.value.retry_after
            assert wait is None or 0 <= wait <= 3600

    def test_slow_answers_take_time_and_some_take_too_long(self, there):
        blow(there, "slow_answers")
        fates = set()
        for _ in range(30):
            before = there.clock.now
            try:
                there.connector().verify()
                fates.add("answered")
                assert 0.5 <= (there.clock.now - before).total_seconds() <= 20
            except ChannelDown:
                fates.add("too late")
        assert fates == {"answered", "too late"}

    def test_every_call_is_shown_in_the_back_office(self, there):
        blow(there, "error_502")
        _quietly(there)
        assert [call["status"] for call in there.app.extensions["market_calls"]] == [502]


class TestThroughARealSocket:
    """What an in-process transport only imitates: a server, a socket, the product's own client."""

    @pytest.fixture
    def served_market(self, tmp_path):
        app = make_app(tmp_path, pace=UNHURRIED)
        server = create_server(_cutting(app), host="127.0.0.1", port=0, threads=4)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield app, f"http://127.0.0.1:{server.effective_port}/api/v1"
        server.trigger.pull_trigger(server.close)  # from within, or its loop waits out a second
        thread.join(timeout=5)

    @pytest.mark.parametrize(("name", "error"), [
        ("hang_up_before", OutcomeUnknown), ("hang_up_after", OutcomeUnknown),
        ("half_bodies", OutcomeUnknown), ("wrong_length", None), ("truncated_json", None),
    ])
    def test_broken_answers_break_as_they_should(self, served_market, name, error):
        app, url = served_market
        market = app.extensions["market"]
        http = AccountHttp(url, {"Authorization": f"Bearer {app.config['SELLER_TOKEN']}"},
                           loopback=True)
        market.weather.switch(name, 1)
        body = {"items": [{"offer_id": "7400100001", "quantity": 3, "key": "k"}]}
        if error:
            with pytest.raises(error):
                http.request("PUT", "stock", json=body)
        else:
            with pytest.raises(ChannelDown):
                http.request("PUT", "stock", json=body).json()
        market.weather.calm()
        assert http.request("PUT", "stock", json=body).json()["results"]
        http.close()

    def test_a_cut_connection_sends_not_a_byte(self, served_market):
        app, url = served_market
        app.extensions["market"].weather.switch("hang_up_before", 1)
        port = int(url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert line.recv(100) == b""
