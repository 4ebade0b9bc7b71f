"""Rules: written, changed into a new version, switched, put in order. What they do is not here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from oms_web.core.db import rows_changed
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.automation import conditions
from oms_web.domain.automation.models import Rule, RuleVersion
from oms_web.domain.automation.triggers import TIMED, TRIGGERS

OFF, SHADOW, ON, STOPPED = "off", "shadow", "on", "stopped"
SWITCHES = (OFF, SHADOW, ON)
SAID = ("trigger", "every", "when", "then", "otherwise", "on_failure", "ends", "most_per_hour")
"""What makes a version; name and place may change without one."""
MOST_NAME, MOST_STEPS, MOST_PER_HOUR = 80, 20, 100_000


def get(session: Session, rule_id: int) -> Rule:
    """A rule.

    Raises:
        NotFound: there is none.
    """
    rule = session.get(Rule, rule_id)
    if rule is None or rule.archived_at is not None:
        raise NotFound("There is no such rule.")
    return rule


def all_rules(session: Session) -> Sequence[Rule]:
    """The rules in the order in which they are asked."""
    return session.scalars(
        select(Rule).where(Rule.archived_at.is_(None)).order_by(Rule.position, Rule.id)).all()


def listening(session: Session) -> list[Rule]:
    """The rules that are asked now."""
    return [rule for rule in all_rules(session) if rule.state in (ON, SHADOW)]


def create(work: Work, values: Mapping[str, Any]) -> Rule:
    """Write a rule, switched off, after all others. Its acts were checked (``automation/acts``).

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    said = check(work.session, values, 0)
    last = work.session.scalar(select(func.max(Rule.position))) or 0
    rule = Rule(position=last + 1, created_at=work.now, changed_at=work.now, version=1, **said)
    work.session.add(rule)
    work.session.flush()
    _remember(work, rule)
    audit.record(work, "rules.create", "rule", rule.id, {"name": [None, rule.name]})
    return rule


