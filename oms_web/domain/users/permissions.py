"""Who may do what: one row per act, naming the roles that may. The owner may do everything."""

from __future__ import annotations

OWNER, MANAGER, SALES, WAREHOUSE, PACKER, ACCOUNTANT, READER = (
    "owner", "manager", "sales", "warehouse", "packer", "accountant", "reader",
)
ROLES = (OWNER, MANAGER, SALES, WAREHOUSE, PACKER, ACCOUNTANT, READER)

_DESK = {MANAGER, SALES}
_FLOOR = {MANAGER, WAREHOUSE}
# A packer picks and packs: no lists of buyers, no prices, no exports (test_packer.py walks it all).
_BENCH = _FLOOR | {PACKER}
_SEEING = {MANAGER, SALES, ACCOUNTANT, READER}

ACTS: dict[str, frozenset[str]] = {
    act: frozenset({OWNER, *roles})
    for act, roles in {
        "home.see": {MANAGER, SALES, WAREHOUSE, ACCOUNTANT, READER},
        "own.settings": {MANAGER, SALES, WAREHOUSE, PACKER, ACCOUNTANT, READER},
        "orders.see": _SEEING,
        "orders.create": _DESK,
        "orders.edit": _DESK,
        "orders.hold": _DESK,
        "orders.cancel": _DESK,
        "orders.export": {MANAGER, SALES, ACCOUNTANT},
        "messages.see": _SEEING,
        "messages.send": _DESK,
        "messages.manage": {MANAGER},
        "views.share": {MANAGER},
        "payments.record": {MANAGER, SALES, ACCOUNTANT},
        "payments.ask": {MANAGER, SALES, ACCOUNTANT},
        "payments.statements": {MANAGER, ACCOUNTANT},
        "payments.profit": {MANAGER, ACCOUNTANT},
        "returns.see": _SEEING,
        "returns.handle": _DESK,
        "returns.bench": {MANAGER, SALES, WAREHOUSE},
        "refunds.pay": {MANAGER, ACCOUNTANT},
        "pos.sell": _DESK,
        "pos.manage": {MANAGER},
        "catalog.see": _SEEING | {WAREHOUSE},
        "catalog.pictures": _SEEING | {WAREHOUSE, PACKER},
        "catalog.edit": {MANAGER},
        "catalog.export": {MANAGER, ACCOUNTANT},
        "stock.see": _SEEING | {WAREHOUSE},
        "stock.receive": _FLOOR,
        "stock.correct": _FLOOR,
        "stock.transfer": _FLOOR,
        "stock.count": _FLOOR,
        "stock.export": {MANAGER, WAREHOUSE, ACCOUNTANT},
        "warehouses.edit": {MANAGER},
        "pick.do": _BENCH,
        "pack.do": _BENCH,
        "ship.do": {MANAGER, SALES, WAREHOUSE},
        "channels.see": {MANAGER, SALES},
        "channels.sync": {MANAGER, SALES},
        "channels.manage": {MANAGER},
        "listings.map": {MANAGER, SALES},
        "quarantine.handle": _DESK,
        "imports.see": {MANAGER, SALES},
        "imports.run": {MANAGER},
        "documents.see": {MANAGER, SALES, ACCOUNTANT, READER},
        "documents.issue": {MANAGER, SALES, ACCOUNTANT},
        "documents.print": {MANAGER, SALES, WAREHOUSE, ACCOUNTANT},
        "documents.export": {MANAGER, SALES, ACCOUNTANT},
        "documents.design": {MANAGER},
        "printing.serve": set(),
        "printers.see": _BENCH | {SALES, ACCOUNTANT},
        "printers.manage": {MANAGER},
        "audit.see": {MANAGER},
        "settings.edit": {MANAGER},
        "users.manage": set(),
        "rules.see": _DESK,
        "rules.manage": {MANAGER},
        "macros.run": {MANAGER, SALES, WAREHOUSE},
        "api.manage": set(),
        "company.reset": set(),
    }.items()
}


def may(role: str, act: str) -> bool:
    """Whether a role permits an act.

    Raises:
        KeyError: there is no such act; a typing error must not read as "no".
    """
    return role in ACTS[act]
