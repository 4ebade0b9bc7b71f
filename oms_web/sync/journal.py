"""What was sent to a channel: where each offer stands now, and every value that was ever sent.

Quantities and prices are two journals of the same form; amounts are minor units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.orm import Session

from oms_web.core import paging
from oms_web.core.paging import Page
from oms_web.domain.channels import pricing
from oms_web.domain.channels.models import (
    Listing,
    ListingPrice,
    ListingStock,
    PricePublication,
    Publication,
)
from oms_web.domain.channels.standing import is_standing

PAGE = 50
Kind = Literal["stock", "prices"]
SHOWN = ("", "open", "rejected", "drift")


@dataclass(frozen=True, slots=True)
class Sent:
    """A value that was sent, when the answer was known, and what it was.

    ``lag_ms`` from the wish to the answer; None where it is not measured.
    """

    id: int
    listing: Listing
    at: datetime
    version: int
    value: int
    currency: str
    outcome: str
    message: str
    lag_ms: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One offer: wanted, sent, answered, read back, each with its moment."""

    listing: Listing
    currency: str
    desired: int
    desired_at: datetime
    sent: int | None
    sent_at: datetime | None
    outcome: str | None
    message: str
    due_at: datetime | None
    shown: int | None
    shown_at: datetime | None

    @property
    def is_read_back(self) -> bool:
        """Whether what the channel shows was looked at since the last sending."""
        return (self.shown is not None and self.shown_at is not None
                and (self.sent_at is None or self.shown_at >= self.sent_at))

    @property
    def drifts(self) -> bool:
        """Whether something else was read back than was accepted last."""
        return self.outcome == "applied" and self.is_read_back and self.shown != self.sent


def history(
    session: Session, account_id: int, kind: Kind = "stock", *, listing_id: int | None = None,
    q: str = "", after: str | None = None, limit: int = PAGE,
) -> Page[Sent]:
    """A page of what was sent, the newest first.

    Args:
        q: a part of the offer's title or SKU, in any case.

    Raises:
        Invalid: ``after`` is not a token of ours.
    """
    row: Any = Publication if kind == "stock" else PricePublication
    query = (
        select(row, Listing).join(Listing, Listing.id == row.listing_id)
        .where(row.account_id == account_id, *_asked(q, listing_id))
        .order_by(row.id.desc()).limit(limit + 1)
    )
    if after:
        query = query.where(row.id < paging.unseal_as(after, int)[0])
    found = [
        Sent(one.id, listing, one.at, one.version,
             one.quantity if kind == "stock" else one.price,
             "" if kind == "stock" else one.currency, one.outcome, one.message or "",
             getattr(one, "lag_ms", None))
        for one, listing in session.execute(query)
    ]
    return Page(found[:limit], paging.seal(found[limit - 1].id) if len(found) > limit else None)


def standings(
    session: Session, account_id: int, kind: Kind = "stock", *, shown: str = "",
    listing_id: int | None = None, q: str = "", after: str | None = None, limit: int = PAGE,
) -> Page[Standing]:
    """A page of offers with where each stands, by the order in which they were found.

    Args:
        shown: ``open`` (not accepted yet), ``rejected``, ``drift``, or all.

    Raises:
        Invalid: ``after`` is not a token of ours.
    """
    row: Any = ListingStock if kind == "stock" else ListingPrice
    query = (
        select(row, Listing).join(Listing, Listing.id == row.listing_id)
        .where(row.account_id == account_id, _condition(kind, shown), *_asked(q, listing_id))
        .order_by(row.listing_id).limit(limit + 1)
    )
    if after:
        query = query.where(row.listing_id > paging.unseal_as(after, int)[0])
    found = [_standing(kind, one, listing) for one, listing in session.execute(query)]
    return Page(found[:limit],
                paging.seal(found[limit - 1].listing.id) if len(found) > limit else None)


def _standing(kind: Kind, row: Any, listing: Listing) -> Standing:
    stock = kind == "stock"
    return Standing(
        listing, "" if stock else row.currency, row.desired, row.desired_at, row.sent, row.sent_at,
        row.outcome, row.message or "", row.due_at, row.confirmed if stock else listing.price,
        row.confirmed_at if stock else listing.seen_at)


def _condition(kind: Kind, shown: str) -> ColumnElement[bool]:
    row: Any = ListingStock if kind == "stock" else ListingPrice
    current = row.version == row.sent_version
    return {
        "": row.listing_id.is_not(None),
        "open": or_(row.version != row.sent_version, row.outcome.is_(None),
                    row.outcome.in_(("sent", "retry", "unknown", "accepted"))),
        "rejected": current & (row.outcome == "rejected"),
        "drift": is_standing("drift") if kind == "stock" else pricing.drifts(),
    }.get(shown, false())


def _asked(q: str, listing_id: int | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if listing_id is not None:
        found.append(Listing.id == listing_id)
    if q:
        found.append(or_(
            func.lower(Listing.title).contains(q.lower(), autoescape=True),
            func.lower(Listing.sku).contains(q.lower(), autoescape=True),
            Listing.offer_ref == q, Listing.ean == q))
    return found
