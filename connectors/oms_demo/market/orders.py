"""Orders on the marketplace: placed, paid, moved, cancelled. Each change is a new revision.

Each function works within the caller's transaction ``db`` at the moment ``at``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from oms_demo.market import offers, rings
from oms_demo.market.delivery import BY_KEY, cost
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import moment, stamp

WAITING, TO_SEND, SENT, DELIVERED, CANCELLED = (
    "waiting_payment", "to_send", "sent", "delivered", "cancelled",
)
STATUSES = (WAITING, TO_SEND, SENT, DELIVERED, CANCELLED)
STAGES = ("new", "preparing", "ready", "on_hold")
"""How far the seller says he is with an order that is to be sent."""
PAYMENTS = ("online", "unpaid", "cod")

CUT_OFF = 12
"""Hour (UTC) until which orders are expected to leave on the same working day."""
_ADDRESS = ("name", "company", "street", "postcode", "city", "country", "phone")
_INVOICE = ("name", "company", "tax_id", "street", "postcode", "city", "country")


@dataclass(frozen=True, slots=True)
class Basket:
    """What a buyer sends off: (offer, quantity) lines and how it is paid, one of ``PAYMENTS``.

    ``plan`` is what the buyer will do later, and when: ``pay``, ``cancel``, ``move``, or ``join``:
    buy more and pay for both together.
    """

    lines: Sequence[tuple[str, int]]
    buyer: Mapping[str, Any]
    delivery: str
    payment: str = "online"
    payment_method: str = ""
    pickup_point: str = ""
    invoice: bool = False
    note: str = ""
    discount: int = 0
    plan: tuple[str, datetime] | None = None


def place(db: sqlite3.Connection, at: datetime, ref: str, basket: Basket) -> None:
    """Take an order in under the number ``ref``. See ``Basket``.

    Raises:
        Refusal: nothing chosen, an unknown offer, or fewer units than asked for.
    """
    if not basket.lines:
        raise Refusal("empty", "Choose at least one product.", 422, field="offer")
    buyer = dict(basket.buyer)
    abroad = buyer["country"] != "PL"
    sold = [(offers.take(db, at, offer, quantity, ref), quantity)
            for offer, quantity in basket.lines]
    price = "price_eur" if abroad else "price"
    items = sum(offer[price] * quantity for offer, quantity in sold)
    paid_for = cost(BY_KEY[basket.delivery], items)
    discount = min(basket.discount, items)
    plan, plan_at = basket.plan or (None, None)
    row = {
        "ref": ref, "revision": 1, "status": WAITING if basket.payment == "unpaid" else TO_SEND,
        "placed_at": stamp(at), "updated_at": stamp(at), "send_by": stamp(send_by(at)),
        "currency": "EUR" if abroad else "PLN", "items": items, "delivery_cost": paid_for,
        "discount": discount, "total": items + paid_for - discount,
        "payment_kind": "cod" if basket.payment == "cod" else "online",
        "payment_method": basket.payment_method, "buyer": to_json(buyer),
        "delivery": to_json({"method": basket.delivery, "pickup_point": basket.pickup_point,
                             "address": {name: buyer[name] for name in _ADDRESS}}),
        "invoice": to_json({n: buyer[n] for n in _INVOICE}) if basket.invoice else None,
        "note": basket.note, "plan": plan, "plan_at": plan_at and stamp(plan_at),
    }
    seq = _insert(db, "purchase", row)
    for no, (offer, quantity) in enumerate(sold, 1):
        _insert(db, "purchase_line", {
            "purchase_seq": seq, "no": no, "offer_ref": offer["ref"], "sku": offer["sku"],
            "ean": offer["ean"], "title": offer["title"], "quantity": quantity,
            "unit_price": offer[price], "vat_rate": offer["vat_rate"],
        })
    _announce(db, at, seq, 1, "order.placed")
    if basket.payment == "online":
        take_money(db, at, seq)


def pay(db: sqlite3.Connection, at: datetime, ref: str) -> None:
    """The buyer pays. Paying twice is the same as paying once.

    Raises:
        Refusal: no such order, or it was cancelled.
    """
    order = find(db, ref)
    if order["status"] == CANCELLED:
        raise Refusal("order_cancelled", "This order was cancelled.")
    if order["status"] == WAITING:
        change(db, at, order, "order.paid", status=TO_SEND, plan=None, plan_at=None)
        take_money(db, at, order["seq"])


def take_money(db: sqlite3.Connection, at: datetime, seq: int) -> None:
    """Note that the buyer's money for the whole order is here."""
    order = db.execute("SELECT * FROM purchase WHERE seq = ?", (seq,)).fetchone()
    db.execute("UPDATE purchase SET paid_at = ? WHERE seq = ?", (stamp(at), seq))
    _insert(db, "payment", {
        "ref": f"P-{order['ref']}", "purchase_seq": seq, "amount": order["total"],
        "at": stamp(at), "method": order["payment_method"],
    })


