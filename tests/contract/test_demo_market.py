"""The demo marketplace: strict about stock, true to its seed, alive by itself, safe to look at."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from itertools import pairwise

import pytest
from oms_demo import catalog
from oms_demo.market import bustle, words
from oms_demo.market.people import person
from oms_demo.market.refusal import Refusal
from oms_demo.market.scenes import SCENES
from oms_demo.market.store import moment
from stdnum import ean
from stdnum.pl import nip

from tests.demo_market import MONDAY, Clock, open_market


@pytest.fixture
def there(tmp_path):
    return open_market(tmp_path)


def rows(there, query, *values):
    with there.market.store.transaction() as db:
        return [tuple(row) for row in db.execute(query, values)]


class TestCatalogue:
    def test_codes_are_valid_and_belong_to_no_real_product(self):
        codes = [item.ean for item in catalog.items()]
        assert len(codes) == len(set(codes)) == 98
        assert all(ean.is_valid(code) and "200" <= code[:3] <= "299" for code in codes)

    def test_the_known_example_of_a_check_digit(self):
        assert catalog.ean13("590123412345") == "5901234123457"

    def test_every_item_is_complete_and_every_part_exists(self):
        skus = {item.sku for item in catalog.items()}
        assert len(skus) == 98
        for item in catalog.items():
            assert item.vat_rate in ("23", "8", "5")
            assert item.price > 0
            assert item.parts or (item.cost and item.weight_g and item.size_mm and item.stock)
            assert set(item.parts) <= skus
            assert not item.parts or not item.stock

    def test_some_offers_are_not_in_the_catalogue(self):
        skus = {item.sku for item in catalog.items()}
        eans = {item.ean for item in catalog.items()}
        assert not {stray.sku for stray in catalog.strays()} & skus
        assert [stray.ean in eans for stray in catalog.strays()] == [False, False, True]

    def test_pictures_are_drawn_for_every_motif(self):
        from oms_demo import pictures

        motifs = {item.motif for item in (*catalog.items(), *catalog.strays())}
        assert motifs <= set(pictures.MOTIFS)
        assert pictures.draw("cup", "0,5 l zielony", 64).startswith(b"\x89PNG")
        assert pictures.draw("cup", "zielony", 64) != pictures.draw("cup", "czerwony", 64)


class TestPeople:
    def test_tax_numbers_are_valid_and_nobodys(self):
        companies = [found for found in (person(1, n) for n in range(400)) if found.tax_id]
        assert len(companies) > 20
        assert all(nip.is_valid(c.tax_id) and c.tax_id.startswith("999") for c in companies)

    def test_mail_goes_nowhere(self):
        assert all(person(1, n).email.endswith(".example") for n in range(200))

    def test_the_same_number_is_the_same_person(self):
        assert person(1, 5) == person(1, 5) != person(2, 5)

    def test_polish_and_european_addresses(self):
        people = [person(3, n) for n in range(500)]
        assert {"PL", "DE", "CZ", "FR"} <= {p.country for p in people}
        for p in people:
            if p.country == "PL":
                assert re.fullmatch(r"\d\d-\d{3}", p.postcode)
                assert re.search(r" \d+(/\d+)?$", p.street)


class TestStock:
    def test_a_sale_lowers_the_offer_and_a_cancellation_does_not_raise_it(self, there):
        ref = there.buy("KUB-05-BIA", 20)
        assert there.stock("KUB-05-BIA") == 2
        there.market.cancel(ref)
        assert there.stock("KUB-05-BIA") == 2

    def test_nobody_gets_more_than_there_is(self, there):
        with pytest.raises(Refusal) as refusal:
            there.buy("KUB-05-BIA", 23)
        assert (refusal.value.code, refusal.value.detail["stock"]) == ("sold_out", 22)
        assert there.stock("KUB-05-BIA") == 22
        assert rows(there, "SELECT count(*) FROM purchase") == [(0,)]

    def test_one_line_too_many_and_nothing_of_the_order_happens(self, there):
        with pytest.raises(Refusal):
            there.buy(lines=[(there.offer("KRZ-JES"), 1), (there.offer("LAM-NAF-MOS"), 4)])
        assert there.stock("KRZ-JES") == 388

    @pytest.mark.parametrize("quantity", [0, -1])
    def test_nothing_and_less_cannot_be_bought(self, there, quantity):
        with pytest.raises(Refusal, match="at least one"):
            there.buy("KRZ-JES", quantity)

    @pytest.mark.parametrize("quantity", [-1, 1.0, "3", True, None])
    def test_only_whole_numbers_can_be_set(self, there, quantity):
        with pytest.raises(Refusal, match="whole number"):
            there.market.set_stock(there.offer("KRZ-JES"), quantity)

    def test_every_change_says_where_it_came_from(self, there):
        ref = there.buy("KRZ-JES", 2)
        there.market.set_stock(there.offer("KRZ-JES"), 500, key="k")
        assert rows(there, "SELECT before, after, cause, detail FROM stock_change"
                           " WHERE offer_ref = ? ORDER BY id", there.offer("KRZ-JES")) == [
            (0, 388, "start", ""), (388, 386, "sale", ref), (386, 500, "push", "")]

    def test_a_key_is_remembered_for_a_day(self, there):
        offer = there.offer("KRZ-JES")
        assert there.market.set_stock(offer, 5, key="k") == "applied"
        there.buy("KRZ-JES")
        assert there.market.set_stock(offer, 5, key="k") == "unchanged"
        there.clock.turn(hours=25)
        assert there.market.set_stock(offer, 5, key="k") == "applied"


class TestOrders:
    def test_an_order_passes_its_stations(self, there):
        ref = there.buy(payment="unpaid")
        seen = [there.order(ref)["status"]]
        there.market.pay(ref)
        there.market.pay(ref)
        seen.append(there.order(ref)["status"])
        there.market.send(ref, "k", [{"carrier": "dpd", "tracking": "1", "url": ""}])
        seen.append(there.order(ref)["status"])
        there.market.deliver(ref)
        there.market.deliver(ref)
        seen.append(there.order(ref)["status"])
        assert seen == ["waiting_payment", "to_send", "sent", "delivered"]
        assert rows(there, "SELECT type, revision FROM event ORDER BY id") == [
            ("order.placed", 1), ("order.paid", 2), ("order.sent", 3), ("order.delivered", 4)]
        assert rows(there, "SELECT count(*) FROM payment") == [(1,)]

    def test_what_is_not_possible_is_refused(self, there):
        ref = there.buy(payment="unpaid")
        with pytest.raises(Refusal, match="not paid"):
            there.market.send(ref, "k", [])
        with pytest.raises(Refusal, match="not been sent"):
            there.market.deliver(ref)
        there.market.cancel(ref)
        there.market.cancel(ref)
        for act in (there.market.pay, lambda r: there.market.move(r, {"city": "Hel"}),
                    lambda r: there.market.send(r, "k", [])):
            with pytest.raises(Refusal):
                act(ref)
        assert there.order(ref)["revision"] == 2
        with pytest.raises(Refusal, match="no order"):
            there.market.pay("TG-NOBODY")

    def test_a_sent_order_is_not_cancelled(self, there):
        ref = there.buy()
        there.market.send(ref, "k", [])
        with pytest.raises(Refusal) as refusal:
            there.market.cancel(ref)
        assert refusal.value.code == "already_sent"

    def test_moving_to_where_one_lives_is_no_change(self, there):
        ref = there.buy()
        there.market.move(ref, {"city": there.order(ref) and "", "login": "x"})
        assert there.order(ref)["revision"] == 1

    def test_stamps_never_run_backwards(self, there):
        ref = there.buy()
        there.clock.turn(hours=-1)
        there.market.move(ref, {"city": "Hel"})
        assert moment(there.order(ref)["updated_at"]) == MONDAY

    @pytest.mark.parametrize(("placed", "due"), [
        (MONDAY, MONDAY.replace(hour=12, minute=0)),
        (MONDAY.replace(hour=12, minute=0), MONDAY.replace(day=24, hour=12, minute=0)),
        (MONDAY.replace(day=27, hour=20), MONDAY.replace(day=30, hour=12, minute=0)),
    ])
    def test_when_it_should_leave(self, there, placed, due):
        there.clock.now = placed
        assert moment(there.order(there.buy())["send_by"]) == due

    def test_dear_baskets_travel_free(self, there):
        assert there.order(there.buy("KRZ-JES", 4))["delivery_cost"] == 1599
        assert there.order(there.buy("KRZ-JES", 5))["delivery_cost"] == 0


class TestHistory:
    def test_a_new_shop_has_two_days_behind_it(self, tmp_path):
        there = open_market(tmp_path, auto_buyers=True, history=46)
        placed = [moment(at) for (at,) in rows(there, "SELECT placed_at FROM purchase")]
        assert len(placed) == 46 + len(SCENES)
        assert min(placed) > MONDAY - timedelta(hours=50)
        assert max(placed) < MONDAY
        statuses = dict(rows(there, "SELECT status, count(*) FROM purchase GROUP BY 1"))
        assert statuses["to_send"] >= 15
        assert statuses["sent"] >= 3
        assert statuses["delivered"] >= 3
        stamps = [at for (at,) in rows(there, "SELECT at FROM event ORDER BY id")]
        assert stamps == sorted(stamps)
        assert moment(stamps[-1]) <= MONDAY

    def test_a_second_start_adds_nothing(self, tmp_path):
        for _ in range(2):
            there = open_market(tmp_path, auto_buyers=True, history=5)
        assert rows(there, "SELECT count(*) FROM purchase") == [(5 + len(SCENES),)]
        assert rows(there, "SELECT count(*) FROM offer") == [(101,)]

    def test_the_scenes_are_among_them(self, tmp_path):
        there = open_market(tmp_path, history=10)
        [unpaid] = rows(there, "SELECT status FROM purchase JOIN purchase_line"
                               " ON purchase_seq = seq WHERE sku = 'PLE-22-OLI'")
        assert unpaid == ("waiting_payment",)
        # the lamp is promised more often than it is there
        [(lamps,)] = rows(there, "SELECT sum(quantity) FROM purchase_line"
                                 " WHERE ean = (SELECT ean FROM offer WHERE sku = 'LAM-NAF-MOS')")
        assert lamps > 3
        [(invoice,)] = rows(there, "SELECT invoice FROM purchase WHERE note LIKE '%na firmę%'")
        assert not nip.is_valid(json.loads(invoice)["tax_id"])

    def test_the_same_seed_is_the_same_history(self, tmp_path):
        def told(name, seed):
            there = open_market(tmp_path / name, auto_buyers=True, history=20, seed=seed)
            return rows(there, "SELECT ref, status, total, buyer, delivery, note, placed_at"
                               " FROM purchase ORDER BY seq")

        assert told("a", 7) == told("b", 7) != told("c", 8)

    def test_all_kinds_of_buyers_come(self, there):
        with there.market.store.transaction():
            baskets = [there.market.invent() for _ in range(500)]
        assert {b.payment for b in baskets} == {"online", "unpaid", "cod"}
        assert {b.delivery for b in baskets} >= {"locker", "locker-cod", "dpd", "orlen", "gls-eu"}
        assert all(bool(b.pickup_point) == b.delivery.startswith(("locker", "orlen"))
                   for b in baskets)
        assert any("Grawer" in b.note for b in baskets)
        assert any("prezent" in b.note for b in baskets)
        assert {len(b.lines) for b in baskets} >= {1, 2, 3}
        sold = {offer for b in baskets for offer, _ in b.lines}
        assert there.offer("TARG-5512") in sold
        assert there.offer("SWI-JAR-3") in sold
        assert any(b.discount for b in baskets)
        assert any(b.invoice and b.buyer["tax_id"] for b in baskets)
        assert any(not re.search(r"\d", b.buyer["street"]) for b in baskets)


class TestBustle:
    @pytest.fixture
    def busy(self, tmp_path):
        there = open_market(tmp_path, auto_buyers=True)
        bustle.tick(there.market)
        return there

    def test_an_order_every_20_to_40_seconds(self, busy):
        moments = []
        for _ in range(600):
            busy.clock.turn(seconds=1)
            before = rows(busy, "SELECT count(*) FROM purchase")
            bustle.tick(busy.market)
            if rows(busy, "SELECT count(*) FROM purchase") != before:
                moments.append(busy.clock.now)
        gaps = [(b - a).total_seconds() for a, b in pairwise(moments)]
        assert 15 <= len(moments) <= 30
        assert all(20 <= gap <= 41 for gap in gaps)

    def test_after_a_long_sleep_there_is_no_flood(self, busy):
        busy.clock.turn(days=3)
        for _ in range(5):
            bustle.tick(busy.market)
        assert rows(busy, "SELECT count(*) FROM purchase") == [(1,)]

    def test_switched_off_nobody_comes(self, busy):
        bustle.switch(busy.market, on=False)
        busy.clock.turn(hours=1)
        bustle.tick(busy.market)
        assert rows(busy, "SELECT count(*) FROM purchase") == [(0,)]

    def test_buyers_wait_while_nobody_sends(self, busy, monkeypatch):
        monkeypatch.setattr(bustle, "PATIENCE", 2)
        for _ in range(10):
            busy.clock.turn(minutes=1)
            bustle.tick(busy.market)
        assert bustle.waiting(busy.market) == 2

    def test_who_said_they_would_pay_pays(self, there):
        ref = there.buy(payment="unpaid", plan=("pay", MONDAY + timedelta(minutes=5)))
        never = there.buy(payment="unpaid")
        bustle.tick(there.market)
        assert there.order(ref)["status"] == "waiting_payment"
        there.clock.turn(minutes=6)
        bustle.tick(there.market)
        assert there.order(ref)["status"] == "to_send"
        there.clock.turn(hours=73)
        bustle.tick(there.market)
        assert there.order(never)["status"] == "cancelled"
        assert there.order(never)["cancel_reason"] == "not paid in time"

    def test_second_thoughts(self, there):
        later = MONDAY + timedelta(minutes=5)
        gone, moved = there.buy(plan=("cancel", later)), there.buy(plan=("move", later))
        late = there.buy(plan=("cancel", later))
        there.market.send(late, "k", [])
        there.market.plan(late, "cancel", later)  # as if it had been sent at this very moment
        before = there.order(moved)["delivery"]
        there.clock.turn(minutes=6)
        bustle.tick(there.market)
        assert there.order(gone)["status"] == "cancelled"
        assert json.loads(there.order(moved)["delivery"])["address"]["street"] \
            != json.loads(before)["address"]["street"]
        assert there.order(late)["status"] == "sent"

    def test_parcels_arrive(self, there):
        ref = there.buy(payment="cod", delivery="dpd-cod")
        there.market.send(ref, "k", [{"carrier": "dpd", "tracking": "13", "url": ""}])
        for _ in range(21):
            bustle.tick(there.market)
            there.clock.turn(minutes=1)
        assert there.order(ref)["status"] == "delivered"
        assert there.order(ref)["paid_at"]

    def test_a_failed_tick_does_not_stop_the_next(self, there, monkeypatch, caplog):
        seen = []

        def tick(_market):
            seen.append(1)
            raise RuntimeError("a bad day")

        monkeypatch.setattr(bustle, "tick", tick)
        ticker = bustle.Ticker(there.market, every=0.001)
        ticker.start()
        deadline = time.monotonic() + 5
        while len(seen) < 3 and time.monotonic() < deadline:
            time.sleep(0.001)
        ticker.stop()
        assert len(seen) >= 3
        assert "a tick failed" in caplog.text


class TestApi:
    @pytest.fixture
    def ask(self, there):
        client = there.app.test_client()

        def call(method, path, **options):
            headers = {"Authorization": f"Bearer {there.token}"} | options.pop("headers", {})
            return client.open(f"/api/v1/{path}", method=method, headers=headers, **options)

        return call

    @pytest.mark.parametrize(("method", "path", "body", "status", "code"), [
        ("GET", "orders?limit=0", None, 422, "bad_value"),
        ("GET", "orders?limit=101", None, 422, "bad_value"),
        ("GET", "orders?updated_since=yesterday", None, 422, "bad_value"),
        ("GET", "orders?updated_since=2026-11-01T00:00:00", None, 422, "bad_value"),
        ("GET", "orders?after=%21%21", None, 422, "bad_value"),
        ("GET", f"orders?ids={','.join(f'a{n}' for n in range(101))}", None, 422, "too_many"),
        ("GET", "events?after=-1", None, 422, "bad_value"),
        ("GET", "orders/none", None, 404, "unknown_order"),
        ("GET", "nothing", None, 404, "not_found"),
        ("DELETE", "orders", None, 405, "method_not_allowed"),
        ("PUT", "stock", [], 400, "bad_body"),
        ("PUT", "stock", {"items": {}}, 422, "bad_value"),
        ("PUT", "stock", {"items": [{}] * 101}, 422, "too_many"),
        ("POST", "orders/none/shipments", {"parcels": []}, 422, "bad_value"),
        ("POST", "orders/none/shipments", {"key": "k", "parcels": ["x"]}, 422, "bad_value"),
        ("POST", "orders/none/shipments", {"key": "k", "lines": {"1": 0}}, 422, "bad_value"),
        ("POST", "orders/none/cancel", {"reason": 5}, 422, "bad_value"),
        ("POST", "sandbox/purchases", {"count": 201}, 422, "bad_count"),
    ])
    def test_says_what_is_wrong(self, ask, method, path, body, status, code):
        answer = ask(method, path, json=body)
        assert (answer.status_code, answer.json["error"]["code"]) == (status, code)

    def test_bad_items_of_a_push_are_answered_one_by_one(self, ask):
        results = ask("PUT", "stock", json={"items": [{}, 5, {"offer_id": "1"}]}).json["results"]
        assert [result["code"] for result in results] == ["bad_item", "bad_item", "bad_quantity"]

    def test_without_token_there_is_nothing(self, there):
        client = there.app.test_client()
        for given in ("", "Bearer x", there.token, f"Basic {there.token}", "Bearer"):
            headers = {"Authorization": given}
            assert client.get("/api/v1/orders", headers=headers).status_code == 401

    def test_a_stale_revision_is_a_conflict(self, there, ask):
        ref = there.buy()
        there.market.move(ref, {"city": "Hel"})
        answer = ask("POST", f"orders/{ref}/cancel", json={"expected_revision": 1})
        assert (answer.status_code, answer.json["error"]["revision"]) == (409, 2)
        assert ask("POST", f"orders/{ref}/cancel", json={"expected_revision": 2}).status_code \
            == 200
        assert there.order(ref)["status"] == "cancelled"

    def test_buyers_on_demand(self, there, ask):
        placed = ask("POST", "sandbox/purchases", json={"count": 3}).json["orders"]
        assert [there.order(ref)["ref"] for ref in placed] == placed

    def test_calls_left_are_told(self, ask):
        assert int(ask("GET", "me").headers["X-Calls-Left"]) > 0

    def test_the_token_is_for_the_owner_of_the_file_only(self, there, tmp_path):
        mode = stat.S_IMODE(os.stat(tmp_path / "token").st_mode)
        assert mode == 0o600
        assert open_market(tmp_path).token == there.token


class TestOffice:
    @pytest.fixture
    def office(self, there):
        return there.app.test_client()

    @pytest.mark.parametrize("language", ["pl", "en"])
    def test_every_page_in_both_languages(self, tmp_path, language):
        there = open_market(tmp_path, history=46)
        office = there.app.test_client()
        office.set_cookie("targowisko_language", language)
        refs = [ref for (ref,) in rows(there, "SELECT ref FROM purchase")]
        paths = ["/", "/?status=sent", "/?before=10", "/offers", "/offers?q=kubek", "/buy",
                 f"/offers/{there.offer('KUB-05-BIA')}", "/settings",
                 *(f"/orders/{ref}" for ref in refs)]
        for path in paths:
            page = office.get(path)
            assert page.status_code == 200, path
            assert f'<html lang="{language}">' in page.text
        assert words.word("orders", language) in office.get("/").text

    def test_words_exist_twice(self):
        for pl, en in words._WORDS.values():
            assert pl
            assert en
        assert words.money(114800, "PLN", "pl") == "1\xa0148,00\xa0zł"
        assert words.money(-114805, "EUR", "en") == "−EUR\xa01,148.05"

    def test_an_order_by_hand_lowers_the_stock_and_shows_its_number(self, there, office):
        answer = office.post("/buy", data={
            "offer": there.offer("KUB-05-BIA"), "quantity": "2", "payment": "unpaid",
            "name": "Ala Testowa", "note": "<script>alert(1)</script>", "invoice": "on",
        }, follow_redirects=True)
        assert answer.status_code == 200
        ref = answer.request.path.rsplit("/", 1)[1]
        assert ref in answer.text
        assert "Ala Testowa" in answer.text
        assert "<script>alert" not in answer.text
        assert there.stock("KUB-05-BIA") == 20
        assert there.order(ref)["status"] == "waiting_payment"
        paid = office.post(f"/orders/{ref}/pay", follow_redirects=True)
        assert "zapłacone" in paid.text
        moved = office.post(f"/orders/{ref}/move", follow_redirects=True, data={
            "street": "Nowa 1", "postcode": "00-002", "city": "Hel"})
        assert "Nowa 1" in moved.text
        there.market.send(ref, "k", [{"carrier": "dpd", "tracking": "13TRACK", "url": ""}])
        assert "13TRACK" in office.get(f"/orders/{ref}").text
        assert "13TRACK" in office.get("/").text
        late = office.post(f"/orders/{ref}/cancel")
        assert late.status_code == 409
        assert "wyjechało" in late.text

    @pytest.mark.parametrize(("country", "payment", "delivery", "kind"), [
        ("PL", "cod", {"locker-cod", "dpd-cod"}, "cod"), ("DE", "cod", {"dpd-eu", "gls-eu"},
                                                          "online"),
        ("PL", "online", {"locker", "courier", "dpd", "orlen", "pocztex"}, "online"),
    ])
    def test_delivery_fits_the_country_and_the_payment(
        self, there, office, country, payment, delivery, kind
    ):
        for _ in range(5):
            answer = office.post("/buy", data={"offer": there.offer("KRZ-JES"), "quantity": "1",
                                               "payment": payment, "country": country})
            order = there.order(answer.headers["Location"].split("/")[-1].split("?")[0])
            told = json.loads(order["delivery"])
            assert told["method"] in delivery
            assert order["payment_kind"] == kind
            assert bool(told["pickup_point"]) <= told["method"].startswith(("locker", "orlen"))

    @pytest.mark.parametrize(("quantity", "status", "message"), [
        ("23", 409, "Zostało tylko 22"), ("0", 422, "całkowita"), ("dwa", 422, "całkowita"),
        ("", 422, "całkowita"),
    ])
    def test_an_order_that_cannot_be(self, there, office, quantity, status, message):
        answer = office.post("/buy", data={"offer": there.offer("KUB-05-BIA"),
                                           "quantity": quantity, "payment": "online"})
        assert answer.status_code == status
        assert message in answer.text
        assert rows(there, "SELECT count(*) FROM purchase") == [(0,)]

    def test_many_at_once(self, there, office):
        assert office.post("/buy/many", data={"count": "7"}).status_code == 303
        assert rows(there, "SELECT count(*) FROM purchase") == [(7,)]
        assert office.post("/buy/many", data={"count": "900"}).status_code == 422

    def test_stock_by_hand(self, there, office):
        path = f"/offers/{there.offer('KUB-05-BIA')}"
        assert office.post(path, data={"quantity": "9"}).status_code == 303
        assert there.stock("KUB-05-BIA") == 9
        assert office.post(path, data={"quantity": "-1"}).status_code == 422
        assert office.post("/offers/123", data={"quantity": "1"}).status_code == 404

    def test_buyers_are_switched(self, there, office):
        assert office.post("/settings", data={"auto": "on", "rate": "0,5"}).status_code == 303
        assert (bustle.auto(there.market), bustle.rate(there.market)) == (True, 0.5)
        office.post("/settings", data={"rate": "3"})
        assert not bustle.auto(there.market)
        assert office.post("/settings", data={"auto": "on", "rate": "601"}).status_code == 422
        assert office.post("/settings", data={"auto": "on", "rate": "-1"}).status_code == 422
        assert office.post("/settings", data={"auto": "on", "rate": "lots"}).status_code == 422

    def test_older_orders_are_one_step_away(self, there, office):
        with there.market.store.transaction():
            refs = [there.buy() for _ in range(45)]
        first = office.get("/").text
        older = re.search(r'href="(/\?before=\d+)"', first).group(1)
        second = office.get(older).text
        shown = re.findall(r"/orders/(TG-\w+)", first + second)
        assert shown == refs[::-1]

    def test_new_orders_are_counted_not_pushed_into_the_list(self, there, office):
        there.buy()
        page = office.get("/").text
        assert 'data-than="1"' in page
        assert office.get("/newer?than=1").json == {"n": 0}
        there.buy()
        there.buy()
        assert office.get("/newer?than=1").json == {"n": 2}

    def test_other_sites_cannot_act_here(self, there, office):
        evil = office.post("/buy/many", data={"count": "5"},
                           headers={"Origin": "https://evil.example"})
        assert evil.status_code == 403
        assert rows(there, "SELECT count(*) FROM purchase") == [(0,)]
        own = office.post("/buy/many", data={"count": "5"}, headers={"Origin": "http://localhost"})
        assert own.status_code == 303
        assert office.get("/", headers={"Host": "evil.example"}).status_code == 400

    def test_no_foreign_code(self, office):
        policy = office.get("/").headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy

    def test_what_is_not_there(self, office):
        for path in ("/orders/TG-NOBODY", "/offers/1", "/pictures/1.png", "/nowhere",
                     "/static/../__init__.py"):
            assert office.get(path).status_code == 404, path
        assert office.post("/orders/TG-NOBODY/pay").status_code == 404
        assert office.post("/orders/TG-NOBODY/explode").status_code == 404

    def test_pictures_and_language(self, there, office):
        picture = office.get(f"/pictures/{there.offer('KUB-05-BIA')}.png")
        assert picture.data.startswith(b"\x89PNG")
        assert picture.mimetype == "image/png"
        answer = office.get("/language/en", headers={"Referer": "http://localhost/offers"})
        assert answer.headers["Location"] == "/offers"
        assert "Buyers see" in office.get("/offers").text
        away = office.get("/language/pl", headers={"Referer": "http://evil.example//evil.example"})
        assert away.headers["Location"] == "/"


def test_runs_as_a_server_and_leaves_when_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "oms_demo", "--port", port, "--data", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                              env=os.environ | {"PYTHONPATH": "connectors"})
    try:
        assert server.stdout.readline() == f"Targowisko: http://127.0.0.1:{port}\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
            assert "Targowisko" in page.read().decode()
        second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False,
                                env=os.environ | {"PYTHONPATH": "connectors"})
        assert second.returncode == 1
        assert port in second.stderr
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=10) == 0
    there = open_market(tmp_path, Clock())
    assert rows(there, "SELECT count(*) > 40 FROM purchase") == [(1,)]
