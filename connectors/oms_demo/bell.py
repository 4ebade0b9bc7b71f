"""Hearing the marketplace ring: who rings is proved by a signature over the raw body. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from oms_connector import Ring, WebhookRefused

from oms_demo import words

STAMP, SIGNATURE = "x-targowisko-timestamp", "x-targowisko-signature"
WINDOW = timedelta(minutes=5)
KINDS = ("order", "return", "offer", "payment")


def hear(body: bytes, headers: Mapping[str, str], secret: str, now: datetime) -> Sequence[Ring]:
    """What a delivery says. Nothing of the body is looked at before its signature is good.

    Raises:
        WebhookRefused: no secret, a wrong signature, a moment too far away, or nonsense.
    """
    if not secret:
        raise WebhookRefused(words.NO_SECRET)
    stamp = headers.get(STAMP, "")
    scheme, _, given = headers.get(SIGNATURE, "").partition("=")
    wanted = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    if scheme != "sha256" or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise WebhookRefused(words.BAD_SIGNATURE)
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise WebhookRefused(words.TOO_OLD)
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > WINDOW:
        raise WebhookRefused(words.TOO_OLD)
    return _rings(body)


def _rings(body: bytes) -> Sequence[Ring]:
    try:
        told: Any = json.loads(body)
        if told.get("kind") == "ping":
            return []
        kind, ref, event = told["kind"], told["ref"], told["event"]
        at = datetime.fromisoformat(told["at"]) if told.get("at") else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WebhookRefused(words.BAD_RING) from error
    if kind not in KINDS:  # a kind that is new to us is no reason to be rung again
        return []
    return [Ring(kind, str(ref), str(event), at)]
