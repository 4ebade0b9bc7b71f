"""What follows from a change a moment later."""

from __future__ import annotations

from dataclasses import fields

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.events import Event
from oms_web.domain.catalog import editing
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import ListingStock
from oms_web.flows import publish_stock
from oms_web.flows.order_in import take_in
from oms_web.jobs.dispatch import dispatch
from oms_web.jobs.handlers import HANDLERS
from oms_web.jobs.worker import drain
from oms_web.reactions import REACTIONS
from tests import factories as make

ANNA = Actor("user", "Anna", 1)


def test_every_reaction_is_to_an_event_and_queues_tasks_that_somebody_does():
    known = {one.name: one for one in Event.__subclasses__()}
    assert set(REACTIONS) <= set(known)
    for name, reactions in REACTIONS.items():
        for reaction in reactions:
            for queued in reaction([_Row(known[name])]):
                assert queued.kind in HANDLERS


class _Row:
    """An event in the outbox with something in each of its fields."""

    id = 1
    at = make.NOON

    def __init__(self, event) -> None:
        self.payload = {one.name: {"list[int]": [1], "list[str]": ["parts"], "int": 1, "bool": True,
                                   "str": ""}[str(one.type)] for one in fields(event)}


@pytest.mark.parametrize("edit", ["sell_without_stock", "title"])
def test_what_sells_without_stock_is_published_anew(oms, edit):
    account, ids = make.shop(oms.works, {"KUB": 0}, publish_stock=True)
    with oms.works.writing(SYSTEM) as work:
        take_in(work, account, [make.order("A", {"KUB": 1}, state="cancelled")])
        publish_stock.publish(work, [ids["KUB"]])
    drain_quietly(oms)
    with oms.works.writing(ANNA) as work:
        row = work.session.get_one(Variant, ids["KUB"])
        editing.edit_variant(work, row.id, editing.VariantEdit(
            sku="KUB", sell_without_stock=edit == "sell_without_stock",
            option="" if edit == "sell_without_stock" else "big"))
    drain_quietly(oms)
    with oms.works.reading(SYSTEM) as work:
        desired = work.session.scalars(select(ListingStock.desired)).one()
    assert (desired > 0) is (edit == "sell_without_stock")


def drain_quietly(oms):
    """Work off what follows; the account has no channel behind it that could be told."""
    dispatch(oms.works)
    drain(oms, limit=20)
