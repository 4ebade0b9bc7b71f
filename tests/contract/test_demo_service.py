"""What Targowisko offers besides orders and stock: prices, returns, status, invoices, doorbells."""

from __future__ import annotations

import http.server
import json
import re
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import httpx2
import pytest
from oms_connector import (
    Conflict,
    Invoice,
    NotFound,
    OutcomeUnknown,
    PriceItem,
    Refused,
    Ring,
    Unreadable,
    WebhookRefused,
)
from oms_connector import spec as sdk
from oms_connector import webhooks as bells
from oms_demo import DemoConnector
from oms_demo.market import ringing, rings
from oms_demo.market.refusal import Refusal

from tests.demo_market import MONDAY, open_market
from tests.serving import serving

SECRET = "dzwonek-na-probe"
URL = "http://127.0.0.1:9/bell"
PDF = b"%PDF-1.7\n% a small one\n%%EOF\n"


@pytest.fixture
def there(tmp_path):
    return open_market(tmp_path)


def sent(there, quantity=3):
    ref = there.buy("KUB-05-BIA", quantity)
    there.market.send(ref, "k", [{"carrier": "dpd", "tracking": "13", "url": ""}])
    return ref


def test_the_connector_can_do_all_that_the_marketplace_can():
    for capability in (sdk.PushesPrices, sdk.PullsReturns, sdk.PushesStatus, sdk.UploadsInvoices,
                       sdk.CancelsOrders, sdk.KnowsWords, bells.HearsWebhooks,
                       bells.OrdersWebhooks):
        assert issubclass(DemoConnector, capability), capability


class TestPrices:
    def push(self, there, *items):
        return there.connector().push_prices([
            PriceItem(ref, "", Decimal(price), currency, 1, f"p{n}")
            for n, (ref, price, currency) in enumerate(items)
        ])

    def test_each_is_answered_for_itself_and_buyers_pay_the_new_price(self, there):
        mug, candle = there.offer("KUB-05-BIA"), there.offer("SWI-LAS-180")
        results = self.push(there, (mug, "45.5", "PLN"), ("7400999999", "1", "PLN"),
                            (candle, "10", "EUR"), (candle, "0", "PLN"), (mug, "45.50", "PLN"))
        assert [result.outcome for result in results] == [
            "applied", "rejected", "rejected", "rejected", "applied"]
        assert [result.code for result in results[1:4]] == [
            "unknown_offer", "bad_currency", "bad_price"]
        shown = {offer.offer_ref: offer.price
                 for offer in there.connector().list_offers(None, 100).items}
        assert shown[mug] == Decimal("45.50")
        [order] = there.connector().fetch_orders([there.buy("KUB-05-BIA")])
        assert order.lines[0].unit_price == Decimal("45.50")

    @pytest.mark.parametrize("count", [0, 1, 100, 101])
    def test_batches(self, there, count):
        mug = there.offer("KUB-05-BIA")
        results = self.push(there, *[(mug, f"{n + 1}.99", "PLN") for n in range(count)])
        assert [result.outcome for result in results] == ["applied"] * count

    def test_a_lost_answer_is_unknown(self, there):
        there.market.weather.switch("hang_up_after", 1)
        with pytest.raises(OutcomeUnknown):
            self.push(there, (there.offer("KUB-05-BIA"), "45.50", "PLN"))


