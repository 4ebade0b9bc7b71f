"""Looking for doubles costs no more in a long history, even if all orders in it have one phone."""

from __future__ import annotations

from oms_web.core.actor import SYSTEM
from oms_web.domain.orders.verification import doubles
from oms_web.domain.orders.verification import service as verification
from oms_web.sync.intake import store_page
from tests import factories as make
from tests.benchmarks.asking import stepping

PAGE = 20


def taken_in(oms, account, start: int, count: int) -> list[int]:
    """New orders of so many buyers, who all have the phone of the factory's address."""
    with oms.works.writing(SYSTEM) as work:
        return store_page(work, account, [
            make.order(f"A{n}", {"KUB": 1}, buyer_email=f"jan{n}@example.test")
            for n in range(start, start + count)]).order_ids


def steps(oms, ids) -> int:
    with stepping(oms.engine) as found, oms.works.reading(SYSTEM) as work:
        doubles.seek(work.session, ids, verification.levels(work.session))
    return found[0]


def test_a_phone_that_everybody_has_is_not_looked_up_in_all_orders(oms, monkeypatch):
    account, _ = make.shop(oms.works, {"KUB": 100_000})
    few = steps(oms, taken_in(oms, account, 0, 2 * doubles.NEWEST)[-PAGE:])
    many = steps(oms, taken_in(oms, account, 1000, 4 * doubles.NEWEST)[-PAGE:])
    assert many <= 1.1 * few
    monkeypatch.setattr(doubles, "NEWEST", 100_000)  # the control: all of them are looked at
    assert steps(oms, taken_in(oms, account, 9000, PAGE)) > 2 * few
