"""Warehouses, locations, balances, moves, reservations and stock documents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key, Micro
from oms_web.core.db import Base

# The other ends of moves, made by the second migration with these keys.
SUPPLIER, CUSTOMER, SCRAP, COUNT, TRANSIT = 1, 2, 3, 4, 5
KEEP_NO_BALANCE = frozenset({SUPPLIER, CUSTOMER, SCRAP, COUNT})


class Warehouse(Base):
    """A building that goods are sent from. Lower ``rank`` is asked first."""

    __tablename__ = "warehouse"

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    rank: Mapped[int] = mapped_column(default=0)
    address: Mapped[dict[str, Any]]
    active: Mapped[bool] = mapped_column(default=True)


class Location(Base):
    """Where units are, or where they come from and go to.

    ``kind`` ``bin`` is a shelf in a warehouse, ``transit`` is on the road between two; these keep
    a balance. ``supplier``, ``customer``, ``scrap`` and ``count`` (count difference) are the
    other ends of moves and keep none. Only ``sellable`` bins are promised to buyers.
    """

    __tablename__ = "location"

    id: Mapped[Key]
    warehouse_id: Mapped[int | None] = mapped_column(ForeignKey("warehouse.id"))
    kind: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(String(40))
    path_order: Mapped[int] = mapped_column(default=0)
    sellable: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (UniqueConstraint("warehouse_id", "code"),)


class Balance(Base):
    """How many units of a variant are in a place, and how many of them are promised.

    A cache of the ledger and of the reservations, changed in the same transaction as they are.
    The constraint is the last guard against selling a unit twice.
    """

    __tablename__ = "balance"

    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), primary_key=True)
    on_hand: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("on_hand >= reserved", name="promised_is_there"),
        Index("ix_balance_location", "location_id", "variant_id"),
    )


class Move(Base):
    """Units went from one place to another. Never changed, never deleted (triggers refuse it).

    ``cause`` is unique: repeating an act (a retry, a double click, a second delivery of the
    same message) adds nothing.
    """

    __tablename__ = "move"

    id: Mapped[Key]
    at: Mapped[datetime]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    from_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    quantity: Mapped[int]
    cause: Mapped[str] = mapped_column(String(160), unique=True)
    reason: Mapped[str] = mapped_column(String(20))
    order_id: Mapped[int | None]
    document_id: Mapped[int | None]
    actor: Mapped[str] = mapped_column(String(120))
    note: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("from_id <> to_id", name="goes_somewhere"),
        Index("ix_move_variant", "variant_id", "id"),
        Index("ix_move_order", "order_id"),
    )


class Reservation(Base):
    """Units in a place promised to a demand. The row goes when they are taken or let go.

    ``demand_kind``/``demand_id``: ``order_line``/its id, ``transfer_line``/its id...
    """

    __tablename__ = "reservation"

    id: Mapped[Key]
    demand_kind: Mapped[str] = mapped_column(String(16))
    demand_id: Mapped[int]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    quantity: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        UniqueConstraint("demand_kind", "demand_id", "variant_id", "location_id"),
        Index("ix_reservation_place", "variant_id", "location_id"),
        Index("ix_reservation_expiry", "expires_at"),
    )


class Recount(Base):
    """A place where a picker or packer did not find what the ledger says: it is to be counted.

    The row goes when the place was counted or corrected.
    """

    __tablename__ = "recount"

    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))
    missing: Mapped[int]


class LowStock(Base):
    """A variant of which fewer units are free than its minimum, and since when we know.

    The row is why it is said once: it goes when there are enough again.
    """

    __tablename__ = "low_stock"

    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    since: Mapped[datetime]


class StockDocument(Base):
    """A reason for moves that people can look up: receipt, transfer, correction, stocktake.

    ``state``: ``draft`` -> ``sent`` (transfers on the road) -> ``posted`` | ``cancelled``.
    """

    __tablename__ = "stock_document"

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(10), default="draft")
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    to_warehouse_id: Mapped[int | None] = mapped_column(ForeignKey("warehouse.id"))
    partner: Mapped[str] = mapped_column(String(200), default="")
    reference: Mapped[str] = mapped_column(String(120), default="")
    reason: Mapped[str] = mapped_column(String(40), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    posted_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_stock_document_list", "kind", "id"),)


class StockDocumentLine(Base):
    """What was announced (``quantity``) and what was found, sent or received (``done``).

    For a stocktake ``quantity`` is the balance when the place was first scanned and ``done`` the
    count; while units move during the count, the difference is taken against the ledger.
    """

    __tablename__ = "stock_document_line"

    id: Mapped[Key]
    document_id: Mapped[int] = mapped_column(ForeignKey("stock_document.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    quantity: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    unit_cost: Mapped[Micro | None]
    last_move_id: Mapped[int | None]

    __table_args__ = (
        UniqueConstraint("document_id", "variant_id", "location_id"),
    )
