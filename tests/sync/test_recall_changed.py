"""What changes while a decision can still be recalled: the recall sees it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from oms_web.automation import recalling
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import Hold
from oms_web.flows import order_cancel, ship
from oms_web.flows.order_in import take_in
from tests import factories as make
from tests.sync.test_recall import check, do, shop_with, standing, waiting


@pytest.fixture
def shop(oms):
    return shop_with(oms)


def channel_says(shop, revision="2", **values):
    """A newer version of the order comes in."""
    with shop.oms.works.writing(SYSTEM) as work:
        account = work.session.get_one(ChannelAccount, shop.account)
        take_in(work, account, [make.order("A1", {"KUB": 2}, revision=revision, **values)])


@pytest.mark.parametrize("news", [
    {"state": "cancelled"}, {"ship_to": replace(make.WARSAW, street="Nowa 7")}])
def test_a_cancellation_is_not_recalled_over_what_the_channel_changed_since(shop, news):
    do(shop, order_cancel.cancel, shop.order)
    [(_, decided)] = waiting(shop)
    channel_says(shop, **news)
    with pytest.raises(NotAllowedNow, match="The channel changed this order since"):
        do(shop, recalling.recall, decided)
    assert standing(shop)[0] == "cancelled"
    check(shop)

def test_a_parcel_whose_order_was_cancelled_meanwhile_comes_back_held(shop):
    do(shop, ship.ship_order, shop.order)
    [(_, decided)] = waiting(shop)
    channel_says(shop, state="cancelled")
    do(shop, recalling.recall, decided)
    assert standing(shop)[0] == "open"
    with shop.oms.works.reading(SYSTEM) as work:
        [hold] = work.session.scalars(select(Hold).where(Hold.released_at.is_(None)))
        assert hold.detail["cancels"]
    check(shop)
