"""Revisions of an order arrive in any order and it ends the same (reliability bar 17).

All of it: ``OMS_REORDERINGS=1000 python -m pytest tests/sync/test_reorder.py``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from oms_connector import Order
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.stock.models import Balance
from oms_web.inspection import ledgers
from tests import factories as make
from tests.sync import histories

REORDERINGS = int(os.environ.get("OMS_REORDERINGS", "16"))
ENDS = {"ready": ("pick", 0, 4), "cancelled": ("cancelled", 0, 0), "delivered": ("done", 4, 0)}
"""History -> the queue it ends in, and how many units of an order have left or are promised."""


def states(oms, told: Sequence[Order], arrivals: Sequence[Sequence[int]]) -> dict[str, list[str]]:
    """How the orders ended, once all revisions have come in all these orders."""
    # The day itself: what was over long before it came is history, and its money was settled.
    oms.works.clock = lambda: make.NOON + timedelta(hours=8)
    account, _ = make.shop(oms.works, histories.STOCK, settings={"history_moves_stock": True})
    histories.tell(oms.works, account, told, arrivals)
    return histories.outcomes(oms.works)


@pytest.mark.parametrize("name", histories.HISTORIES)
def test_revisions_in_any_order_end_the_same(oms, name):
    told = histories.revisions(name)
    arrivals = histories.orders_of_arrival(len(told), REORDERINGS, seed=17)
    ended = states(oms, told, arrivals)
    [(state, came)] = ended.items()
    assert len(came) == len(arrivals) == min(REORDERINGS, math.factorial(len(told)))
    queue, left, promised = ENDS[name]
    assert f"'queue': '{queue}'" in state
    with oms.works.reading(SYSTEM) as work:
        assert work.session.execute(
            select(func.sum(Balance.on_hand), func.sum(Balance.reserved))
            .where(Balance.variant_id.is_not(None))
        ).one() == (sum(histories.STOCK.values()) - left * len(came), promised * len(came))
        assert ledgers.check(work.session) == []


def test_the_control_without_revisions_ends_as_it_came_last(oms):
    """Nothing but the revision says which of two versions is the newer one."""
    told = [replace(order, revision="") for order in histories.revisions("ready")]
    arrivals = histories.orders_of_arrival(len(told), 6, seed=17)
    assert len(states(oms, told, arrivals)) > 1
