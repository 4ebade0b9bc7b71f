"""Where the publication of a listing stands: what should be shown, was sent, was read back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from oms_web.domain.channels.models import ListingStock

# From what needs a person most to what needs nobody.
STANDINGS = ("rejected", "drift", "unknown", "waiting", "unconfirmed", "confirmed", "off", "none")
WORST = {name: place for place, name in enumerate(STANDINGS)}


def standing(
    *,
    publishes: bool,
    version: int | None,
    sent: int | None,
    sent_version: int | None,
    sent_at: datetime | None,
    outcome: str | None,
    confirmed: int | None,
    confirmed_at: datetime | None,
) -> str:
    """One word for it.

    ``rejected``: the channel refused the value. ``waiting``: a newer value is to be sent, or the
    answer is on its way. ``unknown``: the answer was lost. ``unconfirmed``: accepted, not read
    back since. ``confirmed`` and ``drift``: read back, the same or not. ``off``: the account does
    not publish. ``none``: nothing to publish yet.
    """
    if not publishes:
        return "off"
    if version is None:
        return "none"
    if version != sent_version or outcome in ("sent", "retry", None):
        return "waiting"
    if outcome in ("rejected", "unknown"):
        return outcome
    if confirmed is None or confirmed_at is None or (sent_at and confirmed_at < sent_at):
        return "unconfirmed"
    return "confirmed" if confirmed == sent else "drift"


def is_standing(name: str) -> ColumnElement[bool]:
    """The condition on ``ListingStock`` for ``rejected``, ``drift`` or ``open`` (not read back).

    ``open`` is ``waiting``, ``unknown`` and ``unconfirmed`` together.
    """
    row = ListingStock
    current = row.version == row.sent_version
    read_back = and_(row.confirmed_at.is_not(None), row.confirmed_at >= row.sent_at)
    conditions = {
        "rejected": and_(current, row.outcome == "rejected"),
        "drift": and_(current, row.outcome == "applied", read_back, row.confirmed != row.sent),
        "open": or_(
            row.version != row.sent_version, row.outcome.is_(None),
            row.outcome.in_(("sent", "retry", "unknown")),
            and_(row.outcome == "applied",
                 or_(row.confirmed_at.is_(None), row.confirmed_at < row.sent_at)),
        ),
    }
    return conditions[name]
