"""Findings written down and ended, with their counts: one statement each, however many they are.

Whoever ends them says how; holds that stand beside them are not touched here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, insert, update
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.orders.tally_models import OrderTally
from oms_web.domain.orders.verification.examining import Found
from oms_web.domain.orders.verification.kinds import CANCELLED, LEFT
from oms_web.domain.orders.verification.models import Finding

TALLY = "finding"


def write(work: Work, found: Mapping[int, Sequence[Found]]) -> None:
    """Write findings of orders (number -> findings) that are not open yet."""
    rows = [
        {"order_id": order_id, "kind": one.kind, "level": one.level, "ref": one.ref,
         "detail": dict(one.detail), "found_at": work.now, "found_by": work.actor.name}
        for order_id, ones in found.items() for one in ones
    ]
    if rows:
        work.session.execute(insert(Finding.__table__), rows)
        _count(work.session, (one.kind for ones in found.values() for one in ones), +1)


def end(work: Work, how: str, *which: ColumnElement[bool]) -> list[str]:
    """End open findings; the kinds that they were of."""
    ended = work.session.execute(
        update(Finding).where(Finding.settled_at.is_(None), *which)
        .values(settled_at=work.now, settled_by=work.actor.name, how=how)
        .returning(Finding.kind).execution_options(synchronize_session=False)
    ).scalars().all()
    _count(work.session, ended, -1)
    return list(ended)


def reopen(work: Work, order_id: int, at: datetime) -> None:
    """Open again what ended at a moment because the order was cancelled then."""
    again = work.session.execute(
        update(Finding).where(Finding.order_id == order_id, Finding.settled_at == at,
                              Finding.how.in_((LEFT, CANCELLED)))
        .values(settled_at=None, settled_by=None, how=None)
        .returning(Finding.kind).execution_options(synchronize_session=False)
    ).scalars().all()
    _count(work.session, again, +1)


def _count(session: Session, kinds: Iterable[str], sign: int) -> None:
    rows = [{"kind": TALLY, "name": kind, "n": n * sign} for kind, n in Counter(kinds).items()]
    if rows:
        session.execute(insert(OrderTally.__table__), rows)
