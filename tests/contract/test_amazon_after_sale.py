"""After an Amazon sale: parcels, calling off, invoices, returns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from oms_amazon import parcels, returns
from oms_amazon.places import BY_CODE
from oms_connector import (
    ChannelDown,
    Invoice,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ParcelInfo,
    Refused,
    Response,
    Shipment,
    Unreadable,
)

from tests.contract.amazon_bench import opened
from tests.contract.amazon_shop import DE, MONDAY, PL, RETURN_COLUMNS


@pytest.fixture
def there():
    with opened() as there:
        there.shop.listing("KUBEK", stock=99)
        there.shop.listing("TALERZ", stock=99)
        there.forward(1)
        yield there
        assert there.violations == []


def left(ref, *numbers, lines=None, carrier="DPD", key="k1"):
    return Shipment(ref, key, MONDAY, [ParcelInfo(carrier, number) for number in numbers],
                    lines or {})


class TestParcels:
    def test_one_parcel_with_everything(self, there):
        ref = there.shop.order(("KUBEK", 2), ("TALERZ", 1))
        number = there.call(lambda c: c.push_shipment(left(ref, "T1")))
        [package] = there.shop.orders[ref]["packages"]
        assert (package["packageReferenceId"], package["trackingNumber"]) == (number, "T1")
        assert number.isdigit()
        assert [one["quantity"] for one in package["packageItems"]] == [2, 1]
        assert there.shop.orders[ref]["fulfillment"]["fulfillmentStatus"] == "SHIPPED"

    def test_several_share_the_units_and_those_beyond_them_have_no_place(self, there):
        ref = there.shop.order(("KUBEK", 2), ("TALERZ", 1))
        told = there.call(lambda c: c.push_shipment(left(ref, "T1", "T2", "T3", "T4", "T5")))
        packages = there.shop.orders[ref]["packages"]
        assert [one["trackingNumber"] for one in packages] == ["T1", "T2", "T3"]
        assert told == ",".join(one["packageReferenceId"] for one in packages)
        counts = [sum(item["quantity"] for item in one["packageItems"]) for one in packages]
        assert counts == [1, 1, 1]

    @pytest.mark.parametrize(("units", "count", "wanted"), [
        ({"a": 3}, 1, [{"a": 3}]), ({"a": 3}, 2, [{"a": 2}, {"a": 1}]),
        ({"a": 1, "b": 2}, 2, [{"a": 1, "b": 1}, {"b": 1}]), ({"a": 1}, 3, [{"a": 1}]),
        ({"a": 1, "b": 1}, 2, [{"b": 1}, {"a": 1}]),
    ])
    def test_units_are_shared_and_none_is_lost(self, units, count, wanted):
        found = parcels.share(units, count)
        assert found == wanted
        for ref, number in units.items():
            assert sum(one.get(ref, 0) for one in found) == number

    def test_a_part_now_and_the_rest_later(self, there):
        ref = there.shop.order(("KUBEK", 2))
        [line] = [entry["orderItemId"] for entry in there.shop.orders[ref]["orderItems"]]
        there.call(lambda c: c.push_shipment(left(ref, "T1", lines={line: 1})))
        assert there.shop.orders[ref]["fulfillment"]["fulfillmentStatus"] == "PARTIALLY_SHIPPED"
        there.call(lambda c: c.push_shipment(left(ref, "T2", key="k2")))
        assert there.shop.orders[ref]["fulfillment"]["fulfillmentStatus"] == "SHIPPED"

    def test_after_a_failure_the_second_time_tells_only_what_is_missing(self, there):
        ref = there.shop.order(("KUBEK", 2))
        there.bench.line.faults = {3: lambda request, answer: Response(503, {}, b"")}
        with pytest.raises(OutcomeUnknown):
            there.call(lambda c: c.push_shipment(left(ref, "T1", "T2")))
        there.call(lambda c: c.push_shipment(left(ref, "T1", "T2")))
        assert [one["trackingNumber"] for one in there.shop.orders[ref]["packages"]] == \
            ["T1", "T2"]
        assert len(there.calls("POST /orders")) == 3

    @pytest.mark.parametrize(("name", "code", "told"), [
        ("dpd", "DPD", None), ("DPD Polska", "DPD", None), ("InPost", "Other", "InPost"),
        ("", "Other", "-"),
    ])
    def test_a_carrier_that_amazon_has_no_code_for_goes_by_its_name(self, there, name, code, told):
        ref = there.shop.order(("KUBEK", 1))
        there.call(lambda c: c.push_shipment(left(ref, "T1", carrier=name)))
        package = there.calls("POST /orders")[0].request.json()["packageDetail"]
        assert (package["carrierCode"], package.get("carrierName")) == (code, told)

    def test_goods_that_leave_tomorrow_left_today_to_amazon(self, there):
        ref = there.shop.order(("KUBEK", 1))
        late = replace(left(ref, "T1"), shipped_at=MONDAY + timedelta(days=1))
        there.call(lambda c: c.push_shipment(late))
        assert there.shop.orders[ref]["packages"][0]["shipTime"] == "2026-11-23T09:30:01Z"

    def test_what_is_amazons_called_off_or_not_confirmed_is_not_sent(self, there):
        theirs, gone = there.shop.order(("KUBEK", 1)), there.shop.order(("KUBEK", 1))
        waiting = there.shop.order(("KUBEK", 1), is_paid=False)
        there.shop.orders[theirs]["fulfillment"]["fulfilledBy"] = "AMAZON"
        there.shop.cancel(gone)
        for ref in (theirs, gone, waiting):
            with pytest.raises(Refused):
                there.call(lambda c, ref=ref: c.push_shipment(left(ref, "T1")))
        with pytest.raises(NotFound):
            there.call(lambda c: c.push_shipment(left("405-0000000-0000000", "T1")))
        assert there.calls("POST") == []

    def test_without_a_number_amazon_is_told_that_it_left(self, there):
        ref = there.shop.order(("KUBEK", 2))
        [line] = [entry["orderItemId"] for entry in there.shop.orders[ref]["orderItems"]]
        for key in ("k", "k", "another"):
            there.call(lambda c, key=key: c.push_shipment(
                Shipment(ref, key, MONDAY, [], {line: 1})))
        assert len(there.shop.orders[ref]["packages"]) == 2


class TestCallingOff:
    def test_a_whole_order_by_a_feed_that_is_worked_on_later(self, there):
        ref = there.shop.order(("KUBEK", 2), ("TALERZ", 1))
        there.call(lambda c: c.cancel_order(ref, {}, "out of stock"))
        [feed] = there.shop.feeds.values()
        root = ElementTree.fromstring(there.shop.documents[feed.document])
        assert root.findtext(".//StatusCode") == "Failure"
        assert [one.text for one in root.iter("CancelReason")] == ["NoInventory"] * 2
        assert there.shop.orders[ref]["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
        there.shop.work()
        assert there.call(lambda c: c.fetch_orders([ref]))[0].state == "cancelled"

    def test_the_reason_is_the_buyers_where_it_was(self, there):
        ref = there.shop.order(("KUBEK", 1))
        there.call(lambda c: c.cancel_order(ref, {}, "the buyer asked for it"))
        [feed] = there.shop.feeds.values()
        assert b"BuyerCanceled" in there.shop.documents[feed.document]

    def test_all_lines_are_the_whole_order_and_some_are_not_possible(self, there):
        ref = there.shop.order(("KUBEK", 2), ("TALERZ", 1))
        one, other = (entry["orderItemId"] for entry in there.shop.orders[ref]["orderItems"])
        for lines in ({one: 2}, {one: 1, other: 1}):
            with pytest.raises(NotSupported):
                there.call(lambda c, lines=lines: c.cancel_order(ref, lines, ""))
        assert there.shop.feeds == {}
        there.call(lambda c: c.cancel_order(ref, {one: 2, other: 1}, ""))
        assert len(there.shop.feeds) == 1

    def test_what_left_is_not_confirmed_or_amazons_is_not_called_off(self, there):
        sent, waiting = there.shop.order(("KUBEK", 1)), there.shop.order(("KUBEK", 1),
                                                                        is_paid=False)
        theirs = there.shop.order(("KUBEK", 1))
        there.shop.ship(sent)
        there.shop.orders[theirs]["fulfillment"]["fulfilledBy"] = "AMAZON"
        for ref in (sent, waiting, theirs):
            with pytest.raises(Refused):
                there.call(lambda c, ref=ref: c.cancel_order(ref, {}, ""))
        assert there.shop.feeds == {}


class TestInvoices:
    def test_a_document_goes_with_its_order_and_number(self, there):
        there.shop.listing("KUBEK", place=DE)
        ref = there.shop.order(("KUBEK", 1), place=DE)
        there.call(lambda c: c.upload_invoice(
            Invoice(ref, "k", "FV 1/11/2026", MONDAY, b"%PDF \xff")))
        [feed] = there.shop.feeds.values()
        assert (feed.kind, feed.marketplace) == ("UPLOAD_VAT_INVOICE", DE)
        assert feed.options == {
            "metadata:orderid": ref, "metadata:invoicenumber": "FV 1/11/2026",
            "metadata:documenttype": "Invoice"}
        assert there.standin.documents(ref) == [b"%PDF \xff"]
        assert there.calls("PUT")[0].request.headers["content-type"] == "application/pdf"

    def test_a_store_that_answers_oddly_makes_no_feed(self, there):
        ref = there.shop.order(("KUBEK", 1))
        there.bench.line.faults = {3: lambda request, answer: Response(200, {}, b"<html>")}
        with pytest.raises(ChannelDown):
            there.call(lambda c: c.upload_invoice(Invoice(ref, "k", "1", MONDAY, b"%PDF")))
        assert there.shop.feeds == {}


def run(there, cursor=None):
    found = []
    for _ in range(60):
        page = there.call(lambda c, at=cursor: c.pull_returns(at, 100))
        found += page.items
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("it does not end")


class TestReturns:
    def test_a_return_as_the_report_tells_it(self, there):
        ref = there.shop.order(("KUBEK", 2))
        there.shop.ship(ref)
        there.shop.send_back(ref)
        [one], cursor = run(there)
        assert (one.order_ref, one.state, one.raw_status) == (ref, "announced", "Approved")
        assert (one.lines[0].offer_ref, one.lines[0].quantity) == (f"{PL}/KUBEK", 1)
        assert one.created_at == MONDAY.replace(hour=0, minute=0)
        assert [parcel.carrier for parcel in one.parcels] == ["DPD"]
        assert cursor == {"whole": "2026-11-23"}

    def test_two_months_are_read_once_a_day_and_three_days_else(self, there):
        _, cursor = run(there)
        _, cursor = run(there, cursor)
        there.forward(days=1)
        run(there, cursor)
        begins = [call.request.json()["dataStartTime"][:10]
                  for call in there.calls("POST /reports")]
        assert begins == ["2026-09-26"] * 2 + ["2026-11-20"] * 2 + ["2026-09-27"] * 2
        assert [call.request.json()["marketplaceIds"] for call in there.calls("POST /reports")
                ] == [[PL], [DE]] * 3

    def test_a_report_that_takes_long_is_fetched_the_next_time(self, there):
        there.shop.send_back(there.shop.order(("KUBEK", 1)))
        there.shop.report_takes = 500
        found, cursor = run(there)
        assert found == []
        assert len(there.calls("GET /reports")) == returns.ASKED
        there.forward(minutes=10)
        assert len(run(there, cursor)[0]) == 1

    def test_one_that_is_too_old_is_asked_for_again(self, there):
        there.shop.send_back(there.shop.order(("KUBEK", 1)))
        there.shop.report_takes = 500
        _, cursor = run(there)
        there.shop.report_takes = 1
        there.forward(hours=2)
        assert len(run(there, cursor)[0]) == 1

    def test_one_that_breaks_lets_all_of_it_be_read_the_next_time(self, there):
        page = there.call(lambda c: c.pull_returns(None, 100))
        there.shop.reports[0]["processingStatus"] = "FATAL"
        page = there.call(lambda c: c.pull_returns(page.cursor, 100))
        assert (page.items, page.cursor, page.more) == ([], {}, False)

    def test_half_a_report_is_none(self, there):
        for _ in range(30):
            there.shop.send_back(there.shop.order(("KUBEK", 1)))
        page = there.call(lambda c: c.pull_returns(None, 100))
        there.forward(30)
        there.bench.line.faults = {3: lambda request, answer: Response(
            200, {}, answer().body[:-20])}
        with pytest.raises(ChannelDown):
            there.call(lambda c: c.pull_returns(page.cursor, 100))
        assert len(there.call(lambda c: c.pull_returns(page.cursor, 100)).items) == 30

    @pytest.mark.parametrize(("row", "state", "refunded"), [
        ({}, "announced", None),
        ({"return request status": "Pending"}, "announced", None),
        ({"return request status": "Denied"}, "refused", None),
        ({"return delivery date": "24-Nov-2026"}, "arrived", None),
        ({"return request status": "Completed", "refunded amount": "19,99"}, "closed", "19.99"),
        ({"return request status": "Approved", "refunded amount": "5"}, "closed", "5"),
        ({"return request status": "A word of next year"}, "announced", None),
    ])
    def test_what_is_known_of_it_makes_its_state(self, row, state, refunded):
        found = returns.read([ROW | row], PLACE)
        assert (found.state, found.refunded) == (state, refunded and Decimal(refunded))

    @pytest.mark.parametrize(("row", "field"), [
        ({"return quantity": "some"}, "return quantity"),
        ({"return quantity": "0"}, "return quantity"), ({"order id": ""}, "order id"),
        ({"return request date": "yesterday"}, "return request date"),
        ({"refunded amount": "NaN"}, "refunded amount"),
    ])
    def test_a_row_that_makes_no_sense_is_kept(self, row, field):
        found = returns.read([ROW | row], PLACE)
        assert isinstance(found, Unreadable)
        assert found.field == field

    @pytest.mark.parametrize(("written", "day"), [
        ("02-Mar-2026", 2), ("2026-03-02T10:00:00Z", 2), ("2026-03-02", 2)])
    def test_days_in_both_ways_of_writing(self, written, day):
        found = returns.read([ROW | {"return request date": written}], PLACE)
        assert (found.created_at.day, found.created_at.month) == (day, 3)

    def test_rows_of_one_authorisation_are_one_return(self):
        text = "\n".join("\t".join(line) for line in (
            RETURN_COLUMNS, *([{**ROW_OF, "Merchant SKU": sku}[name] for name in RETURN_COLUMNS]
                              for sku in ("KUBEK", "TALERZ"))))
        rows = returns.table(text.encode("cp1252"))
        assert [row["merchant sku"] for row in rows] == ["KUBEK", "TALERZ"]
        assert rows[0]["item name"] == "Kubek Ö"
        found = returns.read(rows, PLACE)
        assert [line.sku for line in found.lines] == ["KUBEK", "TALERZ"]

    def test_quotes_and_the_mark_of_an_alphabet_are_no_riddle(self):
        rows = returns.table('\ufeffOrder ID\tItem Name\r\n1\t15" screen\r\n\r\n'.encode())
        assert rows == [{"order id": "1", "item name": '15" screen'}]


PLACE = BY_CODE["PL"]
ROW_OF = dict.fromkeys(RETURN_COLUMNS, "") | {
    "Order ID": "405-1-1", "Return request date": "23-Nov-2026", "Amazon RMA ID": "D1RRMA",
    "Return request status": "Approved", "Merchant SKU": "KUBEK", "Item Name": "Kubek Ö",
    "Return quantity": "1"}
ROW = {name.lower(): one for name, one in ROW_OF.items()}
