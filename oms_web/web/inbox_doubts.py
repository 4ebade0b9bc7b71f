"""Cases of the inbox about doubt: findings of verification, and what a channel does not know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from flask import url_for
from flask_babel import gettext, ngettext
from sqlalchemy import func, literal_column, select

from oms_web.domain.orders.models import WRONG_NOTICE, ChannelNotice
from oms_web.domain.orders.verification import queries
from oms_web.domain.orders.verification.kinds import CHECKS, PAYMENT
from oms_web.domain.shipping.models import UNTOLD, Shipment
from oms_web.web import order_words as words
from oms_web.web.inbox_case import Asked, Case
from oms_web.web.shell import frame

LATELY = timedelta(days=14)
NAMED = 4
"""Kinds of findings that a case names."""


def verification(asked: Asked) -> Iterator[Case]:
    """What is doubtful about orders. Money has a case of its own."""
    counts = {kind: n for kind, n in frame().tallies["finding"].items()
              if n > 0 and kind in CHECKS and kind != PAYMENT}
    if not counts:
        return
    often = sorted(counts, key=lambda kind: -counts[kind])[:NAMED]
    named = ", ".join(f"{words.HOLDS[kind]} {counts[kind]}" for kind in often)
    yield Case(
        "warn", "eye-check", gettext("To verify"),
        ngettext("%(num)s finding", "%(num)s findings", sum(counts.values())),
        named + ("…" if len(counts) > NAMED else "."), url_for("verification.index"),
        gettext("Settle them"), since=queries.oldest(asked.session, counts))


def not_told(asked: Asked) -> Iterator[Case]:
    """What channels refused to be told: that an order left, was cancelled, has an invoice."""
    notices = asked.session.execute(
        select(func.count(), func.min(ChannelNotice.created_at))
        .where(ChannelNotice.state == "failed", literal_column(WRONG_NOTICE))).one()
    parcels = asked.session.execute(
        select(func.count(), func.min(Shipment.shipped_at))
        .where(Shipment.told == "failed", literal_column(UNTOLD),
               Shipment.shipped_at > asked.now - LATELY)).one()
    n = notices[0] + parcels[0]
    if n:
        yield Case(
            "warn", "send", gettext("The channel was not told"),
            ngettext("%(num)s message", "%(num)s messages", n),
            gettext("Buyers do not see there what became of their orders."),
            url_for("channels.index"), gettext("See why"),
            since=min(moment for moment in (notices[1], parcels[1]) if moment))
