"""A SKU that runs low is said once, and again only after there were enough."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog import editing
from oms_web.domain.catalog.models import Variant
from oms_web.domain.stock import running_low
from oms_web.domain.stock.models import LowStock
from oms_web.flows import order_cancel
from oms_web.flows.order_in import take_in
from oms_web.jobs.dispatch import dispatch
from oms_web.jobs.worker import drain
from tests import factories as make


class Shelf:
    """Six cups of which there should be at least five."""

    def __init__(self, oms):
        self.oms, self.works = oms, oms.works
        self.account, ids = make.shop(oms.works, {"KUB": 6})
        self.cup, self.made = ids["KUB"], 0
        self.edit(minimum=5)

    def edit(self, **values):
        with self.works.writing(SYSTEM) as work:
            editing.edit_variant(work, self.cup, editing.VariantEdit(sku="KUB", **values))
        self.settle()

    def sell(self, units):
        self.made += 1
        with self.works.writing(SYSTEM) as work:
            (order_id,) = take_in(work, work.session.merge(self.account), [
                make.order(f"A{self.made}", {"KUB": units})]).order_ids
        self.settle()
        return order_id

    def cancel(self, order_id):
        with self.works.writing(SYSTEM) as work:
            order_cancel.cancel(work, order_id)
        self.settle()

    def settle(self):
        dispatch(self.works)
        drain(self.oms, limit=20)

    def said(self):
        with self.works.reading(SYSTEM) as work:
            return [one.change["free"][1] for one in work.session.scalars(
                select(AuditEntry).where(AuditEntry.act == "stock.low",
                                         AuditEntry.subject == "variant",
                                         AuditEntry.subject_id == self.cup)
                .order_by(AuditEntry.id))]

    def low(self):
        with self.works.reading(SYSTEM) as work:
            return running_low.count(work.session, 9)[0]


@pytest.fixture
def shelf(both):
    return Shelf(both)


def test_it_is_said_once_until_there_were_enough(shelf):
    shelf.sell(1)
    assert (shelf.said(), shelf.low()) == ([], 0), "five are five"
    first = shelf.sell(1)
    assert (shelf.said(), shelf.low()) == ([4], 1)
    shelf.sell(1)
    assert shelf.said() == [4], "once"
    shelf.cancel(first)
    assert shelf.said() == [4], "four are too few still"
    with shelf.works.writing(SYSTEM) as work:
        make.put(work, shelf.cup, 1)
    shelf.settle()
    assert shelf.low() == 0
    shelf.sell(2)
    assert (shelf.said(), shelf.low()) == ([4, 3], 1)


def test_another_minimum_counts_at_once(shelf):
    shelf.edit(minimum=7)
    assert shelf.said() == [6]
    shelf.edit(minimum=0)
    assert shelf.low() == 0


def test_what_is_out_of_use_runs_low_no_more(shelf):
    shelf.sell(3)
    with shelf.works.writing(SYSTEM) as work:
        editing.archive(work, shelf.cup)
    shelf.settle()
    assert shelf.low() == 0


def test_looking_costs_the_same_for_many(shelf):
    def cost(ids):
        seen = []
        with shelf.works.writing(SYSTEM) as work:
            connection = work.session.connection()
            event.listen(connection, "before_cursor_execute", lambda *_: seen.append(1))
            running_low.look(work, ids)
        return len(seen)

    with shelf.works.writing(SYSTEM) as work:
        many = [make.variant(work, f"S{n}") for n in range(30)]
        for row in work.session.scalars(select(Variant).where(Variant.id.in_(many))):
            row.minimum = 1
    assert cost(many) == cost([shelf.cup]) + 2, "the rows and the trail, once each"
    assert shelf.low() > 9
    with shelf.works.reading(SYSTEM) as work:
        assert len(work.session.scalars(select(LowStock.variant_id)).all()) == 30
