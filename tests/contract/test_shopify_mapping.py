"""Shopify's orders in the SDK's terms: states, sums to the grosz, people, what lies beside it."""

from __future__ import annotations

import csv
import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from oms_connector import Order, Unreadable
from oms_shopify import bell, mapping, sums
from oms_shopify.queries import AFTER, ORDERS_BY_ID

from tests.contract import shopify_graph, shopify_rest
from tests.contract.shopify_rows import gid
from tests.contract.shopify_shop import Shop
from tests.contract.shopify_standin import delivery
from tests.contract.shopify_wire import Wire
from tests.contract.vendor_spec import shared


@pytest.fixture
def shop():
    return Shop()


def shown(shop, number):
    """An order and what came after it, as the API shows them."""
    roots = Wire(shop)._roots()
    [row] = shopify_graph.execute(ORDERS_BY_ID.text, {"ids": [gid("Order", number)]},
                                  roots)["nodes"]
    after = shopify_graph.execute(AFTER.text, {"id": gid("Order", number)}, roots)["order"]
    return row, after if mapping.has_more(row) else None


@pytest.fixture
def row(shop):
    """A paid order for two mugs at 19.99, sent for 12.30."""
    return shown(shop, shop.sell((shop.variant("KUBEK", "19.99"), 2)))[0]


def mapped(row, after=None, rules=None, **changes) -> Order:
    found = mapping.order({**deepcopy(row), **changes}, after, rules)
    assert isinstance(found, Order), found
    return found


def read(shop, number, rules=None) -> Order:
    return mapped(*shown(shop, number), rules)


def adds_up(order: Order) -> bool:
    goods = sum(line.unit_price * (line.quantity - line.cancelled) for line in order.lines)
    return goods + order.shipping - order.discount == order.total


def money(amount):
    return {"presentmentMoney": {"amount": amount}}


def documents(file):
    told = json.loads(shared("data", "payloads", file).read_text("utf-8"))
    told = told.get("response", told)
    return told["orders"] if "orders" in told else [told["order"]] if "order" in told else []


def sample_rows():
    table = shared("data", "payloads", "expected_orders.csv")
    return [row for row in csv.DictReader(table.open(encoding="utf-8"))
            if row["channel"] == "shopify" and "draft" not in row["file"]]


class TestSamples:
    def test_every_sample_has_the_totals_that_were_worked_out_by_hand(self):
        checked = 0
        for expected in sample_rows():
            document = next(one for one in documents(expected["file"])
                            if str(one["id"]) == expected["order_id"])
            after = shopify_rest.as_after(document)
            order = mapped(shopify_rest.as_row(document), after)
            where = f"{expected['file']} {order.external_id}"
            assert order.currency == expected["currency"], where
            assert len(order.lines) == int(expected["lines"]), where
            assert sum(line.quantity for line in order.lines) == int(expected["units"]), where
            gone = sum((sums.gross(entry, shopify_rest.as_row(document)) * line.cancelled
                        / line.quantity for entry, line in zip(
                            shopify_rest.as_row(document)["lineItems"]["nodes"], order.lines,
                            strict=True)), Decimal(0))
            assert order.total + gone == Decimal(expected["grand_total"]), where
            assert adds_up(order), where
            assert order.shipping == Decimal(expected["shipping"]), where
            assert (order.state == "cancelled") == ("cancelled" in expected["status"]), where
            assert (order.payment_kind == "cod") == (expected["cod"] == "1"), where
            assert order.tax_id == expected["company_tax_id"], where
            assert order.ship_to.country == expected["country"], where
            checked += 1
        assert checked == 19

    def test_units_refunded_before_sending_are_called_off(self):
        [document] = documents("shopify/docs_order_00.json")
        order = mapped(shopify_rest.as_row(document), shopify_rest.as_after(document))
        assert [line.cancelled for line in order.lines] == [1, 0, 1]
        assert (order.state, order.total) == ("ready", Decimal("199.65"))

    def test_every_sample_posted_to_us_rings_for_its_order(self):
        for file in ("docs_order_00", "docs_order_16", "goshopify_order", "pyapi_order"):
            for document in documents(f"shopify/{file}.json"):
                told = delivery(json.dumps(document).encode(), "1", "a secret")
                heard = bell.hear(told.body, {k.lower(): v for k, v in told.headers.items()},
                                  "a secret")
                assert [ring.ref for ring in heard] == [str(document["id"])]


