"""Amazon's orders in our terms: the vendor's own examples, sums, units, people."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from oms_amazon import mapping, sums
from oms_connector import Order, Unreadable

from tests.contract.amazon_standin import Amazon
from tests.contract.vendor_spec import shared

EXAMPLES = [
    # file, order, state, currency, lines, units, goods, shipping, total, sender, country, tax id
    ("ex_orders_2026_01_01_orders_orderId_get_responses_200_examples", "202-1234567-8901234",
     "shipped", "GBP", 1, 3, "92.97", "11.00", "103.97", "seller", "GB", ""),
    ("orders_2026_01_01_orders_get_responses_200_0", "250-1234567-8901234",
     "shipped", "JPY", 2, 3, "19940", "0", "19940", "channel", "JP", ""),
    ("orders_2026_01_01_orders_get_responses_200_2", "171-2345678-9012345",
     "ready", "BRL", 1, 1, "1599.90", "0", "1599.90", "seller", "BR", "1234567890"),
    ("orders_2026_01_01_orders_orderId_get_responses_200_0", "171-9876543-2109876",
     "ready", "BRL", 1, 1, "299.90", "0", "299.90", "seller", "BR", ""),
    ("orders_2026_01_01_orders_orderId_get_responses_200_1", "028-1234567-8901234",
     "shipped", "TRY", 1, 2, "125.00", "0", "125.00", "seller", "TR", "TR1234567890"),
]


def orders_in(document):
    """The orders of an example, whatever lies around them."""
    for wrapper in ("application/json", "response"):
        document = document.get(wrapper, document)
    return [document["order"]] if "order" in document else document["orders"]


class TestTheVendorsExamples:
    @pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row[1])
    def test_each_is_read_to_the_cent(self, row):
        name, ref, state, currency, lines, units, goods, shipping, total, sender, land, tax = row
        path = shared("data", "payloads", "amazon_spapi", f"orders_2026-01-01_{name}.json")
        [order] = [mapping.order(one) for one in orders_in(json.loads(path.read_text("utf-8")))]
        assert isinstance(order, Order)
        assert (order.external_id, order.state, order.currency) == (ref, state, currency)
        assert (len(order.lines), sum(line.quantity for line in order.lines)) == (lines, units)
        assert sum(line.unit_price * line.quantity for line in order.lines) == Decimal(goods)
        assert (order.shipping, order.total) == (Decimal(shipping), Decimal(total))
        assert (order.fulfilled_by, order.ship_to.country, order.tax_id) == (sender, land, tax)

    @pytest.mark.parametrize("name", ["getOrder", "searchOrders"])
    def test_the_samples_are_understood(self, name):
        path = shared("data", "samples", f"amazon_order_2026-01-01_{name}.json")
        found = [mapping.order(one) for one in orders_in(json.loads(path.read_text("utf-8")))]
        assert found
        assert all(isinstance(order, Order) and order.lines for order in found)

    def test_a_business_order_says_so(self):
        path = shared("data", "payloads", "amazon_spapi",
                      "orders_2026-01-01_orders_2026_01_01_orders_get_responses_200_2.json")
        [order] = [mapping.order(one) for one in orders_in(json.loads(path.read_text("utf-8")))]
        assert order.buyer_company == "Oliveira Tecnologia Ltda"
        assert order.wants_invoice
        assert "business" in order.tags
        assert "PO: PO-BR-2024-5678" in order.buyer_note


def sample(name):
    return json.loads((Amazon.samples / f"{name}.json").read_text("utf-8"))


def read(document):
    order = mapping.order(document)
    assert isinstance(order, Order), order
    return order


def due(order):
    return sum(line.unit_price * (line.quantity - line.cancelled) for line in order.lines) \
        + order.shipping - order.discount


class TestSums:
    @pytest.mark.parametrize("name", [
        "tax_within", "tax_on_top", "discounts", "discount_within", "three_for_ten", "business",
        "gift_on_delivery", "partly_cancelled", "yen", "delivered"])
    def test_what_a_buyer_owes_is_explained_by_its_parts(self, name):
        order = read(sample(name))
        assert due(order) == order.total

    def test_a_total_that_nothing_explains_is_left_for_a_person(self):
        order = read(sample("unexplained_total"))
        assert (order.total, due(order)) == (Decimal("88.88"), Decimal("49.90"))

    @pytest.mark.parametrize(("total", "goods"), [
        ("55.20", "55.20"), ("69.00", "69.00"), ("60.00", "60.00"), ("73.80", "73.80"),
        ("1.00", "55.20")])
    def test_the_same_parts_are_read_as_the_total_says(self, total, goods):
        document = sample("tax_within")
        document["orderItems"] = [{
            "orderItemId": "1", "quantityOrdered": 3, "product": {"sellerSku": "A"},
            "proceeds": {"breakdowns": [
                {"type": kind, "subtotal": {"amount": amount, "currencyCode": "PLN"}}
                for kind, amount in (("ITEM", "60.00"), ("TAX", "13.80"), ("DISCOUNT", "4.80"))
            ]}}]
        document["proceeds"]["grandTotal"]["amount"] = total
        assert read(document).lines[0].unit_price == Decimal(goods) / 3

    def test_without_a_breakdown_the_price_of_a_unit_counts(self):
        document = sample("tax_within")
        del document["orderItems"][0]["proceeds"]
        document["proceeds"]["grandTotal"]["amount"] = "99.80"
        order = read(document)
        assert (order.lines[0].unit_price, due(order)) == (Decimal("49.90"), order.total)

    def test_a_currency_that_nobody_knows_is_not_guessed(self):
        document = sample("pending")
        document["salesChannel"]["marketplaceId"] = "A0NEWMARKET"
        assert mapping.order(document).field == "currencyCode"


class TestUnits:
    def test_a_line_that_fell_to_zero_units_wants_none(self):
        document = sample("partly_cancelled")
        entry = document["orderItems"][0]
        entry["quantityOrdered"] = 0
        entry["fulfillment"] = {"quantityFulfilled": 0, "quantityUnfulfilled": 0}
        line = read(document).lines[0]
        assert (line.quantity, line.cancelled) == (1, 1)

    def test_called_off_units_are_those_that_neither_left_nor_wait(self):
        assert [line.cancelled for line in read(sample("partly_cancelled")).lines] == [1, 0]
        document = sample("partly_cancelled")
        del document["orderItems"][0]["fulfillment"]
        assert [line.cancelled for line in read(document).lines] == [3, 0]

    @pytest.mark.parametrize("priced", ["40.00", "60.00"])
    def test_the_price_of_a_unit_stays_whichever_units_the_sum_is_for(self, priced):
        document = sample("partly_cancelled")
        document["orderItems"][0]["proceeds"]["breakdowns"][0]["subtotal"]["amount"] = priced
        assert read(document).lines[0].unit_price == Decimal("20.00")

    @pytest.mark.parametrize("units", [-1, "3", 2.5, True, None])
    def test_a_count_that_is_none_is_not_read(self, units):
        document = sample("tax_within")
        document["orderItems"][0]["quantityOrdered"] = units
        assert isinstance(mapping.order(document), Unreadable)


class TestWords:
    @pytest.mark.parametrize(("status", "state"), mapping.STATES.items())
    def test_every_status_of_the_model_has_its_state(self, status, state):
        document = sample("tax_within")
        document["fulfillment"]["fulfillmentStatus"] = status
        assert read(document).state == state

    def test_the_model_has_no_other_status(self):
        model = json.loads(shared("specs", "amazon", "orders_2026-01-01.json").read_text("utf-8"))
        assert set(mapping.STATES) == set(model["definitions"]["FulfillmentStatus"]["enum"])

    def test_amazon_writes_the_invoice_itself_where_it_says_so(self):
        document = sample("business")
        document["programs"].append("INVOICE_BY_AMAZON")
        order = read(document)
        assert (order.wants_invoice, order.tags) == (False, ("business", "invoice-by-amazon"))

    def test_a_parcel_on_its_way_is_not_delivered(self):
        document = sample("delivered")
        document["packages"].append({"packageReferenceId": "3",
                                     "packageStatus": {"status": "IN_TRANSIT"}})
        assert read(document).state == "shipped"

    def test_a_reference_keeps_whatever_a_sku_is_made_of(self):
        document = sample("tax_within")
        document["orderItems"][0]["product"]["sellerSku"] = "KUB/EK 100%, 2"
        line = read(document).lines[0]
        assert line.offer_ref == f"{sums.marketplace(document)}/KUB/EK 100%, 2"
