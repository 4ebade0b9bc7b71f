"""What a channel is told beside stock, as the seller sets it and sees it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oms_connector import Refused
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingPrice
from oms_web.domain.einvoices.marks import AwaitsNumber
from oms_web.domain.orders.models import Status
from oms_web.sync import accounts
from tests import factories as make
from tests.sync.channel import Channel, connect
from tests.sync.teller import Shop

FORM = {"name": "Fake", "publish_stock": "y", "buffer": "0", "cap": "", "ship_days": "1",
        "publish_prices": "y", "send_invoices": "y", "tell_cancelled": "y"}


@pytest.fixture
def shop(oms):
    return Shop(oms)


def account(shop):
    with shop.oms.works.reading(SYSTEM) as work:
        return work.session.get_one(ChannelAccount, shop.account)


def test_prices_and_their_surcharge_are_set_in_percent(shop, browser_as):
    owner = browser_as("owner")
    answer = owner.post(f"/channels/{shop.account}/settings", data=FORM | {"surcharge": "12,5"})
    assert answer.status_code == 303
    assert (account(shop).publish_prices, account(shop).surcharge_bp) == (True, 1250)
    page = owner.get(f"/channels/{shop.account}/settings").get_data(as_text=True)
    assert 'value="12.50"' in page
    owner.post("/language/pl", data={"next": "/"})
    page = owner.get(f"/channels/{shop.account}/settings").get_data(as_text=True)
    assert 'value="12,50"' in page


def test_another_price_than_was_sent_is_counted_and_shown(shop, browser_as):
    oms, owner = shop.oms, browser_as("owner")
    owner.post(f"/channels/{shop.account}/settings", data=FORM)
    with oms.works.writing(SYSTEM) as work:
        listing = work.session.scalars(select(Listing)).one()
        listing.price, listing.currency, listing.seen_at = 999, "PLN", work.now
        work.session.add(ListingPrice(
            listing_id=listing.id, account_id=shop.account, desired=1000, currency="PLN",
            desired_at=work.now, sent=1000, sent_version=1, outcome="applied",
            sent_at=work.now - timedelta(minutes=1)))
    assert "Another price than sent" in owner.get(f"/channels/{shop.account}").get_data(True)
    page = owner.get(f"/channels/{shop.account}/journal?what=prices&shown=drift").get_data(True)
    assert '<span class="nowrap">10.00</span>' in page
    assert 'class="warn-text"' in page
    assert "Nothing fits" in owner.get(
        f"/channels/{shop.account}/journal?what=prices&shown=rejected").get_data(True)


@pytest.mark.parametrize("typed", ["-100", "1.234", "many", "2000"])
def test_a_surcharge_that_is_none_is_refused_at_its_field(shop, browser_as, typed):
    answer = browser_as("owner").post(
        f"/channels/{shop.account}/settings", data=FORM | {"surcharge": typed})
    assert answer.status_code == 422
    assert account(shop).surcharge_bp == 0


def test_a_connector_that_cannot_is_not_asked_for_it(oms, browser_as):
    make.shop(oms.works)
    connect(oms, Channel())
    with oms.works.reading(SYSTEM) as work:
        id_ = work.session.scalars(
            select(ChannelAccount.id).where(ChannelAccount.name == "Fake")).one()
    page = browser_as("owner").get(f"/channels/{id_}/settings").get_data(as_text=True)
    for name in ("publish_prices", "surcharge", "send_invoices", "tell_cancelled", "statuses"):
        assert name not in page


def test_statuses_are_chosen_from_the_channels_own(shop, browser_as):
    owner = browser_as("owner")
    assert "/statuses" in owner.get(f"/channels/{shop.account}/settings").get_data(as_text=True)
    page = owner.get(f"/channels/{shop.account}/statuses").get_data(as_text=True)
    assert "In work" in page
    with shop.oms.works.reading(SYSTEM) as work:
        packed = work.session.scalars(select(Status.id).where(Status.phase == "packing")).one()
    answer = owner.post(f"/channels/{shop.account}/statuses", data={f"status-{packed}": "WORK"})
    assert answer.status_code == 303
    assert account(shop).status_words == {str(packed): "WORK"}
    assert '<option value="WORK" selected' in owner.get(
        f"/channels/{shop.account}/statuses").get_data(as_text=True)


def test_an_invoice_says_where_the_buyer_sees_it_or_why_not(shop, browser_as):
    document = shop.issue()
    owner = browser_as("owner")
    for path in (f"/documents/{document}", f"/orders/{shop.order}"):
        assert "on its way to Fake" in owner.get(path).get_data(as_text=True)
    shop.tell()
    for path in (f"/documents/{document}", f"/orders/{shop.order}"):
        assert "shown to the buyer on Fake" in owner.get(path).get_data(as_text=True)


def test_an_invoice_that_waits_for_ksef_is_not_a_failure(shop, browser_as, monkeypatch):
    def not_yet(_self, _document_id):
        raise AwaitsNumber("This document waits for its number from KSeF.")

    monkeypatch.setattr("oms_web.adapters.printing.Printing.for_buyer", not_yet)
    document = shop.issue()
    shop.rings(2)
    [notice] = shop.notices()
    assert (notice.state, notice.due_at is not None) == ("waiting", True)
    seen = browser_as("owner").get(f"/documents/{document}").text
    assert "goes to Fake later: This document waits for its number from KSeF." in seen
    assert "could not be sent" not in seen
    assert "Send again" not in seen


def test_a_refused_invoice_can_be_sent_again(shop, browser_as):
    def refuse(name, _number):
        raise Refused("100% too large")

    document = shop.issue()
    shop.channel.fault = refuse
    shop.tell()
    shop.channel.fault = None
    owner = browser_as("owner")
    page = owner.get(f"/documents/{document}").get_data(as_text=True)
    assert "could not be sent to Fake: 100% too large" in page
    [notice] = shop.notices()
    assert owner.post(f"/documents/notices/{notice.id}/again").status_code == 303
    shop.tell()
    assert len(shop.channel.invoices) == 1


def test_the_dialog_says_whether_the_channel_is_told_of_a_cancellation(shop, browser_as):
    owner = browser_as("owner")
    assert "The channel is told." in owner.get(f"/orders/{shop.order}").get_data(as_text=True)
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.change(work, shop.account, {}, {}, tell_cancelled=False)
    assert "cancel it there as well" in owner.get(
        f"/orders/{shop.order}").get_data(as_text=True)
