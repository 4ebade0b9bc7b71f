"""Folders that are watched: what somebody's program puts there is imported and put aside.

``drop/<account>/`` in the instance folder takes new files. A file is touched only when it has
stopped growing; then it goes to ``working/``, and from there to ``done/`` or ``failed/``, with a
report beside it. A process that dies leaves it in ``working/``, where the next look finds it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.actor import Actor
from oms_web.core.errors import NotAllowedNow, OmsError
from oms_web.core.text import fold
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import file_profiles, file_results, file_runs
from oms_web.sync.file_import import Beat, Importer, run_import
from oms_web.sync.file_store import bring_in

SETTLE_S = 10
WORKING, DONE, FAILED = "working", "done", "failed"
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", ".lock")
_SEEN = ".seen.json"
_NOT_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Watched:
    """An account with a folder."""

    account_id: int
    name: str
    profile: str
    folder: Path


def folder_of(root: Path, account_id: int, name: str) -> Path:
    """The drop folder of an account: its name made plain, and its number."""
    plain = _NOT_WORD.sub("-", fold(name)).strip("-")[:40] or "files"
    return root / f"{plain}-{account_id}"


def any_watched(session: Session) -> bool:
    """Whether some account watches a folder: asked by the clock before it queues a look."""
    settings = session.scalars(
        select(ChannelAccount.settings)
        .where(ChannelAccount.connector == file_profiles.CONNECTOR,
               ChannelAccount.state == "active", ChannelAccount.archived_at.is_(None))
    )
    return any(told.get("folder") for told in settings)


def watched(importer: Importer, root: Path) -> list[Watched]:
    """The accounts that watch a folder."""
    with importer.engine.works.reading(_ACTOR) as work:
        rows = work.session.scalars(
            select(ChannelAccount)
            .where(ChannelAccount.connector == file_profiles.CONNECTOR,
                   ChannelAccount.state == "active", ChannelAccount.archived_at.is_(None))
            .order_by(ChannelAccount.id)
        ).all()
        return [
            Watched(row.id, row.name, str(row.settings.get("profile") or row.name),
                    folder_of(root, row.id, row.name))
            for row in rows if row.settings.get("folder")
        ]


_ACTOR = Actor("system", "drop folder")


def look(
    importer: Importer, root: Path, now: datetime, beat: Beat = lambda _a, _b: None
) -> dict[str, int]:
    """Look into every watched folder once and import what is complete; counts by outcome.

    One process at a time should look (the task's key sees to that); two do no harm, since a file
    is claimed by moving it.
    """
    counts = {DONE: 0, FAILED: 0}
    for place in watched(importer, root):
        for part in (WORKING, DONE, FAILED):
            (place.folder / part).mkdir(parents=True, exist_ok=True)
        for path in [*_left_over(place), *_claimed(place, now.timestamp())]:
            try:
                counts[_take(importer, place, path, now, beat)] += 1
            except NotAllowedNow:
                continue  # another process is at it and will put it aside
    return counts


def _left_over(place: Watched) -> list[Path]:
    """Files that a process was at when it died."""
    return sorted(path for path in (place.folder / WORKING).iterdir() if path.is_file())


def _claimed(place: Watched, now: float) -> Iterator[Path]:
    """New complete files, each moved to where only we look."""
    for path in _settled(place.folder, now):
        target = _free_name(place.folder / WORKING, path.name)
        try:
            path.rename(target)
        except FileNotFoundError:
            continue
        yield target


def _settled(folder: Path, now: float) -> list[Path]:
    """Files whose size and date have not changed for ``SETTLE_S`` seconds."""
    before = _read_seen(folder / _SEEN)
    seen: dict[str, list[float]] = {}
    ready = []
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith(".") or \
                path.name.lower().endswith(_UNFINISHED):
            continue
        found = path.stat()
        since = now
        if path.name in before and before[path.name][:2] == [found.st_size, found.st_mtime]:
            since = before[path.name][2]
        if now - since >= SETTLE_S and found.st_size:
            ready.append(path)
        else:
            seen[path.name] = [found.st_size, found.st_mtime, since]
    if seen != before:
        _write_seen(folder / _SEEN, seen)
    return ready


def _read_seen(path: Path) -> dict[str, list[float]]:
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def _write_seen(path: Path, seen: Mapping[str, list[float]]) -> None:
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(seen), "utf-8")
    os.replace(aside, path)


def _free_name(folder: Path, name: str) -> Path:
    """A path that nothing is at: ``orders.csv``, ``orders-2.csv``..."""
    stem, dot, rest = name.partition(".")
    number = 1
    target = folder / name
    while target.exists():
        number += 1
        target = folder / f"{stem}-{number}{dot}{rest}"
    return target


def _take(
    importer: Importer, place: Watched, path: Path, now: datetime, beat: Beat
) -> str:
    """Import one file and put it aside with its report; ``done`` or ``failed``."""
    try:
        report = _import(importer, place, path, beat)
        outcome = DONE if report["state"] == file_runs.DONE else FAILED
    except NotAllowedNow:
        raise
    except OmsError as error:
        report, outcome = {"state": FAILED, "error": str(error)}, FAILED
    target = _free_name(place.folder / outcome, path.name)
    report_path = target.with_name(target.name + ".report.json")
    told = {"file": path.name, "at": now.isoformat(timespec="seconds"), **report}
    report_path.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", "utf-8")
    path.rename(target)
    return outcome


def _import(importer: Importer, place: Watched, path: Path, beat: Beat) -> dict[str, Any]:
    works, registry = importer.engine.works, importer.engine.registry
    with works.writing(_ACTOR) as work:
        profile = file_profiles.by_name(work, registry, place.profile)
        if profile.kind == "orders" and profile.account_id is None:
            profile.account_id = place.account_id
        spec = dict(profile.spec)
    stored = bring_in(importer.store, [path], spec)
    with works.writing(_ACTOR) as work:
        profile = file_profiles.by_name(work, registry, place.profile)
        run_id = file_runs.begin(work, profile, stored, file_runs.Options()).id
    run_import(importer, run_id, beat)
    with works.reading(_ACTOR) as work:
        found = file_results.summary(work.session, run_id, importer.templates)
        run = found.run
        return {
            "state": run.state, "import": run_id, "read": run.read, "added": run.added,
            "changed": run.changed, "same": run.same, "quarantined": run.quarantined,
            "skipped": dict(found.skipped), "reasons": dict(found.reasons[:50]),
            **({"error": run.error} if run.error else {}),
        }
