"""Tables of labels: what is bought of carriers, how parcels travel, which service sends what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base

LIVE_SQL = "state IN ('intended', 'sent', 'pending', 'confirmed', 'unknown')"
DUE = "due_at IS NOT NULL"
COMPLAINS = "state = 'confirmed' AND why <> ''"
"""A bought label of which something went wrong: few of all that were ever bought."""
CALLED_IN_VAIN = "state = 'refused'"


class LabelBooking(Base):
    """A label bought of a carrier, or to be bought. Money is spent once for each ``key``.

    ``state``: ``intended`` (written down, the carrier was not asked), ``sent`` (asked; nobody knows
    what became of it when ``due_at`` has passed), ``pending`` (the carrier works on it),
    ``confirmed``, ``refused`` (with ``why`` and the ``field`` to blame), ``unknown`` (the answer
    was lost: the carrier is asked what it has under the key before anything is said again; without
    ``due_at`` a person decides), ``cancelled``. ``asked``: whether it may have heard of it.
    ``request`` is the whole booking as it was written down, frozen; amounts in it are minor units.
    ``kept``: its carrier did not take it back; ``cancelled`` all the same, it is not used and paid.
    ``files``: format -> name in the file store. ``tracking`` has one number per box. Without a
    shipment it was bought before packing began, or (``is_return``) for goods that come back,
    of the case ``case_id``; such a parcel has no box of ours, so how it ``travel``s stands here.
    ``among`` (account, service) it is yet to be chosen, the cheapest: while that is not empty, no
    carrier has heard of it, and ``account_id`` is the first of them.
    """

    __tablename__ = "label_booking"

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(20), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    shipment_id: Mapped[int | None] = mapped_column(ForeignKey("shipment.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    carrier: Mapped[str] = mapped_column(String(40))
    service: Mapped[str] = mapped_column(String(80))
    is_return: Mapped[bool] = mapped_column(default=False)
    case_id: Mapped[int | None] = mapped_column(index=True)
    travel: Mapped[str] = mapped_column(String(10), default="")
    travel_at: Mapped[datetime | None]
    track_due_at: Mapped[datetime | None]
    request: Mapped[dict[str, Any]]
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    among: Mapped[list[Any]] = mapped_column(default=list)
    state: Mapped[str] = mapped_column(String(10), default="intended")
    asked: Mapped[bool] = mapped_column(default=False)
    why: Mapped[str] = mapped_column(String(500), default="")
    field: Mapped[str] = mapped_column(String(60), default="")
    reference: Mapped[str] = mapped_column(String(120), default="")
    tracking: Mapped[list[Any]] = mapped_column(default=list)
    price: Mapped[int | None]
    currency: Mapped[Currency] = mapped_column(default="PLN")
    files: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    void_asked_at: Mapped[datetime | None]
    kept: Mapped[bool] = mapped_column(default=False)
    handed_over_id: Mapped[int | None] = mapped_column(ForeignKey("hand_over.id"), index=True)
    by_name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]

    __table_args__ = (
        # At most one live label of a shipment, and one of an order whose packing has not begun.
        Index("uq_label_booking_shipment", "shipment_id", unique=True,
              sqlite_where=text(f"{LIVE_SQL} AND NOT is_return"),
              postgresql_where=text(f"{LIVE_SQL} AND NOT is_return")),
        Index("uq_label_booking_order", "order_id", unique=True,
              sqlite_where=text(f"{LIVE_SQL} AND NOT is_return AND shipment_id IS NULL"),
              postgresql_where=text(f"{LIVE_SQL} AND NOT is_return AND shipment_id IS NULL")),
        Index("ix_label_booking_due", "due_at", sqlite_where=text(DUE),
              postgresql_where=text(DUE)),
        Index("ix_label_booking_state", "state", "id"),
        Index("ix_label_booking_confirmed", "confirmed_at", "id"),
        Index("ix_label_booking_complains", "id", sqlite_where=text(COMPLAINS),
              postgresql_where=text(COMPLAINS)),
    )


class ParcelEvent(Base):
    """A scan of a parcel: our word for it and the carrier's own (``raw``)."""

    __tablename__ = "parcel_event"

    id: Mapped[Key]
    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcel.id"))
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12))
    raw: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(String(300), default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    heard_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("parcel_id", "at", "raw"),)


