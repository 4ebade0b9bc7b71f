"""The first-day guide, and "Start my own shop"."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.company.models import Company
from oms_web.domain.orders.models import Order, Status
from oms_web.domain.stock.models import Warehouse
from oms_web.sync.intake import store_page
from tests import factories as make


@pytest.fixture
def demo(oms):
    """A demo shop with one order."""
    account, _ = make.shop(oms.works, {"KUB": 3})
    with oms.works.writing(SYSTEM) as work:
        work.session.get(Company, 1).is_demo = True
        store_page(work, account, [make.order("A1", {"KUB": 1})])
    return oms


def count(oms, model):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalar(select(func.count()).select_from(model))


def test_the_guide_knows_what_is_done(demo, browser_as):
    page = browser_as("owner").get("/guide").get_data(as_text=True)
    assert "4 of 7 done" in page
    assert "Start my own shop" in page


def test_clearing_needs_the_word(demo, browser_as):
    answer = browser_as("owner").post("/guide/own-shop", data={"sure": "yes"})
    assert answer.status_code == 422
    assert count(demo, Order) == 1
    page = answer.get_data(as_text=True)
    assert "The first day" in page
    assert 'id="own-shop-title"' in page
    assert "data-open-now" in page
    assert 'id="sure-error"' in page
    assert "Type the word CLEAR to clear the demo." in page


def test_the_word_counts_without_its_accents(demo, browser_as):
    owner = browser_as("owner", "pl")
    assert owner.post("/guide/own-shop", data={"sure": "usun"}).status_code == 303
    assert count(demo, Order) == 0


def test_only_the_owner_may_clear(demo, browser_as):
    assert browser_as("manager").post("/guide/own-shop", data={"sure": "CLEAR"}).status_code == 403
    assert "Start my own shop" not in browser_as("manager").get("/guide").get_data(as_text=True)


def test_an_own_shop_is_empty_and_ready_and_cannot_be_cleared_again(demo, browser_as):
    owner = browser_as("owner")
    assert owner.post("/guide/own-shop", data={"sure": "clear"}).status_code == 303
    assert owner.get("/guide").status_code == 200
    assert (count(demo, Order), count(demo, Status), count(demo, Warehouse)) == (0, 6, 1)
    assert owner.post("/guide/own-shop", data={"sure": "CLEAR"}).status_code == 422


def test_the_first_screen_does_not_keep_the_demos_figures(demo, browser_as, app):
    owner = browser_as("owner")
    assert owner.get("/").status_code == 200
    assert "oms_today" in app.extensions
    owner.post("/guide/own-shop", data={"sure": "clear"})
    assert "oms_today" not in app.extensions


def test_putting_it_away_is_remembered(demo, browser_as):
    assert browser_as("owner").post("/guide/done").status_code == 303
    with demo.works.reading(SYSTEM) as work:
        assert work.session.get(Company, 1).guide_done
