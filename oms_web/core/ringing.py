"""What a clock does when it rings: look whether something is due, and queue that."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import enqueue
from oms_web.core.work import Work, Works

One = TypeVar("One")


def queue_due(works: Works, due: Callable[[Work], Collection[One]],
              ask: Callable[[Work, One], bool]) -> int:
    """Queue what is due, each by ``ask`` (False: it is queued already); how many were queued.

    It is looked for without the right to write: mostly nothing is due, and nobody has to wait.
    """
    with works.reading(SYSTEM) as work:
        found = due(work)
    if not found:
        return 0
    with works.writing(SYSTEM) as work:
        return [ask(work, one) for one in found].count(True)


def of_account(task: str) -> Callable[[Work, int], bool]:
    """Queues a task for a channel account; False if it is queued already."""
    def ask(work: Work, account_id: int) -> bool:
        return enqueue(work.session, task, str(account_id), {"account_id": account_id},
                       now=work.now) is not None

    return ask
