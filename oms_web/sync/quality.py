"""How good a connector is: by our own tests for those that come with the app, else by a check here.

A stranger's manifest may say what it likes: only what the kit found on this machine is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from oms_connector import Connector
from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.db import upsert
from oms_web.core.work import Work
from oms_web.sync.models import ConnectorCheck
from oms_web.sync.registry import comes_with_the_app


@dataclass(frozen=True, slots=True)
class Quality:
    """``level`` is empty where it is not known, or less than bronze.

    ``checked_at``: when the kit ran here, None for what our own tests found. ``stale``: it ran on
    another version. ``broken``: (number, why) of the promises that it does not keep.
    """

    level: str
    kept: int = 0
    not_applicable: int = 0
    broken: tuple[tuple[int, str], ...] = ()
    checked_at: datetime | None = None
    stale: str = ""

    @property
    def is_known(self) -> bool:
        """Whether anybody looked."""
        return bool(self.level) or self.checked_at is not None


@dataclass(frozen=True, slots=True)
class Found:
    """What a run of the kit ended in."""

    level: str
    kept: int
    not_applicable: int
    broken: list[tuple[int, str]]


def note(work: Work, connector: type[Connector], found: Found) -> None:
    """Keep what the kit found; the newest run counts."""
    row = {
        "connector": connector.manifest.key, "version": connector.manifest.version[:40],
        "level": found.level, "kept": found.kept, "not_applicable": found.not_applicable,
        "broken": [[number, why[:500]] for number, why in found.broken], "at": work.now,
    }
    insert = upsert(work.session, ConnectorCheck).values(row)
    work.session.execute(insert.on_conflict_do_update(
        index_elements=["connector"], set_={name: insert.excluded[name] for name in row}))


def of(session: Session, connectors: Iterable[type[Connector]]) -> dict[str, Quality]:
    """Key -> how good each of these connectors is."""
    checks = {row.connector: row for row in session.scalars(select(ConnectorCheck))}
    return {one.manifest.key: _quality(one, checks.get(one.manifest.key)) for one in connectors}


def _quality(connector: type[Connector], check: ConnectorCheck | None) -> Quality:
    ours, version = comes_with_the_app(connector), connector.manifest.version[:40]
    if check is None or (ours and check.version != version):
        return Quality(connector.manifest.quality if ours else "")
    return Quality(
        check.level, check.kept, check.not_applicable,
        tuple((number, why) for number, why in check.broken), check.at,
        check.version if check.version != version else "")
