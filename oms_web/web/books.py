"""The books of accounting programs beside documents: who takes them, what is in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, SelectField
from wtforms.fields.choices import SelectChoice

from oms_web.core.clock import local_day
from oms_web.core.work import Work
from oms_web.domain.accounting import entries, entry_queries, entry_states
from oms_web.domain.accounting.models import BookEntry
from oms_web.extensions import db
from oms_web.sync import bookkeeping
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.forms import Form, NeededNumber
from oms_web.web.render import go
from oms_web.web.toasts import say

screen = Blueprint("books", __name__)

MOST_SHOWN = 50
STATES: dict[str, Any] = {
    entry_states.READY: _l("not entered yet"), entry_states.SENDING: _l("being entered"),
    entry_states.UNKNOWN: _l("nobody knows yet"), entry_states.ENTERED: _l("in the books"),
    entry_states.REFUSED: _l("not taken"), entry_states.LEFT_OUT: _l("by hand"),
}
TONES = {entry_states.READY: "warn", entry_states.SENDING: "warn", entry_states.UNKNOWN: "bad",
         entry_states.ENTERED: "ok", entry_states.REFUSED: "bad"}


class BooksForm(Form):
    """Which account takes documents from which day."""

    account = SelectField(_l("Accounting program"), coerce=int)
    since = DateField(_l("Documents issued since"), [NeededNumber()])
    proformas = BooleanField(_l("Pro formas too"))


def section(form: BooksForm | None = None) -> dict[str, Any]:
    """What the accounting screen says of the books."""
    work = reading()
    programs = bookkeeping.programs(work, oms().registry)
    return {
        "books": entry_queries.chosen(db.session), "programs": programs,
        "waiting": entry_queries.waiting(db.session, MOST_SHOWN), "states": STATES,
        "tones": TONES, "most": MOST_SHOWN, "form": form or books_form(
            formdata=None, since=local_day(work.now)),
    }


def books_form(**values: Any) -> BooksForm:
    """The form with the accounts that there are."""
    form = BooksForm(**values)
    form.account.choices = [SelectChoice(one.id, one.name) for one in
                            bookkeeping.programs(reading(), oms().registry)]
    return form


@screen.post("/documents/books/<int:account_id>/stop")
@act("documents.design")
def stop(account_id: int) -> Response:
    """Let an account take no documents any more."""
    with writing() as work:
        entries.stop(work, account_id)
    say(gettext("No more documents go into these books."))
    return go(_accounting())


@screen.post("/documents/books/entries/<int:entry_id>/again")
@act("documents.issue")
def again(entry_id: int) -> Response:
    """Try to enter a document now."""
    return _act(entries.again, entry_id, gettext("It is entered now."))


@screen.post("/documents/books/entries/<int:entry_id>/leave")
@act("documents.issue")
def leave(entry_id: int) -> Response:
    """A document was entered by hand, or is not wanted there."""
    return _act(entries.leave, entry_id, gettext("It is left to you."))


@screen.post("/documents/books/again")
@act("documents.issue")
def again_all() -> Response:
    """Try everything again that was not taken."""
    with writing() as work:
        found = entry_queries.refused(work.session)
        for entry_id in found:
            entries.again(work, entry_id)
    say(ngettext("%(num)s document is tried again.", "%(num)s documents are tried again.",
                 len(found)))
    bookkeeping.ring(oms().works)
    return go(_accounting())


def _act(do: Callable[[Work, int], BookEntry], entry_id: int, said: str) -> Response:
    with writing() as work:
        document_id = do(work, entry_id).document_id
    say(said)
    bookkeeping.ring(oms().works)
    at_document = request.form.get("at") == "document"
    return go(url_for("documents.show", document_id=document_id) if at_document
              else _accounting())


def _accounting() -> str:
    return url_for("accounting.index", _anchor="books")
