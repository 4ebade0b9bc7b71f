"""Channels ring when something has happened: checked, stored, answered by asking what it was.

A delivery is never believed about what it says, only that something happened. If one is lost, the
feeds find the same a little later.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta

from oms_connector import FetchesOrders, HearsWebhooks, OrdersWebhooks, Ring
from sqlalchemy import delete, func, select, update

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.claims import enqueue
from oms_web.core.db import upsert
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import get_account
from oms_web.domain.payments import requests
from oms_web.domain.shipping import journeys
from oms_web.sync import accounts, feeds, receipts, tracking
from oms_web.sync.intake import store_page
from oms_web.sync.models import ChannelRing, Feed
from oms_web.sync.session import Engine, connected

TASK = "answer_rings"
SECRET = "webhook_secret"  # noqa: S105  the name of one
KEPT = timedelta(days=30)
BATCH = 50
_FEEDS = {"order": feeds.ORDERS, "offer": feeds.OFFERS, "return": feeds.RETURNS}


def hear(engine: Engine, account_id: int, body: bytes, headers: Mapping[str, str]) -> str:
    """Take a delivery in; what the channel wants to read as an answer.

    Args:
        headers: names in lower case.

    Raises:
        NotFound: the account's channel does not ring.
        WebhookRefused: it is not from the channel, or not as the channel sent it.
    """
    with connected(engine, account_id, although_stopped=True) as (_account, connector):
        if not isinstance(connector, HearsWebhooks):
            raise NotFound("This channel does not ring.")
        rings = connector.hear(body, headers)
    if rings:
        _store(engine, account_id, rings)
    return connector.manifest.webhook_answer


def _store(engine: Engine, account_id: int, rings: Sequence[Ring]) -> None:
    with engine.works.writing(SYSTEM) as work:
        rows = [
            {"account_id": account_id, "event_id": ring.event_id[:200], "kind": ring.kind,
             "ref": ring.ref[:160], "heard_at": work.now}
            for ring in rings
        ]
        known = set(work.session.scalars(
            select(ChannelRing.event_id).where(
                ChannelRing.account_id == account_id,
                ChannelRing.event_id.in_([row["event_id"] for row in rows]))
        ))
        work.session.execute(upsert(work.session, ChannelRing).on_conflict_do_nothing(), rows)
        fresh = {row["event_id"] for row in rows} - known
        if fresh:
            enqueue(work.session, TASK, str(account_id), {"account_id": account_id}, now=work.now)


def answer(engine: Engine, account_id: int) -> int:
    """Ask for what rings were about; how many were answered.

    Orders are fetched by their number where the channel can do that, carriers are asked about
    parcels by theirs; all else is read by its feed.

    Raises:
        ChannelError: the channel failed; what was not answered stays so.
    """
    done = 0
    with connected(engine, account_id) as (account, connector):
        while rings := _open(engine, account_id):
            refs = sorted({ring.ref for ring in rings if ring.kind == "order"})
            items = []
            if refs and isinstance(connector, FetchesOrders):
                items = [item for item in connector.fetch_orders(refs) if item is not None]
            with engine.works.writing(engine.actor(account)) as work:
                if items:
                    stored = store_page(work, account, items, origin="webhook")
                    receipts.owe(work, account_id, connector, stored.refs)
                numbers = sorted({ring.ref for ring in rings if ring.kind == "parcel"})
                if numbers and journeys.look_soon(work, account_id, numbers):
                    tracking.ask(work, account_id)
                asked = isinstance(connector, FetchesOrders)
                if paid := {ring.ref for ring in rings if ring.kind == "payment"}:
                    requests.ring(work, account_id, paid)
                _read_soon(work, account_id,
                           {ring.kind for ring in rings if ring.kind != "order" or not asked})
                work.session.execute(
                    update(ChannelRing).where(ChannelRing.id.in_([ring.id for ring in rings]))
                    .values(answered_at=work.now))
            done += len(rings)
    return done


def _open(engine: Engine, account_id: int) -> Sequence[ChannelRing]:
    with engine.works.reading(SYSTEM) as work:
        return work.session.scalars(
            select(ChannelRing)
            .where(ChannelRing.account_id == account_id, ChannelRing.answered_at.is_(None))
            .order_by(ChannelRing.id).limit(BATCH)
        ).all()


def _read_soon(work: Work, account_id: int, kinds: set[str]) -> None:
    names = [_FEEDS[kind] for kind in kinds if kind in _FEEDS]
    if names:
        work.session.execute(
            update(Feed).where(Feed.account_id == account_id, Feed.name.in_(names))
            .values(due_at=work.now))


def subscribe(engine: Engine, account_id: int, url: str, actor: Actor) -> str:
    """Let the channel ring at ``url``; the secret that it signs with, empty if that is its own,
    which was typed among its settings.

    Where the channel cannot be told by us, the seller writes address and secret into its panel.

    Raises:
        NotAllowedNow: the channel does not ring.
        ChannelError: the channel failed.
    """
    with engine.works.writing(actor) as work:
        account = get_account(work.session, account_id)
        found = engine.registry.get(account.connector)
        if found is None or not issubclass(found, HearsWebhooks):
            raise NotAllowedNow("This channel does not ring.")
        own = found.manifest.webhook_secret != SECRET and not issubclass(found, OrdersWebhooks)
        secret = "" if own else secrets.token_urlsafe(32)
        if secret:
            accounts.set_secrets(work, account, {SECRET: secret})
        audit.record(work, "channels.webhooks", "channel_account", account_id,
                     {"url": [None, url]})
    with connected(engine, account_id) as (_account, connector):
        if isinstance(connector, OrdersWebhooks):
            connector.subscribe(url, secret)
    return secret


def last_heard(work: Work, account: ChannelAccount) -> ChannelRing | None:
    """The newest ring of an account."""
    return work.session.scalar(
        select(ChannelRing).where(ChannelRing.account_id == account.id)
        .order_by(ChannelRing.id.desc()).limit(1))


def waiting(work: Work) -> list[int]:
    """Accounts with rings that nobody has answered yet."""
    return list(work.session.scalars(
        select(ChannelRing.account_id).where(ChannelRing.answered_at.is_(None))
        .group_by(ChannelRing.account_id).having(func.count() > 0)))


def forget_old(work: Work) -> None:
    """Rings are kept for ``KEPT``: as long as a channel may deliver one again."""
    work.session.execute(delete(ChannelRing).where(
        ChannelRing.answered_at < work.now - KEPT))
