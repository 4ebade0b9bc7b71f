"""What waits to go out, as people see it: what it is, how long it can be recalled, and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from oms_web.automation import batches
from oms_web.automation.recalling import WAYS
from oms_web.core.errors import NotAllowedNow
from oms_web.core.text import key_in
from oms_web.domain.automation.models import Batch
from oms_web.domain.orders import outgoing, outgoing_queries
from oms_web.domain.orders.outgoing import Outgoing
from oms_web.extensions import db
from oms_web.web.access import allowed
from oms_web.web.door import current_user, oms

KINDS: dict[str, tuple[str, Any]] = {
    outgoing.SHIP: ("truck", _l("parcel")), outgoing.CANCEL: ("circle-x", _l("cancellation")),
    outgoing.STATUS: ("progress", _l("status")), outgoing.INVOICE: ("file-invoice", _l("invoice")),
}


@dataclass(frozen=True, slots=True)
class Going:
    """A decision that waits. ``seconds`` until it leaves; 0: its channel is stopped, or it leaves.

    ``may``: this person can recall it; else ``why`` nobody can, if that is so.
    """

    row: Outgoing
    seconds: int
    may: bool
    why: str

    @property
    def icon(self) -> str:
        """The icon of its kind."""
        return KINDS[self.row.kind][0]

    @property
    def what(self) -> str:
        """Its kind in words."""
        return str(KINDS[self.row.kind][1])


@dataclass(frozen=True, slots=True)
class Band:
    """What this person decided last, as long as it can be recalled."""

    token: str
    text: str
    seconds: int
    leaves_at: datetime


def seconds_left(row: Outgoing, now: datetime) -> int:
    """Whole seconds until it leaves, the begun one included."""
    return max(0, ceil((row.leaves_at - now).total_seconds()))


def _shown(rows: Iterable[Outgoing]) -> list[Going]:
    now = oms().works.clock()
    return [Going(row, seconds_left(row, now),
                  row.undo is not None and allowed(WAYS[row.kind][1]), _why_not(row))
            for row in rows]


def _why_not(row: Outgoing) -> str:
    try:
        outgoing.check(row)
    except NotAllowedNow as refusal:
        return gettext(refusal.message)
    return ""


def of_order(order_id: int) -> list[Going]:
    """What of an order waits to go out."""
    return _shown(outgoing_queries.of_order(db.session, order_id, oms().works.clock()))


def page(size: int, after: tuple[datetime, int] | None = None) -> list[Going]:
    """What waits of all orders, what leaves first before the others."""
    return _shown(outgoing_queries.page(db.session, oms().works.clock(), size, after))


def band() -> Band | None:
    """What this person may recall with one press, on whatever page they are."""
    user = current_user()
    if user is None:
        return None
    now = oms().works.clock()
    row = outgoing_queries.newest_of(db.session, user.id, now)
    batch = batch_of(row.together) if row is not None else None
    # The window of a bulk change begins when it ends; one that is taken back is on its way.
    if row is None or (batch is not None and (batch.state != batches.DONE or batch.undone_by)):
        return None
    orders, kinds = outgoing_queries.count_together(db.session, row.together)
    what = ", ".join(str(KINDS[kind][1]) for kind in kinds)
    text = gettext("Order %(number)s: %(what)s.", number=row.order_id, what=what) \
        if orders == 1 else ngettext(
            "%(num)s order: %(what)s.", "%(num)s orders: %(what)s.", orders, what=what)
    return Band(row.together, text, seconds_left(row, now), row.leaves_at)


def batch_of(token: str) -> Batch | None:
    """The bulk change or macro that decided something."""
    name, _, text = token.partition(":")
    number = key_in(text) if name == "batch" else None
    return None if number is None else db.session.get(Batch, number)


def rights_of(rows: Sequence[Outgoing]) -> set[str]:
    """The rights that recalling all of these takes."""
    return {WAYS[row.kind][1] for row in rows}
