"""The marketplace's commission, claimed back for units whose money the buyer has got back.

Said, done, noted, as refunds are: before the marketplace is asked the row says ``sent``; a lost
answer makes it ``unknown``, and that is resolved by asking what it has for the line. A unit is
claimed once: as many as were paid back, less those of claims that stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.paging import Page, counted, seal, unseal_as
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount, Listing
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLine

ASKED, SENT, UNKNOWN, OPEN, LEAVING, GRANTED, REJECTED, WITHDRAWN = STATES = (
    "asked", "sent", "unknown", "open", "leaving", "granted", "rejected", "withdrawn",
)
"""``leaving``: a person takes it back, and the marketplace is to be told."""
OWED = (ASKED, SENT, UNKNOWN, OPEN)
"""States in which the marketplace owes us an answer."""
STANDING = (*OWED, LEAVING, GRANTED)
"""States of claims that no other may be made beside."""
ASKING = (ASKED, SENT, UNKNOWN)
AGAIN = timedelta(minutes=10)
_LOOKS = ((timedelta(hours=1), timedelta(minutes=5)), (timedelta(days=1), timedelta(hours=1)),
          (timedelta(days=180), timedelta(days=1)))
"""Age of a claim -> how long until the next look; older ones are looked at no more."""
PAGE = 50


class FeeClaim(Base):
    """A claim. ``line_ref`` and ``offer_ref`` are the channel's; ``reference`` its name of the
    claim; ``amount`` what was granted, gross.
    """

    __tablename__ = "fee_claim"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), index=True)
    channel_order_id: Mapped[int] = mapped_column(ForeignKey("channel_order.id"))
    quantity: Mapped[int]
    key: Mapped[str] = mapped_column(String(60), unique=True)
    state: Mapped[str] = mapped_column(String(10), default=ASKED)
    reference: Mapped[str] = mapped_column(String(160), default="")
    amount: Mapped[Minor] = mapped_column(default=0)
    currency: Mapped[Currency]
    why: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(120))
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),
                      Index("ix_fee_claim_due", "due_at"))


@dataclass(frozen=True, slots=True)
class Taken:
    """A claim in a worker's hands: ``asks``: it is to be made; ``leaves``: it is to be taken back;
    else it is looked at. ``doubtful``: the marketplace may have it already.
    """

    id: int
    attempt: int
    key: str
    account_id: int
    order_ref: str
    line_ref: str
    offer_ref: str
    quantity: int
    reference: str
    known: tuple[str, ...]
    asks: bool
    leaves: bool
    doubtful: bool


def get(session: Session, claim_id: int) -> FeeClaim:
    """A claim.

    Raises:
        NotFound: there is none.
    """
    found = session.get(FeeClaim, claim_id)
    if found is None:
        raise NotFound("There is no such claim.")
    return found


def _lock(session: Session, claim_id: int) -> FeeClaim:
    found = session.scalar(select(FeeClaim).where(FeeClaim.id == claim_id).with_for_update()
                           .execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such claim.")
    return found


def of_order(session: Session, order_id: int) -> Sequence[tuple[FeeClaim, str]]:
    """The claims of an order with the title of their lines, the first one first."""
    return [(claim, title) for claim, title in session.execute(
        select(FeeClaim, OrderLine.title)
        .join(OrderLine, OrderLine.id == FeeClaim.order_line_id)
        .where(FeeClaim.order_id == order_id).order_by(FeeClaim.id))]


def owed(session: Session, after: str | None = None, size: int = PAGE
         ) -> Page[tuple[FeeClaim, Order, str]]:
    """Claims that the marketplace has not answered, with their orders and titles, oldest first.

    Raises:
        Invalid: the page token is broken.
    """
    query = (select(FeeClaim, Order, OrderLine.title)
             .join(Order, Order.id == FeeClaim.order_id)
             .join(OrderLine, OrderLine.id == FeeClaim.order_line_id)
             .where(FeeClaim.state.in_(OWED)))
    if after:
        query = query.where(FeeClaim.id > unseal_as(after, int)[0])
    rows = [(claim, order, title) for claim, order, title in session.execute(
        query.order_by(FeeClaim.id).limit(size + 1))]
    return Page(rows[:size], seal(rows[size - 1][0].id) if len(rows) > size else None)


def count_owed(session: Session) -> int:
    """How many claims the marketplace has not answered; no further than a badge can say."""
    return counted(session, select(FeeClaim.id).where(FeeClaim.state.in_(OWED)))


def granted(order_ids: Sequence[int]) -> Select[int, int]:
    """(order, amount): what claims brought back, gross in minor units of the order's currency."""
    return (
        select(FeeClaim.order_id, func.sum(FeeClaim.amount).label("amount"))
        .join(Order, Order.id == FeeClaim.order_id)
        .where(FeeClaim.order_id.in_(order_ids), FeeClaim.state == GRANTED,
               FeeClaim.currency == Order.currency)
        .group_by(FeeClaim.order_id))


