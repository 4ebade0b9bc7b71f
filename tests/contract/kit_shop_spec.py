"""What Kram's documentation says a request looks like; anything else is a violation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from oms_connector.testing import Request

# method, path -> names the query may have, names the body must have
REQUESTS: dict[tuple[str, str], tuple[set[str], set[str]]] = {
    ("GET", "me"): (set(), set()),
    ("GET", "journal"): ({"after", "limit"}, set()),
    ("GET", "orders"): ({"ids", "since", "until", "after", "limit"}, set()),
    ("POST", "orders/read"): (set(), {"orders"}),
    ("GET", "returns"): ({"after", "limit"}, set()),
    ("GET", "offers"): ({"after", "limit"}, set()),
    ("POST", "endings"): (set(), {"offers"}),
    ("POST", "quantities"): (set(), {"offers", "quantity"}),
    ("GET", r"tasks/\w+"): (set(), set()),
    ("PUT", "prices"): (set(), {"items"}),
    ("POST", r"orders/\w+/parcels"): (set(), {"key", "carrier", "number", "lines", "last"}),
    ("PUT", r"orders/\w+/status"): (set(), {"status", "rev"}),
    ("POST", r"orders/\w+/cancel"): (set(), {"lines", "reason"}),
    ("POST", r"orders/\w+/documents"): (set(), set()),
    ("GET", r"words/\w+"): (set(), set()),
    ("PUT", "hooks"): (set(), {"url", "secret", "topic"}),
    ("DELETE", r"hooks/\w+"): (set(), set()),
    ("POST", "sms"): (set(), {"key", "to", "text"}),
    ("GET", "sms"): ({"ids"}, set()),
    ("GET", "messages"): ({"after", "limit", "key"}, set()),
    ("POST", "messages"): (set(), {"key", "order", "text"}),
    ("PUT", r"threads/\w+"): (set(), {"read"}),
    ("POST", "payments"): (set(), {"key", "amount", "currency"}),
    ("GET", r"payments/\w+"): (set(), set()),
    ("POST", r"payments/\w+/refunds"): (set(), {"key", "amount"}),
    ("POST", "books"): (set(), {"number", "kind", "method", "lines", "total"}),
    ("GET", "books"): ({"number"}, set()),
    ("PUT", r"books/\w+/paid"): (set(), {"paid"}),
    ("GET", r"(payments|orders)/\w+/refunds"): (set(), set()),
    ("POST", r"orders/\w+/refunds"): (set(), {"key", "amount", "shipping", "lines"}),
    ("POST", r"orders/\w+/claims"): (set(), {"key", "line", "count"}),
    ("GET", r"orders/\w+/claims"): (set(), set()),
    ("DELETE", r"claims/[\w-]+"): (set(), set()),
    ("POST", "token"): (set(), {"grant"}),
    ("POST", "device"): (set(), set()),
    ("POST", "register"): (set(), {"name", "back"}),
}


def violations(request: Request) -> Sequence[str]:
    """What is wrong with a request."""
    path = request.path.removeprefix("/api/")
    for (method, pattern), (query, body) in REQUESTS.items():
        if method == request.method and re.fullmatch(pattern, path):
            return [*(f"{name} is not a parameter" for name in sorted(set(request.query) - query)),
                    *(f"{name} is missing" for name in sorted(body - set(_json(request))))]
    return [f"there is no {request.method} {path}"]


def _json(request: Request) -> dict[str, Any]:
    is_json = request.headers.get("content-type") == "application/json"
    found = request.json() if is_json else {}
    return found if isinstance(found, dict) else {}
