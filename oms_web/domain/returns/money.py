"""A refund plan and the money of an order: what its lines really cost, what is still there, and how
a plan becomes refunds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.money import line_total
from oms_web.core.text import words
from oms_web.core.work import Work
from oms_web.domain.documents.charges import DELIVERY, GOODS, SURCHARGE, Charge, charges
from oms_web.domain.orders import lineage
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
                 min(gone.get(one.line_id or 0, 0), one.quantity))
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
          ) -> dict[int, int]:
    """Units of each line that were paid back, or are about to be.

    What a case paid back before it left, and the seller cancelled, is no unit of the order any
    more: it takes nothing from those that were sent.
    """
    paid: Counter[tuple[int | None, int]] = Counter()
    for refund in before:
        for item in refund.plan:
            if item["kind"] == refund_plan.GOODS:
                paid[refund.case_id, item["line_id"]] += item["units"]
    cancelled = {line.id: line.cancelled for line in lines}
    doubtful = {line_id for _, line_id in paid if cancelled.get(line_id)}
    rows = session.execute(
        select(ReturnLine.return_id, ReturnLine.order_line_id, func.sum(ReturnLine.quantity))
        .where(ReturnLine.order_line_id.in_(doubtful))
        .group_by(ReturnLine.return_id, ReturnLine.order_line_id)) if doubtful else ()
    coming: dict[tuple[int | None, int | None], int] = {
        (case_id, line_id): int(units) for case_id, line_id, units in rows}
    gone: Counter[int] = Counter()
    unsent: Counter[int] = Counter()
    for (case_id, line_id), units in paid.items():
        gone[line_id] += units
        unsent[line_id] += max(0, units - coming.get((case_id, line_id), 0))
    return {line_id: units - min(unsent[line_id], cancelled.get(line_id, 0))
            for line_id, units in gone.items()}


def _free(session: Session, order: Order, before: Sequence[Refund]) -> int:
    """What of this order can still go back: its own share of its purchase, less what went."""
    share = lineage.paid_of(session, order) - sum(one.amount for one in before if one.case_id)
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
    found, items = [], made.stored()
    for name, amount, how in parts:
        if amount > 0:
            refund, _ = refunds.ask(work, order, Asked(
                name, amount, how, items, said.reason, said.account if how == method else "",
                case.id, said.told))
            found.append(refund)
            items = []  # the goods stand behind one of them
    return found