def claimable(session: Session, order_id: int, connectors: Collection[str], *,
              once: bool = False) -> list[tuple[OrderLine, int]]:
    """Lines of which units were paid back whose commission nobody claimed, and how many.

    Args:
        connectors: the kinds of channels that give their commission back.
        once: what was refused before is not claimed anew.
    """
    lines = session.scalars(
        select(OrderLine)
        .join(ChannelOrder, ChannelOrder.id == OrderLine.channel_order_id)
        .join(ChannelAccount, ChannelAccount.id == ChannelOrder.account_id)
        .where(OrderLine.order_id == order_id, OrderLine.refunded > 0, OrderLine.line_ref != "",
               ChannelAccount.connector.in_(connectors), ChannelAccount.state == "active",
               ChannelAccount.archived_at.is_(None))
        .order_by(OrderLine.id)).all()
    states = STATES if once else STANDING
    taken: Counter[int] = Counter(dict(session.execute(
        select(FeeClaim.order_line_id, func.sum(FeeClaim.quantity))
        .where(FeeClaim.order_line_id.in_([line.id for line in lines]),
               FeeClaim.state.in_(states))
        .group_by(FeeClaim.order_line_id)).all()) if lines else {})
    return [(line, line.refunded - int(taken[line.id])) for line in lines
            if line.refunded > int(taken[line.id])]


def claim(work: Work, order: Order, connectors: Collection[str], *, once: bool = False
          ) -> list[FeeClaim]:
    """Claim the commission of a locked order's units that were paid back; the new claims."""
    made = []
    for line, units in claimable(work.session, order.id, connectors, once=once):
        before = work.session.scalar(
            select(func.count()).select_from(FeeClaim).where(FeeClaim.order_line_id == line.id))
        row = FeeClaim(
            order_id=order.id, order_line_id=line.id, channel_order_id=line.channel_order_id,
            quantity=units, key=f"fee:{line.id}:{before}", currency=order.currency,
            created_at=work.now, created_by=work.actor.name, due_at=work.now)
        work.session.add(row)
        work.session.flush()
        audit.record(work, "fees.claim", "fee_claim", row.id, {"quantity": [None, units]},
                     order_id=order.id, note=line.title[:300])
        made.append(row)
    return made


def withdraw(work: Work, claim_id: int) -> bool:
    """Take a claim back; False if that was done.

    Raises:
        NotFound: there is none.
        NotAllowedNow: it was decided, or nobody knows whether it was made.
    """
    row = _lock(work.session, claim_id)
    if row.state in (LEAVING, WITHDRAWN):
        return False
    if row.state not in (ASKED, OPEN):
        raise NotAllowedNow("This claim cannot be taken back now.")
    _move(work, row, WITHDRAWN if row.state == ASKED else LEAVING)
    return True


