"""Rules of the clock: an order has waited for so long, a deadline is near, it is that hour.

The clock looks once a minute at all open orders. What a rule acts on is an *occasion*
(``occasions.py``): it acts once for each, and an order that meets its conditions only later, while
the occasion lasts, is acted on then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from oms_web.automation.facts import gather
from oms_web.automation.running import Event, Ready, judge, ready
from oms_web.core.actor import SYSTEM
from oms_web.core.claims import enqueue
from oms_web.core.work import Work, Works
from oms_web.domain.automation import occasions, rules
from oms_web.domain.automation.conditions import MATCHED
from oms_web.domain.automation.models import RuleRun
from oms_web.domain.automation.triggers import TIMED
from oms_web.domain.orders.models import AMONG_OPEN, Order

TASK = "run_timed_rules"
PAGE = 500
Found = tuple[Ready, Event]


def due(session: Session) -> bool:
    """Whether any rule listens to the clock."""
    return bool(_listening(session))


def ask(work: Work) -> bool:
    """Queue the looking; False if it is queued already."""
    return enqueue(work.session, TASK, "all", {}, now=work.now) is not None


def run(works: Works, beat: Callable[[int, int], None]) -> int:
    """Let the rules of the clock act on the orders whose time has come; how many acts that were."""
    acted = 0
    after: int | None = 0
    while after is not None:
        with works.reading(SYSTEM) as work:
            found, after = look(work, _listening(work.session), after)
        for rule, event in found:
            acted += judge(works, [event], [rule], remembers=False)
        beat(acted, 0)
    return acted


def look(work: Work, listening: Sequence[Ready], after: int) -> tuple[list[Found], int | None]:
    """What rules match among some open orders behind the number ``after``, and the number to go
    on from; None at the end. Occasions that a rule has met are left out.
    """
    ids = list(work.session.scalars(
        select(Order.id).where(literal_column(AMONG_OPEN), Order.id > after)
        .order_by(Order.id).limit(PAGE)))
    if not listening or not ids:
        return [], None
    known = gather(work.session, ids, work.now,
                   frozenset().union(*(rule.asks for rule in listening)))
    met = _met(work.session, ids, [rule.id for rule in listening])
    found = [
        (rule, event) for rule in listening for order_id in ids
        if (event := _event(rule, order_id, known[order_id], work)) is not None
        and (rule.id, rule.version, order_id, event.key) not in met
        and rule.verdict(known[order_id]) == MATCHED
    ]
    return found, ids[-1] if len(ids) == PAGE else None


def _event(rule: Ready, order_id: int, facts: Mapping[str, Any], work: Work) -> Event | None:
    key = occasions.occasion(rule.trigger, rule.every or 0, facts, work.now, rule.since)
    return Event(key, f"clock.{rule.trigger}", order_id, (rule.trigger,)) if key else None


def _met(session: Session, order_ids: Sequence[int], rule_ids: Sequence[int]
         ) -> set[tuple[int, int, int, str]]:
    return {(rule, version, order, event) for rule, version, order, event in session.execute(
        select(RuleRun.rule_id, RuleRun.version, RuleRun.order_id, RuleRun.event)
        .where(RuleRun.order_id.in_(order_ids), RuleRun.rule_id.in_(rule_ids)))}


def _listening(session: Session) -> list[Ready]:
    return [ready(rule) for rule in rules.listening(session) if rule.trigger in TIMED]
