"""Printers, what goes to which of them, and the jobs that wait for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import BigKey, Key
from oms_web.core.db import Base


class Printer(Base):
    """A printer that a print agent serves. ``name`` is the agent's own, and stays.

    ``station`` is the pack station it stands at. ``format`` is what it understands: ``pdf`` or
    ``zpl``. An agent that no longer names a printer leaves ``gone_at`` behind.
    """

    __tablename__ = "printer"

    id: Mapped[Key]
    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"))
    station: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    format: Mapped[str] = mapped_column(String(3))
    seen_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("api_key_id", "name"),)


class PrintRoute(Base):
    """At this station, papers of this kind come out of that printer. ``automatic``: by themselves,
    as soon as a parcel closes there."""

    __tablename__ = "print_route"

    id: Mapped[Key]
    station: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(12))
    printer_id: Mapped[int] = mapped_column(ForeignKey("printer.id"))
    copies: Mapped[int] = mapped_column(default=1)
    automatic: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        UniqueConstraint("station", "kind"),
        CheckConstraint("copies BETWEEN 1 AND 9", name="few_copies"),
    )


class PrintJob(Base):
    """Paper that is wanted. ``state``: ``waiting`` -> ``taken`` -> ``printed`` | ``failed``;
    ``unknown`` when whoever took it was not heard of again: it may have come out; ``dropped``
    when somebody no longer wants it.

    ``key`` is what it is for: the same wish twice is one job. ``file`` lies in the store of prints;
    empty where the paper could not be made for its printer (``message`` says why).
    """

    __tablename__ = "print_job"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    printer_id: Mapped[int] = mapped_column(ForeignKey("printer.id"))
    kind: Mapped[str] = mapped_column(String(12))
    title: Mapped[str] = mapped_column(String(160))
    file: Mapped[str] = mapped_column(String(80))
    copies: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    message: Mapped[str] = mapped_column(String(300), default="")
    asked_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_print_job_open", "printer_id", "id",
              sqlite_where=text("state IN ('waiting', 'taken')"),
              postgresql_where=text("state IN ('waiting', 'taken')")),
        Index("ix_print_job_created", "created_at"),
    )
