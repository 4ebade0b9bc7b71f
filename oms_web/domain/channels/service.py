"""Channel accounts, their listings, and the quantity each listing should show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, bindparam, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.keys import take_keys
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.models import Barcode, Variant
from oms_web.domain.channels.events import ListingsMapped
from oms_web.domain.channels.mapping import Found, decide
from oms_web.domain.channels.models import AccountWarehouse, ChannelAccount, Listing


@dataclass(frozen=True, slots=True)
class Offered:
    """What a channel says about a position: enough to find or make its listing."""

    ref: str
    sku: str = ""
    ean: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The listing of a position, and the variant it sells (None: waits for mapping)."""

    listing_id: int
    variant_id: int | None


class ChannelStopped(NotAllowedNow):
    """The account is paused or its access is refused: nothing is asked of it or sent to it."""


def require_active(account: ChannelAccount) -> None:
    """Refuse to speak to an account that is stopped.

    Raises:
        ChannelStopped: it is paused, broken or archived.
    """
    if account.state != "active" or account.archived_at is not None:
        raise ChannelStopped("This channel is paused or disconnected: %(name)s", name=account.name)



def get_account(session: Session, account_id: int) -> ChannelAccount:
    """A channel account.

    Raises:
        NotFound: there is none.
    """
    account = session.get(ChannelAccount, account_id)
    if account is None:
        raise NotFound("There is no such channel.")
    return account


def accounts(session: Session) -> dict[int, ChannelAccount]:
    """All channel accounts by key, archived ones last: old orders show where they came from."""
    return {one.id: one for one in session.scalars(
        select(ChannelAccount).order_by(ChannelAccount.archived_at.is_not(None),
                                        ChannelAccount.name))}


def lock_account(session: Session, account_id: int) -> None:
    """Let one transaction at a time take in what a channel says; others wait their turn.

    Taken before anything else is locked, so that two intakes of one account cannot collide on a
    new order, a new listing or each other's locks.
    """
    session.execute(
        select(ChannelAccount.id).where(ChannelAccount.id == account_id).with_for_update()
    )


def account_warehouses(session: Session, account_id: int | None) -> list[int]:
    """The warehouses that serve an account, best first; empty means all, by their own rank."""
    if account_id is None:
        return []
    return list(session.scalars(
        select(AccountWarehouse.warehouse_id)
        .where(AccountWarehouse.account_id == account_id)
        .order_by(AccountWarehouse.rank)
    ))


def offer_ref(ref: str, sku: str, ean: str, title: str) -> str:
    """What a listing is known by when the channel gives no offer id: its SKU, EAN or title."""
    return (ref or sku or ean or title)[:120]


def resolve(work: Work, account_id: int, offered: Sequence[Offered]) -> dict[str, Resolved]:
    """Find the listing and variant of each position, making listings that are not known yet.

    A constant number of statements for any number of positions. An unmapped listing is tried
    again each time, so a product added since is found; that is announced, because orders may wait
    for it.
    """
    wanted = {offer.ref: offer for offer in offered}
    known = {
        ref: Resolved(id_, variant)
        for ref, id_, variant in work.session.execute(
            select(Listing.offer_ref, Listing.id, Listing.variant_id)
            .where(Listing.account_id == account_id, Listing.offer_ref.in_(wanted))
        )
    }
    open_refs = [ref for ref in wanted if ref not in known or known[ref].variant_id is None]
    if not open_refs:
        return known
    found = _look_up(work.session, [wanted[ref] for ref in open_refs])
    fresh = [ref for ref in open_refs if ref not in known]
    if fresh:
        keys = take_keys(work.session, Listing, len(fresh))
        work.session.execute(insert(Listing), [
            _listing_row(work, account_id, wanted[ref], found[ref]) | {"id": key}
            for ref, key in zip(fresh, keys, strict=True)
        ])
        known |= {
            ref: Resolved(key, found[ref].variant_id)
            for ref, key in zip(fresh, keys, strict=True)
        }
    linked = {
        known[ref].listing_id: found[ref] for ref in open_refs
        if ref not in fresh and found[ref].variant_id is not None
    }
    _link(work, linked)
    known |= {
        ref: Resolved(known[ref].listing_id, found[ref].variant_id) for ref in open_refs
        if known[ref].listing_id in linked
    }
    return known


def _link(work: Work, found: Mapping[int, Found]) -> None:
    """Link listings that waited: listing -> what it was matched to."""
    if not found:
        return
    work.session.flush()
    table = Listing.__table__
    work.session.connection().execute(
        update(table).where(table.c.id == bindparam("row"))
        .values(variant_id=bindparam("variant"), mapped_by=bindparam("by")),
        [{"row": id_, "variant": match.variant_id, "by": match.by}
         for id_, match in sorted(found.items())],
    )
    audit.record_many(work, [
        audit.entry(work, "listings.map", "listing", id_,
                    {"variant_id": [None, match.variant_id]}, note=match.by)
        for id_, match in sorted(found.items())
    ])
    work.announce(ListingsMapped(
        sorted(found), sorted({match.variant_id for match in found.values() if match.variant_id})
    ))


def _listing_row(work: Work, account_id: int, offer: Offered, found: Found) -> dict[str, object]:
    return {
        "account_id": account_id, "offer_ref": offer.ref, "sku": offer.sku[:120],
        "ean": offer.ean[:60], "title": offer.title[:420], "variant_id": found.variant_id,
        "mapped_by": found.by, "first_seen_at": work.now, "seen_at": work.now,
    }


def _look_up(session: Session, offered: Sequence[Offered]) -> dict[str, Found]:
    skus = {offer.sku for offer in offered if offer.sku}
    eans = {offer.ean for offer in offered if offer.ean}
    by_sku = _pairs(session, select(Variant.sku, Variant.id), Variant.sku, skus)
    by_ean = _pairs(session, select(Barcode.code, Barcode.variant_id), Barcode.code, eans)
    return {
        offer.ref: decide(by_sku.get(offer.sku), by_ean.get(offer.ean)) for offer in offered
    }


def _pairs(session: Session, query: Select[str, int], column: InstrumentedAttribute[str],
           values: Collection[str]) -> Mapping[str, int]:
    if not values:
        return {}
    return {key: id_ for key, id_ in session.execute(query.where(column.in_(values)))}
