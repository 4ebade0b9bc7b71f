"""Tell a channel about its orders: documents for buyers, cancellations, how far an order is.

Said, done, noted: what is about to be told is written down with a date for the next try, then
told, then the outcome is noted. A death in between leaves a row that is told again with the same
key. Whatever passes (a channel that is down overnight) is tried until it works.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from oms_connector import (
    AccessRefused,
    CancelsOrders,
    ChannelDown,
    Conflict,
    Connector,
    FetchesOrders,
    Invoice,
    OutcomeUnknown,
    PushesStatus,
    RateLimited,
    Refused,
    UploadsInvoices,
)
from sqlalchemy import ColumnElement, and_, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.db import rows_changed
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices.marks import AwaitsNumber
from oms_web.domain.orders import outgoing
from oms_web.domain.orders.models import ChannelNotice, ChannelOrder, Order
from oms_web.domain.orders.telling import CANCEL, INVOICE, STATUS
from oms_web.sync import feeds
from oms_web.sync.intake import store_page
from oms_web.sync.session import Engine, connected

TASK = "push_notices"
IN_FLIGHT = timedelta(seconds=180)
SLOW_DOWN = timedelta(seconds=60)
MOST_HELD_BACK = timedelta(seconds=60)
_BACKOFF = (10, 60, 300, 900, 1800)
_AGAIN = ("waiting", "retry", "unknown")
_ACTS = {INVOICE: "documents.tell_channel", CANCEL: "orders.tell_cancelled",
         STATUS: "orders.tell_status"}

PdfOf = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Telling:
    """One notice on its way. ``was`` is the state before."""

    id: int
    order_id: int
    kind: str
    key: str
    body: dict[str, Any]
    version: int
    attempts: int
    was: str
    external_id: str
    revision: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a telling."""

    state: str
    message: str = ""
    reference: str = ""


@dataclass(slots=True)
class Told:
    """What a run told, by outcome."""

    done: int = 0
    failed: int = 0
    later: int = 0

    def count(self, state: str) -> None:
        """One more of this outcome."""
        self.done += state == "done"
        self.failed += state == "failed"
        self.later += state in _AGAIN


def push_notices(
    engine: Engine, account_id: int, pdf_of: PdfOf,
    beat: Callable[[int, int], None] = lambda _a, _b: None,
) -> Told:
    """Tell an account all that is due.

    Args:
        pdf_of: the file of a document, by its id.

    Raises:
        ChannelError: access was refused, the channel is down or asks to slow down; what was not
            told stays due.
    """
    told = Told()
    with connected(engine, account_id) as (account, connector):
        while telling := _take(engine, account_id):
            outcome = _tell(engine, account, connector, telling, pdf_of)
            _note(engine, telling, outcome)
            told.count(outcome.state)
            beat(told.done + told.failed + told.later, 0)
    return told


def is_due(now: datetime) -> ColumnElement[bool]:
    """The condition on ``ChannelNotice`` and ``ChannelAccount`` joined."""
    return and_(ChannelNotice.due_at <= now, ChannelAccount.state == "active",
                ChannelAccount.archived_at.is_(None))


def waiting(engine: Engine, now: datetime) -> list[int]:
    """Accounts that are to be told something now."""
    with engine.works.reading(SYSTEM) as work:
        return list(work.session.scalars(
            select(ChannelNotice.account_id)
            .join(ChannelAccount, ChannelAccount.id == ChannelNotice.account_id)
            .where(is_due(now)).distinct()
        ))


def _take(engine: Engine, account_id: int) -> Telling | None:
    """Write down what is about to be told, the longest due first: it is recalled no more."""
    with engine.works.writing(SYSTEM) as work:
        row = _due(work, account_id)
        # What was hastened, or recalled by the way, waits (for ever): the decision's row rules.
        while row is not None and row[0].outgoing_id and not outgoing.go(work, row[0].outgoing_id):
            row[0].due_at = outgoing.waits_until(work, row[0].outgoing_id)
            row = _due(work, account_id)
        if row is None:
            return None
        notice: ChannelNotice = row[0]
        telling = Telling(notice.id, notice.order_id, notice.kind, notice.key, notice.body,
                          notice.version, notice.attempts, notice.state,
                          row.external_id, row.revision)
        notice.sent_version = notice.version
        notice.state = "sent"
        notice.due_at = work.now + IN_FLIGHT
        notice.attempts += 1
    return telling


def _due(work: Work, account_id: int) -> Any:
    return work.session.execute(
        select(ChannelNotice, ChannelOrder.external_id, ChannelOrder.revision)
        .join(ChannelOrder, ChannelOrder.id == ChannelNotice.channel_order_id)
        .join(ChannelAccount, ChannelAccount.id == ChannelNotice.account_id)
        .where(ChannelNotice.account_id == account_id, is_due(work.now))
        .order_by(ChannelNotice.due_at, ChannelNotice.id).limit(1)
        .with_for_update(of=ChannelNotice, skip_locked=True)
    ).first()


def _tell(
    engine: Engine, account: ChannelAccount, connector: Connector, telling: Telling, pdf_of: PdfOf
) -> Outcome:
    try:
        return _say(engine, account, connector, telling, pdf_of)
    except OutcomeUnknown as error:
        return Outcome("unknown", str(error))
    except (AccessRefused, RateLimited, ChannelDown) as error:
        _note(engine, telling, Outcome("retry", str(error)))
        _hold_back(engine, account.id, telling, error)
        raise
    except Refused as error:
        return Outcome("failed", str(error))
    except AwaitsNumber as error:  # nothing failed, and nothing was said
        return Outcome("waiting", error.message)
    except Exception as error:
        return Outcome("retry", feeds.describe(error))


