"""Rules: the list in the order in which they are asked, and the editor of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext

from oms_web.automation import explaining
from oms_web.core.errors import InvalidForm
from oms_web.core.text import key_in
from oms_web.domain.automation import rules
from oms_web.domain.automation.fields import FIELDS
from oms_web.domain.automation.models import Rule, RuleRun
from oms_web.domain.automation.triggers import TIMED
from oms_web.extensions import db
from oms_web.web import act_words, rule_form, rule_words
from oms_web.web.access import act
from oms_web.web.door import current_user, reading, writing
from oms_web.web.failures import said as refusal
from oms_web.web.render import go, render
from oms_web.web.rule_form import Draft
from oms_web.web.rule_words import Part, Values
from oms_web.web.toasts import say

screen = Blueprint("rules", __name__)


def tabs() -> list[dict[str, Any]]:
    """Rules and macros side by side."""
    return [{"href": url_for(endpoint), "text": text, "on": request.endpoint == endpoint}
            for endpoint, text in (("rules.index", gettext("Rules")),
                                   ("macros.index", gettext("Macros")))]


@dataclass(frozen=True, slots=True)
class Row:
    """A rule of the list. ``marks``: what deserves a look, each with a tone."""

    rule: Rule
    sentence: list[Part]
    state: str
    tone: str
    done: int
    failed: int
    marks: list[tuple[str, str]]


@screen.get("/rules")
@act("rules.see")
def index() -> Response:
    """All rules, in the order in which they are asked."""
    now = reading().now
    counts = explaining.counts(db.session, now)
    idle = explaining.never_fire(db.session, now)
    clashes = explaining.clashes(db.session, now)
    every = rules.all_rules(db.session)
    names = {rule.id: rule.name for rule in every}
    values = Values(db.session)
    rows = [Row(rule, rule_words.sentence(rule, values), *_state(rule),
                _ran(counts.get(rule.id, {})), counts.get(rule.id, {}).get("failed", 0),
                _marks(rule, idle, clashes, names)) for rule in every]
    return render("rules/list.html", rows=rows, tabs=tabs(), states=rule_words.STATES)


def _state(rule: Rule) -> tuple[str, str]:
    words, tone = rule_words.STATES[rule.state]
    return str(words), tone


def _ran(counts: Mapping[str, int]) -> int:
    return sum(n for outcome, n in counts.items() if outcome != "failed")


def _marks(rule: Rule, idle: set[int], clashes: Mapping[int, list[tuple[int, int]]],
           names: Mapping[int, str]) -> list[tuple[str, str]]:
    marks = []
    if rule.state == rules.STOPPED:
        marks.append((gettext("It went in circles") if rule.stopped_why == "loop"
                      else gettext("It did too much"), "bad"))
    if rule.id in idle:
        marks.append((gettext("Has never acted in 30 days"), "warn"))
    marks += [(ngettext("Against %(name)s on %(num)s order",
                        "Against %(name)s on %(num)s orders", n, name=names.get(other, "")), "warn")
              for other, n in clashes.get(rule.id, [])]
    return marks


# The editor --------------------------------------------------------------------------------------


@screen.get("/rules/new")
@act("rules.manage")
def new() -> Response:
    """An empty rule."""
    return page(None, rule_form.empty())


@screen.get("/rules/<int:rule_id>")
@act("rules.see")
def show(rule_id: int) -> Response:
    """A rule, ready to be changed."""
    rule = rules.get(db.session, rule_id)
    return page(rule, rule_form.of_rule(rule))


def page(rule: Rule | None, draft: Draft, status: int = 200, **lab: Any) -> Response:
    """The editor with a draft in it; ``lab`` is what a rehearsal came to."""
    values = Values(db.session)
    rule_form.number(draft.root, "0")
    said = draft.said
    user = current_user()
    return render(
        "rules/editor.html", "rules/_editor.html", rule=rule, draft=draft, said=draft.values,
        root=rule_form.place(draft.root, draft.problems, values),
        sentence=rule_words.sentence(_readable(said), values), problems=draft.problems,
        then=draft.views("then", values), otherwise=draft.views("otherwise", values),
        groups=_groups(), triggers=rule_words.triggers(),
        unit=TIMED[said["trigger"]].unit if said["trigger"] in TIMED else "",
        units=rule_words.UNITS, acts=act_words.offered(user.role if user else ""),
        act_words=act_words, values=values, states=rule_words.STATES, stopped=rule_words.STOPPED,
        days=rule_form.DAYS, status=status, runs=_latest(rule), outcomes=rule_words.OUTCOMES,
        refusal=refusal, **{"told": None, "task": None, "chosen_days": rule_form.DAYS[1], **lab},
    )


def _readable(said: Mapping[str, Any]) -> dict[str, Any]:
    """A draft as far as it can be said: tests without a value and acts without a name are not."""
    return {**said, "when": _whole(said["when"]),
            "then": [step for step in said["then"] if step[0] in act_words.ACTS]}


def _whole(tree: Mapping[str, Any]) -> dict[str, Any]:
    if "field" in tree:
        return dict(tree)
    if "not" in tree:
        return {"not": _whole(tree["not"])}
    name = "all" if "all" in tree else "any"
    return {name: [_whole(one) for one in tree[name]
                   if "field" not in one or one.get("value", "-") not in ("", [])]}


def _groups() -> list[tuple[str, dict[str, str]]]:
    """The fields of conditions, under their headings."""
    found: dict[str, dict[str, str]] = {}
    for one in FIELDS.values():
        found.setdefault(gettext(one.group), {})[one.name] = gettext(one.label)
    return list(found.items())


def _latest(rule: Rule | None) -> list[RuleRun]:
    return explaining.runs(db.session, rule.id, limit=8) if rule else []


@screen.post("/rules/draft")
@act("rules.manage")
def draft() -> Response:
    """Draw the editor anew with a test or an act more or less. Nothing is kept."""
    said = rule_form.read(request.form)
    rule_form.change(said, request.form.get("do", ""))
    return page(_edited(), said)


def _edited() -> Rule | None:
    rule_id = key_in(request.form.get("rule", ""))
    return None if rule_id is None else rules.get(db.session, rule_id)


@screen.post("/rules/new")
@act("rules.manage")
def create() -> Response:
    """Keep a new rule: off, watching, or on."""
    return _keep(None)


@screen.post("/rules/<int:rule_id>")
@act("rules.manage")
def change(rule_id: int) -> Response:
    """Keep what was changed: a new version."""
    return _keep(rules.get(db.session, rule_id))


def _keep(rule: Rule | None) -> Response:
    said = rule_form.read(request.form)
    wanted = rule_form.check(said, db.session, rule.id if rule else 0)
    state = request.form.get("state", "")
    if said.problems:
        return page(rule, said, 422)
    try:
        with writing() as work:
            kept_id = rule.id if rule else rules.create(work, wanted).id
            if rule:
                rules.change(work, kept_id, wanted)
            if state:
                rules.switch(work, kept_id, state)
    except InvalidForm as error:  # somebody took the name a moment ago
        rule_form.refuse(said, error)
        return page(rule, said, 422)
    say({"on": gettext("Kept and switched on."),
         "shadow": gettext("Kept. It watches now and changes nothing.")}.get(
             state, gettext("Saved.")))
    return go(url_for("rules.show", rule_id=kept_id))


# One rule among the others -----------------------------------------------------------------------


@screen.post("/rules/<int:rule_id>/switch")
@act("rules.manage")
def switch(rule_id: int) -> Response:
    """On, only watching, or off."""
    state = request.form.get("state", "")
    with writing() as work:
        name = rules.get(work.session, rule_id).name
        rules.switch(work, rule_id, state)
    say({"on": gettext("%(name)s is on.", name=name),
         "shadow": gettext("%(name)s watches and changes nothing.", name=name),
         "off": gettext("%(name)s is off.", name=name)}[state])
    back = url_for("rules.index") if request.form.get("back") == "list" else \
        url_for("rules.show", rule_id=rule_id)
    return go(back)


@screen.post("/rules/<int:rule_id>/move/<any(up, down):way>")
@act("rules.manage")
def move(rule_id: int, way: str) -> Response:
    """Ask it earlier or later than its neighbour."""
    with writing() as work:
        rules.move(work, rule_id, -1 if way == "up" else 1)
    return go(url_for("rules.index") + f"#rule-{rule_id}")


@screen.post("/rules/<int:rule_id>/archive")
@act("rules.manage")
def archive(rule_id: int) -> Response:
    """Put a rule away; what it did stays explained."""
    with writing() as work:
        name = rules.get(work.session, rule_id).name
        rules.archive(work, rule_id)
    say(gettext("The rule %(name)s was put away.", name=name))
    return go(url_for("rules.index"))
