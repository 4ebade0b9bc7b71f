"""Doorbells: Stripe posts events to an endpoint that the seller adds in its dashboard.

``Stripe-Signature: t=..,v1=..``: HMAC-SHA256 of the moment, a point and the raw body. While a
secret is being replaced there are several ``v1``; one good one is enough. Source: docs.stripe.com,
"Receive Stripe events in your webhook endpoint".
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from oms_connector import Ring, WebhookRefused
from oms_connector.reading import value

from oms_stripe import words

SIGNATURE = "stripe-signature"
SOON = timedelta(minutes=5)
KEY = "oms_key"
"""The name in ``metadata`` under which our key stands at sessions, payments and refunds."""


def hear(body: bytes, headers: Mapping[str, str], secret: str, now: datetime) -> Sequence[Ring]:
    """What an event is about. Nothing of it is looked at before its signature is good.

    Raises:
        WebhookRefused: no secret, a wrong signature, too old, or nonsense.
    """
    if not secret:
        raise WebhookRefused(words.NO_SECRET)
    parts = [part.strip().partition("=")[::2] for part in headers.get(SIGNATURE, "").split(",")]
    stamp = next((found for name, found in parts if name == "t"), "")
    wanted = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not any([hmac.compare_digest(wanted.encode(), found.encode())
                for name, found in parts if name == "v1"]):
        raise WebhookRefused(words.BAD_SIGNATURE)
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise WebhookRefused(words.BAD_SIGNATURE)
    at = datetime.fromtimestamp(int(stamp), tz=UTC)
    if abs(now - at) > SOON:
        raise WebhookRefused(words.TOO_OLD)
    try:
        told = json.loads(body)
    except ValueError as error:
        raise WebhookRefused(words.NO_EVENT) from error
    event = value(told, "id")
    if not isinstance(event, str) or not event:
        raise WebhookRefused(words.NO_EVENT)
    thing = value(told, "data", "object")
    ref = value(thing, "id") if value(thing, "object") == "checkout.session" else \
        value(thing, "metadata", KEY) or value(thing, "payment_intent")
    return [Ring("payment", ref[:160], event[:120], at)] if isinstance(ref, str) and ref else []
