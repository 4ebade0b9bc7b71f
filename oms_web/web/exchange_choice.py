"""The form on which another thing is chosen instead of what comes back, its difference seen."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, StringField

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound, OmsError
from oms_web.core.money import from_micro, from_minor, parse_amount, parse_minor, to_minor
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.taking import Position
from oms_web.domain.returns import exchange_facts, kinds, service
from oms_web.domain.returns.exchange import Difference
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Plan
from oms_web.domain.stock import overview
from oms_web.extensions import db
from oms_web.flows import order_refund, return_exchange
from oms_web.flows.return_exchange import Terms
from oms_web.flows.return_refund import bank_account
from oms_web.sync import payments
from oms_web.sync import refunds as refunding
from oms_web.web import asked, case_words, formats, order_form, scanning
from oms_web.web.access import act, allowed
from oms_web.web.door import oms, reading, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form, choices
from oms_web.web.order_form import TypedLine, typed_amount
from oms_web.web.render import render
from oms_web.web.return_exchange import ask_by_link, back_to
from oms_web.web.scanning import Said
from oms_web.web.toasts import say

screen = Blueprint("exchange_choice", __name__)

TRANSFER, LINK = "prepaid", "link:"
WAYS: dict[str, Any] = {
    TRANSFER: _l("by transfer, before it is sent"), "cod": _l("on delivery"),
    "credit": _l("later: it is sent unpaid"),
}
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


@screen.get("/returns/<int:case_id>/exchange")
@act("returns.handle")
def choose(case_id: int) -> Response:
    """The form: what the buyer asked for stands in it, where a product is known by these words."""
    case, order, plan, used = _facts(case_id)
    if case.exchange_order_id is not None:
        return back_to(case_id)
    lines: list[TypedLine] = []
    wanted = exchange_facts.meant(db.session, case)
    if wanted is not None:
        _add(lines, case, order, plan, wanted)
    form = _form(order, formdata=None, key=secrets.token_hex(12), account=case.bank_account,
                 waits=not exchange_facts.is_here(case))
    return _page(case, order, plan, used, form, lines)


@dataclass(frozen=True, slots=True)
class Used:
    """What is taken off for use: order line -> minor units, or what is wrong with what is typed."""

    wear: Mapping[int, int]
    problems: Mapping[int, str]


def _facts(case_id: int) -> tuple[Return, Order, Plan, Used]:
    """A case with its order, and what comes back is worth, less what is typed for use."""
    case = service.get(db.session, case_id)
    if case.order_id is None:
        raise NotAllowedNow("Say first which order this case belongs to.")
    order = orders.get_order(db.session, case.order_id)
    whole = exchange_facts.worth(db.session, order, case_id)
    if case.kind != kinds.EXCHANGE:  # who complains pays for no use
        return case, order, whole, Used({}, {})
    used = _used(order, whole)
    return case, order, exchange_facts.worth(db.session, order, case_id, used.wear), used


def _used(order: Order, plan: Plan) -> Used:
    wear: dict[int, int] = {}
    problems: dict[int, str] = {}
    for item in plan.items:
        line_id, typed = item.line_id or 0, request.form.get(f"wear-{item.line_id}", "").strip()
        try:
            off = parse_minor(typed, order.currency) if typed else 0
            if off < 0:
                raise Invalid("An amount cannot be below nought.")
            if off > item.amount:
                raise Invalid("The goods cost less than what is taken off for use.")
            wear[line_id] = off
        except Invalid as wrong:
            problems[line_id] = words_of(wrong)
    return Used(wear, problems)


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


def _page(case: Return, order: Order, plan: Plan, used: Used, form: ExchangeForm,
          lines: list[TypedLine], said: Said | None = None, status: int = 200) -> Response:
    currency = order.currency
    lines = _looked_at(lines, order, plan)
    totals = [None if line.problems else line.total(currency) for line in lines]
    shipping, wrong = 0, ""
    try:
        shipping = form.minor(currency)
    except Invalid as error:
        wrong = words_of(error)
    known = bool(lines) and None not in totals and not wrong and not used.problems
    split = Difference(plan.total, sum(one or 0 for one in totals) + shipping) if known else None
    return render(
        "returns/exchange.html", "returns/_exchange_form.html", case=case, order=order, plan=plan,
        used=used, words=case_words, form=form, lines=lines, totals=totals, shipping=shipping,
        wrong=wrong, split=split, said=said,
        prices=_prices(order, plan, [one.id for one in said.suggested] if said else []),
        currency=currency, waiting=not exchange_facts.is_here(case), status=status,
        beside=", ".join((
            "#said-shipping", *(f"#said-{one.sku.id}" for one in lines),
            *(f"#said-wear-{item.line_id}" for item in plan.items if item.units))))


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
    _, order, plan, _ = _facts(case_id)
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
    case, order, plan, used = _facts(case_id)
    form = _form(order)
    lines = order_form.typed_lines(db.session, request.form)
    if "save" in request.form:
        return _save(case, order, plan, used, form, lines)
    removed = request.form.get("remove", "")
    if removed:
        lines = [line for line in lines if str(line.sku.id) != removed]
        return _page(case, order, plan, used, form, lines)
    said = None
    if request.form.get("code", "").strip() or request.form.get("variant_id"):
        said = _found(lines, case, order, plan)
    return _page(case, order, plan, used, form, lines, said)


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


def _save(case: Return, order: Order, plan: Plan, used: Used, form: ExchangeForm,
          lines: list[TypedLine]) -> Response:
    try:
        positions = _positions(lines, order, plan)
        if form.validate() and positions is not None and not used.problems:
            with writing() as work:
                new, fresh = return_exchange.exchange(work, case.id, positions, _terms(
                    case, form, order.currency, used.wear))
                way, account = form.way.data or "", (form.way.data or "").removeprefix(LINK)
                if way != account and account.isdigit():
                    ask_by_link(work, new, int(account), form.key.data or "")
            say(gettext("Order %(number)s is made, its goods are reserved.", number=new.id)
                if fresh else gettext("The new order was made before."))
            return back_to(case.id)
    except Invalid as error:
        form.refuse(error)
    return _page(case, order, plan, used, form, lines, status=422)


def _positions(lines: list[TypedLine], order: Order, plan: Plan) -> list[Position] | None:
    """What the rows mean; None when one is wrong, which then says so."""
    lines[:] = _looked_at(lines, order, plan)
    found = []
    for at, line in enumerate(lines):
        try:
            found.append(line.position(order.currency))
        except Invalid as wrong:
            lines[at] = replace(line, problems={wrong.field or "quantity": words_of(wrong)})
    return None if any(line.problems for line in lines) else found


def _looked_at(lines: Sequence[TypedLine], order: Order, plan: Plan) -> list[TypedLine]:
    """The rows with what is wrong with them, while they are typed as when they are saved."""
    suggested = exchange_facts.prices(db.session, order, plan, [line.sku.id for line in lines])
    return [line if line.problems else _priced(
        line.looked_at(order.currency), order.currency, suggested.get(line.sku.id))
        for line in lines]


def _priced(line: TypedLine, currency: str, suggested: int | None) -> TypedLine:
    """A row whose price is whole coins; only the one we suggest may be finer (``_typed``)."""
    if line.problems or not line.price or (suggested is not None and parse_amount(
            line.price) == round(from_micro(suggested), _DECIMALS)):
        return line
    try:
        parse_minor(line.price, currency, "price")
    except Invalid as wrong:
        return replace(line, problems={"price": words_of(wrong)})
    return line


def _terms(case: Return, form: ExchangeForm, currency: str, wear: Mapping[int, int]) -> Terms:
    way = form.way.data or TRANSFER
    return Terms(
        form.minor(currency), TRANSFER if way.startswith(LINK) else way,
        gettext("%(number)s: waits for what comes back", number=case.number)
        if form.waits.data else "", form.back.data or "transfer",
        bank_account(form.account.data or ""), wear)
