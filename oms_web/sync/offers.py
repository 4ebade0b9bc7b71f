"""Read what the channel shows: new listings to map, and the quantity buyers really see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from oms_connector import ChannelDown, ListsOffers, Offer, Unreadable
from sqlalchemy import bindparam, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.money import to_minor
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.channels import publishing
from oms_web.domain.channels import service as channels
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingStock
from oms_web.domain.stock.events import StockChanged
from oms_web.sync import feeds, read_back
from oms_web.sync.pull import AGAIN_NOW, PAGES_A_RUN
from oms_web.sync.session import Engine, connected


def read_offers(
    engine: Engine, account_id: int, beat: Callable[[int, int], None] = lambda _a, _b: None
) -> int:
    """Read all offers of an account, page by page; how many there were.

    Raises:
        ChannelError: the channel failed; noted on the feed.
    """
    count = 0
    try:
        with connected(engine, account_id) as (account, connector):
            if not isinstance(connector, ListsOffers):
                return 0
            cursor = None
            for _ in range(PAGES_A_RUN):
                asked_at = engine.works.clock()
                page = connector.list_offers(cursor, connector.manifest.capabilities.page_max)
                if page.more and page.cursor == cursor:
                    raise ChannelDown("the channel sends the same page again and again")
                offers = [item for item in page.items if not isinstance(item, Unreadable)]
                again = feeds.every(type(connector), feeds.OFFERS)
                with engine.works.writing(engine.actor(account)) as work:
                    store_offers(work, account, offers, asked_at)
                    feed = feeds.get_feed(work.session, account_id, feeds.OFFERS)
                    feeds.note_success(work, feed, None, again if not page.more else AGAIN_NOW,
                                       items=len(offers))
                count += len(offers)
                beat(count, 0)
                if not page.more:
                    break
                cursor = page.cursor
    except Exception as error:
        with engine.works.writing(SYSTEM) as work:
            feeds.note_failure(work, account_id, feeds.OFFERS, error)
        raise
    return count


def store_offers(
    work: Work, account: ChannelAccount, offers: Sequence[Offer], asked_at: datetime
) -> None:
    """Bring listings up to what the channel shows, and note the quantities read back.

    Args:
        asked_at: the moment before the channel was asked: what it shows is at least as new.
    """
    if not offers:
        return
    channels.lock_account(work.session, account.id)
    unmapped_before = _unmapped(work, account.id, offers)
    found = channels.resolve(work, account.id, [
        channels.Offered(offer.offer_ref[:120], tidy(offer.sku)[:120], tidy(offer.ean)[:60],
                         tidy(offer.title)[:420])
        for offer in offers
    ])
    rows: list[dict[str, Any]] = []
    for offer in offers:
        currency = offer.currency or account.currency
        rows.append({
            "row": found[offer.offer_ref[:120]].listing_id, "sku": tidy(offer.sku)[:120],
            "ean": tidy(offer.ean)[:60], "title": tidy(offer.title)[:420],
            "url": offer.url[:500] if offer.url.startswith(("http://", "https://")) else "",
            "price": to_minor(offer.price, currency) if offer.price is not None else None,
            "currency": currency, "state": "active" if offer.active else "ended",
            "seen_at": work.now,
        })
    work.session.flush()
    present = _present(work, [row["row"] for row in rows])
    table = Listing.__table__
    work.session.connection().execute(
        update(table).where(table.c.id == bindparam("row")).values(
            {name: bindparam(name) for name in rows[0] if name != "row"}
        ), rows,
    )
    shown = {row["row"]: offer.quantity for row, offer in zip(rows, offers, strict=True)}
    read_back.note(work, account.id, shown, asked_at)
    back = {row["row"] for row in rows
            if row["state"] == "active" and present.get(row["row"], "active") != "active"}
    publishing.send_anew(work, back)
    # Not only its own number: another offer may keep the last units, or what was set aside.
    moved = {row["row"] for row in rows if row["state"] != present.get(row["row"], "active")}
    fresh = {
        resolved.variant_id for ref, resolved in found.items() if resolved.variant_id is not None
        and (ref in unmapped_before or resolved.listing_id in moved)
    }
    if fresh:
        work.announce(StockChanged(sorted(fresh)))


def _present(work: Work, listing_ids: Sequence[int]) -> dict[int, str]:
    """The states the listings had so far."""
    return {id_: state for id_, state in work.session.execute(
        select(Listing.id, Listing.state).where(Listing.id.in_(listing_ids)))}


def _unmapped(work: Work, account_id: int, offers: Sequence[Offer]) -> set[str]:
    """Those of the offers that had no product yet, or no row at all."""
    refs = {offer.offer_ref[:120] for offer in offers}
    mapped = set(work.session.scalars(
        select(Listing.offer_ref).join(ListingStock, ListingStock.listing_id == Listing.id)
        .where(Listing.account_id == account_id, Listing.offer_ref.in_(refs))
    ))
    return refs - mapped
