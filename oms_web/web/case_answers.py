"""The answer to a complaint on its case: the form, and what of it may still be said."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from oms_web.domain.messages import case_letters, wording
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import clocks, kinds, standings
from oms_web.domain.returns.answering import Answer
from oms_web.domain.returns.models import CaseClock, Return
from oms_web.flows import return_case
from oms_web.web import case_words
from oms_web.web.door import reading
from oms_web.web.forms import Form, Needed, choices
from oms_web.web.order_form import typed_amount
from oms_web.web.return_money import typed_minor

UNSAID = "-"
"""Nothing is chosen yet. Nothing is proposed either: an acceptance cannot be taken back."""


class AnswerForm(Form):
    """The answer to a complaint."""

    outcome = SelectField(_l("What is done"), choices=choices(
        {UNSAID: _l("choose"), **case_words.OUTCOMES}))
    lowered = StringField(_l("The price is lowered by"))
    text = TextAreaField(_l("What the buyer is answered"), [Needed()])
    dispute = TextAreaField(_l("Out-of-court settlement of the dispute"))
    given = DateField(_l("Answered already, on"), [Optional()])


@dataclass(frozen=True, slots=True)
class Asking:
    """The form as a card shows it. ``before``: the last answer; ``most``: what was paid for the
    goods, minor units; ``late``: silence has accepted the complaint; ``silent``: it would;
    ``consumer``: a refusal says what is with a settlement out of court (Poland).
    """

    form: AnswerForm
    before: Answer | None
    most: int | None
    late: bool
    silent: bool
    consumer: bool = False


def asking(case: Return, order: Order | None, terms: list[CaseClock], form: AnswerForm | None
           ) -> Asking | None:
    """What the card of a complaint asks; None on the card of another case."""
    if case.kind != kinds.COMPLAINT:
        return None
    work = reading()
    before = return_case.last_answer(case)
    late = before is None and return_case.is_late(work, case, order, work.now)
    country = order.country if order else "PL"
    language = wording.language_of(country)
    consumer = country in ("", "PL") and not (order and order.tax_id)
    made = form or AnswerForm(formdata=None, data={
        "outcome": before.outcome if before else UNSAID, "text": case.answer,
        "dispute": "" if before and not before.accepts else case_letters.dispute(language),
        "lowered": typed_amount(case.lowered, case.currency) if case.lowered else ""})
    if before is not None:
        made.outcome.choices = choices({
            name: words for name, words in case_words.OUTCOMES.items()
            if name or not before.accepts})
    silent = any(one.rule in clocks.SILENCE_ACCEPTS and one.stopped_at is None for one in terms)
    return Asking(made, before, standings.worth(work.session, case), late, silent, consumer)


def said(form: AnswerForm, case: Return) -> Answer:
    """What was typed.

    Raises:
        Invalid: no amount, or finer than the smallest coin.
    """
    outcome = form.outcome.data or ""
    lowered = typed_minor(form.lowered.data, case.currency, "lowered") \
        if outcome == kinds.REDUCE else None
    text, dispute = (form.text.data or "").strip(), (form.dispute.data or "").strip()
    if text and not outcome and dispute and dispute not in text:
        text = f"{text}\n\n{dispute}"
    return Answer(outcome, text, lowered)
