"""Tables of orders.

The *phase* is ours and few (``phases.py``); a *status* is the seller's own label pinned to a
phase; the *queue* is where the order waits for its next step, computed from facts by
``filing.py`` and stored so that lists need no sums.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import BigKey, Currency, Key, Micro, Minor
from oms_web.core.db import Base

# The conditions of the partial indexes, word for word as lists ask them.
AMONG_OPEN = "closed_at IS NULL"
AMONG_TO_SHIP = "phase IN ('open', 'packing')"
NOT_FROM_CHANNEL = "source <> 'channel'"
WRONG_NOTICE = "state IN ('failed', 'retry', 'unknown')"
_FILTERED = ("queue", "phase", "status_id", "account_id", "payment_state", "country", "carrier",
             "source", "strip")
# Keys are compared by code point, whatever the database's language.
_CODE_POINTS = String(120).with_variant(String(120, collation="C"), "postgresql")


def _only(condition: str) -> dict[str, Any]:
    """What makes an index partial, whatever the database."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Status(Base):
    """The seller's own label. Code never decides by it. What its buyer reads is told in each
    language; without words in the reader's own, the phase's words are enough.
    """

    __tablename__ = "order_status"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(40), unique=True)
    buyer_name: Mapped[str] = mapped_column(String(80), default="")
    buyer_name_en: Mapped[str] = mapped_column(String(80), default="")
    group: Mapped[str] = mapped_column(String(40), default="")
    color: Mapped[str] = mapped_column(String(7), default="#64748B")
    phase: Mapped[str] = mapped_column(String(10))
    position: Mapped[int] = mapped_column(default=0)
    archived_at: Mapped[datetime | None]


class Order(Base):
    """One order as we fulfil it. Its number is its id.

    ``ship_to``/``bill_to`` are addresses as they were agreed: ``name company street postcode city
    region country phone email``. ``strip`` holds five marks, see ``filing.py``. ``buyer_key``
    recognises the same buyer again, see ``same_buyer.py``. Orders that were split off each other
    share ``purchase_id`` (the number of the first) and are paid together; orders that travel in one
    parcel share ``together_id`` (the number of one of them). ``total`` is
    what all that is not cancelled costs. ``paid_total`` is what the buyer paid less all that went
    back: the sum of the payments here. ``refund_pending`` of it is on its way back. By
    ``refunded_total`` the order is worth less than ``total``, since so much went back for what that
    contains: a case after the sale, a lower price. What is due: ``lineage.due_of``.
    """

    __tablename__ = "sales_order"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    phase: Mapped[str] = mapped_column(String(10))
    queue: Mapped[str] = mapped_column(String(12))
    strip: Mapped[str] = mapped_column(String(5))
    status_id: Mapped[int | None] = mapped_column(ForeignKey("order_status.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_account.id"))
    purchase_id: Mapped[int | None] = mapped_column(ForeignKey("sales_order.id"))
    together_id: Mapped[int | None] = mapped_column(ForeignKey("sales_order.id"))
    source: Mapped[str] = mapped_column(String(20), default="channel")
    external_number: Mapped[str] = mapped_column(String(120), default="")

    placed_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    ship_by: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    # Since when it waits in its queue and has its status; None: since it was made.
    queue_since: Mapped[datetime | None]
    status_since: Mapped[datetime | None]

    currency: Mapped[Currency]
    items_total: Mapped[Minor]
    shipping_total: Mapped[Minor] = mapped_column(default=0)
    discount_total: Mapped[Minor] = mapped_column(default=0)
    total: Mapped[Minor]
    paid_total: Mapped[Minor] = mapped_column(default=0)
    refund_pending: Mapped[Minor] = mapped_column(default=0)
    refunded_total: Mapped[Minor] = mapped_column(default=0)
    prices_include_tax: Mapped[bool] = mapped_column(default=True)
    payment_kind: Mapped[str] = mapped_column(String(8), default="prepaid")
    payment_method: Mapped[str] = mapped_column(String(80), default="")
    payment_state: Mapped[str] = mapped_column(String(8), default="unpaid")

    buyer_name: Mapped[str] = mapped_column(String(200), default="")
    buyer_email: Mapped[str] = mapped_column(String(200), default="")
    buyer_phone: Mapped[str] = mapped_column(String(40), default="")
    buyer_company: Mapped[str] = mapped_column(String(200), default="")
    buyer_key: Mapped[str] = mapped_column(String(200), default="")
    tax_id: Mapped[str] = mapped_column(String(20), default="")
    wants_invoice: Mapped[bool] = mapped_column(default=False)
    buyer_note: Mapped[str] = mapped_column(Text, default="")
    ship_to: Mapped[dict[str, Any]]
    bill_to: Mapped[dict[str, Any] | None]
    country: Mapped[str] = mapped_column(String(2), default="")

    delivery_method: Mapped[str] = mapped_column(String(120), default="")
    carrier: Mapped[str] = mapped_column(String(40), default="")
    pickup_point: Mapped[str] = mapped_column(String(60), default="")
    units: Mapped[int] = mapped_column(default=0)
    weight_g: Mapped[int | None]
    packaging_id: Mapped[int | None] = mapped_column(ForeignKey("packaging.id"))

    # Facts that higher nouns tell (picking, shipping, documents), so that filing needs no joins.
    is_picked: Mapped[bool] = mapped_column(default=False)
    is_packed: Mapped[bool] = mapped_column(default=False)
    is_labelled: Mapped[bool] = mapped_column(default=False)
    is_documented: Mapped[bool] = mapped_column(default=False)
    is_undelivered: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        CheckConstraint(
            "items_total + shipping_total - discount_total = total", name="totals_add_up"
        ),
        CheckConstraint("refund_pending >= 0 AND refunded_total >= 0", name="refunds_not_negative"),
        # Every filter leads to its orders in the order in which they were placed.
        Index("ix_sales_order_queue", "queue", "placed_at", "id"),
        Index("ix_sales_order_status", "status_id", "placed_at", "id"),
        Index("ix_sales_order_account", "account_id", "placed_at", "id"),
        Index("ix_sales_order_payment", "payment_state", "placed_at", "id"),
        Index("ix_sales_order_country", "country", "placed_at", "id"),
        Index("ix_sales_order_carrier", "carrier", "placed_at", "id"),
        Index("ix_sales_order_placed", "placed_at", "id"),
        Index("ix_sales_order_buyer", "buyer_key", "id"),
        # The desk's lists: few rows among many, and all that filters ask for is in the index.
        Index("ix_sales_order_to_ship", "ship_by", "id", *_FILTERED, "placed_at",
              **_only(AMONG_TO_SHIP)),
        Index("ix_sales_order_open", "placed_at", "id", *_FILTERED, "ship_by", **_only(AMONG_OPEN)),
        Index("ix_sales_order_source", "source", "placed_at", "id", **_only(NOT_FROM_CHANNEL)),
        Index("ix_sales_order_purchase", "purchase_id", **_only("purchase_id IS NOT NULL")),
        Index("ix_sales_order_together", "together_id", **_only("together_id IS NOT NULL")),
        Index("ix_sales_order_to_document", "id", **_only("wants_invoice AND NOT is_documented")),
        {"sqlite_autoincrement": True},
    )


