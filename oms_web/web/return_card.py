"""One case: both tracks, its terms, what comes next, what was said to the buyer."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, request, send_file, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import SelectField, StringField

from oms_web.adapters import images
from oms_web.core import countries
from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents import queries as documents
from oms_web.domain.messages import templates
from oms_web.domain.messages.wording import EMAIL
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments import refund_states, refunds
from oms_web.domain.returns import (
    clocks,
    correcting,
    counts,
    intake,
    kinds,
    moments,
    photos,
    queries,
    service,
    standings,
    statements,
    tracks,
)
from oms_web.domain.returns.models import CaseClock, Return
from oms_web.domain.shipping import bookings, claims
from oms_web.domain.shipping import service as shipping
from oms_web.extensions import db
from oms_web.flows import return_bench, return_case, return_letter, return_refund
from oms_web.web import (
    acts,
    asked,
    case_answers,
    case_corrections,
    case_ending,
    case_words,
    formats,
    label_words,
    return_exchange,
)
from oms_web.web.access import act, allowed
from oms_web.web.case_answers import AnswerForm
from oms_web.web.case_ending import NoteForm
from oms_web.web.door import oms, reading, writing
from oms_web.web.failures import status_of, words_of
from oms_web.web.forms import Form, KeyField, choices
from oms_web.web.outside_words import translated
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("return_card", __name__)

ICONS = {"judge": "package-import", "arrive": "package-import", "photo": "photo",
         "open": "truck-return", "told": "truck-return", "answer": "mail", "exchange": "replace",
         "done": "cash-banknote", "plan": "cash-banknote", "approve": "check", "close": "check"}


class DetailsForm(Form):
    """What is written of a case."""

    reason_code = SelectField(_l("Reason"), choices=choices({"": _l("not said"),
                                                             **case_words.REASONS}))
    reason = StringField(_l("Note"))
    bank_account = StringField(_l("Buyer's account number"))
    box = StringField(_l("Parcel it came in"))


class LetterForm(Form):
    """A template to write with."""

    template = SelectField(_l("Template"), validate_choice=False)
    key = KeyField()


@screen.get("/returns/<int:case_id>")
@act("returns.see")
def show(case_id: int) -> Response:
    """The case."""
    return _card(case_id)


def _card(case_id: int, *, note: NoteForm | None = None, answer: AnswerForm | None = None,
          details: DetailsForm | None = None, letter: LetterForm | None = None,
          preview: Any = None, problem: str = "", open_note: str = "", sure_of: int = 0,
          status: int = 200
          ) -> Response:
    session = db.session
    case = service.get(session, case_id)
    order = orders.get_order(session, case.order_id) if case.order_id else None
    lines = service.lines_of(session, case_id)
    terms = service.clocks_of(session, case_id)
    running = {one.what for one in terms if one.stopped_at is None}
    swap = return_exchange.of_case(case)
    standing, units = standings.of(session, case), queries.units(session, case_id)
    mine = refunds.of_case(session, case_id)
    stated = statements.of_case(session, case_id)
    corrections = correcting.corrections_of(session, mine)
    ready = {one for one in mine
             if correcting.corrects(one) and not correcting.waits(session, one)}
    sent_in = shipping.of_order(session, case.order_id, *shipping.LEFT) if case.order_id else []
    return render(
        "returns/card.html", case=case, order=order, lines=lines, words=case_words,
        sold=_sold(lines), units=units, counts=counts.of_lines(lines, units, mine), terms=terms,
        rules=clocks.BY_KEY, unsaid=_unsaid(case, order, terms),
        primary=tracks.primary(standing, running, swap.step), swap=swap,
        swap_words=return_exchange.WORDS, letter_key=secrets.token_hex(12),
        acts=tracks.offered(standing), refunds=mine,
        may_pay=order is not None and tracks.may_pay(standing) and refunds.free(session, order) > 0,
        refund_acts=refund_states.TRANSITIONS, boxed=queries.in_box(session, case),
        photos=photos.of_case(session, case_id), timeline=_timeline(case),
        statements=stated,
        documents=documents.of_order(session, case.order_id) if case.order_id else [],
        to_correct=case_corrections.left_of(case, ready, corrections), corrects=ready.__contains__,
        labels=bookings.of_case(session, case_id), label_words=label_words, sent_in=sent_in,
        claims=claims.of_shipments(session, [one.id for one in sent_in]) if sent_in else {},
        corrections=corrections, ends=return_case.left_open(session, case),
        own_words=case_ending.own_words(case, lines, stated), sure_of=sure_of,
        may_detach=return_case.may_detach(session, case),
        rest=intake.rest_of(case, lines, units),
        account=session.get(ChannelAccount, case.account_id) if case.account_id else None,
        goods_steps=_steps(case_words.GOODS_STEPS, case.goods),
        money_steps=return_exchange.money_steps(swap) or _money_steps(
            case.money, owes=tracks.owes(standing)),
        money_state=case_words.money(case, owes=tracks.owes(standing)),
        running=running, note=case_ending.asking(case, order, note), open_note=open_note,
        asking=case_answers.asking(case, order, terms, answer),
        details=details or DetailsForm(formdata=None, obj=case),
        letter=_letter(case, letter), preview=preview, problem=problem, now=oms().works.clock(),
        status=status)


def _unsaid(case: Return, order: Order | None, terms: list[CaseClock]) -> dict[str, str] | None:
    """Why no term runs in a case that has none; None where one does or did, where the law excepts
    its goods (its statement says so), or nobody knows whose case it is.
    """
    if terms or order is None:
        return None
    country = order.country or "PL"
    if case.kind == kinds.WITHDRAWAL \
            and clocks.running(country, case.kind, local_day(case.created_at)):
        return None
    why, article = clocks.unsaid(country, case.kind)
    return {"why": why, "article": article,
            "country": countries.names(formats.language()).get(country, country)}


def _letter(case: Return, form: LetterForm | None) -> LetterForm | None:
    if not allowed("messages.send"):
        return None
    made = form or LetterForm(formdata=None, key=secrets.token_hex(12))
    known = [one for one in templates.every(db.session) if one.kind == EMAIL]
    known.sort(key=lambda one: not one.moment)
    made.template.choices = [("", gettext("choose a letter")),
                             *((str(one.id), one.name) for one in known)] if known else []
    if form is None:
        now = moments.latest(case.kind, case.phase, case.goods, case.money, case.answer,
                             swapped=case.exchange_order_id is not None)
        made.template.data = next((str(one.id) for one in known if one.moment == now), "")
    return made


def _sold(lines: list[Any]) -> dict[int, OrderLine]:
    ids = [line.order_line_id for line in lines if line.order_line_id]
    return {one.id: one for one in db.session.scalars(
        select(OrderLine).where(OrderLine.id.in_(ids)))} if ids else {}


def _steps(words: dict[str, Any], at: str) -> list[tuple[str, str, str]]:
    names = list(words)
    place = names.index(at) if at in names else -1
    last = len(names) - 1
    return [(str(words[name]), "", "done" if n < place or place == n == last
             else "now" if n == place else "") for n, name in enumerate(names)]


def _money_steps(money: str, *, owes: bool) -> list[tuple[str, str, str]]:
    at = {"unknown": "sent", "credit": "refunded"}.get(money, money)
    found = _steps(case_words.MONEY_STEPS, at)
    if owes and money in tracks.PAID:
        return [*found[:-1], (str(case_words.IN_PART_STEP), "", "now")]
    return [(text, str(case_words.MONEY[money]) if state == "now" and money == "unknown" else more,
             state) for text, more, state in found]


def _timeline(case: Return) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for entry in queries.timeline(db.session, case.id):
        rows = [f"{name}: {after}" if after else f"{name}: –"
                for name, _, after in acts.shown(entry, case.currency)]
        found.append({
            "at": entry.at, "icon": ICONS.get(entry.act.partition(".")[2], "history"),
            "text": acts.said(entry.act), "tone": "",
            "note": " · ".join(filter(None, (
                *rows, translated(entry.note or ""), formats.person(entry.actor_name))))})
    return found


def _back(case_id: int) -> Response:
    return go(url_for("return_card.show", case_id=case_id))


# Deciding ----------------------------------------------------------------------------------------


@screen.post("/returns/<int:case_id>/<any(accept, ask, answered, refuse, call_off, close, reopen,"
             " arrive, rest):what>")
@act("returns.handle")
def decide(case_id: int, what: str) -> Response:
    """An act of the table of phases; ``arrive``: the parcel is here; ``rest``: the rest is not."""
    form = NoteForm()
    try:
        with writing() as work:
            if what == "arrive":
                return_bench.arrive(work, case_id)
            elif what == "rest":
                return_bench.rest_missing(work, case_id, form.rest.data or "")
            else:
                return_case.decide(work, case_id, what, form.note.data or "",
                                   by=form.by.data or "", day=form.day.data,
                                   ground=form.ground.data or "")
    except Invalid as error:
        form.refuse(error)
        return _card(case_id, note=form, open_note=what, status=422)
    except NotAllowedNow as error:  # the page was older than the case
        return _card(case_id, problem=words_of(error), status=409)
    say(gettext("Done."))
    return _back(case_id)


@screen.post("/returns/<int:case_id>/answer")
@act("returns.handle")
def answer(case_id: int) -> Response:
    """Answer a complaint: decided and written to the buyer in one step."""
    form = AnswerForm()
    try:
        if form.validate():
            with writing() as work:
                case = service.get(work.session, case_id)
                fresh = return_case.answer(work, case_id, case_answers.said(form, case),
                                           form.given.data)
                if form.given.data is None:
                    return_letter.answer(work, case_id)
            say(_answered(fresh, form))
            return _back(case_id)
    except Invalid as error:
        form.refuse(error)
    return _card(case_id, answer=form, status=422)


def _answered(fresh: bool, form: AnswerForm) -> str:
    if not fresh:
        return gettext("This answer was given before.")
    return gettext("Answered; the letter is on its way.") if form.given.data is None \
        else gettext("Written down. No letter is sent.")


@screen.post("/returns/<int:case_id>/details")
@act("returns.handle")
def details(case_id: int) -> Response:
    """Change reason, note, the buyer's account and the parcel."""
    form = DetailsForm()
    try:
        if form.validate():
            values = form.values()
            account = _account(values["bank_account"])
            with writing() as work:
                return_refund.details(work, case_id, {**values, "bank_account": account})
            say(gettext("Saved."))
            return _back(case_id)
    except Invalid as error:
        form.refuse(error)
    return _card(case_id, details=form, status=422)


