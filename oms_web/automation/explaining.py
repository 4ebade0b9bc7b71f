"""Which rules were asked about an order, what they did, and what stood in the way of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from oms_web.automation.running import FAILED
from oms_web.core.work import Work
from oms_web.domain.automation import clashing, conditions, rules
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
    if not runs and not checks:
        return []
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


def runs(session: Session, rule_id: int, *, outcome: str = "", before: int | None = None,
         limit: int = SHOWN) -> list[RuleRun]:
    """What a rule did, the latest first; ``before``: only runs with a smaller number."""
    query = select(RuleRun).where(RuleRun.rule_id == rule_id)
    if outcome:
        query = query.where(RuleRun.outcome == outcome)
    if before:
        query = query.where(RuleRun.id < before)
    return list(session.scalars(query.order_by(RuleRun.id.desc()).limit(limit)))


def failed(session: Session, since: datetime) -> list[tuple[int, str, int, datetime]]:
    """Rules that are asked and failed since a moment, and were not stopped for it: rule, name,
    on how many orders, since when.
    """
    return [(rule_id, name, n, first) for rule_id, name, n, first in session.execute(
        select(Rule.id, Rule.name, func.count(func.distinct(RuleRun.order_id)),
               func.min(RuleRun.at))
        .join(RuleRun, RuleRun.rule_id == Rule.id)
        .where(RuleRun.outcome == FAILED, RuleRun.at > since, Rule.state == rules.ON)
        .group_by(Rule.id, Rule.name).order_by(Rule.name))]


def never_fire(session: Session, now: datetime) -> set[int]:
    """Rules that have been on for 30 days without acting once in them."""
    acted = counts(session, now)
    return {rule.id for rule in rules.listening(session)
            if rule.id not in acted and (rule.switched_at or rule.changed_at) < now - QUIET}


def clashes(session: Session, now: datetime) -> dict[int, list[tuple[int, int]]]:
    """Rules that said the opposite about the same event in the last 30 days: rule -> (the other,
    how many events).
    """
    listening = rules.listening(session)
    pairs = [(one.id, other.id) for n, one in enumerate(listening) for other in listening[n + 1:]
             if one.trigger == other.trigger and clashing.against(one.then, other.then)]
    found: dict[int, list[tuple[int, int]]] = {}
    first, second = aliased(RuleRun), aliased(RuleRun)
    for one_id, other_id in pairs:
        n = session.scalar(
            select(func.count()).select_from(first)
            .join(second, (second.order_id == first.order_id) & (second.event == first.event))
            .where(first.rule_id == one_id, second.rule_id == other_id, first.at > now - QUIET,
                   first.outcome != FAILED, second.outcome != FAILED))
        if n:
            found.setdefault(one_id, []).append((other_id, n))
            found.setdefault(other_id, []).append((one_id, n))
    return found


def forget_old(work: Work) -> None:
    """Forget after a while what did not act; what acted is kept with the order."""
    work.session.execute(RuleCheck.__table__.delete().where(RuleCheck.at < work.now - KEEP))
