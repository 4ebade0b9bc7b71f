"""What of a buyer's words a packer may read: the wish, not how to reach the buyer. Pure."""

from __future__ import annotations

import re

HIDDEN = "…"

_EMAIL = re.compile(r"[^\s@<>(),;:]+@[^\s@<>(),;:]+")
# Seven digits and more, parted by single spaces, dashes, dots or brackets: a phone number.
_PHONE = re.compile(r"\+?\(?\d(?:[\s().-]?\d){6,}")


def without_contacts(text: str) -> str:
    """The text with e-mail addresses and phone numbers taken out."""
    return _PHONE.sub(HIDDEN, _EMAIL.sub(HIDDEN, text)).strip()
