"""Cases after a sale: returns, exchanges, withdrawals, complaints; their goods, clocks, statements.

Goods and money are two tracks that move on their own (``tracks.py``); money itself lies in
``payments`` (``Refund``), units in the stock ledger.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as condition
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import BigKey, Currency, Key, Micro, Minor
from oms_web.core.db import Base

OPEN = "closed_at IS NULL"


class Return(Base):
    """A case. ``order_id`` is empty while nobody knows which order it belongs to.

    ``number`` is ours (``RMA/2026/11/0001``), ``external_number`` the channel's. ``phase``,
    ``goods`` and ``money`` are words of ``tracks.py``. ``state`` is where its channel sees it:
    ``announced``, ``sent``, ``arrived`` (there), ``closed``, ``refused``; empty where no channel
    tells. ``revision`` sorts versions of what a channel told, ``refunded`` is what it gave back of
    the money. Nothing of that moves stock. Cases whose goods came in one parcel share ``box``.
    ``instead``: what a buyer wants in an exchange, in their own words.
    ``due_at`` is the earliest of its running clocks. ``outcome``, ``answer``, ``lowered`` (by how
    much the price is reduced) and ``answered_at`` are the last answer to a complaint; those before
    it stand in the trail. ``owed``: by what was decided money goes back, and not all of it is
    planned yet (``tracks.promises``).
    """

    __tablename__ = "return_case"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(10), default="return")
    phase: Mapped[str] = mapped_column(String(10), default="new")
    goods: Mapped[str] = mapped_column(String(8), default="none")
    money: Mapped[str] = mapped_column(String(8), default="none")
    source: Mapped[str] = mapped_column(String(8), default="desk")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_account.id"))
    external_id: Mapped[str | None] = mapped_column(String(120))
    external_number: Mapped[str] = mapped_column(String(120), default="")
    order_id: Mapped[int | None] = mapped_column(ForeignKey("sales_order.id"), index=True)
    shipment_id: Mapped[int | None] = mapped_column(ForeignKey("shipment.id"))
    exchange_order_id: Mapped[int | None] = mapped_column(ForeignKey("sales_order.id"))
    box: Mapped[str] = mapped_column(String(80), default="")
    state: Mapped[str] = mapped_column(String(10), default="")
    raw_status: Mapped[str] = mapped_column(String(60), default="")
    revision: Mapped[str] = mapped_column(String(60), default="")
    buyer_name: Mapped[str] = mapped_column(String(200), default="")
    buyer_key: Mapped[str] = mapped_column(String(200), default="")
    buyer_email: Mapped[str] = mapped_column(String(200), default="")
    bank_account: Mapped[str] = mapped_column(String(40), default="")
    reason_code: Mapped[str] = mapped_column(String(16), default="")
    reason: Mapped[str] = mapped_column(String(200), default="")
    story: Mapped[str] = mapped_column(Text, default="")
    wish: Mapped[str] = mapped_column(String(10), default="")
    instead: Mapped[str] = mapped_column(String(200), default="")
    outcome: Mapped[str] = mapped_column(String(10), default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    lowered: Mapped[Minor | None]
    answered_at: Mapped[datetime | None]
    currency: Mapped[Currency]
    total: Mapped[Minor]
    refunded: Mapped[Minor | None]
    owed: Mapped[bool] = mapped_column(default=False)
    parcels: Mapped[list[Any]] = mapped_column(default=list)
    form_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    announced_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("account_id", "external_id"),
        Index("ix_return_case_open", "due_at", "id", sqlite_where=condition(OPEN),
              postgresql_where=condition(OPEN)),
        Index("ix_return_case_box", "box", sqlite_where=condition("box <> ''"),
              postgresql_where=condition("box <> ''")),
    )


class ReturnLine(Base):
    """Units of a variant that are meant to come back, and how many of them ``arrived``: were judged
    or counted at the bench. ``missing`` never came, as somebody has said.

    A line without ``order_line_id`` is of goods that the order does not have: wrong goods, or a
    parcel that matches no order. ``location_id``: where a file's history put them.
    """

    __tablename__ = "return_line"

    id: Mapped[Key]
    return_id: Mapped[int] = mapped_column(ForeignKey("return_case.id"), index=True)
    order_line_id: Mapped[int | None] = mapped_column(ForeignKey("order_line.id"), index=True)
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    sku: Mapped[str] = mapped_column(String(120), default="")
    title: Mapped[str] = mapped_column(String(420), default="")
    quantity: Mapped[int]
    arrived: Mapped[int] = mapped_column(default=0)
    missing: Mapped[int] = mapped_column(default=0)
    reason_code: Mapped[str] = mapped_column(String(16), default="")
    unit_price: Mapped[Micro]
    total: Mapped[Minor]

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("arrived >= 0", name="arrived_not_negative"),
        CheckConstraint("missing >= 0", name="missing_not_negative"),
    )


class ReturnUnit(Base):
    """Units judged at the bench: grade, what becomes of them, and the place they went to.

    ``key`` makes a judgement one of a kind: the same again moves nothing.
    """

    __tablename__ = "return_unit"

    id: Mapped[Key]
    return_id: Mapped[int] = mapped_column(ForeignKey("return_case.id"), index=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("return_line.id"), index=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    quantity: Mapped[int]
    grade: Mapped[str] = mapped_column(String(1))
    disposition: Mapped[str] = mapped_column(String(10))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    note: Mapped[str] = mapped_column(String(300), default="")
    key: Mapped[str] = mapped_column(String(80), unique=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))

    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)


class ReturnPhoto(Base):
    """A picture of what came back. ``file`` and ``thumb`` are names in the file store."""

    __tablename__ = "return_photo"

    id: Mapped[Key]
    return_id: Mapped[int] = mapped_column(ForeignKey("return_case.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("return_unit.id"))
    file: Mapped[str] = mapped_column(String(80))
    thumb: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))


class CaseClock(Base):
    """A term that runs in a case. ``rule`` names the row of ``clocks.RULES`` it was set by, so that
    a later law changes nothing about terms that run already.
    """

    __tablename__ = "return_clock"

    id: Mapped[Key]
    return_id: Mapped[int] = mapped_column(ForeignKey("return_case.id"))
    what: Mapped[str] = mapped_column(String(10))
    rule: Mapped[str] = mapped_column(String(40))
    began_at: Mapped[datetime]
    due_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("return_id", "what"),
        Index("ix_return_clock_running", "due_at", "what", "return_id",
              sqlite_where=condition("stopped_at IS NULL"),
              postgresql_where=condition("stopped_at IS NULL")),
    )


class CaseCounter(Base):
    """The last number of a kind of case in a month. Taking one locks this row until the commit."""

    __tablename__ = "return_counter"

    prefix: Mapped[str] = mapped_column(String(8), primary_key=True)
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


class Statement(Base):
    """What a buyer declared, as it was declared. Never changed, never deleted (triggers).

    ``digest`` is the SHA-256 of ``previous`` and the content in canonical JSON (``statements.py``).
    """

    __tablename__ = "return_statement"

    id: Mapped[Key]
    return_id: Mapped[int] = mapped_column(ForeignKey("return_case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime]
    content: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64), unique=True)


class ReturnSettings(Base):
    """How buyers send things back: one row (id 1).

    ``address`` is where to, if not the company's own. ``cheapest_delivery`` is the price of the
    cheapest delivery on offer, in minor units of the company's currency; None: each order's own.
    ``extra_days`` are given beyond the law's term of withdrawal. ``correct_by_itself``: the invoice
    is corrected when a refund is done; ``claim_fees``: the marketplace's commission is claimed back
    then. ``label_*``: by which service buyers may have a label for
    their parcel; no account: they send it themselves.
    """

    __tablename__ = "return_settings"

    id: Mapped[Key]
    portal: Mapped[bool] = mapped_column(default=True)
    address: Mapped[str] = mapped_column(Text, default="")
    how_pl: Mapped[str] = mapped_column(Text, default="")
    how_en: Mapped[str] = mapped_column(Text, default="")
    cheapest_delivery: Mapped[Minor | None]
    extra_days: Mapped[int] = mapped_column(default=0)
    correct_by_itself: Mapped[bool] = mapped_column(default=False)
    claim_fees: Mapped[bool] = mapped_column(default=False)
    label_account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_account.id"))
    label_service: Mapped[str] = mapped_column(String(60), default="")
    label_size: Mapped[str] = mapped_column(String(40), default="")

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
