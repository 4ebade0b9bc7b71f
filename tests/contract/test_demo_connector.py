"""The demo connector keeps every promise of the SDK, through the product's own HTTP client."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain

import httpx2
import pytest
from oms_connector import (
    AccessRefused,
    Address,
    ChannelDown,
    Conflict,
    CursorExpired,
    NotFound,
    Order,
    OrderLine,
    OutcomeUnknown,
    ParcelInfo,
    Payment,
    RateLimited,
    Refused,
    Shipment,
    StockItem,
    Unreadable,
)
from oms_connector import spec as sdk
from oms_demo import DemoConnector
from oms_demo.market.limits import Pace
from oms_demo.market.people import person

from oms_web.sync.registry import load_registry
from tests.demo_market import MONDAY, OpenMarket, open_market

EVER = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture
def there(tmp_path):
    return open_market(tmp_path)


def fill(there: OpenMarket, count: int) -> list[str]:
    """So many orders, all at the very same moment."""
    with there.market.store.transaction():
        return [there.buy("SWI-LAS-180") for _ in range(count)]


def flat(pages):
    """The ids of all pages in one list."""
    return list(chain.from_iterable(pages))


def read_all(step, limit=100, cursor=None):
    """Follow a stream to its end: pages of ids, and the cursors after them."""
    pages, cursors = [], []
    while True:
        page = step(cursor, limit)
        cursor = json.loads(json.dumps(page.cursor))
        assert len(json.dumps(cursor)) < 4096
        pages.append([getattr(i, "external_id", None) or i.offer_ref for i in page.items])
        cursors.append(cursor)
        if not page.more:
            return pages, cursors
        assert len(pages) < 50, "the stream does not end"


def parcel_for(ref, key="k1", tracking="628011", **more):
    return Shipment(ref, key, MONDAY, [ParcelInfo("inpost", tracking)], **more)


class TestManifest:
    def test_is_found_by_the_registry_with_all_its_capabilities(self):
        registry = load_registry()
        assert registry.get("demo") is DemoConnector
        assert not [refusal for refusal in registry.refused if refusal.name == "demo"]
        for capability in (sdk.VerifiesAccess, sdk.PullsOrders, sdk.SweepsOrders,
                           sdk.FetchesOrders, sdk.ListsOffers, sdk.PushesStock,
                           sdk.PushesShipments):
            assert issubclass(DemoConnector, capability), capability
        assert DemoConnector.manifest.letters == "Ta"

    def test_the_connector_brings_no_web_framework_and_no_sockets_of_its_own(self):
        code = ("import sys, oms_demo; print(sorted({'flask', 'sqlite3', 'socket', 'httpx2', "
                "'urllib.request', 'oms_web'} & set(sys.modules)))")
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                               check=True, env={"PYTHONPATH": "connectors"})
        assert found.stdout.strip() == "[]"


class TestAccess:
    def test_names_the_seller(self, there):
        assert there.connector().verify() == "Leśna Sowa"

    def test_a_wrong_token_names_the_token(self, there):
        with pytest.raises(AccessRefused) as refusal:
            there.connector(token="targ_wrong").verify()
        assert refusal.value.field == "token"

    def test_another_site_names_the_address(self, there):
        there.street.faults["/me"] = httpx2.Response(404, text="<h1>Not found</h1>")
        with pytest.raises(ChannelDown):
            there.connector().verify()
        there.street.faults["/me"] = httpx2.Response(404, json={"detail": "no such page"})
        with pytest.raises(AccessRefused) as refusal:
            there.connector().verify()
        assert refusal.value.field == "url"

    def test_a_token_that_stops_working_is_access_refused_everywhere(self, there):
        for call in (lambda c: c.pull_orders(None, 10), lambda c: c.list_offers(None, 10),
                     lambda c: c.push_stock([StockItem("1", "", 1, 1, "k")])):
            with pytest.raises(AccessRefused):
                call(there.connector(token=""))


class TestJournal:
    @pytest.mark.parametrize("count", [0, 1, 100, 101, 250])
    def test_every_order_comes_whatever_the_number_of_pages(self, there, count):
        refs = fill(there, count)
        pages, _ = read_all(there.connector().pull_orders)
        assert flat(pages) == refs
        assert len(pages) == max(1, -(-count // 100))

    def test_goes_on_after_any_page(self, there):
        refs = fill(there, 25)
        _, cursors = read_all(there.connector().pull_orders, limit=10)
        later, _ = read_all(there.connector().pull_orders, cursor=cursors[0])
        assert flat(later) == refs[10:]
        assert read_all(there.connector().pull_orders, cursor=cursors[-1])[0] == [[]]

    def test_an_order_named_many_times_comes_once_a_page_as_it_is_now(self, there):
        ref = there.buy(payment="unpaid")
        there.market.pay(ref)
        there.market.move(ref, {"city": "Sopot"})
        page = there.connector().pull_orders(None, 100)
        [order] = page.items
        assert (order.external_id, order.revision, order.state) == (ref, "000000003", "ready")
        assert order.ship_to.city == "Sopot"
        # ... and a change after that page is heard of
        there.market.cancel(ref)
        [order] = there.connector().pull_orders(page.cursor, 100).items
        assert (order.revision, order.state) == ("000000004", "cancelled")

    def test_revisions_sort_as_text(self, there):
        ref = there.buy()
        revisions = []
        for number in range(12):
            there.market.move(ref, {"street": f"Nowa {number}"})
            revisions.append(there.connector().fetch_orders([ref])[0].revision)
        assert revisions == sorted(revisions)
        assert len(set(revisions)) == 12

    def test_events_of_a_new_kind_are_read_and_those_without_order_passed_over(self, there):
        ref = there.buy()

        def newer(answer):
            body = answer.json()
            body["events"][0]["type"] = "order.gift_wrapped"
            body["events"].append({"id": 99, "type": "seller.badge", "at": "x"})
            return httpx2.Response(200, json=body | {"last": 99})

        there.street.faults["/events"] = newer
        page = there.connector().pull_orders(None, 100)
        assert [order.external_id for order in page.items] == [ref]
        assert page.cursor == {"event": 99}

    def test_an_order_that_is_named_but_gone_is_not_lost_in_silence(self, there):
        ref = there.buy()
        there.street.faults["/orders"] = lambda answer: httpx2.Response(
            200, json={"orders": [], "missing": [ref]})
        page = there.connector().pull_orders(None, 100)
        assert (page.items, page.cursor["event"]) == ([], 1)
        # it may be shown a little later: it is awaited, wherever the journal has got to
        there.clock.turn(minutes=4)
        cursor = json.loads(json.dumps(page.cursor))
        assert there.connector().pull_orders(cursor, 100).cursor == cursor
        there.clock.turn(minutes=2)
        gone = there.connector().pull_orders(cursor, 100)
        [item] = gone.items
        assert isinstance(item, Unreadable)
        assert item.external_id == ref
        assert gone.cursor == {"event": 1}

    def test_an_order_that_is_shown_late_comes_as_soon_as_it_is_shown(self, there):
        ref = there.buy()
        there.street.faults["/orders"] = lambda answer: httpx2.Response(
            200, json={"orders": [], "missing": [ref]})
        page = there.connector().pull_orders(None, 100)
        there.street.faults.clear()
        second = there.buy()
        later = there.connector().pull_orders(page.cursor, 100)
        assert [order.external_id for order in later.items] == [ref, second]
        assert later.cursor == {"event": 2}

    def test_more_missing_orders_than_a_cursor_holds_are_said_to_be_gone(self, there):
        fill(there, 60)
        there.street.faults["/orders"] = httpx2.Response(200, json={"orders": [], "missing": []})
        page = there.connector().pull_orders(None, 100)
        assert len(page.cursor["awaited"]) + len(page.items) == 60
        assert len(json.dumps(page.cursor)) < 4096

    def test_a_cursor_older_than_the_journal_says_so(self, there):
        fill(there, 3)
        there.clock.turn(days=31)
        there.market.open()
        ref = there.buy()
        with pytest.raises(CursorExpired):
            there.connector().pull_orders({"event": 1}, 100)
        # from the very beginning, and from the last forgotten event, one may read on
        for cursor in (None, {"event": 3}):
            assert [o.external_id for o in there.connector().pull_orders(cursor, 100).items] \
                == [ref]


class TestSweep:
    @pytest.mark.parametrize("count", [0, 1, 10, 11, 35])
    def test_equal_moments_across_page_edges(self, there, count):
        refs = fill(there, count)
        pages, _ = read_all(lambda cursor, limit: there.connector().sweep_orders(
            *EVER, cursor, limit), limit=10)
        found = flat(pages)
        assert sorted(found) == sorted(refs)
        assert len(found) == len(set(found))

    def test_both_ends_belong_to_the_span(self, there):
        refs = []
        for _ in range(4):
            refs.append(there.buy())
            there.clock.turn(minutes=1)
        since, until = MONDAY + timedelta(minutes=1), MONDAY + timedelta(minutes=2)
        page = there.connector().sweep_orders(since, until, None, 100)
        assert [order.external_id for order in page.items] == refs[1:3]

    def test_an_order_changed_between_pages_is_seen_again_and_none_is_skipped(self, there):
        refs = []
        for _ in range(6):
            refs.append(there.buy())
            there.clock.turn(seconds=1)
        connector = there.connector()
        first = connector.sweep_orders(*EVER, None, 2)
        there.market.move(refs[3], {"city": "Hel"})
        rest, _ = read_all(lambda cursor, limit: connector.sweep_orders(*EVER, cursor, limit),
                           limit=2, cursor=first.cursor)
        assert [order.external_id for order in first.items] == refs[:2]
        assert flat(rest) == [refs[2], refs[4], refs[5], refs[3]]

    def test_finds_what_the_journal_lost(self, there):
        kept, lost = fill(there, 2)
        with there.market.store.transaction() as db:
            db.execute("DELETE FROM event WHERE purchase_seq ="
                       " (SELECT seq FROM purchase WHERE ref = ?)", (lost,))
        assert read_all(there.connector().pull_orders)[0] == [[kept]]
        page = there.connector().sweep_orders(*EVER, None, 100)
        assert {order.external_id for order in page.items} == {kept, lost}


class TestFetch:
    def test_in_the_order_asked_with_gaps(self, there):
        first, second = fill(there, 2)
        found = there.connector().fetch_orders([second, "TG-NOBODY", first, second])
        assert [order and order.external_id for order in found] == [second, None, first, second]

    def test_more_than_a_batch(self, there):
        refs = fill(there, 201)
        found = there.connector().fetch_orders(refs)
        assert [order.external_id for order in found] == refs
        assert len([r for r in there.street.requests if r.url.path.endswith("/orders")]) == 3


class TestReading:
    def test_a_whole_order_word_for_word(self, there):
        buyer = {
            "login": "jsz77", "name": "Joanna Szczepańska", "email": "j@poczta.example",
            "phone": "+48 601 224 118", "company": "Pensjonat s.c.", "tax_id": "9996442977",
            "street": "ul. Świdnicka 12/4", "postcode": "50-066", "city": "Wrocław",
            "country": "PL",
        }
        ref = there.buy(buyer=buyer, lines=[(there.offer("KUB-05-ZIE"), 3),
                                            (there.offer("KSI-GRZ-01"), 1)],
                        invoice=True, note="prezent", discount=1000, delivery="locker",
                        pickup_point="WRO21M")
        there.market.move(ref, {"street": "ul. Powstańców Śląskich 95/18"})
        there.clock.turn(hours=2)
        there.market.send(ref, "k", [{"carrier": "inpost", "tracking": "62", "url": ""}])
        [order] = there.connector().fetch_orders([ref])
        told = {"name": "Joanna Szczepańska", "company": "Pensjonat s.c.", "postcode": "50-066",
                "city": "Wrocław", "country": "PL"}
        assert order == Order(
            external_id=ref, revision="000000003", state="shipped", raw_status="sent",
            placed_at=MONDAY, ship_by=MONDAY.replace(hour=12, minute=0),
            shipped_at=MONDAY + timedelta(hours=2), currency="PLN",
            lines=[
                OrderLine("1", "Kubek emaliowany 0,5 l zielony", 3, Decimal("39.90"),
                          there.offer("KUB-05-ZIE"), "KUB-05-ZIE", "2000000100050", "23"),
                OrderLine("2", "Atlas grzybów leśnych", 1,
                          Decimal("59.90"), there.offer("KSI-GRZ-01"), "KSI-GRZ-01",
                          "2000003600014", "5"),
            ],
            shipping=Decimal("13.99"), discount=Decimal("10.00"), total=Decimal("183.59"),
            payment_kind="prepaid", payment_method="BLIK", paid=True,
            payments=[Payment(f"P-{ref}", Decimal("183.59"), MONDAY, "BLIK")],
            buyer_ref="jsz77", buyer_name="Joanna Szczepańska", buyer_email="j@poczta.example",
            buyer_phone="+48 601 224 118", buyer_company="Pensjonat s.c.", tax_id="9996442977",
            wants_invoice=True, buyer_note="prezent",
            ship_to=Address(street="ul. Powstańców Śląskich 95/18", phone="+48 601 224 118",
                            **told),
            bill_to=Address(street="ul. Świdnicka 12/4", **told),
            delivery_method="InPost Paczkomat 24/7", carrier="inpost", pickup_point="WRO21M",
            replaces=[], updated_at=MONDAY + timedelta(hours=2),
        )

    @pytest.mark.parametrize(("payment", "state", "kind", "paid"), [
        ("online", "ready", "prepaid", True), ("unpaid", "unpaid", "prepaid", False),
        ("cod", "ready", "cod", False),
    ])
    def test_ways_to_pay(self, there, payment, state, kind, paid):
        ref = there.buy(payment=payment, delivery="dpd-cod" if payment == "cod" else "dpd")
        [order] = there.connector().fetch_orders([ref])
        assert (order.state, order.payment_kind, order.paid) == (state, kind, paid)
        assert len(order.payments) == paid

    def test_cash_on_delivery_is_money_once_it_is_delivered(self, there):
        ref = there.buy(payment="cod", delivery="dpd-cod")
        there.market.send(ref, "k", [{"carrier": "dpd", "tracking": "13", "url": ""}])
        there.market.deliver(ref)
        [order] = there.connector().fetch_orders([ref])
        assert (order.state, order.payments[0].amount) == ("delivered", order.total)

    def test_buyers_abroad_pay_in_euro(self, there):
        ref = there.buy(buyer=person(1, 3, "DE").as_dict(), delivery="dpd-eu")
        [order] = there.connector().fetch_orders([ref])
        assert (order.currency, order.ship_to.country) == ("EUR", "DE")
        assert order.lines[0].unit_price == Decimal("10.90")

    def test_four_hundred_invented_orders_all_add_up(self, there):
        with there.market.store.transaction():
            for _ in range(400):
                there.market.buy(there.market.invent())
        pages, _ = read_all(there.connector().pull_orders)
        orders = there.connector().fetch_orders(flat(pages))
        assert len(orders) == 400
        for order in orders:
            items = sum(line.unit_price * line.quantity for line in order.lines)
            assert items + order.shipping - order.discount == order.total
        assert {order.country for order in (o.ship_to for o in orders)} > {"PL", "DE", "CZ"}

    @pytest.mark.parametrize(("column", "bad", "field"), [
        ("status", "teleported", "status"), ("placed_at", "yesterday", "placed_at"),
        ("placed_at", "2026-11-23T10:00:00", "placed_at"), ("currency", "", "currency"),
        ("payment_kind", "barter", "payment.kind"), ("revision", "one", "revision"),
        ("invoice", "[1]", "invoice"),
    ])
    def test_what_makes_no_sense_is_kept_with_its_text_and_hurts_nobody(
        self, there, column, bad, field
    ):
        good, broken, other = fill(there, 3)
        with there.market.store.transaction() as db:
            db.execute(f"UPDATE purchase SET {column} = ? WHERE ref = ?", (bad, broken))
        items = there.connector().pull_orders(None, 100).items
        assert [item.external_id for item in items] == [good, broken, other]
        assert [isinstance(item, Unreadable) for item in items] == [False, True, False]
        assert items[1].field == field
        assert json.loads(items[1].raw)["id"] == broken
        assert "Świeca sojowa" in items[1].raw

    @pytest.mark.parametrize(("path", "bad", "field"), [
        (("items", 0, "quantity"), "2", "quantity"), (("items", 0, "quantity"), 1.5, "quantity"),
        (("items", 0, "quantity"), True, "quantity"), (("items",), None, "items"),
        (("items", 0), "x", "line_id"), (("totals", "total"), 12.5, "total"),
        (("totals", "total"), "NaN", "total"), (("totals", "delivery"), "1,00", "delivery"),
        (("buyer",), [], "buyer"), (("buyer", "name"), 7, "name"), (("note",), {}, "note"),
        (("delivery", "address"), None, "address"), (("payment", "received"), {}, "received"),
        (("sent_at",), 5, "sent_at"), (("id",), None, "id"),
    ])
    def test_wrong_shapes(self, there, path, bad, field):
        there.buy()

        def twist(answer):
            body = answer.json()
            place = body["orders"][0]
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = bad
            return httpx2.Response(200, json=body)

        there.street.faults["/orders"] = twist
        [item] = there.connector().sweep_orders(*EVER, None, 10).items
        assert isinstance(item, Unreadable)
        assert item.field == field
        assert item.reason

    def test_fields_that_are_new_or_missing_where_they_may_be(self, there):
        there.buy()

        def newer(answer):
            body = answer.json()
            order = body["orders"][0] | {"loyalty": {"points": 5}, "note": None}
            del order["cancel_reason"]
            del order["delivery"]["pickup_point"]
            return httpx2.Response(200, json={"orders": [order, 17], "next": None})

        there.street.faults["/orders"] = newer
        order, odd = there.connector().sweep_orders(*EVER, None, 10).items
        assert isinstance(order, Order)
        assert (odd.external_id, odd.raw) == ("?", "17")


class TestOffers:
    def test_all_offers_page_by_page(self, there):
        pages, _ = read_all(there.connector().list_offers, limit=40)
        assert [len(page) for page in pages] == [40, 40, 21]
        assert len(set(flat(pages))) == 101

    def test_an_offer_as_buyers_see_it(self, there):
        offers = {offer.sku: offer for offer in there.connector().list_offers(None, 100).items}
        mug = offers["KUB-05-BIA"]
        assert (mug.title, mug.ean, mug.price, mug.currency, mug.quantity, mug.active) == (
            "Kubek emaliowany 0,5 l biały", "2000000100043", Decimal("39.90"), "PLN", 22, True)
        assert mug.url == f"http://127.0.0.1:8001/offers/{mug.offer_ref}"

    def test_an_unreadable_offer_does_not_hide_the_others(self, there):
        def twist(answer):
            body = answer.json()
            body["offers"][1]["price"]["amount"] = "cheap"
            return httpx2.Response(200, json=body)

        there.street.faults["/offers"] = twist
        items = there.connector().list_offers(None, 3).items
        assert [isinstance(item, Unreadable) for item in items] == [False, True, False]


class TestStock:
    def push(self, there, *items):
        return there.connector().push_stock([
            StockItem(ref, "", quantity, 1, key) for ref, quantity, key in items
        ])

    def test_each_item_is_answered_for_itself_in_order(self, there):
        mug, candle = there.offer("KUB-05-BIA"), there.offer("SWI-LAS-180")
        results = self.push(there, (mug, 3, "a"), ("7400999999", 5, "b"), (candle, -1, "c"),
                            (candle, 0, "d"))
        assert [result.outcome for result in results] \
            == ["applied", "rejected", "rejected", "applied"]
        assert results[1].code == "unknown_offer"
        assert (there.stock("KUB-05-BIA"), there.stock("SWI-LAS-180")) == (3, 0)

    def test_a_value_that_is_there_already_counts_as_applied(self, there):
        [result] = self.push(there, (there.offer("KUB-05-BIA"), 22, "a"))
        assert result.outcome == "applied"

    def test_the_same_push_again_does_not_undo_a_sale(self, there):
        mug = there.offer("KUB-05-BIA")
        self.push(there, (mug, 5, "v1"))
        there.buy("KUB-05-BIA", 2)
        [result] = self.push(there, (mug, 5, "v1"))
        assert (result.outcome, there.stock("KUB-05-BIA")) == ("applied", 3)
        # a new decision to show five is something else
        self.push(there, (mug, 5, "v2"))
        assert there.stock("KUB-05-BIA") == 5

    def test_a_key_for_another_quantity_is_refused(self, there):
        mug = there.offer("KUB-05-BIA")
        self.push(there, (mug, 5, "v1"))
        [result] = self.push(there, (mug, 6, "v1"))
        assert (result.outcome, result.code) == ("rejected", "key_reused")

    @pytest.mark.parametrize("count", [0, 1, 100, 101])
    def test_batches(self, there, count):
        mug = there.offer("KUB-05-BIA")
        results = self.push(there, *[(mug, n, f"k{n}") for n in range(count)])
        assert [result.outcome for result in results] == ["applied"] * count
        assert len(there.street.requests) == -(-count // 100)

    def test_silence_about_an_item_is_unknown_not_success(self, there):
        mug, candle = there.offer("KUB-05-BIA"), there.offer("SWI-LAS-180")

        def swallow(answer):
            odd = ({"offer_id": 5}, "x", {"offer_id": "7400100009", "outcome": "applied"})
            return httpx2.Response(200, json={"results": [*answer.json()["results"][1:], *odd]})

        there.street.faults["/stock"] = swallow
        results = self.push(there, (mug, 1, "a"), (candle, 2, "b"))
        assert [result.outcome for result in results] == ["unknown", "applied"]
        there.street.faults["/stock"] = httpx2.Response(
            200, json={"results": [{"offer_id": mug, "outcome": "queued"}]})
        assert self.push(there, (mug, 1, "c"))[0].outcome == "unknown"
        there.street.faults["/stock"] = httpx2.Response(200, json={"results": None})
        assert self.push(there, (mug, 1, "d"))[0].outcome == "unknown"

    def test_an_empty_200_is_no_success(self, there):
        there.street.faults["/stock"] = httpx2.Response(200, json={})
        with pytest.raises(OutcomeUnknown):
            self.push(there, (there.offer("KUB-05-BIA"), 1, "a"))


class TestShipments:
    def test_the_order_is_sent_with_its_number(self, there):
        ref = there.buy()
        reference = there.connector().push_shipment(parcel_for(ref))
        [order] = there.connector().fetch_orders([ref])
        assert (order.state, order.shipped_at) == ("shipped", MONDAY)
        with there.app.test_client() as client:
            shown = client.get(f"/api/v1/orders/{ref}/shipments",
                               headers={"Authorization": f"Bearer {there.token}"}).json
        assert shown["shipments"][0]["id"] == reference
        assert shown["shipments"][0]["parcels"][0]["tracking"] == "628011"

    def test_telling_it_twice_changes_nothing(self, there):
        ref = there.buy()
        first = there.connector().push_shipment(parcel_for(ref))
        revision = there.order(ref)["revision"]
        assert there.connector().push_shipment(parcel_for(ref)) == first
        assert there.connector().push_shipment(parcel_for(ref, key="k2")) == first
        assert there.order(ref)["revision"] == revision

    @pytest.mark.parametrize("key", ["k1", "k2"])
    def test_another_number_is_a_conflict(self, there, key):
        ref = there.buy()
        there.connector().push_shipment(parcel_for(ref))
        with pytest.raises(Conflict) as conflict:
            there.connector().push_shipment(parcel_for(ref, key=key, tracking="999"))
        assert conflict.value.current == "2"

    def test_in_parts(self, there):
        ref = there.buy(quantity=3)
        connector = there.connector()
        connector.push_shipment(parcel_for(ref, "k1", "1", lines={"1": 1}, complete=False))
        assert connector.fetch_orders([ref])[0].state == "ready"
        connector.push_shipment(parcel_for(ref, "k2", "2", lines={"1": 2}))
        assert connector.fetch_orders([ref])[0].state == "shipped"

    def test_without_a_number(self, there):
        ref = there.buy()
        gone = Shipment(ref, "k", MONDAY, [ParcelInfo("", "")])
        first = there.connector().push_shipment(gone)
        assert there.connector().push_shipment(gone) == first
        assert there.connector().fetch_orders([ref])[0].state == "shipped"

    def test_what_cannot_be_sent(self, there):
        unpaid, cancelled = there.buy(payment="unpaid"), there.buy()
        there.market.cancel(cancelled)
        for ref, error, code in ((unpaid, Refused, "not_paid"),
                                 (cancelled, Refused, "order_cancelled"),
                                 ("TG-NOBODY/../x", NotFound, "")):
            with pytest.raises(error) as refusal:
                there.connector().push_shipment(parcel_for(ref))
            assert refusal.value.code == code or not code
            assert not isinstance(refusal.value, Conflict)
        # a number is never taken for a way through the API
        assert b"TG-NOBODY%2F..%2Fx" in there.street.requests[-1].url.raw_path


class TestTrouble:
    def test_too_many_calls_say_how_long_to_wait(self, tmp_path):
        there = open_market(tmp_path, pace=Pace(burst=3, per_second=0.5))
        connector = there.connector()
        for _ in range(3):
            connector.list_offers(None, 1)
        with pytest.raises(RateLimited) as limited:
            connector.list_offers(None, 1)
        assert limited.value.retry_after == 2
        there.clock.turn(seconds=2)
        assert connector.list_offers(None, 1).items

    @pytest.mark.parametrize("answer", [
        httpx2.Response(500), httpx2.Response(500, json={"error": {"code": "crash"}}),
        httpx2.Response(502, text="<html>bad gateway</html>"),
        httpx2.Response(503, text="<html>maintenance</html>"), httpx2.Response(200, text="{half"),
        httpx2.Response(200, text="<html>welcome to the hotel</html>"),
        httpx2.Response(200, json=[]), httpx2.Response(200, json={"more": False}),
        httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow"),
    ])
    def test_reading_may_fail_freely(self, there, answer):
        there.buy()
        there.street.faults["/events"] = answer
        with pytest.raises(ChannelDown):
            there.connector().pull_orders(None, 10)
        # nothing is remembered of it: the next time all is well
        there.street.faults.clear()
        assert len(there.connector().pull_orders(None, 10).items) == 1

    @pytest.mark.parametrize(("answer", "error"), [
        (httpx2.Response(503, text="<html>maintenance</html>"), ChannelDown),
        (httpx2.ConnectError("refused"), ChannelDown),
        (httpx2.Response(500), OutcomeUnknown),
        (httpx2.Response(500, json={"error": {"code": "crash"}}), OutcomeUnknown),
        (httpx2.Response(504), OutcomeUnknown),
        (httpx2.Response(200, text="{half"), OutcomeUnknown),
        (httpx2.Response(201, json={}), OutcomeUnknown),
        (httpx2.ReadTimeout("slow"), OutcomeUnknown),
        (httpx2.RemoteProtocolError("cut"), OutcomeUnknown),
        (httpx2.Response(422, json={"error": "odd"}), Refused),
    ])
    def test_a_write_that_may_have_arrived_is_unknown(self, there, answer, error):
        ref = there.buy()
        there.street.faults["/shipments"] = answer
        with pytest.raises(error):
            there.connector().push_shipment(parcel_for(ref))

    def test_a_write_that_arrived_and_was_answered_into_the_void_is_harmless_to_repeat(
        self, there
    ):
        ref = there.buy()
        there.street.faults["/shipments"] = lambda answer: httpx2.Response(502)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_shipment(parcel_for(ref))
        assert there.order(ref)["status"] == "sent"
        there.street.faults.clear()
        there.connector().push_shipment(parcel_for(ref))
        assert there.order(ref)["revision"] == 2

    def test_errors_never_show_the_token(self, there):
        there.street.faults["/events"] = httpx2.Response(500, text=there.token)
        with pytest.raises(ChannelDown) as error:
            there.connector().pull_orders(None, 10)
        assert there.token not in repr(error.value)
