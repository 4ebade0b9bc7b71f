"""The JSON door: programs call it with keys. One module per resource; see docs/api.md.

It opens the same flows as the screens; nothing here decides anything about the shop.
"""

from __future__ import annotations

from importlib import import_module

from flask import Blueprint, Flask

from oms_web.api import access, openapi
from oms_web.api.operations import OPERATIONS, PREFIX, attach
from oms_web.api.pace import Pace
from oms_web.domain.users.api_calls import Calls
from oms_web.extensions import csrf

RESOURCES = ("orders", "order_acts", "products", "stock", "shipments", "labels", "returns",
             "documents",
             "events", "print_jobs")


def register(app: Flask) -> None:
    """Attach the API to the app."""
    for name in RESOURCES:
        import_module(f"oms_web.api.{name}")
    blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
    for one in OPERATIONS:
        attach(app, blueprint, one)
    openapi.attach(blueprint)
    blueprint.after_request(access.finish)
    csrf.exempt(blueprint)  # a key is no cookie: no browser sends it on somebody else's behalf
    app.register_blueprint(blueprint)
    app.extensions["oms_api"] = access.Node(Pace(app.extensions["oms"].settings.api_per_minute),
                                            Calls())
