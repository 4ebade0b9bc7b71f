"""What the clock does at each ring: look for what is due and queue it. It never works itself.

Rings are cheap reads that write only when there is something to do; the unique key of a task
makes two clocks harmless.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, select

from oms_web.automation import explaining, running, timed
from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Task, enqueue
from oms_web.core.clock import local_day
from oms_web.core.events import OutboxEvent
from oms_web.core.ringing import of_account, queue_due
from oms_web.core.work import Works
from oms_web.domain.audit import sealing
from oms_web.domain.documents import exchange
from oms_web.domain.einvoices import incoming, notices
from oms_web.domain.einvoices import queries as einvoices
from oms_web.domain.messages import queries as messages
from oms_web.domain.orders import begun, outgoing, tally, telling
from oms_web.domain.orders.tally_models import OrderTally
from oms_web.domain.payments import fee_claims as claims
from oms_web.domain.payments import requests
from oms_web.domain.printers import service as printers
from oms_web.domain.shipping import prices
from oms_web.domain.stock.models import Reservation
from oms_web.domain.users import api_calls
from oms_web.domain.webhooks import queries as hook_queries
from oms_web.domain.webhooks import service as hooks
from oms_web.flows import forget_photos, order_hold, reservation_expiry
from oms_web.sync import (
    bookkeeping,
    doorbell,
    drop_folder,
    einvoice_notices,
    einvoicing,
    fee_claims,
    feeds,
    hand_overs,
    labels,
    message_sending,
    payments,
    push_notices,
    push_prices,
    push_stock,
    quota,
    receipts,
    refunds,
    tracking,
    webhooks,
)
from oms_web.sync.session import Engine
from oms_web.wiring import Oms

KEEP_DONE = timedelta(days=3)
KEEP_DEAD = timedelta(days=180)
FOLD_FROM = 400


def ring_feeds(oms: Oms) -> int:
    """Queue the reading of feeds and the sending of what is due to channels."""
    works = oms.works
    with works.reading(SYSTEM) as work:
        due = feeds.due(work.session, work.now)
    engine, now = Engine(works, oms.registry), works.clock()
    sending = [
        (kind, account) for kind, waiting in (
            ("push_stock", push_stock.waiting), (push_prices.TASK, push_prices.waiting),
            (push_notices.TASK, push_notices.waiting),
            (receipts.TASK, receipts.waiting),
        ) for account in waiting(engine, now)
    ]
    if not due and not sending:
        return 0
    with works.writing(SYSTEM) as work:
        queued = [
            enqueue(work.session, "read_feed", f"{account}:{name}",
                    {"account_id": account, "feed": name}, now=work.now)
            for account, name in due
        ] + [
            enqueue(work.session, kind, str(account), {"account_id": account}, now=work.now)
            for kind, account in sending
        ]
    return len([task for task in queued if task is not None])


def ring_webhooks(oms: Oms) -> int:
    """Queue the telling of webhooks that something happened for."""
    return queue_due(oms.works, lambda work: hook_queries.due(work.session, work.now), webhooks.ask)


def ring_messages(oms: Oms) -> int:
    """Queue the sending of messages to buyers."""
    return queue_due(oms.works, lambda work: sorted(messages.due(work.session, work.now)),
                     lambda work, one: message_sending.ask(work, *one))


def ring_einvoices(oms: Oms) -> int:
    """Queue what is due at KSeF: sending and asking, the reading of what others issued and of what
    is announced.
    """
    return queue_due(oms.works, lambda work: [kind for kind, is_due in (
        (einvoicing.TASK, einvoices.due), (einvoicing.INCOMING, incoming.is_due),
        (einvoice_notices.TASK, notices.is_due),
    ) if is_due(work.session, work.now)], einvoicing.ask)


def ring_labels(oms: Oms) -> int:
    """Queue what is due of labels and visits, and the asking of carriers about parcels."""
    return labels.ring(oms.works) + tracking.ring(oms.works) + hand_overs.ring(oms.works)
def ring_payments(oms: Oms) -> int:
    """Queue the asking of payment providers."""
    return queue_due(oms.works, lambda work: requests.due_accounts(work.session, work.now),
                     of_account(payments.TASK))


def ring_refunds(oms: Oms) -> bool:
    """Queue the sending of refunds by payment providers."""
    with oms.works.reading(SYSTEM) as work:
        if not refunds.due(work.session, work.now, limit=1):
            return False
    with oms.works.writing(SYSTEM) as work:
        return enqueue(work.session, refunds.TASK, "all", {}, now=work.now) is not None


def ring_books(oms: Oms) -> int:
    """Queue the entering of issued documents into the books of accounting systems."""
    return bookkeeping.ring(oms.works)


def ring_fee_claims(oms: Oms) -> bool:
    """Queue the asking of marketplaces about their commissions."""
    with oms.works.reading(SYSTEM) as work:
        if not claims.due(work.session, work.now, limit=1):
            return False
    with oms.works.writing(SYSTEM) as work:
        return enqueue(work.session, fee_claims.TASK, "all", {}, now=work.now) is not None


def ring_rules(oms: Oms) -> bool:
    """Queue the asking of rules when something happened."""
    with oms.works.reading(SYSTEM) as work:
        if not running.waiting(work.session):
            return False
    with oms.works.writing(SYSTEM) as work:
        return running.ask(work)


def ring_timed_rules(oms: Oms) -> bool:
    """Queue a look of the rules of the clock at the open orders."""
    with oms.works.reading(SYSTEM) as work:
        if not timed.due(work.session):
            return False
    with oms.works.writing(SYSTEM) as work:
        return timed.ask(work)


def ring_quota(oms: Oms) -> int:
    """Write down how far the channels' limits are used."""
    return quota.keep(oms.works)


