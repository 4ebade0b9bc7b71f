"""Another thing instead of what comes back: chosen, its difference seen, paid or paid back."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, StringField

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound, OmsError
from oms_web.core.money import from_micro, from_minor, parse_amount, parse_minor, to_minor
from oms_web.core.work import Work
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.orders import lineage
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Order
from oms_web.domain.orders.taking import Position
from oms_web.domain.payments import requests
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.domain.returns import exchange, exchange_facts, service, tracks
from oms_web.domain.returns.exchange import Difference, Standing
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Plan
from oms_web.domain.stock import overview
from oms_web.extensions import db
from oms_web.flows import (
    order_ask_payment,
    order_hold,
    order_refund,
    return_case,
    return_exchange,
    return_letter,
)
from oms_web.flows.return_exchange import Terms
from oms_web.flows.return_letter import Draft
from oms_web.flows.return_refund import bank_account
from oms_web.sync import payments
from oms_web.sync import refunds as refunding
from oms_web.web import asked, case_words, formats, order_form, order_words, scanning
from oms_web.web.access import act, allowed
from oms_web.web.door import oms, reading, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form, choices
from oms_web.web.order_form import TypedLine, typed_amount
from oms_web.web.render import go, render
from oms_web.web.scanning import Said
from oms_web.web.toasts import say

screen = Blueprint("return_exchange", __name__)

TRANSFER, LINK = "prepaid", "link:"
WAYS: dict[str, Any] = {
    TRANSFER: _l("by transfer, before it is sent"), "cod": _l("on delivery"),
    "credit": _l("later: it is sent unpaid"),
}
WORDS: Mapping[str, Any] = {
    "order": _l("no new order was made"), "payment": _l("the buyer has not paid the difference"),
    "cancelled": _l("the new order was cancelled"), "held": _l("the new order is held"),
    "goods": _l("what was to come back is not here"),
}
"""What a case would be closed over."""
_DECIMALS = 4  # of a price that is no whole coin: so that all units together cost what was paid


class ExchangeForm(Form):
    """What else is agreed. Products stand in rows of ``variant``, ``quantity`` and ``price``."""

    way = SelectField(_l("How the difference is paid"), default=TRANSFER)
    shipping = StringField(_l("Delivery cost"))
    waits = BooleanField(_l("Send it only when what comes back was judged"))
    back = SelectField(_l("How the difference goes back"), default="transfer")
    account = StringField(_l("Buyer's account number"))
    key = HiddenField()

    def minor(self, currency: str) -> int:
        """What the delivery costs.

        Raises:
            Invalid: no amount, or below nought.
        """
        typed = (self.shipping.data or "").strip()
        cost = parse_minor(typed, currency, "shipping") if typed else 0
        if cost < 0:
            raise Invalid("An amount cannot be below nought.", "shipping")
        return cost


@dataclass(frozen=True, slots=True)
class Swap:
    """What the card of a case shows of its exchange; ``now`` and the rest once there is an order.

    ``step``: what comes next (``exchange.step``); ``ends``: what the case would be closed over.
    ``held``: why the new order does not go; ``may_release``: a person's word lets it go.
    ``may_off``: it can be called off; ``no_way_back``: why it cannot.
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


def of_case(case: Return) -> Swap:
    """The exchange of a case as its card shows it."""
    now = exchange_facts.standing(db.session, case)
    step = exchange.step(case.kind, case.outcome, case.phase, case.goods, case.money, now)
    ends = return_case.left_open(db.session, case) if case.order_id else ()
    may = step == exchange.MAKE and case.order_id is not None
    if now is None:
        return Swap(may, step if may else "", ends)
    links = [one for one in requests.of_order(db.session, now.order_id)
             if one.state in (*requests.OPEN, requests.REFUSED)]
    is_open = any(one.state in requests.OPEN for one in links)
    new = orders.get_order(db.session, now.order_id)
    holds = exchange_facts.holds(db.session, new) if now.held else []
    refused = None if case.phase in tracks.ENDED \
        else return_exchange.no_way_back(db.session, case, new)
    return Swap(
        may, step, ends, now, new, links[:1],
        now.due > 0 and not is_open and allowed("payments.ask")
        and bool(payments.providers(reading(), oms().registry)),
        return_letter.swapped_preview(reading(), case.id) if allowed("messages.send") else None,
        [_why(case, one) for one in holds],
        allowed("orders.hold") and any(
            one.order_id == new.id and one.kind == order_hold.MANUAL for one in holds),
        case.phase not in tracks.ENDED and refused is None and bool(now.carried or not now.left),
        words_of(refused) if refused is not None else "")


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


# Choosing ----------------------------------------------------------------------------------------


