"""What happens to an Allegro order afterwards: parcels, a status, a cancellation, invoices."""

from __future__ import annotations

import pytest
from oms_allegro import parcels
from oms_connector import (
    ChannelDown,
    Conflict,
    Invoice,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ParcelInfo,
    RateLimited,
    Refused,
    Shipment,
    Word,
)

from tests.contract.allegro_shop import MONDAY
from tests.contract.allegro_wire import There, refused

NOBODY = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


@pytest.fixture
def order(there):
    """A paid order with two lines."""
    return there.shop.sell((there.shop.offer("KUBEK"), 2), (there.shop.offer("TALERZ"), 1))


def shipment(ref, *numbers, carrier="InPost", **more):
    return Shipment(ref, "shipment:1", MONDAY,
                    [ParcelInfo(carrier, number) for number in numbers], **more)


def numbers_of(there, ref):
    return [one["waybill"] for one in there.shop.parcels.get(ref, [])]


def status_of(there, ref):
    return there.shop.forms[ref]["fulfillment"]["status"]


class TestParcels:
    def test_each_parcel_is_told_and_the_order_was_sent(self, there, order):
        ref = there.connector().push_shipment(shipment(order, "62801100", "62801101"))
        assert numbers_of(there, order) == ["62801100", "62801101"]
        assert ref == "INPOST:62801100,INPOST:62801101"
        assert status_of(there, order) == "SENT"
        assert [len(one["lineItems"]) for one in there.shop.parcels[order]] == [2, 2]

    def test_telling_it_again_changes_nothing(self, there, order):
        first = there.connector().push_shipment(shipment(order, "62801100"))
        events = len(there.shop.journal)
        assert there.connector().push_shipment(shipment(order, "62801100")) == first
        assert numbers_of(there, order) == ["62801100"]
        assert len(there.shop.journal) == events

    @pytest.mark.parametrize("start", ["POST /order", "PUT /order"])
    @pytest.mark.parametrize("after", [True, False])
    @pytest.mark.parametrize("status", [0, 500])
    def test_a_lost_answer_is_unknown_and_telling_again_completes_it(
        self, there, order, start, after, status
    ):
        there.fault(start, status, after=after)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_shipment(shipment(order, "1", "2"))
        there.connector().push_shipment(shipment(order, "1", "2"))
        assert numbers_of(there, order) == ["1", "2"]
        assert status_of(there, order) == "SENT"

    @pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]"])
    def test_an_answer_that_cannot_be_read_does_not_mean_that_nothing_was_done(
        self, there, order, body
    ):
        there.http = there.wire
        there.fault("POST /order", 201, after=True, body=body)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_shipment(shipment(order, "1"))
        there.connector().push_shipment(shipment(order, "1"))
        assert numbers_of(there, order) == ["1"]

    @pytest.mark.parametrize("start", ["POST /order", "PUT /order"])
    def test_told_in_part_is_not_told_nothing(self, there, order, start):
        """The first number is there; the next step was not even sent."""
        if start.startswith("POST"):
            there.shop.add_parcel(order, {"carrierId": "INPOST", "waybill": "0"})
        there.fault(start, -1)
        first = OutcomeUnknown if start.startswith("PUT") else ChannelDown
        with pytest.raises(first):
            there.connector().push_shipment(shipment(order, "0", "1"))
        there.connector().push_shipment(shipment(order, "0", "1"))
        assert numbers_of(there, order) == ["0", "1"]

    def test_a_number_that_the_order_has_from_elsewhere_is_not_added_again(self, there, order):
        there.shop.add_parcel(order, {"carrierId": "ALLEGRO", "waybill": "AD00X"})
        assert there.connector().push_shipment(shipment(order, "AD00X")) == "ALLEGRO:AD00X"
        assert numbers_of(there, order) == ["AD00X"]

    def test_a_conflict_about_a_number_that_is_there_is_success(self, there, order):
        """Somebody added it between our look and our telling."""
        there.fault("POST /order", 409, after=True, body=refused(409, "DUP", "duplicate").body)
        assert there.connector().push_shipment(shipment(order, "628")) == "INPOST:628"

    def test_a_number_used_in_too_many_orders_is_refused(self, there, order):
        there.shop.taken_numbers = {"628"}
        with pytest.raises(Refused, match="too many orders") as told:
            there.connector().push_shipment(shipment(order, "628"))
        assert told.value.field == "tracking"
        assert status_of(there, order) == "NEW"

    def test_a_part_names_its_lines_and_the_order_is_not_sent_yet(self, there, order):
        line = there.shop.forms[order]["lineItems"][1]["id"]
        there.connector().push_shipment(
            shipment(order, "628", lines={line: 1}, complete=False))
        assert there.shop.parcels[order][0]["lineItems"] == [{"id": line}]
        assert status_of(there, order) == "NEW"

    def test_a_delivery_without_tracking_is_only_a_status(self, there, order):
        assert there.connector().push_shipment(shipment(order, "", carrier="")) == ""
        assert numbers_of(there, order) == []
        assert status_of(there, order) == "SENT"

    @pytest.mark.parametrize("status", ["SENT", "PICKED_UP", "RETURNED"])
    def test_an_order_that_is_further_is_not_taken_back(self, there, order, status):
        there.shop.set_status(order, status)
        there.connector().push_shipment(shipment(order, "628"))
        assert status_of(there, order) == status

    @pytest.mark.parametrize(("length", "fits"), [(64, True), (65, False)])
    def test_the_longest_number(self, there, order, length, fits):
        if fits:
            there.connector().push_shipment(shipment(order, "1" * length))
        else:
            with pytest.raises(Refused, match="64"):
                there.connector().push_shipment(shipment(order, "628", "1" * length))
        assert len(numbers_of(there, order)) == int(fits)

    def test_an_unknown_order_and_a_wrong_line(self, there, order):
        with pytest.raises(NotFound):
            there.connector().push_shipment(shipment(NOBODY, "628"))
        with pytest.raises(Refused, match="not of this order") as told:
            there.connector().push_shipment(shipment(order, "628", lines={"x": 1}))
        assert (told.value.code, told.value.field) == ("UnknownLine", "lineItems")

    def test_what_allegro_sends_itself_is_not_ours_to_send(self, there, order):
        there.shop.forms[order]["fulfillment"]["provider"]["id"] = "ALLEGRO"
        for act in (
            lambda one: one.push_shipment(shipment(order, "628")),
            lambda one: one.push_status(order, "SENT", ""),
            lambda one: one.cancel_order(order, {}, ""),
        ):
            with pytest.raises(Refused, match="own warehouse"):
                act(there.connector())
        assert status_of(there, order) == "NEW"

    @pytest.mark.parametrize(("name", "carrier", "also"), [
        ("InPost", "INPOST", None), ("inpost", "INPOST", None), ("INPOST", "INPOST", None),
        ("Paczkomaty InPost", "INPOST", None), ("DPD Polska", "DPD", None),
        ("ORLEN Paczka", "ORLEN", None), ("Paczka w Ruchu", "ORLEN", None),
        ("Poczta Polska", "POCZTA_POLSKA", None), ("Pocztex", "POCZTA_POLSKA", None),
        ("Rower sąsiada", "OTHER", "Rower sąsiada"), ("", "OTHER", "-"),
        ("K" * 40, "OTHER", "K" * 30),
    ])
    def test_carriers_by_whatever_they_are_called(self, there, order, name, carrier, also):
        there.connector().push_shipment(shipment(order, "628", carrier=name))
        (entry,) = there.shop.parcels[order]
        assert (entry["carrierId"], entry["carrierName"]) == (carrier, also)

    def test_a_carrier_that_allegro_does_not_have_is_another(self):
        assert parcels.carrier_id("ORLEN Paczka", [Word("DPD", "DPD")]) == "OTHER"
        old = [Word("RUCH", "Paczka w Ruchu"), Word("OTHER", "OTHER")]
        assert parcels.carrier_id("ORLEN Paczka", old) == "RUCH"

    def test_parcels_draw_from_their_own_limit(self, there, order):
        there.connector().push_shipment(shipment(order, "1"))
        buckets = [bucket for (bucket, _), (_, path, _) in
                   zip(there.wire.paced, there.wire.log, strict=True)
                   if path.endswith(("/shipments", "/carriers"))]
        assert buckets == ["shipments"] * 3


