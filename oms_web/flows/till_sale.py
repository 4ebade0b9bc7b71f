"""A sale over the counter, and taking it back: order, money and goods in one transaction.

The order is taken down, reserved from the till's own warehouse, paid, handed over and done, as any
order would be, only at once. What is not free is not sold, whatever two tills believed before:
reserving is one conditional UPDATE per place. A basket is sold once, however often it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from oms_web.core.errors import Invalid, NotAllowedNow, ShortStock
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.documents.models import Document, is_annulled
from oms_web.domain.orders import discounts, reserving, taking
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.leaving import goods_left
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.reserving import KIND
from oms_web.domain.orders.taking import Position, Taken
from oms_web.domain.payments import service as payments
from oms_web.domain.returns import queries as cases
from oms_web.domain.returns import tracks
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.allocation import Demand, allocate
from oms_web.domain.stock.models import CUSTOMER, Move
from oms_web.domain.till import basket as baskets
from oms_web.domain.till import service as tills
from oms_web.domain.till.basket import Bill
from oms_web.domain.till.models import Basket, Sale
from oms_web.domain.till.reckoning import CASH, METHODS

NOBODY: Mapping[str, str] = {"buyer_name": "", "buyer_company": "", "buyer_email": "",
                             "buyer_phone": "", "tax_id": ""}
NOWHERE: Mapping[str, str] = dict.fromkeys(
    ("name", "company", "street", "postcode", "city", "region", "phone", "email"), "")


@dataclass(frozen=True, slots=True)
class Paying:
    """How a basket is paid.

    Attributes:
        key: what makes the form one of a kind; the same again sells nothing.
        shown: the total the buyer was told, in minor units; another one is refused.
        method: one of ``reckoning.METHODS``; ``words`` is what it is called on the order.
        given: the cash that was put down; None: exactly the total.
        buyer, address: clean already (``orders/addresses.py``), for who wants an invoice.
        pickup: what the way of delivery is called on the order.
    """

    key: str
    shown: int
    method: str = CASH
    words: str = ""
    given: int | None = None
    buyer: Mapping[str, str] = field(default_factory=lambda: NOBODY)
    address: Mapping[str, str] = field(default_factory=lambda: NOWHERE)
    wants_invoice: bool = False
    pickup: str = ""


def sell(work: Work, basket_id: int, paying: Paying) -> tuple[Sale, bool]:
    """Sell a basket; returns the sale, and whether it is new.

    Raises:
        ShortStock: naming the first product that is not free here; nothing is sold then.
        NotAllowedNow: the till is closed, the basket was emptied, or a price is not known.
        Invalid: too little cash, another total than was told, an unknown method.
    """
    session = work.session
    basket = tills.lock_basket(session, basket_id)
    present = session.scalar(select(Sale).where(Sale.basket_id == basket_id))
    if present is not None:
        return present, False
    shift = tills.open_shift(session, basket.till_id, lock=True)
    if shift is None:
        raise NotAllowedNow("This till is closed. Open it first.")
    till = tills.get_till(session, basket.till_id)
    bill = _bill(basket, shift.currency)
    given = _given(paying, bill)
    order = taking.store(work, _taken(basket, bill, paying, till.name, shift.currency))
    _hand_over(work, order, till.warehouse_id, basket_id, paying)
    sale = Sale(
        till_id=till.id, shift_id=shift.id, basket_id=basket_id, order_id=order.id,
        key=paying.key, method=paying.method, currency=shift.currency, total=order.total,
        given=given, at=work.now, sold_by=work.actor.name)
    session.add(sale)
    basket.closed_at = work.now
    session.flush()
    audit.record(work, "till.sale", "till", till.id,
                 {"total": [None, order.total], "method": [None, paying.method]},
                 order_id=order.id)
    return sale, True


def _bill(basket: Basket, currency: str) -> Bill:
    if basket.closed_at is not None:
        raise NotAllowedNow("This basket is sold or emptied. Begin a new one.")
    if not basket.lines:
        raise Invalid("Scan something first.")
    bill = baskets.bill(tills.restored(basket), discounts.restore(basket.discount), currency)
    if not bill.complete:
        raise NotAllowedNow("A product has no price yet. Say what it costs.")
    return bill


def _given(paying: Paying, bill: Bill) -> int:
    if paying.method not in METHODS:
        raise Invalid("Choose how it is paid.", "method")
    if not paying.key:
        raise Invalid("This page has been open for too long. Reload it and try again.")
    if paying.shown != bill.total:
        raise Invalid("The basket has changed since. Look at the total again.")
    return baskets.change_due(bill.total, paying.given if paying.method == CASH else None)[0]


def _taken(basket: Basket, bill: Bill, paying: Paying, till: str, currency: str) -> Taken:
    positions = [
        Position(item.variant_id, item.quantity, line.unit_price, line.cut)
        for item, line in zip(tills.restored(basket), bill.lines, strict=True) if line is not None
    ]
    return Taken(
        positions, ship_to={"country": "PL", **paying.address}, buyer=dict(paying.buyer),
        currency=currency, discount=bill.cut, payment_method=paying.words,
        delivery={"delivery_method": paying.pickup}, origin=till,
        wants_invoice=paying.wants_invoice, source=taking.TILL)


def _hand_over(work: Work, order: Order, warehouse_id: int, basket_id: int, paying: Paying
               ) -> None:
    """Reserved here, paid, and in the buyer's hands."""
    orders.set_phase(work, order, "confirm")
    order.placed_at = work.now
    lines = orders.order_lines(work.session, order.id)
    _reserve_here(work, lines, warehouse_id)
    if order.total:
        payments.record_by_hand(work, order, order.total, paying.words, work.now,
                                f"{payments.TILL}{basket_id}")
    else:
        reserving.judge_payment(work, order)
    goods_left(work, order, lines, {line.id: line.quantity for line in lines},
               f"till:{basket_id}")
    work.session.flush()
    orders.set_phase(work, order, "ship")
    orders.set_phase(work, order, "deliver")
    orders.refile(work, [order.id])


