"""Doorbells. Medusa rings nobody by itself; a subscriber of a few lines in the shop's own code does
(``docs/connectors/medusa.md``): it posts the event's name and the order's id, signed over the body.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

from oms_connector import Ring, WebhookRefused
from oms_connector.reading import value

from oms_medusa import words

SIGNATURE = "x-oms-signature"
PING = "ping"


def hear(body: bytes, headers: Mapping[str, str], secret: str) -> Sequence[Ring]:
    """What a delivery says. Nothing of it is looked at before its signature is good.

    Raises:
        WebhookRefused: no secret, a wrong signature, or nonsense.
    """
    if not secret:
        raise WebhookRefused(words.NO_SECRET)
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(headers.get(SIGNATURE, "").encode(), wanted.encode()):
        raise WebhookRefused(words.BAD_SIGNATURE)
    try:
        told = json.loads(body)
    except ValueError as error:
        raise WebhookRefused(words.NO_EVENT) from error
    name, order, event = value(told, "name"), value(told, "order_id"), value(told, "event_id")
    if name == PING:
        return []
    if not isinstance(order, str) or not order or not isinstance(event, str) or not event:
        raise WebhookRefused(words.NO_EVENT)
    return [Ring("order", order[:120], event[:120])]
