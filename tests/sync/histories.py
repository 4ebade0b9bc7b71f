"""The life of an order in revisions, told to many shops' orders at once, each in another order.

One database holds an order for every permutation: the first page brings each order's first
revision, the second page its second, and so on. What is left of each is then put into words that
know nothing of ids, of the moments at which we heard of it, and of units that were asked for
once and taken off again.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from oms_connector import Address, Order, Payment
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.work import Works
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import merging, phases
from oms_web.domain.orders.models import ChannelOrder, Hold, OrderLine, OrderLink
from oms_web.domain.orders.models import Order as OurOrder
from oms_web.domain.payments.models import Payment as OurPayment
from oms_web.sync.intake import store_page
from tests import factories as make

DOBRA = Address(name="Anna Testowa", street="Dobra 2", postcode="00-002", city="Warszawa",
                country="PL", phone="600100200", email="anna@example.test")
STOCK = {"KUB": 1_000_000, "TAL": 1_000_000}
_ALWAYS = ("phase", "queue", "shipped_at", "paid_at", "paid_total")
# An order that was called off keeps the words and the price it had then: nobody acts on them.
_UNLESS_CANCELLED = ("items_total", "shipping_total", "discount_total", "total", "payment_state",
                     *merging.WORDS)
_LINE = ("line_ref", "sku", "unit_price", "shipped", "reserved")

_PLACED = make.order("H", {"KUB": 2, "TAL": 3}, state="unpaid", shipping=Decimal("5.00"),
                     ship_by=make.NOON)
_PAYMENT = Payment("P1", Decimal("55.00"), make.NOON, "PayU")
_STEPS: dict[str, dict[str, Any]] = {
    "paid": {"state": "ready", "payments": (_PAYMENT,), "paid": True},
    "moved": {"ship_to": DOBRA},
    "fewer": {"lines": (replace(_PLACED.lines[0], quantity=1), _PLACED.lines[1])},
    "noted": {"buyer_note": "Dzwonić", "carrier": "DPD", "pickup_point": "WAW01"},
    "shipped": {"state": "shipped", "shipped_at": make.NOON},
    "delivered": {"state": "delivered"},
    "cancelled": {"state": "cancelled"},
}
HISTORIES = {
    "ready": ("paid", "moved", "fewer", "noted"),
    "cancelled": ("paid", "moved", "fewer", "noted", "cancelled"),
    "delivered": ("paid", "moved", "fewer", "noted", "shipped", "delivered"),
}
"""What a channel tells after "placed", which comes first."""


def revisions(name: str) -> list[Order]:
    """The whole order as it stood after each step, numbered."""
    told = [replace(_PLACED, revision="1")]
    for number, step in enumerate(HISTORIES[name], start=2):
        told.append(replace(told[-1], revision=str(number), **_STEPS[step]))
    return told


def orders_of_arrival(length: int, most: int, seed: int) -> list[tuple[int, ...]]:
    """All permutations, or ``most`` different ones of them; how it was is always the first."""
    if math.factorial(length) <= most:
        return list(itertools.permutations(range(length)))
    chosen = {tuple(range(length))}
    dice = random.Random(seed)
    while len(chosen) < most:
        chosen.add(tuple(dice.sample(range(length), length)))
    return sorted(chosen)


def tell(works: Works, account: ChannelAccount, told: Sequence[Order],
         arrivals: Sequence[Sequence[int]], page: int = 100) -> None:
    """Every order of arrival happens to an order of its own; each step is a page or several."""
    for step in range(len(told)):
        items = [replace(told[arrival[step]], external_id=_name(arrival)) for arrival in arrivals]
        for start in range(0, len(items), page):
            with works.writing(SYSTEM) as work:
                stored = store_page(work, account, items[start:start + page])
            assert stored.quarantined == 0


def outcomes(works: Works) -> dict[str, list[str]]:
    """Each state in which orders ended, in words: the orders of arrival that led there."""
    ended: dict[str, list[str]] = {}
    with works.reading(SYSTEM) as work:
        session = work.session
        lines, payments, holds = defaultdict(list), defaultdict(list), defaultdict(list)
        for line in session.scalars(select(OrderLine).order_by(OrderLine.position)):
            lines[line.order_id].append({
                "wanted": line.quantity - line.cancelled,
                **{name: getattr(line, name) for name in _LINE},
            })
        for payment in session.scalars(select(OurPayment).order_by(OurPayment.id)):
            payments[payment.order_id].append((payment.amount, payment.at, payment.stated))
        for hold in session.scalars(select(Hold).where(Hold.released_at.is_(None))):
            holds[hold.order_id].append((hold.kind, hold.detail))
        for row, order in session.execute(
            select(ChannelOrder, OurOrder)
            .join(OrderLink, OrderLink.channel_order_id == ChannelOrder.id)
            .join(OurOrder, OurOrder.id == OrderLink.order_id)
        ):
            names = _ALWAYS if order.phase == phases.CANCELLED else _ALWAYS + _UNLESS_CANCELLED
            state = {name: getattr(order, name) for name in names} | {
                "revision": row.revision, "lines": lines[order.id],
                "payments": payments[order.id], "holds": holds[order.id],
            }
            ended.setdefault(repr(state), []).append(row.external_id)
    return ended


def _name(arrival: Sequence[int]) -> str:
    return "-".join(str(step + 1) for step in arrival)
