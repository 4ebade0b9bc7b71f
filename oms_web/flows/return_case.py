"""Cases at the desk: opened for an order, decided, answered, joined to an order nobody knew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.clock import day_bounds, local_day
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import (
    answering,
    clocks,
    exchange,
    exchange_facts,
    intake,
    kinds,
    money,
    refund_plan,
    service,
    tracks,
)
from oms_web.domain.returns.answering import Answer
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.service import Opening


def open_for(work: Work, order_id: int, opening: Opening) -> tuple[Return, bool]:
    """Open a case for an order; returns it, and whether it is new (a form sent again opens none).

    Raises:
        NotFound: there is no such order.
        Invalid: naming the field: an unknown word, units that were never sent.
        NotAllowedNow: a return of goods none of which have left.
    """
    order = orders.lock_order(work.session, order_id)
    lines = orders.order_lines(work.session, order_id)
    if opening.lines and not any(line.shipped for line in lines):
        raise NotAllowedNow("Nothing of this order has left yet. Cancel units of it instead.")
    return service.open_case(work, order, lines, opening)


def locked(work: Work, case_id: int) -> tuple[Return, Order | None]:
    """A case and its order, both locked: the order first, as everywhere.

    Raises:
        NotFound: there is no such case.
    """
    known = service.get(work.session, case_id)
    order = orders.lock_order(work.session, known.order_id) if known.order_id else None
    return service.lock(work.session, case_id), order


def decide(work: Work, case_id: int, act: str, note: str = "") -> bool:
    """An act of the phase table; False when it had its effect already.

    Raises:
        Invalid: refused without a word why, or closed without one over an exchange of which
            something is due.
        NotAllowedNow: the table has no such step, it makes no sense now, or another thing is sent
            instead.
    """
    case, _ = locked(work, case_id)
    if act == "refuse" and not note.strip() and case.phase != tracks.REFUSED:
        raise Invalid("Say why it is refused.", "note")
    if act == "close" and not note.strip() and case.phase != tracks.CLOSED and left_open(
            work.session, case):
        raise Invalid("Something of this exchange is still due. Say why it is closed.", "note")
    if act in ("refuse", "call_off") and _is_swapped(work, case):
        raise NotAllowedNow("Another thing is sent instead. Call the exchange off first.")
    return service.act(work, case, act, note=note)


def left_open(session: Session, case: Return) -> tuple[str, ...]:
    """What of an exchange is still due; it is closed over that with a word why."""
    return exchange.open_ends(case.kind, case.goods, case.money,
                              exchange_facts.standing(session, case))


def _is_swapped(work: Work, case: Return) -> bool:
    """Whether a case has a new order, and its table would let it be ended."""
    now = exchange_facts.standing(work.session, case) \
        if case.phase in (tracks.NEW, tracks.ASKED, tracks.ACCEPTED) else None
    return now is not None and bool(now.carried or not now.left)


def answer(work: Work, case_id: int, said: Answer, given: date | None = None) -> bool:
    """Answer a complaint: what is done about it, and in which words; False when that was said.

    The words are sent by the letter that the door writes next (``return_letter``); the clock stops
    with the answer. One that follows another stands beside it in the trail, with its day and name.

    Args:
        given: the day on which the buyer was answered by other means; None: the answer is this one.

    Raises:
        Invalid: naming the field: no words, no such outcome, no amount, or an answer that takes
            back what was accepted (``answering.check``).
        NotAllowedNow: the case is over, or it is no complaint.
    """
    said = replace(said, text=said.text.replace("\0", "").strip()[:answering.LONGEST],
                   lowered=said.lowered if said.outcome == kinds.REDUCE else None)
    case, order = locked(work, case_id)
    if case.kind != kinds.COMPLAINT:
        raise NotAllowedNow("Only a complaint is answered.")
    if case.phase in tracks.ENDED:
        raise NotAllowedNow("This case is over. Open it again first.")
    before = last_answer(case)
    if before == said:
        return False
    answered = work.now if given is None else _day_given(work, case, given)
    answering.check(said, before, most=worth(work, case),
                    late=before is None and is_late(work, case, order, answered))
    change = audit.changes({"outcome": case.outcome, "lowered": case.lowered},
                           {"outcome": said.outcome, "lowered": said.lowered})
    if given is not None:
        change["given"] = [None, given.isoformat()]
    case.outcome, case.answer, case.lowered = said.outcome, said.text, said.lowered
    case.answered_at = answered
    service.stop_clocks(work, case, clocks.ANSWER, at=answered)
    wanted = "accept" if said.accepts else "refuse"
    if wanted in tracks.allowed(case.phase):
        change |= service.enter(work, case, wanted)
    audit.record(work, "returns.answer", "return", case.id, change, order_id=case.order_id,
                 note=said.text)
    service.follow(work, case)
    return True


def last_answer(case: Return) -> Answer | None:
    """What a complaint was answered last; None before it was."""
    return None if case.answered_at is None else Answer(case.outcome, case.answer, case.lowered)


def _day_given(work: Work, case: Return, given: date) -> datetime:
    """The last moment of the day on which an answer was given by other means.

    Raises:
        Invalid: before the complaint, or a day that is still to come.
    """
    began = case.announced_at or case.created_at
    if not local_day(began) <= given <= local_day(work.now):
        raise Invalid("From the day of the complaint to today.", "given")
    return min(work.now, day_bounds(given)[1] - timedelta(seconds=1))


def is_late(work: Work, case: Return, order: Order | None, answered: datetime) -> bool:
    """Whether an answer at a moment comes too late for a consumer: silence has accepted the
    complaint. Who bought with a tax number is taken for a business, to which that does not apply.
    """
    if order is not None and order.tax_id:
        return False
    return any(clock.rule in clocks.SILENCE_ACCEPTS and clock.stopped_at is None
               and clock.due_at < answered
               for clock in service.clocks_of(work.session, case.id))


def worth(work: Work, case: Return) -> int | None:
    """What was paid for the goods of a case, minor units: of the whole order if it names none;
    None where nobody knows.
    """
    if case.order_id is None:
        return None
    try:
        sold, paid = money.facts(work.session, orders.get_order(work.session, case.order_id))
    except Invalid:  # sums that make no sense say nothing of what was paid
        return None
    by_id = {line.line_id: line for line in sold}
    named = [(by_id[line.order_line_id], line.quantity)
             for line in service.lines_of(work.session, case.id) if line.order_line_id in by_id]
    if not named:
        return paid.total
    return sum(refund_plan.share(line.paid, line.units, min(units, line.units))
               for line, units in named)


def belongs_to(work: Work, case_id: int, order_id: int) -> bool:
    """Say which order a case without one belongs to; False when it is that one already.

    Its units find their lines among those the order has left; what does not fit stays as wrong
    goods. Units judged before are counted with the order from now on.

    Raises:
        NotFound: no such case or order.
        NotAllowedNow: it belongs to another order, or it has refunds.
    """
    order = orders.lock_order(work.session, order_id)
    case = service.lock(work.session, case_id)
    if case.order_id == order_id:
        return False
    if case.order_id is not None or work.session.scalar(
            select(Refund.id).where(Refund.case_id == case_id).limit(1)):
        raise NotAllowedNow("This case belongs to an order already.")
    case.order_id, case.account_id = order.id, case.account_id or order.account_id
    case.currency, case.buyer_key = order.currency, order.buyer_key
    case.buyer_name = case.buyer_name or order.buyer_name
    case.buyer_email = case.buyer_email or order.buyer_email
    _find_lines(work, case, order)
    if not service.clocks_of(work.session, case.id):
        service.start_clocks(work, case, order, case.announced_at or case.created_at)
    service.accept_withdrawal(work, case, order)
    audit.record(work, "returns.attach", "return", case.id, {"order": [None, order.id]},
                 order_id=order.id)
    service.follow(work, case)
    return True


def _find_lines(work: Work, case: Return, order: Order) -> None:
    lines = orders.order_lines(work.session, order.id)
    done = intake.judged(work.session, case.id)
    restocked = intake.restocked(work.session, case.id)
    for mine in service.lines_of(work.session, case.id):
        if mine.order_line_id is not None or mine.variant_id is None:
            continue
        sold = next((line for line in lines if line.variant_id == mine.variant_id and
                     service.returnable(work.session, [line])[line.id] >= mine.quantity and
                     line.returned + done.get(mine.id, 0) <= line.shipped), None)
        if sold is None:
            continue
        mine.order_line_id, mine.unit_price = sold.id, sold.unit_price
        sold.returned += done.get(mine.id, 0)
        sold.restocked += restocked.get(mine.id, 0)
        work.session.flush()
