"""PrestaShop's orders in the SDK's terms: states, sums to the grosz, people, lockers."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from defusedxml.ElementTree import parse
from oms_connector import Order, Unreadable
from oms_prestashop import parties, sums

from tests.contract.prestashop_standin import PrestaShop, read
from tests.contract.vendor_spec import shared

ASSOCIATIONS = "associations"


@pytest.fixture
def papers():
    """A paid order of a company for two mugs at 19.99, sent for 12.30."""
    assert PrestaShop.samples is not None
    return json.loads((PrestaShop.samples / "paid-by-a-company.json").read_text("utf-8"))


def mapped(papers, **changes) -> Order:
    """The order, with some of its fields otherwise."""
    document = deepcopy(papers)
    document["order"].update(changes)
    found = read(document)
    assert isinstance(found, Order), found
    return found


def adds_up(order: Order) -> bool:
    goods = sum(line.unit_price * (line.quantity - line.cancelled) for line in order.lines)
    return goods + order.shipping - order.discount == order.total


def vendors(name: str) -> Any:
    """A document that a seller's program got as XML, as the same shop would say it in JSON."""
    root = parse(shared("data", "payloads", "prestashop", f"{name}.xml")).getroot()
    return _json(root[0])


def _json(node: Any) -> Any:
    found: dict[str, Any] = {}
    for one in node:
        if one.tag == ASSOCIATIONS:
            rows = {part.tag: [_json(row) for row in part] for part in one if len(part)}
            found |= {ASSOCIATIONS: rows} if rows else {}
        else:
            found[one.tag] = one.text or ""
    return found


class TestOthersSamples:
    """What other people's programs recorded of real shops."""

    def test_an_order_of_a_shop_of_2019_has_the_totals_that_it_says(self):
        order = vendors("orders_5")
        found = read({
            "order": order, "details": [vendors(f"order_details_{one}") for one in (13, 14, 15)],
            "ship_to": vendors("addresses_4"), "bill_to": vendors("addresses_4"),
            "known": {"countries": [{"id": 21, "iso_code": "US"}], "settings": {},
                      "zone": "America/New_York", "carriers": [vendors("carriers_2")]}})
        assert isinstance(found, Order), found
        assert (found.external_id, found.number, found.state) == ("5", "KHWLILZLL", "unpaid")
        assert [(line.sku, line.quantity, line.unit_price) for line in found.lines] == [
            ("demo_1", 1, Decimal("16.51")), ("demo_2", 1, Decimal("27.00")),
            ("demo_3", 1, Decimal("26.00"))]
        assert (found.shipping, found.total) == (Decimal("2.00"), Decimal("71.51"))
        assert adds_up(found)
        assert (found.ship_to.name, found.ship_to.company, found.ship_to.country) == (
            "John DOE", "My Company", "US")
        assert found.delivery_method == "My carrier"
        assert found.placed_at.isoformat() == "2019-01-30T06:02:12+00:00"

    def test_orders_of_a_shop_of_2026_have_the_totals_that_they_say(self):
        path = shared("data", "samples", "prestashop_orders_webservice_live.json")
        document = json.JSONDecoder().raw_decode(path.read_text("utf-8"))[0]
        for order in document["orders"]:
            rows = order[ASSOCIATIONS]["order_rows"]
            details = [{**row, "id_order": order["id"], "total_price_tax_incl": str(
                Decimal(row["unit_price_tax_incl"]) * row["product_quantity"])} for row in rows]
            found = read({"order": order, "details": details})
            assert isinstance(found, Order), found
            assert found.total == Decimal(order["total_paid_tax_incl"]).quantize(Decimal("0.01"))
            assert adds_up(found)
            assert [line.quantity for line in found.lines] == [
                row["product_quantity"] for row in rows]
            assert found.state == {6: "cancelled", 1: "unpaid"}[order["current_state"]]

    def test_a_single_thing_without_its_zeros_is_not_taken_for_an_order(self):
        path = shared("data", "samples", "prestashop_order_webservice_live.json")
        order = json.JSONDecoder().raw_decode(path.read_text("utf-8"))[0]
        assert "id_carrier" not in order  # PrestaShop leaves zeros out where "display" is not told
        found = read({"order": order, "details": []})
        assert isinstance(found, Unreadable)