def ring_expiry(oms: Oms) -> int:
    """Let go reservations whose time is over."""
    with oms.works.reading(SYSTEM) as work:
        if work.session.scalar(
            select(Reservation.id).where(Reservation.expires_at <= work.now).limit(1)
        ) is None:
            return 0
    with oms.works.writing(SYSTEM) as work:
        return reservation_expiry.expire(work)


def ring_holds(oms: Oms) -> int:
    """Let orders go on that somebody held until a day, once it has come."""
    with oms.works.reading(SYSTEM) as work:
        if not order_hold.due(work, limit=1):
            return 0
    with oms.works.writing(SYSTEM) as work:
        return order_hold.release_due(work)


def ring_fold(oms: Oms) -> None:
    """Fold the counters once they have many rows."""
    with oms.works.reading(SYSTEM) as work:
        rows = work.session.scalar(select(func.count()).select_from(OrderTally)) or 0
    if rows > FOLD_FROM:
        with oms.works.writing(SYSTEM) as work:
            tally.fold_tallies(work)


def ring_seal(oms: Oms) -> None:
    """Chain the newest audit entries to those before."""
    with oms.works.writing(SYSTEM) as work:
        sealing.seal(work)


def ring_drop_folders(oms: Oms) -> None:
    """Look into the folders that file channels watch."""
    with oms.works.reading(SYSTEM) as work:
        if not drop_folder.any_watched(work.session):
            return
    with oms.works.writing(SYSTEM) as work:
        enqueue(work.session, "drop_folders", "all", {}, now=work.now)


def ring_rates(oms: Oms) -> bool:
    """Queue the reading of exchange rates where orders are in another currency."""
    with oms.works.reading(SYSTEM) as work:
        if exchange.span_missing(work.session, local_day(work.now)) is None:
            return False
    with oms.works.writing(SYSTEM) as work:
        return enqueue(work.session, "exchange_rates", "all", {}, now=work.now) is not None


def ring_cleaning(oms: Oms) -> None:
    """Forget finished tasks, dispatched events, repeatable calls and photos after a while."""
    _clean(oms.works)
    forget_photos.forget_old(oms.works)


def _clean(works: Works) -> None:
    with works.writing(SYSTEM) as work:
        work.session.execute(delete(Task).where(
            Task.state == "done", Task.finished_at < work.now - KEEP_DONE))
        work.session.execute(delete(Task).where(
            Task.state == "dead", Task.finished_at < work.now - KEEP_DEAD))
        work.session.execute(delete(OutboxEvent).where(
            OutboxEvent.dispatched_at < work.now - KEEP_DONE))
        api_calls.forget_old(work)
        doorbell.forget_old(work)
        hooks.forget_old(work)
        explaining.forget_old(work)
        telling.forget_old(work)
        outgoing.forget_old(work)
        begun.forget_old(work)
        printers.forget_old(work)
        prices.forget_old(work)
