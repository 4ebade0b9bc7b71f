"""Listings are linked to products, by people and by codes: no order is left waiting behind."""

from __future__ import annotations

import pytest
from oms_connector import Offer, OrderLine
from sqlalchemy import select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog import editing
from oms_web.domain.channels import offers
from oms_web.domain.channels.models import Listing
from oms_web.domain.orders.models import Hold, Order
from oms_web.domain.orders.models import OrderLine as Line
from oms_web.flows.map_listing import map_listing, wake_orders
from oms_web.flows.order_in import take_in
from oms_web.jobs.worker import drain
from oms_web.sync.offers import store_offers
from tests import factories as make

ANNA = Actor("user", "Anna", 1)


class Shop:
    """An account with an order that waits, because nobody knows the SKU NEW yet."""

    def __init__(self, oms) -> None:
        self.oms, self.works = oms, oms.works
        self.account, _ = make.shop(oms.works, {"KUB": 5})
        self.hear(make.order("A1", {"NEW": 2, "KUB": 1}))
        assert self.queues() == ["verify"]

    def hear(self, order):
        with self.works.writing(SYSTEM) as work:
            take_in(work, work.session.merge(self.account), [order])

    def add(self, sku="NEW", **values):
        """A product that appears without a word; in stock."""
        with self.works.writing(SYSTEM) as work:
            made = make.variant(work, sku, **values)
            make.put(work, made, 9)
            return made

    def queues(self):
        with self.works.reading(SYSTEM) as work:
            return list(work.session.scalars(select(Order.queue).order_by(Order.id)))

    def mapped(self):
        """(who, by what) of each link in the trail."""
        with self.works.reading(SYSTEM) as work:
            return [(entry.actor_name, entry.note) for entry in work.session.scalars(
                select(AuditEntry).where(AuditEntry.act == "listings.map"))]

    def open_listings(self):
        with self.works.reading(SYSTEM) as work:
            return offers.counts(work.session)["open"]


@pytest.fixture
def shop(both):
    return Shop(both)


def test_an_order_that_waited_goes_on_when_a_later_one_links_its_listing(shop):
    shop.add()
    shop.hear(make.order("A2", {"NEW": 1}))
    drain(shop.oms)
    assert shop.queues() == ["pick", "pick"]
    assert shop.open_listings() == 0
    assert shop.mapped() == [("system", "sku")]
    with shop.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Hold).where(Hold.released_at.is_(None))).all() == []
        assert work.session.scalars(select(Line.reserved).order_by(Line.id)).all() == [2, 1, 1]


def test_an_order_that_waited_goes_on_when_the_offers_are_read(shop):
    shop.add()
    with shop.works.writing(SYSTEM) as work:
        store_offers(work, work.session.merge(shop.account),
                     [Offer("offer-NEW", sku="NEW", quantity=1)], work.now)
    drain(shop.oms)
    assert shop.queues() == ["pick"]


def test_an_order_that_waited_goes_on_when_its_product_is_added(shop):
    with shop.works.writing(ANNA) as work:
        editing.add_product(
            work, editing.ProductEdit("Nowy", no_withdrawal="custom"),
            editing.VariantEdit(sku="NEW"), "")
    drain(shop.oms)
    assert shop.open_listings() == 0
    with shop.works.reading(SYSTEM) as work:
        assert "custom" in work.session.scalars(select(Line.no_withdrawal)).all()
    assert shop.queues() == ["short"]  # there is none in stock yet


def test_a_sku_that_is_renamed_to_what_a_channel_calls_it_links_its_listing(shop):
    new = shop.add("OUR-1")
    with shop.works.writing(ANNA) as work:
        editing.edit_variant(work, new, editing.VariantEdit(sku="NEW"))
    drain(shop.oms)
    assert (shop.open_listings(), shop.queues()) == (0, ["pick"])


@pytest.mark.parametrize("told", ["036000291452", "0036000291452", "00036000291452"])
def test_a_code_that_is_added_links_its_listing_however_it_is_written(shop, told):
    new = shop.add("OUR-1")
    shop.hear(make.order("A2", [OrderLine("1", "Coś", 1, make.Decimal("5"), "offer-7", ean=told)]))
    with shop.works.writing(ANNA) as work:
        editing.add_code(work, new, "036000291452")
    drain(shop.oms)
    with shop.works.reading(SYSTEM) as work:
        listing = work.session.scalars(select(Listing).filter_by(offer_ref="offer-7")).one()
    assert (listing.variant_id, listing.mapped_by) == (new, "ean")
    assert shop.queues() == ["verify", "pick"]


def test_a_bundle_that_is_linked_reserves_its_parts_once(shop):
    with shop.works.writing(SYSTEM) as work:
        part = make.variant(work, "CUP")
        make.put(work, part, 9)
        make.variant(work, "NEW", parts={part: 2})
    shop.hear(make.order("A2", {"NEW": 1}))
    drain(shop.oms)
    with shop.works.writing(SYSTEM) as work:
        ids = list(work.session.scalars(select(Listing.id)))
        assert wake_orders(work, ids) == set()
    assert shop.queues() == ["pick", "pick"]


def test_an_order_that_another_listing_holds_up_still_waits(shop):
    shop.hear(make.order("A2", {"NEW": 1, "OTHER": 1}))
    new = shop.add()
    with shop.works.writing(ANNA) as work:
        listing = work.session.scalars(select(Listing).filter_by(sku="NEW")).one()
        assert map_listing(work, listing.id, new) == {10001}
    assert shop.queues() == ["pick", "verify"]