class TestWhole:
    def test_an_order_says_everything_that_the_shop_says(self, row):
        order = mapped(row, note="Proszę o czerwony")
        assert order == Order(
            external_id=row["legacyResourceId"], number=row["name"],
            placed_at=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
            updated_at=datetime(2026, 11, 23, 9, 30, tzinfo=UTC), revision="2026-11-23T09:30:00Z",
            state="ready", raw_status="PAID/UNFULFILLED", currency="PLN", lines=order.lines,
            shipping=Decimal("12.30"), total=Decimal("52.28"), discount=Decimal(0),
            payment_method="PayU", payments=order.payments, buyer_name="Ewa Wzorcowa",
            buyer_email="ewa@example.com", buyer_phone="+48500600700", ship_to=order.ship_to,
            bill_to=order.bill_to, delivery_method="Kurier DPD", carrier="DPD",
            buyer_note="Proszę o czerwony",
        )
        assert order.ship_to.street == "Lipowa 7 m. 3"
        [line], [payment] = order.lines, order.payments
        assert (line.quantity, line.unit_price, line.vat_rate) == (2, Decimal("19.99"), "23")
        assert (payment.amount, payment.method) == (Decimal("52.28"), "PayU")

    @pytest.mark.parametrize("field", [
        "legacyResourceId", "createdAt", "updatedAt", "displayFulfillmentStatus", "lineItems",
        "displayFinancialStatus", "presentmentCurrencyCode", "currentTotalPriceSet"])
    def test_what_must_be_there_is_missed(self, row, field):
        found = mapping.order({name: one for name, one in row.items() if name != field})
        assert isinstance(found, Unreadable)
        assert found.field == field

    def test_a_test_order_is_said_to_be_one(self, row):
        assert mapped(row, test=True).is_test
        assert not mapped(row).is_test

    def test_a_variant_that_was_deleted_leaves_a_line_without_offer(self, row):
        entry = {**row["lineItems"]["nodes"][0], "variant": None, "sku": None}
        [line] = mapped(row, lineItems={"nodes": [entry]}).lines
        assert (line.offer_ref, line.sku, line.title) == ("", "", "Product KUBEK")

    def test_an_order_without_any_address_comes_all_the_same(self, row):
        order = mapped(row, shippingAddress=None, billingAddress=None, email=None)
        assert (order.ship_to.city, order.bill_to, order.buyer_name) == ("", None, "")


