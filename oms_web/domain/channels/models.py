"""Channel accounts, listings and the publication of stock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base


class ChannelAccount(Base):
    """One connected shop or marketplace account.

    ``state``: ``active``, ``paused`` (by a person), ``broken`` (access refused; somebody must
    reconnect). ``secrets`` is encrypted; until ``renewing_until`` one worker has the right to
    renew the tokens in it. ``buffer`` units are held back from publication, ``cap`` limits what is
    shown; ``last_units``, ``shares`` and ``rank`` (1 comes first) are told in ``showing.py``.
    ``send_invoices``: buyers see our invoices there. ``tell_cancelled``: it learns what we cancel.
    ``status_words``: our statuses (ids as text) and the channel's own words for them.
    ``writing``: whether buyers can be written to through it: empty, ``can``, or ``first`` (it
    wants that, and no e-mail). ``surcharge_bp`` is what prices are raised by there, in hundredths
    of a percent.
    """

    __tablename__ = "channel_account"

    id: Mapped[Key]
    connector: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120), unique=True)
    letters: Mapped[str] = mapped_column(String(2))
    hue: Mapped[int] = mapped_column(default=230)
    state: Mapped[str] = mapped_column(String(12), default="active")
    state_reason: Mapped[str | None] = mapped_column(Text)
    settings: Mapped[dict[str, Any]]
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    renewing_until: Mapped[datetime | None]
    currency: Mapped[Currency] = mapped_column(default="PLN")
    buffer: Mapped[int] = mapped_column(default=0)
    cap: Mapped[int | None]
    last_units: Mapped[int] = mapped_column(default=0)
    shares: Mapped[bool] = mapped_column(default=True)
    rank: Mapped[int] = mapped_column(default=1)
    publish_stock: Mapped[bool] = mapped_column(default=True)
    publish_prices: Mapped[bool] = mapped_column(default=False)
    surcharge_bp: Mapped[int] = mapped_column(default=0)
    send_invoices: Mapped[bool] = mapped_column(default=False)
    tell_cancelled: Mapped[bool] = mapped_column(default=False)
    status_words: Mapped[dict[str, Any]] = mapped_column(default=dict)
    writing: Mapped[str] = mapped_column(String(5), default="")
    ship_days: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class AccountWarehouse(Base):
    """Which warehouses serve an account, best first. None listed means all, by their own rank."""

    __tablename__ = "account_warehouse"

    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"), primary_key=True)
    warehouse_id: Mapped[int] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(default=0)


class Listing(Base):
    """An offer on a channel and the SKU it sells. Unmapped ones wait in the "to map" queue.

    ``mapped_by``: ``link`` (told before), ``sku``, ``ean``, ``hand``; None while unmapped.
    ``buffer``, ``cap``, ``last_units`` and ``shares`` are None where the account's hold.
    ``set_aside`` units were set aside for it at ``set_aside_at``; what it sold since is off.
    """

    __tablename__ = "listing"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    offer_ref: Mapped[str] = mapped_column(String(120))
    sku: Mapped[str] = mapped_column(String(120), default="")
    ean: Mapped[str] = mapped_column(String(60), default="")
    title: Mapped[str] = mapped_column(String(420), default="")
    url: Mapped[str] = mapped_column(String(500), default="")
    price: Mapped[Minor | None]
    currency: Mapped[Currency | None]
    state: Mapped[str] = mapped_column(String(10), default="active")
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"), index=True)
    mapped_by: Mapped[str | None] = mapped_column(String(6))
    buffer: Mapped[int | None]
    cap: Mapped[int | None]
    last_units: Mapped[int | None]
    shares: Mapped[bool | None]
    set_aside: Mapped[int] = mapped_column(default=0)
    set_aside_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime]
    seen_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("account_id", "offer_ref"),
        Index(
            "ix_listing_unmapped",
            "account_id",
            "id",
            sqlite_where=text("variant_id IS NULL"),
            postgresql_where=text("variant_id IS NULL"),
        ),
        Index(
            "ix_listing_set_aside",
            "variant_id",
            sqlite_where=text("set_aside > 0"),
            postgresql_where=text("set_aside > 0"),
        ),
    )


class Desired(Base):
    """What a listing should show against what was sent, and what became of it.

    ``version`` grows with every new desired value and never goes back, so a slow old push can be
    told from a newer one. ``outcome`` of the last push: ``sent`` (no answer yet), ``applied``,
    ``accepted`` (the channel works on it and says later what became of it, by ``handle``),
    ``rejected``, ``retry``, ``unknown`` (answer lost). ``due_at`` is when to send next, or to ask;
    it is set ahead before each sending, so a death in the middle is sent again. ``changed_at`` is
    when that changed because of which the value was desired, if that is earlier.
    """

    __abstract__ = True

    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    desired: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    desired_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    sent: Mapped[int | None]
    sent_version: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(10))
    message: Mapped[str | None] = mapped_column(Text)
    handle: Mapped[str | None] = mapped_column(String(200))
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Index]:
        return (Index(
            f"ix_{cls.__tablename__}_due",
            "account_id",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),)


class ListingStock(Desired):
    """The quantity a listing should show, and what was read back from the channel."""

    __tablename__ = "listing_stock"

    confirmed: Mapped[int | None]
    confirmed_at: Mapped[datetime | None]


class ListingPrice(Desired):
    """The price a listing should show, in minor units of ``currency``.

    What is read back stands at the listing itself.
    """

    __tablename__ = "listing_price"

    currency: Mapped[Currency]


class Journal:
    """The journal: every value sent to a channel and what became of it. Append-only.

    ``desired_at``: since when it was what the listing should show. ``lag_ms``: milliseconds from
    the change that asked for it to the channel's answer.
    """

    id: Mapped[Key]
    at: Mapped[datetime]
    account_id: Mapped[int]
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    version: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(10))
    message: Mapped[str | None] = mapped_column(Text)
    desired_at: Mapped[datetime | None]
    lag_ms: Mapped[int | None]


class Publication(Journal, Base):
    """The journal of quantities.

    The outcome ``drift`` notes a quantity that was read back and is not what was accepted.
    """

    __tablename__ = "publication"

    quantity: Mapped[int]

    __table_args__ = (
        Index("ix_publication_listing", "listing_id", "id"),
        Index("ix_publication_account", "account_id", "id"),
    )


class PricePublication(Journal, Base):
    """The journal of prices, in minor units of ``currency``."""

    __tablename__ = "price_publication"

    price: Mapped[Minor]
    currency: Mapped[Currency]

    __table_args__ = (Index("ix_price_publication_listing", "listing_id", "id"),)
