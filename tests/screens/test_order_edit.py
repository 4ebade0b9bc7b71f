"""Taking an order down and changing one: lines without a script, refusals at their fields."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from oms_web.core.actor import SYSTEM
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders.models import Order, OrderLine
from tests.benchmarks.counting import counted
from tests.floor import EANS, Floor

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
TYPED = {
    "buyer_name": "Jan Kowal", "buyer_phone": "600 100 200", "street": "Prosta 1",
    "postcode": "00001", "city": "Warszawa", "country": "PL", "currency": "PLN",
    "payment_kind": "cod", "key": "form-1",
}


@pytest.fixture
def floor(works):
    made = Floor(works)
    with works.writing(SYSTEM) as work:
        work.session.execute(update(Variant).where(Variant.sku == "KUB").values(price=3990))
    return made


@pytest.fixture
def clerk(floor, browser_as):
    return browser_as("sales")


def body(answer) -> str:
    assert answer.status_code < 500, answer.get_data(as_text=True)[-800:]
    return answer.get_data(as_text=True)


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", body(answer)).split())


def fields(answer, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', body(answer))


def lines(*rows: tuple[int, str, str]) -> dict[str, list]:
    return {"variant": [row[0] for row in rows], "quantity": [row[1] for row in rows],
            "price": [row[2] for row in rows]}


def orders(works) -> list[Order]:
    with works.reading(SYSTEM) as work:
        return list(work.session.scalars(select(Order)))


def test_products_are_added_by_scan_at_their_price_and_again_means_one_more(clerk, floor):
    one = clerk.post("/orders/new", data={**TYPED, "code": EANS["KUB"]})
    assert (fields(one, "variant"), fields(one, "quantity"), fields(one, "price")) == (
        [str(floor.ids["KUB"])], ["1"], ["39.90"])
    assert "free: 10" in text_of(one)
    two = clerk.post("/orders/new", data={
        **TYPED, **lines((floor.ids["KUB"], "1", "35")), "code": "KUB"}, headers=HTMX)
    assert (fields(two, "quantity"), fields(two, "price")) == (["2"], ["35"])
    assert "<html" not in body(two)
    assert 'value="Jan Kowal"' in body(two)


def test_an_unknown_code_says_so_and_loses_nothing(clerk, floor):
    answer = clerk.post("/orders/new", data={
        **TYPED, **lines((floor.ids["KUB"], "1", "35")), "code": "nothing like it"})
    assert "No product has the code nothing like it." in text_of(answer)
    assert fields(answer, "variant") == [str(floor.ids["KUB"])]


def test_a_position_is_removed(clerk, floor):
    answer = clerk.post("/orders/new", data={
        **TYPED, **lines((floor.ids["KUB"], "1", "35"), (floor.ids["PUZ"], "2", "10")),
        "remove": floor.ids["KUB"]})
    assert fields(answer, "variant") == [str(floor.ids["PUZ"])]


def test_it_is_stored_reserved_and_shown(clerk, floor, works):
    answer = clerk.post("/orders/new", data={
        **TYPED, **lines((floor.ids["KUB"], "2", "39,90")), "shipping": "12,50",
        "discount": "2,30", "carrier": "DPD", "origin": "telefon", "note": "dzwonek nie działa",
        "save": "order"})
    assert answer.status_code == 303
    (order,) = orders(works)
    assert answer.location == f"/orders/{order.id}"
    assert (order.total, order.carrier, order.external_number, order.queue) == (
        9000, "DPD", "telefon", "pick")
    assert order.ship_to["postcode"] == "00-001"
    assert order.ship_to["name"] == "Jan Kowal"
    assert floor.stock("KUB", "A-01") == (5, 2)
    assert "Jan Kowal" in text_of(clerk.get(answer.location))


def test_the_same_form_sent_twice_is_one_order(clerk, floor, works):
    data = {**TYPED, **lines((floor.ids["KUB"], "1", "10")), "save": "order"}
    first, second = clerk.post("/orders/new", data=data), clerk.post("/orders/new", data=data)
    assert first.location == second.location
    assert len(orders(works)) == 1


def test_a_draft_reserves_nothing_and_is_confirmed_from_its_card(clerk, floor, works):
    clerk.post("/orders/new", data={
        **TYPED, **lines((floor.ids["KUB"], "1", "10")), "save": "draft"})
    (order,) = orders(works)
    assert (order.phase, floor.stock("KUB", "A-01")) == ("draft", (5, 0))
    clerk.post(f"/orders/{order.id}/confirm")
    assert (floor.get(order.id).phase, floor.stock("KUB", "A-01")) == ("open", (5, 1))


@pytest.mark.parametrize(("wrong", "says"), [
    ({"quantity": ["0"]}, "At least one unit."), ({"quantity": ["two"]}, "not a whole number"),
    ({"price": ["-5"]}, "A price cannot be below nought."), ({"price": [""]}, "Not an amount"),
    ({"variant": [], "quantity": [], "price": []}, "Add at least one product."),
    ({"postcode": "1"}, "five digits"), ({"street": ""}, "Fill this in."),
    ({"buyer_name": ""}, "Give a name or a company."), ({"tax_id": "123"}, "A NIP has 10 digits"),
    ({"buyer_email": "jan"}, "An e-mail address looks like"),
    ({"discount": "9999"}, "The discount cannot be more"), ({"shipping": "x"}, "Not an amount: x"),
])
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(clerk, floor, works, wrong, says):
    answer = clerk.post("/orders/new", data={
        **TYPED, **lines((floor.ids["KUB"], "1", "10")), "save": "order", **wrong})
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert "600 100 200" in body(answer)
    assert orders(works) == []


def test_a_known_buyer_is_recognised_and_filled_in(clerk, floor):
    number = floor.order("A", {"KUB": 1}, buyer_name="Ewa Nowak", buyer_phone="+48 600 100 200")
    answer = clerk.post("/orders/new", data={"buyer_phone": "600100200", "currency": "PLN"})
    assert f"Ordered before: {number}" in text_of(answer)
    filled = body(clerk.post("/orders/new", data={"buyer_phone": "600100200", "like": number,
                                                  "currency": "PLN"}))
    assert 'value="Ewa Nowak"' in filled
    assert 'value="Prosta 1"' in filled
    assert 'value="Ewa Nowak"' in body(clerk.get(f"/orders/new?like={number}"))


def test_buyers_are_suggested_by_whatever_is_typed_of_them(clerk, floor, browser_as):
    floor.order("A", {"KUB": 1}, buyer_name="Ewa Nowak", buyer_phone="+48 600 100 200",
                buyer_email="ewa@example.test")
    last = floor.order("B", {"KUB": 1}, buyer_name="Ewa Nowak", buyer_phone="600100200",
                       buyer_email="Ewa@example.test")
    floor.order("C", {"KUB": 1}, buyer_name="Jan Nowacki", buyer_phone="700800900",
                buyer_email="j@x.test", buyer_company="Nowy Las", tax_id="5261040828")

    def suggested(field, text) -> list[str]:
        answer = clerk.get("/orders/buyers", query_string={"field": field, field: text})
        return re.findall(r'name="like" value="(\d+)"', body(answer))

    for field, text in (("buyer_name", "ewa now"), ("buyer_phone", "+48 600 1"),
                        ("buyer_email", "EWA@ex"), ("buyer_name", "Nowák e")):
        assert suggested(field, text) == [str(last)], text  # both orders are one buyer's
    assert len(suggested("buyer_name", "now")) == 2
    assert len(suggested("tax_id", "526-104")) == 1
    assert suggested("buyer_name", "no") == suggested("street", "Prosta") == []
    assert browser_as("warehouse").get("/orders/buyers?field=buyer_name&buyer_name=ewa"
                                       ).status_code == 403


def test_discounts_and_a_payment_that_was_seen(clerk, floor, works):
    data = {**TYPED, **lines((floor.ids["KUB"], "3", "10"), (floor.ids["PUZ"], "1", "20")),
            "cut": ["10%", "1,50"], "discount": "10%", "shipping": "15", "payment_kind": "paid",
            "payment_method": "BLIK"}
    assert "PLN 55.95" in text_of(clerk.post("/orders/new", data=data)).split("Total", 1)[1]
    draft = clerk.post("/orders/new", data={**data, "save": "draft"})
    assert "A draft cannot be paid yet." in text_of(draft)
    for wrong, says in (({"cut": ["101%", ""]}, "A percentage is from 0 to 100"),
                        ({"cut": ["31", ""]}, "more than what it is taken off"),
                        ({"discount": "-1"}, "A discount cannot be below nought.")):
        answer = clerk.post("/orders/new", data={**data, **wrong, "save": "order"})
        assert (answer.status_code, says in text_of(answer)) == (422, True), wrong
    assert orders(works) == []
    assert clerk.post("/orders/new", data={**data, "save": "order"}).status_code == 303
    (order,) = orders(works)
    assert (order.items_total, order.discount_total, order.total) == (4550, 455, 5595)
    assert (order.payment_state, order.paid_total, order.queue) == ("paid", order.total, "pick")
    with works.reading(SYSTEM) as work:
        assert [(row.unit_price, row.discount, row.total) for row in work.session.scalars(
            select(OrderLine).order_by(OrderLine.position))] == [
                (9_000_000, 300, 2700), (18_500_000, 150, 1850)]


def test_the_same_again_takes_buyer_and_goods_at_todays_price(clerk, floor):
    number = floor.order("A", {"KUB": 2, "PUZ": 1}, buyer_name="Ewa Nowak")
    shown = clerk.get(f"/orders/new?again={number}")
    assert (fields(shown, "quantity"), fields(shown, "price")) == (["2", "1"], ["39.90", "10.00"])
    assert 'value="Ewa Nowak"' in body(shown)
    assert f"again={number}" in body(clerk.get(f"/orders/{number}"))


def test_what_was_typed_is_there_until_it_is_an_order_or_thrown_away(clerk, floor, browser_as):
    data = {**TYPED, **lines((floor.ids["KUB"], "4", "9")), "note": "after five"}
    assert clerk.post("/orders/new/kept", data=data).status_code == 204
    back = clerk.get("/orders/new")
    assert "This is how you left it" in text_of(back)
    assert (fields(back, "quantity"), fields(back, "price")) == (["4"], ["9"])
    assert "after five" in body(back)
    assert "after five" not in body(browser_as("manager").get("/orders/new"))
    clerk.post("/orders/new/forget")
    assert "after five" not in body(clerk.get("/orders/new"))
    clerk.post("/orders/new/kept", data=data)
    clerk.post("/orders/new", data={**data, "save": "order"})
    clerk.post("/orders/new/kept", data=data)  # sent when the field was left, arrived late
    assert "This is how you left it" not in text_of(clerk.get("/orders/new"))


def test_a_shortage_is_said_before_it_is_stored(clerk, floor):
    answer = clerk.post("/orders/new", data={
        **TYPED, **lines((floor.ids["PUZ"], "7", "10"))})
    assert "free: 5 2 will be missing, the order will wait for them." in text_of(answer)


@pytest.mark.parametrize(("typed", "says"), [
    ({"quantity": ["99999"]}, "99,989 will be missing"),
    ({"quantity": ["123456789012345678"]}, "not a whole number"),
    ({"quantity": ["100001"]}, "At most 100,000 units."),
    ({"quantity": ["２"]}, "not a whole number"),
    ({"price": ["nan"]}, "Not an amount: nan"), ({"price": ["1e3"]}, "Not an amount: 1e3"),
    ({"price": ["9" * 20]}, "This amount is too large"),
    ({"shipping": "inf"}, "Not an amount: inf"),
    ({"discount": "10,01"}, "The discount cannot be more than the order costs."),
])
def test_what_is_odd_is_said_while_it_is_typed(clerk, floor, typed, says):
    data = {**TYPED, **lines((floor.ids["KUB"], "1", "10")), **typed}
    answer = clerk.post("/orders/new", data=data)
    assert answer.status_code == 200
    assert says in text_of(answer)
    sums = body(answer).split('id="order-sums"', 1)[1]
    assert ("<b>?</b>" in sums) == ("missing" not in says)


def test_a_missing_name_is_asked_for_once(clerk, floor):
    answer = clerk.post("/orders/new", data={"currency": "PLN", "payment_kind": "cod", "key": "k",
                                             "country": "PL", "save": "order"})
    assert text_of(answer).count("Give a name or a company.") == 1
    assert not re.search(r"<details open><summary>Goes to somebody else", body(answer))


def test_a_name_and_enter_take_the_one_product_or_offer_several(clerk, floor, works):
    with works.writing(SYSTEM) as work:
        for sku, words in (("KUB", "kubek niebieski"), ("PUZ", "kubek czerwony")):
            work.session.execute(update(Variant).where(Variant.sku == sku).values(search=words))
    one = clerk.post("/orders/new", data={**TYPED, "code": "Czerwony kubek"})
    assert fields(one, "variant") == [str(floor.ids["PUZ"])]
    many = clerk.post("/orders/new", data={**TYPED, "code": "kubek"})
    assert fields(many, "variant") == []
    assert "Choose one of these:" in text_of(many)
    assert "No product has" not in text_of(many)
    assert 'id="order-code-error" role="alert"' not in body(many)


def test_a_country_is_chosen_and_a_wrong_one_is_said_at_the_field(clerk, floor, works):
    shown = body(clerk.get("/orders/new"))
    chosen = shown.split('name="country"', 1)[1].split("</select>", 1)[0]
    assert '<option selected value="PL">Poland</option>' in chosen
    assert chosen.index('value="DE"') < chosen.index('value="US"')
    wrong = clerk.post("/orders/new", data={
        **TYPED, **lines((floor.ids["KUB"], "1", "10")), "country": "ZZ", "save": "order"})
    assert wrong.status_code == 422
    assert "There is no country ZZ." in text_of(wrong)
    assert orders(works) == []
    number = floor.order("A", {"KUB": 1})
    refused = clerk.post(f"/orders/{number}/edit/address", data={
        "name": "Ewa", "street": "Nowa 2", "postcode": "5", "city": "W", "country": "DE"})
    assert "A postcode of this country looks like 10115." in text_of(refused)


def test_an_order_to_a_pick_up_point_needs_no_street(clerk, floor):
    number = floor.order("A", {"KUB": 1}, pickup_point="WRO38M")
    shown = text_of(clerk.get(f"/orders/{number}/edit"))
    assert "Street and number (optional)" in shown
    assert "Town (optional)" in shown
    plain = text_of(clerk.get(f"/orders/{floor.order('B', {'KUB': 1})}/edit"))
    assert "Street and number (optional)" not in plain


def test_the_form_costs_the_same_for_many_positions(clerk, floor, oms):
    def cost(*rows) -> int:
        with counted(oms.engine) as found:
            clerk.post("/orders/new", data={**TYPED, **lines(*rows)})
        return len(found)

    few = cost((floor.ids["KUB"], "1", "1"))
    many = cost(*((floor.ids[sku], "1", "1") for sku in ("KUB", "PUZ", "SWI")))
    assert few == many


def test_address_buyer_and_delivery_are_changed_each_by_itself(clerk, floor):
    number = floor.order("A", {"KUB": 1})
    assert "Prosta 1" in body(clerk.get(f"/orders/{number}/edit"))
    clerk.post(f"/orders/{number}/edit/address", data={
        "name": "Ewa", "street": "Nowa 2", "postcode": "53332", "city": "Wrocław",
        "country": "PL"})
    clerk.post(f"/orders/{number}/edit/buyer", data={
        "buyer_name": "Ewa Nowak", "tax_id": "526-10-40-828", "wants_invoice": "y"})
    clerk.post(f"/orders/{number}/edit/delivery", data={
        "carrier": "DPD", "ship_by": "2026-11-27T18:00"})
    order = floor.get(number)
    assert order.ship_to["postcode"] == "53-332"
    assert (order.buyer_name, order.tax_id, order.wants_invoice) == (
        "Ewa Nowak", "5261040828", True)
    assert order.carrier == "DPD"
    assert f"{order.ship_by:%Y-%m-%d %H:%M}" == "2026-11-27 17:00"


def test_a_wrong_change_is_refused_at_its_field(clerk, floor):
    number = floor.order("A", {"KUB": 1})
    answer = clerk.post(f"/orders/{number}/edit/address", data={
        "name": "Ewa", "street": "", "postcode": "1", "city": "W", "country": "PL"})
    assert answer.status_code == 422
    assert re.search(r'name="postcode"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*'
                     r'name="postcode"', body(answer))
    assert floor.get(number).ship_to["street"] == "Prosta 1"


def test_what_is_packed_or_gone_is_not_changed(clerk, floor):
    number = floor.order("A", {"KUB": 1})
    floor.pack(number)
    assert clerk.get(f"/orders/{number}/edit").status_code == 409
    assert clerk.post(f"/orders/{number}/edit/buyer", data={"buyer_name": "X"}
                      ).status_code == 409


def test_roles(floor, browser_as, works):
    number = floor.order("A", {"KUB": 1})
    for role in ("warehouse", "reader", "accountant"):
        client = browser_as(role)
        assert client.get("/orders/new").status_code == 403
        assert client.post("/orders/new", data={**TYPED, "save": "order"}).status_code == 403
        assert client.get(f"/orders/{number}/edit").status_code == 403
    assert len(orders(works)) == 1
    with works.reading(SYSTEM) as work:
        assert len(work.session.scalars(select(OrderLine)).all()) == 1
