"""Refunds: set aside, approved, sent, and what became of them.

Setting money aside is one conditional UPDATE of the order it lies at, so however many ask at once,
what is pending never exceeds what was paid. Saying, doing, noting: before a provider is asked the
row says ``sent``; a lost answer makes it ``unknown``, and ``unknown`` is resolved by asking what
became of its key before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from oms_web.core.db import rows_changed
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.marking import N_
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import lineage, parting, phases, repaid
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments.events import RefundDone
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.payments.refund_states import (
    APPROVED,
    CREDIT,
    DONE,
    METHODS,
    PLANNED,
    REFUSED,
    SENT,
    UNKNOWN,
    after,
)
from oms_web.domain.payments.service import DESK, MARK, settle, take_back

NO_MORE = "No more can go back than was paid."
GONE = N_("The money of this refund is not there any more: it went back another way.")
LOST = "The answer was lost: nobody knows whether it was sent."
IN_FLIGHT = timedelta(minutes=5)
"""How long an answer may take before nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A refund as it is asked for. ``amount`` in minor units of the order's currency; ``items``
    are the plan's, each with ``line_id`` and ``units`` where goods stand behind it.
    """

    key: str
    amount: int
    method: str
    items: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    reason: str = ""
    bank_account: str = ""
    case_id: int | None = None
    told: str = ""


def get(session: Session, refund_id: int) -> Refund:
    """A refund.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Refund, refund_id)
    if found is None:
        raise NotFound("There is no such refund.")
    return found


