"""Try once more, at once, what a channel refused or what its answer was lost of."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select, update

from oms_web.core.claims import enqueue
from oms_web.core.errors import NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels import desired
from oms_web.domain.channels.models import ListingPrice, ListingStock
from oms_web.domain.orders.models import ChannelNotice
from oms_web.domain.shipping.models import Shipment
from oms_web.sync import accounts, causes, feeds, retry

_WRONG = ("rejected", "retry", "unknown")


def again(work: Work, account_id: int, kind: str) -> None:
    """Try everything of an account that went wrong in one way (``causes.Cause.kind``) again.

    Raises:
        NotFound: nothing can be tried again in this way.
    """
    act = _ACTS.get(kind)
    if act is None:
        raise NotFound("There is nothing at this address.")
    act(work, account_id, kind)
    audit.record(work, "channels.again", "channel_account", account_id, {"what": [None, kind]})


def _read(work: Work, account_id: int, _kind: str) -> None:
    accounts.sync_now(work, account_id)


def _stock(work: Work, account_id: int, _kind: str) -> None:
    desired.send_anew(work, ListingStock, (ListingStock.account_id == account_id)
                      & ListingStock.outcome.in_(_WRONG))


def _prices(work: Work, account_id: int, _kind: str) -> None:
    desired.send_anew(work, ListingPrice, (ListingPrice.account_id == account_id)
                      & ListingPrice.outcome.in_(_WRONG))


def _unread(work: Work, account_id: int, _kind: str) -> None:
    retry.ask(work, account_id)


def _returns(work: Work, account_id: int, _kind: str) -> None:
    accounts.replay(work, account_id, feeds.RETURNS)


def _messages(work: Work, account_id: int, _kind: str) -> None:
    accounts.replay(work, account_id, feeds.MESSAGES)


def _notices(work: Work, account_id: int, kind: str) -> None:
    work.session.execute(
        update(ChannelNotice)
        .where(ChannelNotice.account_id == account_id, ChannelNotice.kind == kind,
               ChannelNotice.state.in_(causes.UNTOLD))
        .values(due_at=work.now, attempts=0, version=ChannelNotice.version + 1, state="waiting")
        .execution_options(synchronize_session=False))


def _shipments(work: Work, account_id: int, _kind: str) -> None:
    ids = work.session.scalars(
        select(Shipment.id)
        .where(Shipment.told.in_(causes.SHIPMENT_UNTOLD),
               Shipment.shipped_at > work.now - causes.LATELY,
               causes.concerns(account_id))
        .order_by(Shipment.id)).all()
    for shipment_id in ids:
        enqueue(work.session, "push_shipment", str(shipment_id), {"shipment_id": shipment_id},
                now=work.now, asked_by=work.actor.id)
    accounts.hasten_shipments(work)


_ACTS: dict[str, Callable[[Work, int, str], None]] = {
    "feed": _read, "limit": _read, "stock": _stock, "price": _prices, "order": _unread,
    "return": _returns, "message": _messages,
    "invoice": _notices, "cancel": _notices, "status": _notices,
    "shipment": _shipments,
}
KINDS = frozenset(_ACTS)
