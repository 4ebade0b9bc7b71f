"""The buyer's own page of an order: no account, no shell, a long key in its address.

Whoever holds the key sees how far the order is, what was in it, where its parcels are, its
documents and what we wrote; no name, no address, nothing of any other order. A key that is wrong
and one that is over are answered alike, by the same two look-ups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from oms_web.domain.company.models import Company
from oms_web.domain.documents import queries as documents
from oms_web.domain.messages import queries
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, Status
from oms_web.domain.payments import requests
from oms_web.domain.returns import queries as cases
from oms_web.domain.shipping import tracking
from oms_web.domain.shipping.boxes import with_goods_of
from oms_web.domain.shipping.models import Parcel, Shipment
from oms_web.domain.shipping.service import LEFT
from oms_web.extensions import db
from oms_web.flows import return_portal
from oms_web.web import buyer_case, buyer_exchange, buyer_words, case_words
from oms_web.web.access import PUBLIC, act
from oms_web.web.buyer_door import answer, nothing, open_order, shy
from oms_web.web.door import oms
from oms_web.web.printing import pdf

screen = Blueprint("buyer_page", __name__)

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
    order = open_order(token)
    if order is None:
        return nothing()
    status = db.session.get(Status, order.status_id) if order.status_id else None
    shop = db.session.get(Company, 1)
    undecided = order.phase == "open" and buyer_exchange.undecided(order.id)
    return answer("buyer/page.html", order=order, token=token, shop=shop,
                   says=PHASES["open"] if undecided else _says(order),
                   label=_label(status), steps=_steps(order),
                   lines=[line for line in orders.order_lines(db.session, order.id)
                          if line.quantity > line.cancelled or order.phase == "cancelled"],
                   pay_at="" if undecided else requests.open_link(db.session, order.id),
                   boxes=_boxes(order), documents=_documents(order),
                   letters=queries.of_order(db.session, order.id, ("sent", "delivered")),
                   after_sale=return_portal.is_open(db.session),
                   back=buyer_case.without_case(db.session, order.id),
                   cases=cases.of_order(db.session, order.id), kinds=case_words.KINDS,
                   case_phases=buyer_words.PHASES)


@screen.get("/o/<token>/documents/<int:document_id>")
@act(PUBLIC)
def document(token: str, document_id: int) -> Response:
    """An issued document of this order, as it was first made."""
    order = open_order(token)
    mine = {} if order is None else {
        one.id: one.number for one in _documents(order)}
    if document_id not in mine:
        return nothing()
    name = "".join(ch if ch.isalnum() or ch in "-." else "-" for ch in mine[document_id])
    return shy(pdf(oms().printing.for_buyer(document_id), f"{name}.pdf"))


def _label(status: Status | None) -> str:
    """The seller's own words of the order's status, where there are some in this language."""
    if status is None:
        return ""
    return status.buyer_name_en if g.language == "en" else status.buyer_name


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


def _documents(order: Order) -> list[documents.Found]:
    """The documents that stand."""
    return [one for one in documents.of_order(db.session, order.id) if not one.is_annulled]


def _boxes(order: Order) -> list[Box]:
    """The parcels that left."""
    rows = db.session.execute(
        select(Parcel.carrier, Shipment.carrier, Parcel.tracking)
        .join(Shipment, Shipment.id == Parcel.shipment_id)
        .where(with_goods_of(order.id), Shipment.state.in_(LEFT), Parcel.tracking != "")
        .order_by(Shipment.id, Parcel.position))
    return [Box(carrier, number, tracking.follow(carrier, number))
            for own, shared, number in rows for carrier in (own or shared or order.carrier,)]
