"""An order that somebody began to take down and left: what stands in its form, one a person.

It is no order: nothing is reserved and nobody sees it but the one who typed it. It goes when the
order is stored, when the form is begun anew, and by itself after ``KEPT``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Text, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from oms_web.core.db import Base, upsert
from oms_web.core.work import Work

KEPT = timedelta(days=7)
MOST = 100_000
"""Characters of a form that are kept; a longer one is not."""

Fields = Mapping[str, Sequence[str]]


class BegunOrder(Base):
    """``typed`` is JSON: field -> its values, as they were sent."""

    __tablename__ = "begun_order"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    typed: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


def keep(work: Work, user_id: int, typed: Fields) -> bool:
    """Keep what somebody typed instead of what was kept before; False if it is too long."""
    text = json.dumps({name: list(values) for name, values in typed.items()})
    if len(text) > MOST:
        return False
    statement = upsert(work.session, BegunOrder).values(user_id=user_id, typed=text, at=work.now)
    work.session.execute(statement.on_conflict_do_update(
        index_elements=["user_id"], set_={"typed": text, "at": work.now}))
    return True


def kept(session: Session, user_id: int, now: datetime
         ) -> tuple[dict[str, list[str]], datetime] | None:
    """What somebody typed last and when, unless that is too long ago."""
    found = session.get(BegunOrder, user_id)
    if found is None or found.at < now - KEPT:
        return None
    return json.loads(found.typed), found.at


def forget(work: Work, user_id: int) -> None:
    """Let go of what somebody typed."""
    work.session.execute(delete(BegunOrder).where(BegunOrder.user_id == user_id))


def forget_old(work: Work) -> None:
    """Let go of what was left too long ago: it holds a buyer's data."""
    work.session.execute(delete(BegunOrder).where(BegunOrder.at < work.now - KEPT))