def _say(
    engine: Engine, account: ChannelAccount, connector: Connector, telling: Telling, pdf_of: PdfOf
) -> Outcome:
    """One call of the connector."""
    if telling.kind == INVOICE and isinstance(connector, UploadsInvoices):
        return Outcome("done", "", connector.upload_invoice(_invoice(engine, telling, pdf_of)))
    if telling.kind == CANCEL and isinstance(connector, CancelsOrders):
        lines = {} if telling.body["whole"] else telling.body["units"]
        connector.cancel_order(telling.external_id, lines, telling.body["reason"])
        return Outcome("done")
    if telling.kind == STATUS and isinstance(connector, PushesStatus):
        return _push_status(engine, account, connector, telling)
    return Outcome("failed", "the connector cannot do that")


def _push_status(
    engine: Engine, account: ChannelAccount, connector: PushesStatus, telling: Telling
) -> Outcome:
    """Say how far an order is. If it changed there meanwhile, look first and say it once more."""
    status = telling.body["status"]
    try:
        connector.push_status(telling.external_id, status, telling.revision)
        return Outcome("done")
    except Conflict as conflict:
        if not isinstance(connector, FetchesOrders):
            return Outcome("retry", str(conflict))
    items = [item for item in connector.fetch_orders([telling.external_id]) if item is not None]
    with engine.works.writing(engine.actor(account)) as work:
        store_page(work, account, items)
        revision, status_id = work.session.execute(
            select(ChannelOrder.revision, Order.status_id)
            .join(ChannelNotice, ChannelNotice.channel_order_id == ChannelOrder.id)
            .join(Order, Order.id == ChannelNotice.order_id)
            .where(ChannelNotice.id == telling.id)
        ).one()
    if status_id != telling.body["status_id"]:
        return Outcome("failed", "the order was changed on the channel meanwhile")
    try:
        connector.push_status(telling.external_id, status, revision)
    except Conflict as conflict:
        return Outcome("retry", str(conflict))
    return Outcome("done")


def _invoice(engine: Engine, telling: Telling, pdf_of: PdfOf) -> Invoice:
    document_id = telling.body["document_id"]
    with engine.works.reading(SYSTEM) as work:
        number, issued_at = work.session.execute(
            select(Document.number, Document.issued_at).where(Document.id == document_id)
        ).one()
    return Invoice(telling.external_id, telling.key, number, issued_at, pdf_of(document_id))


def _hold_back(engine: Engine, account_id: int, telling: Telling, error: Exception) -> None:
    """Tell the account nothing for as long as it asks, or until access works again."""
    with engine.works.writing(SYSTEM) as work:
        if isinstance(error, AccessRefused):
            feeds.break_account(work, account_id, str(error))
            return
        wait = min(_wait(telling), MOST_HELD_BACK)
        if isinstance(error, RateLimited):
            wait = SLOW_DOWN if error.retry_after is None else timedelta(seconds=error.retry_after)
        until = work.now + wait
        work.session.execute(
            update(ChannelNotice)
            .where(ChannelNotice.account_id == account_id, ChannelNotice.due_at < until)
            .values(due_at=until).execution_options(synchronize_session=False)
        )


def _wait(telling: Telling) -> timedelta:
    return timedelta(seconds=_BACKOFF[min(telling.attempts, len(_BACKOFF) - 1)])


def _note(engine: Engine, telling: Telling, outcome: Outcome) -> None:
    """Note the outcome. A notice that got a newer version meanwhile stays due for that one."""
    with engine.works.writing(SYSTEM) as work:
        ours = update(ChannelNotice).where(
            ChannelNotice.id == telling.id, ChannelNotice.sent_version == telling.version,
            ChannelNotice.version == telling.version,
        ).execution_options(synchronize_session=False)
        again = outcome.state in _AGAIN
        noted = rows_changed(work.session, ours.values(
            state=outcome.state, message=outcome.message[:500] or None, told_at=work.now,
            reference=outcome.reference[:200] or None,
            due_at=work.now + _wait(telling) if again else None,
        ))
        if noted and (outcome.state != telling.was or not again):
            _record(work, telling, outcome)
        if not noted and outcome.state in ("done", "unknown"):
            _follow(work, telling)


def _follow(work: Work, telling: Telling) -> None:
    """A newer version was told meanwhile, and this older one may have come last: once more."""
    work.session.execute(
        update(ChannelNotice).where(
            ChannelNotice.id == telling.id, ChannelNotice.sent_version > telling.version,
            ChannelNotice.version == ChannelNotice.sent_version,
        ).values(version=ChannelNotice.version + 1, due_at=work.now, state="waiting", attempts=0)
        .execution_options(synchronize_session=False)
    )


def _record(work: Work, telling: Telling, outcome: Outcome) -> None:
    subject, subject_id = ("document", telling.body["document_id"]) \
        if telling.kind == INVOICE else ("order", telling.order_id)
    audit.record(work, _ACTS[telling.kind], subject, subject_id,
                 {"told": [None, outcome.state]}, order_id=telling.order_id,
                 note=outcome.message[:500] or None)
