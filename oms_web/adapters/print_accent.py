"""A seller's colour on white paper: what cannot be seen is no letter and no line. Pure."""

from __future__ import annotations

LETTERS, LINES = 4.5, 3.0
"""The least contrast with what is behind them of letters of ordinary size and of what is no text
(WCAG 2.2, 1.4.3 and 1.4.11)."""


def darkened(colour: str, contrast: float) -> str:
    """The colour (``#RRGGBB``) itself, or darkened step by step until it stands out from white."""
    parts = [int(colour[at:at + 2], 16) for at in (1, 3, 5)]
    while _contrast(parts) < contrast:
        parts = [part * 95 // 100 for part in parts]
    return "#" + "".join(f"{part:02X}" for part in parts)


def _contrast(parts: list[int]) -> float:
    """Contrast with white, from 1 to 21."""
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
              for share in (part / 255 for part in parts)]
    red, green, blue = linear
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
