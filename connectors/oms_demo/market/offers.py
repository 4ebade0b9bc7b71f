"""Offers and their stock. A sale lowers it at once; only the seller raises it again.

Each function works within the caller's transaction ``db`` at the moment ``at``.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from oms_demo import catalog
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import stamp

KEYS_KEPT = timedelta(hours=24)
EUR = 430
"""Grosze per euro: what the marketplace reckons with when it shows prices abroad."""
_FIRST_REF = 7_400_100_001
_PRICE = re.compile(r"[0-9]{1,7}\.[0-9]{2}")


def stock_up(db: sqlite3.Connection, at: datetime,
             range_: Sequence[catalog.Stray] | None = None) -> None:
    """Fill an empty marketplace: with the catalogue's offers and those it does not know, or with
    another ``range_``.
    """
    if db.execute("SELECT 1 FROM offer").fetchone():
        return
    rows: list[tuple[catalog.Item | catalog.Stray, int]]
    if range_ is not None:
        rows = [(stray, stray.stock) for stray in range_]
    else:
        stock = {item.sku: item.stock for item in catalog.items() if not item.parts}
        rows = [(item, catalog.available(item, stock) if item.parts else item.stock)
                for item in catalog.items()]
        rows += [(stray, stray.stock) for stray in catalog.strays()]
    for number, (item, shown) in enumerate(rows, _FIRST_REF):
        price = int(item.price * 100)
        db.execute(
            "INSERT INTO offer (ref, sku, ean, title, motif, tone, vat_rate, price, price_eur,"
            " stock, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (str(number), item.sku, item.ean, item.title, item.motif, item.tone, item.vat_rate,
             price, in_euro(price), shown, stamp(at)),
        )
        _note(db, at, str(number), 0, shown, "start")


def set_stock(db: sqlite3.Connection, at: datetime, ref: str, quantity: object, *,
              cause: str = "push", key: str = "") -> str:
    """Set how many units buyers see. The same key again has no second effect.

    Returns:
        ``applied``, or ``unchanged`` when it was so already or the key was used before.

    Raises:
        Refusal: no such offer, not a quantity, or the key came with another quantity before.
    """
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 0:
        raise Refusal("bad_quantity", "The quantity must be a whole number, zero or more.", 422)
    offer = db.execute("SELECT stock FROM offer WHERE ref = ?", (ref,)).fetchone()
    if offer is None:
        raise Refusal("unknown_offer", f"There is no offer {ref}.", 404)
    if key and _used_before(db, at, key, ref, quantity):
        return "unchanged"
    if offer["stock"] == quantity:
        return "unchanged"
    db.execute("UPDATE offer SET stock = ?, updated_at = ? WHERE ref = ?",
               (quantity, stamp(at), ref))
    _note(db, at, ref, offer["stock"], quantity, cause)
    return "applied"


def set_price(db: sqlite3.Connection, at: datetime, ref: str, amount: object, currency: object
              ) -> str:
    """Set what buyers in Poland pay, in grosze as a text with two decimals; euro follow.

    Returns:
        ``applied``, or ``unchanged``.

    Raises:
        Refusal: no such offer, not a price, or a currency in which nothing is sold here.
    """
    if currency != "PLN":
        raise Refusal("bad_currency", "Prices are set in PLN.", 422)
    if not isinstance(amount, str) or not _PRICE.fullmatch(amount) or not amount.strip("0."):
        raise Refusal("bad_price", 'A price is a text such as "39.90", above zero.', 422)
    whole, _, cents = amount.partition(".")
    price = int(whole) * 100 + int(cents)
    offer = db.execute("SELECT price FROM offer WHERE ref = ?", (ref,)).fetchone()
    if offer is None:
        raise Refusal("unknown_offer", f"There is no offer {ref}.", 404)
    if offer["price"] == price:
        return "unchanged"
    db.execute("UPDATE offer SET price = ?, price_eur = ?, updated_at = ? WHERE ref = ?",
               (price, in_euro(price), stamp(at), ref))
    return "applied"


def take(db: sqlite3.Connection, at: datetime, ref: str, quantity: int, order: str
         ) -> Mapping[str, Any]:
    """Sell units of an offer, all or none; the offer as it was.

    Raises:
        Refusal: no such offer, less than one, or more than it shows.
    """
    offer = db.execute("SELECT * FROM offer WHERE ref = ?", (ref,)).fetchone()
    if offer is None:
        raise Refusal("unknown_offer", f"There is no offer {ref}.", 404, field="offer")
    if quantity < 1:
        raise Refusal("bad_quantity", "Buy at least one.", 422, field="quantity")
    left = offer["stock"] - quantity
    if left < 0:
        raise Refusal("sold_out", f"Only {offer['stock']} left.", 409, field="quantity",
                      stock=offer["stock"])
    db.execute("UPDATE offer SET stock = ?, updated_at = ? WHERE ref = ?", (left, stamp(at), ref))
    _note(db, at, ref, offer["stock"], left, "sale", order)
    return dict(offer)


def in_euro(grosze: int) -> int:
    """A price for buyers abroad in cents: the next one that ends in 90."""
    return -(-(grosze * 100 // EUR + 10) // 100) * 100 - 10


def _used_before(db: sqlite3.Connection, at: datetime, key: str, ref: str, quantity: int) -> bool:
    db.execute("DELETE FROM stock_key WHERE at < ?", (stamp(at - KEYS_KEPT),))
    row = db.execute("SELECT * FROM stock_key WHERE key = ?", (key,)).fetchone()
    if row is None:
        db.execute("INSERT INTO stock_key VALUES (?,?,?,?)", (key, ref, quantity, stamp(at)))
        return False
    if (row["offer_ref"], row["quantity"]) != (ref, quantity):
        raise Refusal("key_reused", "This key was used for something else.", 409)
    return True


def _note(db: sqlite3.Connection, at: datetime, ref: str, before: int, after: int, cause: str,
          detail: str = "") -> None:
    db.execute(
        "INSERT INTO stock_change (at, offer_ref, before, after, cause, detail)"
        " VALUES (?,?,?,?,?,?)", (stamp(at), ref, before, after, cause, detail),
    )
