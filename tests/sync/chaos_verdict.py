"""What is not as it should be after a day of chaos: nothing lost, nothing doubled, stock true."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import Listing, ListingStock, Publication
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLine, OrderLink
from oms_web.sync.models import Quarantine
from tests.demo_market import OpenMarket
from tests.floor import broken
from tests.sync.chaos import Day

PHASES = {
    "waiting_payment": ("open", "packing"), "to_send": ("open", "packing"), "sent": ("shipped",),
    "delivered": ("done", "shipped"), "cancelled": ("cancelled",),
}
LEFT = ("shipped", "done")
Purchase = Mapping[str, Any]


@dataclass
class Verdict:
    """Counts of what was looked at, and a sentence for everything that is wrong."""

    pairs: int = 0
    wrong_pairs: int = 0
    purchases: int = 0
    here: int = 0
    quarantined: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Note what is wrong."""
        self.wrong.append(sentence)


def verdict(day: Day) -> Verdict:
    """Look at every (channel, SKU), every purchase, the books and the journal of pushes."""
    found = Verdict()
    with day.oms.works.reading(SYSTEM) as work:
        session = work.session
        everything = {}
        for number, there in enumerate(day.markets):
            books, purchases = _books(session, day.accounts[number]), _purchases(there)
            _orders(session, books, purchases, found)
            everything[day.accounts[number]] = {
                ref: purchase for ref, purchase in purchases.items() if ref in books.rows}
        _stock(session, day, everything, found)
        _no_step_back(session, found)
        for sentence in broken(session):
            found.say(f"books: {sentence}")
    return found


@dataclass
class Books:
    """What we know of one account: rows and orders by the channel's number, and the quarantine."""

    rows: dict[str, list[ChannelOrder]]
    orders: dict[int, list[Order]]
    numbers: Counter[str]
    waiting: set[str]


def _books(session: Any, account: int) -> Books:
    rows: dict[str, list[ChannelOrder]] = defaultdict(list)
    for row in session.scalars(select(ChannelOrder).where(ChannelOrder.account_id == account)):
        rows[row.external_id].append(row)
    orders: dict[int, list[Order]] = defaultdict(list)
    for link, order in session.execute(
        select(OrderLink.channel_order_id, Order).join(Order, Order.id == OrderLink.order_id)
        .where(Order.account_id == account)
    ):
        orders[link].append(order)
    return Books(
        rows, orders,
        Counter(order.external_number for some in orders.values() for order in some),
        set(session.scalars(select(Quarantine.external_id).where(
            Quarantine.account_id == account, Quarantine.state == "waiting"))),
    )


def _orders(session: Any, books: Books, purchases: Mapping[str, Purchase], found: Verdict) -> None:
    found.purchases += len(purchases)
    for ref in books.rows.keys() - purchases.keys():
        found.say(f"{ref}: the marketplace knows nothing of it")
    for ref, purchase in purchases.items():
        rows = books.rows.get(ref, [])
        found.here += bool(rows)
        found.quarantined += ref in books.waiting
        if rows:
            _one(session, ref, purchase, rows, books, found)
        elif ref not in books.waiting:
            found.lost += 1
            found.say(f"{ref}: lost")


def _one(session: Any, ref: str, purchase: Purchase, rows: list[ChannelOrder], books: Books,
         found: Verdict) -> None:
    orders = [order for row in rows for order in books.orders[row.id]]
    if len(rows) > 1 or len(orders) > 1 or books.numbers[ref] > 1:
        found.doubled += 1
        found.say(f"{ref}: {len(rows)} rows, {len(orders)} orders, {books.numbers[ref]} numbers")
    if rows[0].superseded_by is not None:
        if not purchase["replaced"] or any(order.phase != "cancelled" for order in orders):
            found.say(f"{ref}: replaced, and still {[order.phase for order in orders]}")
    elif not orders:
        found.lost += 1
        found.say(f"{ref}: a row without an order")
    elif ref not in books.waiting:
        _same(session, ref, purchase, orders[0], found)


