"""Cases at the desk: opened for an order, decided, answered, joined to an order nobody knew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.clock import day_bounds, local_day
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import no_withdrawal
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import (
    answering,
    clocks,
    ending,
    exchange,
    exchange_facts,
    intake,
    kinds,
    queries,
    service,
    standings,
    statements,
    tracks,
)
from oms_web.domain.returns.answering import Answer
from oms_web.domain.returns.ending import Ended
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


def decide(work: Work, case_id: int, act: str, note: str = "", *, by: str = "",
           day: date | None = None, ground: str = "") -> bool:
    """An act of the phase table; False when it had its effect already.

    Args:
        by: who takes back a case that is called off (``ending.BY``), and on which ``day`` its buyer
            said so.
        ground: of the law, for which a withdrawal is refused (``ending.grounds``).

    Raises:
        Invalid: naming the field: refused without a word why, a withdrawal without a ground of the
            law; called off without saying who takes it back and how; closed without a word over
            something that is still open.
        NotAllowedNow: the table has no such step, it makes no sense now, or another thing is sent
            instead.
    """
    case, order = locked(work, case_id)
    said = Ended(note, by, day, ground)
    if tracks.after(case.phase, act) == case.phase:
        return False
    if act in ("refuse", "call_off") and _is_swapped(work, case):
        raise NotAllowedNow("Another thing is sent instead. Call the exchange off first.")
    tracks.check(act, standings.of(work.session, case))
    more: dict[str, Any] = {}
    if act == "refuse":
        more = _refused(work.session, case, order, said)
    if act == "call_off":
        may = may_call_off(work.session, case)
        ending.check_call_off(said, may, local_day(case.announced_at or case.created_at),
                              local_day(work.now))
        more = {"by": said.by} | ({"taken_back": said.day.isoformat()}
                                  if said.by == ending.BUYER and said.day else {})
    if act == "close" and not said.note.strip() and left_open(work.session, case):
        raise Invalid("Something of this case is still due. Say why it is closed.", "note")
    return service.act(work, case, act, note=said.note, said=more)


def _refused(session: Session, case: Return, order: Order | None, said: Ended) -> dict[str, str]:
    if case.kind != kinds.WITHDRAWAL:
        if not said.note.strip():
            raise Invalid("Say why it is refused.", "note")
        return {}
    ending.check_refusal(said.ground, grounds(session, case, order)[0])
    return {"ground": said.ground}


def may_call_off(session: Session, case: Return) -> tuple[str, ...]:
    """Who may take a case back: only its buyer, where the buyer declared it."""
    return ending.who(case.source, stated=bool(statements.of_case(session, case.id)))


def grounds(session: Session, case: Return, order: Order | None) -> tuple[tuple[str, ...], str]:
    """The grounds that a withdrawal may be refused for, and the one that our data name, if any."""
    lines = service.lines_of(session, case.id)
    sold = {one.id: one.no_withdrawal for one in orders.order_lines(session, order.id)} \
        if order is not None else {}
    marked = {sold.get(one.order_line_id or 0, "") for one in lines} - {""}
    here = case.goods in (tracks.ARRIVED, tracks.JUDGED)
    if not here:
        marked -= no_withdrawal.WHILE_SEALED
    if order is None:
        known = {ending.UNKNOWN}
    else:
        terms = service.clocks_of(session, case.id)
        declared = next((one for one in terms if one.what == clocks.WITHDRAW), None)
        known = {name for name, holds in {
            ending.LATE: declared is not None and clocks.is_over(
                declared.due_at, declared.stopped_at or case.created_at),
            ending.BUSINESS: bool(order.tax_id), ending.SETTLED: not lines and not terms,
            ending.ABROAD: clocks.rule(order.country, clocks.WITHDRAW,
                                       local_day(case.created_at)) is None}.items() if holds}
    by_data = marked | known
    found = ending.grounds(by_data, here=here)
    return found, found[0] if by_data else ""


def left_open(session: Session, case: Return) -> tuple[str, ...]:
    """What a case would be closed over; it needs a word why."""
    return tuple(dict.fromkeys((
        *exchange.open_ends(case.kind, case.goods, case.money,
                            exchange_facts.standing(session, case)),
        *tracks.open_ends(standings.of(session, case)))))


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
    answering.check(said, before, most=standings.worth(work.session, case),
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
               and clocks.is_over(clock.due_at, answered)
               for clock in service.clocks_of(work.session, case.id))


def belongs_to(work: Work, case_id: int, order_id: int, *, sure: bool = False) -> bool:
    """Say which order a case without one belongs to; False when it is that one already.

    Its units find their lines among those the order has left; what does not fit stays as wrong
    goods. Units judged before are counted with the order from now on.

    Args:
        sure: although the order has none of the goods of the case.

    Raises:
        NotFound: no such case or order.
        Invalid: ``goods``: the order has none of them, and nobody said that it is this one.
        NotAllowedNow: it belongs to another order, or it has refunds.
    """
    order = orders.lock_order(work.session, order_id)
    case = service.lock(work.session, case_id)
    if case.order_id == order_id:
        return False
    if case.order_id is not None or work.session.scalar(
            select(Refund.id).where(Refund.case_id == case_id).limit(1)):
        raise NotAllowedNow("This case belongs to an order already.")
    if not sure and _has_none(work.session, case, order):
        raise Invalid("None of these goods are of order %(number)s. Does the case belong to it all "
                      "the same?", "goods", number=order.id)
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


def _has_none(session: Session, case: Return, order: Order) -> bool:
    mine = {one.variant_id for one in service.lines_of(session, case.id) if one.variant_id}
    return bool(mine) and not mine & {one.variant_id
                                      for one in orders.order_lines(session, order.id)}


def may_detach(session: Session, case: Return) -> bool:
    """Whether a case may be parted again from the order it was said to belong to: no money of it
    and no other goods went.
    """
    return case.order_id is not None and case.phase not in tracks.ENDED \
        and case.exchange_order_id is None and case.money == tracks.MONEY_NONE \
        and queries.was_attached(session, case.id)


def detach(work: Work, case_id: int) -> bool:
    """Part a case from the order that it was said to belong to by mistake; False when it has none.

    Its units are the order's no more, and terms that began with the order end.

    Raises:
        NotFound: there is no such case.
        NotAllowedNow: it came with its order, is over, or money went back for it.
    """
    case, order = locked(work, case_id)
    if order is None:
        return False
    if not may_detach(work.session, case):
        raise NotAllowedNow("This case cannot be parted from its order any more.")
    sold = {one.id: one for one in orders.order_lines(work.session, order.id)}
    done = intake.judged(work.session, case.id)
    restocked = intake.restocked(work.session, case.id)
    for mine in service.lines_of(work.session, case.id):
        if mine.order_line_id is None:
            continue
        line, mine.order_line_id = sold[mine.order_line_id], None
        line.returned -= done.get(mine.id, 0)
        line.restocked -= restocked.get(mine.id, 0)
    for clock in service.clocks_of(work.session, case.id):
        work.session.delete(clock)
    if case.kind == kinds.WITHDRAWAL and case.phase == tracks.ACCEPTED:
        case.phase = tracks.NEW
    case.order_id, case.account_id, case.buyer_key = None, None, ""
    if not statements.of_case(work.session, case.id):
        case.buyer_name = case.buyer_email = ""
    audit.record(work, "returns.detach", "return", case.id, {"order": [order.id, None]},
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
