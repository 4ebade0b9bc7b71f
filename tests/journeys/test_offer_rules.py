"""The rules of an offer with the keyboard alone, and on a phone."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels import buffers
from oms_web.domain.channels.models import ChannelAccount, Listing, Publication
from oms_web.flows.order_in import take_in
from tests import factories as make
from tests.journeys.looking import look, look_both, whole, wide
from tests.screens.shelves import MUG, open_shop

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def shop(works, monkeypatch):
    """A shop where another channel sells so fast that a buffer is suggested."""
    monkeypatch.setattr(buffers, "ENOUGH", 2)
    shop = open_shop(works)
    with works.writing(SYSTEM) as work:
        other = make.account(work, "Bazar", hue=200)
        make.put(work, shop.ids[MUG], 100)
        work.session.add_all([Publication(
            at=work.now, account_id=shop.account_id, listing_id=shop.listings["of-mug"],
            version=n, quantity=3, outcome="applied", lag_ms=41_000) for n in range(3)])
    with works.writing(SYSTEM) as work:
        take_in(work, work.session.get_one(ChannelAccount, other.id), [
            make.order(f"C{n}", {MUG: 1}, placed_at=work.now) for n in range(90)])
    return shop


def test_with_the_keyboard_alone(shop, open_page):
    page = open_page()
    page.goto(f"/offers/{shop.listings['of-mug']}/rules")
    assert look(page, "rules") == []
    page.keyboard.press("b")
    page.wait_for_selector("text=The buffer of this offer is")
    page.focus("#set_aside")
    page.keyboard.press("Control+a")
    page.keyboard.type("7")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+s")
    page.wait_for_selector("text=Saved. The quantity is sent anew.")
    row = shop.ask(select(Listing).where(Listing.id == shop.listings["of-mug"]))[0]
    assert (row.set_aside, row.shares) == (7, False)
    assert "7 shown to buyers" in " ".join(page.inner_text("aside .why").split())
    page.keyboard.press("Escape")
    page.wait_for_url("**#offers")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=whole)])
def test_on_a_phone_and_a_desk(shop, open_page, scheme):
    for size in ((390, 844), (1440, 900)):
        page = open_page(size=size, scheme=scheme)
        for name, address in (
            ("rules", f"/offers/{shop.listings['of-mug']}/rules"),
            ("nothing", f"/offers/{shop.listings['of-new']}/rules"),
            ("linked", "/offers?state=linked"), ("card", f"/products/variant/{shop.ids[MUG]}"),
            ("channel", f"/channels/{shop.account_id}"),
        ):
            page.goto(address)
            assert wide(page, f"{name} at {size}") == []
            if os.environ.get("LOOK"):
                page.screenshot(path=f"{os.environ['LOOK']}/{name}-{size[0]}-{scheme}.png",
                                full_page=True)
        page.goto(f"/offers/{shop.listings['of-mug']}/rules")
        page.evaluate("document.querySelector('form.card').noValidate = true")
        page.fill("#buffer", "-4")
        page.click("form.card button.primary")
        page.wait_for_selector("#buffer-error")
        assert look_both(page, f"wrong at {size}") == []
        if os.environ.get("LOOK"):
            page.screenshot(path=f"{os.environ['LOOK']}/wrong-{size[0]}-{scheme}.png",
                            full_page=True)
