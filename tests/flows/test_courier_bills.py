"""A courier's invoice: read, held against labels, kept once; and the profit it leads to."""

from __future__ import annotations

import io
from datetime import date

import pytest
from sqlalchemy import select, update

from oms_web.core.errors import Invalid
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import earnings, fees
from oms_web.domain.payments.courier import bills, queries
from oms_web.domain.payments.courier.bills import Charged
from oms_web.domain.payments.courier.models import CourierCharge
from oms_web.domain.shipping import label_queries
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.planning import Wanted
from oms_web.flows import courier_bill_in, label, ship
from oms_web.flows.courier_bill_in import TakenIn
from tests.conftest import TESTER
from tests.sync.carrier import Depot

BILL = """Faktura 12/2026;;;;
Nr przesyłki;Data nadania;Waga [kg];Kwota netto;Numer faktury
6200001;28.11.2026;1,25;10,00;F/12
6200001;28.11.2026;;1,90;F/12
6200002;28.11.2026;0.5 kg;12,50 ;F/12
;;;24,40;
"""


def test_lines_of_one_parcel_are_one_charge():
    assert [(one.tracking, one.amount, one.weight_g, one.invoice) for one in
            bills.read(BILL.encode("cp1250"))] == [
        ("6200001", 1190, 1250, "F/12"), ("6200002", 1250, 500, "F/12")]


@pytest.mark.parametrize(("text", "why"), [
    ("a;b\n1;2\n", "No column"), ("", "No column"),
    ("tracking;net\n62;x\n", "Line 2"), ("tracking;net;waga\n6200001;1,00;ciężka\n", "weight"),
    ("tracking;net;waga\n6200001;1,00;-5\n", "weight"),
])
def test_a_file_that_is_none_is_refused(text, why):
    with pytest.raises(Invalid, match=why) as refused:
        bills.read(text.encode())
    assert refused.value.field == "file"


@pytest.mark.parametrize(("ours", "booked", "our_g", "before", "expected"), [
    (False, None, None, False, "stranger"), (True, 1190, 1000, False, "agreed"),
    (True, 1200, 500, False, "agreed"), (True, 1000, 1250, False, "dearer"),
    (True, 1000, 800, False, "heavier"), (True, 1000, None, False, "dearer"),
    (True, None, 2000, False, "agreed"), (True, None, 500, False, "heavier"),
    (True, 1190, 1250, True, "twice"),
])
def test_what_is_odd(ours, booked, our_g, before, expected):
    charged = Charged("6200001", 1190, weight_g=1250)
    assert bills.verdict(charged, ours, booked, our_g, before) == expected


def courier_fee(depot, order_id):
    with depot.works.reading(TESTER) as work:
        order = work.session.get_one(Order, order_id)
        return earnings.of(work.session, [order], label_queries.costs)[order_id].fees["courier"]


def test_a_label_costs_what_its_carrier_told_until_the_invoice_says_otherwise(both):
    depot = Depot(both)
    order_id = depot.order("A", {"KUB": 1})
    with depot.works.writing(TESTER) as work:
        fees.add(work, kind=fees.COURIER, account_id=None, method="", percent_bp=0, fixed=1190,
                 currency="PLN", valid_from=date(2020, 1, 1))
    depot.bought(order_id)
    assert courier_fee(depot, order_id) == 1190
    with depot.works.writing(TESTER) as work:
        work.session.execute(update(LabelBooking).values(price=1490))
    assert courier_fee(depot, order_id) == 1490
    with depot.works.writing(TESTER) as work:
        courier_bill_in.take(work, [Charged(depot.booking(1).tracking[0], 1234)], TakenIn())
    assert courier_fee(depot, order_id) == 1234


def test_parcels_and_return_labels_are_found_once_and_count_in_the_profit(both):
    depot = Depot(both)
    order_id = depot.order("A", {"KUB": 1})
    depot.do(ship.leave, depot.bought(order_id))
    back = depot.do(label.book_return, order_id,
                    Wanted(account_id=depot.carrier.id, service="door")).id
    depot.work()
    with depot.works.writing(TESTER) as work:
        work.session.execute(update(LabelBooking).values(price=1000))
        numbers = [one.tracking[0] for one in work.session.scalars(
            select(LabelBooking).order_by(LabelBooking.id))]
    lines = [Charged(numbers[0], 1234, weight_g=9000, invoice="F/1"),
             Charged(numbers[1].lower(), 900, invoice="F/1"), Charged("XX12345", 500)]

    def take(lines):
        told = TakenIn()
        with depot.works.writing(TESTER) as work:
            courier_bill_in.take(work, lines, told)
        return told.new, told.odd, told.strangers, told.known

    assert take(lines) == (3, 1, 1, 0)
    assert take(lines) == (0, 0, 0, 3)
    assert take([Charged(numbers[0], 1234, weight_g=9000, invoice="F/2")]) == (1, 1, 0, 0)
    with depot.works.reading(TESTER) as work:
        found = [(one.verdict, one.order_id, one.booked, one.our_g) for one in
                 work.session.scalars(select(CourierCharge).order_by(CourierCharge.id))]
        assert found == [
            ("heavier", order_id, 1000, 370), ("agreed", order_id, 1000, 370),
            ("stranger", None, None, None), ("twice", order_id, 1000, 370)]
        assert queries.too_much(work.session) == {"PLN": 234 + 1234}
    assert courier_fee(depot, order_id) == 1234 + 900 + 1234
    assert depot.booking(back).case_id is None


def test_the_screen_takes_a_file_in(oms, browser_as):
    owner = browser_as("owner")
    bad = owner.post("/payments/courier", data={"file": (io.BytesIO(b"x"), "x.csv")})
    assert bad.status_code == 422
    done = owner.post("/payments/courier", data={"file": (io.BytesIO(BILL.encode()), "x.csv")})
    assert done.status_code == 303
    page = owner.get("/payments/courier?view=strangers").get_data(as_text=True)
    assert "6200001" in page
    assert "1250 g" in page.replace(",", "").replace("\xa0", "")
    assert "Nothing here" in owner.get("/payments/courier").get_data(as_text=True)
