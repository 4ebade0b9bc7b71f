"""Where a parcel is at e-Nadawca: in a collection that is still made up, or in one that was sent.

A collection (*bufor*) that was sent is an *envelope*: from then on the post office expects its
parcels, and none can be taken out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from oms_connector import ChannelDown, NotFound, Refused
from oms_connector.soap import Found

from oms_poczta import words
from oms_poczta.calls import Api, complaint

DAYS_BACK = 13


@dataclass(frozen=True, slots=True)
class Parcel:
    """``number`` is the tracking number, once it has one; ``envelope`` empty until it was sent."""

    guid: str
    number: str
    envelope: str = ""


def find(api: Api, guid: str, today: date) -> Parcel | None:
    """A parcel by its own id, wherever it is."""
    for number in buffers(api) or [""]:
        for row in content(api, number):
            if row.attributes.get("guid") == guid:
                return Parcel(guid, row.attributes.get("numerNadania", ""))
    return next((one for one in _sent(api, today) if one.guid == guid), None)


def envelope_of(api: Api, guid: str, today: date) -> str:
    """The envelope that a parcel was sent in; empty: in none of the last days."""
    return next((one.envelope for one in _sent(api, today) if one.guid == guid), "")


def buffers(api: Api) -> Sequence[str]:
    """The collections that are made up, the one that parcels go to first."""
    rows = api.ask("getEnvelopeBuforList").all("bufor")
    found = sorted(rows, key=lambda row: row.attributes.get("active") != "true")
    return [row.attributes["idBufor"] for row in found if row.attributes.get("idBufor")]


def content(api: Api, buffer: str) -> Sequence[Found]:
    """The parcels of a collection."""
    answer = api.ask("getEnvelopeBufor", {"idBufor": buffer or None})
    _complain(answer)
    return answer.all("przesylka")


def put_together(api: Api, guids: Sequence[str], office: str, today: date) -> str:
    """A collection with these parcels and no others; what was begun before is gone on with.

    Raises:
        NotFound: one of them is in no collection.
        ChannelDown: it could not be put together.
    """
    name = "OMS " + hashlib.sha256(" ".join(sorted(guids)).encode()).hexdigest()[:16]
    rows = api.ask("getEnvelopeBuforList").all("bufor")
    made = next((row.attributes.get("idBufor", "") for row in rows
                 if row.attributes.get("opis") == name), "")
    if not made:
        answer = api.ask("createEnvelopeBufor", {"bufor": {
            "@dataNadania": today, "@urzadNadania": office, "@opis": name}})
        _complain(answer)
        made = answer.child("createdBufor").attributes.get("idBufor", "")
        if not made:
            raise ChannelDown(words.NO_BUFFER)
    missing = set(guids) - {row.attributes.get("guid", "") for row in content(api, made)}
    for row in rows:
        source = row.attributes.get("idBufor", "")
        if not missing or source in ("", made):
            continue
        there = sorted(missing & {one.attributes.get("guid", "") for one in content(api, source)})
        if there:
            answer = api.ask("moveShipments",
                             {"idBuforFrom": source, "idBuforTo": made, "guid": there})
            _complain(answer)
            if answer.all("notMovedGuid"):
                raise ChannelDown(words.NOT_MOVED)
            missing -= set(there)
    if missing:
        raise NotFound(words.NO_LABEL)
    return made


def send(api: Api, buffer: str, office: str) -> str:
    """Send a collection; its envelope."""
    answer = api.ask("sendEnvelope", {"urzadNadania": office, "idBufor": buffer})
    _complain(answer)
    envelope = answer.text("idEnvelope")
    if not envelope:
        raise ChannelDown(words.NO_RECEIPT)
    return envelope


def office(api: Api, wanted: str) -> str:
    """The office where parcels are posted.

    Raises:
        Refused: the agreement has no such one, or several to choose from.
    """
    there = [row.attributes.get("urzadNadania", "")
             for row in api.ask("getUrzedyNadania").all("urzedyNadania")]
    if wanted in there:
        return wanted
    if not wanted and len(there) == 1:
        return there[0]
    raise Refused(words.WRONG_OFFICE % {"offices": ", ".join(there)}, "office")


def _sent(api: Api, today: date) -> Iterator[Parcel]:
    """What was sent in the last days, the newest envelope first."""
    rows = api.ask("getEnvelopeList", {
        "startDate": today - timedelta(days=DAYS_BACK), "endDate": today}).all("envelopes")
    found = sorted((row.attributes.get("idEnvelope", "") for row in rows),
                   key=lambda ref: int(ref) if ref.isdigit() else 0, reverse=True)
    for envelope in filter(None, found):
        for row in api.ask("getEnvelopeContentShort", {"idEnvelope": envelope}).all("przesylka"):
            yield Parcel(row.attributes.get("guid", ""), row.attributes.get("numerNadania", ""),
                         envelope)


def _complain(answer: Found) -> None:
    refused = complaint(answer)
    if refused is not None:
        raise refused
