"""What of a buyer's words a packer may read: the wish, not how to reach the buyer. Pure."""

from __future__ import annotations

import re

HIDDEN = "…"

_EMAIL = re.compile(r"[^\s@<>(),;:]+@[^\s@<>(),;:]+")
# Nine digits and more, parted by spaces, dashes, dots or brackets; a date has eight.
_PHONE = re.compile(r"\+?\(?\d(?:[\s().-]{0,2}\d){8,}")


def without_contacts(text: str) -> str:
    """The text with e-mail addresses and phone numbers taken out."""
    return _PHONE.sub(HIDDEN, _EMAIL.sub(HIDDEN, text)).strip()
