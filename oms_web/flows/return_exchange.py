"""Another thing instead: a new order whose goods are reserved at once, and the difference in money.

What the goods that come back were worth is paid towards the new order, as the buyer agreed; what it
costs more is to be paid, what it costs less goes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.company.models import Company
from oms_web.domain.orders import deadlines, reserving, taking
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.taking import Position, Taken
from oms_web.domain.orders.verifying import verify_again
from oms_web.domain.payments import refund_states, refunds
from oms_web.domain.payments import service as payments
from oms_web.domain.payments.refunds import Asked
from oms_web.domain.returns import kinds, money, refund_plan, service, tracks
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Wish


def exchange(work: Work, case_id: int, positions: Sequence[Position]) -> tuple[Order, bool]:
    """Make the order that replaces what comes back; returns it, and whether it is new.

    The units of the case are credited at what the buyer paid for them, as far as the new order
    costs that much. A case has one such order.

    Raises:
        Invalid: no products, an impossible quantity or price.
        NotAllowedNow: the case is over, has no order, or its goods were paid back already.
    """
    known = service.get(work.session, case_id)
    if known.order_id is None:
        raise NotAllowedNow("Say first which order this case belongs to.")
    order = orders.lock_order(work.session, known.order_id)
    case = service.lock(work.session, case_id)
    if case.exchange_order_id is not None:
        return orders.get_order(work.session, case.exchange_order_id), False
    if case.phase in tracks.ENDED or case.phase == tracks.REFUSED:
        raise NotAllowedNow("This case is over. Open it again first.")
    if not positions:
        raise Invalid("Add at least one product.", "lines")
    new = taking.store(work, _taken(order, case, positions))
    _confirm(work, new)
    _credit(work, order, case, new)
    case.exchange_order_id = new.id
    if "accept" in tracks.allowed(case.phase):
        service.act(work, case, "accept")
    service.follow(work, case)
    audit.record(work, "returns.exchange", "return", case.id,
                 {"new_order": [None, new.id]}, order_id=order.id)
    orders.refile(work, [order.id, new.id])
    return new, True


def _taken(order: Order, case: Return, positions: Sequence[Position]) -> Taken:
    buyer = {name: getattr(order, name) for name in (
        "buyer_name", "buyer_email", "buyer_phone", "buyer_company", "tax_id")}
    return Taken(
        positions, ship_to=dict(order.ship_to), buyer=buyer, currency=order.currency,
        payment_method=case.number, origin=case.number, wants_invoice=order.wants_invoice,
        delivery={"delivery_method": order.delivery_method, "carrier": order.carrier,
                  "pickup_point": order.pickup_point})


def _confirm(work: Work, new: Order) -> None:
    company = work.session.get(Company, 1)
    orders.set_phase(work, new, "confirm")
    new.ship_by = deadlines.ship_by(
        work.now, 1, time.fromisoformat(company.cut_off) if company else time(15))
    verify_again(work, new)
    work.session.flush()
    reserving.reserve_orders(work, [new.id])
    orders.follow_status(work, new)


def _credit(work: Work, order: Order, case: Return, new: Order) -> None:
    """Money of the old order moves to the new one: out of one and into the other, in one step."""
    sold, paid = money.facts(work.session, order)
    left = {line.line_id: line.units - line.gone for line in sold}
    units: dict[int, int] = {}
    for line in service.lines_of(work.session, case.id):
        if line.order_line_id in left:
            units[line.order_line_id] = min(left[line.order_line_id],
                                            units.get(line.order_line_id, 0) + line.quantity)
    made = refund_plan.plan(sold, paid, Wish(units), lawful=False)
    amount = min(made.total, new.total)
    if amount <= 0:
        return
    rest = made.total - amount
    items = made.stored()
    if rest:
        items.append({"kind": refund_plan.OTHER, "amount": -rest, "line_id": None, "units": 0,
                      "title": ""})
    refund, _ = refunds.ask(work, order, Asked(
        f"exchange:{case.id}", amount, refund_states.CREDIT, items, case.number,
        case_id=case.id))
    refunds.act(work, refund, "approve")
    refunds.act(work, refund, "done", reference=str(new.id))
    payments.record_by_hand(work, new, amount, kinds.SERIES[kinds.EXCHANGE], work.now,
                            f"{payments.EXCHANGED}{case.id}")
    if rest:
        refunds.ask(work, order, Asked(
            f"exchange:{case.id}:rest", rest, refund_states.TRANSFER, (), case.number,
            case.bank_account, case.id))