def change(work: Work, rule_id: int, values: Mapping[str, Any]) -> bool:
    """Say a rule otherwise: a new version, unless only its name differs; False if nothing does.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    rule = get(work.session, rule_id)
    said = check(work.session, values, rule_id)
    changes = audit.changes({name: getattr(rule, name) for name in said}, said)
    if not changes:
        return False
    for name in changes:
        setattr(rule, name, said[name])
    rule.changed_at = work.now
    if set(changes) & set(SAID):
        rule.version += 1
        _remember(work, rule)
    audit.record(work, "rules.change", "rule", rule_id, {
        "version": [None, rule.version],
        **{name: change for name, change in changes.items() if name == "name"}})
    return True


def switch(work: Work, rule_id: int, state: str) -> None:
    """Turn a rule on, off, or let it only watch.

    Raises:
        Invalid: there is no such state.
    """
    rule = get(work.session, rule_id)
    if state not in SWITCHES:
        raise Invalid("Choose on, off or shadow.", "state")
    if rule.state == state:
        return
    audit.record(work, "rules.switch", "rule", rule_id, {"state": [rule.state, state]})
    rule.state, rule.stopped_why, rule.switched_at = state, "", work.now


def stop(work: Work, rule_id: int, why: str) -> bool:
    """Stop a rule that does too much; False when it was stopped or off already."""
    stopped = rows_changed(
        work.session, update(Rule).where(Rule.id == rule_id, Rule.state == ON)
        .values(state=STOPPED, stopped_why=why, switched_at=work.now))
    if stopped:
        audit.record(work, "rules.stopped", "rule", rule_id, {"state": [ON, STOPPED]}, note=why)
    return bool(stopped)


def move(work: Work, rule_id: int, step: int) -> None:
    """Let a rule be asked before (-1) or after (+1) its neighbour."""
    rule = get(work.session, rule_id)
    row = list(all_rules(work.session))
    at = row.index(rule)
    if not 0 <= at + step < len(row):
        return
    row[at], row[at + step] = row[at + step], row[at]
    for position, one in enumerate(row, 1):
        one.position = position
    audit.record(work, "rules.move", "rule", rule_id, {"position": [at + 1, at + step + 1]})


def archive(work: Work, rule_id: int) -> None:
    """Put a rule away. What it did stays explained.

    Raises:
        NotAllowedNow: it is on.
    """
    rule = get(work.session, rule_id)
    if rule.state in (ON, SHADOW):
        raise NotAllowedNow("Switch the rule off first.")
    audit.record(work, "rules.archive", "rule", rule_id, {"name": [rule.name, None]})
    rule.archived_at = work.now
    rule.name = f"{rule.name[:60]} #{rule.id}"


def said_at(session: Session, rule_id: int, version: int) -> Mapping[str, Any] | None:
    """What a rule said at a version."""
    found = session.get(RuleVersion, (rule_id, version))
    return found.said if found else None


def versions(session: Session, rule_id: int) -> Sequence[RuleVersion]:
    """All that a rule has said, the first version first."""
    return session.scalars(select(RuleVersion).where(RuleVersion.rule_id == rule_id)
                           .order_by(RuleVersion.version)).all()


def _remember(work: Work, rule: Rule) -> None:
    work.session.add(RuleVersion(
        rule_id=rule.id, version=rule.version, at=work.now, by=work.actor.name,
        said={name: getattr(rule, name) for name in SAID}))


def check(session: Session, values: Mapping[str, Any], own_id: int) -> dict[str, Any]:
    """What a rule would say, as it is kept.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    problems: dict[str, OmsError] = {}
    name = tidy(str(values.get("name") or ""))
    if not name:
        problems["name"] = Invalid("Fill this in.", "name")
    elif len(name) > MOST_NAME:
        problems["name"] = Invalid("At most %(limit)s characters.", "name", limit=MOST_NAME)
    elif session.scalar(select(Rule.id).where(Rule.name == name, Rule.id != own_id)):
        problems["name"] = Invalid("Another rule has this name.", "name")
    try:
        when = conditions.clean(values.get("when") or conditions.EVERYTHING)
    except InvalidForm as error:
        when = conditions.EVERYTHING
        problems.update(error.problems)
    trigger = str(values.get("trigger") or "")
    if trigger not in TRIGGERS and trigger not in TIMED:
        problems["trigger"] = Invalid("Choose when the rule is asked.", "trigger")
    then = list(values.get("then") or [])
    if not then:
        problems["then"] = Invalid("Choose at least one thing to do.", "then")
    elif len(then) > MOST_STEPS:
        problems["then"] = Invalid("At most %(n)s things to do.", "then", n=MOST_STEPS)
    every = _every(trigger, values.get("every"), problems)
    most = int(values.get("most_per_hour") or 1000)
    if not 1 <= most <= MOST_PER_HOUR:
        problems["most_per_hour"] = Invalid("From 1 to %(n)s.", "most_per_hour", n=MOST_PER_HOUR)
    if problems:
        raise InvalidForm(problems)
    return {
        "name": name, "trigger": trigger, "every": every, "when": when, "then": then,
        "otherwise": list(values.get("otherwise") or []), "ends": bool(values.get("ends")),
        "on_failure": "go_on" if values.get("on_failure") == "go_on" else "stop",
        "most_per_hour": most,
    }


def _every(trigger: str, value: Any, problems: dict[str, OmsError]) -> int | None:
    if trigger not in TIMED:
        return None
    text = str(value if value is not None else "")
    least, most = (0, 23) if TIMED[trigger].unit == "hour" else (1, 24 * 60)
    if not text.isdigit() or not least <= int(text) <= most:
        problems["every"] = Invalid("A whole number from %(least)s to %(most)s.", "every",
                                    least=least, most=most)
        return None
    return int(text)