class TestStatus:
    def test_a_status_is_set_at_the_revision_we_know(self, there, order):
        known = there.connector().fetch_orders([order])[0].revision
        there.connector().push_status(order, "PROCESSING", known)
        assert status_of(there, order) == "PROCESSING"
        sent = [params for method, _, params in there.wire.log if method == "PUT"]
        assert list(sent[0]) == ["checkoutForm.revision"]

    def test_what_the_buyer_changed_meanwhile_is_a_conflict(self, there, order):
        known = there.connector().fetch_orders([order])[0].revision
        there.shop.change_address(order, "Lipowa 9")
        with pytest.raises(Conflict) as told:
            there.connector().push_status(order, "PROCESSING", known)
        assert told.value.current == there.connector().fetch_orders([order])[0].revision
        assert status_of(there, order) == "NEW"

    def test_a_change_at_the_last_moment_is_a_conflict_too(self, there, order):
        known = there.connector().fetch_orders([order])[0].revision
        there.fault("PUT /order", 409, body=refused(409, "X", "Provided revision is old").body)
        with pytest.raises(Conflict, match="revision is old") as told:
            there.connector().push_status(order, "PROCESSING", known)
        assert told.value.current == known

    def test_our_own_status_is_no_reason_for_a_conflict(self, there, order):
        known = there.connector().fetch_orders([order])[0].revision
        for status in ("PROCESSING", "READY_FOR_SHIPMENT", "SENT"):
            there.connector().push_status(order, status, known)
        assert status_of(there, order) == "SENT"

    def test_the_same_status_again_changes_nothing(self, there, order):
        there.connector().push_status(order, "SENT", "")
        events = len(there.shop.journal)
        there.connector().push_status(order, "SENT", "")
        assert len(there.shop.journal) == events

    @pytest.mark.parametrize("status", ["RETURNED", "sent", "", "DONE"])
    def test_what_cannot_be_set_is_not_sent(self, there, order, status):
        with pytest.raises(Refused) as told:
            there.connector().push_status(order, status, "")
        assert told.value.field == "status"
        assert there.wire.log == []

    def test_an_unknown_order(self, there):
        with pytest.raises(NotFound):
            there.connector().push_status(NOBODY, "SENT", "")