class TestStates:
    @pytest.mark.parametrize(("financial", "sending", "state"), [
        ("PENDING", "UNFULFILLED", "unpaid"), ("PARTIALLY_PAID", "UNFULFILLED", "unpaid"),
        ("AUTHORIZED", "UNFULFILLED", "unpaid"), ("VOIDED", "UNFULFILLED", "unpaid"),
        ("EXPIRED", "UNFULFILLED", "unpaid"), ("PAID", "UNFULFILLED", "ready"),
        ("PAID", "PARTIALLY_FULFILLED", "ready"), ("PAID", "IN_PROGRESS", "ready"),
        ("PAID", "ON_HOLD", "ready"), ("PAID", "SCHEDULED", "ready"),
        ("PARTIALLY_REFUNDED", "UNFULFILLED", "ready"), ("REFUNDED", "UNFULFILLED", "cancelled"),
        ("PAID", "FULFILLED", "shipped"), ("PENDING", "FULFILLED", "shipped"),
        ("REFUNDED", "FULFILLED", "shipped"), ("PAID", "FULFILLMENT_NOT_REQUIRED", "shipped"),
    ])
    def test_both_words_make_a_state(self, row, financial, sending, state):
        order = mapped(row, displayFinancialStatus=financial, displayFulfillmentStatus=sending)
        assert (order.state, order.raw_status) == (state, f"{financial}/{sending}")

    @pytest.mark.parametrize("field", ["displayFinancialStatus", "displayFulfillmentStatus"])
    def test_a_new_word_is_not_guessed_at(self, row, field):
        found = mapping.order({**row, field: "TELEPORTED"})
        assert isinstance(found, Unreadable)
        assert (found.field, found.external_id) == (field, row["legacyResourceId"])

    def test_on_delivery_it_is_ready_and_not_paid(self, shop):
        number = shop.buy((shop.variant("KUBEK"), 1), gateway="Cash on Delivery (COD)")
        order = read(shop, number)
        assert (order.state, order.payment_kind, order.paid) == ("ready", "cod", False)

    def test_on_delivery_that_is_marked_as_paid_is_paid(self, shop):
        number = shop.sell((shop.variant("KUBEK"), 1), gateway="Za pobraniem")
        order = read(shop, number)
        assert (order.payment_kind, len(order.payments)) == ("cod", 1)

    def test_authorised_money_counts_where_the_seller_says_so(self, shop):
        number = shop.buy((shop.variant("KUBEK"), 1))
        shop.authorize(number)
        order = read(shop, number)
        assert (order.state, order.paid, order.payments) == ("unpaid", False, [])
        order = read(shop, number, mapping.Rules(authorized=True))
        assert (order.state, order.paid) == ("ready", True)

    def test_all_parcels_delivered_is_delivered(self, shop):
        variant = shop.variant("KUBEK")
        number = shop.sell((variant, 2))
        line = shop.orders[number].lines[0].id
        for _ in range(2):
            shop.fulfil(number, {line: 1})
        for place, state in ((0, "shipped"), (1, "delivered")):
            shop.orders[number].parcels[place].display = "DELIVERED"
            assert read(shop, number).state == state

    def test_a_parcel_that_failed_was_not_sent(self, shop):
        number = shop.sell((shop.variant("KUBEK"), 1))
        shop.fulfil(number)
        shop.orders[number].parcels[0].status = "CANCELLED"
        row, _ = shown(shop, number)
        assert mapped(row).shipped_at is None

    def test_held_back_in_shopify_is_a_tag(self, shop):
        number = shop.sell((shop.variant("KUBEK"), 1))
        shop.orders[number].works[0].status = "ON_HOLD"
        assert read(shop, number).tags == ("shopify-on-hold",)

    def test_the_earliest_term_of_what_is_still_to_be_sent(self, shop):
        number = shop.sell((shop.variant("KUBEK"), 1))
        [work] = shop.orders[number].works
        work.fulfil_by = shop.now + timedelta(days=1)
        assert read(shop, number).ship_by == work.fulfil_by
        work.status = "CANCELLED"
        assert read(shop, number).ship_by is None

    def test_what_a_service_sends_takes_none_of_our_stock(self, shop):
        number = shop.sell((shop.variant("KUBEK"), 1))
        shop.orders[number].works[0].is_service = True
        assert read(shop, number).fulfilled_by == "channel"


class TestMoney:
    def test_the_buyers_currency_counts(self, shop):
        number = shop.sell((shop.variant("KUBEK", "20.00"), 2), currency="EUR",
                           rate=Decimal("0.25"), shipping="4.90")
        order = read(shop, number)
        assert (order.currency, order.total) == ("EUR", Decimal("14.90"))
        assert order.lines[0].unit_price == Decimal("5.00")
        assert order.payments[0].amount == Decimal("14.90")

    def test_taxes_on_top_are_within_our_prices(self, shop):
        number = shop.sell((shop.variant("KUBEK", "3.33"), 3), included=False, shipping="0")
        order = read(shop, number)
        assert (order.total, order.discount) == (Decimal("12.29"), Decimal("0.01"))
        assert adds_up(order)

    def test_discounts_of_a_line_and_of_the_cart_lower_its_price(self, shop):
        number = shop.sell((shop.variant("KUBEK", "10.00"), 3), off="5.00")
        order = read(shop, number)
        assert (order.lines[0].unit_price, order.discount) == (Decimal("8.34"), Decimal("0.02"))
        assert adds_up(order)

    def test_a_total_that_nothing_explains_is_left_for_a_person(self, row):
        order = mapped(row, currentTotalPriceSet=money("152.28"))
        assert order.total == Decimal("152.28")
        assert not adds_up(order)

    def test_duties_and_fees_are_paid_with_the_sending(self, row):
        order = mapped(row, currentTotalDutiesSet=money("7.00"),
                       currentTotalAdditionalFeesSet=money("1.00"),
                       currentTotalPriceSet=money("60.28"))
        assert (order.shipping, order.tags) == (Decimal("20.30"), ("Duties", "Fees"))
        assert adds_up(order)

    def test_a_payment_that_failed_is_none(self, row):
        failed = [{**row["transactions"][0], "status": "FAILURE"}]
        assert list(mapped(row, transactions=failed).payments) == []

    @pytest.mark.parametrize(("taxes", "rate"), [([23.0], "23"), ([8.0], "8"), ([0.0], "0"),
                                                 ([], ""), ([5.0, 3.0], ""), ([None], "")])
    def test_the_rate_of_one_tax_is_known(self, row, taxes, rate):
        entry = {**row["lineItems"]["nodes"][0], "taxLines": [
            {"ratePercentage": one, "priceSet": money("1.00")} for one in taxes]}
        assert mapped(row, lineItems={"nodes": [entry]}).lines[0].vat_rate == rate


