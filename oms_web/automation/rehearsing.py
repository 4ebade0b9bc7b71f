"""The rule lab: what a rule would have done, without doing it.

A rule is asked about what happened in the last days, with the facts of those moments as far as the
trail tells them. What it would do is really done to some of the orders, as they are today, in a
transaction that is taken back: so a refusal shows now and not on the day it matters.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from oms_web.automation import acts, timed
from oms_web.automation.batches import plain
from oms_web.automation.facts import EVERYTHING, gather
from oms_web.automation.running import Event, Ready, ready
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import OmsError
from oms_web.core.work import Work, Works
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.automation import clashing, rules
from oms_web.domain.automation.conditions import MATCHED
from oms_web.domain.automation.models import Rule
from oms_web.domain.automation.rewinding import rewind
from oms_web.domain.automation.triggers import TIMED, TRIGGERS
from oms_web.domain.orders.models import AMONG_OPEN, Order, Status

TASK = "rehearse_rule"
LITTLE = 400
"""Events that are asked about while somebody waits; more are for a worker."""
SHOWN = 200
MOST_EVENTS = 5000
MOST_TRIED = 40

Moments = Sequence[tuple[Event, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Tried:
    """An order that the rule would have acted on. ``steps`` as in a run; ``why`` a refusal."""

    order_id: int
    at: datetime | None
    steps: list[dict[str, Any]] = field(default_factory=list)
    why: list[Any] | None = None


@dataclass(frozen=True, slots=True)
class Clash:
    """Another rule that says the opposite about the same orders."""

    rule_id: int
    name: str
    orders: list[int]
    act: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """``asked`` events; ``matched`` of them, on ``orders``; ``in_the_way``: place of a test ->
    how often it was what did not pass. ``cut``: there were more events than were looked at.
    """

    asked: int
    matched: int
    orders: list[int]
    in_the_way: dict[int, int]
    tried: list[Tried]
    clashes: list[Clash]
    cut: bool


def is_little(session: Session, trigger: str, days: int, now: datetime) -> bool:
    """Whether a rehearsal is over in a moment."""
    if trigger in TIMED:
        return (session.scalar(select(func.count()).select_from(select(Order.id).where(
            literal_column(AMONG_OPEN)).limit(LITTLE + 1).subquery())) or 0) <= LITTLE
    some = select(AuditEntry.id).where(
        AuditEntry.act.in_(TRIGGERS[trigger].acts), AuditEntry.at >= now - timedelta(days=days)
    ).limit(LITTLE + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) <= LITTLE


def run(works: Works, rule_id: int, said: Mapping[str, Any], days: int) -> dict[str, Any]:
    """Rehearse what a rule would say, whether it is kept or not; the result as JSON.

    Args:
        rule_id: the rule it is a new wording of; 0 for a new one.
        said: as a version keeps it, checked, with its name.
    """
    with works.reading(SYSTEM) as work:
        others = [ready(rule) for rule in rules.listening(work.session) if rule.id != rule_id]
        before = work.session.get(Rule, rule_id) if rule_id else None
        kept = ready(before) if before is not None else None
        draft = ready(Rule(
            id=rule_id, name=said["name"], version=0, state=rules.OFF, changed_at=work.now,
            **{name: said[name] for name in rules.SAID}))
    found = rehearse(works, draft, others, days)
    told = asdict(found) | {"days": days, "orders": found.orders[:SHOWN], "n": len(found.orders)}
    if kept is not None and (kept.trigger, kept.every) == (draft.trigger, draft.every):
        was = set(rehearse(works, kept, (), days, most_tried=0).orders)
        told |= {"was": len(was), "added": len(set(found.orders) - was),
                 "gone": len(was - set(found.orders))}
    for one in told["tried"]:
        one["at"] = one["at"].isoformat() if one["at"] else None
    told["in_the_way"] = {str(place): n for place, n in found.in_the_way.items()}
    return told


def rehearse(works: Works, rule: Ready, others: Sequence[Ready], days: int,
             most_tried: int = MOST_TRIED) -> Rehearsal:
    """Ask a rule about the last ``days``; nothing is changed by it."""
    with works.reading(SYSTEM) as work:
        if rule.trigger in TIMED:
            events, cut = _waiting_now(work, rule), False
            then = gather(work.session, {e.order_id for e in events}, work.now, EVERYTHING)
            moments: Moments = [(event, then[event.order_id]) for event in events]
        else:
            moments, cut = _happened(work, rule, days)
    matched, blocked = [], Counter[int]()
    for event, facts in moments:
        place = rule.verdict(facts)
        if place == MATCHED:
            matched.append((event, facts))
        else:
            blocked[place] += 1
    orders = list(dict.fromkeys(event.order_id for event, _ in matched))
    first = {event.order_id: event for event, _ in reversed(matched)}
    tried = [_try(works, rule, first[order_id]) for order_id in orders[:most_tried]]
    return Rehearsal(len(moments), len(matched), orders, dict(blocked), tried,
                     _clashes(rule, others, matched), cut)


def _happened(work: Work, rule: Ready, days: int) -> tuple[Moments, bool]:
    """The events of the last days that a rule is for, the newest first, with their facts."""
    session, trigger = work.session, TRIGGERS[rule.trigger]
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.act.in_(trigger.acts), AuditEntry.order_id.is_not(None),
               AuditEntry.at >= work.now - timedelta(days=days))
        .order_by(AuditEntry.id.desc()).limit(MOST_EVENTS + 1)).all()
    cut, entries = len(entries) > MOST_EVENTS, entries[:MOST_EVENTS]
    ids = sorted({entry.order_id for entry in entries if entry.order_id})
    found: list[tuple[Event, Mapping[str, Any]]] = []
    later = _trails(session, ids)
    statuses = {name: str(key) for key, name in session.execute(select(Status.id, Status.name))}
    known: dict[int, dict[str, Any]] = {}
    for begin in range(0, len(ids), 500):
        known |= gather(session, ids[begin:begin + 500], work.now, EVERYTHING)
    for entry in entries:
        facts = known.get(entry.order_id or 0)
        if facts is None:
            continue
        facts = rewind(facts, (one for one in later[entry.order_id or 0] if one.id > entry.id),
                       statuses)
        if trigger.fits(entry.change or {}, facts):
            found.append((Event(f"trail:{entry.id}", entry.act, entry.order_id or 0,
                                (trigger.key,), entry.change or {}, entry.at), facts))
    return found, cut


def _trails(session: Session, order_ids: Sequence[int]) -> dict[int, list[AuditEntry]]:
    """What happened to orders, the newest first."""
    trails: dict[int, list[AuditEntry]] = defaultdict(list)
    for begin in range(0, len(order_ids), 500):
        for entry in session.scalars(
            select(AuditEntry).where(AuditEntry.order_id.in_(order_ids[begin:begin + 500]))
            .order_by(AuditEntry.id.desc())
        ):
            trails[entry.order_id or 0].append(entry)
    return trails


def _waiting_now(work: Work, rule: Ready) -> list[Event]:
    """The occasions of a rule of the clock at this moment, whatever its conditions say."""
    found: list[Event] = []
    after: int | None = 0
    always = _always(rule)
    while after is not None and len(found) < MOST_EVENTS:
        some, after = timed.look(work, [always], after)
        found += [event for _, event in some]
    return found


def _always(rule: Ready) -> Ready:
    return Ready(**{name: getattr(rule, name) for name in Ready.__slots__} | {
        "verdict": lambda facts: MATCHED})


class _TakenBack(Exception):
    """Ends a transaction that must leave nothing behind."""


def _try(works: Works, rule: Ready, event: Event) -> Tried:
    """Do what a rule would do to an order, see what comes of it, and take it back."""
    steps: list[dict[str, Any]] = []
    try:
        with works.writing(rule.actor) as work:
            steps, _ = acts.do_all(work, event.order_id, rule.then)
            raise _TakenBack
    except _TakenBack:
        return Tried(event.order_id, event.at, steps)
    except OmsError as error:
        return Tried(event.order_id, event.at, why=plain(error))


def _clashes(rule: Ready, others: Sequence[Ready],
             matched: Sequence[tuple[Event, Mapping[str, Any]]]) -> list[Clash]:
    found = []
    for other in others:
        act = clashing.against(rule.then, other.then)
        if other.id == rule.id or other.trigger != rule.trigger or not act:
            continue
        both = list(dict.fromkeys(
            event.order_id for event, facts in matched if other.verdict(facts) == MATCHED))
        if both:
            found.append(Clash(other.id, other.name, both, act))
    return found
