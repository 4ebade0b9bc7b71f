"""What channels are to be told about their orders: written in the transaction that decides it.

Nothing here speaks to a channel; the sync engine looks for what is due (``ChannelNotice``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.orm import Session

from oms_web.core.db import rows_changed, upsert
from oms_web.core.errors import NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import outgoing, phases
from oms_web.domain.orders.lineage import purchase
from oms_web.domain.orders.models import ChannelNotice, ChannelOrder, Order, OrderLine, OrderLink

INVOICE, CANCEL, STATUS = "invoice", "cancel", "status"
KEPT = timedelta(days=180)
FORGOTTEN_AT_ONCE = 5_000


def tell_invoice(work: Work, order_id: int, document_id: int) -> int:
    """Show a document to the order's buyer on each channel that takes documents; how many do."""
    wanted = [
        (link, f"{INVOICE}:{document_id}:{link.id}", {"document_id": document_id})
        for link in _channel_orders(work.session, order_id) if link.send_invoices
    ]
    for link, key, body in wanted:
        put(work, link, order_id, INVOICE, key, body)
    return len(wanted)


def hide_invoice(work: Work, order_id: int, document_id: int) -> None:
    """Show a document nowhere: it was annulled before a channel had it, tried already or not."""
    keys = [f"{INVOICE}:{document_id}:{link.id}"
            for link in _channel_orders(work.session, order_id)]
    decided = work.session.scalars(
        delete(ChannelNotice)
        .where(ChannelNotice.key.in_(keys), ChannelNotice.state.not_in(("done", "unknown")))
        .returning(ChannelNotice.outgoing_id).execution_options(synchronize_session=False)).all()
    for outgoing_id in set(decided):
        outgoing.replaced(work, outgoing_id)


def tell_cancelled(
    work: Work, order_id: int, units: Mapping[int, int], reason: str
) -> int:
    """Tell the channels that the seller will not deliver so many units; how many are told.

    A notice holds all units that the seller has ever cancelled of a channel's order, by line:
    telling it twice is telling it once. When nothing of the channel's order was or will be
    delivered, it is cancelled as a whole (no lines).

    Args:
        units: line id -> units that were cancelled just now.
    """
    told = [link for link in _channel_orders(work.session, order_id) if link.tell_cancelled]
    count = 0
    for link in told:
        # Parts of a split order may be cancelled at once; they share the notice.
        work.session.execute(
            select(ChannelOrder.id).where(ChannelOrder.id == link.id).with_for_update())
        lines = work.session.scalars(
            select(OrderLine).where(
                OrderLine.channel_order_id == link.id,
                OrderLine.order_id.in_(select(OrderLink.order_id).where(
                    OrderLink.channel_order_id == link.id)))).all()
        fresh = {line.line_ref: units[line.id] for line in lines if units.get(line.id)}
        if not fresh:
            continue
        key = f"{CANCEL}:{link.id}"
        before = work.session.scalar(
            select(ChannelNotice.body).where(ChannelNotice.key == key)) or {"units": {}}
        total = {ref: before["units"].get(ref, 0) + fresh.get(ref, 0)
                 for ref in {*before["units"], *fresh}}
        whole = all(line.quantity == line.cancelled and not line.shipped for line in lines)
        put(work, link, order_id, CANCEL, key,
            {"units": total, "whole": whole, "reason": reason})
        count += 1
    return count


def tell_status(work: Work, order: Order, was: int | None = None) -> None:
    """Tell the channels how far an order is, in the words the seller chose for its status.

    What a channel told us itself is not told back. A status without a word says nothing, and what
    was to be said before and is not true any more is not said either.

    Args:
        was: the status it had before.
    """
    if work.actor.kind == "connector" or order.account_id is None or outgoing.is_silent(work):
        return
    said = _common(work, order, was)
    if said is None:
        return
    for link in _channel_orders(work.session, order.id):
        key = f"{STATUS}:{link.id}"
        word = link.status_words.get(str(said.status_id))
        if word:
            put(work, link, order.id, STATUS, key, {"status": word, "status_id": order.status_id})
        elif link.status_words:
            _let_be(work, key)


def _let_be(work: Work, key: str) -> None:
    """What was to be said by a key is not true any more, and nothing else is to be said."""
    due = (ChannelNotice.key == key, ChannelNotice.due_at.is_not(None))
    decided = work.session.scalar(
        select(ChannelNotice.outgoing_id).where(*due).with_for_update())
    work.session.execute(
        update(ChannelNotice).where(*due)
        .values(due_at=None, state="done", version=ChannelNotice.version + 1, outgoing_id=None)
        .execution_options(synchronize_session=False))
    outgoing.replaced(work, decided)


