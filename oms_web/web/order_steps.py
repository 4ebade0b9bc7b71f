"""Where an order stands, as a line of steps, and the one thing to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext

from oms_web.core.clock import local_day
from oms_web.domain.orders import phases
from oms_web.web import formats
from oms_web.web.access import allowed
from oms_web.web.order_facts import Card
from oms_web.web.phase_names import PHASES
from oms_web.web.shell import exists


@dataclass(frozen=True, slots=True)
class Next:
    """The primary button. ``dialog`` opens one of the card's; else ``url`` is followed or posted.
    """

    text: str
    icon: str = ""
    url: str = ""
    post: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)
    dialog: str = ""


Step = tuple[str, str, str]
# The step by which everything before it has happened, whoever did it.
LEAVES = 6


def steps(card: Card) -> list[Step]:
    """(text, when or how far, ``done`` | ``now`` | "") for each step of an order's way."""
    order = card.order
    wanted, reserved, shipped = card.units
    cancelled = order.phase == phases.CANCELLED
    left = order.phase in (phases.SHIPPED, phases.DONE)
    checked = order.phase != phases.DRAFT and not card.hold_kinds - {"manual", "payment_expired"}
    whole = reserved + shipped >= wanted > 0
    ways = [
        (gettext("Received"), _at(order.placed_at), order.phase != phases.DRAFT),
        (gettext("Checked"), "", checked),
        (_paid_words(card), _at(order.paid_at), card.may_ship),
        (gettext("Reserved") if whole or cancelled else gettext(
            "Reserved: %(n)s of %(total)s", n=formats.number(reserved + shipped),
            total=formats.number(wanted)), "", whole),
        (gettext("Picked"), "", order.is_picked or order.is_packed or left),
        (gettext("Packed"), "", order.is_packed or left),
        (gettext("Sent"), _at(order.shipped_at), left),
        (gettext("Delivered"), _at(order.closed_at) if order.phase == phases.DONE else "",
         order.phase == phases.DONE),
    ]
    if order.phase == phases.ELSEWHERE:
        known = [(text, at, "done" if is_done else "") for text, at, is_done in (ways[0], ways[2])]
        ahead = [(text, "", "") for text, _, _ in ways[LEAVES:]]
        return [*known, (str(PHASES[order.phase]), "", "now"), *ahead]
    if cancelled:
        done = [(text, at, "done") for text, at, is_done in ways[:3] if is_done]
        return [*done, (gettext("Cancelled"), _at(order.closed_at), "now")]
    done_now = [is_done or (left and n < LEAVES) for n, (_, _, is_done) in enumerate(ways)]
    now = next((n for n, is_done in enumerate(done_now) if not is_done), len(ways))
    return [
        (text, at if done_now[n] else "", "done" if done_now[n] else "now" if n == now else "")
        for n, (text, at, _) in enumerate(ways)
    ]


def _at(moment: datetime | None) -> str:
    """The hour today, else the day."""
    if moment is None:
        return ""
    return formats.clock(moment) if local_day(moment) == local_day(
        formats.now()) else formats.day(moment)


def _paid_words(card: Card) -> str:
    state = card.order.payment_state
    if state == "cod":
        return gettext("Pays on delivery")
    if state == "credit":
        return gettext("On credit")
    return gettext("Paid")


# The next step -----------------------------------------------------------------------------------


def next_step(card: Card) -> Next | None:
    """The one thing to do next, if there is one this person may do.

    Who waits for another order in the same parcel is led to that one: what helps is done there.
    """
    if card.blamed is not None:
        return Next(gettext("Order %(number)s", number=card.blamed.id), "packages",
                    url_for("order_card.show", order_id=card.blamed.id))
    if card.order.queue == "verify":
        for kind, act, step in _FIXES:
            if kind in card.hold_kinds and allowed(act):
                return step(card)
        return None
    for act, endpoint, step in _STEPS.get(card.order.queue, ()):
        if allowed(act) and exists(endpoint):
            return step(card)
    return None


def _link_product(card: Card) -> Next:
    return Next(gettext("Link the product"), "link", url_for("listings.index"))


