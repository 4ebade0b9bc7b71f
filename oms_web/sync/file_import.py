"""Import a file: page after page, each stored together with the place to go on from.

A process that dies loses at most the page it was at; run again, the import goes on and ends the
same. Nothing here depends on how often that happens, or on which of two processes got there
first: orders are known by their id, products by their SKU, opening units by their cause.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from oms_connector import ChannelError, FileKind, ReadsFiles

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.core.ports import FileStore
from oms_web.domain.catalog.service import put_variants
from oms_web.sync import file_goods, file_orders, file_runs
from oms_web.sync.file_pages import Source, pages
from oms_web.sync.file_profiles import account_of, file_connector, get_profile, reader
from oms_web.sync.file_runs import BUNDLES, END, RECORDS, SURVEY, Progress
from oms_web.sync.file_survey import Survey
from oms_web.sync.session import Engine

Beat = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Importer:
    """What importing needs: the engine, and a folder for files on their way."""

    engine: Engine
    work_root: Path

    @property
    def reads(self) -> ReadsFiles:
        """The connector that reads files."""
        return reader(self.engine.registry)

    @property
    def store(self) -> FileStore:
        """Where files are kept."""
        return cast(FileStore, self.engine.works.ports["files"])

    @property
    def templates(self) -> Sequence[str]:
        """What the connector says about files, unfilled: to count what is alike."""
        return tuple(getattr(file_connector(self.engine.registry), "messages", ()))

    def folder(self, run_id: int) -> Path:
        """The run's own folder, made when it is not there."""
        found = self.work_root / f"import-{run_id}"
        found.mkdir(parents=True, exist_ok=True)
        return found


def run_import(importer: Importer, run_id: int, beat: Beat = lambda _a, _b: None) -> bool:
    """Do a run to its end; False when the file cannot be read (the run says why).

    Raises:
        NotAllowedNow: another process is importing this file.
    """
    source = _open(importer, run_id)
    if source is None:
        return False
    try:
        _Run(importer, source, beat).go()
    except ChannelError as error:
        with importer.engine.works.writing(SYSTEM) as work:
            file_runs.fail(work, run_id, str(error))
        return False
    finally:
        _tidy(importer, run_id)
    return True


def _open(importer: Importer, run_id: int) -> Source | None:
    with importer.engine.works.reading(SYSTEM) as work:
        run = file_runs.get_run(work.session, run_id)
        if run.state not in file_runs.OPEN:
            raise NotAllowedNow("This import has ended. Start it again if it is needed.")
        profile = get_profile(work.session, run.profile_id)
        changed = file_runs.digest_of(profile.spec) != Progress.of(run).spec
        spec, kind = profile.spec, cast(FileKind, profile.kind)
        name, profile_id = run.file, profile.id
    if changed:
        with importer.engine.works.writing(SYSTEM) as work:
            file_runs.fail(work, run_id, str(NotAllowedNow(
                "The profile was changed while the file was imported. Start the import again."
            )))
        return None
    return Source(importer.reads, importer.store.path(name), spec, kind, importer.folder(run_id),
                  run_id, profile_id)


def _tidy(importer: Importer, run_id: int) -> None:
    """The staged file goes when the run has ended; after a crash it shortens the next start."""
    with importer.engine.works.reading(SYSTEM) as work:
        ended = file_runs.get_run(work.session, run_id).state not in file_runs.OPEN
    if ended:
        shutil.rmtree(importer.work_root / f"import-{run_id}", ignore_errors=True)


class _Run:
    """One run at work."""

    def __init__(self, importer: Importer, source: Source, beat: Beat) -> None:
        self._works = importer.engine.works
        self._importer = importer
        self._source = source
        self._beat = beat
        self._total = 0
        with self._works.reading(SYSTEM) as work:
            self._progress = Progress.of(file_runs.get_run(work.session, source.run_id))
        self._actor = file_runs.actor_of(self._progress)

    def go(self) -> None:
        """Do the phases that are left."""
        self._prepare()
        phases = {
            SURVEY: self._survey, RECORDS: self._records, BUNDLES: self._bundles,
        }
        while self._progress.phase != END:
            phases[self._progress.phase]()
        with self._works.writing(self._actor) as work:
            file_runs.finish(work, self._source.run_id, self._progress)

    def _prepare(self) -> None:
        """Stage the file, count it, and make the account that orders belong to."""
        self._total = self._source.count()
        with self._works.writing(self._actor) as work:
            run = file_runs.get_run(work.session, self._source.run_id)
            run.total, run.state = self._total, file_runs.RUNNING
            if self._source.kind == "orders":
                profile = get_profile(work.session, self._source.profile_id)
                account = account_of(work, self._importer.engine.registry, profile,
                                     history=self._progress.options.opening_stock)
                self._source.account_id = account.id
                self._actor = self._importer.engine.actor(account)

    def _next(self) -> Progress:
        progress = self._progress
        phase = file_runs.next_phase(progress.phase, progress.options, bundles=progress.bundles)
        return replace(progress, phase=phase, position=0)

    def _survey(self) -> None:
        """Add the products and the units that the file's orders need.

        The units come in one transaction with saying so; products may well be told twice.
        """
        options = self._progress.options
        survey = Survey(self._works, self._source, create=options.create_products)
        survey.run(self._step)
        for chunk in survey.missing():
            with self._works.writing(self._actor) as work:
                put_variants(work, chunk)
        with self._works.writing(self._actor) as work:
            if options.opening_stock:
                survey.receive(work, self._progress.turn)
            self._progress = file_runs.advance(
                work, self._source.run_id, self._progress, self._next()
            )

    def _records(self) -> None:
        store = file_orders.store if self._source.kind == "orders" else file_goods.store
        for page in pages(self._source.read(self._progress.position)):
            with self._works.writing(self._actor) as work:
                stored = store(work, self._source, page, self._progress.turn)
                moved = replace(
                    file_runs.skip(self._progress, stored.skipped),
                    position=page.after, bundles=self._progress.bundles or stored.bundles,
                )
                self._progress = file_runs.advance(
                    work, self._source.run_id, self._progress, moved, stored.counts()
                )
            self._step(page.after)
        self._move_on()

    def _bundles(self) -> None:
        """Tell what bundles are made of, now that all parts are known."""
        for page in pages(self._source.read(self._progress.position)):
            with self._works.writing(self._actor) as work:
                refused = file_goods.store_bundles(work, self._source, page)
                self._progress = file_runs.advance(
                    work, self._source.run_id, self._progress,
                    replace(self._progress, position=page.after), {"quarantined": refused},
                )
        self._move_on()

    def _move_on(self) -> None:
        with self._works.writing(self._actor) as work:
            self._progress = file_runs.advance(
                work, self._source.run_id, self._progress, self._next()
            )

    def _step(self, done: int) -> None:
        self._beat(done, self._total)
