"""Money that a buyer is asked for by a link: written down, asked at a provider, watched until paid.

Said, done, noted: before the provider is asked the row says ``sending``; a lost answer makes it
``unknown``, which is resolved by asking again with the same key. Where the provider has the key and
does not tell its link again, nobody ever saw that link, and another key is used.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base, rows_changed
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import service

ASKED, SENDING, UNKNOWN, WAITING, PAID, WITHDRAWN, ENDED, REFUSED = STATES = (
    "asked", "sending", "unknown", "waiting", "paid", "withdrawn", "ended", "refused",
)
OPEN = (ASKED, SENDING, UNKNOWN, WAITING)
"""States in which an order has a link, or is about to."""
IN_FLIGHT = timedelta(minutes=5)
WATCHED = timedelta(days=30)
"""How long a payment is looked at after it was made or asked for: refunds, disputes, late money."""
_POLLS = ((timedelta(hours=1), timedelta(minutes=2)), (timedelta(days=1), timedelta(minutes=15)),
          (timedelta(days=8), timedelta(hours=2)))
_BACKOFF = (15, 60, 300, 900, 1800)


class PaymentRequest(Base):
    """One request. ``key`` is ours and unique; ``attempt`` counts keys that were given up.

    ``reference`` is the provider's own id, ``paid`` what it says has come (minor units),
    ``disputed`` whether the buyer's bank takes it back. ``template_id``: the message that tells the
    buyer the link as soon as there is one.
    """

    __tablename__ = "payment_request"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    key: Mapped[str] = mapped_column(String(60), unique=True)
    form_key: Mapped[str] = mapped_column(String(60), unique=True)
    attempt: Mapped[int] = mapped_column(default=1)
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    state: Mapped[str] = mapped_column(String(10), default=ASKED)
    reference: Mapped[str] = mapped_column(String(160), default="")
    url: Mapped[str] = mapped_column(Text, default="")
    message: Mapped[str] = mapped_column(Text, default="")
    paid: Mapped[Minor] = mapped_column(default=0)
    disputed: Mapped[bool] = mapped_column(default=False)
    template_id: Mapped[int | None]
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(120))
    sent_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_payment_request_due", "due_at"),
                      Index("ix_payment_request_reference", "account_id", "reference"))


@dataclass(frozen=True, slots=True)
class Taken:
    """A request in a worker's hands. ``asks``: the provider is to be asked for a link; else it is
    asked how the payment stands.
    """

    id: int
    order_id: int
    key: str
    attempt: int
    amount: int
    currency: str
    reference: str
    asks: bool


def get(session: Session, request_id: int) -> PaymentRequest:
    """A request.

    Raises:
        NotFound: there is none.
    """
    found = session.get(PaymentRequest, request_id)
    if found is None:
        raise NotFound("There is no such payment request.")
    return found


def of_order(session: Session, order_id: int) -> Sequence[PaymentRequest]:
    """The requests of an order, the newest first."""
    return session.scalars(
        select(PaymentRequest).where(PaymentRequest.order_id == order_id)
        .order_by(PaymentRequest.id.desc())).all()


def open_link(session: Session, order_id: int) -> str:
    """Where the buyer of an order can pay now; empty where nowhere, or where the link asks for more
    than is due by now: it was paid another way, or the order became cheaper.
    """
    found = session.execute(
        select(PaymentRequest.url, PaymentRequest.amount, Order)
        .join(Order, Order.id == PaymentRequest.order_id)
        .where(PaymentRequest.order_id == order_id, PaymentRequest.state == WAITING,
               PaymentRequest.url != "")
        .order_by(PaymentRequest.id.desc()).limit(1)).first()
    if found is None or found.amount > lineage.due(session, found.Order):
        return ""
    return str(found.url)


def is_open(session: Session, order_id: int) -> bool:
    """Whether an order has a link, or is about to."""
    return session.scalar(
        select(PaymentRequest.id)
        .where(PaymentRequest.order_id == order_id, PaymentRequest.state.in_(OPEN))
        .limit(1)) is not None


def paid_by_provider(session: Session, order: Order) -> Sequence[PaymentRequest]:
    """The provider's payments of an order's purchase, the newest first: money may go back by them.
    """
    family = [one.id for one in lineage.purchase(session, order)]
    return session.scalars(
        select(PaymentRequest)
        .where(PaymentRequest.order_id.in_(family), PaymentRequest.paid > 0)
        .order_by(PaymentRequest.id.desc())).all()


# A person's part --------------------------------------------------------------------------------


def ask(work: Work, order: Order, account_id: int, amount: int, form_key: str,
        template_id: int | None = None) -> tuple[PaymentRequest, bool]:
    """Ask the buyer of a locked order for money; the request, and whether it is new.

    Raises:
        Invalid: at ``amount``: not above zero or more than is due.
        NotAllowedNow: a draft, a cancelled order, or one whose link is open.
    """
    known = work.session.scalar(
        select(PaymentRequest).where(PaymentRequest.form_key == form_key[:60]))
    if known is not None:
        return known, False
    if order.phase in (phases.DRAFT, phases.CANCELLED):
        raise NotAllowedNow("Nobody pays for a draft or a cancelled order.")
    if any(one.state in OPEN for one in of_order(work.session, order.id)):
        raise NotAllowedNow("The buyer has an open payment link. Withdraw it first.")
    if not 0 < amount <= lineage.due(work.session, order):
        raise Invalid("Ask for more than nothing and not for more than is due.", "amount")
    row = PaymentRequest(
        order_id=order.id, account_id=account_id, key=f"new:{form_key[:50]}",
        form_key=form_key[:60], amount=amount, currency=order.currency, template_id=template_id,
        created_at=work.now, created_by=work.actor.name, due_at=work.now, attempt=1)
    work.session.add(row)
    work.session.flush()
    row.key = _key(row)
    audit.record(work, "payments.ask", "order", order.id, {"amount": [None, amount]})
    return row, True


def _key(row: PaymentRequest) -> str:
    """Unique over all shops that use one account at a provider."""
    return f"oms-{int(row.created_at.timestamp()):x}-{row.order_id}-{row.id}-{row.attempt}"


def withdraw(work: Work, row: PaymentRequest) -> bool:
    """Show a link no longer; False if it is not open. What is paid by it all the same is booked."""
    if row.state not in OPEN:
        return False
    row.state, row.ended_at = WITHDRAWN, work.now
    row.due_at = work.now + _POLLS[1][1] if row.reference else None
    audit.record(work, "payments.withdraw_link", "order", row.order_id,
                 {"amount": [row.amount, None]})
    return True


# A worker's part --------------------------------------------------------------------------------


def due_accounts(session: Session, now: datetime) -> list[int]:
    """Accounts of which something is to be asked now."""
    return list(session.scalars(
        select(PaymentRequest.account_id)
        .join(ChannelAccount, ChannelAccount.id == PaymentRequest.account_id)
        .where(PaymentRequest.due_at <= now, ChannelAccount.state == "active",
               ChannelAccount.archived_at.is_(None)).distinct()))


def take(work: Work, account_id: int) -> Taken | None:
    """Write down what is about to be asked of a provider, the longest due first."""
    row = work.session.scalar(
        select(PaymentRequest)
        .where(PaymentRequest.account_id == account_id, PaymentRequest.due_at <= work.now)
        .order_by(PaymentRequest.due_at, PaymentRequest.id).limit(1)
        .with_for_update(skip_locked=True).execution_options(populate_existing=True))
    if row is None:
        return None
    asks = row.state in (ASKED, SENDING, UNKNOWN)
    if asks:
        row.state, row.sent_at = SENDING, work.now
    row.tries += 1
    row.due_at = work.now + IN_FLIGHT
    return Taken(row.id, row.order_id, row.key, row.attempt, row.amount, row.currency,
                 row.reference, asks)


def _lock(work: Work, taken: Taken) -> PaymentRequest:
    return work.session.scalars(
        select(PaymentRequest).where(PaymentRequest.id == taken.id).with_for_update()
        .execution_options(populate_existing=True)).one()


def note_link(work: Work, taken: Taken, reference: str, url: str) -> bool:
    """The provider gave a link; False if that came too late to be shown."""
    row = _lock(work, taken)
    row.reference, row.tries, row.message = reference[:160], 0, ""
    row.due_at = work.now + _POLLS[0][1]
    if row.state != SENDING or row.attempt != taken.attempt:
        return False
    row.state, row.url = WAITING, url
    audit.record(work, "payments.link", "order", row.order_id, {"amount": [None, row.amount]})
    return True


def note_failed(work: Work, taken: Taken, why: str, *, sent: bool, known: bool = False,
                final: bool = False) -> None:
    """The provider gave no link, or did not say how the payment stands.

    Args:
        sent: the answer was lost: nobody knows what came of it.
        known: the provider has the key already and does not tell the link again.
        final: it refused; a person has to look.
    """
    row = _lock(work, taken)
    row.message = why[:400]
    row.due_at = work.now + timedelta(seconds=_BACKOFF[min(row.tries, len(_BACKOFF)) - 1])
    if row.state not in OPEN and not row.reference:
        row.due_at = None  # withdrawn before there was a link: nobody can pay by it
    if not taken.asks or row.state != SENDING:
        return
    if known:
        row.attempt, row.state, row.due_at = row.attempt + 1, ASKED, work.now
        row.key = _key(row)
    elif final:
        row.state, row.due_at, row.ended_at = REFUSED, None, work.now
        audit.record(work, "payments.link_refused", "order", row.order_id, note=row.message)
    else:
        row.state = UNKNOWN if sent else ASKED


def note_standing(work: Work, taken: Taken, *, state: str, paid: int,
                  rows: Sequence[dict[str, Any]], disputed: bool) -> int:
    """How a payment stands: what is new of its money is booked; how many rows.

    Args:
        state: ``waiting``, ``paid`` or ``ended`` (nobody can pay by it any more).
        paid: what the provider says has come, minor units.
        rows: its money as payments: what came, and below zero what went back.
    """
    row = _lock(work, taken)
    order = work.session.scalars(
        select(Order).where(Order.id == row.order_id).with_for_update()
        .execution_options(populate_existing=True)).one()
    new = service.record_new(work, order, rows)
    row.tries, row.message = 0, ""
    row.paid = paid
    if state == PAID and row.state != PAID:
        row.state, row.ended_at = PAID, work.now
    elif state == ENDED and row.state in OPEN:
        row.state, row.ended_at = ENDED, work.now
        audit.record(work, "payments.link_ended", "order", row.order_id)
    if disputed != row.disputed:
        row.disputed = disputed
        audit.record(work, "payments.dispute", "order", row.order_id,
                     {"disputed": [not disputed, disputed]})
    row.due_at = _next(row, work.now)
    return new


def _next(row: PaymentRequest, now: datetime) -> datetime | None:
    """When to look again: often while it is fresh, once a day after it was paid, then no more."""
    age = now - row.created_at
    if row.state in (ENDED, REFUSED) or age > WATCHED:
        return None
    if row.state == PAID:
        return now + timedelta(days=1)
    return now + next((wait for limit, wait in _POLLS if age <= limit), timedelta(hours=12))


def ring(work: Work, account_id: int, refs: Collection[str]) -> int:
    """Have payments looked at now, by their references or our keys; how many are known."""
    if not refs:
        return 0
    done = rows_changed(
        work.session, update(PaymentRequest)
        .where(PaymentRequest.account_id == account_id,
               PaymentRequest.reference.in_(refs) | PaymentRequest.key.in_(refs))
        .values(due_at=work.now).execution_options(synchronize_session=False))
    return done
