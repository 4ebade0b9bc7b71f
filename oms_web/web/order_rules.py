"""The order card's part about rules: which ran, what they did, and why the others did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from oms_web.automation import explaining
from oms_web.automation.explaining import Answer
from oms_web.domain.automation.conditions import Leaf
from oms_web.domain.automation.fields import FIELDS, LISTS, NO_VALUE
from oms_web.web import act_words, acts, rule_words
from oms_web.web.failures import said as refusal
from oms_web.web.rule_words import Values


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule did, or why it did nothing. ``run_id``: what can be taken back."""

    rule_id: int
    name: str
    text: str
    badge: str
    tone: str
    run_id: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, and what each rule said to it."""

    text: str
    at: datetime
    ran: list[Said]
    silent: list[Said]


def of_order(session: Session, order_id: int) -> list[Event]:
    """The latest events that rules were asked about, the newest first."""
    asked = explaining.explain(session, order_id)
    if not asked:
        return []
    values = Values(session)
    return [_event(one, values) for one in asked]


def _event(one: explaining.Asked, values: Values) -> Event:
    said = [(answer.outcome, _said(answer, values)) for answer in one.answers]
    quiet = ("missed", "behind")
    return Event(
        gettext("The clock") if one.act == "clock" else acts.said(one.act), one.at,
        [view for outcome, view in said if outcome not in quiet],
        [view for outcome, view in said if outcome in quiet])


def _said(answer: Answer, values: Values) -> Said:
    if answer.outcome == "missed":
        text = _missed(answer.leaf, answer.found, values)
        return Said(answer.rule_id, answer.name, text, "", "")
    if answer.outcome == "behind":
        return Said(answer.rule_id, answer.name,
                    gettext("it fitted, and a rule before it had ended the asking"), "", "")
    badge, tone = rule_words.OUTCOMES.get(answer.outcome, (answer.outcome, ""))
    text = refusal(*answer.why) if answer.why else ", ".join(
        act_words.name(step["act"]) for step in answer.steps if step["changed"])
    return Said(answer.rule_id, answer.name, text, str(badge), tone,
                answer.run_id if answer.undoable else 0)


def _missed(leaf: Leaf | None, found: Any, values: Values) -> str:
    """``country is PL, not DE or AT``: what the order had, and what the rule wants."""
    if leaf is None:
        return gettext("a condition did not fit")
    name = rule_words.label(leaf.field)
    has = values.said(leaf.field, found)
    if leaf.test in NO_VALUE or FIELDS[leaf.field].kind == "flag":
        wants = rule_words.text_of(rule_words.test_of(leaf, values))
        return gettext("%(name)s: %(has)s; the rule wants: %(wants)s", name=name, has=has,
                       wants=wants)
    if leaf.test == "in":
        glue = gettext("or")
        wanted = f" {glue} ".join(values.said(leaf.field, one) for one in leaf.value)
        return gettext("%(name)s is %(has)s, not %(wanted)s", name=name, has=has, wanted=wanted)
    wants = rule_words.text_of(rule_words.test_of(leaf, values)[1:])
    return gettext("%(name)s: %(has)s; the rule wants: %(wants)s", name=name, has=has,
                   wants=wants) if leaf.test in LISTS or found is not None else \
        gettext("%(name)s is not known", name=name)