def cancel(db: sqlite3.Connection, at: datetime, ref: str, reason: str,
           expected_revision: int | None = None) -> None:
    """Buyer or seller calls it off. The offer's stock stays as it is: the seller sets it.

    Raises:
        Refusal: no such order, already sent, or changed meanwhile.
    """
    order = find(db, ref)
    if order["status"] == CANCELLED:
        return
    expect(order, expected_revision)
    if order["status"] in (SENT, DELIVERED):
        raise Refusal("already_sent", "This order has been sent.")
    change(db, at, order, "order.cancelled", status=CANCELLED, plan=None, plan_at=None,
           cancelled_at=stamp(at), cancel_reason=reason)


def move(db: sqlite3.Connection, at: datetime, ref: str, address: Mapping[str, str]) -> None:
    """The buyer changes where the parcel goes; empty fields stay as they are.

    Raises:
        Refusal: no such order, or it has left.
    """
    order = find(db, ref)
    if order["status"] not in (WAITING, TO_SEND):
        raise Refusal("already_sent", "The address cannot be changed any more.")
    delivery = json.loads(order["delivery"])
    before = delivery["address"]
    delivery["address"] = before | {k: v for k, v in address.items() if v and k in before}
    if delivery["address"] != before:
        change(db, at, order, "order.changed", delivery=to_json(delivery), plan=None, plan_at=None)


def join(db: sqlite3.Connection, at: datetime, refs: Sequence[str], new: str) -> None:
    """Unpaid orders of one buyer become one paid order ``new``; the old ones are called off.

    Raises:
        Refusal: no such order, one that is paid or called off, or in another currency.
    """
    old = [find(db, ref) for ref in dict.fromkeys(refs)]
    first = old[0]
    if len(old) < 2 or any(order["status"] != WAITING for order in old) or any(
        (order["currency"], json.loads(order["buyer"])["login"])
        != (first["currency"], json.loads(first["buyer"])["login"]) for order in old
    ):
        raise Refusal("not_together", "Only unpaid orders of one buyer can be paid together.")
    items = sum(order["items"] for order in old)
    discount = sum(order["discount"] for order in old)
    paid_for = cost(BY_KEY[json.loads(first["delivery"])["method"]], items)
    row = {name: first[name] for name in first.keys() if name != "seq"} | {  # noqa: SIM118 - a Row
        "ref": new, "revision": 1, "status": TO_SEND, "placed_at": stamp(at),
        "updated_at": stamp(at), "send_by": stamp(send_by(at)), "items": items,
        "delivery_cost": paid_for, "discount": discount, "total": items + paid_for - discount,
        "note": " / ".join(order["note"] for order in old if order["note"]),
        "plan": None, "plan_at": None,
    }
    seq = _insert(db, "purchase", row)
    lines = [line for order in old for line in db.execute(
        "SELECT * FROM purchase_line WHERE purchase_seq = ? ORDER BY no", (order["seq"],))]
    for no, line in enumerate(lines, 1):
        _insert(db, "purchase_line", {**dict(line), "purchase_seq": seq, "no": no})
    for order in old:
        _insert(db, "replacement", {"old_seq": order["seq"], "new_seq": seq})
    _announce(db, at, seq, 1, "order.placed")
    take_money(db, at, seq)
    for order in old:
        change(db, at, order, "order.cancelled", status=CANCELLED, plan=None, plan_at=None,
               cancelled_at=stamp(at), cancel_reason=f"paid together as {new}")