class HandOver(Base):
    """Parcels given to a courier together: what was signed, and the visit that was asked for.

    ``state`` of the visit: empty (none was asked for), ``intended``, ``sent``, ``done``,
    ``refused``, ``unknown``. Its ``key`` makes asking twice harmless. ``file``: the carrier's own
    protocol in the file store, once it was fetched.
    """

    __tablename__ = "hand_over"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    key: Mapped[str] = mapped_column(String(20), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="")
    ready_from: Mapped[datetime | None]
    until: Mapped[datetime | None]
    reference: Mapped[str] = mapped_column(String(120), default="")
    why: Mapped[str] = mapped_column(String(500), default="")
    parcels: Mapped[int]
    weight_g: Mapped[int]
    file: Mapped[str] = mapped_column(String(80), default="")
    due_at: Mapped[datetime | None]
    by_name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_hand_over_due", "due_at", sqlite_where=text(DUE), postgresql_where=text(DUE)),
        Index("ix_hand_over_refused", "id", sqlite_where=text(CALLED_IN_VAIN),
              postgresql_where=text(CALLED_IN_VAIN)),
    )


class Packaging(Base):
    """A box or an envelope: outer measures (mm) and what it weighs empty (g)."""

    __tablename__ = "packaging"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(60), unique=True)
    length_mm: Mapped[int]
    width_mm: Mapped[int]
    height_mm: Mapped[int]
    weight_g: Mapped[int]
    is_default: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None]


class ServiceRule(Base):
    """By which service an order goes. The first rule that fits counts, by ``position``.

    Empty conditions fit everything: ``channel_id`` and ``method`` (a channel's way to deliver, its
    exact words), ``country``, ``heaviest_g``, ``least``/``most`` (value of the goods, minor units
    of the order's currency), ``cod``: ``yes``, ``no`` or empty. ``kind``: ``carrier`` (by
    ``account_id`` and ``service``), ``cheapest`` (of ``among``: pairs of account and service; of
    all to the door, if that is empty), ``own`` (our own courier) or ``pickup`` (the buyer comes).
    """

    __tablename__ = "service_rule"

    id: Mapped[Key]
    position: Mapped[int]
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channel_account.id"))
    method: Mapped[str] = mapped_column(String(120), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    heaviest_g: Mapped[int | None]
    least: Mapped[int | None]
    most: Mapped[int | None]
    cod: Mapped[str] = mapped_column(String(3), default="")
    kind: Mapped[str] = mapped_column(String(8), default="carrier")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_account.id"))
    service: Mapped[str] = mapped_column(String(80), default="")
    size: Mapped[str] = mapped_column(String(20), default="")
    packaging_id: Mapped[int | None] = mapped_column(ForeignKey("packaging.id"))
    among: Mapped[list[Any]] = mapped_column(default=list)


class PriceAnswer(Base):
    """What one carrier was asked, and said, of the price of an order's parcel.

    ``state``: ``waiting``, ``told`` (``rates``: service, net price in minor units, currency, days)
    or ``failed`` (with ``why``). ``digest`` is of what the price depends on. Forgotten after a day.
    """

    __tablename__ = "price_answer"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    digest: Mapped[str] = mapped_column(String(64))
    request: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(8))
    rates: Mapped[list[Any]]
    why: Mapped[str] = mapped_column(String(500), default="")
    asked_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (UniqueConstraint("order_id", "digest", "account_id"),)


class OwnPrice(Base):
    """A row of the seller's own price list of a carrier that cannot be asked: net, for one box of
    up to ``heaviest_g``; ``country`` empty: everywhere.
    """

    __tablename__ = "own_price"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"), index=True)
    service: Mapped[str] = mapped_column(String(80))
    country: Mapped[str] = mapped_column(String(2), default="")
    heaviest_g: Mapped[int]
    price: Mapped[Minor]
    currency: Mapped[Currency]


class KnownService(Base):
    """A service as the carrier last told of it, so that forms need not ask the network."""

    __tablename__ = "known_service"

    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(String(80), primary_key=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    needs_point: Mapped[bool] = mapped_column(default=False)
    cod: Mapped[bool] = mapped_column(default=False)
    most_parcels: Mapped[int] = mapped_column(default=1)
    sizes: Mapped[list[Any]] = mapped_column(default=list)
    told_at: Mapped[datetime]


class SendingSettings(Base):
    """How parcels are sent: one row (id 1).

    ``buy_when``: ``packing`` (when packing begins, so that the label is there at the last scan),
    ``packed`` or ``asked`` (only when a person asks). ``label_format``: ``pdf_a6`` or ``zpl``.
    ``default_g`` counts where nobody knows what an order weighs. ``insures``: the carrier is told
    what the goods are worth. ``issues_wz``: goods that left are put on paper (WZ) by themselves.
    ``sender`` has the fields of an address.
    """

    __tablename__ = "sending_settings"

    id: Mapped[Key]
    buy_when: Mapped[str] = mapped_column(String(8), default="packing")
    label_format: Mapped[str] = mapped_column(String(8), default="pdf_a6")
    default_g: Mapped[int] = mapped_column(default=1000)
    insures: Mapped[bool] = mapped_column(default=False)
    issues_wz: Mapped[bool] = mapped_column(default=False)
    contents: Mapped[str] = mapped_column(Text, default="")
    sender: Mapped[dict[str, Any]]

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
