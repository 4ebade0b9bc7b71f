"""Another thing instead: a new order whose goods are reserved at once, and the difference in money.

What the goods that come back were worth is paid towards the new order, as the buyer agreed; what it
costs more is to be paid, what it costs less goes back. Called off, all of that is as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.marking import N_
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.company.models import Company
from oms_web.domain.orders import cancelling, deadlines, reserving, taking
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.taking import Position, Taken
from oms_web.domain.orders.verifying import verify_again
from oms_web.domain.payments import fee_claims, refund_routes, refund_states, refunds, requests
from oms_web.domain.payments import service as payments
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.payments.refunds import Asked
from oms_web.domain.returns import (
    correcting,
    exchange_facts,
    exchange_goods,
    kinds,
    moments,
    refund_plan,
    service,
    tracks,
    turning,
)
from oms_web.domain.returns.exchange import KEY, Difference
from oms_web.domain.returns.models import Return
from oms_web.domain.shipping import replanning

WITHDREW = N_("The buyer withdrew from the contract.")


@dataclass(frozen=True, slots=True)
class Terms:
    """What else is agreed. ``shipping``: what the delivery of the new order costs, minor units.

    ``wear``: what is taken off for use of what comes back, order line -> minor units.
    ``payment_kind``: how the difference is paid, as at any order; ``waits``: why the new order is
    held until what comes back was judged; empty: it is sent at once. ``back``: how the rest of what
    comes back goes back, ``account``: the buyer's, for a transfer.
    """

    shipping: int = 0
    payment_kind: str = "prepaid"
    waits: str = ""
    back: str = refund_states.TRANSFER
    account: str = ""
    wear: Mapping[int, int] = field(default_factory=dict)


def exchange(work: Work, case_id: int, positions: Sequence[Position], terms: Terms = Terms()
             ) -> tuple[Order, bool]:
    """Make the order that replaces what comes back; returns it, and whether it is new.

    The units of the case are credited at what a refund of them would be, as far as the new order
    costs that much. A case has one such order.

    Raises:
        Invalid: no products, an impossible quantity or price, more taken off than the goods cost.
        NotAllowedNow: the case is over, has no order, or its goods were paid back already.
    """
    order, case = _locked(work, case_id)
    if case.exchange_order_id is not None:
        return orders.get_order(work.session, case.exchange_order_id), False
    if case.phase in tracks.ENDED or case.phase == tracks.REFUSED:
        raise NotAllowedNow("This case is over. Open it again first.")
    if not positions:
        raise Invalid("Add at least one product.", "lines")
    new = taking.store(work, _taken(order, case, positions, terms))
    _confirm(work, new)
    if terms.waits and not exchange_facts.is_here(case):
        exchange_goods.wait(work, case, new, terms.waits)
    _credit(work, order, case, new, terms)
    case.exchange_order_id = new.id
    if "accept" in tracks.allowed(case.phase):
        service.act(work, case, "accept")
    service.turned(work, case, moments.SWAPPED)
    service.follow(work, case)
    audit.record(work, "returns.exchange", "return", case.id,
                 {"new_order": [None, new.id]}, order_id=order.id)
    orders.refile(work, [order.id, new.id])
    return new, True


def _locked(work: Work, case_id: int) -> tuple[Order, Return]:
    known = service.get(work.session, case_id)
    if known.order_id is None:
        raise NotAllowedNow("Say first which order this case belongs to.")
    order = orders.lock_order(work.session, known.order_id)
    return order, service.lock(work.session, case_id)


def _taken(order: Order, case: Return, positions: Sequence[Position], terms: Terms) -> Taken:
    buyer = {name: getattr(order, name) for name in (
        "buyer_name", "buyer_email", "buyer_phone", "buyer_company", "tax_id")}
    return Taken(
        positions, ship_to=dict(order.ship_to), buyer=buyer, currency=order.currency,
        shipping=terms.shipping, payment_kind=terms.payment_kind, payment_method=case.number,
        origin=case.number, wants_invoice=order.wants_invoice,
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


def _credit(work: Work, order: Order, case: Return, new: Order, terms: Terms) -> None:
    """Money of the old order moves to the new one: out of one and into the other, in one step."""
    made = exchange_facts.worth(work.session, order, case.id, terms.wear)
    split = Difference(made.total, new.total)
    if split.carried <= 0:
        return
    items, key = made.stored(), f"{KEY}{case.id}:{new.id}"
    if split.back:
        items.append({"kind": refund_plan.OTHER, "amount": -split.back, "line_id": None,
                      "units": 0, "title": ""})
    refund, _ = refunds.ask(work, order, Asked(
        key, split.carried, refund_states.CREDIT, items, case.number, case_id=case.id))
    refunds.act(work, refund, "approve")
    refunds.act(work, refund, "done", reference=str(new.id))
    payments.record_by_hand(work, new, split.carried, kinds.SERIES[kinds.EXCHANGE], work.now,
                            _came_over(case, new))
    if split.back:
        refunds.ask(work, order, Asked(
            f"{key}:rest", split.back, terms.back, (), case.number,
            _account(case, terms), case.id))


def _account(case: Return, terms: Terms) -> str:
    """The account a transfer goes to, kept with the case, too."""
    if terms.back != refund_states.TRANSFER:
        return ""
    case.bank_account = terms.account or case.bank_account
    return case.bank_account


def _came_over(case: Return, new: Order) -> str:
    """The reference of what came over to a new order."""
    return f"{payments.EXCHANGED}{case.id}:{new.id}"


# Called off ---------------------------------------------------------------------------------------


def call_off(work: Work, case_id: int, why: str) -> bool:
    """Take an exchange back; False when there is none, or its credit was taken back before.

    What was credited is the old order's again. A new order that has not left is cancelled, and
    another one can be made; of one that has left, all of it is to be paid now.

    Raises:
        Invalid: no word why.
        NotAllowedNow: the case is over, the invoice was corrected by the credit, or the credited
            money is on its way to the buyer.
    """
    if not why.strip():
        raise Invalid("Say why.", "why")
    order, case = _locked(work, case_id)
    if case.exchange_order_id is None:
        return False
    new = orders.lock_order(work.session, case.exchange_order_id)
    mine = exchange_facts.made_by(work.session, case.id)
    stays = new.phase in exchange_facts.LEFT or any(
        line.shipped for line in orders.order_lines(work.session, new.id))
    if stays and not any(exchange_facts.is_carried(one) for one in mine):
        return False
    refused = no_way_back(work.session, case, new)
    if refused is not None:
        raise refused
    for one in mine:
        _take_back(work, new, refunds.lock(work.session, one.id), why)
    fee_claims.withdraw_unfounded(work, order.id)
    for link in requests.of_order(work.session, new.id):
        requests.withdraw(work, link)  # nobody pays by it what is not due any more
    if not stays:
        if cancelling.cancel_order(work, new, by="seller", reason=" ".join(why.split())[:300]):
            replanning.follow(work, [new.id])
        case.exchange_order_id = None
    audit.record(work, "returns.exchange_off", "return", case.id,
                 {"new_order": [new.id, None if not stays else new.id]}, order_id=order.id,
                 note=why[:300])
    service.follow(work, case)
    orders.refile(work, [order.id, new.id])
    return True


def withdraw(work: Work, case_id: int) -> bool:
    """Let an exchange go on as the withdrawal that its buyer declared; False when it does already.

    It is called off, what the buyer paid for the new order is planned to go back the way it came,
    and the terms of the law run from the statement on. Of a statement about some of its goods the
    withdrawal is a case of its own, and the others can be exchanged anew.

    Raises:
        NotAllowedNow: nobody withdrew, or it cannot be done in one step (``stays_an_exchange``).
    """
    order, case = _locked(work, case_id)
    said = exchange_facts.withdrew(work.session, case)
    if said is None:
        if case.kind == kinds.WITHDRAWAL:
            return False
        raise NotAllowedNow("The buyer has not withdrawn from the contract.")
    if case.exchange_order_id is not None:
        new = orders.lock_order(work.session, case.exchange_order_id)
        refused = stays_an_exchange(work.session, case, new)
        if refused is not None:
            raise refused
        call_off(work, case_id, WITHDREW)
        _pay_back(work, case, new)
        orders.refile(work, [new.id])
    taken = turning.part(work, case, dict(said.content.get("held", ())))
    if taken:
        own, _ = service.open_case(
            work, order, orders.order_lines(work.session, order.id), service.Opening(
                kinds.WITHDRAWAL, source="buyer", lines=taken, claimed_at=said.at,
                buyer_name=case.buyer_name, buyer_email=case.buyer_email,
                bank_account=case.bank_account, form_key=exchange_facts.own_key(said)))
        turning.parted(work, case, own, sum(taken.values()), agreed=True)
    else:
        turning.turn(work, case, order, said.at)
    orders.refile(work, [order.id])
    return True


def stays_an_exchange(session: Session, case: Return, new: Order) -> NotAllowedNow | None:
    """Why an exchange whose buyer withdrew does not become a withdrawal in one step; None where it
    can.
    """
    now = exchange_facts.standing(session, case)
    if now is None or now.left:
        return NotAllowedNow("The new order has left, so the exchange stays. Settle with the buyer "
                             "which goods come back.")
    if any(one.state not in (refund_states.PLANNED, refund_states.APPROVED)
           for one in exchange_facts.made_by(session, case.id)
           if not exchange_facts.is_carried(one)):
        return NotAllowedNow("Money of this exchange is on its way to the buyer already. Call the "
                             "exchange off and pay back the rest, with the amount typed.")
    return no_way_back(session, case, new)


def _pay_back(work: Work, case: Return, new: Order) -> None:
    """Plan that what the buyer paid for a cancelled new order goes back."""
    paid = new.paid_total - new.refund_pending
    if paid > 0:
        method = way_back(work.session, new, paid)
        refunds.ask(work, new, Asked(
            f"withdrawn:{case.id}:{new.id}", paid, method, reason=WITHDREW,
            bank_account=case.bank_account if method == refund_states.TRANSFER else ""))


def way_back(session: Session, new: Order, paid: int) -> str:
    """How what the buyer paid for a new order goes back: by the provider it came by, else by a
    transfer, which waits for the buyer's account where it is not known.
    """
    return refund_states.PROVIDER if refund_routes.by_provider(session, new, paid) is not None \
        else refund_states.TRANSFER


def no_way_back(session: Session, case: Return, new: Order) -> NotAllowedNow | None:
    """Why the exchange of a case cannot be called off now; None where it can."""
    if case.phase in tracks.ENDED:  # what is owed again would stand in a case nobody looks at
        return NotAllowedNow("This case is over. Open it again first.")
    mine = exchange_facts.made_by(session, case.id)
    if correcting.corrections_of(session, mine):
        return NotAllowedNow("Its correction was issued. Correct the invoice back first.")
    if any(exchange_facts.is_carried(one) and new.paid_total - new.refund_pending < one.amount
           for one in mine):
        return NotAllowedNow(
            "The credited money went back to the buyer from the new order already.")
    return None


def _take_back(work: Work, new: Order, refund: Refund, why: str) -> None:
    """What has not gone is let go; money that was ordered already goes its way."""
    if not exchange_facts.is_carried(refund):
        if refund.state in (refund_states.PLANNED, refund_states.APPROVED):
            refunds.act(work, refund, "drop", why=why)
        return
    came = work.session.scalars(select(Payment).where(
        Payment.order_id == new.id, Payment.source == payments.DESK,
        Payment.reference == f"{payments.EXCHANGED}{refund.key.removeprefix(KEY)}")).one()
    payments.take_back(work, new, came, why)
    refunds.undo(work, refund, why)
