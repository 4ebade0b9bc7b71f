"""Tables of bulk changes: what was asked, and what became of each order.

A change is an *act* with parameters (``automation/acts.py``), the same for every order. What takes
it back is written beside each row as acts too, so an undo is a batch like any other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base


class Batch(Base):
    """The same act on many orders.

    ``state``: ``waiting``, ``running``, ``done``. ``changed``, ``same`` and ``refused`` count its
    finished rows. ``undo_of`` is the batch that this one takes back; ``undone_by`` the one that
    takes this one back.
    """

    __tablename__ = "batch"

    id: Mapped[Key]
    act: Mapped[str] = mapped_column(String(40))
    params: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    asked_at: Mapped[datetime]
    asked_kind: Mapped[str] = mapped_column(String(12))
    asked_id: Mapped[int | None]
    asked_name: Mapped[str] = mapped_column(String(120))
    ended_at: Mapped[datetime | None]
    total: Mapped[int]
    changed: Mapped[int] = mapped_column(default=0)
    same: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    undo_of: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))

    __table_args__ = (Index("ix_batch_asked", "asked_id", "id"),)


class BatchRow(Base):
    """One order of a batch, in the order in which they were ticked.

    ``state``: ``waiting``, ``changed``, ``same`` (it was so already), ``refused``. ``why`` is the
    refusal: a gettext key and its values. ``undo`` lists the acts that take it back, each
    ``[act, parameters]``; empty when nothing can.
    """

    __tablename__ = "batch_row"

    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), primary_key=True)
    place: Mapped[int]
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    why: Mapped[list[Any] | None]
    undo: Mapped[list[Any]] = mapped_column(default=list)

    __table_args__ = (Index("ix_batch_row_place", "batch_id", "place"),)
