"""The buyer as a document names them, and what is wrong with that. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from oms_web.core import text
from oms_web.core.errors import Invalid, OmsError
from oms_web.domain.documents import snapshot
from oms_web.domain.orders.checks import tax_id_valid

FIELDS = (*snapshot.ADDRESS_FIELDS, "tax_id")
LONGEST = 240
"""Of each field: two of them fit into a line of an address in KSeF (TZnakowy512)."""


class Ordered(Protocol):
    """What an order, or a row of it, says of its buyer."""

    bill_to: Any
    ship_to: Any
    buyer_name: Any
    buyer_company: Any
    tax_id: Any


def of_order(order: Ordered) -> dict[str, str]:
    """Who buys, as the order says: where the bill goes, else where the goods go."""
    base = dict(order.bill_to or order.ship_to or {})
    base["name"] = base.get("name") or order.buyer_name
    base["company"] = base.get("company") or order.buyer_company
    base["tax_id"] = order.tax_id
    return tidy(base)


def tidy(buyer: Mapping[str, Any]) -> dict[str, str]:
    """Every field that a document has, each in one line; what is not said is empty text."""
    return {name: text.tidy(str(buyer.get(name) or "")) for name in FIELDS}


def problems_of(buyer: Mapping[str, str]) -> dict[str, OmsError]:
    """What keeps a document from naming this buyer, by field (ustawa o VAT, art. 106e ust. 1
    pkt 3 and 5). ``buyer`` is tidy."""
    problems: dict[str, OmsError] = {}
    if not snapshot.party_name(buyer):
        problems["name"] = Invalid("Who is the buyer?", "name")
    for part in ("street", "city"):
        if not buyer[part]:
            problems[part] = Invalid("An invoice names the buyer's address.", part)
    if buyer["tax_id"] and not tax_id_valid(buyer["tax_id"], buyer["country"]):
        problems["tax_id"] = Invalid("The tax number %(tax_id)s is not valid", "tax_id",
                                     tax_id=buyer["tax_id"])
    problems |= {name: Invalid("At most %(limit)s characters.", name, limit=LONGEST)
                 for name in FIELDS if len(buyer[name]) > LONGEST}
    return problems
