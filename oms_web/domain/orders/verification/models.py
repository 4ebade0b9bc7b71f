"""Tables of verification: findings, how strict each check is, and what the seller watches for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base

_OPEN = "settled_at IS NULL"


class Finding(Base):
    """Something that is doubtful about an order. Open while ``settled_at`` is empty.

    ``kind`` is a key of ``kinds.CHECKS``; ``detail`` fills its sentence in ``checks.KINDS``.
    ``level``: ``warn``, or ``hold``, which has a hold of the same kind beside it. ``ref`` keeps
    several of a kind apart. ``how``: ``accepted`` and ``kept`` (a person said that it is as it
    should be: the same is not found again), ``corrected`` (it is so no longer), ``cancelled``,
    ``left`` (the order left or was closed), ``undone``.
    """

    __tablename__ = "order_finding"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    level: Mapped[str] = mapped_column(String(4))
    ref: Mapped[str] = mapped_column(String(60), default="")
    detail: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]
    found_by: Mapped[str] = mapped_column(String(120))
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None] = mapped_column(String(120))
    how: Mapped[str | None] = mapped_column(String(10))

    __table_args__ = (
        Index("ux_order_finding_open", "order_id", "kind", "ref", unique=True,
              sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
        Index("ix_order_finding_kind", "kind", "order_id",
              sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
        Index("ix_order_finding_age", "found_at",
              sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
    )


class CheckLevel(Base):
    """What the seller chose for a check: ``off``, ``warn`` or ``hold``. No row: as it comes.

    ``number`` is what the check counts: the hours within which an order may be a double.
    """

    __tablename__ = "order_check"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    level: Mapped[str] = mapped_column(String(4))
    number: Mapped[int | None]


class Watched(Base):
    """A phone number, an e-mail or an address that the seller watches for.

    ``key`` is how it is compared (``watching.key_of``), ``text`` as it was typed.
    """

    __tablename__ = "order_watched"

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(120), unique=True)
    text: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(200), default="")
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(String(120))
