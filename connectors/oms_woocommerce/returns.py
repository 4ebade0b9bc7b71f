"""Refunds of orders that had been sent, as returns.

WooCommerce knows no returns: a buyer writes, the seller refunds. Such a refund says which units the
money was for; whether they come back is seen here. Refunds before sending call units off instead
and are told with the order (``sums``). Refunds without units are money only, and no returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from oms_connector import NotSupported, Page, Return, ReturnLine, Unreadable
from oms_connector.reading import Puzzling, text, value, whole

from oms_woocommerce import parties, sums, words
from oms_woocommerce.calls import MOST, Api
from oms_woocommerce.pulling import DIGITS, Stream, listed, parsed, stamp, stamp_of
from oms_woocommerce.reading import as_text, child, children, metas, moment, ref, shown, unreadable
from oms_woocommerce.refunds import name_of

HISTORY = timedelta(days=60)
OVERLAP = timedelta(minutes=10)
REFUNDS = Stream("/refunds", "date_created_gmt", "", "date", {"dp": DIGITS})


def pull(api: Api, now: datetime, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
    """New refunds of units that had been sent. What they were is read from their orders.

    Raises:
        NotSupported: the shop is older than WooCommerce 9.0, which lists refunds of all orders.
    """
    place = dict(cursor or {"at": stamp(now - HISTORY)})
    if "from" not in place:
        place["from"] = stamp(parsed(place["at"]) - OVERLAP)
    try:
        rows, following = listed(api, REFUNDS, place, None, None, limit)
    except NotSupported as missing:
        raise NotSupported(words.OLD, missing.code) from missing
    newest = max([place["at"], *filter(None, (stamp_of(row, REFUNDS) for row in rows))])
    items = [item for item in _with_orders(api, rows) if item is not None]
    return Page(items, {"at": newest, **following}, bool(following))


def read(refund: Any, row: Any) -> Return | Unreadable | None:
    """A return; None where the refund is none."""
    try:
        if not sums.is_return(row, refund) or not sums.units_of(refund):
            return None
        return Return(
            external_id=ref(refund),
            order_ref=ref(row),
            number=shown(row, "number"),
            created_at=moment(refund, "date_created_gmt"),
            revision=stamp(moment(refund, "date_created_gmt")) + "Z",
            currency=text(row, "currency"),
            lines=[_line(entry) for entry in children(refund, "line_items")
                   if whole(entry, "quantity")],
            state="closed",
            buyer_name=parties.full_name(child(row, "billing")),
            reason=shown(refund, "reason"),
            refunded=sums.refunded(refund),
            refund_ref=name_of(ref(row), ref(refund)),
            raw=as_text(refund),
        )
    except Puzzling as puzzle:
        return unreadable(refund, puzzle)


def _line(entry: Any) -> ReturnLine:
    return ReturnLine(
        line_ref=str(metas(entry).get("_refunded_item_id") or ""),
        offer_ref=sums.offer_ref(entry), sku=shown(entry, "sku"), title=shown(entry, "name"),
        quantity=abs(whole(entry, "quantity")),
    )


def _with_orders(api: Api, refunds: Sequence[Any]) -> list[Return | Unreadable | None]:
    """What refunds are, by their orders. An order that has gone cannot be asked."""
    parents = {number for refund in refunds if isinstance(number := value(refund, "parent_id"), int)
               and children(refund, "line_items")}
    if not parents:
        return []
    rows = api.rows("/orders", {"include": ",".join(map(str, sorted(parents))), "status": "any",
                                "per_page": MOST, "dp": DIGITS})
    orders = {value(row, "id"): row for row in rows}
    return [read(refund, orders[number]) for refund in refunds
            if (number := value(refund, "parent_id")) in orders]
