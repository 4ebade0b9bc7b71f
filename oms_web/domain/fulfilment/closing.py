"""What stands between a complete parcel and its closing, in the order of the bench. Pure."""

from __future__ import annotations

NOTE, WEIGHT = "note", "weight"


def next_step(complete: bool, unread_notes: int, unweighed: int, weighs: bool) -> str:
    """``note``: a note must be confirmed; ``weight``: a box must be weighed; empty: it may close.

    Notes come first: they may say what else goes in. A parcel that is not complete has no step.
    """
    if not complete:
        return ""
    if unread_notes:
        return NOTE
    return WEIGHT if weighs and unweighed else ""
