"""The file connector: what the app calls."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from oms_connector import (
    N_,
    Connector,
    Field,
    FileColumn,
    FileKind,
    FileProblem,
    FileSample,
    Manifest,
    Order,
    ProductRecord,
    Refused,
    Skipped,
    StockRecord,
    Unreadable,
)

from oms_files import checking, schema, suggesting, words
from oms_files.goods import GoodsMaker
from oms_files.orders import OrderMaker
from oms_files.ready import ready_profiles
from oms_files.staging import Stage, scope_of, stage

_EXAMPLES = 3

Record = Order | ProductRecord | StockRecord | Unreadable | Skipped


class FilesConnector(Connector):
    """Orders, products and stock counts from CSV, TSV, XLSX, JSON and XML by profiles."""

    manifest = Manifest(
        key="files", name=N_("Files"), letters="Fi", version="1.0", hue=200,
        settings=(
            Field("folder", N_("Watch a folder"), "flag", required=False,
                  help=N_("New files in the channel's drop folder are imported by themselves.")),
            Field("profile", N_("Profile for files in the folder"), required=False,
                  help=N_("Empty: the profile of the same name as the channel.")),
            Field("history_moves_stock", N_("Old orders move the stock"), "flag", required=False,
                  help=N_("Orders that were shipped before they came here leave the stock too.")),
        ),
        help=N_("Orders from CSV, Excel, JSON and XML: a watched folder, or files you bring in."),
    )
    messages: ClassVar[Sequence[str]] = words.MESSAGES

    @classmethod
    def ready_profiles(cls) -> Mapping[str, tuple[FileKind, Mapping[str, Any]]]:
        """Profiles that come with the connector: name -> (kind, profile)."""
        return ready_profiles()

    def profile_schema(self, kind: FileKind) -> Mapping[str, Any]:
        """Fields, operators and choices of a profile, for the editor and the documentation."""
        return schema.describe(kind)

    def suggest(self, file: Path, kind: FileKind) -> Mapping[str, Any]:
        """A first profile guessed from the file's form, headers and values."""
        with tempfile.TemporaryDirectory() as folder:
            return suggesting.suggest(file, kind, Path(folder))

    def check(self, profile: Mapping[str, Any], kind: FileKind) -> Sequence[FileProblem]:
        """What is wrong with a profile, each at its field (``lines.sku``, ``rules.0.when``)."""
        return checking.check(profile, kind)

    def sample(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, rows: int
    ) -> FileSample:
        """The first rows and the records they become; the rows also for an unfinished profile."""
        problems = list(checking.check(profile, kind))
        usable = not problems
        if not usable:
            profile = {name: profile[name] for name in ("format",) if name in profile}
            if any(problem.field.startswith("format") for problem in problems):
                profile = {}
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(stage(file, profile, kind, Path(folder), rows=rows)) as staged,
        ):
            return self._sample(staged, profile, kind, problems if not usable else [])

    def _sample(
        self, staged: Stage, profile: Mapping[str, Any], kind: FileKind,
        problems: list[FileProblem],
    ) -> FileSample:
        maker = None if problems else _maker(staged, profile, kind)
        records: list[Record] = []
        rows = []
        for _, key, group in staged.groups():
            rows += group
            for record in maker.make(key, group) if maker else ():
                records.append(record)
                if isinstance(record, Unreadable):
                    problems.append(FileProblem(record.reason, record.field, group[0][0]))
        rows.sort(key=lambda row: row[0])
        columns = [
            FileColumn(name, _examples(cells[place] for _, cells, _ in rows))
            for place, name in enumerate(staged.columns)
        ]
        return FileSample(staged.found["type"], columns, [cells for _, cells, _ in rows],
                          records, problems)

    def count(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, work_dir: Path
    ) -> int:
        """Stage the file; the number of orders, or of rows for products and stock."""
        self._refuse_unfit(profile, kind)
        with closing(stage(file, profile, kind, work_dir)) as staged:
            return staged.total

    def read(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, start: int, work_dir: Path
    ) -> Iterator[tuple[int, Record]]:
        """Records from a position on."""
        self._refuse_unfit(profile, kind)
        with closing(stage(file, profile, kind, work_dir)) as staged:
            maker = _maker(staged, profile, kind)
            for position, key, rows in staged.groups(start):
                for record in maker.make(key, rows):
                    yield position, record

    def text_of(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, position: int,
        work_dir: Path,
    ) -> str:
        """The rows of a position as CSV with their header."""
        with closing(stage(file, profile, kind, work_dir)) as staged:
            found = staged.group(position)
            return staged.raw(found[2]) if found else ""

    def _refuse_unfit(self, profile: Mapping[str, Any], kind: FileKind) -> None:
        for problem in checking.check(profile, kind):
            raise Refused(f"{problem.field}: {problem.message}", "profile", problem.field)


def _maker(staged: Stage, profile: Mapping[str, Any], kind: FileKind) -> OrderMaker | GoodsMaker:
    scope = scope_of(staged, profile.get("numbers", "."))
    if kind == "orders":
        return OrderMaker(profile, scope, staged.raw)
    return GoodsMaker(kind, profile, scope, staged.raw)


def _examples(values: Iterator[str]) -> list[str]:
    found: dict[str, None] = {}
    for value in values:
        if value:
            found[value[:120]] = None
        if len(found) >= _EXAMPLES:
            break
    return list(found)
