"""Addresses of shops, as people type them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit


def is_safe(address: str) -> bool:
    """Whether a key may be sent there: encrypted, or without leaving this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def trimmed(address: object, tails: Sequence[str]) -> str:
    """An address without what people copy behind it from their browser."""
    found = str(address or "").strip().rstrip("/")
    for tail in tails:
        found = found.removesuffix(tail).rstrip("/")
    return found