class TestReturns:
    def test_a_return_passes_its_stations_and_comes_at_each(self, there):
        order = sent(there)
        ref = there.market.announce_return(order, {"1": 2}, "damaged")
        seen, cursor = [], None
        for status in ("announced", "on_the_way", "arrived", "refunded"):
            there.market.move_return(ref, status)
            page = there.connector().pull_returns(cursor, 100)
            cursor = json.loads(json.dumps(page.cursor))
            [back] = page.items
            seen.append((back.state, back.raw_status, back.refunded, len(back.parcels)))
        assert seen == [
            ("announced", "announced", Decimal("0.00"), 0),
            ("sent", "on_the_way", Decimal("0.00"), 1),
            ("arrived", "arrived", Decimal("0.00"), 1),
            ("closed", "refunded", Decimal("79.80"), 1),
        ]
        assert there.connector().pull_returns(cursor, 100).items == []
        [line] = back.lines
        assert (back.external_id, back.order_ref, back.currency) == (ref, order, "PLN")
        assert (line.line_ref, line.sku, line.quantity, line.reason) == (
            "1", "KUB-05-BIA", 2, "damaged")
        assert back.created_at == MONDAY

    def test_revisions_sort_and_pages_go_on(self, there):
        order = sent(there, 20)
        refs = [there.market.announce_return(order, {"1": 1}, "") for _ in range(12)]
        seen, revisions, cursor, more = [], [], None, True
        while more:
            page = there.connector().pull_returns(cursor, 5)
            seen += [back.external_id for back in page.items]
            revisions += [back.revision for back in page.items]
            cursor, more = page.cursor, page.more
        assert seen == refs
        assert revisions == sorted(revisions)

    @pytest.mark.parametrize(("units", "code"), [
        ({}, "empty"), ({"1": 4}, "bad_line"), ({"1": 0}, "bad_line"), ({"9": 1}, "bad_line")])
    def test_nobody_sends_back_what_was_not_bought(self, there, units, code):
        order = sent(there)
        with pytest.raises(Refusal) as refusal:
            there.market.announce_return(order, units, "")
        assert refusal.value.code == code

    def test_not_twice_and_not_before_it_was_sent(self, there):
        order = sent(there)
        ref = there.market.announce_return(order, {"1": 3}, "")
        with pytest.raises(Refusal):
            there.market.announce_return(order, {"1": 1}, "")
        there.market.move_return(ref, "refused")
        there.market.announce_return(order, {"1": 1}, "")
        with pytest.raises(Refusal, match="cannot be"):
            there.market.move_return(ref, "arrived")
        with pytest.raises(Refusal, match="not been sent"):
            there.market.announce_return(there.buy(), {"1": 1}, "")

    def test_an_unreadable_one_hides_no_other(self, there):
        order = sent(there)
        for _ in range(2):
            there.market.announce_return(order, {"1": 1}, "")

        def twist(answer):
            body = answer.json()
            body["returns"][0]["items"][0]["quantity"] = "1"
            return httpx2.Response(200, json=body)

        there.street.faults["/returns"] = twist
        items = there.connector().pull_returns(None, 100).items
        assert [isinstance(item, Unreadable) for item in items] == [True, False]
        assert items[0].field == "quantity"

    def test_in_the_back_office(self, there):
        office, order = there.app.test_client(), sent(there)
        office.set_cookie("targowisko_language", "en")
        page = office.post(f"/orders/{order}/return", follow_redirects=True,
                           data={"units-1": "2", "reason": "damaged"}).text
        assert "The return is noted" in page
        [ref] = set(re.findall(r"ZW-\d+", page))
        page = office.post(f"/orders/{order}/returns/{ref}", data={"status": "on_the_way"},
                           follow_redirects=True).text
        assert "on the way" in page
        wrong = office.post(f"/orders/{order}/return", data={"units-1": "9"})
        assert (wrong.status_code, "Not so many" in wrong.text) == (422, True)
        assert office.post(f"/orders/{order}/returns/{ref}",
                           data={"status": "announced"}).status_code == 409


class TestStatus:
    def test_a_stage_is_set_once_and_makes_a_revision(self, there):
        ref = there.buy()
        there.connector().push_status(ref, "preparing", "000000001")
        there.connector().push_status(ref, "preparing", "000000001")
        [order] = there.connector().fetch_orders([ref])
        assert order.revision == "000000002"
        page = there.app.test_client().get(f"/orders/{ref}").text
        assert "w przygotowaniu" in page

    def test_whoever_was_slower_is_told(self, there):
        ref = there.buy()
        there.market.move(ref, {"city": "Hel"})
        with pytest.raises(Conflict) as conflict:
            there.connector().push_status(ref, "ready", "000000001")
        assert conflict.value.current == "2"
        there.connector().push_status(ref, "ready", "000000002")

    def test_what_cannot_be(self, there):
        ref = there.buy()
        with pytest.raises(Refused, match="status is one of"):
            there.connector().push_status(ref, "teleported", "")
        with pytest.raises(NotFound):
            there.connector().push_status("TG-NOBODY", "ready", "")

    def test_the_marketplaces_own_words(self, there):
        connector = there.connector()
        assert [word.ref for word in connector.words("statuses")] == [
            "new", "preparing", "ready", "on_hold"]
        assert "inpost" in {word.ref for word in connector.words("carriers")}
        assert len(connector.words("deliveries")) > 5
        assert connector.words("payments")
        assert connector.words("warehouses") == []


