"""The exchange of a case on its card: how it stands, its difference asked for, called off."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.orders import lineage
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Order
from oms_web.domain.payments import requests
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.domain.returns import exchange, exchange_facts, service, tracks
from oms_web.domain.returns.exchange import Standing
from oms_web.domain.returns.models import Return, Statement
from oms_web.extensions import db
from oms_web.flows import (
    order_ask_payment,
    order_hold,
    return_case,
    return_exchange,
    return_letter,
)
from oms_web.flows.return_letter import Draft
from oms_web.sync import payments
from oms_web.web import case_words, order_words
from oms_web.web.access import act, allowed
from oms_web.web.door import oms, reading, writing
from oms_web.web.failures import words_of
from oms_web.web.render import go
from oms_web.web.toasts import say

screen = Blueprint("return_exchange", __name__)

WORDS: Mapping[str, Any] = {
    "order": _l("no new order was made"), "payment": _l("the buyer has not paid the difference"),
    "cancelled": _l("the new order was cancelled"), "held": _l("the new order is held"),
    "goods": _l("what was to come back is not here"),
}
"""What a case would be closed over."""
WITHDRAWN = "withdrawn"
"""What comes next where the buyer withdrew: the exchange goes on as a withdrawal."""


@dataclass(frozen=True, slots=True)
class Swap:
    """What the card of a case shows of its exchange; ``now`` and the rest once there is an order.

    ``step``: what comes next (``exchange.step``); ``ends``: what the case would be closed over.
    ``held``: why the new order does not go; ``may_release``: a person's word lets it go.
    ``may_off``: it can be called off; ``no_way_back``: why it cannot. ``withdrew``: its buyer's
    withdrawal from the contract; ``stays``: why it does not go on as one by one act, ``way_back``:
    how what the buyer paid goes back then. ``in_vain``: new orders that were called off, and have
    the buyer's money.
    """

    may: bool
    step: str
    ends: Sequence[str]
    now: Standing | None = None
    order: Order | None = None
    asked: Sequence[PaymentRequest] = ()
    may_ask: bool = False
    letter: Draft | None = None
    held: Sequence[str] = ()
    may_release: bool = False
    may_off: bool = False
    no_way_back: str = ""
    withdrew: Statement | None = None
    stays: str = ""
    way_back: Any = ""
    in_vain: Sequence[Order] = ()


def of_case(case: Return) -> Swap:
    """The exchange of a case as its card shows it."""
    now = exchange_facts.standing(db.session, case)
    step = exchange.step(case.kind, case.outcome, case.phase, case.goods, case.money, now)
    ends = return_case.left_open(db.session, case) if case.order_id else ()
    may = step == exchange.MAKE and case.order_id is not None
    said = exchange_facts.withdrew(db.session, case)
    in_vain = [one for one in exchange_facts.paid_in_vain(db.session, case)
               if one.paid_total > one.refund_pending]
    if now is None:
        return Swap(may, WITHDRAWN if said else step if may else "", ends, withdrew=said,
                    in_vain=in_vain)
    links = [one for one in requests.of_order(db.session, now.order_id)
             if one.state in (*requests.OPEN, requests.REFUSED)]
    is_open = any(one.state in requests.OPEN for one in links)
    new = orders.get_order(db.session, now.order_id)
    holds = exchange_facts.holds(db.session, new) if now.held else []
    refused = None if case.phase in tracks.ENDED \
        else return_exchange.no_way_back(db.session, case, new)
    stays = return_exchange.stays_an_exchange(db.session, case, new) if said else None
    if said is not None and stays is None:
        step = WITHDRAWN
    return Swap(
        may, step, ends, now, new, links[:1],
        now.due > 0 and not is_open and not said and allowed("payments.ask")
        and bool(payments.providers(reading(), oms().registry)),
        return_letter.swapped_preview(reading(), case.id)
        if allowed("messages.send") and not said else None,
        [_why(case, one) for one in holds],
        allowed("orders.hold") and any(
            one.order_id == new.id and one.kind == order_hold.MANUAL for one in holds),
        case.phase not in tracks.ENDED and refused is None and bool(now.carried or not now.left),
        words_of(refused) if refused is not None else "", said,
        words_of(stays) if stays is not None else "",
        case_words.METHODS[return_exchange.way_back(db.session, new, now.paid)] if said else "",
        in_vain)


def _why(case: Return, hold: Hold) -> str:
    """Why a new order does not go, and what lets it go."""
    if hold.detail.get("case") == case.id and case.goods == tracks.JUDGED:
        return gettext("Not all that came back can be sold again, so somebody decides: release the "
                       "new order, or call the exchange off.")
    wrong, frees = order_words.hold_words(hold.kind, hold.detail)
    if hold.detail.get("case") == case.id:
        frees = gettext("It goes on by itself once all that comes back was judged fit to be sold "
                        "again; if it is prepaid, once it is paid, too.")
    return f"{wrong} {frees}"


def money_steps(swap: Swap) -> list[tuple[str, str, str]]:
    """The money of a case with a new order, as steps: credited, the rest, settled."""
    now = swap.now
    if now is None or now.cancelled:
        return []
    rest = [gettext("The buyer pays the rest")] if now.due or now.paid else \
        [gettext("The rest goes back")] if now.back else []
    names = [gettext("Credited"), *rest, gettext("Settled")]
    at = 1 if now.due or now.went < now.back else len(names)
    return [(name, "", "done" if n < at else "now" if n == at else "")
            for n, name in enumerate(names)]


def back_to(case_id: int) -> Response:
    """To the exchange on the card of its case."""
    return go(url_for("return_card.show", case_id=case_id) + "#exchange")


def ask_by_link(work: Work, new: Order, account_id: int, key: str) -> None:
    """Ask for a link by which the buyer pays the difference, if there is one and no link is open.
    """
    due = lineage.due(work.session, new)
    if due > 0 and not requests.is_open(work.session, new.id):
        order_ask_payment.ask(work, new.id, account_id, due, f"swap:{key}"[:60])


@screen.post("/returns/<int:case_id>/exchange/ask")
@act("payments.ask")
def ask(case_id: int) -> Response:
    """Ask for a link by which the buyer pays all that is missing; sent again it asks once."""
    case = service.get(db.session, case_id)
    provider = next(iter(payments.providers(reading(), oms().registry)), None)
    if case.exchange_order_id is None or provider is None:
        raise NotFound("There is nobody to ask for a link.")
    with writing() as work:
        ask_by_link(work, orders.get_order(work.session, case.exchange_order_id), provider.id,
                    secrets.token_hex(12))
    say(gettext("The link is being asked for."))
    return back_to(case_id)


@screen.post("/returns/<int:case_id>/exchange/letter")
@act("messages.send")
def letter(case_id: int) -> Response:
    """Write to the buyer what is due and how it is paid; the same form sent again writes once."""
    with writing() as work:
        sent = return_letter.swapped(work, case_id, request.form.get("key", "")[:40])
    say(gettext("The letter is on its way.") if sent else gettext("This was written before."))
    return back_to(case_id)


@screen.post("/returns/<int:case_id>/exchange/release")
@act("orders.hold")
def release(case_id: int) -> Response:
    """Let the new order go that a person held, or that waited for goods."""
    case = service.get(db.session, case_id)
    if case.exchange_order_id is None:
        raise NotFound("There is no new order.")
    with writing() as work:
        freed = order_hold.release(work, case.exchange_order_id)
    say(gettext("The order goes on.") if freed else gettext("Nobody held this order."))
    return back_to(case_id)


@screen.post("/returns/<int:case_id>/exchange/off")
@act("returns.handle")
def call_off(case_id: int) -> Response:
    """Take the exchange back."""
    try:
        with writing() as work:
            done = return_exchange.call_off(work, case_id, request.form.get("why", ""))
        say(gettext("The exchange is called off.") if done else gettext("That was done before."))
    except (Invalid, NotAllowedNow) as error:  # the page may be older than the case
        say(words_of(error), "bad")
    return back_to(case_id)


@screen.post("/returns/<int:case_id>/exchange/withdrawn")
@act("returns.handle")
def withdrawn(case_id: int) -> Response:
    """Let the exchange go on as the withdrawal that its buyer declared."""
    try:
        with writing() as work:
            done = return_exchange.withdraw(work, case_id)
        say(gettext("The exchange is called off; the case goes on as a withdrawal.") if done
            else gettext("That was done before."))
    except NotAllowedNow as error:  # the page may be older than the case
        say(words_of(error), "bad")
    return go(url_for("return_card.show", case_id=case_id))
