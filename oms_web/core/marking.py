"""The mark of what is translated later, where it is shown: here no language is known yet."""

from __future__ import annotations


def N_(template: str) -> str:
    """Marks an English template for the translators' catalogue, and does nothing."""
    return template
