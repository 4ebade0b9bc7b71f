"""Units that were called off after they had been sent, as returns.

Vendure knows no returns: a buyer writes, and the seller cancels the units in the dashboard, which
puts them back into stock, and refunds them. Refunds alone are money only, and no returns. Units
called off before sending are told with the order (``sums``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from oms_connector import Page, Return, ReturnLine, Unreadable
from oms_connector.reading import Puzzling, as_text, child, shown, text, unreadable, value, whole

from oms_vendure import mapping, parties, sums
from oms_vendure.calls import Api
from oms_vendure.pulling import BROKEN, window
from oms_vendure.reading import children, moment, ref, ref_or_empty, stamp
from oms_vendure.terms import Terms


def pull(api: Api, terms: Terms, now: datetime, cursor: Mapping[str, Any] | None, limit: int
         ) -> Page[Return]:
    """New returns: orders of which something was called off, and what of that had been sent."""
    rows, _, following, more = window(api, terms, now, cursor, limit, ("changed",))
    items = [item for row in rows if not value(row, BROKEN) for item in read(row)]
    return Page(items, following, more)


def read(row: Any) -> list[Return | Unreadable]:
    """The returns of an order, the oldest first."""
    try:
        return list(_returns(row))
    except Puzzling as puzzle:
        return [unreadable(row, puzzle)]


def _returns(row: Any) -> Iterator[Return]:
    entries = sums.counts_by_line(row)
    calls = mapping.events(row, mapping.CALLED_OFF)
    left = {line: whole(entry, "quantity") for line, entry in entries.items()}
    after: list[dict[str, int]] = []
    for call in reversed(calls):  # what was left after each, counted back from what is left now
        after.append(dict(left))
        for line, count in _units(call).items():
            left[line] = left.get(line, 0) + count
    sent, known = sums.sent_units(row), dict[str, int]()
    for call, then in zip(calls, reversed(after), strict=True):
        # Before sending this is nothing: no more can be sent later than was left then.
        back = {line: sent.get(line, 0) - then.get(line, 0) - known.get(line, 0)
                for line in _units(call)}
        units = {line: count for line, count in back.items() if count > 0 and line in entries}
        for line, count in units.items():
            known[line] = known.get(line, 0) + count
        if units:
            yield _return(row, call, units, entries)


def _return(row: Any, call: Any, units: Mapping[str, int], entries: Mapping[str, Any]) -> Return:
    at = moment(call, "createdAt")
    return Return(
        external_id=f"{ref(row)}/{ref(call)}",
        order_ref=ref(row),
        number=shown(row, "code"),
        created_at=at,
        revision=stamp(at),
        currency=text(row, "currencyCode"),
        lines=[_line(entries[line], count) for line, count in units.items()],
        state="closed",
        raw_status=mapping.CALLED_OFF,
        buyer_name=parties.full_name(child(row, "customer")),
        reason=shown(value(call, "data"), "reason"),
        raw=as_text(call),
    )


def _line(entry: Any, count: int) -> ReturnLine:
    variant = child(entry, "productVariant")
    return ReturnLine(
        line_ref=ref(entry), offer_ref=ref_or_empty(variant), sku=shown(variant, "sku"),
        title=shown(variant, "name"), quantity=count,
    )


def _units(call: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in children(value(call, "data"), "lines"):
        line = str(value(one, "orderLineId"))  # as it lies in the database: a number, mostly
        found[line] = found.get(line, 0) + whole(one, "quantity")
    return found