class TestCancelling:
    def test_a_whole_order_is_marked_once(self, there, order):
        there.connector().cancel_order(order, {}, "broken in transport")
        events = len(there.shop.journal)
        there.connector().cancel_order(order, {}, "broken in transport")
        assert status_of(there, order) == "CANCELLED"
        assert len(there.shop.journal) == events

    def test_all_its_lines_are_the_whole_order(self, there, order):
        lines = {one["id"]: one["quantity"] for one in there.shop.forms[order]["lineItems"]}
        there.connector().cancel_order(order, lines, "")
        assert status_of(there, order) == "CANCELLED"

    def test_a_part_cannot_be_cancelled(self, there, order):
        first, second = there.shop.forms[order]["lineItems"]
        for lines in ({first["id"]: 2}, {first["id"]: 1, second["id"]: 1}):
            with pytest.raises(NotSupported):
                there.connector().cancel_order(order, lines, "")
        assert status_of(there, order) == "NEW"

    def test_what_the_buyer_cancelled_needs_no_mark(self, there, order):
        there.shop.cancel(order)
        there.connector().cancel_order(order, {}, "")
        assert there.wire.calls("PUT") == 0


def invoice(ref, key="doc:1", number="FV 1/11/2026", pdf=b"%PDF-1.7"):
    return Invoice(ref, key, number, MONDAY, pdf)


