"""Orders that share what a buyer is found by, an e-mail address or a phone number, looked at no
further than tells something."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from oms_web.domain.orders.models import OrderKey

NEWEST = 200
"""Orders of one buyer that are looked at at all: a number that a marketplace puts in for everybody
stands on every order there ever was.
"""


def first(key: ColumnElement[str], last: ColumnElement[int]) -> ColumnElement[int]:
    """The number of the first order that is looked at, of those with a key up to the order
    ``last``; 0 where all of them are.
    """
    one = aliased(OrderKey)
    return func.coalesce(
        select(one.order_id).where(one.key == key, one.order_id <= last)
        .order_by(one.order_id.desc()).offset(NEWEST - 1).limit(1).scalar_subquery(), 0)