def lock(session: Session, refund_id: int) -> Refund:
    """A refund that nobody else changes until the end of the transaction.

    Raises:
        NotFound: there is none.
    """
    found = session.scalar(select(Refund).where(Refund.id == refund_id).with_for_update()
                           .execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such refund.")
    return found


def of_case(session: Session, case_id: int) -> list[Refund]:
    """The refunds of a case, the first one first."""
    return list(session.scalars(
        select(Refund).where(Refund.case_id == case_id).order_by(Refund.id)))


def of_cases(session: Session, case_ids: Collection[int]) -> dict[int, list[Refund]]:
    """The refunds of each case."""
    found: dict[int, list[Refund]] = {}
    for one in session.scalars(
        select(Refund).where(Refund.case_id.in_(case_ids)).order_by(Refund.id)
    ):
        found.setdefault(one.case_id or 0, []).append(one)
    return found


def of_orders(session: Session, order_ids: Iterable[int]) -> list[Refund]:
    """The refunds for orders that were not refused, the first one first."""
    return list(session.scalars(
        select(Refund).where(Refund.order_id.in_(sorted(order_ids)), Refund.state != REFUSED)
        .order_by(Refund.id)))


def states_of_case(session: Session, case_id: int) -> list[tuple[str, str]]:
    """(state, method) of each refund of a case."""
    return [(state, method) for state, method in session.execute(
        select(Refund.state, Refund.method).where(Refund.case_id == case_id))]


def free(session: Session, order: Order) -> int:
    """What of an order's purchase was paid and neither went back nor is about to."""
    return sum(_free(session, order))


def _free(session: Session, order: Order) -> list[int]:
    return [max(0, one.paid_total - one.refund_pending)
            for one in lineage.purchase(session, order)]


def pieces(session: Session, order: Order, amount: int) -> list[int]:
    """An amount as the refunds that it takes: one, or one for each order of a purchase that was
    split and paid in parts, as far as the money at it reaches. More than is there stays one piece.
    """
    there = sorted(_free(session, order), reverse=True)
    if there[0] >= amount or sum(there) < amount:
        return [amount]
    return [some for some in parting.fill(amount, there) if some]


# Asking -----------------------------------------------------------------------------------------


def ask(work: Work, order: Order, asked: Asked) -> tuple[Refund, bool]:
    """Set money aside for a refund; returns it, and whether it is new.

    The same key with the same wish is the same refund, however often it is asked for.

    Raises:
        Invalid: no amount, no such method, more than was paid, or a key that was used for
            something else.
    """
    known = work.session.scalar(select(Refund).where(Refund.key == asked.key))
    if known is not None:
        if (known.order_id, known.amount, known.method) != (order.id, asked.amount, asked.method):
            raise Invalid("This was asked for with another amount. Reload the page.", "amount")
        return known, False
    if asked.amount <= 0:
        raise Invalid("The amount must be above zero.", "amount")
    if asked.method not in METHODS:
        raise Invalid("Choose how the money goes back.", "method")
    purse = next((one for one in lineage.purchase(work.session, order)
                  if _set_aside(work.session, one.id, asked.amount)), None)
    if purse is None:
        raise Invalid(NO_MORE, "amount")
    work.session.expire(purse, ["refund_pending"])
    row = Refund(
        order_id=order.id, purse_id=purse.id, case_id=asked.case_id, amount=asked.amount,
        currency=order.currency, method=asked.method, state=PLANNED, key=asked.key,
        plan=[dict(item) for item in asked.items], reason=tidy(asked.reason)[:300],
        told=tidy(asked.told)[:300],
        bank_account=asked.bank_account, created_at=work.now, created_by=work.actor.name)
    work.session.add(row)
    work.session.flush()
    audit.record(work, "refunds.plan", "refund", row.id,
                 {"amount": [None, row.amount], "refund_method": [None, row.method]},
                 order_id=order.id, note=row.reason or None)
    return row, True


def _set_aside(session: Session, order_id: int, amount: int) -> bool:
    """The guard: pending and new together are covered by what was paid, or nothing happens."""
    done = rows_changed(
        session, update(Order)
        .where(Order.id == order_id, Order.paid_total - Order.refund_pending >= amount)
        .values(refund_pending=Order.refund_pending + amount)
        .execution_options(synchronize_session=False))
    return bool(done)


# Moving on --------------------------------------------------------------------------------------


def act(work: Work, refund: Refund, name: str, *, why: str = "", reference: str = "") -> bool:
    """Take a locked refund on by an act of the table; False when it had its effect already.

    ``done`` writes the payment, ``drop`` and ``refuse`` let the money go again.

    Raises:
        NotAllowedNow: its state does not permit that, or it is about to be ordered and its money
            went back another way since.
    """
    target = after(refund.state, name)
    if target == refund.state:
        return False
    if target in (APPROVED, SENT) and refund.state != UNKNOWN and not covered(work, refund):
        raise NotAllowedNow(GONE)
    before, refund.state = refund.state, target
    refund.why = tidy(why)[:400]
    if reference:
        refund.reference = tidy(reference)[:160]
    if target == APPROVED:
        refund.approved_at, refund.approved_by = work.now, work.actor.name
    elif target == SENT:
        refund.sent_at, refund.attempts = work.now, refund.attempts + 1
    elif target == DONE:
        arrived(work, refund)
    elif target == REFUSED:
        _let_go(work, refund)
    work.session.flush()
    audit.record(work, f"refunds.{name}", "refund", refund.id, {"refund": [before, target]},
                 order_id=refund.order_id, note=refund.why or refund.reference or None)
    return True


def covered(work: Work, refund: Refund) -> bool:
    """Whether what is set aside where the money of a refund lies is still there: a buyer's bank may
    have taken it back since, or a channel given it back by itself.
    """
    purse = _purse(work, refund)
    return purse.refund_pending <= purse.paid_total


def undo(work: Work, refund: Refund, why: str) -> None:
    """Take a locked credit back that was given: no money had left the house by it.

    Raises:
        NotAllowedNow: it is no credit, or none that was given.
    """
    if (refund.method, refund.state) != (CREDIT, DONE):
        raise NotAllowedNow("Only a credit can be taken back.")
    purse = _purse(work, refund)
    purse.refunded_total -= refund.amount
    for item in _of_lines(refund):
        _count_refunded(work.session, item["line_id"], -item["units"])
    given = work.session.scalars(select(Payment).where(
        Payment.order_id == purse.id, Payment.source == DESK,
        Payment.reference == f"{MARK}{refund.id}")).one()
    refund.state, refund.why, refund.ended_at = REFUSED, tidy(why)[:400], work.now
    audit.record(work, "refunds.undo", "refund", refund.id, {"refund": [DONE, REFUSED]},
                 order_id=refund.order_id, note=refund.why or None)
    take_back(work, purse, given, refund.why)


def _of_lines(refund: Refund) -> list[Mapping[str, Any]]:
    return [item for item in refund.plan if item.get("line_id") and item.get("units")]


def _count_refunded(session: Session, line_id: int, units: int) -> None:
    session.execute(update(OrderLine).where(OrderLine.id == line_id)
                    .values(refunded=OrderLine.refunded + units)
                    .execution_options(synchronize_session="fetch"))


def _purse(work: Work, refund: Refund) -> Order:
    return work.session.scalars(
        select(Order).where(Order.id == refund.purse_id).with_for_update()
        .execution_options(populate_existing=True)).one()


def _let_go(work: Work, refund: Refund) -> None:
    purse = _purse(work, refund)
    purse.refund_pending -= refund.amount
    refund.ended_at = work.now


def arrived(work: Work, refund: Refund, told: Mapping[str, Any] | None = None) -> None:
    """The money is gone: pending becomes a payment below zero, by whoever told it first."""
    purse = _purse(work, refund)
    purse.refund_pending -= refund.amount
    purse.refunded_total += refund.amount if refund.case_id is not None \
        else _forgiven(work.session, purse, refund.amount)
    refund.ended_at = work.now
    work.session.execute(insert(Payment), [dict(told or {
        "at": work.now, "amount": -refund.amount, "currency": refund.currency,
        "method": refund.method, "source": DESK, "reference": f"{MARK}{refund.id}",
        "stated": False}) | {"order_id": purse.id}])
    for item in _of_lines(refund):
        _count_refunded(work.session, item["line_id"], item["units"])
        repaid.write(work.session, refund.id, item["line_id"], item.get("unsent", ()))
    if refund.case_id is not None:  # the goods stand behind one of several refunds of a case
        purse.paid_total -= refund.amount  # as ``settle`` will find it
        repaid.reckon(work.session, lineage.purchase(work.session, purse), {
            item["line_id"] for one in of_case(work.session, refund.case_id)
            for item in _of_lines(one)})
    settle(work, purse)
    work.announce(RefundDone(refund.id, refund.order_id))


def _forgiven(session: Session, purse: Order, amount: int) -> int:
    """How much of an amount without a case makes an order cheaper that was paid in full: what was
    paid too much, or for what was cancelled, only goes back.
    """
    family = lineage.purchase(session, purse)
    due = lineage.due(session, purse)
    if due > 0 or all(one.phase == phases.CANCELLED for one in family):
        return 0
    return max(0, amount + due)


# A provider's part ------------------------------------------------------------------------------


def take(work: Work, refund_id: int) -> Refund | None:
    """Write down that a provider is about to be asked; None if there is nothing to ask.

    ``unknown`` comes back as it is: whoever sends asks first what became of its key. So does what
    was sent so long ago that whoever sent it must have died, and what the provider has answered to
    be working on, which is no doubt: it is only asked again.

    Raises:
        NotFound: there is no such refund.
    """
    refund = lock(work.session, refund_id)
    if refund.state == SENT and refund.sent_at is not None \
            and work.now - refund.sent_at >= IN_FLIGHT:
        if refund.reference:
            refund.sent_at = work.now
            return refund
        act(work, refund, "lose", why=LOST)
    if refund.state == UNKNOWN:  # a try of its own: an answer to an earlier one comes too late
        refund.attempts, refund.sent_at = refund.attempts + 1, work.now
        return refund
    if refund.state != APPROVED:
        return None
    act(work, refund, "send")
    return refund


def note(work: Work, refund_id: int, attempt: int, outcome: str, *, reference: str = "",
         why: str = "") -> bool:
    """Note what a provider answered: ``done``, ``refuse``, ``lose``, or ``wait`` where it works on
    it; False if it was overtaken.

    Args:
        attempt: the try that was answered; the answer to an earlier one counts no more.
    """
    refund = lock(work.session, refund_id)
    if refund.attempts != attempt or refund.state not in (SENT, UNKNOWN):
        return False
    if outcome == "wait":
        refund.state, refund.sent_at = SENT, work.now
        refund.reference = tidy(reference)[:160] or refund.reference
        return True
    if outcome == "lose" and refund.state == UNKNOWN:
        return False
    return act(work, refund, outcome, why=why, reference=reference)


def references_beside(session: Session, refund: Refund) -> tuple[str, ...]:
    """The references of the other refunds of the same payment, or of the same order of a channel.
    """
    same = Refund.request_id == refund.request_id if refund.request_id is not None \
        else Refund.channel_order_id == refund.channel_order_id
    return tuple(session.scalars(
        select(Refund.reference)
        .where(same, Refund.id != refund.id, Refund.reference != "").order_by(Refund.id)))


def refuse_if_pending(order: Order, amount: int) -> None:
    """See that money is not promised to a refund before it is taken away otherwise.

    Raises:
        NotAllowedNow: some of it went back, or is on its way back to the buyer.
    """
    if amount > order.paid_total:
        raise NotAllowedNow("Some of this money was given back since. Take that back first.")
    if amount > order.paid_total - order.refund_pending:
        raise NotAllowedNow("Some of this money is about to go back to the buyer.")