class TestInvoices:
    def test_a_document_and_its_file(self, there, order):
        ref = there.connector().upload_invoice(invoice(order))
        (entry,) = there.shop.invoices[order]
        assert (entry["id"], entry["invoiceNumber"]) == (ref, "FV 1/11/2026")
        assert entry["file"]["name"].startswith("FV-1-11-2026-")
        assert entry["file"]["name"].endswith(".pdf")
        assert entry["file"]["uploadedAt"]

    def test_the_same_key_twice_leaves_one(self, there, order):
        first = there.connector().upload_invoice(invoice(order))
        assert there.connector().upload_invoice(invoice(order)) == first
        assert len(there.shop.invoices[order]) == 1
        assert there.wire.calls("PUT") == 1
        there.connector().upload_invoice(invoice(order, key="doc:2"))
        there.connector().upload_invoice(invoice(order, key="doc:3", number="KOR 1/11/2026"))
        assert len(there.shop.invoices[order]) == 3

    @pytest.mark.parametrize("start", ["POST /order", "PUT /order"])
    @pytest.mark.parametrize("after", [True, False])
    def test_a_lost_answer_is_unknown_and_uploading_again_completes_it(
        self, there, order, start, after
    ):
        there.fault(start, 0, after=after)
        with pytest.raises(OutcomeUnknown):
            there.connector().upload_invoice(invoice(order))
        there.connector().upload_invoice(invoice(order))
        (entry,) = there.shop.invoices[order]
        assert entry["file"]["uploadedAt"]

    def test_a_file_that_is_there_already_is_success(self, there, order):
        there.fault("PUT /order", 409, after=True)
        assert there.connector().upload_invoice(invoice(order)) == "inv-1"

    def test_while_the_previous_file_is_checked_it_is_tried_later(self, there, order):
        there.shop.scanning = True
        with pytest.raises(RateLimited) as told:
            there.connector().upload_invoice(invoice(order))
        assert told.value.retry_after == 60

    def test_too_large_a_file_is_not_sent(self, there, order):
        with pytest.raises(Refused, match="3 MB") as told:
            there.connector().upload_invoice(invoice(order, pdf=b"x" * (3 * 1024 * 1024 + 1)))
        assert told.value.field == "pdf"
        assert there.wire.log == []

    def test_a_refusal_says_why(self, there, order):
        there.fault("POST /order", 422, body=refused(422, "NO", "Payment is rejected").body)
        with pytest.raises(Refused, match="Payment is rejected"):
            there.connector().upload_invoice(invoice(order))
        with pytest.raises(NotFound):
            there.connector().upload_invoice(invoice(NOBODY))
        # About this order only: no reason to stop the account.
        there.fault("POST /order", 403, body=refused(403, "NO", "not your order").body)
        with pytest.raises(Refused, match="not your order"):
            there.connector().upload_invoice(invoice(order))


class TestWords:
    def test_carriers(self, there):
        assert there.connector().words("carriers") == [
            Word("INPOST", "InPost"), Word("DPD", "DPD"), Word("ORLEN", "ORLEN Paczka"),
            Word("ALLEGRO", "Allegro"), Word("POCZTA_POLSKA", "Poczta Polska"),
            Word("OTHER", "OTHER")]

    def test_statuses_are_those_that_can_be_set(self, there, order):
        refs = [word.ref for word in there.connector().words("statuses")]
        assert "RETURNED" not in refs
        for ref in refs:
            there.connector().push_status(order, ref, "")
            assert status_of(there, order) == ref

    def test_deliveries_payments_and_what_there_is_not(self, there):
        connector = there.connector()
        assert connector.words("deliveries") == [Word("2488f7b7", "Allegro Paczkomaty InPost")]
        assert "CASH_ON_DELIVERY" in [word.ref for word in connector.words("payments")]
        assert connector.words("warehouses") == ()
