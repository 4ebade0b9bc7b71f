"""What stands on an order beside its goods when it is split and joined: holds, notes, money."""

from __future__ import annotations

import pytest

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.flows import order_cancel, order_edit, order_split
from oms_web.flows.order_in import take_in
from tests import factories as make
from tests.flows.test_lineage import do, floor, split, units

__all__ = ["floor"]


def told(floor, lines, **values):
    with floor.works.writing(SYSTEM) as work:
        take_in(work, floor.account, [make.order("A", lines, **values)])


def test_what_the_channel_changed_is_decided_before_a_split(floor):
    """Else each part would be offered all of the change."""
    order_id = floor.order("A", {"KUB": 4}, revision="1")
    do(floor, order_cancel.cancel_units, order_id, {floor.line(order_id).id: 1})
    told(floor, {"KUB": 6}, revision="2")
    with pytest.raises(NotAllowedNow, match="Decide first"):
        split(floor, order_id, {1: 1})
    do(floor, order_edit.accept_change, order_id)
    part = split(floor, order_id, {1: 1})
    assert (units(floor, order_id)[1][0], units(floor, part)[1][0]) == (5, 1)
    assert do(floor, order_split.join, part)
