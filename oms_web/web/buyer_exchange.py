"""What a buyer sees of an exchange: what they may have, what comes instead, what is due and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext

from oms_web.domain.company.models import Company
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments import refund_states, requests
from oms_web.domain.returns import exchange_facts, exchange_goods
from oms_web.domain.returns.exchange import Standing
from oms_web.domain.returns.models import Return
from oms_web.domain.stock import overview
from oms_web.extensions import db


@dataclass(frozen=True, slots=True)
class BuyersSwap:
    """The exchange of a case. ``held``: the new order waits until what comes back was judged;
    ``undecided``: nobody pays for it yet;
    ``gone``: what goes back of the money has gone. ``pay_at``: where it can be paid now;
    ``account``: to where it can be paid by transfer, if there is no link and none is about to be.
    """

    now: Standing
    order: Order
    lines: Sequence[OrderLine]
    held: bool = False
    undecided: bool = False
    gone: bool = False
    pay_at: str = ""
    account: str = ""


def choices_of(lines: Sequence[OrderLine]) -> list[str]:
    """What of the same products can be had now, by name: other sizes, or the same once more."""
    found = exchange_facts.siblings(
        db.session, [line.variant_id for line in lines if line.variant_id])
    free = overview.free_of(db.session, [one.id for one in found])
    return [one.title for one in found if free[one.id] > 0 or one.sell_without_stock]


def undecided(order_id: int) -> bool:
    """Whether an order is an exchange's new one that nobody pays for yet."""
    case = exchange_facts.of_new_order(db.session, order_id)
    return case is not None and exchange_goods.undecided(db.session, case)


def why_not_pay(case: Return, swap: BuyersSwap | None) -> str:
    """Why nobody pays for an exchange now, to who follows a link that was sent; empty where it is
    to be paid. Money is never taken for nothing.
    """
    if swap is None or swap.now.cancelled:
        return gettext("This exchange was called off. Do not pay for it. What was paid already "
                       "goes back to you.")
    if swap.undecided:
        return gettext("You need not pay before we have decided.")
    return "" if swap.now.due else gettext("Nothing more to pay")


def of_case(case: Return) -> BuyersSwap | None:
    """How the exchange of a case stands for its buyer; None as long as no new order is made."""
    now = exchange_facts.standing(db.session, case)
    if now is None:
        return None
    shop = db.session.get(Company, 1)
    asked = now.due > 0 and requests.is_open(db.session, now.order_id)
    return BuyersSwap(
        now, orders.get_order(db.session, now.order_id),
        [line for line in orders.order_lines(db.session, now.order_id)
         if line.quantity > line.cancelled],
        exchange_goods.waits(db.session, case), exchange_goods.undecided(db.session, case),
        all(one.state == refund_states.DONE
            for one in exchange_facts.made_by(db.session, case.id)),
        requests.open_link(db.session, now.order_id) if asked else "",
        shop.bank_account if shop and now.due and not asked else "")
