"""An exchange: the difference, what comes next, and over what a case is not closed in silence."""

from __future__ import annotations

import pytest

from oms_web.domain.returns import exchange, moments, tracks
from oms_web.domain.returns.exchange import Difference, Standing


def stands(**values):
    return Standing(**{"order_id": 2, "costs": 4000, "carried": 1833, "back": 0, "paid": 0,
                       "due": 0, "owes": False, "left": False, "cancelled": False, **values})


@pytest.mark.parametrize(("worth", "costs", "said"), [
    (1833, 4000, (1833, 2167, 0)), (1833, 1800, (1800, 0, 33)), (1833, 1833, (1833, 0, 0)),
    (0, 500, (0, 500, 0)), (500, 0, (0, 0, 500)),
])
def test_nothing_is_lost_between_what_comes_back_and_what_goes_out(worth, costs, said):
    found = Difference(worth, costs)
    assert (found.carried, found.due, found.back) == said
    assert worth - costs == found.back - found.due


@pytest.mark.parametrize(("phase", "goods", "money", "now", "says"), [
    ("new", "expected", "none", None, "exchange"),
    ("accepted", "arrived", "none", None, "judge"),
    ("accepted", "judged", "refunded", None, "close"),
    ("accepted", "expected", "credit", stands(due=2167, owes=True), "collect"),
    ("accepted", "expected", "credit", stands(), "arrive"),
    ("accepted", "on_way", "planned", stands(back=33), "arrive"),
    ("accepted", "judged", "planned", stands(back=33), "money"),
    ("accepted", "arrived", "credit", stands(due=2167, owes=True), "judge"),
    ("accepted", "judged", "credit", stands(due=2167), "close"),  # on delivery, or on credit
    ("closed", "judged", "credit", stands(due=2167, owes=True), ""),
    ("accepted", "judged", "credit", stands(held=True), "release"),
    ("accepted", "none", "credit", stands(held=True), "release"),
    ("accepted", "expected", "credit", stands(held=True), "arrive"),
    ("accepted", "judged", "credit", stands(cancelled=True), "undo"),
])
def test_the_main_act_is_what_comes_next(phase, goods, money, now, says):
    swap = exchange.step("exchange", "", phase, goods, money, now)
    case = tracks.Standing("exchange", phase, goods, money)
    assert tracks.primary(case, set(), swap) == says


def test_a_complaint_is_replaced_once_it_was_answered_so():
    assert exchange.step("complaint", "replace", "accepted", "none", "none", None) == "exchange"
    assert exchange.step("complaint", "", "new", "none", "none", None) == ""
    assert exchange.step("return", "", "new", "expected", "none", None) == ""


@pytest.mark.parametrize(("kind", "goods", "money", "now", "ends"), [
    ("exchange", "expected", "none", None, ("order",)), ("return", "expected", "none", None, ()),
    ("exchange", "judged", "refunded", None, ()), ("exchange", "judged", "credit", stands(), ()),
    ("exchange", "expected", "credit", stands(due=1), ("payment", "goods")),
    ("complaint", "none", "credit", stands(due=1), ("payment",)),
    ("exchange", "judged", "credit", stands(held=True), ("held",)),
    ("exchange", "judged", "credit", stands(cancelled=True), ("cancelled",)),
])
def test_what_a_case_would_be_closed_over(kind, goods, money, now, ends):
    assert exchange.open_ends(kind, goods, money, now) == ends


def test_only_goods_that_are_sold_again_let_the_new_order_go():
    assert exchange.may_go(["restock", "restock"])
    assert not exchange.may_go(["restock", "scrap"])
    assert not exchange.may_go([])


def test_a_credit_that_went_into_an_exchange_is_no_money_that_went_back():
    still = ("expected", "expected")
    assert moments.moved(still, ("none", "credit")) == ["refunded"]
    assert moments.moved(still, ("none", "credit"), swapped=True) == []
    assert moments.moved(still, ("planned", "refunded"), swapped=True) == ["refunded"]
    said = ("accepted", "expected", "credit", "")
    assert moments.latest("exchange", *said, swapped=True) == "swapped"
    assert moments.latest("return", *said) == "refunded"
