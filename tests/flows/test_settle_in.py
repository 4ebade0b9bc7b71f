"""Reports of payouts: read, kept once, and held against what was expected."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import order_lines
from oms_web.domain.payments.settling import owing, reports
from oms_web.domain.payments.settling.models import Settlement
from oms_web.domain.shipping import tracking
from oms_web.domain.shipping.models import Parcel, Shipment
from oms_web.flows import order_split, settle_in
from oms_web.flows.order_in import take_in
from oms_web.flows.settle_in import TakenIn
from tests import factories as make

NUMBER = "620000000000000000000001"
SAMPLES = Path(__file__).parents[1] / "decisions/bank_samples"
INPOST = """Rozliczenie pobrań;;;
Numer przesyłki;Data wypłaty;Kwota pobrania;Numer przelewu
620000000000000000000001;2026-11-28;20,00;P1
620000000000000000000009;2026-11-28;99,00;P1
;;119,00;
"""
ALLEGRO = (SAMPLES / "allegro.csv").read_text("utf-8")
BILLING = (SAMPLES / "allegro_billing.csv").read_text("utf-8")
AMAZON = "\t".join((
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount",
    "currency", "transaction-type", "order-id", "amount-type", "amount-description", "amount",
    "posted-date")) + "\n" + "\n".join("\t".join(row) for row in (
        ("77", "x", "x", "x", "17.00", "EUR", "", "", "", "", "", ""),
        ("77", "", "", "", "", "", "Order", "303-1", "ItemPrice", "Principal", "20.00",
         "2026-11-25"),
        ("77", "", "", "", "", "", "Order", "303-1", "ItemFees", "Commission", "-3.00",
         "2026-11-25")))


def kinds(text, encoding="utf-8"):
    shape, lines = reports.read(text.encode(encoding))
    return shape.key, [(one.kind, one.ref, one.amount, one.currency) for one in lines]


def test_each_report_is_known_by_its_heading():
    assert kinds(INPOST, "cp1250") == ("inpost", [
        ("cod", "620000000000000000000001", 2000, "PLN"),
        ("cod", "620000000000000000000009", 9900, "PLN")])
    assert kinds(ALLEGRO) == ("allegro", [
        ("sale", "A1", 2000, "PLN"), ("sale", "A2", 2900, "PLN"), ("other", "", -4900, "PLN")])
    assert kinds(BILLING) == ("allegro_billing", [
        ("fee", "0d4b1c2e-1111-11f0-9a01-0123456789ab", -246, "PLN")])
    assert kinds(AMAZON) == ("amazon", [
        ("sale", "303-1", 2000, "EUR"), ("fee", "303-1", -300, "EUR")])


@pytest.mark.parametrize("content", [
    b"", b"a;b\n1;2", b'"' * 100_000, INPOST.replace("20,00", "x").encode(),
    INPOST.replace("2026-11-28", "28 listopada").encode()])
def test_what_cannot_be_read_is_refused_at_the_file(content):
    with pytest.raises(Invalid) as wrong:
        reports.read(content)
    assert wrong.value.field == "file"


@pytest.fixture
def shop(both):
    account, _ = make.shop(both.works, {"KUB": 50}, connector="allegro")
    with both.works.writing(SYSTEM) as work:
        known = work.session.merge(account)
        ids = take_in(work, known, [
            make.order("A1", {"KUB": 2}), make.order("A2", {"KUB": 3}),
            make.order("C1", {"KUB": 2}, payment_kind="cod")]).order_ids
        work.session.execute(update(Order).where(Order.id == ids[2]).values(phase="shipped"))
        box = Shipment(order_id=ids[2], state="shipped", created_at=work.now, warehouse_id=1,
                       carrier="InPost")
        work.session.add(box)
        work.session.flush()
        work.session.add(Parcel(shipment_id=box.id, tracking=NUMBER,
                                tracking_key=tracking.key(NUMBER)))
    return both.works, ids


def take(works, text):
    told = TakenIn()
    shape, lines = reports.read(text.encode())
    with works.writing(SYSTEM) as work:
        settle_in.take(work, shape.key, list(settle_in.marked(shape.key, lines)), told)
    return told


def owed(works, find):
    with works.reading(SYSTEM) as work:
        return [(one.order.id, one.missing) for one in find(work).rows]


def test_what_a_courier_collected_pays_its_order_once(shop):
    works, ids = shop
    assert owed(works, owing.by_couriers) == [(ids[2], 2000)]
    told = take(works, INPOST)
    assert (told.new, told.found, told.paid) == (2, 1, 1)
    again = take(works, INPOST)
    assert (again.new, again.known, again.paid) == (0, 2, 0)
    assert owed(works, owing.by_couriers) == []
    with works.reading(SYSTEM) as work:
        assert work.session.get(Order, ids[2]).paid_total == 2000


def test_a_number_is_found_however_the_report_writes_it(shop):
    works, ids = shop
    told = take(works, INPOST.replace(NUMBER, "6200 0000-0000 0000 0000 0001"))
    assert (told.found, told.paid) == (1, 1)
    with works.reading(SYSTEM) as work:
        assert work.session.get(Order, ids[2]).paid_total == 2000


def test_a_courier_does_not_owe_what_went_back_to_the_buyer_since(shop):
    works, ids = shop
    take(works, INPOST)
    with works.writing(SYSTEM) as work:
        work.session.execute(update(Order).where(Order.id == ids[2]).values(
            paid_total=0, refunded_total=2000))
    assert owed(works, owing.by_couriers) == []


def test_a_marketplace_is_held_against_what_was_paid(shop):
    works, ids = shop
    with works.writing(SYSTEM) as work:
        work.session.execute(update(Order).values(
            placed_at=make.NOON - timedelta(days=3), phase="done"))
        work.session.execute(update(Order).where(Order.id == ids[2]).values(paid_total=0))
    assert owed(works, owing.by_channels) == []  # no report was taken in yet
    take(works, ALLEGRO)
    assert owed(works, owing.by_channels) == [(ids[1], 100)]
    with works.reading(SYSTEM) as work:
        assert work.session.get(Order, ids[0]).paid_total == 2000  # the report pays for nothing
        assert len(work.session.scalars(select(Settlement)).all()) == 3
    with works.writing(SYSTEM) as work:  # an order younger than the newest report is not asked
        work.session.execute(update(Order).values(placed_at=make.NOON + timedelta(days=30)))
    assert owed(works, owing.by_channels) == []


def test_parts_of_a_purchase_in_one_parcel_with_another_order_count_once(shop, monkeypatch):
    works, ids = shop
    with works.writing(SYSTEM) as work:
        account = work.session.get_one(ChannelAccount, work.session.get_one(
            Order, ids[2]).account_id)
        one, other = take_in(work, account, [
            make.order("C2", {"KUB": 3}, payment_kind="cod"),
            make.order("C3", {"KUB": 1}, payment_kind="cod")]).order_ids
    with works.writing(SYSTEM) as work:
        line = order_lines(work.session, one)[0].id
        part = order_split.split(work, one, {line: 1})
        monkeypatch.setattr(settle_in, "_inside", lambda work, order, line: [
            work.session.get_one(Order, each) for each in (one, part, other)])
        work.session.execute(update(Shipment).values(order_id=one))
    take(works, INPOST.replace("20,00", "40,00"))
    with works.reading(SYSTEM) as work:
        paid = {each: work.session.get_one(Order, each) for each in (one, part, other)}
        assert paid[one].paid_total + paid[part].paid_total == 3000
        assert paid[other].paid_total == 1000
        assert {each.payment_state for each in paid.values()} == {"paid"}
