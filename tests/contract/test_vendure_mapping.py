"""What becomes of Vendure's orders: states that lag, prices, parties, and the schema itself."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, GraphQLUnionType
from oms_connector import Order, Unreadable
from oms_connector.testing import Request
from oms_vendure import mapping
from oms_vendure.terms import terms

from tests.contract import vendure_spec
from tests.contract.vendor_spec import shared
from tests.contract.vendure_shop import MONDAY
from tests.contract.vendure_standin import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


@pytest.fixture
def mug(there):
    return there.shop.variant("KUBEK", 1999, stock=50)


def fetched(there, number, **settings):
    [found] = there.connector(**settings).fetch_orders([number])
    return found


def adds_up(order):
    goods = sum(one.unit_price * (one.quantity - one.cancelled) for one in order.lines)
    return goods + order.shipping - order.discount == order.total


class TestStates:
    @pytest.mark.parametrize(("name", "state"), [
        ("PaymentAuthorized", "unpaid"), ("PaymentSettled", "ready"),
        ("PartiallyShipped", "ready"), ("Shipped", "shipped"), ("PartiallyDelivered", "shipped"),
        ("Delivered", "delivered"), ("Modifying", "unpaid"),
        ("ArrangingAdditionalPayment", "unpaid"), ("Cancelled", "cancelled"),
        ("ArrangingPayment", "unpaid")])
    def test_the_default_process(self, there, mug, name, state):
        number = there.shop.buy((mug, 1))
        there.shop.orders[number]["state"] = name
        assert fetched(there, number).state == state

    def test_a_state_of_the_shops_own_is_put_aside_until_somebody_says_what_it_means(
            self, there, mug):
        number = there.shop.buy((mug, 1))
        there.shop.orders[number]["state"] = "Engraving"
        found = fetched(there, number)
        assert isinstance(found, Unreadable)
        assert found.field == "state"
        assert fetched(there, number, ready_states="X, Engraving").state == "ready"
        assert fetched(there, number, shipped_states="Engraving").state == "shipped"

    def test_the_settings_may_say_that_authorised_money_is_enough(self, there, mug):
        number = there.shop.buy((mug, 1), takes=False)
        assert fetched(there, number).state == "unpaid"
        assert fetched(there, number, ready_states="PaymentAuthorized").state == "ready"

    @pytest.mark.parametrize(("method", "settings", "kind"), [
        ("pobranie", {}, "cod"), ("cash-on-delivery", {}, "cod"), ("inpost_cod", {}, "cod"),
        ("codzienne", {}, "prepaid"), ("kurier-gotowka", {}, "prepaid"),
        ("kurier-gotowka", {"cod_methods": "x, Kurier-Gotowka"}, "cod")])
    def test_cash_on_delivery_by_its_code(self, there, mug, method, settings, kind):
        number = there.shop.buy((mug, 1), method=method, takes=False)
        found = fetched(there, number, **settings)
        assert (found.payment_kind, found.state) == (
            kind, "ready" if kind == "cod" else "unpaid")
        assert (found.paid, list(found.payments)) == (False, [])

    def test_what_is_left_over_and_called_off_leaves_a_sent_order(self, there, mug):
        number = there.shop.buy((mug, 3))
        line = there.shop.orders[number]["lines"][0]["id"]
        there.shop.move_parcel(there.shop.fulfil({line: 2}, "DPD", "1")["id"], "Shipped")
        there.shop.cancel(number, {line: 1})
        assert there.shop.orders[number]["state"] == "PartiallyShipped"
        found = fetched(there, number)
        assert (found.state, found.lines[0].cancelled) == ("shipped", 1)


class TestSums:
    @pytest.mark.parametrize("off", [0, 7, 33])
    @pytest.mark.parametrize("count", [1, 3, 7])
    def test_promotions_are_in_the_prices_and_all_adds_up(self, there, mug, off, count):
        bag = there.shop.variant("TORBA", 333)
        number = there.shop.buy((mug, count), (bag, 2), off=off)
        found = fetched(there, number)
        assert found.total == Decimal(there.shop.total_of(number)) / 100
        assert adds_up(found)
        assert found.discount < Decimal("0.10")

    def test_fees_are_shipping_with_a_name_and_negative_ones_a_discount(self, there, mug):
        number = there.shop.buy((mug, 1))
        there.shop.modify(number, surcharge=500)
        found = fetched(there, number)
        assert (found.shipping, found.tags) == (Decimal("20.99"), ("Pakowanie",))
        assert adds_up(found)
        there.shop.orders[number]["surcharges"][0]["priceWithTax"] = -700
        found = fetched(there, number)
        assert (found.shipping, found.discount) == (Decimal("15.99"), Decimal("7.00"))
        assert adds_up(found)

    def test_a_line_the_seller_made_longer(self, there, mug):
        number = there.shop.buy((mug, 1))
        there.shop.modify(number, quantity=4)
        found = fetched(there, number)
        assert (found.lines[0].quantity, found.lines[0].cancelled) == (4, 0)
        assert adds_up(found)

    def test_units_that_came_back_stay_in_the_sum(self, there, mug):
        number = there.shop.buy((mug, 3))
        before = fetched(there, number)
        there.shop.send(number)
        there.shop.cancel(number, {there.shop.orders[number]["lines"][0]["id"]: 2})
        found = fetched(there, number)
        assert (found.total, found.lines[0].cancelled) == (before.total, 0)
        assert adds_up(found)

    def test_a_cancelled_order_goes_on_saying_what_was_asked_for(self, there, mug):
        number = there.shop.buy((mug, 3))
        before = fetched(there, number)
        there.pass_time(60)
        there.shop.cancel(number, shipping=True)
        found = fetched(there, number)
        assert (found.state, found.total, found.lines) == ("cancelled", before.total, before.lines)
        assert found.cancelled_at == there.clock.now

    @pytest.mark.parametrize(("rate", "said", "code"), [
        (23, "VAT 23", "23"), (8, "", "8"), (5.5, "", "5.5"), (0, "VAT 0", "0"),
        (0, "ZW.", "zw"), (0, "Zwolnienie art. 113", "zw"), (0, "Tax exempt", "zw")])
    def test_rates(self, there, mug, rate, said, code):
        number = there.shop.buy((mug, 1))
        there.shop.orders[number]["lines"][0] |= {"taxRate": rate,
                                                  "taxLines": [{"description": said}]}
        assert fetched(there, number).lines[0].vat_rate == code

    def test_only_money_that_was_taken_counts_and_only_refunds_that_were_paid(self, there, mug):
        number = there.shop.buy((mug, 1))
        payment = there.shop.orders[number]["payments"][0]
        there.shop.orders[number]["payments"].insert(0, {**payment, "id": "77",
                                                         "state": "Declined"})
        there.shop.orders[number]["payments"].reverse()
        there.shop.refund(number, 500, "Pending")
        there.shop.refund(number, 300, "Failed")
        there.shop.refund(number, 200)
        amounts = [one.amount for one in fetched(there, number).payments]
        assert amounts == [Decimal("35.98"), Decimal("-2.00")]

    def test_an_order_that_costs_nothing_is_paid(self, there, mug):
        number = there.shop.buy((mug, 1), shipping=0, off=100, takes=None)
        there.shop.orders[number]["state"] = "PaymentSettled"
        found = fetched(there, number)
        assert (found.total, found.paid, list(found.payments)) == (Decimal("0.00"), True, [])

    def test_of_the_shop_that_was_run_for_the_facts(self):
        path = shared("data", "samples", "vendure_order_admin_api.json")
        row = json.loads(path.read_text("utf-8"))
        for line in row["lines"]:  # it was asked for other fields; without a promotion they agree
            line |= {"proratedLinePriceWithTax": line["discountedLinePriceWithTax"],
                     "proratedUnitPriceWithTax": line["unitPriceWithTax"]}
        for part in row["payments"]:
            part["updatedAt"] = row["updatedAt"]
        found = mapping.order(row, terms({}))
        assert isinstance(found, Order)
        assert (found.total, found.currency, found.state) == (Decimal("115.79"), "PLN", "shipped")
        assert adds_up(found)


class TestParties:
    def test_own_fields_are_asked_for_by_name_and_only_then(self, there, mug):
        there.line.looks = False
        there.wire.own = """
            extend type Order { customFields: OrderFields }
            type OrderFields { lockerId: String note: String }
            extend type OrderAddress { customFields: AddressFields }
            type AddressFields { nip: String }
        """
        number = there.shop.buy((mug, 1))
        order = there.shop.orders[number]
        order["customFields"] = {"lockerId": "KRA01M", "note": "Proszę o kokardkę."}
        order["shippingAddress"]["customFields"] = {"nip": "5260250274"}
        found = fetched(there, number, tax_field="address.nip", point_field="order.lockerId",
                        note_field="order.note")
        assert (found.tax_id, found.wants_invoice, found.pickup_point, found.buyer_note) == (
            "5260250274", True, "KRA01M", "Proszę o kokardkę.")
        assert fetched(there, number).tax_id == ""

    def test_an_address_for_the_invoice_only_where_there_is_another(self, there, mug):
        number = there.shop.buy((mug, 1))
        assert fetched(there, number).bill_to is None
        there.shop.orders[number]["billingAddress"]["company"] = "Przykład sp. z o.o."
        found = fetched(there, number)
        assert (found.bill_to.company, found.buyer_company) == ("Przykład sp. z o.o.",) * 2

    def test_an_order_without_buyer_and_address(self, there, mug):
        number = there.shop.buy((mug, 1), shipping=0, customer=None, shippingAddress=None)
        found = fetched(there, number)
        assert (found.buyer_name, found.ship_to.city, found.ship_to.phone) == ("", "", "")

    def test_an_address_without_a_phone_has_the_buyers(self, there, mug):
        number = there.shop.buy((mug, 1))
        there.shop.orders[number]["shippingAddress"]["phoneNumber"] = None
        assert fetched(there, number).ship_to.phone == "+48500600700"


class TestRevision:
    def test_it_only_grows_whatever_is_done(self, there, mug):
        number = there.shop.buy((mug, 3), method="przelew", takes=False)
        line = there.shop.orders[number]["lines"][0]["id"]
        seen = [fetched(there, number).revision]
        for act in (lambda: there.shop.settle(number),
                    lambda: there.shop.modify(number, street="Polna 2"),
                    lambda: there.shop.transition(number, "ReadyToPick"),
                    lambda: there.shop.cancel(number, {line: 1}),
                    lambda: there.shop.send(number), lambda: there.shop.refund(number, 100)):
            there.pass_time(2)
            act()
            seen.append(fetched(there, number, ready_states="ReadyToPick").revision)
        assert seen == sorted(set(seen))

    def test_what_was_read_to_change_an_order_has_the_same(self, there, mug):
        number = there.shop.buy((mug, 3))
        there.pass_time(2)
        there.shop.send(number)
        found = fetched(there, number)
        there.connector().push_status(number, "Shipped", found.revision)  # no conflict
        assert found.placed_at == MONDAY


class TestSchema:
    def test_ours_says_what_the_vendors_says(self):
        shared("specs", "vendure")
        vendors = vendure_spec.schema(vendure_spec.VENDORS)
        for name, ours in vendure_spec.schema(vendure_spec.OURS).type_map.items():
            theirs = vendors.type_map[name]
            assert type(ours) is type(theirs), name
            if isinstance(ours, GraphQLEnumType):
                assert set(ours.values) <= set(theirs.values), name
            elif isinstance(ours, GraphQLUnionType):
                assert {one.name for one in ours.types} <= {one.name for one in theirs.types}
            elif isinstance(ours, GraphQLObjectType | GraphQLInputObjectType) \
                    and not name.startswith("__"):
                for field, one in ours.fields.items():
                    assert str(one.type) == str(theirs.fields[field].type), f"{name}.{field}"
                    for arg, told in getattr(one, "args", {}).items():
                        assert str(told.type) == str(theirs.fields[field].args[arg].type)

    @pytest.mark.parametrize(("document", "variables", "complaint"), [
        ("query Q { ordres { items { id } } }", {}, "ordres"),
        ("query Q { orders { items { id totalWithVat } } }", {}, "totalWithVat"),
        ("query Q($o: OrderListOptions) { orders(options: $o) { totalItems } }",
         {"o": {"filter": {"updated": {}}}}, "updated"),
        ("query Q($o: OrderListOptions) { orders(options: $o) { totalItems } }",
         {"p": 1}, "$p is not in the document"),
        ("mutation M { a: updateProductVariants(input: []) { id } "
         "b: updateProductVariants(input: []) { id } }", {}, "several things"),
        ("query Q { orders {", {}, "no GraphQL"),
    ])
    def test_the_witness_sees_what_is_wrong(self, document, variables, complaint):
        body = json.dumps({"query": document, "variables": variables}).encode()
        right = Request("POST", "https://sklep.example/admin-api", {
            "content-type": "application/json", "vendure-api-key": "x"}, body)
        assert any(complaint in one for one in vendure_spec.violations(right))

    def test_the_witness_sees_who_does_not_say_who_asks(self):
        body = json.dumps({"query": "query Q { orders { totalItems } }", "variables": {}}).encode()
        asked = Request("POST", "https://sklep.example/admin-api",
                        {"content-type": "application/json"}, body)
        assert vendure_spec.violations(asked) == ["nobody says who asks"]
        signed = replace(asked, headers={**asked.headers, "authorization": "Bearer x"})
        assert vendure_spec.violations(signed) == []
