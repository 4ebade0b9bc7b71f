"""Tables of bulk changes and rules: what was asked or said, and what became of each order.

A change is an *act* with parameters (``automation/acts.py``), the same for every order. What takes
it back is written beside each row as acts too, so an undo is a batch like any other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
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


class Rule(Base):
    """When this happens and the order is so, then do that.

    ``state``: ``off``, ``shadow`` (it is asked and written down, and does nothing), ``on``,
    ``stopped`` (by a brake; ``stopped_why`` says which: ``loop``, ``flood``). ``trigger`` is a key
    of ``triggers.py`` and ``every`` its number. ``when`` is a tree of conditions, ``then`` a list
    of acts ``[act, parameters]``. Rules are asked in the order of ``position``; after one with
    ``ends`` that matched no further rule hears of the event. ``otherwise`` is done when ``then``
    fails; ``on_failure`` says whether the rules after it still get their turn (``go_on``) or not
    (``stop``).
    """

    __tablename__ = "rule"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(80), unique=True)
    position: Mapped[int]
    state: Mapped[str] = mapped_column(String(8), default="off")
    stopped_why: Mapped[str] = mapped_column(String(8), default="")
    version: Mapped[int] = mapped_column(default=1)
    trigger: Mapped[str] = mapped_column(String(20))
    every: Mapped[int | None]
    when: Mapped[dict[str, Any]]
    then: Mapped[list[Any]]
    otherwise: Mapped[list[Any]] = mapped_column(default=list)
    on_failure: Mapped[str] = mapped_column(String(8), default="stop")
    ends: Mapped[bool] = mapped_column(default=False)
    most_per_hour: Mapped[int] = mapped_column(default=1000)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    switched_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]


class RuleVersion(Base):
    """What a rule said at a version: never changed, so a run can always be explained."""

    __tablename__ = "rule_version"

    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    said: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(120))


class RuleRun(Base):
    """A rule that matched, once for each (version, order, event).

    ``event`` is ``trail:<number of the audit entry>`` or names an occasion of the clock.
    ``outcome``: ``done``, ``same`` (all of it was so already), ``failed``, ``shadow``, ``undone``
    (a person took it back). ``steps`` says of each act what became of it, ``undo`` what takes the
    whole back. ``why`` is the refusal.
    """

    __tablename__ = "rule_run"

    id: Mapped[Key]
    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id"))
    version: Mapped[int]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"))
    event: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(8))
    steps: Mapped[list[Any]] = mapped_column(default=list)
    undo: Mapped[list[Any]] = mapped_column(default=list)
    why: Mapped[list[Any] | None]

    __table_args__ = (
        UniqueConstraint("rule_id", "version", "order_id", "event"),
        Index("ix_rule_run_order", "order_id", "id"),
        Index("ix_rule_run_rule", "rule_id", "at", "outcome"),
        Index("ix_rule_run_failed", "rule_id", "at", sqlite_where=text("outcome = 'failed'"),
              postgresql_where=text("outcome = 'failed'")),
    )


class RuleCheck(Base):
    """Which rules were asked about an event, and what stood in the way: ``[rule, version, place]``
    each, the place of the test that did not pass or -1; in the first case also what it found.
    """

    __tablename__ = "rule_check"

    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), primary_key=True)
    event: Mapped[str] = mapped_column(String(60), primary_key=True)
    act: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
    verdicts: Mapped[list[Any]]

    __table_args__ = (Index("ix_rule_check_at", "at"),)


class Macro(Base):
    """The seller's own button: acts that are done to an order one after the other, or not at all.

    ``key``: what is pressed for it, a digit alone or a letter after ``v``. ``barcode``: what is
    scanned for it at the pack station; None when there is none. ``steps`` are acts
    ``[act, parameters]``.
    """

    __tablename__ = "macro"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(60), unique=True)
    icon: Mapped[str] = mapped_column(String(40))
    color: Mapped[str] = mapped_column(String(7))
    key: Mapped[str | None] = mapped_column(String(1), unique=True)
    barcode: Mapped[str | None] = mapped_column(String(40), unique=True)
    steps: Mapped[list[Any]]
    on_list: Mapped[bool] = mapped_column(default=True)
    on_card: Mapped[bool] = mapped_column(default=True)
    at_station: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class RuleCursor(Base):
    """The audit entry up to which rules have been asked: one row."""

    __tablename__ = "rule_cursor"

    id: Mapped[int] = mapped_column(primary_key=True)
    seen: Mapped[int]