class OrderLine(Base):
    """One position. ``reserved`` counts whole units promised from stock (doctor compares it).

    ``quantity`` is the most that was ever ordered of it (a channel may raise it, and what it takes
    off again counts as ``cancelled``); ``cancelled`` and ``shipped`` say what became of it. What
    came back (``returned``), was paid back (``refunded``) and lies on a shelf again (``restocked``)
    are counted apart. ``unit_price`` and ``total`` are gross when the order's prices include tax,
    and what is left after ``discount``, which is only told. ``no_withdrawal``: why its buyer cannot
    withdraw from it, as its product said when it was sold (``catalog/no_withdrawal.py``), or empty.
    """

    __tablename__ = "order_line"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"))
    position: Mapped[int]
    line_ref: Mapped[str] = mapped_column(String(120), default="")
    channel_order_id: Mapped[int | None] = mapped_column(ForeignKey("channel_order.id"))
    listing_id: Mapped[int | None] = mapped_column(ForeignKey("listing.id"))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    sku: Mapped[str] = mapped_column(String(120), default="")
    ean: Mapped[str] = mapped_column(String(60), default="")
    title: Mapped[str] = mapped_column(String(420))
    quantity: Mapped[int]
    unit_price: Mapped[Micro]
    total: Mapped[Minor]
    discount: Mapped[Minor] = mapped_column(default=0)
    vat_rate: Mapped[str] = mapped_column(String(6), default="")
    no_withdrawal: Mapped[str] = mapped_column(String(12), default="")
    reserved: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    shipped: Mapped[int] = mapped_column(default=0)
    returned: Mapped[int] = mapped_column(default=0)
    refunded: Mapped[int] = mapped_column(default=0)
    restocked: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint(
            "cancelled >= 0 AND shipped >= 0 AND returned >= 0 AND reserved >= 0",
            name="nothing_negative",
        ),
        CheckConstraint("shipped + cancelled + reserved <= quantity", name="within_ordered"),
        CheckConstraint("returned <= shipped", name="returned_was_shipped"),
        CheckConstraint("refunded >= 0 AND refunded <= quantity", name="refunded_was_ordered"),
        CheckConstraint("restocked >= 0 AND restocked <= returned", name="restocked_came_back"),
        UniqueConstraint("order_id", "position"),
        Index("ix_order_line_variant", "variant_id", "order_id"),
        Index("ix_order_line_listing", "listing_id"),
    )


class OrderLinePart(Base):
    """What one unit of a bundle line consists of, as it was when the order came in."""

    __tablename__ = "order_line_part"

    line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    quantity: Mapped[int]