class TestCancelling:
    def test_the_whole_order_twice_is_once(self, there):
        ref = there.buy()
        for _ in range(2):
            there.connector().cancel_order(ref, {}, "broken in the warehouse")
        [order] = there.connector().fetch_orders([ref])
        assert (order.state, order.reason, order.revision) == (
            "cancelled", "broken in the warehouse", "000000002")

    def test_some_units_cost_less_and_twice_is_once(self, there):
        ref = there.buy("KUB-05-BIA", 3)
        for _ in range(2):
            there.connector().cancel_order(ref, {"1": 1}, "one is chipped")
        [order] = there.connector().fetch_orders([ref])
        assert (order.lines[0].quantity, order.lines[0].cancelled, order.revision) == (
            3, 1, "000000002")
        assert order.total == 2 * Decimal("39.90") + order.shipping
        there.connector().cancel_order(ref, {"1": 3}, "all of them")
        assert there.connector().fetch_orders([ref])[0].state == "cancelled"

    def test_what_cannot_be(self, there):
        with pytest.raises(Refused) as refusal:
            there.connector().cancel_order(sent(there), {}, "too late")
        assert refusal.value.code == "already_sent"
        with pytest.raises(Refused) as refusal:
            there.connector().cancel_order(there.buy(), {"7": 1}, "no such line")
        assert refusal.value.field == "lines"


class TestInvoices:
    def invoice(self, ref, key="i1", pdf=PDF):
        return Invoice(ref, key, "FV 12/11/2026", MONDAY, pdf)

    def test_the_buyer_finds_it_at_the_order(self, there):
        ref = there.buy()
        first = there.connector().upload_invoice(self.invoice(ref))
        assert there.connector().upload_invoice(self.invoice(ref)) == first
        office = there.app.test_client()
        page = office.get(f"/orders/{ref}").text
        assert page.count("FV 12/11/2026") == 1
        file = office.get(f"/orders/{ref}/documents/{first}.pdf")
        assert (file.data, file.mimetype) == (PDF, "application/pdf")
        assert "attachment" in file.headers["Content-Disposition"]
        assert office.get(f"/orders/{there.buy()}/documents/{first}.pdf").status_code == 404

    def test_what_cannot_be_shown(self, there):
        for bad, code in ((b"<html>", "not_a_pdf"), (b"", "not_a_pdf")):
            with pytest.raises(Refused) as refusal:
                there.connector().upload_invoice(self.invoice(there.buy(), pdf=bad))
            assert refusal.value.code == code
        with pytest.raises(NotFound):
            there.connector().upload_invoice(self.invoice("TG-NOBODY"))

    def test_a_lost_answer_leaves_one_document(self, there):
        ref = there.buy()
        there.market.weather.switch("error_after", 1)
        with pytest.raises(OutcomeUnknown):
            there.connector().upload_invoice(self.invoice(ref))
        there.market.weather.calm()
        there.connector().upload_invoice(self.invoice(ref))
        with there.market.store.transaction() as db:
            assert db.execute("SELECT count(*) FROM document").fetchone()[0] == 1


def listening(there, secret=SECRET):
    """A connector as it is when a delivery comes in."""
    connector = there.connector()
    connector.context = replace(connector.context, secrets={"webhook_secret": secret})
    return connector


def heard(there, post, secret=SECRET):
    headers = {k.lower(): v for k, v in rings.headers(post, there.clock()).items()}
    return listening(there, secret).hear(post.body, headers)


class Postman:
    """Takes rings in, and answers as told."""

    def __init__(self, *answers):
        self.posts, self.answers = [], [*answers]

    def __call__(self, post, now):
        self.posts.append(post)
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return answer


