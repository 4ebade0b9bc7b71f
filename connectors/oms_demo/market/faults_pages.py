"""Faults of pages: what the journal and the lists leave out, repeat or say too late.

A page is a ``Sheet``, whatever it lists, so each of these is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from oms_demo.market.blow import Blow
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import moment

LATE = timedelta(minutes=2)
SKEW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of a list. ``next`` continues after it; ``more`` says that something follows.

    ``after`` is where this page began, ``read`` gives another page of the same list, ``place`` the
    cursor after one of its rows, and ``again`` a cursor that looks new and continues right here.
    """

    rows: Sequence[Any]
    after: Any
    next: Any
    more: bool
    read: Callable[[Any], Sheet]
    place: Callable[[Any], Any]
    again: Callable[[], Any]


def short(sheet: Sheet, blow: Blow) -> Sheet | None:
    """Fewer rows than were asked for, though more are there."""
    if len(sheet.rows) < 2:
        return None
    rows = sheet.rows[:blow.dice.randint(1, len(sheet.rows) - 1)]
    return replace(sheet, rows=rows, next=sheet.place(rows[-1]), more=True)


def repeated(sheet: Sheet, _blow: Blow) -> Sheet | None:
    """The first page of the list once more, instead of this one."""
    return sheet.read(None) if sheet.after else None


def empty(sheet: Sheet, _blow: Blow) -> Sheet | None:
    """Nothing at all, and a cursor to go on with."""
    if not sheet.rows:
        return None
    return replace(sheet, rows=(), next=sheet.again(), more=True)


def stuck(sheet: Sheet, _blow: Blow) -> Sheet | None:
    """The page is right, but its cursor leads back to where one was."""
    return replace(sheet, next=sheet.after, more=True) if sheet.after and sheet.rows else None


def expired(sheet: Sheet, _blow: Blow) -> Sheet | None:
    """The cursor is not known any more."""
    if not sheet.after:
        return None
    raise Refusal("cursor_gone", "This cursor is not known any more. Begin again.", 410)


def edited(sheet: Sheet, blow: Blow) -> Sheet | None:
    """While somebody pages, a buyer who waits for a parcel moves house."""
    return sheet if blow.about["market"].somebody_moves(blow.dice) else None


def lost(sheet: Sheet, blow: Blow) -> Sheet | None:
    """Some of the events never make it into the journal."""
    rows = [row for row in sheet.rows if blow.dice.random() < 0.5]
    return replace(sheet, rows=rows) if len(rows) < len(sheet.rows) else None


def doubled(sheet: Sheet, blow: Blow) -> Sheet | None:
    """Some of the events are told twice."""
    rows = [row for row in sheet.rows for _ in range(1 + (blow.dice.random() < 0.5))]
    return replace(sheet, rows=rows) if len(rows) > len(sheet.rows) else None


def shuffled(sheet: Sheet, blow: Blow) -> Sheet | None:
    """The events of a page come in any order."""
    rows = [*sheet.rows]
    blow.dice.shuffle(rows)
    return replace(sheet, rows=rows) if rows != [*sheet.rows] else None


def late(row: Any, blow: Blow) -> Any:
    """An order is shown two minutes after its last change, though the journal names it at once."""
    return "hidden" if blow.about["now"] - moment(row["updated_at"]) < LATE else None


def missing(_row: Any, _blow: Blow) -> str:
    """An order that is there is answered with "there is none"."""
    return "hidden"


def fast(now: datetime, _blow: Blow) -> datetime:
    """The marketplace's clock is ten minutes ahead."""
    return now + SKEW


def slow(now: datetime, _blow: Blow) -> datetime:
    """The marketplace's clock is ten minutes behind."""
    return now - SKEW
