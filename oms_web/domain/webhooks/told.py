"""An event as outsiders are told of it: in an answer of the API, and in what a webhook is sent."""

from __future__ import annotations

import json
from typing import Any

from oms_web.domain.audit.models import AuditEntry

SUBJECTS = ("order", "shipment", "document", "variant", "product", "stock_document", "return")
"""What events are about. Others of the trail (people, settings) are nobody's business outside."""
PING = "ping"


def event(entry: AuditEntry) -> dict[str, Any]:
    """An entry of the trail as an event; ``at`` is RFC 3339 in UTC."""
    return {
        "id": entry.id, "at": entry.at.isoformat().replace("+00:00", "Z"), "type": entry.act,
        "subject": entry.subject, "subject_id": entry.subject_id, "order_id": entry.order_id,
        "by": entry.actor_name, "changes": entry.change, "note": entry.note,
    }


def body_of(entry: AuditEntry) -> bytes:
    """The body that a webhook is sent: the event, as the API tells it."""
    return _body(event(entry))


def ping_body(webhook_id: int, at: str) -> bytes:
    """The body of a test: an event that did not happen, of the same shape, with the number 0."""
    return _body({
        "id": 0, "at": at, "type": PING, "subject": "webhook", "subject_id": webhook_id,
        "order_id": None, "by": "OMS", "changes": {}, "note": None,
    })


def _body(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
