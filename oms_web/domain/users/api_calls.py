"""Changing calls are carried out once: the same call again gets the same answer.

The answer is written in the transaction that makes the change, so there is never one without the
other. A call that was refused changed nothing and leaves no row: it may be tried again.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.users.models import ApiCall

KEEP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as it was given."""

    status: int
    answer: str


class Calls:
    """The calls that this process is carrying out at the moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: set[tuple[int, str]] = set()

    @contextmanager
    def once(self, key_id: int, repeat_key: str) -> Iterator[None]:
        """Carry a call out while nobody else does.

        Raises:
            NotAllowedNow: another thread is at it.
        """
        mine = (key_id, repeat_key)
        with self._lock:
            if mine in self._begun:
                raise _busy()
            self._begun.add(mine)
        try:
            yield
        finally:
            with self._lock:
                self._begun.discard(mine)


def _busy() -> NotAllowedNow:
    return NotAllowedNow("A call with this Idempotency-Key is still being carried out.")


def digest(*parts: bytes) -> str:
    """SHA-256 of what was asked."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def known(work: Work, key_id: int, repeat_key: str, asked: str) -> Told | None:
    """What was answered to this call within a day; None if it is new.

    Args:
        asked: its ``digest``.

    Raises:
        NotAllowedNow: it is being carried out elsewhere at this moment.
        Invalid: something else was asked with the same key.
    """
    session = work.session
    if session.get_bind().dialect.name == "postgresql":
        # Held until this transaction ends. On SQLite the one writer's turn does the same.
        name = int.from_bytes(hashlib.sha256(f"{key_id}:{repeat_key}".encode()).digest()[:8],
                              "big", signed=True)
        if not session.scalar(select(func.pg_try_advisory_xact_lock(name))):
            raise _busy()
    row = session.scalar(
        select(ApiCall).where(ApiCall.key_id == key_id, ApiCall.repeat_key == repeat_key)
    )
    if row is None:
        return None
    if row.at <= work.now - KEEP:
        session.delete(row)
        session.flush()
        return None
    if row.digest != asked:
        raise Invalid("This Idempotency-Key was used for another call.", "Idempotency-Key")
    return Told(row.status, row.answer)


def keep(work: Work, key_id: int, repeat_key: str, asked: str, told: Told) -> None:
    """Remember an answer for a day."""
    work.session.add(ApiCall(key_id=key_id, repeat_key=repeat_key, digest=asked,
                             status=told.status, answer=told.answer, at=work.now))


def forget_old(work: Work) -> None:
    """Forget answers older than a day."""
    work.session.execute(delete(ApiCall).where(ApiCall.at <= work.now - KEEP))
