"""What a key may be given: a resource in one direction, and the acts that belong to it.

A program gets scopes instead of a role. Every route of the API names its scope and the act it
is; the act must stand here, so that the same word guards a screen and a call.
"""

from __future__ import annotations

SCOPES: dict[str, frozenset[str]] = {
    "orders:read": frozenset({"orders.see"}),
    "orders:write": frozenset({
        "orders.create", "orders.edit", "orders.hold", "orders.cancel", "payments.record",
    }),
    "products:read": frozenset({"catalog.see"}),
    "products:write": frozenset({"catalog.edit"}),
    "stock:read": frozenset({"stock.see"}),
    "stock:write": frozenset({"stock.correct"}),
    "shipments:read": frozenset({"orders.see"}),
    "shipments:write": frozenset({"ship.do"}),
    "returns:read": frozenset({"returns.see"}),
    "returns:write": frozenset({"returns.handle"}),
    "documents:read": frozenset({"documents.see"}),
    "documents:write": frozenset({"documents.issue"}),
    "events:read": frozenset({"audit.see"}),
    "printing:read": frozenset({"printing.serve"}),
    "printing:write": frozenset({"printing.serve"}),
}
# Whoever holds this one sends orders in, so they need a channel to belong to.
SENDS_ORDERS = "orders:write"