class TestEdited:
    def test_a_line_that_was_added_later_is_in_the_total(self, shop):
        variant = shop.variant("KUBEK", "10.00")
        number = shop.sell((variant, 1), (variant, 2))
        row, _ = shown(shop, number)
        order = mapped(row, totalPriceSet=money("22.30"))  # as it was before the edit
        assert order.total == Decimal("42.30")
        assert adds_up(order)

    def test_units_taken_out_by_an_edit_leave_no_refund_and_are_gone(self, shop):
        number = shop.sell((shop.variant("KUBEK", "10.00"), 3))
        shop._remove(shop.orders[number], shop.orders[number].lines[0].id, 2, False)
        order = read(shop, number)
        assert (order.lines[0].cancelled, order.total) == (2, Decimal("22.30"))
        assert adds_up(order)

    def test_a_line_of_no_unit_is_left_out(self, row):
        entry = row["lineItems"]["nodes"][0]
        extra = {**entry, "id": "gid://shopify/LineItem/9", "quantity": 0, "currentQuantity": 0}
        assert len(mapped(row, lineItems={"nodes": [entry, extra]}).lines) == 1

    def test_all_units_gone_is_cancelled_and_says_what_was_asked_for(self, shop):
        number = shop.sell((shop.variant("KUBEK", "10.00"), 3))
        shop._remove(shop.orders[number], shop.orders[number].lines[0].id, 3, False)
        order = read(shop, number)
        assert (order.state, order.total) == ("cancelled", Decimal("42.30"))
        assert order.lines[0].cancelled == 0
        assert adds_up(order)


class TestRefunds:
    def sold(self, shop, count=3):
        number = shop.sell((shop.variant("KUBEK", "10.00"), count))
        return number, shop.orders[number].lines[0].id

    @pytest.mark.parametrize("restock", ["CANCEL", "NO_RESTOCK", "LEGACY_RESTOCK"])
    def test_before_sending_units_are_called_off_with_their_money(self, shop, restock):
        number, line = self.sold(shop)
        shop.refund(number, {line: 1}, restock=restock)
        order = read(shop, number)
        assert (order.lines[0].cancelled, order.total) == (1, Decimal("32.30"))
        assert [one.amount for one in order.payments] == [Decimal("42.30"), Decimal("-10.00")]
        assert adds_up(order)

    @pytest.mark.parametrize("restock", ["RETURN", "NO_RESTOCK", "LEGACY_RESTOCK"])
    def test_after_sending_the_order_stays_as_it_was(self, shop, restock):
        number, line = self.sold(shop)
        before = None
        shop.fulfil(number)
        before = read(shop, number)
        shop.now += timedelta(hours=1)
        shop.refund(number, {line: 1}, restock=restock)
        after = read(shop, number)
        assert (after.lines, after.total, list(after.payments)) == (
            before.lines, before.total, list(before.payments))
        assert adds_up(after)

    def test_units_in_an_agreed_return_are_not_called_off(self, shop):
        number, line = self.sold(shop)
        shop.fulfil(number)
        shop.request_return(number, {line: 2})
        order = read(shop, number)
        assert (order.lines[0].cancelled, order.total) == (0, Decimal("42.30"))

    def test_one_unit_is_called_off_and_another_comes_back(self, shop):
        number, line = self.sold(shop)
        shop.refund(number, {line: 1})
        shop.fulfil(number)
        shop.now += timedelta(hours=1)
        back = shop.request_return(number, {line: 1})
        shop.close_return(back)
        order = read(shop, number)
        assert (order.lines[0].cancelled, order.total) == (1, Decimal("32.30"))
        assert sum(one.amount for one in order.payments) == Decimal("32.30")
        assert adds_up(order)

    def test_a_unit_that_came_back_with_its_money_is_counted_once(self, shop):
        number, line = self.sold(shop)
        shop._remove(shop.orders[number], line, 1, False)  # by an edit, which is no refund
        shop.fulfil(number)
        shop.close_return(shop.request_return(number, {line: 1}))
        order = read(shop, number)
        assert (order.lines[0].cancelled, order.total) == (1, Decimal("32.30"))

    def test_money_alone_before_sending_is_a_discount(self, shop):
        number, _ = self.sold(shop)
        shop.refund(number, {}, "7.00")
        order = read(shop, number)
        assert (order.discount, order.total) == (Decimal("7.00"), Decimal("35.30"))
        assert sum(one.amount for one in order.payments) == order.total
        assert adds_up(order)

    def test_money_alone_after_sending_changes_nothing(self, shop):
        number, _ = self.sold(shop)
        shop.fulfil(number)
        shop.now += timedelta(hours=1)
        shop.refund(number, {}, "7.00")
        order = read(shop, number)
        assert (order.total, len(order.payments)) == (Decimal("42.30"), 1)

    def test_a_new_kind_of_restocking_is_not_guessed_at(self, shop):
        number, line = self.sold(shop)
        shop.refund(number, {line: 1}, restock="MAGIC")
        found = mapping.order(*shown(shop, number))
        assert isinstance(found, Unreadable)
        assert found.field == "restockType"

    def test_more_refunds_than_can_be_read_put_the_order_aside(self, shop):
        number, _ = self.sold(shop)
        for _ in range(11):
            shop.refund(number, {}, "0.10")
        found = mapping.order(*shown(shop, number))
        assert isinstance(found, Unreadable)
        assert found.field == "refunds"


