"""Doorbells: PayU posts to the address that a payment was opened with.

``OpenPayU-Signature: sender=..;signature=..;algorithm=MD5;content=DOCUMENT``, where the signature
is the hash of the raw body and the second key put behind it. A notice about a refund has another
body.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

from oms_connector import Ring, WebhookRefused
from oms_connector.reading import value

from oms_payu import words

SIGNATURE = "openpayu-signature"
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def hear(body: bytes, headers: Mapping[str, str], second_key: str) -> Sequence[Ring]:
    """What a notice is about. Nothing of it is looked at before its signature is good.

    Raises:
        WebhookRefused: no key, a wrong signature, or nonsense.
    """
    if not second_key:
        raise WebhookRefused(words.NO_SECRET)
    parts = dict(part.strip().partition("=")[::2]
                 for part in headers.get(SIGNATURE, "").split(";"))
    made = HASHES.get(parts.get("algorithm", ""))
    if made is None or parts.get("content") != "DOCUMENT":
        raise WebhookRefused(words.BAD_SIGNATURE)
    wanted = made(body + second_key.encode()).hexdigest()
    if not hmac.compare_digest(wanted.encode(), parts.get("signature", "").encode()):
        raise WebhookRefused(words.BAD_SIGNATURE)
    try:
        told = json.loads(body)
    except ValueError as error:
        raise WebhookRefused(words.NO_EVENT) from error
    ref = value(told, "order", "orderId") or value(told, "orderId")
    if not isinstance(ref, str) or not ref:
        raise WebhookRefused(words.NO_EVENT)
    return [Ring("payment", ref[:160], hashlib.sha256(body).hexdigest()[:60])]
