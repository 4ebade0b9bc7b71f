"""How a check of the books is written: one function around one query that lists what is wrong.

    @invariant("I1")
    def nothing_below_zero(session: Session) -> Found:
        '''What must be true.'''
        yield from listed(session, "I1", "variant {variant_id}: {on_hand}", "SELECT ...")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from oms_web.core.columns import UtcDateTime
from oms_web.inspection import Finding

_SHOWN = 3
_COUNTED = 1000

Found = Iterator[Finding]
Check = Callable[[Session], Found]

CHECKS: dict[str, Check] = {}
"""Every check by ``<invariant> <function>``, in the order in which they are run."""


def invariant(name: str) -> Callable[[Check], Check]:
    """Make a function one of the checks; ``name`` is the invariant's name in the manual."""

    def keep(one: Check) -> Check:
        CHECKS[f"{name} {one.__name__}"] = one
        return one

    return keep


def listed(session: Session, name: str, sentence: str, query: str, **values: Any) -> Found:
    """One finding if the query lists anything.

    Args:
        sentence: filled with the columns of a row; the first rows are shown, the rest counted.
    """
    statement = text(query)
    for key, value in values.items():
        if isinstance(value, datetime):
            statement = statement.bindparams(bindparam(key, type_=UtcDateTime()))
    rows = session.execute(statement, values).mappings().fetchmany(_COUNTED + 1)
    if not rows:
        return
    examples = "; ".join(sentence.format(**row) for row in rows[:_SHOWN])
    count = f"more than {_COUNTED}" if len(rows) > _COUNTED else str(len(rows))
    more = f" ({count} in all)" if len(rows) > _SHOWN else ""
    yield Finding(name, examples + more)
