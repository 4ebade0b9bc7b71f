"""What buyers declare, kept word for word: each with a hash that is chained to the one before.

The triggers of the database refuse to change or delete them; the chain shows it if somebody went
around the triggers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.db import upsert
from oms_web.core.work import Work
from oms_web.domain.returns.kinds import WITHDRAWAL
from oms_web.domain.returns.models import CaseCounter, Statement

_TURN = "declared"


def digest(previous: str, content: Mapping[str, Any]) -> str:
    """The hash of a statement: SHA-256 of the one before and the content in canonical JSON."""
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{plain}".encode()).hexdigest()


def record(work: Work, case_id: int, kind: str, content: Mapping[str, Any]) -> Statement:
    """Keep a statement; its time is part of the content, so two alike are two.

    Args:
        content: text, whole numbers and lists of them.
    """
    # Whoever writes one holds this row, so that no two have the same one before them.
    work.session.execute(
        upsert(work.session, CaseCounter).values(prefix=_TURN, period="", last=1)
        .on_conflict_do_update(index_elements=["prefix", "period"],
                               set_={"last": CaseCounter.last + 1}))
    previous = work.session.scalar(
        select(Statement.digest).order_by(Statement.id.desc()).limit(1)) or ""
    whole = {**content, "case": case_id, "kind": kind,
             "at": work.now.isoformat(timespec="microseconds")}
    row = Statement(return_id=case_id, kind=kind, at=work.now, content=whole, previous=previous,
                    digest=digest(previous, whole))
    work.session.add(row)
    work.session.flush()
    return row


def of_case(session: Session, case_id: int) -> list[Statement]:
    """The statements of a case, the first one first."""
    return list(session.scalars(
        select(Statement).where(Statement.return_id == case_id).order_by(Statement.id)))


def withdrawn(session: Session, digest: str) -> Statement | None:
    """The statement of withdrawal with a hash; None where there is none."""
    return session.scalar(select(Statement).where(
        Statement.digest == digest[:64], Statement.kind == WITHDRAWAL))


def broken(rows: Iterable[Statement]) -> list[int]:
    """The statements, in order, whose hash or place in the chain is not right."""
    wrong, before = [], ""
    for row in rows:
        if row.previous != before or row.digest != digest(row.previous, row.content):
            wrong.append(row.id)
        before = row.digest
    return wrong