class TestBell:
    def subscribe(self, there):
        return there.connector().subscribe(URL, SECRET)

    def test_a_change_rings_and_is_heard(self, there):
        self.subscribe(there)
        ref = there.buy()
        postman = Postman()
        assert ringing.ring_due(there.market, postman) == 1
        [post] = postman.posts
        assert heard(there, post) == [Ring("order", ref, "order-1", MONDAY)]
        assert ringing.ring_due(there.market, postman) == 0

    def test_a_return_rings_too(self, there):
        self.subscribe(there)
        ref = there.market.announce_return(sent(there), {"1": 1}, "")
        postman = Postman()
        ringing.ring_due(there.market, postman)
        assert heard(there, postman.posts[-1])[0] == Ring("return", ref, "return-1", MONDAY)

    def test_subscribing_twice_leaves_one_of_each_kind(self, there):
        first, again = self.subscribe(there), self.subscribe(there)
        assert len(first) == 2
        assert first == again
        there.buy()
        postman = Postman()
        assert ringing.ring_due(there.market, postman) == 1
        there.connector().unsubscribe([*first, "W-unknown"])
        there.buy()
        assert ringing.ring_due(there.market, postman) == 0

    def test_an_answer_that_is_lost_or_bad_is_rung_again_and_then_given_up(self, there):
        self.subscribe(there)
        there.buy()
        postman = Postman(500, OSError("refused"), 404, 503, 500, 500)
        waits = [0, *ringing.RETRIES_S]
        for wait in waits:
            there.clock.turn(seconds=wait - 1)
            assert ringing.ring_due(there.market, postman) == 0
            there.clock.turn(seconds=1)
            ringing.ring_due(there.market, postman)
        assert len(postman.posts) == len(waits)
        assert len({post.body for post in postman.posts}) == 1
        there.clock.turn(days=1)
        assert ringing.ring_due(there.market, postman) == 0

    def test_it_rings_on_its_own_machine_only(self, there):
        for url in ("https://shop.example/bell", "http://10.0.0.1/", "http://169.254.169.254/",
                    "ftp://127.0.0.1/", "http://127.0.0.1.example/"):
            with pytest.raises(Refused) as refusal:
                there.connector().subscribe(url, SECRET)
            assert refusal.value.field == "url"

    @pytest.mark.parametrize(("name", "rung", "true"), [
        ("lost_rings", 0, 0), ("doubled_rings", 2, 2), ("forged_rings", 2, 1)])
    def test_bad_weather_at_the_door(self, there, name, rung, true):
        self.subscribe(there)
        there.buy()
        there.market.weather.switch(name, 1)
        postman = Postman()
        ringing.ring_due(there.market, postman)
        assert len(postman.posts) == rung
        good = 0
        for post in postman.posts:
            try:
                [ring] = heard(there, post)
                assert ring.event_id == "order-1"
                good += 1
            except WebhookRefused:
                pass
        assert good == true

    def refused(self, there, body, headers, secret=SECRET):
        with pytest.raises(WebhookRefused):
            listening(there, secret).hear(body, headers)

    def test_what_is_not_from_the_marketplace_is_refused(self, there):
        post = rings.Post(URL, SECRET, "e", b'{"kind": "order", "ref": "A", "event": "e"}')
        good = {k.lower(): v for k, v in rings.headers(post, there.clock()).items()}
        assert len(listening(there).hear(post.body, good)) == 1
        self.refused(there, post.body, good, secret="")
        self.refused(there, post.body, good, secret="another")
        self.refused(there, post.body + b" ", good)
        self.refused(there, post.body, {})
        for name in ("x-targowisko-timestamp", "x-targowisko-signature"):
            self.refused(there, post.body, {k: v for k, v in good.items() if k != name})
        signature = good["x-targowisko-signature"]
        for odd in (signature.removeprefix("sha256="), signature.upper(), "sha1=" + signature[7:],
                    "sha256=", "sha256=zażółć"):
            self.refused(there, post.body, good | {"x-targowisko-signature": odd})
        for odd in ("0", "x", "9" * 30, good["x-targowisko-timestamp"] + ".5"):
            self.refused(there, post.body, good | {"x-targowisko-timestamp": odd})

    @pytest.mark.parametrize("seconds", [-301, 301])
    def test_an_old_one_or_one_from_the_future_is_refused_though_signed(self, there, seconds):
        post = rings.Post(URL, SECRET, "e", b'{"kind": "order", "ref": "A", "event": "e"}')
        other = rings.headers(post, there.clock() + timedelta(seconds=seconds))
        self.refused(there, post.body, {k.lower(): v for k, v in other.items()})
        near = rings.headers(post, there.clock() + timedelta(seconds=seconds * 0.98))
        assert listening(there).hear(post.body, {k.lower(): v for k, v in near.items()})

    @pytest.mark.parametrize(("body", "rung"), [
        (b'{"kind": "ping"}', 0), (b'{"kind": "badge", "ref": "x", "event": "e"}', 0),
        (b"", None), (b"[]", None), (b"{}", None), (b'{"kind": "order"}', None),
        (b'{"kind": "order", "ref": "A", "event": "e", "at": "soon"}', None), (b"\xff\xfe", None),
    ])
    def test_signed_nonsense(self, there, body, rung):
        post = rings.Post(URL, SECRET, "e", body)
        headers = {k.lower(): v for k, v in rings.headers(post, there.clock()).items()}
        if rung is None:
            self.refused(there, body, headers)
        else:
            assert len(listening(there).hear(body, headers)) == rung

    def test_through_a_real_socket_from_the_background_thread(self, there):
        taken, done = [], threading.Event()

        class Door(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.append((body, {k.lower(): v for k, v in self.headers.items()}))
                self.send_response(204)
                self.end_headers()
                done.set()

            def log_message(self, *_):
                return

        door = http.server.HTTPServer(("127.0.0.1", 0), Door)
        with serving(door):
            there.connector().subscribe(f"http://127.0.0.1:{door.server_port}/bell", SECRET)
            ref = there.buy()
            ringer = ringing.Ringer(there.market, every=0.01)
            ringer.start()
            assert done.wait(10)
            ringer.stop()
        [ring] = listening(there).hear(*taken[0])
        assert (ring.kind, ring.ref) == ("order", ref)
