"""Labels in words: their states, how parcels travel, what rules look at."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from oms_web.domain.shipping import bookings, choosing, journeys
from oms_web.domain.shipping.label_models import LabelBooking

STATES: dict[str, Any] = {
    bookings.INTENDED: _l("to be bought"), bookings.SENT: _l("being bought"),
    bookings.PENDING: _l("the carrier works on it"), bookings.CONFIRMED: _l("bought"),
    bookings.REFUSED: _l("refused"), bookings.UNKNOWN: _l("nobody knows yet"),
    bookings.CANCELLED: _l("taken back"),
}
TONES = {bookings.CONFIRMED: "ok", bookings.REFUSED: "bad", bookings.UNKNOWN: "bad",
         bookings.INTENDED: "warn", bookings.SENT: "warn", bookings.PENDING: "warn"}
UNUSED = _l("not used, not confirmed by the carrier")
TRAVEL: dict[str, Any] = {
    journeys.ANNOUNCED: _l("announced"), journeys.ACCEPTED: _l("the carrier has it"),
    journeys.MOVING: _l("on the way"), journeys.OUT: _l("out for delivery"),
    journeys.WAITING: _l("waits to be collected"), journeys.DELIVERED: _l("delivered"),
    journeys.EXCEPTION: _l("something is wrong"), journeys.RETURNING: _l("coming back"),
}
KINDS: dict[str, Any] = {
    choosing.CARRIER: _l("Carrier"), choosing.CHEAPEST: _l("The cheapest"),
    choosing.OWN: _l("Own courier"),
    choosing.PICKUP: _l("Personal pickup"),
}
STRAYS: dict[str, Any] = {
    choosing.DOOR: _l("This service goes to the door, and the buyer chose a pick-up point."),
    choosing.OTHER_POINT: _l("This is another pick-up point than the buyer's."),
}
CONDITIONS: dict[str, Any] = {
    choosing.CHANNEL: _l("channel"), choosing.METHOD: _l("delivery method"),
    choosing.COUNTRY: _l("country"), choosing.WEIGHT: _l("weight"),
    choosing.VALUE: _l("value of the goods"), choosing.COD: _l("cash on delivery"),
}


_FIELDS: dict[str, Any] = {
    "name": _l("Name"), "company": _l("Company"), "street": _l("Street"),
    "postcode": _l("Postcode"), "city": _l("Town"), "country": _l("Country"),
    "phone": _l("Phone"), "email": _l("E-mail"), "weight_g": _l("Weight"), "size": _l("Size"),
    "length_mm": _l("Length"), "width_mm": _l("Width"), "height_mm": _l("Height"),
    "packages": _l("Parcels"), "point": _l("Pick-up point"), "cod": _l("Cash on delivery"),
    "insured": _l("Insured for"), "service": _l("Service"), "currency": _l("Currency"),
    "contents": _l("Contents"), "note": _l("Note"), "is_return": _l("Label for a return"),
    "ship_on": _l("Day"), "key": _l("Number"),
}


def state(booking: LabelBooking) -> str:
    """What became of a label, in a few words."""
    return str(UNUSED if bookings.is_unused(booking) else STATES[booking.state])


def tone(booking: LabelBooking) -> str:
    """How its state is coloured."""
    return "warn" if bookings.is_unused(booking) else TONES.get(booking.state, "")


def field(path: str) -> str:
    """The part of a booking that a carrier blames (``receiver.country``), in words."""
    side, _, name = path.partition(".")
    words = str(_FIELDS.get(path.rpartition(".")[2], path))
    if side == "sender" and name:
        return gettext("Sender: %(field)s", field=words)
    return gettext("Receiver: %(field)s", field=words) if side == "receiver" and name else words


def why(text: str) -> str:
    """What a carrier or its connector said, in the reader's language where we know the words."""
    return gettext(text) if text else ""


def reason(choice: choosing.Choice) -> str:
    """Why this service: the conditions of the rule that counts."""
    if choice.rule is None:
        return gettext("No rule fits this order.")
    if not choice.rule.conditions:
        return gettext("By the rule for everything else.")
    return gettext("By the rule for this %(conditions)s.", conditions=", ".join(
        str(CONDITIONS[name]) for name in choice.rule.conditions))
