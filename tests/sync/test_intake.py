"""One bad order never blocks the others, and nothing is lost (reliability bar 12)."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module

import pytest
from oms_connector import OrderLine, Payment, Unreadable
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.orders.models import Order
from oms_web.sync.intake import store_page
from oms_web.sync.models import Quarantine
from tests import factories as make


def store(oms, account, *items):
    with oms.works.writing(SYSTEM) as work:
        return store_page(work, account, items)


def test_999_good_orders_pass_one_poisonous_of_each_kind(both):
    account, _ = make.shop(both.works, {"KUB": 2000})
    good = [make.order(f"G{n}", {"KUB": 1}) for n in range(999)]
    poison = [
        Unreadable("P1", "{half a", "not JSON"),
        make.order("P2", {"KUB": 10**9}),
        make.order("P3", [OrderLine("1", "x", 1, Decimal("1e30"))]),
        make.order("P4", {"KUB": 1}, buyer_note="z" * 10_000_000),
        make.order("P5", {"KUB": 1}, buyer_name=None),
        make.order("P6", {"KUB": 1}, buyer_name="nul \0 bidi \u202e"),
        make.order("P7 \ud800", {"KUB": 1}),
    ]
    stored = store(both, account, *good[:500], *poison, *good[500:])
    # A huge note and odd characters are tidied and kept; what cannot be understood waits.
    assert (stored.added, stored.quarantined) == (1001, 5)
    with both.works.reading(SYSTEM) as work:
        rows = work.session.scalars(select(Quarantine).order_by(Quarantine.external_id)).all()
        assert [row.external_id for row in rows] == ["P1", "P2", "P3", "P5", "P7 ?"]
        assert rows[0].raw == "{half a"
        assert "KUB" in rows[1].raw
        assert all(row.reason for row in rows)


LOCAL = make.NOON.replace(tzinfo=None)


@pytest.mark.parametrize(("field", "values"), [
    ("placed_at", {"placed_at": LOCAL}), ("ship_by", {"ship_by": LOCAL}),
    ("shipped_at", {"state": "shipped", "shipped_at": LOCAL}),
    ("payments", {"payments": (Payment("P", Decimal("10.00"), LOCAL),)}),
])
def test_a_moment_without_a_zone_stops_its_order_only(oms, field, values):
    account, _ = make.shop(oms.works, {"KUB": 5})
    stored = store(oms, account, make.order("A1", {"KUB": 1}),
                   make.order("A2", {"KUB": 1}, **values), make.order("A3", {"KUB": 1}))
    assert (stored.added, stored.quarantined) == (2, 1)
    with oms.works.reading(SYSTEM) as work:
        row = work.session.scalars(select(Quarantine)).one()
    assert (row.external_id, row.field) == ("A2", field)


def test_what_only_the_database_refuses_stops_its_order_only(oms, monkeypatch):
    """A fault that nobody foresaw: the page is halved until the order stands alone."""
    monkeypatch.setattr(import_module("oms_web.flows.order_in.normalise"), "_check",
                        lambda order: None)
    account, _ = make.shop(oms.works, {"KUB": 9})
    stored = store(oms, account, *[
        make.order(f"A{n}", {"KUB": 1}, ship_by=LOCAL if n == 3 else None) for n in range(6)])
    assert (stored.added, stored.quarantined) == (5, 1)


def test_a_second_try_counts_and_a_readable_version_solves_it(oms):
    account, _ = make.shop(oms.works, {"KUB": 5})
    bad = make.order("A1", {"KUB": 0})
    store(oms, account, bad)
    store(oms, account, bad)
    with oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Quarantine.attempts)).one() == 2
    store(oms, account, make.order("A1", {"KUB": 1}))
    with oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Quarantine.state)).one() == "solved"
        assert work.session.scalar(select(func.count()).select_from(Order)) == 1
