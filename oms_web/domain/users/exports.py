"""People as a table: who may sign in, and as what."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from oms_web.core.sheet import Column, Sheet
from oms_web.domain.users import service

PEOPLE = (
    Column("name", "Name"), Column("email", "E-mail"), Column("role", "Role"),
    Column("language", "Language"), Column("active", "May sign in", "flag"),
    Column("last_seen_at", "Last seen", "moment"), Column("created_at", "Added", "moment"),
)


def people() -> Sheet:
    """Every account; a shop has so few people that they are one page."""

    def page(session: Session, _after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        return [
            (one.name, one.email, one.role, one.language, one.active, one.last_seen_at,
             one.created_at)
            for one in service.list_users(session)
        ], None

    return Sheet("people", PEOPLE, page)