def _account(typed: str) -> str:
    try:
        return return_refund.bank_account(typed)
    except Invalid as error:
        raise Invalid(error.message, "bank_account") from None


@screen.post("/returns/<int:case_id>/order")
@act("returns.handle")
def belongs_to(case_id: int) -> Response:
    """Say which order a case belongs to."""
    number = None
    try:
        number = asked.whole(request.form.get("order"), "order")
        if number is None:
            raise Invalid("Type the number of the order.", "order")
        with writing() as work:
            return_case.belongs_to(work, case_id, number, sure=bool(request.form.get("sure")))
    except (Invalid, NotFound, NotAllowedNow) as error:
        asks = isinstance(error, Invalid) and error.field == "goods"
        return _card(case_id, problem=words_of(error), sure_of=number or 0 if asks else 0,
                     status=status_of(error))
    say(gettext("The case belongs to order %(number)s now.", number=number))
    return _back(case_id)


@screen.post("/returns/<int:case_id>/order/undo")
@act("returns.handle")
def detach(case_id: int) -> Response:
    """Undo that a case belongs to an order."""
    try:
        with writing() as work:
            return_case.detach(work, case_id)
    except NotAllowedNow as error:
        return _card(case_id, problem=words_of(error), status=409)
    say(gettext("The case belongs to no order again."))
    return _back(case_id)


