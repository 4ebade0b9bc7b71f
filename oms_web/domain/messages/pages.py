"""The key to a buyer's own page of an order: made when first needed, found, exchanged.

A key has 192 random bits. The database holds its hash, by which it is found, and itself sealed, so
that a link can be written into the next message; a copy of the database alone opens no page.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotFound
from oms_web.core.ports import SecretBox
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.messages import patience, settings
from oms_web.domain.messages.models import OrderPage
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderSplit

BYTES = 24
NO_PAGE = "There is nothing at this address."


def link(work: Work, order_id: int) -> str:
    """The address of an order's page, made now if it has none; empty where ours is not known."""
    row = settings.get(work.session)
    if row is None or not row.public_url:
        return ""
    return f"{row.public_url}/o/{_token(work, order_id) or _make(work, order_id)}"


def known_link(work: Work, order_id: int) -> str:
    """The address of an order's page, if it has one already."""
    return on_card(work, order_id)[0]


def on_card(work: Work, order_id: int) -> tuple[str, bool]:
    """The address of an order's page, if it has one already; and whether it can have one."""
    row = settings.get(work.session)
    if row is None or not row.public_url:
        return "", False
    token = _token(work, order_id)
    return f"{row.public_url}/o/{token}" if token else "", True


def sample_link(work: Work) -> str:
    """How the address of a page will look that is not made yet; empty where ours is not known."""
    row = settings.get(work.session)
    return f"{row.public_url}/o/…" if row is not None and row.public_url else ""


def exchange(work: Work, order_id: int) -> None:
    """Give an order's page another address; the old one leads nowhere from now on."""
    orders.lock_order(work.session, order_id)
    _make(work, order_id)
    audit.record(work, "messages.page_exchange", "order", order_id)


def find(session: Session, token: str, now: datetime) -> Order:
    """The order of a key. What is unknown and what is over are told apart by nothing.

    Of a part that was joined again it is the order that has its goods now.

    Raises:
        NotFound: there is no such page, or not any more.
    """
    row = session.execute(
        select(Order).join(OrderPage, OrderPage.order_id == Order.id)
        .where(OrderPage.token_hash == _hash(token))).scalar_one_or_none()
    while row is not None and (home := session.scalar(
            select(OrderSplit.from_id)
            .where(OrderSplit.order_id == row.id, OrderSplit.joined_at.is_not(None)))):
        row = session.get(Order, home)
    days = settings.page_days(settings.get(session))
    if row is None or not patience.is_open(row.closed_at, days, now):
        raise NotFound(NO_PAGE)
    return row


def _make(work: Work, order_id: int) -> str:
    token = secrets.token_urlsafe(BYTES)
    box: SecretBox = work.ports["secrets"]
    row = work.session.get(OrderPage, order_id)
    if row is None:
        row = OrderPage(order_id=order_id)
        work.session.add(row)
    row.token_hash, row.made_at = _hash(token), work.now
    row.sealed = box.seal(token.encode(), _purpose(order_id))
    work.session.flush()
    return token


def _token(work: Work, order_id: int) -> str:
    row = work.session.get(OrderPage, order_id)
    box: SecretBox = work.ports["secrets"]
    return box.open(row.sealed, _purpose(order_id)).decode() if row is not None else ""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _purpose(order_id: int) -> str:
    return f"order_page:{order_id}"
