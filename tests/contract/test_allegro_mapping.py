"""Checkout forms in the SDK's terms: states, sums, people, and what is not kept."""

from __future__ import annotations

import csv
import json
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from oms_allegro import mapping, sums
from oms_connector import Address, Order, Unreadable
from oms_connector.guessing import carrier_in

from tests.contract.allegro_shop import Shop, money
from tests.contract.vendor_spec import shared


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def form(shop):
    """A paid order for two of an offer at 49.90, sent to a locker for 10.99."""
    return deepcopy(shop.forms[shop.sell((shop.offer("KUBEK"), 2))])


def mapped(form, **changes) -> Order:
    found = mapping.order({**form, **changes})
    assert isinstance(found, Order), found
    return found


class TestSamples:
    def test_every_sample_has_the_totals_that_were_worked_out_by_hand(self):
        table = shared("data", "payloads", "expected_orders.csv")
        rows = [row for row in csv.DictReader(table.open(encoding="utf-8"))
                if row["channel"] == "allegro"]
        assert len(rows) == 4
        for row in rows:
            document = json.loads(shared("data", "payloads", row["file"]).read_text("utf-8"))
            order = mapped((document.get("checkoutForms") or [document])[0])
            assert order.external_id == row["order_id"]
            assert order.raw_status == row["status"]
            assert order.currency == row["currency"]
            assert len(order.lines) == int(row["lines"])
            assert sum(line.quantity for line in order.lines) == int(row["units"])
            goods = sum(line.unit_price * line.quantity for line in order.lines)
            assert goods == Decimal(row["goods_total"])
            assert order.shipping == Decimal(row["shipping"])
            assert order.total == Decimal(row["grand_total"])
            assert (order.payment_kind == "cod") == (row["cod"] == "1")
            assert order.pickup_point == row["pickup_point"]
            assert order.tax_id == row["company_tax_id"]
            assert order.ship_to.country == row["country"]

    def test_no_sample_of_anything_else_is_taken_for_an_order(self):
        folder = shared("data", "payloads", "allegro")
        others = [path for path in sorted(folder.glob("spec_*.json"))
                  if "checkout_forms" not in path.name]
        assert len(others) > 10
        for path in others:
            found = mapping.order(json.loads(path.read_text("utf-8")))
            assert isinstance(found, Unreadable), path.name


class TestWhole:
    def test_an_order_says_everything_that_the_form_says(self, shop, form):
        order = mapped(form, messageToSeller="Proszę o czerwony")
        assert order == Order(
            external_id=form["id"], number=form["id"],
            placed_at=datetime(2026, 11, 23, 9, 30, 1, tzinfo=UTC),
            updated_at=datetime(2026, 11, 23, 9, 30, 3, tzinfo=UTC),
            revision="2026-11-23T09:30:03.000000Z",
            ship_by=datetime(2026, 11, 24, 9, 30, 1, tzinfo=UTC),
            state="ready", raw_status="READY_FOR_PROCESSING/NEW", currency="PLN",
            lines=order.lines, shipping=Decimal("10.99"), total=Decimal("110.79"),
            payment_method="PAYU", payments=order.payments, buyer_ref="44300110",
            buyer_name="Ewa Wzorcowa", buyer_email="abc123+44@allegromail.pl",
            buyer_phone="+48500600700", buyer_note="Proszę o czerwony",
            ship_to=Address(name="Ewa Wzorcowa", street="Lipowa 7", postcode="30-001",
                            city="Kraków", country="PL", phone="+48500600700"),
            delivery_method="Allegro Paczkomaty InPost", carrier="InPost", pickup_point="KRA01A",
        )
        (line,) = order.lines
        assert (line.sku, line.quantity, line.unit_price, line.vat_rate) == (
            "KUBEK", 2, Decimal("49.90"), "23")
        assert line.offer_ref in shop.offers
        (payment,) = order.payments
        assert payment.amount == Decimal("110.79")
        assert payment.reference.startswith(form["id"])

    def test_bought_is_when_the_first_of_its_things_was_bought(self, shop, form):
        later = deepcopy(form["lineItems"][0]) | {"id": "x", "boughtAt": "2026-11-23T12:00:00Z"}
        form["lineItems"] = [later, *form["lineItems"]]
        assert mapped(form).placed_at == datetime(2026, 11, 23, 9, 30, 1, tzinfo=UTC)

    @pytest.mark.parametrize(("marketplace", "smart", "tags"), [
        ("allegro-pl", False, ()), ("allegro-cz", True, ("smart", "allegro-cz")),
        ("allegro-business-pl", False, ("allegro-business-pl",)),
    ])
    def test_what_is_special_about_it_is_a_tag(self, form, marketplace, smart, tags):
        form["delivery"]["smart"] = smart
        assert mapped(form, marketplace={"id": marketplace}).tags == tags

    def test_money_never_goes_through_a_float(self, form):
        form["lineItems"][0] |= {"quantity": 3, "price": money("0.10")}
        form["summary"]["totalToPay"] = money("11.29")
        order = mapped(form)
        assert order.lines[0].unit_price * 3 + order.shipping == order.total

    def test_the_buyers_identity_number_is_not_kept_anywhere(self, form):
        form["buyer"]["personalIdentity"] = "44051401359"
        assert "44051401359" not in repr(mapped(form)) + mapped(form).raw
        broken = mapping.order({**form, "status": "NEW_ONE"})
        assert isinstance(broken, Unreadable)
        assert "44051401359" not in broken.raw

    def test_raw_text_is_kept_but_does_not_count_when_versions_are_compared(self, form):
        order = mapped(form)
        assert json.loads(order.raw)["id"] == form["id"]
        assert order == mapped(form, note={"text": "only for the seller"})


