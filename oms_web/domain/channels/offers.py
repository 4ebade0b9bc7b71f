"""Listings as people look at them: those that wait to be linked, and those that are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from oms_web.core import paging
from oms_web.core.errors import NotFound
from oms_web.core.paging import Page
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import codes
from oms_web.domain.catalog.models import Barcode, Variant
from oms_web.domain.channels import publishing
from oms_web.domain.channels.mapping import Found, decide
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingStock

PAGE = 50
STATES = ("open", "linked", "ended")


@dataclass(frozen=True, slots=True)
class OfferFilter:
    """Which listings. ``state``: ``open`` (to link), ``linked``, ``ended``, "" for all."""

    state: str = "open"
    account_id: int | None = None
    q: str = ""


def page(
    session: Session, wanted: OfferFilter, after: str | None = None, limit: int = PAGE
) -> Page[Listing]:
    """A page of listings, the newest first."""
    query = select(Listing).where(*_conditions(wanted)).order_by(Listing.id.desc()).limit(limit + 1)
    if after:
        query = query.where(Listing.id < paging.unseal_as(after, int)[0])
    rows = session.scalars(query).all()
    return Page(rows[:limit], paging.seal(rows[limit - 1].id) if len(rows) > limit else None)


def _conditions(wanted: OfferFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = {
        "": [],
        "open": [Listing.variant_id.is_(None), Listing.state == "active"],
        "linked": [Listing.variant_id.is_not(None), Listing.state == "active"],
        "ended": [Listing.state != "active"],
    }[wanted.state]
    if wanted.account_id is not None:
        found.append(Listing.account_id == wanted.account_id)
    if wanted.q:
        like = f"%{_escaped(wanted.q.lower())}%"
        found.append(
            func.lower(Listing.title).like(like, escape="\\")
            | func.lower(Listing.sku).like(like, escape="\\")
            | (Listing.offer_ref == wanted.q) | (Listing.ean == wanted.q)
        )
    return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def counts(session: Session, account_id: int | None = None) -> dict[str, int]:
    """How many active listings are to be linked, and are linked."""
    query = (
        select(Listing.variant_id.is_(None), func.count())
        .where(Listing.state == "active").group_by(Listing.variant_id.is_(None))
    )
    if account_id is not None:
        query = query.where(Listing.account_id == account_id)
    found = {bool(is_open): n for is_open, n in session.execute(query)}
    return {"open": found.get(True, 0), "linked": found.get(False, 0)}


def open_per_account(session: Session) -> dict[int, int]:
    """How many listings of each account are to be linked."""
    return {account_id: n for account_id, n in session.execute(
        select(Listing.account_id, func.count())
        .where(Listing.variant_id.is_(None), Listing.state == "active")
        .group_by(Listing.account_id)
    )}


def matches(session: Session, listings: Sequence[Listing]) -> dict[int, Found]:
    """What unlinked listings would be linked to by their SKU or EAN: two statements for all."""
    skus = {one.sku for one in listings if one.sku}
    eans = {codes.canonical(one.ean) for one in listings if one.ean}
    in_use = Variant.archived_at.is_(None)
    by_sku = {sku: id_ for sku, id_ in session.execute(
        select(Variant.sku, Variant.id).where(Variant.sku.in_(skus), in_use))}
    by_ean = {code: id_ for code, id_ in session.execute(
        select(Barcode.code, Barcode.variant_id).join(Variant, Variant.id == Barcode.variant_id)
        .where(Barcode.code.in_(eans), in_use))}
    found = {
        one.id: decide(by_sku.get(one.sku) if one.sku else None,
                       by_ean.get(codes.canonical(one.ean)) if one.ean else None)
        for one in listings
    }
    return {id_: match for id_, match in found.items() if match.variant_id is not None}


def waiting_for(session: Session, variant_ids: Collection[int]) -> list[Listing]:
    """Listings without a product that have the SKU or a code of one of these variants."""
    skus = select(Variant.sku).where(Variant.id.in_(variant_ids))
    known = session.scalars(select(Barcode.code).where(Barcode.variant_id.in_(variant_ids)))
    # A channel may write a code with other leading noughts than we keep it with.
    written = {form for code in known for form in (code, f"0{code}", code.removeprefix("0"))}
    return list(session.scalars(
        select(Listing).where(
            Listing.variant_id.is_(None),
            or_(Listing.sku.in_(skus) & (Listing.sku != ""), Listing.ean.in_(written)),
        ).order_by(Listing.id)
    ))


def listing(session: Session, listing_id: int) -> Listing:
    """A listing.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Listing, listing_id)
    if found is None:
        raise NotFound("There is no such offer.")
    return found


def send_again(work: Work, listing_id: int) -> int:
    """Send what the listing should show once more, as a new value; which number that is.

    Raises:
        NotFound: nothing is published of it.
    """
    row = work.session.get(ListingStock, listing_id)
    if row is None:
        raise NotFound("Nothing is published of this offer yet.")
    publishing.send_anew(work, [listing_id])
    audit.record(work, "listings.send_again", "listing", listing_id,
                 {"quantity": [None, row.desired]})
    return row.desired


def accounts(session: Session) -> list[ChannelAccount]:
    """The channel accounts in use."""
    return list(session.scalars(
        select(ChannelAccount).where(ChannelAccount.archived_at.is_(None))
        .order_by(ChannelAccount.id)
    ))
