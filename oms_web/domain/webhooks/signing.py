"""How a receiver knows that it was us: HMAC-SHA256 (RFC 2104) over ``<seconds>.<body>``.

The moment is part of what is signed, so that an old message cannot be played again later. While a
secret is exchanged there are two signatures, one by each. How to verify them: docs/api.md.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

HEADER = "OMS-Signature"
START = "omswh_"


def new_secret() -> str:
    """A secret: 256 random bits."""
    return START + secrets.token_urlsafe(32)


def signature(keys: Sequence[str], seconds: int, body: bytes) -> str:
    """The value of the header: ``t=1764000000,v1=5f2c...``.

    Args:
        keys: the secrets that are valid, the newest first.
        seconds: the present moment, in seconds since 1970.
    """
    text = str(seconds).encode() + b"." + body
    signed = [hmac.new(key.encode(), text, hashlib.sha256).hexdigest() for key in keys]
    return ",".join([f"t={seconds}", *(f"v1={one}" for one in signed)])
