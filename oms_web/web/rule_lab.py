"""The rule lab: a rule tried on the past before it may act, and why it does not act on an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext

from oms_web.automation import rehearsing
from oms_web.automation.facts import gather
from oms_web.automation.running import as_found
from oms_web.core.claims import Task, enqueue
from oms_web.core.errors import NotFound
from oms_web.domain.automation import conditions, rules
from oms_web.domain.automation.conditions import Leaf
from oms_web.domain.automation.fields import FIELDS, test_of
from oms_web.domain.automation.models import Rule
from oms_web.domain.automation.triggers import TIMED
from oms_web.extensions import db
from oms_web.web import act_words, asked, rule_form, rule_words, tasks
from oms_web.web import rules as editor
from oms_web.web.access import act
from oms_web.web.door import current_user, oms, reading, writing
from oms_web.web.failures import said as refusal
from oms_web.web.render import render
from oms_web.web.rule_words import Part, Values

screen = Blueprint("rule_lab", __name__)


@dataclass(frozen=True, slots=True)
class Tried:
    """An order that the rule would have acted on."""

    order_id: int
    changes: str
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a rehearsal came to, in words."""

    days: int
    timed: bool
    asked: int
    matched: int
    n: int
    cut: bool
    was: int | None
    added: int
    gone: int
    tried: list[Tried]
    refused: list[Tried]
    clashes: list[tuple[int, str, list[int]]]
    in_the_way: list[tuple[list[Part], int]]


@screen.post("/rules/lab")
@act("rules.manage")
def rehearse() -> Response:
    """Try what stands in the editor, kept or not, on the last days. Nothing is changed."""
    draft = rule_form.read(request.form)
    rule_id = asked.whole(request.form.get("rule"), "rule") or 0
    rule = rules.get(db.session, rule_id) if rule_id else None
    days = asked.whole(request.form.get("days"), "days") or rule_form.DAYS[1]
    days = days if days in rule_form.DAYS else rule_form.DAYS[1]
    named = draft.values["name"]
    draft.values["name"] = named or gettext("New rule")
    said = rule_form.check(draft, db.session, rule_id)
    draft.values["name"] = named
    draft.problems.pop("name", None)
    if draft.problems:
        return editor.page(rule, draft, 422)
    if rehearsing.is_little(db.session, said["trigger"], days, reading().now):
        db.session.rollback()
        found = rehearsing.run(oms().works, rule_id, said, days)
        return editor.page(rule, draft, told=told(found, said), chosen_days=days)
    user = current_user()
    with writing() as work:
        task_id = enqueue(
            work.session, rehearsing.TASK, f"{rule_id}:{user.id if user else 0}:{work.now}",
            {"rule_id": rule_id, "said": said, "days": days}, now=work.now,
            asked_by=user.id if user else None)
    return editor.page(rule, draft, task=_task(task_id or 0), chosen_days=days)


@screen.get("/rules/lab/<int:task_id>")
@act("rules.manage")
def result(task_id: int) -> Response:
    """How a long rehearsal goes, then what it came to."""
    task = _task(task_id)
    row = db.session.get(Task, task_id)
    found = (row.result or None) if row else None
    return render("rules/lab.html", "rules/_lab.html", task=task,
                  told=told(found, row.args["said"]) if row and found else None, rule=None)


def _task(task_id: int) -> Any:
    row = db.session.get(Task, task_id)
    user = current_user()
    if row is None or row.kind != rehearsing.TASK or user is None or row.asked_by != user.id:
        raise NotFound("There is no such task. Finished ones are forgotten after three days.")
    return tasks.shown(row)


def told(found: Mapping[str, Any], said: Mapping[str, Any]) -> Told:
    """What a rehearsal came to, in words."""
    values = Values(db.session)
    leaves = list(conditions.leaves(said["when"]))
    would = act_words.all_of(said["then"], values.acts)
    tried = [Tried(one["order_id"], _changes(one, said, values) or would,
                   refusal(*one["why"]) if one["why"] else "") for one in found["tried"]]
    return Told(
        found["days"], said["trigger"] in TIMED, found["asked"], found["matched"], found["n"],
        found["cut"], found.get("was"), found.get("added", 0), found.get("gone", 0),
        [one for one in tried if not one.why], [one for one in tried if one.why],
        [(one["rule_id"], one["name"], one["orders"]) for one in found["clashes"]],
        sorted(((rule_words.test_of(leaves[int(place)], values), n)
                for place, n in found["in_the_way"].items()), key=lambda pair: -pair[1]),
    )


def _changes(one: Mapping[str, Any], said: Mapping[str, Any], values: Values) -> str:
    """The acts that would have changed something."""
    steps = [step for step, done in zip(said["then"], one["steps"], strict=False)
             if done["changed"]]
    if one["steps"] and not steps:
        return gettext("nothing: it is so already")
    return act_words.all_of(steps, values.acts)


# Why not? ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """A test of a rule, whether an order passes it, and what the order has there."""

    parts: list[Part]
    passes: bool
    found: str


@screen.get("/rules/<int:rule_id>/why")
@act("rules.see")
def why(rule_id: int) -> Response:
    """Each test of a rule, asked about an order as it is now."""
    rule = rules.get(db.session, rule_id)
    order_id = asked.number("order")
    looks: list[Look] | None = None
    fits = False
    if order_id:
        known = gather(db.session, [order_id], reading().now)
        if order_id not in known:
            raise NotFound("There is no order %(number)s.", number=order_id)
        looks = _looks(rule, known[order_id])
        fits = conditions.compiled(rule.when)(known[order_id]) == conditions.MATCHED
    return render("rules/why.html", "rules/_why.html", rule=rule, order_id=order_id, looks=looks,
                  fits=fits)


def _looks(rule: Rule, facts: Mapping[str, Any]) -> list[Look]:
    values = Values(db.session)
    return [_look(leaf, facts, values) for leaf in conditions.leaves(rule.when)]


def _look(leaf: Leaf, facts: Mapping[str, Any], values: Values) -> Look:
    passes = test_of(FIELDS[leaf.field], leaf.test, leaf.value)(facts)
    return Look(rule_words.test_of(leaf, values), passes,
                values.said(leaf.field, as_found(facts[leaf.field])))
