"""Keyset pages: continue after the last row seen, never count off rows from the start."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid

Row = TypeVar("Row")
MOST_COUNTED = 1000
KEY_LIMIT = 2**63
"""Databases hold no number as large as this."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of rows; ``after`` is the token of the next page, None at the end."""

    rows: Sequence[Row]
    after: str | None


def counted(session: Session, query: Select[*tuple[Any, ...]], most: int = MOST_COUNTED) -> int:
    """How many rows a query has, counted no further than a badge can say."""
    return session.scalar(select(func.count()).select_from(query.limit(most).subquery())) or 0


def seal(*values: Any) -> str:
    """A page token from the sort values of the last row shown."""
    plain = [{"t": v.isoformat()} if isinstance(v, datetime) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def unseal(token: str, width: int) -> list[Any]:
    """The values in a page token.

    Raises:
        Invalid: the token was not made by ``seal`` with this many values.
    """
    try:
        plain = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        values = [
            datetime.fromisoformat(v["t"]) if isinstance(v, dict) else v for v in plain
        ]
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise Invalid("This page link is broken.", "after") from None
    if len(values) != width:
        raise Invalid("This page link is broken.", "after")
    return values


def unseal_as(token: str, *kinds: type) -> list[Any]:
    """The values in a page token, each of the kind it is compared with.

    Raises:
        Invalid: the token was not made by ``seal`` with such values.
    """
    values = unseal(token, len(kinds))
    if any(type(value) is not kind for value, kind in zip(values, kinds, strict=True)) or any(
        type(value) is int and not -KEY_LIMIT < value < KEY_LIMIT for value in values
    ):
        raise Invalid("This page link is broken.", "after")
    return values
