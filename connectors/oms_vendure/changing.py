"""Telling the shop how far an order is, and what of it will not be delivered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import Conflict, Refused
from oms_connector.reading import Puzzling, value, whole

from oms_vendure import documents, mapping, sums, words
from oms_vendure.calls import Api
from oms_vendure.parcels import get_order

CANCELLED = "Cancelled"


def push_status(api: Api, external_id: str, status: str, revision: str) -> None:
    """Move an order that is still at ``revision`` into a state.

    Vendure takes no revision: a change between our look and our word is not noticed.

    Raises:
        Conflict: somebody changed it meanwhile.
        NotFound: there is no such order.
        Refused: there is no such state, or no way to it from where the order is.
    """
    row = get_order(api, external_id)
    try:
        current = mapping.revision(row)
    except Puzzling as puzzle:
        raise Refused(str(puzzle), field=puzzle.field) from puzzle
    if revision and revision != current:
        raise Conflict(words.CHANGED, current)
    if value(row, "state") != status:
        api.write(documents.MOVE_ORDER, {"id": external_id, "state": status},
                  "transitionOrderToState")


def cancel_order(api: Api, external_id: str, lines: Mapping[str, int], reason: str) -> None:
    """Call off an order, or units of it: ``lines`` says how many of each are called off in all.

    No money is given back: that is the seller's to do in the shop.

    Raises:
        NotFound: there is no such order.
        Refused: it was sent already, or there is no such line.
    """
    row = get_order(api, external_id)
    if value(row, "state") == CANCELLED:
        return
    try:
        entries, sent = sums.counts_by_line(row), sums.sent_units(row)
        missing = _missing(entries, lines)
        left = {line: whole(entry, "quantity") - missing.get(line, 0)
                for line, entry in entries.items()}
    except Puzzling as puzzle:
        raise Refused(str(puzzle), field=puzzle.field) from puzzle
    is_whole = not lines or not any(left.values())
    if any(sent.values()) if is_whole else any(left[line] < count for line, count in sent.items()
                                               if line in left):
        raise Refused(words.SENT_ALREADY)
    if is_whole:
        _call_off(api, external_id, {}, reason)
    elif missing:
        _call_off(api, external_id, missing, reason)


def _missing(entries: Mapping[str, Any], lines: Mapping[str, int]) -> dict[str, int]:
    """Line -> units that are still to be called off."""
    found: dict[str, int] = {}
    for line, count in lines.items():
        if line not in entries:
            raise Refused(words.NO_LINE % {"ref": line}, field="lines")
        gone = sums.ordered(entries[line]) - whole(entries[line], "quantity")
        if count > gone:
            found[line] = min(count - gone, whole(entries[line], "quantity"))
    return {line: count for line, count in found.items() if count}


def _call_off(api: Api, external_id: str, units: Mapping[str, int], reason: str) -> None:
    told: dict[str, Any] = {"orderId": external_id, "reason": reason, "cancelShipping": not units}
    if units:
        told["lines"] = [{"orderLineId": line, "quantity": count} for line, count in units.items()]
    api.write(documents.CALL_OFF, {"input": told}, "cancelOrder")
