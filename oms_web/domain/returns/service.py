"""Cases: opened with a number of their own, locked, moved along their phases and tracks.

What a case needs of money it asks of ``payments/refunds.py``; units are moved by the bench
(``intake.py``). Whoever changes lines, units or refunds of a case calls ``follow`` afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.clock import local_day
from oms_web.core.db import upsert
from oms_web.core.errors import Invalid, NotFound
from oms_web.core.money import line_total
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.documents import numbering
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments import refunds
from oms_web.domain.returns import (
    clocks,
    delivered,
    kinds,
    moments,
    resuming,
    settings,
    standings,
    tracks,
)
from oms_web.domain.returns.events import CaseTurned
from oms_web.domain.returns.models import CaseClock, CaseCounter, Return, ReturnLine, ReturnUnit

PATTERN = "{year}/{month}/{n:4}"
MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Opening:
    """What a case is opened with. ``lines``: order line -> units; ``reasons``: line -> its own.

    ``lawful``: the terms of the law begin; they do not where the law gives no right to it.
    """

    kind: str
    source: str = "desk"
    lines: Mapping[int, int] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)
    reason_code: str = ""
    reason: str = ""
    story: str = ""
    wish: str = ""
    instead: str = ""
    goods: str = tracks.EXPECTED
    box: str = ""
    shipment_id: int | None = None
    bank_account: str = ""
    buyer_email: str = ""
    buyer_name: str = ""
    form_key: str = ""
    lawful: bool = True
    claimed_at: datetime | None = None


# Looking up -------------------------------------------------------------------------------------


def get(session: Session, case_id: int) -> Return:
    """A case.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Return, case_id)
    if found is None:
        raise NotFound("There is no such case.")
    return found


