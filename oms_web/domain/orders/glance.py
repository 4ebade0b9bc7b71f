"""Orders at a glance: the few that somebody typing this may mean, for the palette."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.domain.orders import search, walking
from oms_web.domain.orders.models import Order

LEAST = 2
"""Characters before orders are looked for: one letter is nearly everybody's."""
LOOKED_AT = (500, 500)
"""Windows of orders that are looked at while somebody types; the list itself looks further."""


@dataclass(frozen=True, slots=True)
class Glance:
    """An order in one line. ``sure``: what was typed is a whole code of this one alone."""

    id: int
    external_number: str
    buyer: str
    queue: str
    account_id: int | None
    total: int
    currency: str
    sure: bool = False


def meant(session: Session, text: str, tracked: Sequence[int] = (), limit: int = 6
          ) -> list[Glance]:
    """The newest orders that a typed text may mean, found as the list finds them.

    Args:
        tracked: orders with a tracking number that begins so, from whoever knows parcels.
    """
    if len(text.strip()) < LEAST:
        return []
    hit = search.search(session, text)
    if hit.only is not None:
        return by_id(session, [hit.only], sure=True)
    found = walking.find(session, [hit.condition], "newest", None, limit, LOOKED_AT)
    ids = list(dict.fromkeys([*tracked, *found.ids]))[:limit]
    return by_id(session, ids, sure=len(ids) == len(tracked) == 1)


def by_id(session: Session, ids: Sequence[int], *, sure: bool = False) -> list[Glance]:
    """These orders, in this order; one statement."""
    if not ids:
        return []
    found = {row.id: Glance(row.id, row.external_number, row.buyer_company or row.buyer_name,
                            row.queue, row.account_id, row.total, row.currency, sure)
             for row in session.execute(
                 select(Order.id, Order.external_number, Order.buyer_company, Order.buyer_name,
                        Order.queue, Order.account_id, Order.total, Order.currency)
                 .where(Order.id.in_(ids)))}
    return [found[one] for one in ids if one in found]
