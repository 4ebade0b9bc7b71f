"""Column types with a meaning: UTC moments, JSON, money, keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in Python, UTC in the database (naive text in SQLite, timestamptz in PostgreSQL).

    Raises:
        ValueError: a naive datetime was bound; say which zone it is in first.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        if dialect.name == "sqlite":
            return value.astimezone(UTC).replace(tzinfo=None)
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite gives rowids only to a column spelled INTEGER, so keys are 64 bit in both engines this way.
BigKey = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

Key = Annotated[int, mapped_column(BigKey, primary_key=True)]
Minor = Annotated[int, mapped_column(BigInteger)]
Micro = Annotated[int, mapped_column(BigInteger)]
Currency = Annotated[str, mapped_column(String(3))]

TYPE_MAP: dict[Any, Any] = {
    datetime: UtcDateTime(),
    dict[str, Any]: Json,
    list[Any]: Json,
    int: BigKey,
}