class TestStates:
    @pytest.mark.parametrize(("status", "fulfilment", "state"), [
        ("BOUGHT", "NEW", "unpaid"), ("FILLED_IN", "NEW", "unpaid"),
        ("READY_FOR_PROCESSING", None, "ready"),
        ("READY_FOR_PROCESSING", "PROCESSING", "ready"),
        ("READY_FOR_PROCESSING", "READY_FOR_SHIPMENT", "ready"),
        ("READY_FOR_PROCESSING", "READY_FOR_PICKUP", "ready"),
        ("READY_FOR_PROCESSING", "SUSPENDED", "ready"),
        ("READY_FOR_PROCESSING", "SENT", "shipped"),
        ("READY_FOR_PROCESSING", "PICKED_UP", "delivered"),
        ("READY_FOR_PROCESSING", "RETURNED", "delivered"),
        ("READY_FOR_PROCESSING", "CANCELLED", "cancelled"),
        ("CANCELLED", "PROCESSING", "cancelled"), ("CANCELLED", "SENT", "cancelled"),
    ])
    def test_only_a_final_form_is_ready_and_then_the_seller_says_how_far(
        self, form, status, fulfilment, state
    ):
        order = mapped(form, status=status, fulfillment={"status": fulfilment})
        assert order.state == state
        assert (order.cancelled_at is not None) == (state == "cancelled")

    @pytest.mark.parametrize("changes", [
        {"status": "PARTIALLY_PAID"}, {"fulfillment": {"status": "LOST"}},
        {"payment": {"id": "x", "type": "CRYPTO"}},
    ])
    def test_a_word_that_is_new_to_us_is_not_guessed_at(self, form, changes):
        found = mapping.order({**form, **changes})
        assert isinstance(found, Unreadable)
        assert found.external_id == form["id"]
        assert found.field
        assert json.loads(found.raw)["id"] == form["id"]

    def test_a_purchase_without_a_filled_in_form_has_no_address_and_no_payment(self, shop):
        order = mapped(shop.forms[shop.buy((shop.offer("KUBEK"), 1))])
        assert order.state == "unpaid"
        assert order.ship_to == Address()
        assert (order.payments, order.paid) == ([], None)
        assert order.total == Decimal("49.90")

    def test_goods_in_allegros_own_warehouse_are_not_ours_to_send(self, form):
        assert mapped(form).fulfilled_by == "seller"
        order = mapped(form, fulfillment={"status": "NEW", "provider": {"id": "ALLEGRO"}})
        assert order.fulfilled_by == "channel"


class TestRevision:
    def test_later_changes_sort_behind_earlier_ones_whatever_their_fractions(self, form):
        moments = ["2026-11-23T09:59:59Z", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00.050Z",
                   "2026-11-23T10:00:00.5Z", "2026-11-23T12:00:00+01:00", "2026-12-01T00:00:00Z"]
        revisions = [mapped(form, updatedAt=at).revision for at in moments]
        assert revisions == sorted(revisions)
        assert len(set(revisions)) == len(revisions)

    def test_a_version_of_the_same_moment_is_not_older_because_of_its_hash(self, shop):
        """The seller's status moves the hash but not the moment: it must not be ignored."""
        form_id = shop.sell((shop.offer("KUBEK"), 1))
        hashes = set()
        for status in ("PROCESSING", "SENT", "NEW", "PICKED_UP"):
            before = mapped(shop.forms[form_id])
            shop.set_status(form_id, status)
            hashes.add(shop.forms[form_id]["revision"])
            after = mapped(shop.forms[form_id])
            assert not after.revision < before.revision
            assert after != before
        assert len(hashes) == 4

    def test_without_a_moment_there_is_no_revision(self, form):
        assert mapped(form, updatedAt=None).revision == ""


