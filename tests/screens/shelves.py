"""A shop on screen: products with stock, a channel with offers, orders that wait."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from html import unescape

from oms_connector import OrderLine
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.catalog.service import VariantInput, put_variants
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingStock
from oms_web.domain.stock.models import Location
from oms_web.flows.order_in import take_in
from tests import factories as make

PART = {"HX-Request": "true"}
MUG, BLANKET, SET = "KUB-BIA", "KOC-1", "SET-2"


@dataclass
class Shop:
    """Keys of what is in the shop."""

    works: object
    ids: dict[str, int]
    account_id: int
    ldz: int
    gdy: int
    bins: dict[str, int]
    listings: dict[str, int] = field(default_factory=dict)

    def do(self, flow, *args, **values):
        with self.works.writing(SYSTEM) as work:
            return flow(work, *args, **values)

    def ask(self, query):
        with self.works.reading(SYSTEM) as work:
            return list(work.session.scalars(query))


def open_shop(works) -> Shop:
    """Mugs (12, 7 of them reserved), blankets (none), a set of two mugs; two warehouses."""
    with works.writing(SYSTEM) as work:
        make.company(work)
        ldz = make.warehouse(work, "LDZ", 0, ["A-01", "A-02"])
        gdy = make.warehouse(work, "GDY", 1, ["G-01"])
        account = make.account(work, "Targ", buffer=2, hue=20)
        ids = put_variants(work, [
            VariantInput(MUG, "Kubek emaliowany", "biały", "Leśna Sowa", "Kubki", price=4900,
                         cost=12_500_000, eans=("5900012003196",), minimum=6),
            VariantInput(BLANKET, "Koc <merino>", price=24900, category="Tekstylia"),
            VariantInput(SET, "Zestaw kubków", parts={MUG: 2}, price=9900),
        ]).ids
        bins = {code: id_ for code, id_ in work.session.execute(
            select(Location.code, Location.id).where(Location.kind == "bin"))}
        make.put(work, ids[MUG], 12, location_id=bins["A-01"])
        shop = Shop(works, ids, account.id, ldz.id, gdy.id, bins)
        for ref, title, variant_id, sku, ean in (
            ("of-mug", "Kubek emaliowany", ids[MUG], MUG, ""),
            ("of-new", "Koc merino 140x200 szary", None, BLANKET, ""),
            ("of-knife", "Nóż bushcraft", None, "", "5900012004858"),
        ):
            row = Listing(account_id=account.id, offer_ref=ref, sku=sku, ean=ean, title=title,
                          variant_id=variant_id, mapped_by="sku" if variant_id else None,
                          first_seen_at=work.now, seen_at=work.now, state="active", price=9900,
                          currency="PLN")
            work.session.add(row)
            work.session.flush()
            shop.listings[ref] = row.id
        work.session.add(ListingStock(
            listing_id=shop.listings["of-mug"], account_id=account.id, desired=3, version=1,
            desired_at=work.now, sent=3, sent_version=1, sent_at=work.now - timedelta(seconds=41),
            outcome="applied", confirmed=5, confirmed_at=work.now,
        ))
    with works.writing(SYSTEM) as work:
        knife = OrderLine(line_ref="1", title="Nóż bushcraft", quantity=1, offer_ref="of-knife",
                          unit_price=Decimal("99"), ean="5900012004858")
        take_in(work, work.session.get_one(ChannelAccount, shop.account_id), [
            make.order("A1", {MUG: 7}), make.order("A2", {BLANKET: 4}), make.order("A3", [knife]),
        ])
    return shop


def text_of(answer) -> str:
    """What a reader sees of an answer: its words, without tags."""
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", answer.get_data(as_text=True),
                  flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())
