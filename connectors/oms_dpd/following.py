"""Where parcels are: DPD InfoServices, a SOAP service beside DPDServices with the same login.

One question a parcel (``getEventsForWaybillV1``). What a ``businessCode`` means is told by how it
begins; a code that is new to us by its Polish words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Http,
    Journey,
    NotFound,
    Travel,
    TravelEvent,
)
from oms_connector.scans import meaning
from oms_connector.soap import Fault, Found, Service

from oms_dpd import words

PLACES: Mapping[str, str] = {
    "https://dpdservices.dpd.com.pl": "https://dpdinfoservices.dpd.com.pl",
    "https://dpdservicesdemo.dpd.com.pl": "https://dpdinfoservicesdemo.dpd.com.pl",
}
"""The address of DPDServices -> that of InfoServices."""
PATH = "/DPDInfoServicesObjEventsService/DPDInfoServicesObjEvents"
NAMESPACE = "http://events.dpdinfoservices.dpd.com.pl/"
CHANNEL = "OMS"
ZONE = ZoneInfo("Europe/Warsaw")
STATES: Mapping[str, Travel] = {
    "0401": "accepted", "6001": "accepted", "7004": "accepted",
    "1201": "moving", "1503": "moving", "1601": "moving", "1605": "moving", "2301": "moving",
    "230402": "moving", "3202": "moving", "3301": "moving", "5023": "moving", "5118": "moving",
    "1701": "out", "1705": "out", "5112": "waiting", "5119": "waiting", "7032": "waiting",
    "1901": "delivered", "1902": "delivered", "5013": "delivered", "7019": "delivered",
    "2002": "exception", "2003": "exception", "2004": "exception", "2005": "exception",
    "2007": "exception", "2008": "exception", "2101": "exception", "2303": "exception",
    "5000": "exception", "5004": "exception", "5008": "exception", "5120": "exception",
    "6004": "exception", "6005": "exception", "6007": "exception", "7020": "exception",
    "230403": "returning", "5006": "returning",
}
"""How a code begins -> how far the parcel is; the longest beginning counts."""


def journey(http: Http, place: str, secrets: Mapping[str, str], waybill: str) -> Journey | None:
    """A parcel's way; None where DPD tells nothing of it.

    Raises:
        AccessRefused: the login may not ask InfoServices.
        ChannelDown: DPD fails, or what it answers cannot be used.
    """
    service = Service(f"{PLACES[place]}{PATH}", NAMESPACE, "", refusal)
    try:
        told = service.ask(http, "getEventsForWaybillV1", {
            "waybill": waybill, "eventsSelectType": "ALL", "language": "PL", "authDataV1": {
                "channel": CHANNEL, "login": secrets.get("login", "").strip(),
                "password": secrets.get("password", "")}}, signed=False)
    except NotFound:
        return None
    events = sorted(filter(None, map(_event, told.within("eventsList"))), key=lambda one: one.at)
    return Journey(waybill, events) if events else None


def _event(row: Found) -> TravelEvent | None:
    code, said = row.text("businessCode"), row.text("description")
    try:
        at = datetime.fromisoformat(row.text("eventTime"))
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZONE)
    return TravelEvent(at.astimezone(UTC), state(code, said), code or said, said,
                       row.text("depotName"))


def state(code: str, said: str) -> Travel:
    """How far a parcel is by a code, else by the words beside it."""
    known = next((STATES[code[:length]] for length in (6, 4) if code[:length] in STATES), None)
    return known or meaning(said)


def refusal(fault: Fault, failing: type[ChannelError]) -> ChannelError:
    """What a fault is: a login that is not let in, no number of DPD's, or a service that fails."""
    if "waybill" in fault.text.lower():
        return NotFound(words.NOT_THERE, fault.code)
    if "denied" in fault.text.lower() or "login" in fault.text.lower():
        return AccessRefused(words.NO_FOLLOWING, "follows")
    return ChannelDown(words.STATUS % {"status": fault.code or "Fault"})
