"""How many orders stand where, without counting them."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base


class OrderTally(Base):
    """How many orders stand where: the sum of ``n`` per (kind, name).

    Writers only add rows (+1 here, -1 there), so no two of them ever wait for the same counter;
    a job folds the rows together.
    """

    __tablename__ = "order_tally"

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(24))
    n: Mapped[int]