def _purchases(there: OpenMarket) -> dict[str, Purchase]:
    with there.market.store.transaction() as db:
        replaced = {row["old_seq"] for row in db.execute("SELECT old_seq FROM replacement")}
        lines: dict[int, dict[str, int]] = defaultdict(dict)
        goods: dict[int, Counter[str]] = defaultdict(Counter)
        for row in db.execute("SELECT * FROM purchase_line"):
            lines[row["purchase_seq"]][str(row["no"])] = row["quantity"]
            goods[row["purchase_seq"]][row["sku"]] += row["quantity"]
        shipments = Counter(row["purchase_seq"] for row in db.execute("SELECT * FROM shipment"))
        return {
            row["ref"]: dict(row) | {
                "lines": lines[row["seq"]], "goods": goods[row["seq"]],
                "shipments": shipments[row["seq"]], "replaced": row["seq"] in replaced,
                "street": json.loads(row["delivery"])["address"]["street"],
            }
            for row in db.execute("SELECT * FROM purchase")
        }


def _same(session: Any, ref: str, purchase: Purchase, order: Order, found: Verdict) -> None:
    """The order says what the purchase says. What has left cannot be called off any more."""
    status, phase = purchase["status"], order.phase
    if phase not in PHASES[status] and not (status == "cancelled" and phase in LEFT):
        found.say(f"{ref}: {status} there, {phase} here")
    if purchase["shipments"] > 1:
        found.say(f"{ref}: sent {purchase['shipments']} times")
    units = dict(session.execute(
        select(OrderLine.line_ref, OrderLine.quantity).where(OrderLine.order_id == order.id)).all())
    if units != purchase["lines"]:
        found.say(f"{ref}: {purchase['lines']} there, {units} here")
    if status == "cancelled" or phase in LEFT:
        return
    paid = purchase["paid_at"] is not None
    if order.total != purchase["total"] or (order.paid_total == order.total) != paid:
        found.say(f"{ref}: {purchase['total']}, paid {paid} there, {order.total}, "
                  f"{order.paid_total} here")
    if order.ship_to["street"] != " ".join(purchase["street"].split()):
        found.say(f"{ref}: goes to {purchase['street']} there, {order.ship_to['street']} here")


def _stock(session: Any, day: Day, everything: Mapping[int, Mapping[str, Purchase]],
           found: Verdict) -> None:
    """Buyers see what lies on the shelf less what they have bought, as the marketplaces say."""
    taken: Counter[str] = Counter()
    for account, purchases in everything.items():
        for ref, purchase in purchases.items():
            if (account, ref) in day.left or purchase["status"] in ("waiting_payment", "to_send"):
                taken.update(purchase["goods"])
    for number, there in enumerate(day.markets):
        with there.market.store.transaction() as db:
            shown = {row["sku"]: row["stock"] for row in db.execute("SELECT * FROM offer")}
        for sku in day.variants:
            found.pairs += 1
            true = max(0, day.shelf[sku] - taken[sku])
            if shown[sku] != true:
                found.wrong_pairs += 1
                found.say(f"{sku} on market {number}: shows {shown[sku]}, there are {true} "
                          f"({_why(session, day.accounts[number], sku)})")


def _why(session: Any, account: int, sku: str) -> str:
    row = session.scalars(
        select(ListingStock).join(Listing, Listing.id == ListingStock.listing_id)
        .where(Listing.account_id == account, Listing.sku == sku)
    ).one_or_none()
    return "no listing" if row is None else (
        f"desired {row.desired} v{row.version}, sent {row.sent} v{row.sent_version} "
        f"{row.outcome}, due {row.due_at}, read back {row.confirmed}")


def _no_step_back(session: Any, found: Verdict) -> None:
    """Versions of what was sent only grow: an older value never follows a newer one."""
    latest: dict[int, int] = {}
    for listing, version, outcome in session.execute(
        select(Publication.listing_id, Publication.version, Publication.outcome)
        .order_by(Publication.id)
    ):
        if outcome != "drift" and version < latest.get(listing, 0):
            found.say(f"listing {listing}: version {version} was sent after {latest[listing]}")
        latest[listing] = max(version, latest.get(listing, 0))
