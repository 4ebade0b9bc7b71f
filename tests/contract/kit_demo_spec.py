"""Targowisko's API as docs/connectors/demo.md describes it: what a request may look like."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector.testing import Request

Names = frozenset[str]


def _named(text: str) -> Names:
    return frozenset(text.split())


# method and path -> parameters, fields that must be, fields that may be
REQUESTS: Mapping[tuple[str, str], tuple[Names, Names, Names]] = {
    ("GET", "me"): (_named(""), _named(""), _named("")),
    ("GET", "events"): (_named("after limit"), _named(""), _named("")),
    ("GET", "orders"): (_named("ids updated_since updated_until after limit"), _named(""),
                        _named("")),
    ("GET", "returns"): (_named("after limit"), _named(""), _named("")),
    ("GET", "offers"): (_named("after limit"), _named(""), _named("")),
    ("PUT", "stock"): (_named(""), _named("items"), _named("")),
    ("PUT", "prices"): (_named(""), _named("items"), _named("")),
    ("POST", "orders/ID/shipments"): (_named(""), _named("parcels"),
                                      _named("sent_at lines complete expected_revision key")),
    ("PUT", "orders/ID/status"): (_named(""), _named("status"), _named("expected_revision")),
    ("POST", "orders/ID/cancel"): (_named(""), _named(""),
                                   _named("reason lines expected_revision")),
    ("POST", "orders/ID/invoices"): (_named("number issued_at"), _named(""), _named("")),
    ("POST", "orders/ID/refunds"): (_named(""), _named("amount"),
                                    _named("delivery reason lines")),
    ("GET", "orders/ID/refunds"): (_named(""), _named(""), _named("")),
    ("POST", "orders/ID/fee-claims"): (_named(""), _named("line_id quantity"), _named("")),
    ("GET", "orders/ID/fee-claims"): (_named(""), _named(""), _named("")),
    ("DELETE", "fee-claims/ID"): (_named(""), _named(""), _named("")),
    ("GET", "dictionaries/ID"): (_named(""), _named(""), _named("")),
    ("GET", "messages"): (_named("after limit key"), _named(""), _named("")),
    ("POST", "messages"): (_named(""), _named("text key"), _named("order_id thread_id")),
    ("PUT", "threads/ID/read"): (_named(""), _named(""), _named("")),
    ("POST", "purse/payments"): (_named(""), _named("key amount currency"),
                                 _named("description return_url notify_url")),
    ("GET", "purse/payments/ID"): (_named(""), _named(""), _named("")),
    ("POST", "purse/payments/ID/refunds"): (_named(""), _named("amount"), _named("key")),
    ("POST", "webhooks"): (_named(""), _named("url secret"), _named("kinds")),
    ("DELETE", "webhooks/ID"): (_named(""), _named(""), _named("")),
}
ITEMS: Mapping[str, Names] = {"stock": _named("offer_id quantity key"),
                              "prices": _named("offer_id amount currency key")}


def violations(request: Request) -> Sequence[str]:
    """What is wrong with a request; empty when nothing is."""
    path = request.path.removeprefix("/api/v1/")
    plain = re.sub(r"^(orders|dictionaries|webhooks|fee-claims|threads|purse/payments)/[^/]+",
                   r"\1/ID", path)
    known = REQUESTS.get((request.method, plain))
    if known is None:
        return [f"there is no {request.method} {path}"]
    parameters, needed, more = known
    body = _json(request)
    found = [f"parameter {name}" for name in sorted(set(request.query) - parameters)]
    found += [f"field {name} is missing" for name in sorted(needed - set(body))]
    found += [f"field {name}" for name in sorted(set(body) - needed - more)]
    for item in body.get("items", ()):
        found += [f"field {name} of an item" for name in sorted(set(item) - ITEMS[plain])]
    if "authorization" not in request.headers:
        found.append("no token")
    return found


def _json(request: Request) -> dict[str, Any]:
    is_json = request.headers.get("content-type", "").startswith("application/json")
    found = request.json() if is_json else {}
    return found if isinstance(found, dict) else {}
