"""By what two orders are known to be of one buyer: one rule for every way an order comes in. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_web.core.text import fold, phone_key, squeeze

# Channels hide the buyer's own address behind one of theirs, which differs from order to order
# (Allegro, "Order management", `buyer.email`; Amazon, Orders API, `BuyerEmail`; eBay, "Member to
# member contact"). Such an address names no buyer.
_ALIASES = ("@allegromail.", "@marketplace.amazon.", "@members.ebay.")
_REF = "ref:"
LONGEST = 200


def is_alias(email: str) -> bool:
    """Whether a mail address is a channel's own, made for one order."""
    return any(part in email.lower() for part in _ALIASES)


def key_of(row: Mapping[str, Any], account_id: int | None = None, ref: str = "") -> str:
    """The key that orders of one buyer share; empty where nothing tells who it was.

    The first of: the buyer's own e-mail address; who the channel says it is, within its account;
    a phone; a name with a postcode; the channel's alias of an address.

    Args:
        row: ``buyer_email``, ``buyer_phone``, ``buyer_name`` and ``ship_to`` of an order.
        ref: the channel's own name of the buyer.
    """
    ship_to = row["ship_to"] or {}
    email, phone = row["buyer_email"].strip().lower(), phone_key(row["buyer_phone"])
    name, postcode = fold(" ".join(row["buyer_name"].split())), squeeze(
        str(ship_to.get("postcode") or ""))
    ways = (
        "" if is_alias(email) else email,
        f"{_REF}{account_id}:{ref}" if ref else "",
        phone if len(phone) > 5 and len(set(phone)) > 1 else "",
        f"{name}|{postcode}" if name and postcode else "",
        email,
    )
    return next((way for way in ways if way), "")[:LONGEST]


def key_again(present: str, row: Mapping[str, Any]) -> str:
    """The key of an order whose buyer was changed by hand; who the channel said it is stays known.
    """
    account, _, ref = present.removeprefix(_REF).partition(":")
    return key_of(row, int(account), ref) if present.startswith(_REF) else key_of(row)
