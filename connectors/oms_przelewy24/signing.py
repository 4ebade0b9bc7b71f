"""Przelewy24's signatures: SHA-384 of compact JSON whose names stand in a stated order, CRC last.

Source: the gateway's OpenAPI 1.0.16, field ``sign`` of each request and notice. Slashes and letters
of other languages stay as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

REGISTER = ("sessionId", "merchantId", "amount", "currency")
VERIFY = ("sessionId", "orderId", "amount", "currency")
NOTICE = ("merchantId", "posId", "sessionId", "amount", "originAmount", "currency", "orderId",
          "methodId", "statement")
REFUND_NOTICE = ("orderId", "sessionId", "refundsUuid", "merchantId", "amount", "currency",
                 "status")


def sign(document: Mapping[str, Any], names: Sequence[str], crc: str) -> str:
    """The signature of a request or a notice.

    Raises:
        KeyError: a field that is signed is missing.
    """
    signed = {name: document[name] for name in names} | {"crc": crc}
    text = json.dumps(signed, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha384(text.encode("utf-8", "surrogatepass")).hexdigest()
