"""Rules at work: what happened is read from the audit trail, rules are asked, their acts done.

The trail is read once, in order, by one task at a time. Where it stands moves only after what was
read is done; what was done already when a worker dies is known by its own row: a rule acts once
for each (version, order, event). What a rule does is one transaction with that row: all of it, or
none of it and the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from oms_web.automation import acts
from oms_web.automation.batches import plain
from oms_web.automation.facts import Known, gather
from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.claims import enqueue
from oms_web.core.db import rows_changed, upsert
from oms_web.core.errors import NotAllowedNow, NotFound, OmsError
from oms_web.core.work import Work, Works
from oms_web.domain.audit import feed
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.automation import brakes, conditions, rules
from oms_web.domain.automation.conditions import MATCHED, Verdict
from oms_web.domain.automation.models import Rule, RuleCheck, RuleCursor, RuleRun
from oms_web.domain.automation.triggers import BY_ACT, TRIGGERS
from oms_web.domain.webhooks.told import SUBJECTS

TASK = "run_rules"
PAGE = 500
CURSOR = 1
WORDS_KEPT, TEXT_KEPT = 10, 120
"""How much is written down of what stood in a rule's way."""
DID, THE_SAME, FAILED, WATCHED, UNDONE = "done", "same", "failed", "shadow", "undone"


