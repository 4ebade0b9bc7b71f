"""A refund plan and the money of an order: what its lines really cost, what is still there, and how
a plan becomes refunds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.money import line_total
from oms_web.core.text import words
from oms_web.core.work import Work
from oms_web.domain.documents.charges import DELIVERY, GOODS, SURCHARGE, Charge, charges
from oms_web.domain.orders import lineage, repaid
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.service import order_lines
from oms_web.domain.payments import refund_routes, refund_states, refunds
from oms_web.domain.payments import service as payments
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.refunds import Asked
from oms_web.domain.returns import refund_plan, settings, tracks
from oms_web.domain.returns.models import Return, ReturnLine
from oms_web.domain.returns.refund_plan import Paid, Plan, Sold

_VOUCHERS = ({"voucher"}, {"giftcard"}, {"gift", "card"}, {"karta", "podarunkowa"}, {"bon"},
             {"talon"})
_SAME = "23"
"""Any rate: how money is divided among lines does not depend on VAT."""


def facts(session: Session, order: Order) -> tuple[list[Sold], Paid]:
    """The lines of an order as they were paid, and its money.

    Raises:
        Invalid: the discount is larger than everything it can lower, or nothing was sold.
    """
    before = refunds.of_orders(session, [order.id])
    lines = [line for line in order_lines(session, order.id) if line.quantity > line.cancelled]
    found = charges([
        Charge(GOODS, _SAME, line_total(line.unit_price, line.quantity - line.cancelled,
                                        order.currency),
               line.quantity - line.cancelled, title=line.title, line_id=line.id)
        for line in lines
    ], order.shipping_total, order.discount_total)
    gone = _gone(session, lines, before)
    sold = [Sold(one.line_id or 0, one.title, one.quantity, one.amount,
                 min(gone.get(one.line_id or 0, (0, 0))[0], one.quantity),
                 gone.get(one.line_id or 0, (0, 0))[1])
            for one in found if one.kind == GOODS]
    total, vouchers = _came_in(session, order)
    paid = Paid(
        free=_free(session, order, before), total=total, vouchers=vouchers,
        delivery=sum(one.amount for one in found if one.kind == DELIVERY),
        fees=sum(one.amount for one in found if one.kind == SURCHARGE),
        delivery_gone=sum(item["amount"] for refund in before for item in refund.plan
                          if item["kind"] == refund_plan.DELIVERY),
        cheapest=settings.cheapest(session, order.currency))
    return sold, paid


def _gone(session: Session, lines: Sequence[OrderLine], before: Sequence[Refund]
          ) -> dict[int, tuple[int, int]]:
    """Units of each line that were paid back, or are about to be, and the money of that.

    What a case paid back before it left, and the seller cancelled, is no unit of the order any
    more: it takes nothing from those that were sent.
    """
    paid: Counter[tuple[int | None, int]] = Counter()
    money: Counter[tuple[int | None, int]] = Counter()
    for refund in before:
        for item in refund.plan:
            if item["kind"] == refund_plan.GOODS:
                paid[refund.case_id, item["line_id"]] += item["units"]
                money[refund.case_id, item["line_id"]] += item["amount"]
    cancelled = Counter({line.id: line.cancelled for line in lines})
    coming = _coming(session, {line_id for _, line_id in paid if cancelled[line_id]})
    gone: dict[int, tuple[int, int]] = {}
    for (case_id, line_id), units in paid.items():
        off = min(cancelled[line_id], max(0, units - coming.get((case_id, line_id), 0)))
        cancelled[line_id] -= off
        amount = money[case_id, line_id]
        so_far = gone.get(line_id, (0, 0))
        gone[line_id] = (so_far[0] + units - off,
                         so_far[1] + amount - refund_plan.share(amount, units, off))
    return gone


def _coming(session: Session, line_ids: Collection[int]) -> dict[tuple[int | None, int | None],
                                                                 int]:
    """Units that come back: (case, order line) -> how many."""
    return {(case_id, line_id): int(units) for case_id, line_id, units in session.execute(
        select(ReturnLine.return_id, ReturnLine.order_line_id, func.sum(ReturnLine.quantity))
        .where(ReturnLine.order_line_id.in_(line_ids))
        .group_by(ReturnLine.return_id, ReturnLine.order_line_id))} if line_ids else {}


def _free(session: Session, order: Order, before: Sequence[Refund]) -> int:
    """What of this order can still go back: its own share of its purchase, less what went."""
    share = lineage.paid_of(session, order) + repaid.counted_off(session, order.id) - sum(
        one.amount for one in before if one.case_id)
    return max(0, min(share, refunds.free(session, order)))


def _came_in(session: Session, order: Order) -> tuple[int, int]:
    """What was paid for the purchase, and how much of that by voucher."""
    family = [one.id for one in lineage.purchase(session, order)]
    rows = payments.came_in(session, family)
    return (sum(amount for amount, _ in rows),
            sum(amount for amount, method in rows if is_voucher(method)))


def is_voucher(method: str) -> bool:
    """Whether a payment was made with a voucher or a gift card, by what it is called."""
    said = set(words(method))
    return any(needed <= said for needed in _VOUCHERS)


def lacks_account(session: Session, case: Return, order: Order) -> bool:
    """Whether the buyer is to be asked where money goes to: a transfer of the case waits for the
    account number, or money is owed that cannot go back the way it came.
    """
    if case.phase in (*tracks.ENDED, tracks.REFUSED) or case.bank_account:
        return False
    if any(one.method == refund_states.TRANSFER and one.state == refund_states.PLANNED
           and not one.bank_account for one in refunds.of_case(session, case.id)):
        return True
    return case.owed and not refund_routes.comes_back_alone(session, order)


def _marked(session: Session, case: Return, made: Plan) -> list[dict[str, Any]]:
    """The items of a plan as they are kept; ``unsent`` says what goes back for each unit that has
    not left and will not come back, so that a cancellation of it counts once.
    """
    items, left = made.stored(), made.total
    mine = [item for item in items if item["kind"] == refund_plan.GOODS]
    coming = _coming(session, [item["line_id"] for item in mine])
    before: Counter[int | None] = Counter()
    for refund in refunds.of_case(session, case.id):
        for one in refund.plan if refund.state != refund_states.REFUSED else ():
            before[one["line_id"]] += one["units"]
    for item in mine:
        line, units = item["line_id"], item["units"]
        here = before[line] - coming.get((case.id, line), 0)
        amounts = []
        for n in range(max(0, here + units) - max(0, here)):
            one = refund_plan.share(item["amount"], units, n + 1) \
                - refund_plan.share(item["amount"], units, n)
            amounts.append(min(one, left))
            left -= amounts[-1]
        if amounts:
            item["unsent"] = amounts
    if made.everything and mine and "unsent" in mine[-1]:  # delivery goes with the last unit
        mine[-1]["unsent"][-1] += min(left, sum(
            item["amount"] for item in items if item["kind"] == refund_plan.DELIVERY))
    return items


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a refund: to ourselves, to the buyer, and where a transfer goes."""

    reason: str = ""
    told: str = ""
    account: str = ""


def ask(work: Work, order: Order, case: Return, made: Plan, method: str, key: str, said: Said
        ) -> list[Refund]:
    """The refunds of a plan: what was paid by voucher is one of its own, as credit. None where the
    plan comes to nothing.
    """
    parts: Sequence[tuple[str, int, str]] = [
        (key, made.money, method), (f"{key}:credit", made.credit, refund_states.CREDIT)]
    found, items = [], _marked(work.session, case, made)
    for name, amount, how in parts:
        for number, some in enumerate(refunds.pieces(work.session, order, amount)
                                      if amount > 0 else ()):
            refund, _ = refunds.ask(work, order, Asked(
                f"{name}:{number}" if number else name, some, how, items, said.reason,
                said.account if how == method else "", case.id, said.told))
            found.append(refund)
            items = []  # the goods stand behind one of them
    return found
