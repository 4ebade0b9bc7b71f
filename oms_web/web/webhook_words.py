"""What webhooks tell of, in words; read by their screens and by the audit trail."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

KINDS: dict[str, tuple[Any, Any]] = {
    "order": (_l("Orders"), _l("received, changed, held, cancelled, shipped")),
    "shipment": (_l("Shipments"), _l("packed, left, delivered")),
    "document": (_l("Documents"), _l("issued")),
    "variant": (_l("SKUs"), _l("added, changed, archived, running low")),
    "product": (_l("Products"), _l("added, changed")),
    "stock_document": (_l("Stock documents"), _l("receipts, transfers, corrections, stocktakes")),
    "return": (_l("Returns"), _l("received")),
}
"""What each kind of event is called, and what happens to it."""
