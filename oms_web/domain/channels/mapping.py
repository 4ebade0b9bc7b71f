"""Which of our SKUs an offer sells: the link told before, then the SKU, then the EAN."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """The variant an offer was matched to, and by what; both None when nothing fits."""

    variant_id: int | None = None
    by: str | None = None


def decide(by_sku: int | None, by_ean: int | None) -> Found:
    """Match an offer that has no link yet. A seller's own SKU is worth more than an EAN."""
    if by_sku is not None:
        return Found(by_sku, "sku")
    if by_ean is not None:
        return Found(by_ean, "ean")
    return Found()
