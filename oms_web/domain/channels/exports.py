"""Offers on channels as a table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.money import from_minor
from oms_web.core.sheet import PAGE, Column, Sheet
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels import offers
from oms_web.domain.channels.models import ChannelAccount

OFFERS = (
    Column("channel", "Channel"), Column("offer", "Offer"), Column("title", "Title"),
    Column("offer_sku", "SKU on the channel"), Column("ean", "EAN"),
    Column("price", "Price", "money"), Column("currency", "Currency"), Column("state", "State"),
    Column("sku", "SKU"), Column("linked_by", "Linked by"), Column("url", "Address"),
)


def listings(wanted: offers.OfferFilter) -> Sheet:
    """Offers as they are filtered, the newest first, with the SKU each sells."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        found = offers.page(session, wanted, after, PAGE)
        names = dict(session.execute(select(ChannelAccount.id, ChannelAccount.name)).all())
        skus = dict(session.execute(select(Variant.id, Variant.sku).where(
            Variant.id.in_({row.variant_id for row in found.rows} - {None}))).all())
        table = [
            (names.get(row.account_id, ""), row.offer_ref, row.title, row.sku, row.ean,
             None if row.price is None else from_minor(row.price, row.currency or "PLN"),
             row.currency, row.state, skus.get(row.variant_id or 0, ""), row.mapped_by, row.url)
            for row in found.rows
        ]
        return table, found.after

    return Sheet("offers", OFFERS, page)
