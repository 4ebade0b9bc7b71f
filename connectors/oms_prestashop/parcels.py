"""Telling the shop how far an order is: tracking numbers, a status, that it is called off.

Nothing in the webservice takes a key, so what is there is looked at first: the same number or the
same status is not written twice. A status is an entry in the order's history; PrestaShop then
mails the buyer, makes documents and moves stock as that status says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms_connector import (
    ChannelDown,
    Conflict,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ParcelInfo,
    RateLimited,
    Refused,
    Shipment,
)
from oms_connector.reading import Puzzling

from oms_prestashop import shop, states, words
from oms_prestashop.calls import FULL, Api, NotSaved
from oms_prestashop.reading import ref, ref_or_empty, shown, whole
from oms_prestashop.states import LEFT, States

ORDER = "[id,current_state,id_carrier,date_upd]"


def push_shipment(api: Api, own: states.Own, shipment: Shipment, *, mails: bool) -> str:
    """Tell of the parcels that the order does not have yet, then that it was sent.

    Raises:
        NotFound: there is no such order.
        OutcomeUnknown: perhaps only a part of it was told.
        Refused: the order was called off.
    """
    seen = _look(api, own, shipment.external_id)
    if seen.state == "cancelled":
        raise Refused(words.NOT_TO_SEND)
    wanted = states.sent_number(seen.statuses, own, seen.shop.status("SHIPPING"))
    if wanted is None:
        raise Refused(words.NO_SENT % {"status": own.sent}, field="sent_status")
    told: list[str] = []
    try:
        for parcel in shipment.parcels:
            if parcel.tracking:
                told.append(_tell(api, seen, parcel))
        if shipment.complete and seen.status != wanted and seen.state not in LEFT:
            _set(api, shipment.external_id, wanted, mails)
    except ChannelDown as error:
        if not told:
            raise
        raise OutcomeUnknown(str(error)) from error
    return ",".join(told)


def push_status(api: Api, own: states.Own, external_id: str, status: str, revision: str, *,
                mails: bool) -> None:
    """Set the status of an order that is still at ``revision``.

    PrestaShop takes no revision: a change between our look and our word is not noticed.

    Raises:
        Conflict: somebody changed it meanwhile.
        NotFound: there is no such order.
        Refused: there is no such status.
    """
    seen = _look(api, own, external_id)
    if revision and revision != seen.revision:
        raise Conflict(words.CHANGED, seen.revision)
    if status not in {word.ref for word in states.in_words(seen.statuses)}:
        raise Refused(words.NO_STATUS % {"status": status}, field="status")  # it would fall over it
    if seen.status != status:
        _set(api, external_id, status, mails)


def cancel_order(api: Api, own: states.Own, external_id: str, lines: Mapping[str, int], *,
                 mails: bool) -> None:
    """Call off a whole order. PrestaShop puts its units back into stock.

    Raises:
        NotFound: there is no such order.
        NotSupported: only some of its units are to be called off.
        Refused: it was sent already.
    """
    seen = _look(api, own, external_id)
    if seen.state == "cancelled":
        return
    if seen.state in LEFT:
        raise Refused(words.SENT_ALREADY)
    if lines:
        details = api.of("order_details", "[id,product_quantity]", "id_order", [external_id])
        try:
            if any(lines.get(ref(one), 0) < whole(one, "product_quantity") for one in details):
                raise NotSupported(words.WHOLE_ONLY)
        except Puzzling as puzzle:
            raise Refused(str(puzzle), field=puzzle.field) from puzzle
    _set(api, external_id, seen.shop.status("CANCELED"), mails)


@dataclass(frozen=True, slots=True)
class Seen:
    """An order as it is now. ``state`` is empty where nobody has said what its status means."""

    number: str
    carrier: str
    status: str
    state: str
    revision: str
    statuses: Sequence[Any]
    shop: shop.Shop


def _look(api: Api, own: states.Own, external_id: str) -> Seen:
    """An order as it is now.

    Raises:
        ChannelDown: it cannot be read.
        NotFound: there is none.
    """
    rows = api.of("orders", ORDER, "id", [external_id]) \
        if external_id.isascii() and external_id.isdigit() else []
    if not rows:
        raise NotFound(words.NO_ORDER)
    about, found = shop.load(api), states.rows(api)
    try:
        status = ref(rows[0], "current_state")
        return Seen(ref(rows[0]), ref_or_empty(rows[0], "id_carrier") or "0", status,
                    _state(states.states(found, own, about), status),
                    about.clock.revision_of(rows[0]), found, about)
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle


def _state(known: States, status: str) -> str:
    try:
        return known.of(status)
    except Puzzling:
        return ""


def _set(api: Api, external_id: str, status: str, mails: bool) -> None:
    """Another entry in an order's history.

    If the mail that hangs on it fails PrestaShop says that it could not save, when it has.
    """
    asked = {"sendemail": 1} if mails else {}
    try:
        api.send("POST", "order_histories", "order_history",
                 [{"id_order": external_id, "id_order_state": status}], asked)
    except NotSaved as error:
        try:
            rows = api.of("orders", "[id,current_state]", "id", [external_id])
        except (ChannelDown, RateLimited) as failed:
            raise error from failed
        if not rows or ref_or_empty(rows[0], "current_state") != status:
            raise


def _tell(api: Api, order: Seen, parcel: ParcelInfo) -> str:
    """A tracking number, unless it is there; the number of the order's carrier that has it.

    PrestaShop has one number for each of an order's carriers; further parcels get an entry of their
    own beside the first.
    """
    rows = api.of("order_carriers", FULL, "id_order", [order.number])
    for row in rows:
        if shown(row, "tracking_number") == parcel.tracking:
            return ref(row)
    free = next((row for row in rows if not shown(row, "tracking_number")), None)
    if free is not None:
        answer = api.send("PUT", "order_carriers", "order_carrier",
                          [{**free, "tracking_number": parcel.tracking}])
    else:
        answer = api.send("POST", "order_carriers", "order_carrier", [{
            "id_order": order.number, "id_carrier": order.carrier,
            "shipping_cost_tax_excl": 0, "shipping_cost_tax_incl": 0,
            "tracking_number": parcel.tracking}])
    return ref(answer[0])