@screen.get("/returns/<int:case_id>/exchange")
@act("returns.handle")
def choose(case_id: int) -> Response:
    """The form: what the buyer asked for stands in it, where a product is known by these words."""
    case, order, plan = _facts(case_id)
    if case.exchange_order_id is not None:
        return _back(case_id)
    lines: list[TypedLine] = []
    wanted = exchange_facts.meant(db.session, case)
    if wanted is not None:
        _add(lines, case, order, plan, wanted)
    form = _form(order, formdata=None, key=secrets.token_hex(12), account=case.bank_account,
                 waits=not exchange_facts.is_here(case))
    return _page(case, order, plan, form, lines)


def _facts(case_id: int) -> tuple[Return, Order, Plan]:
    case = service.get(db.session, case_id)
    if case.order_id is None:
        raise NotAllowedNow("Say first which order this case belongs to.")
    order = orders.get_order(db.session, case.order_id)
    return case, order, exchange_facts.worth(db.session, order, case_id)


def _form(order: Order, **values: Any) -> ExchangeForm:
    """The form with the ways that are open: to pay by a link, and to pay back the way it was paid,
    stand first.
    """
    form = ExchangeForm(**values)
    links = {f"{LINK}{one.id}": gettext("by a payment link: %(name)s", name=one.name)
             for one in payments.providers(reading(), oms().registry)} \
        if allowed("payments.ask") else {}
    form.way.choices = choices({**links, **WAYS})
    ways = order_refund.ways(reading(), order.id, refunding.able(oms().registry))
    form.back.choices = choices({name: case_words.METHODS[name] for name in ways})
    if not form.is_submitted():
        form.way.data, form.back.data = next(iter(links), TRANSFER), ways[0]
    return form


def _page(case: Return, order: Order, plan: Plan, form: ExchangeForm, lines: list[TypedLine],
          said: Said | None = None, status: int = 200) -> Response:
    currency = order.currency
    lines = [line if line.problems else line.looked_at(currency) for line in lines]
    totals = [line.total(currency) for line in lines]
    shipping, wrong = 0, ""
    try:
        shipping = form.minor(currency)
    except Invalid as error:
        wrong = words_of(error)
    known = bool(lines) and None not in totals and not wrong
    split = Difference(plan.total, sum(one or 0 for one in totals) + shipping) if known else None
    return render(
        "returns/exchange.html", "returns/_exchange_form.html", case=case, order=order, plan=plan,
        form=form, lines=lines, totals=totals, shipping=shipping, wrong=wrong, split=split,
        said=said, prices=_prices(order, plan, [one.id for one in said.suggested] if said else []),
        currency=currency, waiting=not exchange_facts.is_here(case), status=status,
        beside=", ".join(("#said-shipping", *(f"#said-{one.sku.id}" for one in lines))))


def _add(lines: list[TypedLine], case: Return, order: Order, plan: Plan, variant_id: int) -> None:
    """One more of a product, or as many as come back of it, at the price it has in an exchange."""
    fresh = variant_id not in {line.sku.id for line in lines}
    order_form.add(db.session, lines, variant_id)
    if fresh:
        price = exchange_facts.prices(db.session, order, plan, [variant_id]).get(variant_id)
        lines[-1] = replace(
            lines[-1], quantity=str(exchange_facts.units(db.session, case, variant_id)),
            price="" if price is None else _typed(price, order.currency))


def _prices(order: Order, plan: Plan, variant_ids: Sequence[int]) -> dict[int, str]:
    """What one of each would cost in this exchange, to be read beside its name."""
    found = exchange_facts.prices(db.session, order, plan, variant_ids) if variant_ids else {}
    return {one: formats.amount(to_minor(from_micro(micro), order.currency), order.currency,
                                always=True) for one, micro in found.items()}


@screen.get("/returns/<int:case_id>/exchange/suggest")
@act("returns.handle")
def suggest(case_id: int) -> Response:
    """What somebody typing may mean: how many are free, and the price that would be suggested."""
    _, order, plan = _facts(case_id)
    typed = asked.text("code")
    found = catalog.suggest(db.session, typed) if typed else []
    ids = [one.id for one in found]
    return render("products/_suggest.html", found=found, typed=typed,
                  free=overview.free_of(db.session, ids) if ids else {},
                  prices=_prices(order, plan, ids))


def _typed(micro: int, currency: str) -> str:
    """A price as a person would type it: in whole coins, or so fine that nothing gets lost."""
    price = from_micro(micro)
    minor = to_minor(price, currency)
    if from_minor(minor, currency) == price:
        return typed_amount(minor, currency)
    text = f"{price:.{_DECIMALS}f}"
    return text.replace(".", ",") if formats.language() == "pl" else text


@screen.post("/returns/<int:case_id>/exchange")
@act("returns.handle")
def change(case_id: int) -> Response:
    """Add or remove a product, reckon anew, or make the new order (``save``)."""
    case, order, plan = _facts(case_id)
    form = _form(order)
    lines = order_form.typed_lines(db.session, request.form)
    if "save" in request.form:
        return _save(case, order, plan, form, lines)
    removed = request.form.get("remove", "")
    if removed:
        lines = [line for line in lines if str(line.sku.id) != removed]
        return _page(case, order, plan, form, lines)
    said = None
    if request.form.get("code", "").strip() or request.form.get("variant_id"):
        said = _found(lines, case, order, plan)
    return _page(case, order, plan, form, lines, said)


