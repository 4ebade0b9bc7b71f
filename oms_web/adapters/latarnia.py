"""What the Ministry announces of KSeF, over its public service Latarnia.

``GET /messages`` answers a list of ``{id, eventId, category, type, title, text, start, end,
version, published}``: categories MAINTENANCE, FAILURE, TOTAL_FAILURE; a failure has a message when
it begins and another when it ends, maintenance has one for its whole span; a newer ``version``
replaces an older one. Moments are ISO 8601. Nobody signs in. Messages stay for 30 days after the
end.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from oms_connector import ChannelDown, Http

from oms_web.core.clock import SHOP_ZONE
from oms_web.domain.einvoices.announced import KINDS, Announced

_START = "FAILURE_START"


def read(http: Http) -> Sequence[Announced]:
    """The events that are published, each once.

    Raises:
        ChannelDown: the service does not answer, or answers what is no list of messages.
    """
    answer = http.request("GET", "/messages")
    if answer.status != 200:
        raise ChannelDown(f"Latarnia answered {answer.status}")
    try:
        said = json.loads(answer.body)
        messages = sorted((one for one in said if one["category"].lower() in KINDS),
                          key=lambda one: (one.get("version") or 0, str(one["published"])))
        events: dict[int, Announced] = {}
        for one in messages:
            events[int(one["eventId"])] = _merged(events.get(int(one["eventId"])), one)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ChannelDown(f"this is no list of messages: {error}") from error
    return list(events.values())


def _merged(known: Announced | None, said: dict[str, Any]) -> Announced:
    """An event after one more message of it. That it began does not undo that it ended."""
    begins = _moment(said["start"])
    ends = _moment(said["end"]) if said.get("end") else None
    if known is not None and said.get("type") == _START:
        ends = ends or known.ends
    return Announced(int(said["eventId"]), said["category"].lower(),
                     min(begins, known.begins) if known and ends else begins, ends,
                     str(said.get("title") or "")[:300], str(said.get("text") or "")[:2000])


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=SHOP_ZONE)).astimezone(UTC)
