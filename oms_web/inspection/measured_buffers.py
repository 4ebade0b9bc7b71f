"""The buffer that single offers should have, by what was measured: sales elsewhere and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.domain.catalog import composition
from oms_web.domain.channels.buffers import Sales, Suggestion, p95, suggest
from oms_web.domain.channels.models import Listing, Publication
from oms_web.domain.orders import selling

WINDOW = timedelta(days=28)
LEAST_WINDOW = timedelta(days=1)
SAMPLE = 500


@dataclass(frozen=True, slots=True)
class Gap:
    """How long an account may show too many, in milliseconds; None: not measured often enough."""

    heard_ms: int | None
    pushed_ms: int | None


def gap(session: Session, account_id: int) -> Gap:
    """How long it takes until we hear of 95 in 100 sales elsewhere, and until it knows of them.

    Where nobody else sells, nothing has to be heard of.
    """
    heard = selling.heard_after_ms(session, account_id, SAMPLE)
    pushed = session.scalars(
        select(Publication.lag_ms)
        .where(Publication.account_id == account_id, Publication.outcome == "applied",
               Publication.lag_ms.is_not(None))
        .order_by(Publication.id.desc()).limit(SAMPLE)
    ).all()
    return Gap(p95(heard) if heard else 0, p95([lag for lag in pushed if lag is not None]))


def of(session: Session, listings: Sequence[Listing], now: datetime) -> dict[int, Suggestion]:
    """Suggestions for linked listings; none for those whose account is not measured enough yet."""
    linked = {one.id: one.variant_id for one in listings if one.variant_id is not None}
    gaps = {account: gap(session, account) for account in {one.account_id for one in listings}}
    begun = selling.first_placed(session, now - WINDOW) or now
    window = max(LEAST_WINDOW, now - begun)
    made_of = composition.of(session, linked.values())
    recipes = {id_: made_of.get(variant, {variant: 1}) for id_, variant in linked.items()}
    sold = selling.sold(
        session, {part for recipe in recipes.values() for part in recipe}, now - window)
    found = {}
    for one in listings:
        measured = gaps[one.account_id]
        if one.id in recipes and measured.heard_ms is not None and measured.pushed_ms is not None:
            found[one.id] = max((
                _in_bundles(per, suggest(measured.heard_ms, measured.pushed_ms,
                                         _elsewhere(sold.get(part, {}), one.id), window))
                for part, per in recipes[one.id].items()
            ), key=lambda suggestion: suggestion.units)
    return found


def _elsewhere(by_listing: selling.ByListing, listing_id: int) -> Sales:
    return sum((sales for id_, sales in by_listing.items() if id_ != listing_id), Sales())


def _in_bundles(per: int, suggestion: Suggestion) -> Suggestion:
    return replace(suggestion, units=-(-suggestion.units // per))