class TestStates:
    @pytest.mark.parametrize(("number", "state"), [
        (1, "unpaid"), (2, "ready"), (3, "ready"), (4, "shipped"), (5, "delivered"),
        (6, "cancelled"), (7, "cancelled"), (8, "unpaid"), (9, "ready"), (10, "unpaid")])
    def test_each_of_prestashops_own_has_its_state(self, papers, number, state):
        assert mapped(papers, current_state=number).state == state

    @pytest.mark.parametrize("field", [
        "id", "id_currency", "current_state", "date_add", "total_paid_tax_incl"])
    def test_what_must_be_there_is_missed(self, papers, field):
        del papers["order"][field]
        found = read(papers)
        assert isinstance(found, Unreadable)
        assert found.field == field
        assert json.loads(found.raw)["details"]

    def test_goods_that_are_downloaded_need_no_carrier_and_no_address(self, papers):
        del papers["ship_to"]
        order = mapped(papers, id_carrier=0, id_address_delivery=0)
        assert (order.delivery_method, order.ship_to.city) == ("", "Łódź")

    def test_a_carrier_named_zero_is_the_shop_itself(self, papers):
        papers["known"] = {"carriers": [{"id": 8, "name": "0"}]}
        assert mapped(papers, id_carrier=8).delivery_method == "Sklep Ewy"


class TestMoney:
    @pytest.mark.parametrize(("gross", "count", "unit", "discount"), [
        ("10.000000", 3, "3.34", "0.02"), ("19.990000", 1, "19.99", "0"),
        ("1.000000", 7, "0.15", "0.05"), ("25.117600", 1, "25.12", "0"), ("0", 2, "0.00", "0")])
    def test_a_unit_is_rounded_up_and_the_rest_is_a_discount(
            self, papers, gross, count, unit, discount):
        papers["details"][0] |= {"total_price_tax_incl": gross, "product_quantity": count}
        total = Decimal(gross).quantize(Decimal("0.01")) + Decimal("12.30")
        order = mapped(papers, total_paid_tax_incl=str(total))
        assert (order.lines[0].unit_price, order.discount) == (Decimal(unit), Decimal(discount))
        assert adds_up(order)

    @pytest.mark.parametrize("total", ["52.270000", "52.290000", "2.280000"])
    def test_a_grosz_is_found_again_and_what_a_module_took_off_is_a_discount(self, papers, total):
        assert adds_up(mapped(papers, total_paid_tax_incl=total))

    def test_a_total_that_nothing_explains_is_left_for_a_person(self, papers):
        order = mapped(papers, total_paid_tax_incl="152.280000")
        assert order.total == Decimal("152.28")
        assert not adds_up(order)

    @pytest.mark.parametrize(("module", "payment", "kind"), [
        ("ps_cashondelivery", "Za pobraniem", "cod"), ("cashondelivery", "COD", "cod"),
        ("codfee", "x", "cod"), ("inpost_cod", "x", "cod"), ("custom", "Płatność przy odbiorze",
                                                             "cod"),
        ("ps_wirepayment", "Przelew", "prepaid"), ("codebreaker", "Barcode Pay", "prepaid")])
    def test_on_delivery_is_known_by_the_module_or_by_its_name(
            self, papers, module, payment, kind):
        assert mapped(papers, module=module, payment=payment).payment_kind == kind

    def test_money_for_several_orders_of_one_basket_counts_by_the_orders_own_sum(self, papers):
        papers["payments"][0]["amount"] = "152.280000"
        [payment] = mapped(papers).payments
        assert (payment.amount, payment.reference) == (
            Decimal("52.28"), f"{papers['order']['id']}/paid")

    def test_what_costs_nothing_is_paid(self, papers):
        papers["payments"] = []
        papers["details"][0]["total_price_tax_incl"] = "0"
        order = mapped(papers, total_paid_tax_incl="0", total_paid_real="0",
                       total_shipping_tax_incl="0", current_state=10)
        assert (order.paid, order.total) == (True, 0)


