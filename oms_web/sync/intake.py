"""A page from outside becomes rows: orders through the flow, the unreadable into quarantine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from oms_connector import Order, Unreadable
from sqlalchemy.exc import StatementError

from oms_web.core.errors import Invalid, OmsError
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.flows.order_in import TakenIn, take_in
from oms_web.sync import quarantine

KIND = "order"


@dataclass(slots=True)
class Stored:
    """Counts of a page, the numbers of new orders, and the references of all that are here.

    ``unread`` are the references of what went into quarantine.
    """

    added: int = 0
    changed: int = 0
    same: int = 0
    quarantined: int = 0
    order_ids: list[int] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)


def store_page(
    work: Work, account: ChannelAccount, items: Sequence[Order | Unreadable], *, origin: str = "",
    text_of: Callable[[Order], str] = repr,
) -> Stored:
    """Store a page in the running transaction. Nothing in it can stop the rest of it.

    ``text_of`` gives the text to keep of an order that was readable but cannot be stored.
    If the database refuses the page as a whole (one order in it is poison), the page is halved
    until the poisonous order stands alone, and only that one is quarantined.
    """
    orders = [item for item in items if isinstance(item, Order)]
    stored = Stored()
    results = _take(work, account, orders)
    refused: list[tuple[Order, OmsError]] = []
    for result in results:
        stored.added += result.added
        stored.changed += result.changed
        stored.same += result.same
        stored.order_ids += result.order_ids
        refused += result.refused
    for order, error in refused:
        quarantine.put(work, account.id, KIND, order.external_id or "?", text_of(order),
                       str(error), field=getattr(error, "field", ""), origin=origin)
    for item in items:
        if isinstance(item, Unreadable):
            quarantine.put(work, account.id, KIND, item.external_id, item.raw, item.reason,
                           field=item.field, origin=origin)
            stored.quarantined += 1
    stored.quarantined += len(refused)
    bad = {order.external_id for order, _ in refused}
    here = {order.external_id for order in orders} - bad
    stored.unread = bad | {one.external_id for one in items if isinstance(one, Unreadable)}
    quarantine.solve(work, account.id, KIND, here)
    stored.refs = sorted(here)
    return stored


def _take(work: Work, account: ChannelAccount, orders: Sequence[Order]) -> list[TakenIn]:
    if not orders:
        return []
    try:
        with work.session.begin_nested():
            return [take_in(work, account, orders)]
    except (StatementError, ArithmeticError, AttributeError, TypeError, ValueError) as error:
        if len(orders) == 1:
            reason = Invalid("This order cannot be stored: %(why)s", why=type(error).__name__)
            return [TakenIn(refused=[(orders[0], reason)])]
    half = len(orders) // 2
    return _take(work, account, orders[:half]) + _take(work, account, orders[half:])