def _reserve_here(work: Work, lines: list[OrderLine], warehouse_id: int) -> None:
    session = work.session
    parts = reserving.line_parts(session, lines)
    shelves = stock.shelves(session, {v for made_of in parts.values() for v, _ in made_of})
    takes, served = allocate([Demand(line.id, parts[line.id], line.quantity) for line in lines],
                             shelves, {warehouse_id: 0})
    for line in lines:
        if served.get(line.id, 0) < line.quantity:
            raise ShortStock("%(title)s: only %(free)s free here. The rest is not here, or is "
                             "promised to orders.", title=line.title, free=served.get(line.id, 0))
    stock.reserve(work, KIND, takes, announce=False)
    orders.count_reserved(session, list(served.items()))
    for line in lines:
        session.expire(line, ["reserved"])


def void(work: Work, sale_id: int, reason: str) -> tuple[Sale, bool]:
    """Take a sale back while its till is still open: goods to their shelves, money to the buyer.

    Returns:
        The sale, and whether it was taken back by this.

    Raises:
        Invalid: no reason.
        NotAllowedNow: the shift is closed, an invoice was issued, or something came back already
            or is about to.
    """
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise Invalid("Say why the sale is taken back.", "reason")
    session = work.session
    sale = session.scalar(select(Sale).where(Sale.id == sale_id).with_for_update()
                          .execution_options(populate_existing=True))
    if sale is None:
        raise NotAllowedNow("There is no such sale.")
    if sale.voided_at is not None:
        return sale, False
    shift = tills.open_shift(session, sale.till_id, lock=True)
    if shift is None or shift.id != sale.shift_id:
        raise NotAllowedNow("The till was counted since. What comes back now is a return.")
    order = orders.lock_order(session, sale.order_id)
    lines = orders.order_lines(session, order.id)
    if order.paid_total != sale.total or any(
            line.returned or line.shipped != line.quantity for line in lines):
        raise NotAllowedNow("Something of this sale was returned already.")
    if order.refund_pending or any(
            one.phase != tracks.OFF for one in cases.of_order(session, order.id)):
        raise NotAllowedNow("A return or a refund of this sale was begun. Go on with that, or call "
                            "it off first.")
    if session.scalar(select(Document.id).where(Document.order_id == order.id,
                                                ~is_annulled()).limit(1)):
        raise NotAllowedNow("An invoice was issued for this sale: it has to be corrected, not "
                            "taken back.")
    _put_back(work, order, lines, reason)
    sale.voided_at, sale.voided_by, sale.void_reason = work.now, work.actor.name, reason
    if sale.total:
        payments.give_back(work, order, sale.total, order.payment_method, work.now,
                           f"{payments.TILL}{sale.basket_id}:void")
    orders.refile(work, [order.id])
    audit.record(work, "till.void", "till", sale.till_id, {"total": [sale.total, None]},
                 order_id=order.id, note=reason)
    return sale, True


def _put_back(work: Work, order: Order, lines: list[OrderLine], reason: str) -> None:
    """The goods lie where they were taken from, and the order is as if nobody had bought it."""
    gone = work.session.scalars(
        select(Move).where(Move.order_id == order.id, Move.to_id == CUSTOMER).order_by(Move.id)
    ).all()
    stock.move_units(work, [
        stock.MoveWanted(move.variant_id, CUSTOMER, move.from_id, move.quantity,
                         f"till:void:{move.id}", "return", order_id=order.id, note=reason)
        for move in gone
    ])
    for line in lines:
        line.shipped, line.cancelled = 0, line.quantity
    orders.set_phase(work, order, "void")
    order.shipped_at = None
    work.session.flush()