def _fix_address(card: Card) -> Next:
    return Next(gettext("Complete the address"), "map-pin",
                url_for("order_edit.edit", order_id=card.order.id) + "#address")


def _correct_address(card: Card) -> Next:
    return Next(gettext("Correct the address"), "edit",
                url_for("order_edit.edit", order_id=card.order.id) + "#address")


def _fix_tax_id(card: Card) -> Next:
    return Next(gettext("Correct the NIP"), "edit",
                url_for("order_edit.edit", order_id=card.order.id) + "#buyer")


def _accept_total(card: Card) -> Next:
    return Next(gettext("Accept %(total)s", total=formats.amount(
        card.order.total, card.order.currency, always=True)), "check", url_for(
        "order_card.decide", order_id=card.order.id, what="accept-total"), post=True)


def _accept_change(card: Card) -> Next:
    return Next(gettext("Accept the change"), "check", url_for(
        "order_card.decide", order_id=card.order.id, what="accept-change"), post=True)


def _pay(card: Card) -> Next:
    return Next(gettext("Record a payment"), "cash-banknote", dialog="pay")


_FIXES: tuple[tuple[str, str, Callable[[Card], Next]], ...] = (
    ("changed", "orders.edit", _accept_change),
    ("unmapped", "listings.map", _link_product),
    ("address", "orders.edit", _fix_address),
    *((kind, "orders.edit", _correct_address) for kind in (
        "house_number", "postcode", "town", "phone", "no_phone")),
    ("tax_id", "orders.edit", _fix_tax_id),
    ("totals", "orders.edit", _accept_total),
    ("payment_expired", "payments.record", _pay),
)


def _confirm(card: Card) -> Next:
    return Next(gettext("Confirm the order"), "check", url_for(
        "order_card.decide", order_id=card.order.id, what="confirm"), post=True)


def _release(card: Card) -> Next:
    return Next(gettext("Release"), "player-play", url_for(
        "order_card.release", order_id=card.order.id), post=True)


def _see_shortage(card: Card) -> Next:
    lacking = [view for view in card.lines if view.missing]
    text = gettext("See what is missing: %(units)s", units=formats.units(card.missing))
    if len(lacking) == 1 and lacking[0].line.variant_id:
        return Next(text, "package-off", url_for(
            "stock.why", variant_id=lacking[0].line.variant_id))
    return Next(text, "package-off", url_for("stock.index", state="short"))


def _pick(card: Card) -> Next:
    return Next(gettext("Start picking"), "basket", url_for("picking.create"), post=True,
                fields={"order": card.order.id})


def _pack(card: Card) -> Next:
    return Next(gettext("Pack it"), "package", url_for(
        "packing.open_order", order_id=card.order.id), post=True)


def _send(card: Card) -> Next:
    return Next(gettext("Mark as sent"), "truck", url_for(
        "shipments.ship_order", order_id=card.order.id), post=True,
        fields={"back": url_for("order_card.show", order_id=card.order.id)})


def _deliver(card: Card) -> Next:
    return Next(gettext("Mark as delivered"), "circle-check", url_for(
        "order_card.decide", order_id=card.order.id, what="deliver"), post=True)


def _parcels(card: Card) -> Next:
    return Next(gettext("Look at the parcels"), "truck-return",
                url_for("shipments.index", view="undelivered", q=card.order.id))


_Row = tuple[str, str, Callable[[Card], Next]]
_STEPS: Mapping[str, tuple[_Row, ...]] = {
    "draft": (("orders.create", "order_card.decide", _confirm),),
    "held": (("orders.hold", "order_card.release", _release),),
    "unpaid": (("payments.record", "order_card.pay", _pay),),
    "short": (("stock.see", "stock.why", _see_shortage),),
    "pick": (("pick.do", "picking.create", _pick), ("pack.do", "packing.open_order", _pack)),
    "pack": (("pack.do", "packing.open_order", _pack),),
    "courier": (("ship.do", "shipments.ship_order", _send),),
    "transit": (("orders.edit", "order_card.decide", _deliver),),
    "undelivered": (("ship.do", "shipments.index", _parcels),),
}