def _common(work: Work, order: Order, was: int | None) -> Order | None:
    """The order in whose words a purchase is spoken of; None: its parts stand in other statuses.

    A part that is cancelled leaves the word to the others, if they stand elsewhere than it did:
    they were silent because of it.
    """
    parts = [one for one in purchase(work.session, order) if one.phase != phases.CANCELLED]
    said = parts[0] if order.phase == phases.CANCELLED and parts else order
    if said is not order and said.status_id == was:
        return None
    return None if any(one.status_id != said.status_id for one in parts) else said


def _channel_orders(session: Session, order_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The orders of channels that one of ours stands for, with what their accounts are told."""
    return session.execute(
        select(ChannelOrder.id, ChannelOrder.account_id, ChannelOrder.raw_status,
               ChannelAccount.send_invoices, ChannelAccount.tell_cancelled,
               ChannelAccount.status_words)
        .join(OrderLink, OrderLink.channel_order_id == ChannelOrder.id)
        .join(ChannelAccount, ChannelAccount.id == ChannelOrder.account_id)
        .where(OrderLink.order_id == order_id, ChannelOrder.superseded_by.is_(None),
               ChannelAccount.archived_at.is_(None))
        .order_by(ChannelOrder.id)
    ).all()


def put(
    work: Work, link: Row[*tuple[Any, ...]], order_id: int, kind: str, key: str,
    body: Mapping[str, Any],
) -> None:
    """Wish for something to be told, instead of what was wished under this key.

    It is due when the window is over in which the decision behind it can be recalled.
    """
    decision = outgoing.begin(work, order_id)
    before = work.session.execute(
        select(ChannelNotice.body, ChannelNotice.state, ChannelNotice.message,
               ChannelNotice.attempts, ChannelNotice.outgoing_id, ChannelNotice.due_at)
        .where(ChannelNotice.key == key).with_for_update()).first()
    outgoing.remember(decision, key, before)
    insert = upsert(work.session, ChannelNotice).values(
        account_id=link.account_id, channel_order_id=link.id, order_id=order_id, kind=kind,
        key=key, body=dict(body), due_at=decision.leaves_at, created_at=work.now,
        outgoing_id=decision.id,
    )
    work.session.execute(insert.on_conflict_do_update(index_elements=["key"], set_={
        "body": insert.excluded.body, "order_id": insert.excluded.order_id,
        "version": ChannelNotice.version + 1, "state": "waiting", "message": None,
        "due_at": decision.leaves_at, "attempts": 0, "outgoing_id": decision.id,
    }))
    if before is not None and before.outgoing_id != decision.id:
        outgoing.replaced(work, before.outgoing_id)


def of_document(session: Session, order_id: int, document_id: int
                ) -> Sequence[Row[*tuple[Any, ...]]]:
    """What became of showing a document: the channels' names, states and messages."""
    return [one for one in of_order(session, order_id)
            if one.kind == INVOICE and one.body["document_id"] == document_id]


def of_order(session: Session, order_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """All that channels were to be told of an order, the newest wish first."""
    return session.execute(
        select(ChannelNotice.id, ChannelNotice.kind, ChannelNotice.body, ChannelNotice.state,
               ChannelNotice.message, ChannelNotice.told_at, ChannelAccount.name)
        .join(ChannelAccount, ChannelAccount.id == ChannelNotice.account_id)
        .where(ChannelNotice.order_id == order_id).order_by(ChannelNotice.id.desc())
    ).all()


def tell_again(work: Work, notice_id: int) -> int:
    """Tell what a channel does not know yet once more, now; the order it is about.

    Raises:
        NotFound: there is no such notice.
    """
    notice = work.session.get(ChannelNotice, notice_id)
    if notice is None:
        raise NotFound("There is nothing at this address.")
    found = rows_changed(
        work.session, update(ChannelNotice)
        .where(ChannelNotice.id == notice_id, ChannelNotice.state != "done")
        .values(due_at=work.now, attempts=0, version=ChannelNotice.version + 1, state="waiting",
                outgoing_id=None)
        .execution_options(synchronize_session=False)
    )
    if found:
        audit.record(work, "orders.tell_again", "order", notice.order_id,
                     {"what": [None, notice.kind]}, order_id=notice.order_id)
    return notice.order_id


def forget_old(work: Work) -> int:
    """Forget what was told (or refused) long ago of orders that are closed; how many notices.

    Of an order that is still open a notice counts all units that were ever cancelled: it stays.
    """
    before = work.now - KEPT
    old = (
        select(ChannelNotice.id).join(Order, Order.id == ChannelNotice.order_id)
        .where(ChannelNotice.created_at < before, ChannelNotice.due_at.is_(None),
               func.coalesce(ChannelNotice.told_at, ChannelNotice.created_at) < before,
               Order.phase.in_(phases.CLOSED))
        .order_by(ChannelNotice.created_at).limit(FORGOTTEN_AT_ONCE)
    )
    return rows_changed(
        work.session, delete(ChannelNotice).where(ChannelNotice.id.in_(old))
        .execution_options(synchronize_session=False))
