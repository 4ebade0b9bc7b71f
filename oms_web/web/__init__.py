"""The HTML door. One module per screen, each with a blueprint named ``screen``.

``SCREENS`` is the whole list; a module that is not in it is not served.
"""

from __future__ import annotations

from importlib import import_module

from flask import Flask

from oms_web.web import assets, kept, language, shell, toasts

SCREENS = (
    "auth", "home", "orders", "order_views", "palette", "changes", "order_card", "order_kin",
    "order_allocate", "order_edit", "verification", "verification_settings", "post_mortem",
    "picking", "till", "till_sales", "returns", "return_card", "return_exchange",
    "exchange_choice", "return_money", "return_bench", "return_settings", "return_labels",
    "buyer_after", "buyer_withdrawal", "packing", "packing_close", "shipments", "parcel_labels",
    "label_settling", "prices", "claims", "hand_over", "sending", "recall", "stock",
    "stock_documents", "receipts", "transfers", "stocktakes", "warehouses", "products", "listings",
    "offer_rules", "channels", "channel_since",
    "channel_journal", "connecting", "rules", "rule_lab", "rule_history", "macros", "doorbell",
    "quarantine", "imports", "import_profiles", "documents", "corrections", "einvoices",
    "einvoice_settings", "accounting", "books", "papers", "numbering", "printing", "tasks", "users",
    "api_keys", "webhooks", "settings", "floor_settings", "printers", "labels", "messages",
    "message_templates", "threads", "message_settings", "order_messages", "order_payments",
    "refunds", "fee_claims", "buyer_page", "statements", "bank_transfers", "settlements",
    "courier_bills", "profits", "guide", "audit", "components",
)


def register(app: Flask) -> None:
    """Attach every screen to the app, and what their templates share."""
    assets.register(app)
    kept.register(app)
    language.register(app)
    shell.register(app)
    toasts.register(app)
    for name in SCREENS:
        app.register_blueprint(import_module(f"oms_web.web.{name}").screen)
