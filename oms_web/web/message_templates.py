"""Templates of messages: words in two languages, for all channels or for one, tried on an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField

from oms_web.core.errors import Invalid, NotFound, OmsError
from oms_web.core.text import key_in
from oms_web.domain.channels.service import get_account
from oms_web.domain.messages import placeholders, segments, starters, templates, wording
from oms_web.domain.messages.models import MessageTemplate
from oms_web.domain.messages.wording import SMS, Words
from oms_web.domain.orders import queries as orders
from oms_web.domain.returns import queries as cases
from oms_web.domain.returns.models import Return
from oms_web.extensions import db
from oms_web.flows import order_message
from oms_web.flows.order_message import Draft
from oms_web.web import message_words
from oms_web.web.access import act
from oms_web.web.door import reading, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form, choices
from oms_web.web.messages import tabs_at
from oms_web.web.render import go, render
from oms_web.web.shell import frame
from oms_web.web.toasts import say

screen = Blueprint("message_templates", __name__)


class TemplateForm(Form):
    """A template, or a channel's own words of one."""

    kind = HiddenField()
    name = StringField(_l("Name"))
    subject_pl = StringField(_l("Subject"))
    text_pl = TextAreaField(_l("Text"))
    subject_en = StringField(_l("Subject"))
    text_en = TextAreaField(_l("Text"))
    plain = BooleanField(_l("Without diacritics"))
    attach = BooleanField(_l("Attach the newest document of the order"))
    through_channel = BooleanField(_l("Through the channel, where it takes messages"))
    moment = SelectField(_l("What it is about"), choices=choices(message_words.MOMENTS), default="")
    by_itself = BooleanField(_l("Send it by itself when a case takes this turn"))


@dataclass(frozen=True, slots=True)
class Tried:
    """Words as they look for an order. ``is_usual``: in this order's language."""

    language: str
    draft: Draft
    size: segments.Size
    foreign: str
    is_usual: bool


@screen.get("/messages/templates")
@act("messages.see")
def index() -> Response:
    """All templates."""
    return render("messages/templates.html", rows=templates.every(db.session),
                  words=message_words, tabs=tabs_at("message_templates.index"),
                  starters=starters.STARTERS)


@screen.get("/messages/templates/new")
@act("messages.manage")
def new() -> Response:
    """The form of a new template, empty or with words to start from."""
    kind = request.args.get("kind", "")
    kind = kind if kind in templates.KINDS else wording.EMAIL
    start = starters.STARTERS.get(request.args.get("start", ""))
    values: Mapping[str, Any] = start.values() if start is not None else {"kind": kind}
    return _page(TemplateForm(formdata=None, **values), str(values["kind"]))


@screen.post("/messages/templates/new")
@act("messages.manage")
def create() -> Response:
    """Make a template."""
    form = TemplateForm()
    if form.validate():
        try:
            with writing() as work:
                templates.create(work, form.values())
            say(gettext("Saved."))
            return go(url_for("message_templates.index"))
        except OmsError as error:
            form.refuse(error)
    return _page(form, form.kind.data or wording.EMAIL, status=422)


@screen.get("/messages/templates/<int:template_id>")
@act("messages.see")
def show(template_id: int) -> Response:
    """A template, ready to be changed."""
    row = templates.get(db.session, template_id)
    return _page(TemplateForm(formdata=None, obj=row), row.kind, row)


@screen.post("/messages/templates/<int:template_id>")
@act("messages.manage")
def change(template_id: int) -> Response:
    """Keep what was changed."""
    form = TemplateForm()
    row = templates.get(db.session, template_id)
    if form.validate():
        try:
            with writing() as work:
                changed = templates.change(work, template_id, form.values())
            say(gettext("Saved.") if changed else gettext("Nothing was changed."))
            return go(url_for("message_templates.show", template_id=template_id))
        except OmsError as error:
            form.refuse(error)
    return _page(form, row.kind, row, status=422)


@screen.post("/messages/templates/<int:template_id>/archive")
@act("messages.manage")
def archive(template_id: int) -> Response:
    """Put a template away."""
    with writing() as work:
        name = templates.get(work.session, template_id).name
        templates.archive(work, template_id)
    say(gettext("The template %(name)s was put away.", name=name))
    return go(url_for("message_templates.index"))


# Words of a channel ------------------------------------------------------------------------------


