"""Webhooks of ShipX. They carry no signature: what tells them is the network they come from, and
they are believed about nothing but that a parcel should be looked at. Pure.

Source: "Webhooks" of the documentation, which names the network.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from oms_connector import Ring, WebhookRefused
from oms_connector.reading import value
from oms_connector.webhooks import SOURCE

from oms_inpost import words

NETWORK = ipaddress.ip_network("91.216.25.0/24")


def hear(body: bytes, headers: Mapping[str, str], organization: str) -> Sequence[Ring]:
    """What a delivery says; empty for events that are about no parcel yet.

    Raises:
        WebhookRefused: it came from elsewhere, or is about another organisation.
    """
    try:
        known = ipaddress.ip_address(headers.get(SOURCE, "")) in NETWORK
    except ValueError:
        known = False
    if not known:
        raise WebhookRefused(words.NOT_FROM_INPOST)
    try:
        said = json.loads(body)
    except ValueError:
        raise WebhookRefused(words.UNREADABLE_RING) from None
    if str(value(said, "organization_id")) != organization:
        raise WebhookRefused(words.NOT_OURS)
    number = str(value(said, "payload", "tracking_number") or "")
    if not number:
        return []
    parts = (value(said, "event"), value(said, "payload", "status"), number,
             value(said, "event_ts"))
    return [Ring("parcel", number, ":".join(str(part or "") for part in parts),
                 _moment(value(said, "event_ts")))]


def _moment(told: object) -> datetime | None:
    try:
        found = datetime.strptime(str(told), "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None
    return found
