"""Claims against couriers: written down, told to the courier, answered; what is still owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.paging import Page, counted, seal, unseal_as
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.shipping import bookings, claim_terms, service
from oms_web.domain.shipping.claim_models import CourierClaim
from oms_web.domain.shipping.models import Shipment

OPEN, SENT, PAID, REFUSED, DROPPED = STATES = ("open", "sent", "paid", "refused", "dropped")
UNDER_WAY = (OPEN, SENT)
MOST_DAYS = 730
LONGEST_STORY, LONGEST_ANSWER, PAGE = 4000, 500, 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What is claimed. ``amount`` in minor units of the order's currency; ``due_on``: the last day
    to tell the courier, if not as the law has it.
    """

    reason: str
    amount: int
    story: str = ""
    due_on: date | None = None
    case_id: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a claim would be: the value of the goods, what the label declared of it (None: nothing),
    and the term with its last day of each reason there can be.
    """

    amount: int
    declared: int | None
    currency: str
    days: dict[str, tuple[claim_terms.Term, date]]


def get(session: Session, claim_id: int) -> CourierClaim:
    """A claim.

    Raises:
        NotFound: there is none.
    """
    found = session.get(CourierClaim, claim_id, populate_existing=True)
    if found is None:
        raise NotFound("There is no such claim.")
    return found


def of_shipments(session: Session, shipment_ids: list[int]) -> dict[int, CourierClaim]:
    """The newest claim of each shipment that has one, unless it was dropped."""
    return {one.shipment_id: one for one in session.scalars(
        select(CourierClaim).where(CourierClaim.shipment_id.in_(shipment_ids),
                                   CourierClaim.state != DROPPED).order_by(CourierClaim.id))}


def proposal(session: Session, shipment: Shipment) -> Proposal:
    """What a claim for a shipment that left would be."""
    order = session.get_one(Order, shipment.order_id)
    left = local_day(shipment.shipped_at or shipment.created_at)
    delivered = local_day(shipment.delivered_at) if shipment.delivered_at else None
    label = bookings.newest_of_shipment(session, shipment.id)
    account = session.get(ChannelAccount, label.account_id) if label is not None else None
    carrier = account.connector if account is not None else ""
    terms = {reason: claim_terms.term(carrier, reason, left)
             for reason in claim_terms.reasons(delivered is not None)}
    declared = label.request.get("insured") if label is not None else None
    return Proposal(goods_value(session, shipment.id), declared, order.currency, {
        reason: (one, claim_terms.last_day(one, left, delivered)) for reason, one in terms.items()})


def last_day(made: Proposal, asked: Asked, today: date) -> date:
    """The last day to tell the courier of what is asked.

    Raises:
        Invalid: no such reason, no amount, or a day that cannot be right.
    """
    if asked.reason not in made.days:
        raise Invalid("Choose one of the list.", "reason")
    if asked.amount <= 0:
        raise Invalid("Type an amount above zero.", "amount")
    due_on = asked.due_on or made.days[asked.reason][1]
    if abs((due_on - today).days) > MOST_DAYS:
        raise Invalid("Choose a day within two years.", "due_on")
    return due_on


def goods_value(session: Session, shipment_id: int) -> int:
    """What the buyers paid for the goods in a shipment, minor units."""
    units = service.planned_units(session, shipment_id)
    return sum(line.total * units[line.id] // line.quantity for line in session.scalars(
        select(OrderLine).where(OrderLine.id.in_(units))))


def write(work: Work, shipment_id: int, asked: Asked) -> tuple[CourierClaim, bool]:
    """Write a claim down; the one that is under way already, if there is one.

    Returns:
        The claim, and whether it is new.

    Raises:
        NotAllowedNow: the shipment has not left.
        Invalid: no such reason, no amount, or a day that cannot be right.
    """
    session, shipment = work.session, service.lock(work.session, shipment_id)
    if shipment.state not in service.LEFT:
        raise NotAllowedNow("This shipment has not left yet.")
    present = session.scalar(select(CourierClaim).where(
        CourierClaim.shipment_id == shipment_id, CourierClaim.state.in_(UNDER_WAY)))
    if present is not None:
        return present, False
    made = proposal(session, shipment)
    due_on, term = last_day(made, asked, local_day(work.now)), made.days[asked.reason][0]
    claim = CourierClaim(
        shipment_id=shipment_id, order_id=shipment.order_id, case_id=asked.case_id,
        carrier=shipment.carrier[:40], reason=asked.reason, amount=asked.amount,
        currency=made.currency, story=asked.story.strip()[:LONGEST_STORY], state=OPEN,
        term=term.key, due_on=due_on, by_name=work.actor.name, created_at=work.now)
    session.add(claim)
    session.flush()
    _record(work, claim, "claims.write", {"amount": [None, claim.amount],
                                          "claim_reason": [None, claim.reason]})
    return claim, True


def send(work: Work, claim_id: int, reference: str) -> bool:
    """The courier was told; False when that was known. Its time to answer begins.

    Raises:
        NotAllowedNow: the claim is over.
    """
    claim = _lock(work, claim_id, OPEN, SENT)
    if claim.state == SENT:
        return False
    term = claim_terms.BY_KEY[claim.term]
    claim.state, claim.sent_at, claim.reference = SENT, work.now, reference.strip()[:80]
    claim.answer_on = local_day(work.now) + timedelta(days=term.answer_days)
    _record(work, claim, "claims.send", {"claim": [OPEN, SENT]}, claim.reference)
    return True


def settle(work: Work, claim_id: int, paid: int, answer: str = "") -> bool:
    """The courier answered: so much came, or nothing (it refused). False when that was known.

    Raises:
        NotAllowedNow: it was not told yet, or the claim was dropped.
        Invalid: less than nothing came.
    """
    if paid < 0:
        raise Invalid("Type an amount above zero.", "paid")
    claim = _lock(work, claim_id, SENT, PAID, REFUSED)
    if claim.state != SENT:
        return False
    claim.state = PAID if paid else REFUSED
    claim.paid, claim.answer = paid, answer.strip()[:LONGEST_ANSWER]
    claim.closed_at = work.now
    _record(work, claim, f"claims.{claim.state}", {"paid": [None, paid]}, claim.answer)
    return True


def drop(work: Work, claim_id: int) -> bool:
    """Nothing is asked for any more; said twice is quiet.

    Raises:
        NotAllowedNow: the courier has answered.
    """
    claim = _lock(work, claim_id, *UNDER_WAY, DROPPED)
    if claim.state == DROPPED:
        return False
    before, claim.state, claim.closed_at = claim.state, DROPPED, work.now
    _record(work, claim, "claims.drop", {"claim": [before, DROPPED]})
    return True


def _lock(work: Work, claim_id: int, *states: str) -> CourierClaim:
    found = work.session.scalar(
        select(CourierClaim).where(CourierClaim.id == claim_id).with_for_update()
        .execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such claim.")
    if found.state in states:
        return found
    if found.state == OPEN:
        raise NotAllowedNow("Send this claim to the courier first.")
    raise NotAllowedNow("This claim is over.")


def _record(work: Work, claim: CourierClaim, act: str, change: dict[str, list[object]],
            note: str = "") -> None:
    work.session.flush()
    audit.record(work, act, "courier_claim", claim.id,
                 {"carrier": [None, claim.carrier], **change}, order_id=claim.order_id,
                 note=note or None)


# Looked up --------------------------------------------------------------------------------------


def under_way(session: Session, after: str | None = None, size: int = PAGE
              ) -> Page[CourierClaim]:
    """Claims that are not over, the oldest first.

    Raises:
        Invalid: the page token is broken.
    """
    query = select(CourierClaim).where(CourierClaim.state.in_(UNDER_WAY))
    if after:
        query = query.where(CourierClaim.id > unseal_as(after, int)[0])
    rows = session.scalars(query.order_by(CourierClaim.id).limit(size + 1)).all()
    return Page(rows[:size], seal(rows[size - 1].id) if len(rows) > size else None)


def count_under_way(session: Session) -> int:
    """How many claims are not over; no further than a badge can say."""
    return counted(session, select(CourierClaim.id).where(CourierClaim.state.in_(UNDER_WAY)))


def owed(session: Session) -> dict[str, int]:
    """Currency -> what couriers were told of and have not paid; a claim that was written and not
    sent is nobody's debt yet.
    """
    return {currency: int(amount) for currency, amount in session.execute(
        select(CourierClaim.currency, func.sum(CourierClaim.amount))
        .where(CourierClaim.state == SENT).group_by(CourierClaim.currency))}


def waiting(session: Session, soon: date, today: date) -> tuple[int, date | None, int]:
    """How many claims must be told of until ``soon``, the first such day, and how many were not
    answered in time.
    """
    near = (CourierClaim.state == OPEN) & (CourierClaim.due_on <= soon)
    silent = (CourierClaim.state == SENT) & (CourierClaim.answer_on < today)
    n, first, unanswered = session.execute(
        select(func.count().filter(near), func.min(CourierClaim.due_on).filter(near),
               func.count().filter(silent)).where(CourierClaim.state.in_(UNDER_WAY))).one()
    return int(n), first, int(unanswered)
