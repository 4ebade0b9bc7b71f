"""What could not be read or kept: stored with its raw text and reason, tried again, never lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session, defer

from oms_web.core.errors import NotFound
from oms_web.core.paging import Page, seal, unseal_as
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.sync.models import Quarantine

MAX_RAW = 200_000


def put(
    work: Work, account_id: int | None, kind: str, external_id: str, raw: str, reason: str,
    *, field: str = "", origin: str = "",
) -> bool:
    """Store something unreadable; the same thing again counts another try. True when it is new."""
    external_id = _storable(external_id)[:160]
    raw = _storable(raw)[:MAX_RAW]
    row = work.session.scalar(
        select(Quarantine).where(
            Quarantine.account_id == account_id, Quarantine.kind == kind,
            Quarantine.external_id == external_id,
        )
    )
    if row is None:
        work.session.add(Quarantine(
            account_id=account_id, kind=kind, external_id=external_id, raw=raw, reason=reason,
            field=field[:80], origin=origin[:200], first_at=work.now, last_at=work.now,
        ))
        work.session.flush()
        return True
    row.raw, row.reason, row.field, row.last_at = raw, reason, field[:80], work.now
    row.origin = origin[:200]
    row.attempts += 1
    if row.state == "solved":
        row.state = "waiting"
    return False


def _storable(text: str) -> str:
    """Text that any database takes: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def solve(work: Work, account_id: int | None, kind: str, external_ids: Collection[str]) -> None:
    """These were stored after all: close their quarantine rows."""
    if external_ids:
        work.session.execute(
            update(Quarantine)
            .where(Quarantine.account_id == account_id, Quarantine.kind == kind,
                   Quarantine.external_id.in_(external_ids), Quarantine.state == "waiting")
            .values(state="solved", last_at=work.now)
            .execution_options(synchronize_session=False)
        )


def waiting(
    work: Work, account_id: int, kind: str, limit: int, after: int = 0
) -> Sequence[Quarantine]:
    """What waits to be tried again, oldest first, from a row on."""
    return work.session.scalars(
        select(Quarantine)
        .where(Quarantine.account_id == account_id, Quarantine.kind == kind,
               Quarantine.state == "waiting", Quarantine.id > after)
        .order_by(Quarantine.id).limit(limit)
    ).all()


def page(
    session: Session, *, state: str, account_id: int | None = None, q: str = "",
    after: str | None = None, size: int = 50,
) -> Page[Quarantine]:
    """A page of what is in quarantine, newest first; ``q`` is the beginning of its number.

    Raises:
        Invalid: ``after`` is not a token of ours.
    """
    query = select(Quarantine).options(defer(Quarantine.raw)).where(Quarantine.state == state)
    if account_id is not None:
        query = query.where(Quarantine.account_id == account_id)
    if q:
        query = query.where(Quarantine.external_id.startswith(q, autoescape=True))
    if after:
        query = query.where(Quarantine.id < unseal_as(after, int)[0])
    rows = session.scalars(query.order_by(Quarantine.id.desc()).limit(size + 1)).all()
    more = len(rows) > size
    return Page(rows[:size], seal(rows[size - 1].id) if more else None)


def get(session: Session, quarantine_id: int) -> Quarantine:
    """One row.

    Raises:
        NotFound: there is none.
    """
    row = session.get(Quarantine, quarantine_id)
    if row is None:
        raise NotFound("There is nothing at this address.")
    return row


def drop(work: Work, quarantine_id: int, note: str) -> bool:
    """A person decided that this is not needed; False when it does not wait any more."""
    row = get(work.session, quarantine_id)
    if row.state != "waiting":
        return False
    row.state = "dropped"
    audit.record(work, "quarantine.drop", "quarantine", row.id,
                 {"state": ["waiting", "dropped"]}, note=note or None)
    return True
