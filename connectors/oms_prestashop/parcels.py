"""Telling the shop how far an order is: tracking numbers, a status, that it is called off.

Nothing in the webservice takes a key, so what is there is looked at first: the same number or the
same status is not written twice. A status is an entry in the order's history; PrestaShop then
mails the buyer, makes documents and moves stock as that status says.
"""

from __future__ import annotations

from collections.abc import Mapping
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

from oms_prestashop import shop, states, words
from oms_prestashop.calls import Api, NotSaved
from oms_prestashop.reading import Puzzling, ref, ref_or_empty, shown, text, whole
from oms_prestashop.states import LEFT, States

ORDER = "[id,current_state,id_carrier,date_upd]"
CARRIER = ("[id,id_order,id_carrier,id_order_invoice,weight,shipping_cost_tax_excl,"
           "shipping_cost_tax_incl,tracking_number,date_add]")


def push_shipment(api: Api, own: states.Own, shipment: Shipment, *, mails: bool) -> str:
    """Tell of the parcels that the order does not have yet, then that it was sent.

    Raises:
        NotFound: there is no such order.
        OutcomeUnknown: perhaps only a part of it was told.
        Refused: the order was called off.
    """
    row, known = _look(api, own, shipment.external_id)
    number = ref_or_empty(row, "current_state")
    if _state(known, number) == "cancelled":
        raise Refused(words.NOT_TO_SEND)
    wanted = states.sent_number(list(known.rows.values()), own, known.shop.status("SHIPPING"))
    if wanted is None:
        raise Refused(words.NO_SENT % {"status": own.sent}, field="sent_status")
    told: list[str] = []
    try:
        for parcel in shipment.parcels:
            if parcel.tracking:
                told.append(_tell(api, row, parcel))
        if shipment.complete and not (number == wanted or _state(known, number) in LEFT):
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
    row, known = _look(api, own, external_id)
    current = known.shop.clock.revision(text(row, "date_upd"))
    if revision and revision != current:
        raise Conflict(words.CHANGED, current)
    if status not in {word.ref for word in states.in_words(list(known.rows.values()))}:
        raise Refused(words.NO_STATUS % {"status": status}, field="status")  # it would fall over it
    if ref_or_empty(row, "current_state") != status:
        _set(api, external_id, status, mails)


def cancel_order(api: Api, own: states.Own, external_id: str, lines: Mapping[str, int], *,
                 mails: bool) -> None:
    """Call off a whole order. PrestaShop puts its units back into stock.

    Raises:
        NotFound: there is no such order.
        NotSupported: only some of its units are to be called off.
        Refused: it was sent already.
    """
    row, known = _look(api, own, external_id)
    state = _state(known, ref_or_empty(row, "current_state"))
    if state == "cancelled":
        return
    if state in LEFT:
        raise Refused(words.SENT_ALREADY)
    if lines:
        details = api.of("order_details", "[id,product_quantity]", "id_order", [external_id])
        try:
            if any(lines.get(ref(one), 0) < whole(one, "product_quantity") for one in details):
                raise NotSupported(words.WHOLE_ONLY)
        except Puzzling as puzzle:
            raise Refused(str(puzzle), field=puzzle.field) from puzzle
    _set(api, external_id, known.shop.status("CANCELED"), mails)


def _look(api: Api, own: states.Own, external_id: str) -> tuple[Any, States]:
    """An order as it is now, and the shop's statuses.

    Raises:
        NotFound: there is none.
    """
    rows = api.of("orders", ORDER, "id", [external_id]) \
        if external_id.isascii() and external_id.isdigit() else []
    if not rows:
        raise NotFound(words.NO_ORDER)
    about = shop.load(api)
    return rows[0], states.states(states.rows(api), own, about)


def _state(known: States, number: str) -> str:
    """What a status means; empty where nobody has said so."""
    try:
        return known.of(number)
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


def _tell(api: Api, order: Any, parcel: ParcelInfo) -> str:
    """A tracking number, unless it is there; the number of the order's carrier that has it.

    PrestaShop has one number for each of an order's carriers; further parcels get an entry of their
    own beside the first.
    """
    rows = api.of("order_carriers", CARRIER, "id_order", [ref(order)])
    for row in rows:
        if shown(row, "tracking_number") == parcel.tracking:
            return ref(row)
    free = next((row for row in rows if not shown(row, "tracking_number")), None)
    if free is not None:
        answer = api.send("PUT", "order_carriers", "order_carrier",
                          [{**free, "tracking_number": parcel.tracking}])
    else:
        answer = api.send("POST", "order_carriers", "order_carrier", [{
            "id_order": ref(order), "id_carrier": ref_or_empty(order, "id_carrier") or 0,
            "shipping_cost_tax_excl": 0, "shipping_cost_tax_incl": 0,
            "tracking_number": parcel.tracking}])
    return ref(answer[0])