# Letters -----------------------------------------------------------------------------------------


@screen.post("/returns/<int:case_id>/letter")
@act("messages.send")
def letter(case_id: int) -> Response:
    """See a letter (``look``), or send it; the same form sent again sends none."""
    form = LetterForm()
    template_id = asked.whole(form.template.data, "template") or 0
    if not template_id:
        form.refuse(Invalid("Choose a letter.", "template"))
        return _card(case_id, letter=form, status=422)
    if request.form.get("look"):
        return _card(case_id, letter=form,
                     preview=return_letter.preview(reading(), case_id, template_id))
    with writing() as work:
        sent = return_letter.write(work, case_id, template_id, form.key.data or "")
    say(gettext("The letter is on its way.") if sent else gettext("This was written before."))
    return _back(case_id)


# Photos ------------------------------------------------------------------------------------------


@screen.post("/returns/<int:case_id>/photos")
@act("returns.bench")
def add_photo(case_id: int) -> Response:
    """Keep a photo: proven to be a picture, made small and encoded anew before it is stored."""
    target = request.form.get("next", "")
    sent = request.files.get("image")
    try:
        if sent is None or not sent.filename:
            raise Invalid("Choose a picture.", "image")
        made = images.prepare(sent.read(images.MOST_BYTES + 1))
        files = oms().works.ports["files"]
        file, thumb = (files.put(part, images.SUFFIX) for part in (made.content, made.thumb))
        with writing() as work:
            return_bench.add_photo(work, case_id, file, thumb)
        say(gettext("The photo is kept."))
    except Invalid as error:
        say(gettext(error.message) % error.params, "bad")
    return go(url_for("return_bench.show", case_id=case_id)) if target == "bench" \
        else _back(case_id)


@screen.post("/returns/<int:case_id>/photos/<int:photo_id>/remove")
@act("returns.bench")
def remove_photo(case_id: int, photo_id: int) -> Response:
    """Take a photo off again."""
    with writing() as work:
        needless = return_bench.remove_photo(work, case_id, photo_id)
    for name in sorted(needless):
        oms().works.ports["files"].remove(name)
    return go(url_for("return_bench.show", case_id=case_id)) \
        if request.form.get("next") == "bench" else _back(case_id)


@screen.get("/returns/<int:case_id>/photos/<int:photo_id>/<any(whole, little):size>")
@act("returns.bench")
def photo(case_id: int, photo_id: int, size: str) -> Response:
    """A photo of what came back."""
    one = photos.get(db.session, photo_id, case_id)
    name = one.file if size == "whole" else one.thumb
    return send_file(oms().works.ports["files"].path(name), mimetype="image/webp")


@screen.app_template_test("late_term")
def late_term(term: CaseClock) -> bool:
    """Whether a term has passed, or was met too late."""
    return clocks.is_over(term.due_at, term.stopped_at or oms().works.clock())
