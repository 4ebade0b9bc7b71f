"""What ShipX says about a shipment, in our words. Pure.

A shipment goes ``created`` -> ``offers_prepared`` -> ``offer_selected`` -> ``confirmed`` by itself
(asynchronously); only then it has a number and a label. What stops it is not a status: the offer
is unavailable with reasons, or the transaction that should pay for it failed. Source: "Shipment",
"Paying for Shipment" of the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from oms_connector import Booked
from oms_connector.reading import children, value

from oms_inpost import words

UNDERWAY = frozenset(("created", "offers_prepared", "offer_selected"))
CANCELLED = frozenset(("canceled", "cancelled"))
_KEY = re.compile(r"[A-Za-z0-9_ -]{1,60}")


def booked(document: Mapping[str, Any]) -> Booked:
    """The state of a booking, from its shipment. Its price is not told to most accounts."""
    reference = str(value(document, "id") or "")
    status = str(value(document, "status") or "")
    if status in CANCELLED:
        return Booked(reference, "cancelled")
    numbers = _numbers(document)
    if status in UNDERWAY or not numbers:
        why = ", ".join(dict.fromkeys(_obstacles(document)))
        if why:
            return Booked(reference, "refused", message=words.NOT_BOUGHT % {"why": why})
        return Booked(reference, "pending")
    return Booked(reference, "confirmed", numbers)


def _numbers(document: Mapping[str, Any]) -> Sequence[str]:
    """One number for each parcel, in the order in which they were sent; none before all are there.

    Parcels of one shipment come back with the ids that they were given: 1, 2 ...
    """
    whole = str(value(document, "tracking_number") or "")
    parcels = [parcel for parcel in children(document, "parcels") if isinstance(parcel, dict)]
    ids = [str(value(parcel, "id")) for parcel in parcels]
    if ids and all(one.isdecimal() for one in ids) \
            and sorted(map(int, ids)) == list(range(1, len(ids) + 1)):
        parcels.sort(key=lambda parcel: int(parcel["id"]))
    numbers = [str(value(parcel, "tracking_number") or whole) for parcel in parcels]
    return numbers if all(numbers) else ()


def _obstacles(document: Mapping[str, Any]) -> Iterator[str]:
    """Why it is not bought, in InPost's own keys: what failed last, and of offers, all of them."""
    transactions = [one for one in children(document, "transactions") if isinstance(one, dict)]
    if transactions and value(transactions[-1], "status") == "failure":
        details = value(transactions[-1], "details")
        yield _said(value(details, "error") or value(details, "message") or "failure")
    offers = [one for one in children(document, "offers") if isinstance(one, dict)]
    if offers and all(value(one, "status") == "unavailable" for one in offers):
        for offer in offers:
            for reason in children(offer, "unavailability_reasons"):
                yield _said(value(reason, "key") if isinstance(reason, dict) else reason)
            if not children(offer, "unavailability_reasons"):
                yield "unavailable"


def _said(told: Any) -> str:
    said = str(told)
    return said if _KEY.fullmatch(said) else "failure"
