"""Pick lists, pick scans, pack scans, and notes that a packer confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base


class PickList(Base):
    """A walk through one warehouse. ``state``: ``open`` -> ``done`` | ``cancelled``.

    ``method``: ``cart`` (each order has a slot on the cart), ``batch`` (goods of all orders lie
    together and are sorted at the bench), ``single`` (one order). ``wave`` says which filter its
    orders were taken by: ``carrier``, ``due``, ``single``. ``assigned_to`` is its owner: who takes
    the first unit, or took it over; nobody else takes units.
    """

    __tablename__ = "pick_list"

    id: Mapped[Key]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    state: Mapped[str] = mapped_column(String(10), default="open")
    method: Mapped[str] = mapped_column(String(8), default="cart")
    wave: Mapped[dict[str, Any]] = mapped_column(default=dict)
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_pick_list_state", "state", "id"),)


class PickTask(Base):
    """Take ``quantity`` units of a variant from a place, for one order line.

    ``picked`` counts what was really taken; ``short`` what the shelf did not have. ``basket``
    says which basket (slot) of the cart the order's goods go into, from 1, the same for all its
    tasks; 0 where goods of several orders lie together.
    """

    __tablename__ = "pick_task"

    id: Mapped[Key]
    pick_list_id: Mapped[int] = mapped_column(ForeignKey("pick_list.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    basket: Mapped[int] = mapped_column(default=0)
    quantity: Mapped[int]
    picked: Mapped[int] = mapped_column(default=0)
    short: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("picked >= 0 AND short >= 0", name="nothing_negative"),
        CheckConstraint("picked + short <= quantity", name="within_asked"),
        UniqueConstraint("pick_list_id", "line_id", "variant_id", "location_id"),
    )


class PickScan(Base):
    """A unit that was scanned on a walk. ``key`` is made by the picker's screen for each scan, so
    that a scan sent twice counts once."""

    __tablename__ = "pick_scan"

    id: Mapped[Key]
    pick_list_id: Mapped[int] = mapped_column(ForeignKey("pick_list.id"), index=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    at: Mapped[datetime]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    units: Mapped[int]
    actor: Mapped[str] = mapped_column(String(120))


class PackScan(Base):
    """One scan at the pack station and what it meant.

    ``result``: ``ok``, ``extra`` (more than ordered), ``wrong`` (not in this order), ``unknown``
    (no such code), ``undone`` (taken back), ``hand`` (confirmed without a scan), ``missing`` and
    ``damaged`` (a unit that did not go into the parcel), ``macro`` (its name was scanned as
    ``code``: no goods). ``key`` is made by the station for each
    scan, so that a scan sent twice counts once. ``parcel`` is the position of the open parcel.
    """

    __tablename__ = "pack_scan"

    id: Mapped[Key]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), index=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    at: Mapped[datetime]
    code: Mapped[str] = mapped_column(String(120))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    result: Mapped[str] = mapped_column(String(8))
    parcel: Mapped[int] = mapped_column(default=1)
    actor: Mapped[str] = mapped_column(String(120))


class NoteConfirmation(Base):
    """A packer has read a note that must be confirmed before the parcel closes."""

    __tablename__ = "note_confirmation"

    note_id: Mapped[int] = mapped_column(ForeignKey("order_note.id"), primary_key=True)
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), primary_key=True,
                                             index=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))
