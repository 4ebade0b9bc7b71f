"""Where a consignment is: in the preparing box, or on a hand-over protocol (GLS: pickup).

In the box it has one id; on a protocol it gets another, and GLS tells which was which. Neither can
be asked for by reference, so the newest are looked through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from oms_connector import NotFound, NotSupported
from oms_connector.soap import Found

from oms_gls import words
from oms_gls.calls import Api

ZONE = ZoneInfo("Europe/Warsaw")
PAGE = 100
MOST_LOOKED_AT = 300
MOST_PROTOCOLS = 30
DAYS_BACK = 6


@dataclass(frozen=True, slots=True)
class Consignment:
    """``ref`` is its id in the box, ``sent_as`` the one on a protocol, empty while in the box."""

    ref: str
    content: Found
    sent_as: str = ""


def by_ref(api: Api, ref: str, today: date) -> Consignment | None:
    """A consignment by its id in the box; None: it was deleted, or is on an old protocol."""
    try:
        return Consignment(ref, api.ask("adePreparingBox_GetConsign", {"id": ref}))
    except NotFound:
        pass
    for protocol in _protocols(api, today):
        sent_as = _bound(api, protocol).get(ref)
        if sent_as:
            return Consignment(ref, api.ask("adePickup_GetConsign", {"id": sent_as}), sent_as)
    return None


def by_key(api: Api, key: str, today: date) -> Consignment | None:
    """A consignment by our key.

    Raises:
        NotSupported: there are more than can be looked through.
    """
    for seen, one in enumerate(_newest(api, today)):
        if seen >= MOST_LOOKED_AT:
            raise NotSupported(words.TOO_MANY % {"most": MOST_LOOKED_AT})
        if one.content.text("references") == key:
            return one
    return None


def protocol_called(api: Api, name: str) -> str:
    """The id of a protocol by its description; empty: none of the newest is called so."""
    return next((one for one in islice(_ids(api, "adePickup_GetIDs"), MOST_PROTOCOLS)
                 if api.ask("adePickup_Get", {"id": one}).text("desc") == name), "")


def _newest(api: Api, today: date) -> Iterator[Consignment]:
    for ref in _ids(api, "adePreparingBox_GetConsignIDs"):
        yield Consignment(ref, api.ask("adePreparingBox_GetConsign", {"id": ref}))
    for protocol in _protocols(api, today):
        for ref, sent_as in _bound(api, protocol).items():
            yield Consignment(ref, api.ask("adePickup_GetConsign", {"id": sent_as}), sent_as)


def _protocols(api: Api, today: date) -> Iterator[str]:
    """The newest first, as far back as anybody may still ask about their parcels.

    Raises:
        NotSupported: there are more than can be looked through.
    """
    first = today - timedelta(days=DAYS_BACK)
    found = _ids(api, "adePickup_GetIDs")
    for one in islice(found, MOST_PROTOCOLS):
        made = api.ask("adePickup_Get", {"id": one}).text("datetime")
        try:
            if datetime.fromisoformat(made).replace(tzinfo=ZONE).date() < first:
                return
        except ValueError:
            pass  # without a moment it is looked into rather than passed over
        yield one
    if next(found, None) is not None:
        raise NotSupported(words.TOO_MANY % {"most": MOST_PROTOCOLS})


def _bound(api: Api, protocol: str) -> dict[str, str]:
    """A protocol's consignments: id in the box -> id on the protocol."""
    rows = api.ask("adePickup_GetConsignBinds", {"id": protocol}).all("items")
    return {row.text("id_src"): row.text("id") for row in rows if row.text("id_src")}


def _ids(api: Api, operation: str) -> Iterator[str]:
    """Ids, greatest first; a page begins below the last of the one before."""
    start = "0"
    while True:
        page = [one.value for one in api.ask(operation, {"id_start": start}).all("items")]
        yield from page
        if len(page) < PAGE:
            return
        start = page[-1]