def withdraw_unfounded(work: Work, order_id: int) -> None:
    """Take back claims of a locked order, the newest first, for units that are not paid back after
    all. One that was decided, or of which nobody knows whether it was made, stays: a person sees
    it among the claims.
    """
    rows = work.session.execute(
        select(FeeClaim, OrderLine.refunded)
        .join(OrderLine, OrderLine.id == FeeClaim.order_line_id)
        .where(FeeClaim.order_id == order_id, FeeClaim.state.in_(STANDING))
        .order_by(FeeClaim.id.desc())).all()
    claimed: Counter[int] = Counter()
    for row, _ in rows:
        claimed[row.order_line_id] += row.quantity
    for row, refunded in rows:
        if row.state in (ASKED, OPEN) and claimed[row.order_line_id] > refunded:
            claimed[row.order_line_id] -= row.quantity
            withdraw(work, row.id)


# A worker's part --------------------------------------------------------------------------------


def due(session: Session, now: datetime, limit: int) -> list[int]:
    """Claims of which a marketplace is to be asked now."""
    return list(session.scalars(
        select(FeeClaim.id).where(FeeClaim.due_at <= now).order_by(FeeClaim.due_at, FeeClaim.id)
        .limit(limit)))


def take(work: Work, claim_id: int) -> Taken | None:
    """Write down that a marketplace is about to be asked; None if there is nothing to ask."""
    row = _lock(work.session, claim_id)
    if row.due_at is None or row.due_at > work.now:
        return None
    doubtful = row.state in (SENT, UNKNOWN)
    asks = row.state in ASKING
    if asks:
        row.state = SENT
    row.attempts, row.due_at = row.attempts + 1, work.now + AGAIN
    line = work.session.get_one(OrderLine, row.order_line_id)
    sold = work.session.get_one(ChannelOrder, row.channel_order_id)
    offer = work.session.get(Listing, line.listing_id) if line.listing_id is not None else None
    # A line that was split is one line at the marketplace: the claims of both parts are its.
    known = work.session.scalars(
        select(FeeClaim.reference).join(OrderLine, OrderLine.id == FeeClaim.order_line_id)
        .where(FeeClaim.channel_order_id == sold.id, OrderLine.line_ref == line.line_ref,
               FeeClaim.id != row.id, FeeClaim.reference != "").order_by(FeeClaim.id))
    return Taken(row.id, row.attempts, row.key, sold.account_id, sold.external_id, line.line_ref,
                 offer.offer_ref if offer is not None else "", row.quantity, row.reference,
                 tuple(known), asks, row.state == LEAVING, doubtful)


def note(work: Work, taken: Taken, state: str, *, reference: str = "", amount: int | None = None,
         currency: str = "", why: str = "") -> bool:
    """Note what a marketplace answered; False if it was overtaken.

    Args:
        state: ``unknown`` or ``asked`` (not reached), ``open``, ``granted``, ``rejected``,
            ``withdrawn``.
        amount: what was granted, minor units.
    """
    row = _lock(work.session, taken.id)
    if row.attempts != taken.attempt or row.state not in (*OWED, LEAVING):
        return False
    if row.state == LEAVING and state == OPEN and not taken.leaves:
        return False  # a person took it back while it was being looked at
    row.reference = tidy(reference)[:160] or row.reference
    row.why = tidy(why)[:400]
    if state == GRANTED:
        row.amount, row.currency = amount or 0, currency or row.currency
    if row.state == state:
        row.due_at = _next(row, work.now)
        return False
    _move(work, row, state)
    return True


def _move(work: Work, row: FeeClaim, state: str) -> None:
    before, row.state = row.state, state
    row.due_at = _next(row, work.now)
    if state in (GRANTED, REJECTED, WITHDRAWN):
        row.ended_at = work.now
    audit.record(work, "fees.claimed", "fee_claim", row.id, {
        "fee_claim": [before, state]}, order_id=row.order_id, note=row.why or None)


def _next(row: FeeClaim, now: datetime) -> datetime | None:
    if row.state == LEAVING:
        return now
    if row.state in ASKING:
        return now + AGAIN
    if row.state != OPEN:
        return None
    age = now - row.created_at
    return next((now + wait for limit, wait in _LOOKS if age <= limit), None)
