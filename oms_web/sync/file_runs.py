"""Import runs: one row per profile and file, with the place where it goes on after any death."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.actor import Actor
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.stock import service as stock
from oms_web.sync.file_store import StoredFile
from oms_web.sync.models import ImportProfile, ImportRun

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
OPEN = (WAITING, RUNNING)

# What is done with a file, in this order. Each is finished in one transaction with its name.
SURVEY, RECORDS, BUNDLES, END = "survey", "records", "bundles", "end"
_COUNTS = ("read", "added", "changed", "same", "quarantined")


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of an import of orders, beyond taking them in.

    ``create_products``: SKUs that the catalogue lacks are added. ``opening_stock``: as many units
    are put on the shelf first as the orders of the file need.
    """

    create_products: bool = False
    opening_stock: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: the part that only the engine reads (``ImportRun.cursor``).

    ``turn`` counts how often the file was imported from the start; ``position`` is the next one
    to be read; ``skipped`` is rows by the reason for which a rule left them out.
    """

    spec: str
    options: Options
    actor: Mapping[str, Any]
    turn: int = 1
    phase: str = RECORDS
    position: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    bundles: bool = False

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)

    @classmethod
    def of(cls, run: ImportRun) -> Progress:
        """As it was stored."""
        told = dict(run.cursor or {})
        return cls(**(told | {"options": Options(**told["options"])}))


def begin(
    work: Work, profile: ImportProfile, stored: StoredFile, options: Options
) -> ImportRun:
    """The run for this file and profile, made or taken up.

    One that was finished starts anew: what is in the shop already stays the same. One that was
    interrupted goes on where it was, unless the profile or the options have changed since.

    Raises:
        NotAllowedNow: opening stock is wanted and there is no place to put it.
    """
    if options.opening_stock:
        try:
            stock.default_bin(work.session)
        except NotFound as error:
            raise NotAllowedNow(error.message) from error
    run = work.session.scalar(
        select(ImportRun).where(ImportRun.profile_id == profile.id,
                                ImportRun.digest == stored.digest).with_for_update()
    )
    spec = digest_of(profile.spec)
    if run is None:
        run = ImportRun(profile_id=profile.id, file=stored.name, digest=stored.digest,
                        original_name=stored.original_name[:200], started_by=work.actor.name,
                        created_at=work.now)
        work.session.add(run)
        _restart(run, _first(work, spec, options, 1))
    else:
        was = Progress.of(run)
        if run.state not in OPEN or (was.spec, was.options) != (spec, options):
            run.created_at, run.started_by = work.now, work.actor.name
            run.original_name = stored.original_name[:200]
            _restart(run, _first(work, spec, options, was.turn + 1))
    work.session.flush()
    audit.record(work, "imports.run", "import_run", run.id,
                 {"file": [None, run.original_name], "profile": [None, profile.name]})
    return run


def _first(work: Work, spec: str, options: Options, turn: int) -> Progress:
    actor = {"kind": work.actor.kind, "name": work.actor.name, "id": work.actor.id}
    return Progress(spec, options, actor, turn, next_phase(None, options))


def _restart(run: ImportRun, progress: Progress) -> None:
    run.state, run.error, run.finished_at, run.total = WAITING, None, None, 0
    for name in _COUNTS:
        setattr(run, name, 0)
    run.cursor = progress.to_json()


def next_phase(phase: str | None, options: Options, *, bundles: bool = False) -> str:
    """What follows a phase (None: the first)."""
    asked = {
        SURVEY: options.create_products or options.opening_stock, RECORDS: True,
        BUNDLES: bundles, END: True,
    }
    order = list(asked)
    left = order[order.index(phase) + 1 :] if phase else order
    return next(name for name in left if asked[name])


def digest_of(spec: Mapping[str, Any]) -> str:
    """Tells whether a profile has changed."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def get_run(session: Session, run_id: int) -> ImportRun:
    """A run by id.

    Raises:
        NotFound: there is none.
    """
    found = session.get(ImportRun, run_id)
    if found is None:
        raise NotFound("There is no such import.")
    return found


def advance(
    work: Work, run_id: int, seen: Progress, now: Progress, counts: Mapping[str, int] | None = None
) -> Progress:
    """Move a run on, in the transaction that did the work.

    Raises:
        NotAllowedNow: another process has moved it on since ``seen``.
    """
    run = work.session.scalar(
        select(ImportRun).where(ImportRun.id == run_id).with_for_update()
        .execution_options(populate_existing=True)
    )
    if run is None or run.state not in OPEN or Progress.of(run) != seen:
        raise NotAllowedNow("Another process is importing this file.")
    run.state, run.cursor = RUNNING, now.to_json()
    for name, count in (counts or {}).items():
        setattr(run, name, getattr(run, name) + count)
    return now


def skip(progress: Progress, skipped: Mapping[str, int]) -> Progress:
    """The progress with some more rows left out by rules."""
    if not skipped:
        return progress
    return replace(progress, skipped=dict(Counter(progress.skipped) + Counter(skipped)))


def finish(work: Work, run_id: int, seen: Progress) -> None:
    """The run is done."""
    advance(work, run_id, seen, replace(seen, phase=END))
    run = get_run(work.session, run_id)
    run.state, run.finished_at, run.error = DONE, work.now, None
    audit.record(work, "imports.done", "import_run", run_id,
                 {name: [None, getattr(run, name)] for name in _COUNTS})


def fail(work: Work, run_id: int, error: str) -> None:
    """The file cannot be imported as it is; what was taken in stays."""
    run = get_run(work.session, run_id)
    run.state, run.finished_at, run.error = FAILED, work.now, error
    audit.record(work, "imports.fail", "import_run", run_id, {"error": [None, error]})


def origin_of(run_id: int) -> str:
    """What quarantine rows of a run are marked with."""
    return f"import:{run_id}"


def run_of(origin: str) -> int | None:
    """The run that marked a quarantine row so; None when no file brought it."""
    kind, _, number = origin.partition(":")
    return int(number) if kind == "import" and number.isdecimal() else None


def actor_of(progress: Progress) -> Actor:
    """Who asked for the import."""
    return Actor(progress.actor["kind"], progress.actor["name"], progress.actor["id"])
