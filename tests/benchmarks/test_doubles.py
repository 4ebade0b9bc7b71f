"""Looking for doubles, or for orders with one phone, costs no more in a long history, even if all
orders in it have one phone.
"""

from __future__ import annotations

import pytest

from oms_web.automation import facts
from oms_web.core.actor import SYSTEM
from oms_web.domain.orders import sharing
from oms_web.domain.orders.verification import doubles
from oms_web.domain.orders.verification import service as verification
from oms_web.sync.intake import store_page
from tests import factories as make
from tests.benchmarks.asking import stepping

PAGE, NEWEST = 20, 60


def taken_in(oms, account, start: int, count: int) -> list[int]:
    """New orders of so many buyers, who all have the phone of the factory's address."""
    with oms.works.writing(SYSTEM) as work:
        return store_page(work, account, [
            make.order(f"A{n}", {"KUB": 1}, buyer_email=f"jan{n}@example.test")
            for n in range(start, start + count)]).order_ids


def seek(work, ids):
    doubles.seek(work.session, ids, verification.levels(work.session))


def count(work, ids):
    known = facts.gather(work.session, ids, work.now, {"phone_orders"})
    most = min(sharing.NEWEST, facts.EARLIER_MOST)
    assert {one["phone_orders"] for one in known.values()} == {most}


def steps(oms, look, ids) -> int:
    with stepping(oms.engine) as found, oms.works.reading(SYSTEM) as work:
        look(work, ids)
    return found[0]


@pytest.mark.parametrize("look", [seek, count])
def test_a_phone_that_everybody_has_is_not_looked_up_in_all_orders(oms, monkeypatch, look):
    monkeypatch.setattr(sharing, "NEWEST", NEWEST)
    account, _ = make.shop(oms.works, {"KUB": 100_000})
    few = steps(oms, look, taken_in(oms, account, 0, 2 * NEWEST)[-PAGE:])
    many = steps(oms, look, taken_in(oms, account, 1000, 4 * NEWEST)[-PAGE:])
    assert many <= 1.1 * few
    monkeypatch.setattr(sharing, "NEWEST", 100_000)  # the control: all of them are looked at
    assert steps(oms, look, taken_in(oms, account, 9000, PAGE)) > 2 * few