class TestSums:
    def test_services_are_told_with_delivery_and_named(self, form):
        form["lineItems"][0]["selectedAdditionalServices"] = [
            {"definitionId": "CARRY_IN", "name": "Wniesienie", "price": money("20"),
             "quantity": 2}]
        form["summary"]["totalToPay"] = money("150.79")
        order = mapped(form)
        assert (order.shipping, order.discount) == (Decimal("50.99"), 0)
        assert "Wniesienie" in order.tags

    @pytest.mark.parametrize(("total", "shipping"), [("110.79", "10.99"), ("111.79", "11.99")])
    def test_deposits_count_when_the_total_says_so(self, form, total, shipping):
        form["lineItems"][0]["deposit"] = {"price": money("0.50")}
        form["summary"]["totalToPay"] = money(total)
        order = mapped(form)
        assert order.shipping == Decimal(shipping)
        assert ("deposit" in order.tags) == (total == "111.79")

    @pytest.mark.parametrize(("status", "total", "discount"), [
        ("ACTIVE", "60.79", "50"), ("ACTIVE", "110.79", "0"), ("CANCELLED", "110.79", "0"),
        ("CANCELLED", "60.79", "0"),
    ])
    def test_vouchers_are_a_discount_when_the_total_says_so(self, form, status, total, discount):
        form["lineItems"][0]["vouchers"] = [
            {"type": "NOTEBOOKS_FOR_TEACHERS", "status": status, "value": money("50")}]
        form["summary"]["totalToPay"] = money(total)
        order = mapped(form)
        assert (order.discount, order.total) == (Decimal(discount), Decimal(total))

    def test_a_total_that_nothing_explains_is_left_to_a_person(self, form):
        form["summary"]["totalToPay"] = money("99.00")
        order = mapped(form)
        goods = sum(line.unit_price * line.quantity for line in order.lines)
        assert goods + order.shipping - order.discount != order.total

    def test_the_price_is_what_the_buyer_pays_after_a_bundles_discount(self, form):
        form["lineItems"][0] |= {"originalPrice": money("60"), "price": money("49.90"),
                                 "discounts": [{"type": "BUNDLE"}]}
        assert mapped(form).lines[0].unit_price == Decimal("49.90")

    @pytest.mark.parametrize(("tax", "rate"), [
        ({"rate": "23.00"}, "23"), ({"rate": "8"}, "8"), ({"rate": "5.50"}, "5.5"),
        ({"rate": "0.00"}, "0"), ({"rate": None, "exemption": "ART_113"}, "zw"),
        ({"rate": None, "exemption": "MONEY_EQUIVALENT"}, ""), (None, ""),
    ])
    def test_rates(self, tax, rate):
        assert sums.vat_rate({"tax": tax}) == rate


class TestPayments:
    def test_cash_on_delivery_is_not_paid_yet(self, shop):
        order = mapped(shop.forms[shop.sell((shop.offer("KUBEK"), 1), kind="CASH_ON_DELIVERY")])
        assert (order.payment_kind, order.payments, order.state) == ("cod", [], "ready")

    def test_a_bank_transfer_to_the_seller_is_not_taken_for_paid(self, form):
        payment = {**form["payment"], "type": "WIRE_TRANSFER", "paidAmount": None}
        assert mapped(form, payment=payment).paid is False

    def test_deferred_payment_of_companies_is_credit(self, form):
        order = mapped(form, payment={**form["payment"], "type": "EXTENDED_TERM",
                                      "provider": "EPT", "finishedAt": None})
        assert (order.payment_kind, order.payments) == ("credit", [])

    def test_a_surcharge_is_a_payment_of_its_own(self, form):
        extra = {"id": "0f8f1d13-7e9e-41e8-9b00-c5b0dfb78ea6", "type": "ONLINE",
                 "provider": "P24", "finishedAt": "2026-11-24T10:00:00Z",
                 "paidAmount": money("5.00")}
        waiting = {"id": "1f8f1d13-7e9e-41e8-9b00-c5b0dfb78ea6", "type": "ONLINE"}
        order = mapped(form, surcharges=[extra, waiting, extra])
        assert [one.amount for one in order.payments] == [Decimal("110.79"), Decimal("5.00")]
        assert len({one.reference for one in order.payments}) == 2

    def test_orders_that_share_a_payment_have_payments_of_their_own(self, shop):
        ref = shop.offer("KUBEK")
        first, second = (shop.forms[shop.sell((ref, 1))] for _ in range(2))
        second["payment"]["id"] = first["payment"]["id"]
        references = {mapped(one).payments[0].reference for one in (first, second)}
        assert len(references) == 2


