"""Workers: claim a task, do it, note how it ended. Any number of them, on any number of nodes."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from oms_connector import ChannelError
from sqlalchemy import or_, select

from oms_web.core import claims
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import OmsError
from oms_web.domain.channels.service import ChannelStopped
from oms_web.jobs.clock import start_clock
from oms_web.jobs.dispatch import dispatch
from oms_web.jobs.handlers import HANDLERS
from oms_web.jobs.job import Job
from oms_web.wiring import Oms

log = logging.getLogger(__name__)

THREADS = 3
IDLE = 0.2
BEAT_EVERY = 15.0


def run(oms: Oms, stop: threading.Event, threads: int = THREADS) -> None:
    """Work until ``stop`` is set; running tasks are finished first."""
    clock = start_clock(oms)
    name = f"{socket.gethostname()}:{os.getpid()}"
    bell = threading.Event()
    hands = [
        threading.Thread(target=_hand, args=(oms, stop, bell, f"{name}:{n}"), name=f"worker-{n}")
        for n in range(threads)
    ]
    for hand in hands:
        hand.start()
    try:
        while not stop.is_set():
            if _look(oms):
                bell.set()
            stop.wait(IDLE)
    finally:
        stop.set()
        bell.set()
        clock.shutdown(wait=False)
        for hand in hands:
            hand.join()


def _look(oms: Oms) -> bool:
    """Hand on what was announced; whether there is something to work on."""
    try:
        return bool(dispatch(oms.works)) or _due(oms)
    except Exception:
        log.exception("looking for work failed")
        time.sleep(1)
        return False


def _hand(oms: Oms, stop: threading.Event, bell: threading.Event, name: str) -> None:
    """Sleep until the bell rings, then work until nothing is due."""
    while not stop.is_set():
        bell.wait()
        try:
            while not stop.is_set() and work_once(oms, name):
                pass
        except Exception:
            log.exception("worker %s failed", name)
            stop.wait(1)
        if not stop.is_set():
            bell.clear()


def _due(oms: Oms) -> bool:
    """Whether a task waits to be claimed now."""
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalar(
            select(claims.Task.id).where(or_(
                (claims.Task.state == "waiting") & (claims.Task.not_before <= work.now),
                (claims.Task.state == "running") & (claims.Task.lease_until < work.now),
            )).limit(1)
        ) is not None


def drain(oms: Oms, limit: int = 10_000) -> int:
    """Dispatch and work until nothing is due, in this thread; how many tasks were done.

    For the shell (``oms sync``) and for tests.
    """
    done = 0
    while done < limit:
        dispatch(oms.works)
        if not work_once(oms, "drain"):
            if not dispatch(oms.works):
                break
            continue
        done += 1
    return done


def work_once(oms: Oms, worker: str) -> bool:
    """Claim one due task and do it; False when nothing was due."""
    if not _due(oms):
        return False
    with oms.works.writing(SYSTEM) as work:
        held = claims.claim(work.session, worker, work.now)
    if held is None:
        return False
    _do(oms, held)
    return True


def _do(oms: Oms, held: claims.Claim) -> None:
    progress = [0, 0]

    def beat(done: int, total: int) -> None:
        progress[:] = [done, total]
        with oms.works.writing(SYSTEM) as work:
            if not claims.beat(work.session, held, work.now, done, total):
                raise claims.LostClaim(f"task {held.id} was taken over by another worker")

    handler = HANDLERS.get(held.kind)
    try:
        if handler is None:
            raise OmsError("There is no handler for %(kind)s.", kind=held.kind)
        with _kept_alive(oms, held, progress):
            result = handler(Job(oms, held, beat))
    except claims.LostClaim as error:
        log.warning("%s", error)
    except Exception as error:
        expected = isinstance(error, (ChannelError, OmsError))
        log.warning("task %s %s: %s", held.kind, held.key, error, exc_info=not expected)
        with oms.works.writing(SYSTEM) as work:
            claims.fail(
                work.session, held, work.now, f"{type(error).__name__}: {error}"[:2000],
                final=handler is None, wait=getattr(error, "retry_after", None),
                patient=isinstance(error, (ChannelError, ChannelStopped)),
            )
    else:
        with oms.works.writing(SYSTEM) as work:
            claims.finish(work.session, held, work.now, result)


@contextmanager
def _kept_alive(oms: Oms, held: claims.Claim, progress: list[int]) -> Iterator[None]:
    """Renew the lease from a second thread while a handler is busy with one long step."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(BEAT_EVERY):
            try:
                with oms.works.writing(SYSTEM) as work:
                    claims.beat(work.session, held, work.now, *progress)
            except Exception:
                log.exception("lease of task %s not renewed", held.id)

    thread = threading.Thread(target=renew, name=f"lease-{held.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
