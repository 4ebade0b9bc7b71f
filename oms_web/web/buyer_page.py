"""The buyer's own page of an order: no account, no shell, a long key in its address.

Whoever holds the key sees how far the order is, what was in it, where its parcels are, its
documents and what we wrote; no name, no address, nothing of any other order. A key that is wrong
and one that is over are answered alike, by the same two look-ups.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request
from flask_babel import lazy_gettext as _l
from flask_babel import refresh
from sqlalchemy import select

from oms_web.core.errors import NotFound
from oms_web.domain.company.models import Company
from oms_web.domain.documents import queries as documents
from oms_web.domain.messages import pages, queries, wording
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, Status
from oms_web.domain.payments import requests
from oms_web.domain.shipping import tracking
from oms_web.domain.shipping.boxes import with_goods_of
from oms_web.domain.shipping.models import Parcel, Shipment
from oms_web.domain.shipping.service import LEFT
from oms_web.extensions import db
from oms_web.web.access import PUBLIC, act
from oms_web.web.door import oms
from oms_web.web.printing import pdf

screen = Blueprint("buyer_page", __name__)

WRONG_PER_MINUTE, ALL_PER_MINUTE = 30, 300
"""Many buyers may share the address of their phone company; few of them have a wrong key."""
MOST_ADDRESSES = 10_000
PHASES: dict[str, Any] = {
    "open": _l("We are getting your order ready"),
    "packing": _l("Your order is being packed"),
    "elsewhere": _l("Your order is being prepared"),
    "shipped": _l("Your order is on its way"),
    "done": _l("Your order was delivered"),
    "cancelled": _l("Your order was cancelled"),
}
UNPAID = _l("We are waiting for your payment")
STEPS = ("open", "packing", "shipped", "done")
STEP_WORDS: dict[str, Any] = {
    "open": _l("Ordered"), "packing": _l("Being packed"),
    "shipped": _l("Sent"), "done": _l("Delivered"),
}


class Gate:
    """How often an address may knock in a minute, counted by each node for itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0
        self._knocks: dict[str, int] = {}
        self._wrong: dict[str, int] = {}

    def opens(self, address: str, now: datetime) -> bool:
        """Count a knock; False when there were too many, or too many wrong ones."""
        minute = int(now.timestamp()) // 60
        with self._lock:
            if minute != self._minute or len(self._knocks) > MOST_ADDRESSES:
                self._minute, self._knocks, self._wrong = minute, {}, {}
            self._knocks[address] = self._knocks.get(address, 0) + 1
            return self._knocks[address] <= ALL_PER_MINUTE \
                and self._wrong.get(address, 0) < WRONG_PER_MINUTE

    def wrong(self, address: str) -> None:
        """Count a key that was none."""
        with self._lock:
            self._wrong[address] = self._wrong.get(address, 0) + 1


_gate = Gate()


@dataclass(frozen=True, slots=True)
class Box:
    """A parcel as its buyer sees it."""

    carrier: str
    number: str
    url: str


@screen.get("/o/<token>")
@act(PUBLIC)
def show(token: str) -> Response:
    """The page."""
    order = _open(token)
    if order is None:
        return _nothing()
    status = db.session.get(Status, order.status_id) if order.status_id else None
    shop = db.session.get(Company, 1)
    return _answer("buyer/page.html", order=order, token=token, shop=shop, says=_says(order),
                   label=status.buyer_name if status else "", steps=_steps(order),
                   lines=[line for line in orders.order_lines(db.session, order.id)
                          if line.quantity > line.cancelled or order.phase == "cancelled"],
                   pay_at=requests.open_link(db.session, order.id),
                   boxes=_boxes(order), documents=documents.of_order(db.session, order.id),
                   letters=queries.of_order(db.session, order.id, ("sent", "delivered")))


@screen.get("/o/<token>/documents/<int:document_id>")
@act(PUBLIC)
def document(token: str, document_id: int) -> Response:
    """An issued document of this order, as it was first made."""
    order = _open(token)
    mine = {} if order is None else {
        one.id: one.number for one in documents.of_order(db.session, order.id)}
    if document_id not in mine:
        return _nothing()
    name = "".join(ch if ch.isalnum() or ch in "-." else "-" for ch in mine[document_id])
    return _shy(pdf(oms().printing.document(document_id), f"{name}.pdf"))


def _open(token: str) -> Order | None:
    """The order of a key; None where there is none, or it has been asked for too often."""
    now, address = oms().works.clock(), request.remote_addr or ""
    g.allowed = _gate.opens(address, now)
    if not g.allowed:
        return None
    try:
        order = pages.find(db.session, token[:100], now)
    except NotFound:
        _gate.wrong(address)
        return None
    _speak(order)
    return order


def _speak(order: Order | None) -> None:
    """Answer in what the browser asks for, else in the language of the order's country."""
    usual = wording.language_of(order.country) if order is not None else "pl"
    g.language = request.accept_languages.best_match(wording.LANGUAGES) or usual
    g.pop("catalogue", None)
    refresh()


def _nothing() -> Response:
    """What is answered to a key that is wrong, over, or tried too often."""
    _speak(None)
    status = 404 if g.get("allowed", True) else 429
    answer = _answer("buyer/nothing.html", status=status, shop=None)
    if status == 429:
        answer.headers["Retry-After"] = "60"
    return answer


def _answer(template: str, *, status: int = 200, **values: Any) -> Response:
    return _shy(make_response(render_template(template, **values), status))


def _shy(answer: Response) -> Response:
    """Kept by nobody, found by no search engine, named to no other site."""
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store, private"
    return answer


def _says(order: Order) -> str:
    if order.phase == "open" and order.payment_state in ("unpaid", "part") \
            and order.payment_kind == "prepaid":
        return str(UNPAID)
    return str(PHASES.get(order.phase, PHASES["open"]))


def _steps(order: Order) -> Sequence[tuple[str, str, str]]:
    """The way of an order: (words, detail, ``done``, ``now`` or nothing)."""
    if order.phase == "cancelled":
        return []
    phase = {"elsewhere": "open", "draft": "open"}.get(order.phase, order.phase)
    at = STEPS.index(phase)
    return [(str(STEP_WORDS[step]), "",
             "done" if n < at or phase == "done" else "now" if n == at else "")
            for n, step in enumerate(STEPS)]


def _boxes(order: Order) -> list[Box]:
    """The parcels that left."""
    rows = db.session.execute(
        select(Parcel.carrier, Shipment.carrier, Parcel.tracking)
        .join(Shipment, Shipment.id == Parcel.shipment_id)
        .where(with_goods_of(order.id), Shipment.state.in_(LEFT), Parcel.tracking != "")
        .order_by(Shipment.id, Parcel.position))
    return [Box(carrier, number, tracking.follow(carrier, number))
            for own, shared, number in rows for carrier in (own or shared or order.carrier,)]