@dataclass(frozen=True, slots=True)
class Ready:
    """A rule as it is asked: compiled, with all it says, apart from any session."""

    id: int
    name: str
    version: int
    state: str
    trigger: str
    every: int | None
    then: list[Any]
    otherwise: list[Any]
    goes_on: bool
    ends: bool
    most_per_hour: int
    since: datetime
    verdict: Verdict
    tests: tuple[str, ...]

    @property
    def asks(self) -> frozenset[str]:
        """The fields of its conditions."""
        return frozenset(self.tests)

    @property
    def actor(self) -> Actor:
        """Whose name stands in the trail for what it does."""
        return Actor("rule", self.name, self.id)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that rules may be asked about. ``key`` is its own for ever."""

    key: str
    act: str
    order_id: int
    triggers: tuple[str, ...]
    change: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


def ready(rule: Rule) -> Ready:
    """A rule made ready to be asked."""
    return Ready(
        rule.id, rule.name, rule.version, rule.state, rule.trigger, rule.every, list(rule.then),
        list(rule.otherwise), rule.on_failure == "go_on", rule.ends, rule.most_per_hour,
        rule.switched_at or rule.changed_at, conditions.compiled(rule.when),
        tuple(leaf.field for leaf in conditions.leaves(rule.when)))


def as_found(value: Any) -> Any:
    """What a test found, as it is written down: text, or some of the words of a set."""
    if isinstance(value, frozenset):
        return sorted(value)[:WORDS_KEPT]
    return value if value is None or isinstance(value, bool) else str(value)[:TEXT_KEPT]


def waiting(session: Session) -> bool:
    """Whether something happened that rules were not asked about yet."""
    if not rules.listening(session):
        return False
    newest = session.scalar(select(func.max(AuditEntry.id))) or 0
    return newest > _seen(session)


def ask(work: Work) -> bool:
    """Queue the asking; False if it is queued already."""
    return enqueue(work.session, TASK, "all", {}, now=work.now) is not None


def run(works: Works, beat: Callable[[int, int], None]) -> int:
    """Ask rules about all that happened since; how many of them acted."""
    acted = 0
    while True:
        with works.reading(SYSTEM) as work:
            listening = [ready(rule) for rule in rules.listening(work.session)]
            if not listening:
                return acted
            seen = _seen(work.session)
            # What happened before the first of them was switched on is nobody's business.
            start = max(seen, feed.begin_at(work.session, min(rule.since for rule in listening)))
            news = feed.since(work.session, start, SUBJECTS, work.now, PAGE)
            events = list(_events(news.entries, listening))
        acted += judge(works, events, listening)
        if news.seen > seen:
            with works.writing(SYSTEM) as work:
                _move(work, seen, news.seen)
        beat(acted, 0)
        if not news.more:
            return acted


def judge(works: Works, events: Sequence[Event], listening: Sequence[Ready], *,
          remembers: bool = True) -> int:
    """Ask rules about events, in order, and let those act that match; how many did.

    Args:
        remembers: whether it is written down what stood in the way of the others.
    """
    needs = frozenset().union(*(rule.asks for rule in listening))

    def look(order_ids: Collection[int]) -> Known:
        with works.reading(SYSTEM) as work:
            return gather(work.session, order_ids, work.now, needs)

    known = look({event.order_id for event in events})
    acted, checks = 0, []
    for event in events:
        verdicts: list[list[Any]] = []
        for rule in _asked(listening, event, known.get(event.order_id)):
            place = rule.verdict(known[event.order_id])
            verdicts.append([rule.id, rule.version, place])
            if place != MATCHED:
                verdicts[-1].append(as_found(known[event.order_id][rule.tests[place]]))
                continue
            outcome = act_on(works, rule, event)
            if outcome in (DID, FAILED):
                acted += 1
                known |= look([event.order_id])
            if rule.ends or (outcome == FAILED and not rule.goes_on):
                break
        if verdicts:
            checks.append((event, verdicts))
    if remembers:
        _remember(works, checks)
    return acted


def _asked(listening: Sequence[Ready], event: Event, facts: Mapping[str, Any] | None
           ) -> list[Ready]:
    """The rules that an event is for, in their order."""
    if facts is None:
        return []
    heard = {key for key in event.triggers
             if key not in TRIGGERS or TRIGGERS[key].fits(event.change, facts)}
    return [rule for rule in listening
            if rule.trigger in heard and (event.at is None or event.at >= rule.since)]


def _events(entries: Iterable[AuditEntry], listening: Collection[Ready]) -> Iterable[Event]:
    wanted = {rule.trigger for rule in listening}
    for entry in entries:
        triggers = tuple(key for key in BY_ACT.get(entry.act, ()) if key in wanted)
        if entry.order_id is not None and triggers:
            yield Event(f"trail:{entry.id}", entry.act, entry.order_id, triggers,
                        dict(entry.change or {}), entry.at)


def act_on(works: Works, rule: Ready, event: Event) -> str | None:
    """Let a rule that matched act; what became of it. None if it acted on this event before, or
    a brake stopped it.
    """
    try:
        with works.writing(rule.actor) as work:
            if not _claim(work, rule, event) or _braked(work, rule, event):
                return None
            if rule.state == rules.SHADOW:
                return WATCHED
            work.occasion = event.key
            steps, undo = acts.do_all(work, event.order_id, rule.then)
            outcome = DID if any(step["changed"] for step in steps) else THE_SAME
            _note(work, rule, event, outcome=outcome, steps=steps, undo=undo)
            return outcome
    except OmsError as error:
        return _failed(works, rule, event, error)


def undo(work: Work, run_id: int) -> int:
    """Take back what a rule did to an order; the order.

    Raises:
        NotFound: no such run.
        NotAllowedNow: nothing of it can be taken back, or it was.
    """
    run = work.session.get(RuleRun, run_id, with_for_update=True)
    if run is None:
        raise NotFound("There is no such run of a rule.")
    if not run.undo:
        raise NotAllowedNow("Nothing of it can be taken back.")
    acts.do_all(work, run.order_id, run.undo)
    run.outcome, run.undo = UNDONE, []
    return run.order_id


def _claim(work: Work, rule: Ready, event: Event) -> bool:
    """Whether this rule has not met this event yet; from here on it has."""
    outcome = WATCHED if rule.state == rules.SHADOW else DID
    inserted = work.session.execute(
        upsert(work.session, RuleRun).values(
            rule_id=rule.id, version=rule.version, order_id=event.order_id, event=event.key,
            at=work.now, outcome=outcome, steps=[], undo=[], why=None,
        ).on_conflict_do_nothing().returning(RuleRun.id)).scalar()
    return inserted is not None


def _braked(work: Work, rule: Ready, event: Event) -> bool:
    """Stop a rule that goes round in circles, or does far more than anybody meant."""
    if rule.state == rules.SHADOW:
        return False
    here = select(func.count()).select_from(RuleRun).where(
        RuleRun.rule_id == rule.id, RuleRun.outcome != WATCHED)
    on_order = work.session.scalar(here.where(
        RuleRun.order_id == event.order_id, RuleRun.at > work.now - brakes.LOOP_WITHIN)) or 0
    in_hour = work.session.scalar(here.where(
        RuleRun.at > work.now - timedelta(hours=1))) or 0
    why = brakes.decide(on_order, in_hour, rule.most_per_hour)
    if why:
        rules.stop(work, rule.id, why)
        _note(work, rule, event, outcome=FAILED,
              why=["The rule was stopped: it did this too often.", {}])
    return bool(why)


def _note(work: Work, rule: Ready, event: Event, **values: Any) -> None:
    work.session.execute(
        update(RuleRun).where(
            RuleRun.rule_id == rule.id, RuleRun.version == rule.version,
            RuleRun.order_id == event.order_id, RuleRun.event == event.key,
        ).values(**values))


def _failed(works: Works, rule: Ready, event: Event, error: OmsError) -> str | None:
    """Write down why a rule could not act, and do what it says for that case."""
    with works.writing(rule.actor) as work:
        if not _claim(work, rule, event):
            return None
        _note(work, rule, event, outcome=FAILED, why=plain(error))
    if rule.otherwise:
        try:
            with works.writing(rule.actor) as work:
                work.occasion = event.key
                steps, undo = acts.do_all(work, event.order_id, rule.otherwise)
                _note(work, rule, event, steps=steps, undo=undo)
        except OmsError as second:
            with works.writing(rule.actor) as work:
                _note(work, rule, event, why=plain(second))
    return FAILED


def _remember(works: Works, checks: Sequence[tuple[Event, list[Any]]]) -> None:
    if not checks:
        return
    with works.writing(SYSTEM) as work:
        work.session.execute(
            upsert(work.session, RuleCheck).on_conflict_do_nothing(),
            [{"order_id": event.order_id, "event": event.key, "act": event.act, "at": work.now,
              "verdicts": verdicts} for event, verdicts in checks])


def _seen(session: Session) -> int:
    return session.scalar(select(RuleCursor.seen).where(RuleCursor.id == CURSOR)) or 0


def _move(work: Work, seen: int, until: int) -> None:
    """Stand behind what was read; another worker that was there first stays there."""
    moved = rows_changed(
        work.session, update(RuleCursor).where(RuleCursor.id == CURSOR, RuleCursor.seen == seen)
        .values(seen=until))
    if not moved and seen == 0:
        work.session.execute(
            upsert(work.session, RuleCursor).values(id=CURSOR, seen=until)
            .on_conflict_do_nothing())
