"""Shipments, what is in them, and their parcels."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base

# The conditions of partial indexes, word for word as they are asked: few rows among very many.
UNTOLD = "told IN ('failed', 'unknown')"
ON_THE_ROAD = "booking_id IS NOT NULL AND travel <> 'delivered'"


class Shipment(Base):
    """``state``: ``packing`` -> ``packed`` -> ``shipped`` -> ``delivered`` | ``undelivered``;
    ``cancelled`` before it left. ``told`` is whether the channel knows that it left: empty (not
    yet, or no channel to tell), ``sent`` (no answer yet), ``done``, ``failed`` (with
    ``told_message``), ``unknown``."""

    __tablename__ = "shipment"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    state: Mapped[str] = mapped_column(String(12), default="packing")
    carrier: Mapped[str] = mapped_column(String(40), default="")
    service: Mapped[str] = mapped_column(String(80), default="")
    station: Mapped[str] = mapped_column(String(40), default="")
    packed_by: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]
    packed_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    told: Mapped[str] = mapped_column(String(8), default="")
    told_message: Mapped[str] = mapped_column(String(500), default="")
    told_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_shipment_state", "state", "id"),
        Index(
            "ix_shipment_untold",
            "shipped_at",
            sqlite_where=text(UNTOLD),
            postgresql_where=text(UNTOLD),
        ),
    )


class ShipmentLine(Base):
    """Units of a variant, from a place, for an order line. ``packed`` counts scanned ones."""

    __tablename__ = "shipment_line"

    id: Mapped[Key]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), index=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    quantity: Mapped[int]
    packed: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("packed >= 0 AND packed <= quantity", name="within_asked"),
        UniqueConstraint("shipment_id", "line_id", "variant_id", "location_id"),
    )


class Parcel(Base):
    """One box with its own tracking number.

    ``weighed_by`` is empty until a scale was read; then ``weight_g`` is what it said,
    ``expected_g`` what the goods and the box should weigh (None: not known), and
    ``weight_reason`` why the two differ by more than the tolerance: a key of
    ``fulfilment.weighing.REASONS``, or words. ``booking_id`` is the label that was bought for it;
    ``travel`` how far it is by the carrier's last scan (``journeys.STATES``, empty: none yet), and
    ``track_due_at`` when the carrier is asked next. ``carrier_g`` is what the carrier weighed.
    """

    __tablename__ = "parcel"

    id: Mapped[Key]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), index=True)
    position: Mapped[int] = mapped_column(default=1)
    carrier: Mapped[str] = mapped_column(String(40), default="")
    tracking: Mapped[str] = mapped_column(String(80), default="")
    tracking_key: Mapped[str] = mapped_column(String(80), default="", index=True)
    weight_g: Mapped[int | None]
    expected_g: Mapped[int | None]
    weighed_by: Mapped[str] = mapped_column(String(120), default="")
    weight_reason: Mapped[str] = mapped_column(String(80), default="")
    packaging_id: Mapped[int | None] = mapped_column(ForeignKey("packaging.id"))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("label_booking.id"), index=True)
    travel: Mapped[str] = mapped_column(String(12), default="")
    travel_at: Mapped[datetime | None]
    track_due_at: Mapped[datetime | None]
    carrier_g: Mapped[int | None]

    __table_args__ = (
        UniqueConstraint("shipment_id", "position"),
        Index("ix_parcel_track_due", "track_due_at", sqlite_where=text("track_due_at IS NOT NULL"),
              postgresql_where=text("track_due_at IS NOT NULL")),
        Index("ix_parcel_on_the_road", "travel_at", "shipment_id", sqlite_where=text(ON_THE_ROAD),
              postgresql_where=text(ON_THE_ROAD)),
    )


class ParcelPhoto(Base):
    """What a parcel looked like before it was closed. ``file`` and ``thumb`` are in the file store;
    both go when ``company.photo_days`` have passed."""

    __tablename__ = "parcel_photo"

    id: Mapped[Key]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), index=True)
    file: Mapped[str] = mapped_column(String(80))
    thumb: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))

    __table_args__ = (
        UniqueConstraint("shipment_id", "file"),
        Index("ix_parcel_photo_at", "at"),
    )
