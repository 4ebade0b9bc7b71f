"""A list as a table for export: its columns, and how to get the rows page by page.

A noun offers its lists as ``Sheet`` (``domain/stock/exports.py`` and the like),
``adapters/sheets.py`` writes any of them as CSV or XLSX; the web and the shell only choose one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

# money: Decimal in main units, two decimals shown; price: Decimal with all its decimals;
# moment: aware datetime; day: date; flag: bool. Any value may be None.
Kind = Literal["text", "int", "money", "price", "moment", "day", "flag"]

PageOf = Callable[[Session, Any], tuple[Sequence[Sequence[Any]], Any]]

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """``key`` heads it in CSV and never changes; ``title`` is a msgid and heads it in XLSX."""

    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Sheet:
    """``page(session, after)`` gives some rows and what comes ``after`` them, None at the end.

    ``after`` is None for the first page. Pages are read in transactions of their own, so a slow
    download holds nothing open; keyset order keeps them whole.
    """

    name: str
    columns: Sequence[Column]
    page: PageOf
