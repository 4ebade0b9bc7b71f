"""Which template somebody probably wants who writes about an order: by how far it is. Pure."""

from __future__ import annotations

from collections.abc import Collection

SENT, PAY, DOCUMENT, PLAIN = "sent", "pay", "document", "plain"


def about(fields: Collection[str], attach: bool) -> str:
    """What a template is about, by the fields it names: the parcel, money, a document, or none."""
    if any(name.startswith("tracking.") for name in fields):
        return SENT
    if "order.to_pay" in fields:
        return PAY
    return DOCUMENT if attach or "document.number" in fields else PLAIN


def stage(phase: str, payment: str, documented: bool) -> str:
    """What there is to say about an order now."""
    if phase in ("shipped", "done"):
        return DOCUMENT if documented and phase == "done" else SENT
    if phase in ("open", "packing") and payment in ("unpaid", "part"):
        return PAY
    return PLAIN
