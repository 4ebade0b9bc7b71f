"""A case that went by the seller's leave goes on as a withdrawal, since its buyer declared one.

The law's terms begin; what was only planned to go back is planned anew as the law has it, and where
money went already, what is still owed for it: delivery (ustawa o prawach konsumenta, art. 32-33).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from oms_web.core.actor import SYSTEM
from oms_web.core.marking import N_
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refund_states, refunds
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import (
    clocks,
    correcting,
    delivered,
    kinds,
    money,
    refund_plan,
    service,
    settings,
    tracks,
)
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Wish

TURNS = (kinds.RETURN, kinds.EXCHANGE)
"""Cases by the seller's leave that become a withdrawal when their buyer declares one."""
ANEW = N_("The buyer withdrew from the contract: planned anew.")


def turns(case: Return, *, in_time: bool) -> bool:
    """Whether a case becomes a withdrawal when one is declared of its goods: it went by the
    seller's leave, given or refused, and no other goods went for it. Money that was planned or went
    takes nothing from a statement that came in time; of one that came late it is left alone. Pure.
    """
    return case.kind in TURNS and case.phase != tracks.OFF and case.exchange_order_id is None \
        and (in_time or case.money == tracks.MONEY_NONE)


def in_time(work: Work, order: Order) -> bool:
    """Whether a statement that is made now is made in time."""
    return clocks.may_withdraw(
        order.country, delivered.at_last(work.session, order), work.now,
        settings.current(work.session).extra_days)[0]


def adds(session: Session, case: Return, order: Order) -> bool:
    """Whether a statement gives back more than what was planned or went for a case that it turns:
    the delivery that the law adds (ustawa o prawach konsumenta, art. 32 ust. 1).
    """
    went = any(one.state != refund_states.REFUSED for one in refunds.of_case(session, case.id))
    return went and refund_plan.plan(*money.facts(session, order), Wish(), lawful=True).total > 0


def part(work: Work, case: Return, wanted: Mapping[int, int]) -> dict[int, int]:
    """Take the units that a statement names out of a locked case, for a withdrawal of their own:
    who withdraws from some of the goods is owed the money for those (ustawa o prawach konsumenta,
    art. 32), and what was agreed for the others stands. Returns order line -> units taken.

    Nothing is taken where the statement names all of the case, or where something came of it, was
    planned, or is told by a channel, whose word stands by the whole of it.

    Args:
        wanted: order line -> units.
    """
    lines = service.lines_of(work.session, case.id)
    held: Counter[int | None] = Counter()
    for line in lines:
        held[line.order_line_id] += line.quantity
    begun = case.money != tracks.MONEY_NONE or case.external_id is not None \
        or case.goods in (tracks.ARRIVED, tracks.JUDGED) \
        or any(line.arrived or line.missing for line in lines)
    if begun or all(units <= wanted.get(one or 0, 0) for one, units in held.items()):
        return {}
    taken: Counter[int] = Counter()
    for line in lines:
        one = line.order_line_id or 0
        if (some := min(line.quantity, wanted.get(one, 0) - taken[one])) > 0:
            taken[one] += some
            service.take_out(work, case, line, some)
    service.follow(work, case)
    return dict(taken)


def parted(work: Work, case: Return, own: Return, units: int, *, agreed: bool) -> None:
    """Write down in a case how many units went on as a withdrawal of their ``own``.

    Args:
        agreed: that withdrawal has no other units. One that came too late leaves standing what was
            said of them before.
    """
    if agreed and own.phase == tracks.NEW and case.phase in (tracks.ASKED, tracks.ACCEPTED):
        own.phase = case.phase
        service.follow(work, own)
    audit.record(work, "returns.part", "return", case.id,
                 {"units": [None, units], "case": [None, own.number]}, order_id=case.order_id)


def turn(work: Work, case: Return, order: Order, declared: datetime | None = None) -> None:
    """A locked case goes on as a withdrawal: the terms of the law begin when it was ``declared``,
    if not now. Its number stays.

    A statement that came too late leaves standing what was agreed before.
    """
    kind, phase = case.kind, case.phase
    case.kind, case.phase, case.closed_at = kinds.WITHDRAWAL, tracks.NEW, None
    service.start_clocks(work, case, order, declared or work.now)
    service.accept_withdrawal(work, case, order, declared or work.now)
    if case.phase == tracks.ACCEPTED:
        # It is the system that plans what follows from the statement, not the buyer.
        _pay_anew(replace(work, actor=SYSTEM), case, order)
    elif phase in (tracks.ASKED, tracks.ACCEPTED):
        case.phase = phase
    service.follow(work, case)
    if phase == tracks.CLOSED and case.money in tracks.PAID:
        case.phase, case.closed_at = phase, work.now  # nothing is owed for it any more
        service.follow(work, case)
    audit.record(work, "returns.turn", "return", case.id, audit.changes(
        {"kind": kind, "phase": phase}, {"kind": case.kind, "phase": case.phase}),
        order_id=case.order_id)


def _pay_anew(work: Work, case: Return, order: Order) -> None:
    """Where money of a case was planned or went: drop what has not gone, and plan it again with
    what the law adds; the same way, to the same account, what the goods lost by use off.
    """
    before = [one for one in refunds.of_case(work.session, case.id)
              if one.state != refund_states.REFUSED]
    if not before:
        return
    dropped = _drop(work, before)
    units: Counter[int] = Counter()
    wear: Counter[int] = Counter()
    for item in (item for one in dropped for item in one.plan):
        if item["kind"] == refund_plan.GOODS:
            units[item["line_id"]] += item["units"]
        elif item["kind"] == refund_plan.WEAR:
            wear[item["line_id"]] -= item["amount"]
    made = refund_plan.plan(*money.facts(work.session, order), Wish(units, wear), lawful=True)
    like = next((one for one in reversed(before) if one.method != refund_states.CREDIT), before[-1])
    money.ask(work, order, case, made, like.method, f"turned:{case.id}", money.Said(
        told=like.told if wear else "", account=like.bank_account))


def _drop(work: Work, before: list[Refund]) -> list[Refund]:
    """Let go what nobody has sent and no correction of an invoice has said."""
    said = correcting.corrections_of(work.session, before)
    found = [refunds.lock(work.session, one.id) for one in before if one.id not in said
             and one.state in (refund_states.PLANNED, refund_states.APPROVED)]
    for one in found:
        refunds.act(work, one, "drop", why=ANEW)
    return found
