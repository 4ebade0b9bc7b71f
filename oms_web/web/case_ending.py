"""What is asked where a case is ended, and whose words stand on its card."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField
from wtforms.validators import Optional

from oms_web.core.clock import local_day
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import kinds
from oms_web.domain.returns.models import Return, ReturnLine, Statement
from oms_web.extensions import db
from oms_web.flows import return_case
from oms_web.web import case_words
from oms_web.web.door import oms
from oms_web.web.forms import Form, choices


class NoteForm(Form):
    """What is said where a case is ended: why, who takes it back and when, the ground."""

    note = StringField(_l("Why"))
    by = SelectField(_l("Who takes it back"), validate_choice=False)
    day = DateField(_l("Taken back on"), [Optional()])
    ground = SelectField(_l("Ground of the law"), validate_choice=False)
    rest = StringField(_l("What is known about the rest"))


def asking(case: Return, order: Order | None, form: NoteForm | None) -> NoteForm:
    """The words a case is ended with; a withdrawal has the grounds that may fit it."""
    made = form or NoteForm(formdata=None, day=local_day(oms().works.clock()))
    may = return_case.may_call_off(db.session, case)
    made.by.choices = choices({**({} if len(may) == 1 else {"": _l("choose")}),
                               **{one: case_words.TAKEN_BACK[one] for one in may}})
    if case.kind == kinds.WITHDRAWAL:
        found, usual = return_case.grounds(db.session, case, order)
        made.ground.choices = choices({"": _l("choose")} | {
            one: case_words.GROUNDS[one] for one in found})
        if form is None:
            made.ground.data = usual
    return made


def own_words(case: Return, lines: Sequence[ReturnLine], stated: Sequence[Statement]) -> str:
    """What the buyer wrote: not the list of goods that a statement of withdrawal begins with."""
    listed = lines and any(one.content.get("effect") == "new" for one in stated)
    return "" if listed else case.story
