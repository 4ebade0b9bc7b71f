"""How many orders stand where, without counting them: writers add rows, the sum is the count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.orders.tally_models import OrderTally


def shift_tally(session: Session, kind: str, moved: Iterable[tuple[Any, Any]]) -> None:
    """Note that orders went from one queue or status to another; None is "nowhere"."""
    change: Counter[str] = Counter()
    for before, after in moved:
        if before is not None:
            change[str(before)] -= 1
        if after is not None:
            change[str(after)] += 1
    rows = [{"kind": kind, "name": name, "n": n} for name, n in change.items() if n]
    if rows:
        session.execute(insert(OrderTally.__table__), rows)


def tallies(session: Session, kind: str) -> dict[str, int]:
    """How many orders stand in each queue (``queue``) or status (``status``), and how many findings
    of each kind are open (``finding``).
    """
    return all_tallies(session, kind)[kind]


def all_tallies(session: Session, *kinds: str) -> dict[str, dict[str, int]]:
    """The same of several kinds in one statement: kind -> name -> how many."""
    found: dict[str, dict[str, int]] = {kind: {} for kind in kinds}
    for kind, name, total in session.execute(
        select(OrderTally.kind, OrderTally.name, func.sum(OrderTally.n))
        .where(OrderTally.kind.in_(kinds)).group_by(OrderTally.kind, OrderTally.name)
    ):
        found[kind][name] = int(total)
    return found


def fold_tallies(work: Work) -> None:
    """Fold the rows of each count into one. Only rows that were read are removed."""
    rows = work.session.execute(
        delete(OrderTally).returning(OrderTally.kind, OrderTally.name, OrderTally.n)
    ).all()
    sums: Counter[tuple[str, str]] = Counter()
    for kind, name, n in rows:
        sums[kind, name] += n
    folded = [{"kind": kind, "name": name, "n": n} for (kind, name), n in sums.items() if n]
    if folded:
        work.session.execute(insert(OrderTally.__table__), folded)
