"""The HTML door. One module per screen, each with a blueprint named ``screen``.

``SCREENS`` is the whole list; a module that is not in it is not served.
"""

from __future__ import annotations

from importlib import import_module

from flask import Flask

SCREENS = (
    "auth", "home", "orders", "order_card", "order_edit", "picking", "packing", "shipments",
    "stock", "stock_documents", "products", "listings", "channels", "quarantine", "imports",
    "documents", "tasks", "files", "users", "settings", "guide", "audit", "components",
)


def register(app: Flask) -> None:
    """Attach every screen that exists to the app."""
    for name in SCREENS:
        app.register_blueprint(import_module(f"oms_web.web.{name}").screen)