class TestBeside:
    @pytest.mark.parametrize("key", [
        "NIP", "nip", "Numer NIP", "VAT ID", "vat_number", "Tax ID", "company_vat", "eu-vat"])
    def test_a_tax_number_among_the_attributes_wants_an_invoice(self, row, key):
        order = mapped(row, customAttributes=[{"key": key, "value": "526-025-02-74"}])
        assert (order.tax_id, order.wants_invoice) == ("526-025-02-74", True)

    def test_a_tax_number_in_a_metafield_or_a_localized_field(self, row):
        order = mapped(row, metafields={"nodes": [
            {"namespace": "custom", "key": "nip", "value": "5260250274"}]})
        assert order.tax_id == "5260250274"
        order = mapped(row, localizedFields={"nodes": [
            {"key": "TAX_CREDENTIAL_IT", "value": "RSSMRA85T10A562S"}]})
        assert order.tax_id == ""  # no run of digits: it is a person's code
        order = mapped(row, localizedFields={"nodes": [
            {"key": "TAX_CREDENTIAL_ES", "value": "B12345678"}]})
        assert order.tax_id == "B12345678"

    @pytest.mark.parametrize(("key", "told"), [
        ("nip", ""), ("nip", "brak"), ("opis", "5260250274"), ("snip", "5260250274")])
    def test_what_is_no_tax_number_is_none(self, row, key, told):
        assert mapped(row, customAttributes=[{"key": key, "value": told}]).tax_id == ""

    @pytest.mark.parametrize(("key", "told", "wants"), [
        ("Chcę fakturę", "Tak", True), ("invoice", "true", True), ("faktura", "nie", False)])
    def test_the_wish_for_an_invoice(self, row, key, told, wants):
        assert mapped(row, customAttributes=[{"key": key, "value": told}]).wants_invoice is wants

    @pytest.mark.parametrize(("key", "told", "point"), [
        ("Paczkomat", "KRA01A", "KRA01A"), ("inpost_point_id", "WAW22N", "WAW22N"),
        ("pickup-point", "123456", "123456"), ("Paczkomat", "Lipowa 1, Kraków", ""),
        ("colour", "KRA01A", "")])
    def test_a_pickup_point(self, row, key, told, point):
        assert mapped(row, customAttributes=[{"key": key, "value": told}]).pickup_point == point

    def test_a_locker_within_the_address_of_an_inpost_parcel(self, row):
        lines = {"nodes": [{**row["shippingLines"]["nodes"][0], "title": "InPost Paczkomat"}]}
        there = {**row["shippingAddress"], "company": "Paczkomat KRA012M"}
        assert mapped(row, shippingLines=lines, shippingAddress=there).pickup_point == "KRA012M"
        assert mapped(row, shippingAddress=there).pickup_point == ""