def cancel_units(db: sqlite3.Connection, at: datetime, ref: str, units: Mapping[str, int],
                 reason: str, expected_revision: int | None = None) -> None:
    """So many units of each line are called off in all; saying it again changes nothing.

    What is left costs less; an order of which nothing is left is called off as a whole.

    Raises:
        Refusal: no such order or line, more than was bought, or it has left.
    """
    order = find(db, ref)
    lines = {str(line["no"]): line for line in db.execute(
        "SELECT purchase_line.*, coalesce(line_cancelled.quantity, 0) AS cancelled"
        " FROM purchase_line LEFT JOIN line_cancelled USING (purchase_seq, no)"
        " WHERE purchase_seq = ?", (order["seq"],))}
    for no, count in units.items():
        if no not in lines or count > lines[no]["quantity"]:
            raise Refusal("bad_line", f"Line {no} has not so many units.", 422, field="lines")
    more = {no: n for no, n in units.items() if n > lines[no]["cancelled"]}
    if not more or order["status"] == CANCELLED:
        return
    if all(units.get(no, line["cancelled"]) >= line["quantity"] for no, line in lines.items()):
        cancel(db, at, ref, reason, expected_revision)
        return
    expect(order, expected_revision)
    if order["status"] in (SENT, DELIVERED):
        raise Refusal("already_sent", "This order has been sent.")
    less = 0
    for no, count in more.items():
        less += (count - lines[no]["cancelled"]) * lines[no]["unit_price"]
        db.execute("INSERT OR REPLACE INTO line_cancelled VALUES (?,?,?)",
                   (order["seq"], int(no), count))
    items = order["items"] - less
    discount = min(order["discount"], items)
    change(db, at, order, "order.changed", items=items, discount=discount,
           total=items + order["delivery_cost"] - discount)


def set_stage(db: sqlite3.Connection, at: datetime, ref: str, stage: object,
              expected_revision: int | None = None) -> None:
    """The seller says how far he is. Saying it again changes nothing.

    Raises:
        Refusal: no such order or stage, changed meanwhile, or it is not waiting to be sent.
    """
    if stage not in STAGES:
        raise Refusal("unknown_status", f"A status is one of {', '.join(STAGES)}.", 422,
                      field="status")
    order = find(db, ref)
    if stage_of(db, order["seq"]) == stage:
        return
    expect(order, expected_revision)
    if order["status"] not in (WAITING, TO_SEND):
        raise Refusal("already_sent", "This order is not waiting any more.")
    db.execute("INSERT OR REPLACE INTO stage VALUES (?,?)", (order["seq"], stage))
    change(db, at, order, "order.stage")


def stage_of(db: sqlite3.Connection, seq: int) -> str:
    """How far the seller says he is."""
    row = db.execute("SELECT name FROM stage WHERE purchase_seq = ?", (seq,)).fetchone()
    return row["name"] if row else STAGES[0]


def plan(db: sqlite3.Connection, ref: str, what: str | None, at: datetime | None) -> None:
    """Note what will happen to an order by itself, and when. Not a change: nobody is told."""
    db.execute("UPDATE purchase SET plan = ?, plan_at = ? WHERE ref = ?",
               (what, at and stamp(at), ref))


def find(db: sqlite3.Connection, ref: str) -> sqlite3.Row:
    """An order's row.

    Raises:
        Refusal: there is none.
    """
    row = db.execute("SELECT * FROM purchase WHERE ref = ?", (ref,)).fetchone()
    if row is None:
        raise Refusal("unknown_order", f"There is no order {ref}.", 404)
    return row


def expect(order: sqlite3.Row, revision: int | None) -> None:
    """Stand by a revision that a program has seen.

    Raises:
        Refusal: the order has another one by now.
    """
    if revision is not None and revision != order["revision"]:
        raise Refusal("changed", "This order was changed meanwhile.", 409,
                      revision=order["revision"])


def change(db: sqlite3.Connection, at: datetime, order: sqlite3.Row, event: str,
           **values: Any) -> None:
    """Write new values as the order's next revision and put the event into the journal."""
    # Stamps never run backwards, or who pages by them would miss the change.
    at = max(at, moment(order["updated_at"]))
    revision = order["revision"] + 1
    values |= {"revision": revision, "updated_at": stamp(at)}
    names = ", ".join(f"{name} = :{name}" for name in values)
    db.execute(f"UPDATE purchase SET {names} WHERE seq = :seq",  # noqa: S608 - our own names
               values | {"seq": order["seq"]})
    _announce(db, at, order["seq"], revision, event)


def send_by(placed: datetime) -> datetime:
    """When a parcel should leave: at the next cut-off that is not on a weekend."""
    day = placed.replace(hour=CUT_OFF, minute=0, second=0, microsecond=0)
    if placed >= day:
        day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


def to_json(value: Any) -> str:
    """Compact JSON with its keys in order, so that equal things are equal texts."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _announce(db: sqlite3.Connection, at: datetime, seq: int, revision: int, event: str) -> None:
    number = _insert(db, "event", {"at": stamp(at), "type": event, "purchase_seq": seq,
                                   "revision": revision})
    ref = db.execute("SELECT ref FROM purchase WHERE seq = ?", (seq,)).fetchone()["ref"]
    rings.announce(db, at, "order", ref, f"order-{number}")


def _insert(db: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    done = db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)  # noqa: S608
    return done.lastrowid or 0
