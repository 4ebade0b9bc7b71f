"""How a list is arranged for a person: tabs, columns, and what a typed word fits."""

from __future__ import annotations

import pytest

from oms_web.domain.users import views
from oms_web.domain.users.models import ListChoice, ListView
from oms_web.web import order_columns
from oms_web.web.palette import fits


def test_tabs_stand_as_they_were_put_and_new_ones_come_behind():
    assert views.arranged(["a", "b", "c", "d"], ["c", "gone", "a"]) == ["c", "a", "b", "d"]
    assert views.arranged(["a", "b", "c"], [], {"b"}) == ["a", "c"]


@pytest.mark.parametrize(("key", "step", "ends"), [
    ("b", -1, "bac"), ("b", 1, "acb"), ("a", -1, "abc"), ("c", 1, "abc"), ("x", 1, "abc"),
])
def test_one_is_moved_by_a_step_and_never_out(key, step, ends):
    assert views.moved(list("abc"), key, step) == list(ends)


def choice(**values):
    return ListChoice(**{"columns": [], "density": "", **values})


def test_a_views_own_columns_go_before_the_persons_and_these_before_the_usual_ones():
    assert order_columns.chosen(choice(), None) == (list(order_columns.USUAL), "normal")
    mine = choice(columns=["order", "weight"], density="compact")
    assert order_columns.chosen(mine, None) == (["order", "weight"], "compact")
    assert order_columns.chosen(mine, ListView(columns=[], density="")) == (
        ["order", "weight"], "compact")
    assert order_columns.chosen(mine, ListView(columns=["tags", "order"], density="roomy")) == (
        ["tags", "order"], "roomy")


def test_the_order_cannot_be_taken_out_and_what_is_no_column_goes():
    assert order_columns.known(["tags", "nonsense", "tags"]) == ["order", "tags"]
    assert order_columns.chosen(choice(columns=["tags"], density="huge"), None)[1] == "normal"


@pytest.mark.parametrize(("typed", "text", "met"), [
    (["zam"], "Zamówienia", True), (["lodz"], "Magazyn Łódź", True), (["zmian", "dzien"],
     "Dziennik zmian", True), (["amo"], "Zamówienia", False), ([], "Zamówienia", False),
])
def test_every_typed_word_begins_a_word(typed, text, met):
    assert fits(typed, text) is met