class ChannelOrder(Base):
    """An order as the channel knows it: at most one row per (account, external id), for ever.

    ``revision`` sorts versions of the same order; an older one than we have is ignored.
    ``digest`` is the SHA-256 of the normalised content: the same again changes nothing.
    ``superseded_by`` is set when the channel replaced it (a buyer paid two purchases together): the
    row of the order that took it over, or its own as long as that one could not be stored.
    ``told`` is what the last version said that people may change here too (see ``merging.py``);
    empty for an order that was history when it came.
    """

    __tablename__ = "channel_order"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    external_id: Mapped[str] = mapped_column(String(120))
    revision: Mapped[str] = mapped_column(String(60), default="")
    digest: Mapped[str] = mapped_column(String(64), default="")
    raw_status: Mapped[str] = mapped_column(String(60), default="")
    first_seen_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    superseded_by: Mapped[int | None] = mapped_column(ForeignKey("channel_order.id"))
    told: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (UniqueConstraint("account_id", "external_id"),)


class ChannelNotice(Base):
    """What a channel is to be told about one of its orders, and how far that is.

    ``kind``: ``invoice``, ``cancel``, ``status``. There is one row per ``key``: a newer
    wish replaces the ``body`` and makes a newer ``version``; versions never go back. ``state``:
    ``waiting``, ``sent`` (no answer yet), ``done``, ``retry`` (a passing fault), ``unknown`` (the
    answer was lost: told again with the same key), ``failed`` (the channel refused), ``recalled``
    (by a person, in time). ``due_at`` is when to tell next; it is set ahead before each telling, so
    a death in the middle is told again. ``outgoing_id``: the decision it comes from
    (``outgoing.py``); none where it waits for nobody. ``reference`` is the channel's own.
    """

    __tablename__ = "channel_notice"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    channel_order_id: Mapped[int] = mapped_column(ForeignKey("channel_order.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    key: Mapped[str] = mapped_column(String(80), unique=True)
    body: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    sent_version: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    message: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(String(200))
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    outgoing_id: Mapped[int | None] = mapped_column(ForeignKey("outgoing.id"), index=True)
    created_at: Mapped[datetime]
    told_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_channel_notice_due", "account_id", "due_at", **_only("due_at IS NOT NULL")),
        Index("ix_channel_notice_wrong", "account_id", **_only(WRONG_NOTICE)),
        Index("ix_channel_notice_created", "created_at"),
    )


class OrderLink(Base):
    """Which of our orders stand for which channel orders: many to many, with the reason.

    ``kind``: ``origin``, or ``split`` for an order that units of it were split off to.
    """

    __tablename__ = "order_link"

    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), primary_key=True)
    channel_order_id: Mapped[int] = mapped_column(
        ForeignKey("channel_order.id"), primary_key=True, index=True
    )
    kind: Mapped[str] = mapped_column(String(10), default="origin")


class OrderSplit(Base):
    """An order that was split off another one, kept also when both were joined again.

    ``rounding``: minor units by which the lines of both add up to less than before (above zero) or
    to more; the order that was split took them on, so the purchase costs what it did.
    """

    __tablename__ = "order_split"

    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    rounding: Mapped[Minor] = mapped_column(default=0)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(120))
    joined_at: Mapped[datetime | None]
    joined_by: Mapped[str | None] = mapped_column(String(120))


class Hold(Base):
    """Why an order waits, and what would free it. Open while ``released_at`` is empty.

    ``kind`` is a key of ``checks.KINDS``; ``detail`` fills its sentence.
    """

    __tablename__ = "order_hold"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    detail: Mapped[dict[str, Any]]
    set_at: Mapped[datetime]
    set_by: Mapped[str] = mapped_column(String(120))
    until: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None] = mapped_column(String(120))

    __table_args__ = (
        Index("ix_order_hold_open", "kind", "order_id", **_only("released_at IS NULL")),
    )


class Tag(Base):
    """A word a seller hangs on orders."""

    __tablename__ = "tag"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(40), unique=True)


class OrderTag(Base):
    """A tag on an order."""

    __tablename__ = "order_tag"

    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(
        ForeignKey("sales_order.id"), primary_key=True, index=True
    )


class Note(Base):
    """What somebody of ours wrote on an order.

    ``author`` is their name as it was; who they are say ``author_kind`` and ``author_id``, see
    ``core.actor.Actor``. With ``for_packer`` no parcel of the order closes before its packer said
    that they read it.
    """

    __tablename__ = "order_note"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    at: Mapped[datetime]
    author: Mapped[str] = mapped_column(String(120))
    author_kind: Mapped[str] = mapped_column(String(10))
    author_id: Mapped[int | None]
    text: Mapped[str] = mapped_column(Text)
    for_packer: Mapped[bool] = mapped_column(default=False)


class OrderKey(Base):
    """A folded word by which an order is found.

    The buyer's names, company, e-mail, phone, NIP, and the channel's number of the order.
    """

    __tablename__ = "order_key"

    key: Mapped[str] = mapped_column(_CODE_POINTS, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), primary_key=True)

    __table_args__ = (
        Index("ix_order_key_order", "order_id", "key"),
        {"sqlite_with_rowid": False},
    )
