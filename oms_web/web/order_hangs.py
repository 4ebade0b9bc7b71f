"""What hangs on an order and most orders do not have, told by one statement.

The card asks for a thing only when it is there: a dozen looks into indexes cost less than two
statements that find nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from oms_web.domain.automation.models import RuleCheck, RuleRun
from oms_web.domain.documents.models import Document
from oms_web.domain.messages import conversations
from oms_web.domain.messages.models import Message
from oms_web.domain.orders.models import Hold, Note, OrderSplit, OrderTag
from oms_web.domain.orders.outgoing import Outgoing
from oms_web.domain.orders.verification.models import Finding
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.domain.returns.models import Return
from oms_web.domain.shipping.label_models import LabelBooking

TABLES: Mapping[str, Any] = {
    "cases": Return.order_id, "checks": RuleCheck.order_id, "documents": Document.order_id,
    "findings": Finding.order_id, "going": Outgoing.order_id, "holds": Hold.order_id,
    "labels": LabelBooking.order_id, "messages": Message.order_id, "notes": Note.order_id,
    "parts": OrderSplit.from_id, "requests": PaymentRequest.order_id, "runs": RuleRun.order_id,
    "tags": OrderTag.order_id, "whole": OrderSplit.order_id,
}
"""Where each thing names its order."""


def hangs_on(session: Session, order_id: int) -> frozenset[str]:
    """Which of ``TABLES`` know the order; ``threads``: its buyer wrote through a channel."""
    asked = {name: column == order_id for name, column in TABLES.items()} \
        | {"threads": conversations.about(order_id)}
    row = session.execute(select(*(exists().where(one) for one in asked.values()))).one()
    return frozenset(name for name, there in zip(asked, row, strict=True) if there)