def _found(lines: list[TypedLine], case: Return, order: Order, plan: Plan) -> Said | None:
    """Add what was scanned, typed or chosen; a name that one product fits is that product."""
    try:
        _add(lines, case, order, plan, scanning.variant(db.session).id)
    except NotFound as error:
        said = scanning.refused(db.session, error)
        if len(said.suggested) != 1:
            return replace(said, tone="", text=gettext("Choose one of these:")) \
                if said.suggested else said
        _add(lines, case, order, plan, said.suggested[0].id)
    except OmsError as error:
        return scanning.refused(db.session, error)
    return None


def _save(case: Return, order: Order, plan: Plan, form: ExchangeForm, lines: list[TypedLine]
          ) -> Response:
    try:
        positions = _positions(lines, order, plan)
        if form.validate() and positions is not None:
            with writing() as work:
                new, fresh = return_exchange.exchange(work, case.id, positions, _terms(
                    case, form, order.currency))
                _ask(work, new, form.way.data or "", form.key.data or "")
            say(gettext("Order %(number)s is made, its goods are reserved.", number=new.id)
                if fresh else gettext("The new order was made before."))
            return go(url_for("return_card.show", case_id=case.id) + "#exchange")
    except Invalid as error:
        form.refuse(error)
    return _page(case, order, plan, form, lines, status=422)


def _positions(lines: list[TypedLine], order: Order, plan: Plan) -> list[Position] | None:
    """What the rows mean; None when one is wrong, which then says so."""
    found, suggested = [], exchange_facts.prices(
        db.session, order, plan, [line.sku.id for line in lines])
    for at, line in enumerate(lines):
        try:
            position = line.position(order.currency)
            _check_price(line, order.currency, suggested.get(line.sku.id))
            found.append(position)
        except Invalid as wrong:
            lines[at] = replace(line, problems={wrong.field or "quantity": words_of(wrong)})
    return found if len(found) == len(lines) else None


def _check_price(line: TypedLine, currency: str, suggested: int | None) -> None:
    """A typed price is whole coins; only the one we suggest may be finer (``_typed``).

    Raises:
        Invalid: it is finer, as where a thousand was set apart with a comma.
    """
    price = parse_amount(line.price, "price")
    if from_minor(to_minor(price, currency), currency) != price and (
            suggested is None or round(from_micro(suggested), _DECIMALS) != price):
        raise Invalid("A price has no more decimals than its currency.", "price")


def _terms(case: Return, form: ExchangeForm, currency: str) -> Terms:
    way = form.way.data or TRANSFER
    return Terms(
        form.minor(currency), TRANSFER if way.startswith(LINK) else way,
        gettext("%(number)s: waits for what comes back", number=case.number)
        if form.waits.data else "", form.back.data or "transfer",
        bank_account(form.account.data or ""))


def _ask(work: Work, new: Order, way: str, key: str) -> None:
    """Ask for a link by which the buyer pays the difference, if that is how and there is one."""
    due = lineage.due(work.session, new)
    account = way.removeprefix(LINK)
    if due > 0 and way.startswith(LINK) and account.isdigit() and not requests.is_open(
            work.session, new.id):
        order_ask_payment.ask(work, new.id, int(account), due, f"swap:{key}"[:60])


# Settling ----------------------------------------------------------------------------------------


def _back(case_id: int) -> Response:
    return go(url_for("return_card.show", case_id=case_id) + "#exchange")


@screen.post("/returns/<int:case_id>/exchange/ask")
@act("payments.ask")
def ask(case_id: int) -> Response:
    """Ask for a link by which the buyer pays all that is missing; sent again it asks once."""
    case = service.get(db.session, case_id)
    provider = next(iter(payments.providers(reading(), oms().registry)), None)
    if case.exchange_order_id is None or provider is None:
        raise NotFound("There is nobody to ask for a link.")
    with writing() as work:
        _ask(work, orders.get_order(work.session, case.exchange_order_id),
             f"{LINK}{provider.id}", secrets.token_hex(12))
    say(gettext("The link is being asked for."))
    return _back(case_id)


@screen.post("/returns/<int:case_id>/exchange/letter")
@act("messages.send")
def letter(case_id: int) -> Response:
    """Write to the buyer what is due and how it is paid; the same form sent again writes once."""
    with writing() as work:
        sent = return_letter.swapped(work, case_id, request.form.get("key", "")[:40])
    say(gettext("The letter is on its way.") if sent else gettext("This was written before."))
    return _back(case_id)


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
    return _back(case_id)


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
    return _back(case_id)

