"""Which rules were asked about an order, what they did, and what stood in the way of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.automation import conditions, rules
from oms_web.domain.automation.conditions import MATCHED, Leaf
from oms_web.domain.automation.models import Rule, RuleCheck, RuleRun, RuleVersion

SHOWN = 40
QUIET = timedelta(days=30)
KEEP = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rule said about an event. ``outcome`` as in a run, ``missed`` when ``leaf`` did not
    pass (``found`` is what it looked at was), ``behind`` when it matched and another rule had ended
    it before.
    """

    rule_id: int
    name: str
    version: int
    outcome: str
    leaf: Leaf | None = None
    found: Any = None
    run_id: int = 0
    undoable: bool = False
    why: list[Any] | None = None
    steps: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """An event of an order and what each rule said to it, in the order in which they were asked."""

    event: str
    act: str
    at: datetime
    answers: list[Answer]


def explain(session: Session, order_id: int) -> list[Asked]:
    """The latest events of an order that rules were asked about, the newest first."""
    runs = {(run.event, run.rule_id): run for run in session.scalars(
        select(RuleRun).where(RuleRun.order_id == order_id)
        .order_by(RuleRun.id.desc()).limit(SHOWN * 5))}
    checks = list(session.scalars(
        select(RuleCheck).where(RuleCheck.order_id == order_id)
        .order_by(RuleCheck.at.desc(), RuleCheck.event.desc()).limit(SHOWN)))
    names = {key: name for key, name in session.execute(select(Rule.id, Rule.name))}
    said = _said(session, checks)
    asked = [
        Asked(check.event, check.act, check.at, [
            _answer(names, said, runs.get((check.event, rule_id)), rule_id, version, place,
                    found[0] if found else None)
            for rule_id, version, place, *found in check.verdicts
        ]) for check in checks
    ]
    known = {check.event for check in checks}
    timed = [run for run in runs.values() if run.event not in known
             and not run.event.startswith("trail:")]
    asked += [Asked(run.event, "clock", run.at,
                    [_answer(names, said, run, run.rule_id, run.version, MATCHED)])
              for run in timed]
    return sorted(asked, key=lambda one: one.at, reverse=True)[:SHOWN]


def _said(session: Session, checks: list[RuleCheck]) -> dict[tuple[int, int], list[Leaf]]:
    """The tests of each version that did not pass somewhere."""
    wanted = {(rule_id, version) for check in checks
              for rule_id, version, place, *_ in check.verdicts if place != MATCHED}
    if not wanted:
        return {}
    rows = session.scalars(select(RuleVersion).where(
        RuleVersion.rule_id.in_({rule_id for rule_id, _ in wanted})))
    return {(row.rule_id, row.version): list(conditions.leaves(row.said["when"]))
            for row in rows if (row.rule_id, row.version) in wanted}


def _answer(names: Mapping[int, str], said: Mapping[tuple[int, int], list[Leaf]],
            run: RuleRun | None, rule_id: int, version: int, place: int, found: Any = None
            ) -> Answer:
    name = names.get(rule_id, "")
    if place != MATCHED:
        tests = said.get((rule_id, version), [])
        leaf = tests[place] if place < len(tests) else None
        return Answer(rule_id, name, version, "missed", leaf, found)
    if run is None:
        return Answer(rule_id, name, version, "behind")
    return Answer(rule_id, name, version, run.outcome, run_id=run.id, why=run.why,
                  undoable=bool(run.undo), steps=tuple(run.steps))


def counts(session: Session, now: datetime) -> dict[int, dict[str, int]]:
    """Runs of each rule in the last 30 days, by outcome."""
    found: dict[int, dict[str, int]] = {}
    for rule_id, outcome, n in session.execute(
        select(RuleRun.rule_id, RuleRun.outcome, func.count()).where(RuleRun.at > now - QUIET)
        .group_by(RuleRun.rule_id, RuleRun.outcome)
    ):
        found.setdefault(rule_id, {})[outcome] = n
    return found


def never_fire(session: Session, now: datetime) -> set[int]:
    """Rules that have been on for 30 days without acting once in them."""
    acted = counts(session, now)
    return {rule.id for rule in rules.listening(session)
            if rule.id not in acted and (rule.switched_at or rule.changed_at) < now - QUIET}


def forget_old(work: Work) -> None:
    """Forget after a while what did not act; what acted is kept with the order."""
    work.session.execute(RuleCheck.__table__.delete().where(RuleCheck.at < work.now - KEEP))
