"""The seller cancels: a whole order, or units of its lines. Reserved goods become free at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict

from sqlalchemy import select

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.orders import cancelling, outgoing, phases, telling
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLink
from oms_web.domain.orders.travelling import part_ways
from oms_web.domain.payments import requests
from oms_web.domain.shipping import replanning
from oms_web.domain.shipping import service as shipping

MAX_REASON = 300


def cancel(work: Work, order_id: int, reason: str = "") -> bool:
    """Cancel all that has not left, and let its channel know; False when it was cancelled before.

    Raises:
        NotAllowedNow: it has left or is delivered.
    """
    order = orders.lock_order(work.session, order_id)
    with _deciding(work, order) as before:
        done = cancelling.cancel_order(work, order, by="seller", reason=_short(reason))
        if done:
            _tell(work, order_id, before, reason)
            replanning.follow(work, [order_id])  # who shares a parcel with it has to take it out
    return done


def cancel_units(work: Work, order_id: int, units: Mapping[int, int], reason: str = "") -> None:
    """Cancel ``units`` (line id -> units); when nothing is left, the order is cancelled.

    Its channel is told.

    Raises:
        Invalid: nothing shall be cancelled.
        NotAllowedNow: it has left, or so many units are not open any more.
    """
    order = orders.lock_order(work.session, order_id)
    with _deciding(work, order) as before:
        cancelling.cancel_units(work, order, units, by="seller", reason=_short(reason))
        _tell(work, order_id, before, reason)
        replanning.follow(work, [order_id])


@contextmanager
def _deciding(work: Work, order: Order) -> Iterator[dict[int, int]]:
    """A cancellation that can be recalled: of an order that waits for us.

    Yields what was cancelled before: line id -> units.
    """
    before = asdict(cancelling.standing(work, order))
    with outgoing.deciding(work, outgoing.CANCEL, order.id) as decision:
        yield {int(line): counts[0] for line, counts in before["lines"].items()}
        if order.phase == phases.CANCELLED:
            for link in requests.of_order(work.session, order.id):
                requests.withdraw(work, link)  # nobody pays for what does not come
        if before["phase"] in (phases.OPEN, phases.PACKING):
            after = asdict(cancelling.standing(work, order))
            decision.undo = {"before": before, "after": after, "heard": _heard(work, order.id)}


def _heard(work: Work, order_id: int) -> dict[str, str]:
    """What the channels said last of an order: channel order -> digest."""
    return {str(id_): digest for id_, digest in work.session.execute(
        select(ChannelOrder.id, ChannelOrder.digest)
        .join(OrderLink, OrderLink.channel_order_id == ChannelOrder.id)
        .where(OrderLink.order_id == order_id))}


def recall(work: Work, decided: outgoing.Outgoing) -> None:
    """Take a cancellation back before its channel learns of it.

    Raises:
        NotAllowedNow: the channel is being told, or the order was changed since, here or on the
            channel: what it says of an order that waits for nothing is not taken over.
    """
    order = orders.lock_order(work.session, decided.order_id)
    undo = decided.undo or {}
    if order.phase in (phases.CANCELLED, phases.SHIPPED) \
            and undo.get("heard") not in (None, _heard(work, order.id)):
        raise NotAllowedNow("The channel changed this order since.")
    outgoing.take_back(work, decided)
    with outgoing.silence(work):
        cancelling.uncancel(work, order, undo, decided.at)
        part_ways(work, order)  # the others may go elsewhere by now
        if order.phase == phases.OPEN and shipping.of_order(
                work.session, order.id, shipping.PACKING):
            orders.set_phase(work, order, "start_packing")
    replanning.follow(work, [order.id])
    orders.restore_status(work, order, undo["before"]["status"])
    orders.refile(work, [order.id])


def _cancelled(work: Work, order_id: int) -> dict[int, int]:
    return {line.id: line.cancelled for line in orders.order_lines(work.session, order_id)}


def _tell(work: Work, order_id: int, before: Mapping[int, int], reason: str) -> None:
    after = _cancelled(work, order_id)
    telling.tell_cancelled(
        work, order_id, {line: count - before[line] for line, count in after.items()},
        _short(reason))


def _short(reason: str) -> str:
    return " ".join(reason.split())[:MAX_REASON]
