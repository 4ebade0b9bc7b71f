"""Call one of the shop's webhooks about an order: what a rule or a macro asks for."""

from __future__ import annotations

from sqlalchemy import func, select

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.orders import service as orders
from oms_web.domain.webhooks import queries as webhooks
from oms_web.domain.webhooks import service
from oms_web.domain.webhooks.events import WebhookCalled


def call(work: Work, order_id: int, webhook_id: int, note: str = "") -> None:
    """Tell a webhook of an order, after this transaction, with patience.

    It is told of the entry that is written here: its receiver knows the order's number and who
    asked, and reads the order itself by the API.

    Raises:
        NotFound: no such webhook or order.
        NotAllowedNow: the webhook is paused or was given up.
    """
    orders.lock_order(work.session, order_id)
    row = webhooks.get(work.session, webhook_id)
    if row.state != service.ACTIVE:
        raise NotAllowedNow("The webhook %(name)s is not on.", name=row.name)
    audit.record(work, "orders.call", "order", order_id, {"webhook": [None, row.name]},
                 order_id=order_id, note=note or None)
    work.session.flush()
    event_id = work.session.scalar(select(func.max(AuditEntry.id)).where(
        AuditEntry.order_id == order_id, AuditEntry.act == "orders.call"))
    work.announce(WebhookCalled(webhook_id, event_id or 0))
