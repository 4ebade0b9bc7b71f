"""The mark of what is to be translated."""

from __future__ import annotations


def N_(template: str) -> str:
    """Marks an English template for the translators' catalogue, and does nothing.

    A connector says everything in English; the app shows it in the reader's language.
    """
    return template