class TestPeople:
    def test_an_invoice_for_a_company(self, form):
        order = mapped(form, invoice={"required": True, "address": {
            "street": "Rynek 1", "city": "Opole", "zipCode": "45-015", "countryCode": "PL",
            "company": {"name": "Wzór sp. z o.o.", "vatPayerStatus": "ACTIVE", "ids": [
                {"type": "VAT_EU", "value": "PL5260250274"},
                {"type": "PL_NIP", "value": "526-025-02-74"}]},
            "naturalPerson": None,
        }})
        assert order.wants_invoice
        assert order.tax_id == "526-025-02-74"
        assert order.buyer_company == "Wzór sp. z o.o."
        assert order.bill_to == Address(company="Wzór sp. z o.o.", street="Rynek 1",
                                        postcode="45-015", city="Opole", country="PL")

    def test_the_older_place_of_the_tax_number_still_counts(self, form):
        company = {"name": "X", "taxId": "5260250274", "ids": None}
        order = mapped(form, invoice={"required": True, "address": {"company": company}})
        assert order.tax_id == "5260250274"

    def test_an_invoice_for_a_person(self, form):
        order = mapped(form, invoice={"required": True, "address": {
            "street": "Rynek 1", "city": "Opole", "zipCode": "45-015", "countryCode": "PL",
            "naturalPerson": {"firstName": "Ewa", "lastName": "Wzorcowa"}}})
        assert (order.bill_to.name, order.tax_id) == ("Ewa Wzorcowa", "")

    def test_what_is_masked_is_missing(self, form):
        form["delivery"]["address"] |= {"street": "***", "city": " ** ", "firstName": "*"}
        order = mapped(form)
        assert (order.ship_to.street, order.ship_to.city) == ("", "")
        assert order.ship_to.name == "Wzorcowa"

    @pytest.mark.parametrize(("method", "carrier"), [
        ("Allegro Paczkomaty InPost", "InPost"), ("Allegro One Box, DPD", "DPD"),
        ("Allegro One Punkt, UPS", "UPS"), ("Allegro Kurier DHL", "DHL"),
        ("Allegro Odbiór w Punkcie ORLEN Paczka", "ORLEN Paczka"),
        ("Przesyłka kurierska Pocztex", "Poczta Polska"), ("Allegro One Box", "Allegro"),
        ("Odbiór osobisty", ""), ("Groups of parcels", ""),
    ])
    def test_the_carrier_that_a_delivery_method_speaks_of(self, method, carrier):
        assert carrier_in(method) == carrier


class TestWrongDocuments:
    @pytest.mark.parametrize("document", [None, [], "text", 7, {}, {"id": None}, {"id": "x"}])
    def test_anything_at_all_can_be_read(self, document):
        assert isinstance(mapping.order(document), Unreadable)

    @pytest.mark.parametrize(("path", "wrong"), [
        (("lineItems",), {"a": 1}), (("lineItems", 0, "quantity"), "2"),
        (("lineItems", 0, "quantity"), True), (("lineItems", 0, "price", "amount"), "1,50"),
        (("lineItems", 0, "price", "amount"), "NaN"), (("lineItems", 0, "offer"), "7"),
        (("lineItems", 0, "boughtAt"), "yesterday"), (("summary",), None),
        (("updatedAt",), "2026-11-23T09:30:00"), (("delivery",), "home"),
    ])
    def test_what_makes_no_sense_is_kept_with_the_field_that_is_wrong(self, form, path, wrong):
        place = form
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = wrong
        found = mapping.order(form)
        assert isinstance(found, Unreadable)
        assert found.external_id == form["id"]
        assert found.field
        assert found.reason

    def test_fields_that_are_new_to_us_do_no_harm(self, form):
        assert mapped(form, somethingNew={"a": [1]}, discounts=None, surcharges=None)
