"""Cases at the desk: opened for an order, decided, answered, joined to an order nobody knew."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import clocks, exchange, exchange_facts, intake, kinds, service, tracks
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.service import Opening

LEFT = (phases.SHIPPED, phases.DONE, phases.ELSEWHERE)
MOST_ANSWER = 5000


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
        NotAllowedNow: the table has no such step now, a complaint waits for its answer, or another
            thing is sent instead.
    """
    case, _ = locked(work, case_id)
    if act == "refuse" and not note.strip() and case.phase != tracks.REFUSED:
        raise Invalid("Say why it is refused.", "note")
    if act == "close" and _waits_for_answer(work, case):
        raise NotAllowedNow("This complaint was not answered yet. Without an answer in time it "
                            "counts as accepted.")
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


def _waits_for_answer(work: Work, case: Return) -> bool:
    return any(clock.what == clocks.ANSWER and clock.stopped_at is None
               for clock in service.clocks_of(work.session, case.id))


def answer(work: Work, case_id: int, outcome: str, text: str) -> bool:
    """Answer a complaint: what is done about it, and in which words; False when that was said.

    The words are sent by the letter that the door writes next (``return_letter``); the clock stops
    with the answer.

    Args:
        outcome: one of ``kinds.WISHES``, or empty: nothing is done.

    Raises:
        Invalid: no words, or no such outcome.
        NotAllowedNow: the case is over.
    """
    text = text.replace("\0", "").strip()[:MOST_ANSWER]
    if outcome and outcome not in kinds.WISHES:
        raise Invalid("Choose what is done about it.", "outcome")
    if not text:
        raise Invalid("Say in words what the buyer is answered.", "text")
    case, _ = locked(work, case_id)
    if case.phase in tracks.ENDED:
        raise NotAllowedNow("This case is over. Open it again first.")
    if (case.outcome, case.answer) == (outcome, text):
        return False
    before = {"outcome": case.outcome}
    case.outcome, case.answer = outcome, text
    service.stop_clocks(work, case, clocks.ANSWER)
    audit.record(work, "returns.answer", "return", case.id,
                 audit.changes(before, {"outcome": outcome}), order_id=case.order_id)
    wanted = "accept" if outcome else "refuse"
    if wanted in tracks.allowed(case.phase):
        service.act(work, case, wanted)
    else:
        service.follow(work, case)
    return True


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