@screen.get("/messages/templates/<int:template_id>/channels/<int:account_id>")
@act("messages.manage")
def variant(template_id: int, account_id: int) -> Response:
    """A channel's own words; the usual ones where it has none yet."""
    row = templates.get(db.session, template_id)
    found = templates.variant(db.session, template_id, account_id)
    return _page(TemplateForm(formdata=None, obj=found or row, kind=row.kind), row.kind, row,
                 account_id)


@screen.post("/messages/templates/<int:template_id>/channels/<int:account_id>")
@act("messages.manage")
def set_variant(template_id: int, account_id: int) -> Response:
    """Keep a channel's own words."""
    form = TemplateForm()
    row = templates.get(db.session, template_id)
    if form.validate():
        try:
            with writing() as work:
                templates.set_variant(work, template_id, account_id, form.values())
            say(gettext("Saved."))
            return go(url_for("message_templates.show", template_id=template_id))
        except OmsError as error:
            form.refuse(error)
    return _page(form, row.kind, row, account_id, status=422)


@screen.post("/messages/templates/<int:template_id>/channels/<int:account_id>/drop")
@act("messages.manage")
def drop_variant(template_id: int, account_id: int) -> Response:
    """Give a channel the usual words again."""
    with writing() as work:
        templates.drop_variant(work, template_id, account_id)
    say(gettext("This channel has the usual words again."))
    return go(url_for("message_templates.show", template_id=template_id))


# Tried on an order -------------------------------------------------------------------------------


@screen.post("/messages/templates/preview")
@act("messages.manage")
def preview() -> Response:
    """Show what was typed on an order; nothing is kept. Its part is the preview alone."""
    form = TemplateForm()
    kind = form.kind.data if form.kind.data in templates.KINDS else wording.EMAIL
    number = key_in(request.form.get("template", ""))
    row = None if number is None else templates.get(db.session, number)
    return _page(form, kind, row, key_in(request.form.get("account", "")))


def _page(form: TemplateForm, kind: str, row: MessageTemplate | None = None,
          account_id: int | None = None, status: int = 200) -> Response:
    tried, order_id, refused = _try(form, kind)
    own = templates.variants(db.session, row.id) if row is not None else []
    spoken_for = {variant.account_id for variant, _ in own}
    return render(
        "messages/editor.html", "messages/_preview.html", form=form, kind=kind, row=row,
        account=get_account(db.session, account_id) if account_id else None,
        has_own=account_id in spoken_for, variants=own, tried=tried, order_id=order_id,
        refused=refused, words=message_words, fields=placeholders.FIELDS, is_sms=kind == SMS,
        channels=[one for one in frame().sellers.values()
                  if one.id not in spoken_for and one.archived_at is None],
        most_parts=segments.MOST_PARTS, status=status)


def _try(form: TemplateForm, kind: str) -> tuple[list[Tried], int | None, str]:
    """The words on the order or case that was named, else on the newest; nothing if there is none.
    """
    typed = request.form.get("order", "") or request.args.get("order", "")
    typed = typed.strip().lstrip("#")
    order_id = int(typed) if typed.isdigit() and len(typed) < 15 else 0
    case = cases.to_try_on(db.session, typed) if form.moment.data else None
    if case is not None and case.order_id is not None:
        order_id = case.order_id
    order_id = order_id or orders.last_number(db.session)
    if not order_id:
        return [], None, ""
    said = Words((form.subject_pl.data or "", form.text_pl.data or ""),
                 (form.subject_en.data or "", form.text_en.data or ""))
    try:
        found = []
        for language in wording.LANGUAGES:
            subject, text = said.in_(language)
            placeholders.check(subject, f"subject_{language}")
            placeholders.check(text, f"text_{language}")
            if text.strip():
                found.append(_one(order_id, kind, (subject, text), language,
                                  bool(form.plain.data), case))
        return found, order_id, ""
    except NotFound as error:
        return [], None, words_of(error)
    except Invalid as error:
        return [], order_id, words_of(error)


def _one(order_id: int, kind: str, words: tuple[str, str], language: str, plain: bool,
         case: Return | None) -> Tried:
    draft, usual = order_message.try_words(reading(), order_id, kind, words, language, plain, case)
    text = draft.rendered.text
    return Tried(language, draft, segments.measure(text), segments.foreign(text),
                 language == usual)


