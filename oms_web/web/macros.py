"""Macros: the seller's own buttons are made here, and pressed on the card and at the pack station.

On the list and the card a macro does no more than the person's role may do by hand. At the pack
station whoever made it has decided that packers may run it.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import BooleanField, ColorField, RadioField, SelectField, StringField

from oms_web.automation import acts, batches
from oms_web.core.errors import Denied, InvalidForm
from oms_web.core.text import key_in
from oms_web.domain.automation import macros
from oms_web.domain.automation.models import Batch, BatchRow, Macro
from oms_web.domain.users.permissions import may
from oms_web.extensions import db
from oms_web.web import act_words, step_form
from oms_web.web.access import act, allowed
from oms_web.web.act_words import Choices
from oms_web.web.door import current_user, oms, reading, writing
from oms_web.web.failures import said as refusal
from oms_web.web.failures import words_of
from oms_web.web.forms import Form, choices
from oms_web.web.render import go, render
from oms_web.web.rules import tabs
from oms_web.web.toasts import say

screen = Blueprint("macros", __name__)

KEYS = ("", *"123456789", *"abcdefghijklmnopqrstuvwxyz")
PLACES = ("on_list", "on_card", "at_station")
# What an icon shows, for those who cannot see it.
ICONS: dict[str, Any] = {
    "wand": _l("a wand"), "bolt": _l("a bolt"), "tag": _l("a tag"), "gift": _l("a gift"),
    "hand-click": _l("a click"), "player-pause": _l("a pause"), "player-play": _l("an arrow"),
    "phone": _l("a telephone"), "mail": _l("a letter"), "note": _l("a note"),
    "truck": _l("a lorry"), "package": _l("a parcel"), "clipboard-check": _l("a checked list"),
    "ban": _l("a ban"), "clock": _l("a clock"), "heart-broken": _l("a broken heart"),
    "rocket": _l("a rocket"), "shield-check": _l("a shield"), "tool": _l("a tool"),
    "zoom-question": _l("a magnifying glass"),
}


class MacroForm(Form):
    """All of a macro but its acts."""

    name = StringField(_l("Name"))
    icon = RadioField(_l("Icon"), default=macros.ICONS[0], validate_choice=False)
    color = ColorField(_l("Colour"), default="#64748B")
    key = SelectField(lazy_pgettext("keyboard", "Key"), validate_choice=False)
    barcode = StringField(_l("Barcode"))
    on_list = BooleanField(_l("In the list of orders, for all that are ticked"), default=True)
    on_card = BooleanField(_l("On the order card"), default=True)
    at_station = BooleanField(_l("At the pack station, when its barcode is scanned"))

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.icon.choices = choices({one: ICONS[one] for one in macros.ICONS})
        self.key.choices = choices({one: keys_of(one) or gettext("none") for one in KEYS})


def keys_of(key: str | None) -> str:
    """What is pressed for a macro: a digit alone, a letter after v."""
    return "" if not key else key if key.isdigit() else f"v {key}"


def runnable(place: str) -> list[Macro]:
    """The macros of a place that this person may run there."""
    user = current_user()
    if user is None or not allowed("macros.run"):
        return []
    return [one for one in macros.every(db.session)
            if getattr(one, place) and _may(user.role, one)]


def _may(role: str, macro: Macro) -> bool:
    return all(may(role, right) for right in acts.rights(db.session, "macro", {"macro": macro.id}))


@screen.app_context_processor
def _shared() -> dict[str, Any]:
    return {"macros_of": runnable, "macro_keys": keys_of}


# Made and changed --------------------------------------------------------------------------------


@screen.get("/macros")
@act("rules.see")
def index() -> Response:
    """All macros."""
    choices = Choices(db.session)
    rows = [(one, act_words.all_of(one.steps, choices)) for one in macros.every(db.session)]
    return render("macros/list.html", rows=rows, tabs=tabs())


@screen.get("/macros/new")
@act("rules.manage")
def new() -> Response:
    """An empty macro."""
    return _page(None, MacroForm(formdata=None), [["tag", {}]])


@screen.get("/macros/<int:macro_id>")
@act("rules.see")
def show(macro_id: int) -> Response:
    """A macro, ready to be changed."""
    macro = macros.get(db.session, macro_id)
    return _page(macro, MacroForm(formdata=None, obj=macro), [list(one) for one in macro.steps])


def _page(macro: Macro | None, form: MacroForm, steps: list[list[Any]],
          problems: dict[str, str] | None = None, status: int = 200) -> Response:
    user = current_user()
    offered = [one for one in act_words.offered(user.role if user else "") if one.key != "macro"]
    return render(
        "macros/editor.html", "macros/_editor.html", macro=macro, form=form, acts=offered,
        steps=step_form.drawn("steps", steps, problems or {}, Choices(db.session)),
        act_words=act_words, step_url=url_for("macros.draft"), problems=problems or {},
        status=status)


@screen.post("/macros/draft")
@act("rules.manage")
def draft() -> Response:
    """Draw the editor anew with an act more or less. Nothing is kept."""
    steps = step_form.read(request.form, "steps")
    step_form.change(steps, "steps", request.form.get("do", ""), "tag")
    macro_id = key_in(request.form.get("macro", ""))
    macro = None if macro_id is None else macros.get(db.session, macro_id)
    return _page(macro, MacroForm(), steps)


@screen.post("/macros/new")
@act("rules.manage")
def create() -> Response:
    """Make a macro."""
    return _keep(None)


@screen.post("/macros/<int:macro_id>")
@act("rules.manage")
def change(macro_id: int) -> Response:
    """Keep what was changed."""
    return _keep(macros.get(db.session, macro_id))


def _keep(macro: Macro | None) -> Response:
    form, sent = MacroForm(), step_form.read(request.form, "steps")
    steps, problems = step_form.checked("steps", sent)
    valid = form.validate()
    try:
        if problems:
            raise InvalidForm({})
        if valid:
            with writing() as work:
                values = {**form.values(), "steps": steps}
                if macro is None:
                    macros.create(work, values)
                else:
                    macros.change(work, macro.id, values)
            say(gettext("Saved."))
            return go(url_for("macros.index"))
    except InvalidForm as error:
        refused = dict(error.problems)
        if wrong := refused.pop("steps", None):
            problems["steps"] = words_of(wrong)
        form.refuse(InvalidForm(refused))
    return _page(macro, form, sent, problems, 422)


@screen.post("/macros/<int:macro_id>/archive")
@act("rules.manage")
def archive(macro_id: int) -> Response:
    """Put a macro away."""
    with writing() as work:
        name = macros.get(work.session, macro_id).name
        macros.archive(work, macro_id)
    say(gettext("The macro %(name)s was put away.", name=name))
    return go(url_for("macros.index"))


# Pressed -----------------------------------------------------------------------------------------


@screen.post("/orders/<int:order_id>/macros/<int:macro_id>")
@act("macros.run")
def run(order_id: int, macro_id: int) -> Response:
    """Run a macro on one order, now; it can be taken back as a whole."""
    macro = macros.get(db.session, macro_id)
    user = current_user()
    if user is None or not macro.on_card or not _may(user.role, macro):
        raise Denied("Your role does not include this.")
    name = macro.name
    batch = _now(batches.start, "macro", {"macro": macro_id}, [order_id])
    if batch.refused:
        why = refusal(*batches.refusals(reading(), batch.id)[0][1])
        say(gettext("%(name)s was not done: %(why)s", name=name, why=why), "bad")
    elif batch.changed:
        say(gettext("%(name)s: done.", name=name), undo=url_for("macros.undo", batch_id=batch.id))
    else:
        say(gettext("%(name)s: it was so already.", name=name))
    return go(url_for("order_card.show", order_id=order_id))


@screen.post("/macros/undo/<int:batch_id>")
@act("macros.run")
def undo(batch_id: int) -> Response:
    """Take back what a macro did to one order."""
    batch = db.session.get(Batch, batch_id)
    user = current_user()
    if batch is None or user is None or batch.asked_id != user.id or batch.act != "macro":
        raise Denied("Your role does not include this.")
    back = _now(batches.undo, batch_id)
    refused = batches.refusals(reading(), back.id)
    if refused:
        say(refusal(*refused[0][1]), "bad")
    else:
        say(gettext("Taken back."))
    order_id = db.session.scalar(select(BatchRow.order_id).where(BatchRow.batch_id == back.id))
    return go(url_for("order_card.show", order_id=order_id))


def _now(ask: Any, *args: Any) -> Batch:
    """Ask for a change of one order and do it at once; a worker finds nothing left to do."""
    with writing() as work:
        batch_id = ask(work, *args).id
    db.session.rollback()
    batches.run(oms().works, batch_id, lambda done, total: None)
    db.session.rollback()
    return db.session.get_one(Batch, batch_id)
