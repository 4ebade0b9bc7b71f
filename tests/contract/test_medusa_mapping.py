"""Medusa's orders in the SDK's terms: states, sums to the grosz, people, what shops keep beside."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal

import pytest
from oms_connector import Order, Unreadable
from oms_medusa import mapping
from oms_medusa.mapping import Ways
from oms_medusa.reading import decoded

from tests.contract.medusa_rows import order_row
from tests.contract.medusa_shop import Shop
from tests.contract.medusa_standin import Medusa
from tests.contract.vendor_spec import shared


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def mug(shop):
    return shop.variant("KUBEK", "19.99", stock=100)


def mapped(row, way=None) -> Order:
    found = mapping.order(decoded(json.dumps(row).encode()), way)
    assert isinstance(found, Order), found
    return found


def read(shop, ref, way=None, **changes) -> Order:
    return mapped({**deepcopy(order_row(shop, shop.orders[ref])), **changes}, way)


def adds_up(order: Order) -> bool:
    goods = sum((line.unit_price * line.quantity for line in order.lines), Decimal(0))
    return goods + order.shipping - order.discount == order.total


class TestSamples:
    @pytest.mark.parametrize("file", sorted(
        one for one in Medusa.samples.glob("*.json") if not one.stem.endswith(".order")),
        ids=lambda file: file.stem)
    def test_every_sample_adds_up(self, file):
        assert adds_up(mapped(json.loads(file.read_text("utf-8"))))

    def test_the_order_that_a_real_shop_gave(self):
        row = json.loads(shared("data", "samples", "medusa_order_admin_api.json")
                         .read_text("utf-8"))
        row["currency_code"] = "pln"  # the sample was taken without it
        order = mapped(row)
        assert (order.total, order.state, order.number) == (Decimal("115.79"), "shipped", "1")
        assert [(one.amount, one.reference[:4]) for one in order.payments] == [
            (Decimal("115.79"), "capt")]
        [line] = order.lines
        assert (line.quantity, line.unit_price, line.ean) == (2, Decimal("49.9"), "5901234179401")
        assert order.ship_to.company == "ACME sp. z o.o."
        assert adds_up(order)


class TestStates:
    def test_from_promised_money_to_delivery(self, shop, mug):
        ref = shop.buy((mug, 2))
        assert read(shop, ref).state == "unpaid"
        shop.pay(ref)
        assert read(shop, ref).state == "ready"
        shop.pack(ref, {shop.orders[ref]["items"][0]["id"]: 1})
        assert read(shop, ref).state == "ready"
        shop.ship(ref)
        assert (read(shop, ref).state, read(shop, ref).shipped_at) == ("shipped", shop.now)
        for made in shop.orders[ref]["fulfillments"]:
            shop.deliver(ref, made["id"])
        assert read(shop, ref).state == "delivered"

    def test_half_of_it_sent_is_not_sent(self, shop, mug):
        ref = shop.sell((mug, 2))
        made = shop.pack(ref, {shop.orders[ref]["items"][0]["id"]: 1})
        shop.send(ref, made["id"])
        assert read(shop, ref).state == "ready"

    def test_on_delivery_nothing_is_paid_and_it_may_leave(self, shop, mug):
        for provider, way in (("pp_cod_courier", Ways()), ("pp_system_default",
                              Ways(cod=frozenset({"pp_system_default"})))):
            order = read(shop, shop.buy((mug, 1), provider=provider), way)
            assert (order.state, order.payment_kind, order.paid) == ("ready", "cod", False)

    def test_promised_money_is_enough_where_the_seller_says_so(self, shop, mug):
        ref = shop.buy((mug, 1))
        assert read(shop, ref).paid is False
        order = read(shop, ref, mapping.ways({"authorised": "1"}))
        assert (order.state, order.paid) == ("ready", True)
        row = order_row(shop, shop.orders[ref])
        row["payment_collections"][0]["status"] = "canceled"
        assert mapped(row, mapping.ways({"authorised": "1"})).state == "unpaid"

    def test_a_part_of_the_money_is_not_all(self, shop, mug):
        ref = shop.buy((mug, 1))
        shop.pay(ref, "5.00")
        order = read(shop, ref)
        assert (order.state, [one.amount for one in order.payments]) == (
            "unpaid", [Decimal("5.00")])

    def test_what_needs_no_delivery_does_not_keep_an_order_open(self, shop, mug):
        card = shop.variant("KARTA", "50.00", stock=None)
        ref = shop.sell((mug, 1), (card, 1))
        shop.orders[ref]["items"][1]["requires_shipping"] = False
        made = shop.pack(ref, {shop.orders[ref]["items"][0]["id"]: 1})
        shop.send(ref, made["id"])
        assert read(shop, ref).state == "shipped"

    @pytest.mark.parametrize("status", ["requires_action", "archived", "completed", "draft"])
    def test_words_that_medusa_has(self, shop, mug, status):
        assert read(shop, shop.sell((mug, 1)), status=status).state == "ready"

    def test_a_word_that_it_has_not(self, shop, mug):
        row = order_row(shop, shop.orders[shop.sell((mug, 1))]) | {"status": "on_the_moon"}
        found = mapping.order(decoded(json.dumps(row).encode()))
        assert isinstance(found, Unreadable)
        assert (found.field, "on_the_moon" in found.reason) == ("status", True)


class TestMoney:
    def test_numbers_never_are_floats(self, shop):
        cheap = shop.variant("TANI", "0.10", stock=9)
        order = read(shop, shop.sell((cheap, 3), shipping="0.20"))
        assert (str(order.total), str(order.lines[0].unit_price)) == ("0.50", "0.10")

    def test_a_discount_that_does_not_divide(self, shop, mug):
        ref = shop.buy((mug, 3))
        shop.orders[ref]["items"][0]["off"] = Decimal("9.98")
        order = read(shop, ref)
        assert (order.lines[0].unit_price, order.discount) == (Decimal("16.67"), Decimal("0.02"))
        assert adds_up(order)

    def test_a_total_that_nothing_explains_is_left_as_it_is(self, shop, mug):
        order = read(shop, shop.sell((mug, 1)), total=99)
        assert order.total == 99
        assert not adds_up(order)

    def test_calling_off_pays_back_and_the_order_still_says_what_was_asked_for(self, shop, mug):
        ref = shop.sell((mug, 2))
        shop.cancel(ref)
        assert order_row(shop, shop.orders[ref])["total"] == 0
        order = read(shop, ref)
        assert (order.state, order.total) == ("cancelled", Decimal("52.28"))
        assert [one.amount for one in order.payments] == [Decimal("52.28"), Decimal("-52.28")]
        assert adds_up(order)

    def test_all_money_given_back_before_sending_is_calling_off(self, shop, mug):
        ref = shop.sell((mug, 2))
        shop.refund(ref)
        order = read(shop, ref)
        assert (order.state, order.total) == ("cancelled", Decimal("52.28"))
        assert adds_up(order)

    def test_what_the_seller_waives_lowers_the_order(self, shop, mug):
        ref = shop.sell((mug, 2))
        shop.refund(ref, "10")
        order = read(shop, ref)
        assert (order.state, order.total, order.discount) == (
            "ready", Decimal("42.28"), Decimal(10))
        assert sum(one.amount for one in order.payments) == order.total

    def test_what_came_back_stays_in_the_order_and_its_refund_out_of_it(self, shop, mug):
        ref = shop.sell((mug, 2))
        shop.ship(ref)
        before = read(shop, ref)
        shop.take_back(shop.ask_back(ref, 1))
        shop.refund(ref, "19.99")
        row = order_row(shop, shop.orders[ref])
        assert (row["total"], row["items"][0]["total"]) == (32.29, 19.99)
        after = read(shop, ref)
        assert (after.lines, after.total, after.payments) == (
            before.lines, before.total, before.payments)

    def test_of_a_line_that_came_back_whole_the_price_is_still_known(self, shop, mug):
        ref = shop.sell((mug, 2))
        shop.ship(ref)
        before = read(shop, ref)
        shop.take_back(shop.ask_back(ref, 2))
        assert read(shop, ref).lines == before.lines
        assert adds_up(read(shop, ref))

    @pytest.mark.parametrize(("code", "rate", "wanted"), [
        ("vat", "23", "23"), ("vat8", "8", "8"), ("zw", "0", "zw"), ("vat", "5.5", "5.5"),
        ("", "23", ""), ("vat", "100", "100"),
    ])
    def test_rates_of_tax(self, shop, mug, code, rate, wanted):
        ref = shop.sell((mug, 1))
        shop.orders[ref]["items"][0] |= {"code": code, "rate": Decimal(rate)}
        assert read(shop, ref).lines[0].vat_rate == wanted

    def test_a_payment_makes_another_revision_though_the_stamp_stands(self, shop, mug):
        ref = shop.buy((mug, 1))
        before = read(shop, ref)
        shop.now = shop.now.replace(minute=45)
        shop.pay(ref)
        after = read(shop, ref)
        assert after.updated_at == before.updated_at
        assert after.revision > before.revision


class TestPeople:
    def test_a_firm_with_its_tax_number_and_a_locker(self, shop, mug):
        ref = shop.sell((mug, 1))
        shop.orders[ref] |= {"metadata": {"customerNote": "Dzwonić", "chce_fakture": "tak"}}
        shop.orders[ref]["billing_address"] |= {
            "company": "Wzorowa sp. z o.o.", "metadata": {"vatNumber": "PL5260001246"}}
        shop.orders[ref]["shipping_methods"][0] |= {
            "name": "Paczkomat InPost", "data": {"targetPoint": {"name": "KRA01M", "lat": 50.1}}}
        order = read(shop, ref)
        assert (order.buyer_company, order.tax_id, order.wants_invoice) == (
            "Wzorowa sp. z o.o.", "PL5260001246", True)
        assert (order.pickup_point, order.carrier, order.buyer_note) == (
            "KRA01M", "InPost", "Dzwonić")
        assert (order.ship_to.street, order.ship_to.country) == ("Lipowa 7 m. 3", "PL")

    def test_words_that_are_no_tax_number_and_no_locker(self, shop, mug):
        order = read(shop, shop.sell((mug, 1)), metadata={
            "vat": "yes", "pickup_point": "the shop round the corner", "invoice": "no"})
        assert (order.tax_id, order.pickup_point, order.wants_invoice) == ("", "", False)

    @pytest.mark.parametrize("gone", ["shipping_address", "billing_address", "customer"])
    def test_what_is_missing(self, shop, mug, gone):
        order = read(shop, shop.sell((mug, 1)), **{gone: None})
        assert order.buyer_name == "Ewa Wzorcowa"
        assert order.ship_to.city == "Kraków"

    def test_an_order_without_any_address(self, shop, mug):
        order = read(shop, shop.sell((mug, 1)), shipping_address=None, billing_address=None)
        assert (order.ship_to.city, order.bill_to, order.buyer_email) == (
            "", None, "ewa@example.com")

    def test_another_number_than_the_running_one(self, shop, mug):
        assert read(shop, shop.sell((mug, 1)), custom_display_id="PL-7").number == "PL-7"
