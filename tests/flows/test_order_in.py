"""Orders come in once each, reserved at once, and follow what the channel says later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from oms_connector import Address, OrderLine, Payment
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.orders import tally
from oms_web.domain.orders.models import ChannelOrder, Hold, Order, OrderKey
from oms_web.domain.orders.models import OrderLine as Line
from oms_web.domain.payments.models import Payment as PaymentRow
from oms_web.domain.returns.models import Return
from oms_web.domain.stock.models import Balance, Move, Reservation
from oms_web.flows.order_in import take_in
from tests import factories as make


def receive(oms, account, *incoming):
    with oms.works.writing(SYSTEM) as work:
        return take_in(work, account, incoming)


def only(oms, model, **where):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalars(select(model).filter_by(**where)).one()


def lineage(oms):
    """Which channel order took over from which."""
    with oms.works.reading(SYSTEM) as work:
        rows = {row.id: row for row in work.session.scalars(select(ChannelOrder))}
    return {row.external_id: rows[row.superseded_by].external_id if row.superseded_by else None
            for row in rows.values()}


def balance(oms, variant_id):
    with oms.works.reading(SYSTEM) as work:
        row = work.session.execute(
            select(func.sum(Balance.on_hand), func.sum(Balance.reserved))
            .where(Balance.variant_id == variant_id)).one()
        return int(row[0] or 0), int(row[1] or 0)


def test_a_paid_order_is_reserved_in_the_same_transaction(both):
    account, ids = make.shop(both.works, {"KUB": 5})
    result = receive(both, account, make.order("A1", {"KUB": 3}))
    assert (result.added, result.same, result.refused) == (1, 0, [])
    order = only(both, Order)
    assert (order.id, order.phase, order.queue, order.strip) == (10001, "open", "pick", "vv...")
    assert (order.total, order.payment_state) == (3000, "paid")
    assert balance(both, ids["KUB"]) == (5, 3)
    with both.works.reading(SYSTEM) as work:
        assert tally.tallies(work.session, "queue") == {"pick": 1}


def test_the_same_order_again_changes_nothing(both):
    account, ids = make.shop(both.works, {"KUB": 5})
    order = make.order("A1", {"KUB": 2})
    receive(both, account, order)
    again = receive(both, account, order, order)
    assert (again.added, again.changed, again.same) == (0, 0, 2)
    assert balance(both, ids["KUB"]) == (5, 2)


def test_an_older_revision_is_ignored_and_a_newer_one_taken(oms):
    account, _ = make.shop(oms.works, {"KUB": 5})
    receive(oms, account, make.order("A1", {"KUB": 2}, revision="2"))
    assert receive(oms, account, make.order("A1", {"KUB": 1}, revision="1")).same == 1
    assert receive(oms, account, make.order("A1", {"KUB": 3}, revision="3")).changed == 1
    assert only(oms, Line).quantity == 3
    assert only(oms, Line).reserved == 3


def test_too_little_stock_reserves_what_there_is_and_waits_short(oms):
    account, ids = make.shop(oms.works, {"KUB": 2})
    receive(oms, account, make.order("A1", {"KUB": 3}))
    assert only(oms, Order).queue == "short"
    assert only(oms, Line).reserved == 2
    assert balance(oms, ids["KUB"]) == (2, 2)


def test_two_orders_of_one_page_never_share_a_unit(oms):
    account, ids = make.shop(oms.works, {"KUB": 3})
    receive(oms, account, make.order("A1", {"KUB": 2}), make.order("A2", {"KUB": 2}))
    with oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Line.reserved).order_by(Line.id)).all() == [2, 1]
    assert balance(oms, ids["KUB"]) == (3, 3)


def test_a_bundle_reserves_its_parts_all_or_none(oms):
    account, ids = make.shop(oms.works, {"CUP": 5, "LID": 3})
    with oms.works.writing(SYSTEM) as work:
        make.variant(work, "SET", parts={ids["CUP"]: 2, ids["LID"]: 1})
    receive(oms, account, make.order("A1", {"SET": 3}))
    assert only(oms, Line).reserved == 2
    assert balance(oms, ids["CUP"]) == (5, 4)
    assert balance(oms, ids["LID"]) == (3, 2)


def test_an_unknown_offer_is_kept_and_held_with_a_listing_to_map(oms):
    account, _ = make.shop(oms.works)
    receive(oms, account, make.order("A1", {"NEW": 1}))
    assert only(oms, Order).queue == "verify"
    assert only(oms, Hold).kind == "unmapped"
    assert only(oms, Line).variant_id is None


def test_an_unpaid_order_reserves_with_an_end_and_a_payment_keeps_it(oms):
    account, _ = make.shop(oms.works, {"KUB": 5})
    unpaid = make.order("A1", {"KUB": 1}, state="unpaid")
    receive(oms, account, unpaid)
    assert only(oms, Order).queue == "unpaid"
    assert only(oms, Reservation).expires_at == unpaid.placed_at + timedelta(hours=72)
    paid = replace(unpaid, state="ready", payments=(
        Payment("P1", Decimal("10.00"), make.NOON, "PayU"),))
    assert receive(oms, account, paid).changed == 1
    assert only(oms, Order).queue == "pick"
    assert only(oms, Reservation).expires_at is None
    assert receive(oms, account, replace(paid, raw_status="x")).changed == 0
    assert only(oms, PaymentRow).amount == 1000


def test_a_cancellation_frees_exactly_what_was_reserved(both):
    account, ids = make.shop(both.works, {"KUB": 2})
    order = make.order("A1", {"KUB": 3})
    receive(both, account, order)
    receive(both, account, replace(order, state="cancelled"))
    cancelled = only(both, Order)
    assert (cancelled.phase, cancelled.queue) == ("cancelled", "cancelled")
    assert balance(both, ids["KUB"]) == (2, 0)
    with both.works.reading(SYSTEM) as work:
        tallies = tally.tallies(work.session, "queue")
        assert {name: n for name, n in tallies.items() if n} == {"cancelled": 1}


def test_a_changed_address_is_taken_over_and_found_under_the_new_name(oms):
    account, _ = make.shop(oms.works, {"KUB": 2})
    order = make.order("A1", {"KUB": 1})
    receive(oms, account, order)
    moved = replace(make.WARSAW, name="Żaneta Łąkowa", street="Nowa 2")
    receive(oms, account, replace(order, ship_to=moved, buyer_name=moved.name))
    assert only(oms, Order).ship_to["street"] == "Nowa 2"
    with oms.works.reading(SYSTEM) as work:
        keys = set(work.session.scalars(select(OrderKey.key)))
    assert {"zaneta", "lakowa", "anna@example.test", "600100200", "a1"} <= keys
    assert "testowa" not in keys


def test_fewer_and_removed_lines_let_stock_go(oms):
    account, ids = make.shop(oms.works, {"KUB": 5, "KOC": 5})
    order = make.order("A1", {"KUB": 3, "KOC": 2})
    receive(oms, account, order)
    fewer = replace(order, lines=(replace(order.lines[0], quantity=1),))
    receive(oms, account, fewer)
    assert balance(oms, ids["KUB"]) == (5, 1)
    assert balance(oms, ids["KOC"]) == (5, 0)
    assert only(oms, Order).total == 1000
    assert only(oms, Order).queue == "pick"


def test_purchases_paid_together_replace_the_old_orders(oms):
    account, ids = make.shop(oms.works, {"KUB": 3})
    receive(oms, account, make.order("A1", {"KUB": 1}, state="unpaid"),
            make.order("A2", {"KUB": 2}, state="unpaid"))
    joint = make.order("A3", {"KUB": 3}, replaces=("A1", "A2", "A0"))
    receive(oms, account, joint)
    with oms.works.reading(SYSTEM) as work:
        phases = work.session.scalars(select(Order.phase).order_by(Order.id)).all()
    assert phases == ["cancelled", "cancelled", "open"]
    assert balance(oms, ids["KUB"]) == (3, 3)
    late = receive(oms, account, make.order("A0", {"KUB": 1}))
    assert (late.added, late.same) == (0, 1)
    assert lineage(oms) == {"A0": "A3", "A1": "A3", "A2": "A3", "A3": None}


def test_a_purchase_whose_successor_cannot_be_kept_is_gone_all_the_same(oms):
    account, _ = make.shop(oms.works, {}, settings={"history_moves_stock": True})
    receive(oms, account, make.order("A1", {"KUB": 1}, state="unpaid"))
    joint = make.order("A3", {"KUB": 3}, state="shipped", replaces=("A1",))
    with oms.works.writing(SYSTEM) as work:
        make.variant(work, "KUB")
    assert len(receive(oms, account, joint).refused) == 1
    assert lineage(oms) == {"A1": "A1"}


def test_a_test_order_is_kept_out(oms):
    account, ids = make.shop(oms.works, {"KUB": 3})
    result = receive(oms, account, make.order("T1", {"KUB": 1}, is_test=True),
                     make.order("A1", {"KUB": 1}))
    assert (result.added, result.same, result.refused) == (1, 1, [])
    assert only(oms, ChannelOrder).external_id == "A1"
    assert balance(oms, ids["KUB"]) == (3, 1)


@pytest.mark.parametrize(("broken", "field"), [
    (make.order("A1", [], ), "lines"),
    (make.order("", {"KUB": 1}), "external_id"),
    (make.order("A1", {"KUB": 1}, currency="złoty"), "currency"),
    (make.order("A1", {"KUB": 0}), "quantity"),
    (make.order("A1", {"KUB": -1}), "quantity"),
    (make.order("A1", {"KUB": 1}, state="who knows"), "state"),
    (make.order("A1", [OrderLine("1", "x", 1, Decimal("NaN"))]), "unit_price"),
])
def test_an_impossible_order_is_refused_with_its_field_and_the_others_stay(oms, broken, field):
    account, _ = make.shop(oms.works, {"KUB": 5})
    result = receive(oms, account, broken, make.order("OK", {"KUB": 1}))
    assert result.added == 1
    [(refused, error)] = result.refused
    assert refused is broken
    assert error.field == field
    assert only(oms, ChannelOrder).external_id == "OK"


def test_history_moves_stock_only_where_told_and_only_once(both):
    account, ids = make.shop(both.works, {"KUB": 5}, settings={"history_moves_stock": True})
    sale = make.order("A1", {"KUB": 3}, state="delivered")
    back = make.order("C1", {"KUB": 1}, kind="return", returns_ref="A1", state="delivered")
    gone = make.order("W1", {"KUB": 2}, kind="write_off", state="delivered")
    for _ in range(2):
        receive(both, account, sale, back, gone)
    assert balance(both, ids["KUB"]) == (1, 0)
    assert only(both, Return).order_id == 10001
    with both.works.reading(SYSTEM) as work:
        sums = dict(work.session.execute(
            select(Move.reason, func.sum(Move.quantity)).group_by(Move.reason)).all())
    assert {k: int(v) for k, v in sums.items()} == {
        "receipt": 5, "sale": 3, "return": 1, "write_off": 2}


def test_returns_and_write_offs_of_a_page_stand_alone(both):
    account, _ = make.shop(both.works, {"KUB": 30, "TAL": 1},
                           settings={"history_moves_stock": True})
    page = [make.order(f"R{n}", {"KUB": 1}, kind="return") for n in range(20)]
    page += [make.order("W1", {"TAL": 1, "KUB": 60}, kind="write_off"),
             make.order("W2", {"TAL": 1, "KUB": 49}, kind="write_off"),
             make.order("W3", {"TAL": 1}, kind="write_off"),
             make.order("X", {"NIX": 1}, kind="return")]
    result = receive(both, account, *page)
    # W1 takes nothing, so W2 finds all it needs, what came back in this page included.
    assert result.added == 21
    assert [order.external_id for order, _ in result.refused] == ["X", "W1", "W3"]
    with both.works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(ChannelOrder)) == 21
        assert {reason: int(units) for reason, units in work.session.execute(
            select(Move.reason, func.sum(Move.quantity)).group_by(Move.reason))} == {
            "receipt": 31, "return": 20, "write_off": 50}
    assert receive(both, account, *page).same == 21


def test_goods_come_back_to_no_place_only_where_there_is_none(oms):
    with oms.works.writing(SYSTEM) as work:
        make.company(work)
        make.variant(work, "KUB")
        account = make.account(work)
    (refused,) = receive(oms, account, make.order("R1", {"KUB": 1}, kind="return")).refused
    assert "no warehouse" in str(refused[1])


def test_a_write_off_of_more_than_there_is_leaves_no_trace(oms):
    account, ids = make.shop(oms.works, {"KUB": 1}, settings={"history_moves_stock": True})
    result = receive(oms, account, make.order("W1", {"KUB": 2}, kind="write_off"))
    assert len(result.refused) == 1
    assert balance(oms, ids["KUB"]) == (1, 0)
    with oms.works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(ChannelOrder)) == 0


def test_shipped_outside_takes_the_promised_units(oms):
    account, ids = make.shop(oms.works, {"KUB": 5})
    order = make.order("A1", {"KUB": 2})
    receive(oms, account, order)
    receive(oms, account, replace(order, state="shipped", shipped_at=make.NOON))
    assert only(oms, Order).queue == "transit"
    assert balance(oms, ids["KUB"]) == (3, 0)


def test_an_incomplete_address_is_held_with_what_is_missing(oms):
    account, _ = make.shop(oms.works, {"KUB": 5})
    receive(oms, account, make.order("A1", {"KUB": 1}, ship_to=Address(name="Anna", country="PL")))
    hold = only(oms, Hold)
    assert hold.kind == "address"
    assert hold.detail == {"missing": "street, city, postcode"}


def test_a_total_that_does_not_add_up_is_kept_and_held(oms):
    account, _ = make.shop(oms.works, {"KUB": 5})
    receive(oms, account, make.order("A1", {"KUB": 1}, total=Decimal("9.99")))
    assert only(oms, Order).total == 999
    assert only(oms, Hold).detail == {"stated": "9.99 PLN", "computed": "10.00 PLN"}