def lock(session: Session, case_id: int) -> Return:
    """A case that nobody else changes until the end of the transaction, as it is now.

    Raises:
        NotFound: there is none.
    """
    found = session.scalar(select(Return).where(Return.id == case_id).with_for_update()
                           .execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such case.")
    return found


def lines_of(session: Session, case_id: int) -> list[ReturnLine]:
    """The lines of a case, as they were written."""
    return list(session.scalars(
        select(ReturnLine).where(ReturnLine.return_id == case_id).order_by(ReturnLine.id)))


# Numbers ----------------------------------------------------------------------------------------


def take_numbers(work: Work, kind: str, many: int = 1) -> list[str]:
    """So many numbers of a kind, in order: ``RMA/2026/11/0001``. Locks the month until the end."""
    day, prefix = local_day(work.now), kinds.SERIES[kind]
    last = work.session.execute(
        upsert(work.session, CaseCounter)
        .values(prefix=prefix, period=numbering.period(numbering.MONTH, day), last=many)
        .on_conflict_do_update(index_elements=["prefix", "period"],
                               set_={"last": CaseCounter.last + many})
        .returning(CaseCounter.last)).scalar_one()
    return [f"{prefix}/{numbering.render(PATTERN, n, day)}"
            for n in range(last - many + 1, last + 1)]


# Opening ----------------------------------------------------------------------------------------


def open_case(work: Work, order: Order | None, lines: Sequence[OrderLine], opening: Opening
              ) -> tuple[Return, bool]:
    """Open a case; returns it, and whether it is new: the same form opens one.

    Args:
        order: locked; None for goods that match no order.
        lines: the order's lines.

    Raises:
        Invalid: naming the field: an unknown word, or units that were never sent.
    """
    if opening.form_key:
        known = work.session.scalar(select(Return).where(Return.form_key == opening.form_key))
        if known is not None:
            return known, False
    _check(opening)
    by_id = {line.id: line for line in lines}
    row = _row(work, order, opening)
    work.session.add(row)
    work.session.flush()
    for line_id, units in opening.lines.items():
        if units:
            if line_id not in by_id:
                raise Invalid("This is no line of the order.", "units")
            line = add_line(work, row, by_id[line_id], units,
                            opening.reasons.get(line_id) or opening.reason_code)
            if row.goods == tracks.ARRIVED:
                line.arrived = units
    if opening.lawful:
        start_clocks(work, row, order, opening.claimed_at or work.now)
        accept_withdrawal(work, row, order, opening.claimed_at or work.now)
    audit.record(work, "returns.open", "return", row.id,
                 {"case": [None, row.number], "kind": [None, row.kind]}, order_id=row.order_id,
                 note=row.reason or None)
    turned(work, row, moments.opened(opening.source, opening.reason_code))
    if row.goods == tracks.ARRIVED:
        turned(work, row, moments.ARRIVED)
    follow(work, row)
    return row, True


def _check(opening: Opening) -> None:
    if opening.kind not in kinds.KINDS:
        raise Invalid("Choose what kind of case it is.", "kind")
    reasons = {opening.reason_code, *opening.reasons.values()} - {""}
    if not reasons <= set(kinds.REASONS):
        raise Invalid("Choose a reason.", "reason_code")
    if opening.wish and opening.wish not in kinds.WISHES:
        raise Invalid("Choose what the buyer asks for.", "wish")
    if opening.kind == kinds.COMPLAINT and not opening.story.strip():
        raise Invalid("Say what is wrong.", "story")
    if len(opening.lines) > MOST_LINES:
        raise Invalid("The order has more than %(n)s lines.", "units", n=MOST_LINES)


def _row(work: Work, order: Order | None, opening: Opening) -> Return:
    return Return(
        number=take_numbers(work, opening.kind)[0], kind=opening.kind, phase=tracks.NEW,
        goods=_first_goods(opening), source=opening.source,
        account_id=order.account_id if order else None, order_id=order.id if order else None,
        shipment_id=opening.shipment_id, box=tidy(opening.box)[:80],
        buyer_name=tidy(opening.buyer_name or (order.buyer_name if order else ""))[:200],
        buyer_key=order.buyer_key if order else "",
        buyer_email=tidy(opening.buyer_email or (order.buyer_email if order else ""))[:200],
        bank_account=opening.bank_account, reason_code=opening.reason_code,
        reason=tidy(opening.reason)[:200], story=opening.story.replace("\0", "").strip()[:5000],
        wish=opening.wish, instead=tidy(opening.instead)[:200],
        currency=order.currency if order else "PLN", total=0,
        form_key=opening.form_key or None, announced_at=opening.claimed_at or work.now,
        created_at=work.now)


def _first_goods(opening: Opening) -> str:
    """Where goods are as a case begins; a box that is here may hold what nobody announced."""
    if opening.kind == kinds.COMPLAINT:
        return tracks.GOODS_NONE
    announced = any(opening.lines.values())
    return opening.goods if announced or opening.goods == tracks.ARRIVED else tracks.GOODS_NONE


def add_line(work: Work, case: Return, line: OrderLine, units: int, reason_code: str = ""
             ) -> ReturnLine:
    """Units of an order's line are meant to come back with a case.

    Raises:
        Invalid: not above zero, or more than left and are not announced yet.
    """
    left = returnable(work.session, [line])[line.id]
    if left <= 0:
        raise Invalid("%(title)s: every unit that was sent is in a case already.", "units",
                      title=line.title)
    if units <= 0 or units > left:
        raise Invalid("%(title)s: from 1 to %(left)s units can come back.", "units",
                      title=line.title, left=left)
    row = ReturnLine(
        return_id=case.id, order_line_id=line.id, variant_id=line.variant_id, sku=line.sku,
        title=line.title, quantity=units, reason_code=reason_code, unit_price=line.unit_price,
        total=line_total(line.unit_price, units, case.currency))
    work.session.add(row)
    work.session.flush()
    case.total += row.total
    return row


def take_out(work: Work, case: Return, line: ReturnLine, units: int) -> None:
    """So many units of a line, of which none came yet, come back with a case no more."""
    case.total -= line.total
    line.quantity -= units
    if line.quantity:
        line.total = line_total(line.unit_price, line.quantity, case.currency)
        case.total += line.total
    else:
        work.session.delete(line)
    work.session.flush()


def returnable(session: Session, lines: Sequence[OrderLine]) -> dict[int, int]:
    """Units of each line that left and are in no case yet that is not called off."""
    taken = dict(session.execute(
        select(ReturnLine.order_line_id, func.sum(ReturnLine.quantity))
        .join(Return, Return.id == ReturnLine.return_id)
        .where(ReturnLine.order_line_id.in_([line.id for line in lines]),
               Return.phase != tracks.OFF, Return.kind != kinds.COMPLAINT)
        .group_by(ReturnLine.order_line_id)).all())
    return {line.id: max(0, line.shipped - int(taken.get(line.id) or 0)) for line in lines}


# Clocks -----------------------------------------------------------------------------------------


def start_clocks(work: Work, case: Return, order: Order | None, began: datetime) -> None:
    """Start the terms the law sets for this kind of case where the buyer lives."""
    country = order.country if order else "PL"
    for one in clocks.running(country, case.kind, local_day(began)):
        work.session.add(CaseClock(return_id=case.id, what=one.what, rule=one.key,
                                   began_at=began, due_at=clocks.due(one, began)))
    work.session.flush()


def accept_withdrawal(work: Work, case: Return, order: Order | None,
                      declared: datetime | None = None) -> None:
    """A withdrawal that was declared in time needs nobody's yes: it ends the contract by itself
    (ustawa o prawach konsumenta, art. 27, 31). One that came late, or to which no rule is known,
    waits for a decision, as does one whose order is not known. Its term is written down.
    """
    if case.kind != kinds.WITHDRAWAL or order is None or case.phase != tracks.NEW:
        return
    declared = declared or case.announced_at or case.created_at
    came = delivered.at_last(work.session, order)
    extra = settings.current(work.session).extra_days
    in_time, until = clocks.may_withdraw(order.country, came, declared, extra)
    if in_time:
        case.phase = tracks.ACCEPTED
    if until is not None and came is not None:
        rule = clocks.rule(order.country, clocks.WITHDRAW, local_day(came))
        work.session.add(CaseClock(
            return_id=case.id, what=clocks.WITHDRAW, rule=rule.key if rule else "",
            began_at=came, due_at=until, stopped_at=declared))
    work.session.flush()


def clocks_of(session: Session, case_id: int) -> list[CaseClock]:
    """The terms of a case, the first to end first."""
    return list(session.scalars(
        select(CaseClock).where(CaseClock.return_id == case_id)
        .order_by(CaseClock.due_at, CaseClock.id)))


def stop_clocks(work: Work, case: Return, *what: str, at: datetime | None = None) -> None:
    """What these terms were for is done; ``at`` a moment, if not now."""
    for clock in clocks_of(work.session, case.id):
        if clock.stopped_at is None and clock.what in what:
            clock.stopped_at = at or work.now
    work.session.flush()


# Moving on --------------------------------------------------------------------------------------


def act(work: Work, case: Return, name: str, *, note: str = "",
        said: Mapping[str, Any] | None = None) -> bool:
    """Take a case to the phase an act leads to; False when it is there already.

    Args:
        said: what else stands in the trail of it: field -> what was said.

    Raises:
        NotAllowedNow: the table has no such step, or goods, money or an answer forbid it.
    """
    if tracks.after(case.phase, name) == case.phase:
        return False
    tracks.check(name, standings.of(work.session, case))
    change = enter(work, case, name) | {key: [None, value] for key, value in (said or {}).items()}
    audit.record(work, f"returns.{name}", "return", case.id, change,
                 order_id=case.order_id, note=tidy(note)[:300] or None)
    follow(work, case)
    return True


def enter(work: Work, case: Return, name: str) -> dict[str, list[str]]:
    """Set the phase an act of the table leads to, and return the change for the trail: for acts
    that are more than a step of the table. They write down the change and ``follow``.
    """
    before, target = case.phase, tracks.after(case.phase, name)
    if before == tracks.OFF and resuming.in_time(work, case, clocks_of(work.session, case.id)):
        target = tracks.ACCEPTED  # it needed nobody's yes, and needs none now
    if name == "reopen" and case.answered_at is not None and not case.outcome:
        target = tracks.REFUSED  # the complaint was refused, and opening it again is no answer
    if target == case.phase:
        return {}
    change = {"phase": [case.phase, target]}
    turned(work, case, moments.decided(case.kind, name))
    case.phase = target
    case.closed_at = work.now if target in tracks.ENDED else None
    if target == tracks.OFF or (target == tracks.REFUSED and case.kind == kinds.WITHDRAWAL):
        stop_clocks(work, case, clocks.SEND_BACK, clocks.REPAY, clocks.ANSWER)
    elif before in (tracks.OFF, tracks.REFUSED) and target not in tracks.ENDED:
        resuming.run_on(case, clocks_of(work.session, case.id))
    return change


def follow(work: Work, case: Return) -> None:
    """Bring tracks and the next term in step with lines, units and refunds.

    The trail tells of what made them move, and so not of this.
    """
    session = work.session
    session.flush()
    meant, arrived = session.execute(
        select(func.coalesce(func.sum(ReturnLine.quantity - ReturnLine.missing), 0),
               func.coalesce(func.sum(ReturnLine.arrived), 0))
        .where(ReturnLine.return_id == case.id)).one()
    judged = _judged(session, case.id)
    goods, money = case.goods, case.money
    case.goods = tracks.goods(int(meant), int(arrived), judged, goods)
    case.money = tracks.money(refunds.states_of_case(session, case.id), case.refunded or 0)
    if tracks.decided_by_money(tracks.Standing(case.kind, case.phase, case.goods, case.money)):
        case.phase = tracks.ACCEPTED
    if case.goods in (tracks.ARRIVED, tracks.JUDGED):
        case.received_at = case.received_at or work.now
        stop_clocks(work, case, clocks.SEND_BACK)
    session.flush()
    for one in (case, *_beside(session, case)):
        _follow_money(work, one)
    for moment in moments.moved((goods, case.goods), (money, case.money),
                                swapped=case.exchange_order_id is not None):
        turned(work, case, moment)
    session.flush()


def _beside(session: Session, case: Return) -> Sequence[Return]:
    """The other open cases of its order: what one pays back, no other owes."""
    return session.scalars(select(Return).where(
        Return.order_id == case.order_id, Return.id != case.id, Return.closed_at.is_(None))).all() \
        if case.order_id is not None else ()


def _follow_money(work: Work, case: Return) -> None:
    """What a case owes, and its terms: the one to pay back ends once all has gone that is due by
    law (ustawa o prawach konsumenta, art. 32), and runs on where more of it falls due.
    """
    standing = standings.of(work.session, case)
    case.owed = tracks.promises(standing)
    terms = clocks_of(work.session, case.id)
    for clock in terms:
        if clock.what == clocks.REPAY and tracks.paid(standing):
            clock.stopped_at = clock.stopped_at or work.now
        elif clock.what == clocks.REPAY and tracks.owes(standing):
            clock.stopped_at = None
    case.due_at = None if case.phase in tracks.ENDED else clocks.earliest(
        clock.due_at for clock in terms if clock.stopped_at is None)


def turned(work: Work, case: Return, moment: str) -> None:
    """Say that there may be something to write to the buyer, who is known only with an order."""
    if moment and case.order_id is not None:
        work.announce(CaseTurned(case.id, moment))


def _judged(session: Session, case_id: int) -> int:
    """Units that were judged; what a file's history told of went to its place at once."""
    units = session.scalar(select(func.coalesce(func.sum(ReturnUnit.quantity), 0))
                           .where(ReturnUnit.return_id == case_id))
    told = session.scalar(select(func.coalesce(func.sum(ReturnLine.arrived), 0)).where(
        ReturnLine.return_id == case_id, ReturnLine.location_id.is_not(None)))
    return int(units or 0) + int(told or 0)


def details(work: Work, case: Return, values: Mapping[str, Any]) -> bool:
    """Change what is written of a case: reason, bank account, the wish; False when nothing is new.

    Raises:
        Invalid: a word that is none.
    """
    if values.get("reason_code") and values["reason_code"] not in kinds.REASONS:
        raise Invalid("Choose a reason.", "reason_code")
    if values.get("wish") and values["wish"] not in kinds.WISHES:
        raise Invalid("Choose what the buyer asks for.", "wish")
    known = {"reason_code", "reason", "wish", "bank_account", "box"}
    after = {name: tidy(str(value))[:200] for name, value in values.items() if name in known}
    changed = audit.changes({name: getattr(case, name) for name in after}, after)
    for name in changed:
        setattr(case, name, after[name])
    if changed:
        audit.record(work, "returns.change", "return", case.id, changed, order_id=case.order_id)
    return bool(changed)