class TestVat:
    @pytest.mark.parametrize(("rate", "name", "code"), [
        ("23.000", "PTU", "23"), ("8.000", "PTU", "8"), ("20.000", "TVA", "20"),
        ("5.500", "TVA", "5.5"), ("0.000", "PTU 0%", "0"), ("0.000", "PTU zw", "zw")])
    def test_the_rate_is_that_of_the_tax_and_not_worked_out_of_prices(
            self, papers, rate, name, code):
        papers["known"] = {"taxes": [{"id": 1, "rate": rate, "name": name}]}
        assert mapped(papers).lines[0].vat_rate == code

    def test_two_taxes_or_none_are_no_rate(self, papers):
        line = papers["details"][0]
        line[ASSOCIATIONS] = {"taxes": [{"id": 1}, {"id": 2}]}
        assert mapped(papers).lines[0].vat_rate == ""
        del line[ASSOCIATIONS]
        assert mapped(papers).lines[0].vat_rate == ""


class TestPeople:
    @pytest.mark.parametrize(("where", "field", "told", "number"), [
        ("bill_to", "vat_number", "PL5260250274", "PL5260250274"),
        ("bill_to", "dni", "526-025-02-74", "526-025-02-74"),
        ("customer", "siret", "5260250274", "5260250274"), ("bill_to", "dni", "ABC123", "")])
    def test_a_tax_number_is_found_where_shops_ask_for_it(
            self, papers, where, field, told, number):
        papers["bill_to"]["vat_number"] = ""
        papers[where][field] = told
        order = mapped(papers)
        assert (order.tax_id, order.wants_invoice) == (number, bool(number))

    def test_who_buys_as_a_guest_has_no_number_as_it_is_another_each_time(self, papers):
        assert mapped(papers).buyer_ref
        papers["customer"]["is_guest"] = "1"
        assert mapped(papers).buyer_ref == ""

    def test_a_customer_who_was_deleted_leaves_the_names_of_the_addresses(self, papers):
        del papers["customer"]
        order = mapped(papers)
        assert (order.buyer_name, order.buyer_email) == ("Ewa Wzorcowa", "")

    def test_a_mobile_number_before_another(self, papers):
        papers["ship_to"] |= {"phone": "12 345 67 89", "phone_mobile": "+48600700800"}
        assert mapped(papers).ship_to.phone == "+48600700800"

    def test_what_employees_write_to_each_other_is_no_note_of_the_buyer(self, papers):
        assert mapped(papers).buyer_note == "Proszę o fakturę przed wysyłką"

    @pytest.mark.parametrize(("told", "code"), [
        ("Paczkomat: KRA01A", "KRA01A"), ("paczkomat InPost WAW22N, Lipowa 3", "WAW22N"),
        ("Punkt odbioru PL12345", "PL12345"), ("DPD Pickup: PL16065", "PL16065"),
        ("Automat GDA-017", "GDA-017"), ("przy Paczkomacie", ""), ("Lipowa 7 m. 3", ""),
        ("paczkomat", ""), ("blok KRA01A", "")])
    def test_a_locker_in_an_address_or_a_note(self, told, code):
        assert parties.point(told) == code

    def test_a_message_in_the_wrong_language_is_the_first_that_says_anything(self, papers):
        papers["known"] = {"states": [{
            "id": 2, "paid": "1", "name": [{"id": 1, "value": ""}, {"id": 2, "value": "Paid"}]}]}
        assert mapped(papers).raw_status == "Paid"


def test_no_units_of_a_line_are_not_guessed_at(papers):
    for told in (0, -1, "1.5", None, True):
        papers["details"][0]["product_quantity"] = told
        found = read(papers)
        assert isinstance(found, Unreadable)
        assert found.field == "product_quantity"


def test_units_of_a_credit_slip_without_lines_are_none():
    assert sums.units_of({"id": 1}) == {}
