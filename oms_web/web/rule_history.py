"""What a rule said at each version and who changed it, what it did, and taking a run back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext

from oms_web.automation import explaining, running
from oms_web.domain.automation import rules
from oms_web.extensions import db
from oms_web.web import act_words, asked, rule_words
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.failures import said as refusal
from oms_web.web.render import go, render
from oms_web.web.rule_words import Part, Values
from oms_web.web.toasts import say

screen = Blueprint("rule_history", __name__)

PAGE = 50


@dataclass(frozen=True, slots=True)
class Version:
    """A version: when, by whom, what it said, and what differs from the one before."""

    number: int
    at: datetime
    by: str
    sentence: list[Part]
    changed: list[tuple[str, str, str]]


@screen.get("/rules/<int:rule_id>/versions")
@act("rules.see")
def versions(rule_id: int) -> Response:
    """All versions of a rule, the latest first."""
    rule = rules.get(db.session, rule_id)
    values = Values(db.session)
    rows, before = [], None
    for row in rules.versions(db.session, rule_id):
        rows.append(Version(row.version, row.at, row.by, rule_words.sentence(row.said, values),
                            _differences(before, row.said, values)))
        before = row.said
    return render("rules/versions.html", rule=rule, rows=rows[::-1])


def _differences(before: Any, after: Any, values: Values) -> list[tuple[str, str, str]]:
    if before is None:
        return []
    return [(str(rule_words.SAID[name]), _said(name, before[name], values),
             _said(name, after[name], values))
            for name in rules.SAID if before[name] != after[name]]


def _said(name: str, value: Any, values: Values) -> str:
    if name == "trigger":
        return str(rule_words.WHEN.get(value, value)) % {"every": "…"}
    if name == "when":
        return rule_words.text_of(rule_words.conditions(value, values)) or str(rule_words.ALWAYS)
    if name in ("then", "otherwise"):
        return act_words.all_of(value, values.acts) or gettext("nothing")
    if name == "ends":
        return gettext("are not asked") if value else gettext("are asked")
    if name == "on_failure":
        return gettext("go on") if value == "go_on" else gettext("stop")
    return "" if value is None else str(value)


@screen.get("/rules/<int:rule_id>/runs")
@act("rules.see")
def runs(rule_id: int) -> Response:
    """What a rule did, order by order."""
    rule = rules.get(db.session, rule_id)
    outcome = asked.text("outcome")
    outcome = outcome if outcome in rule_words.OUTCOMES else ""
    found = explaining.runs(db.session, rule_id, outcome=outcome, before=asked.number("before"),
                            limit=PAGE + 1)
    more = url_for(".runs", rule_id=rule_id, outcome=outcome or None, before=found[PAGE - 1].id) \
        if len(found) > PAGE else None
    return render("rules/runs.html", "rules/_runs.html", rule=rule, runs=found[:PAGE], more=more,
                  outcome=outcome, outcomes=rule_words.OUTCOMES, refusal=refusal,
                  act_words=act_words)


@screen.post("/rules/runs/<int:run_id>/undo")
@act("orders.edit")
def undo(run_id: int) -> Response:
    """Take back what a rule did to an order."""
    with writing() as work:
        order_id = running.undo(work, run_id)
    say(gettext("What the rule did was taken back."))
    back = request.form.get("back", "")
    return go(back if back.startswith("/rules/") else
              url_for("order_card.show", order_id=order_id) + "#rules")
