"""Telling webhooks what happened: in order, at least once, signed, with patience.

A webhook stands at an entry of the audit trail and goes on from there. It moves only after the
receiver has taken an event, in the transaction that writes the try down, so a worker that dies
between sending and noting leads to the same event again, with the same number. One task per
webhook (``core/claims.py``) keeps two workers from telling it at once.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from oms_connector import ChannelError, RateLimited, Response

from oms_web import __version__
from oms_web.core.actor import SYSTEM
from oms_web.core.claims import enqueue
from oms_web.core.work import Work, Works
from oms_web.domain.audit import feed
from oms_web.domain.webhooks import queries, service, signing, told
from oms_web.domain.webhooks.models import Webhook
from oms_web.domain.webhooks.service import Try

TASK = "tell_webhook"
ONCE = "tell_webhook_once"
PAGE = 50
TURN = 30.0
"""Seconds that one webhook keeps a worker; then the others have their turn."""
EVENT = "OMS-Event-Id"


class Client(Protocol):
    """What a webhook is called with."""

    def request(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
                ) -> Response:
        """Send; errors as for ``oms_connector.Http``."""

    def close(self) -> None:
        """Let the connections go."""


class Messenger(Protocol):
    """Makes the client of a webhook (the ``webhooks`` port). ``sink`` gets what each call came to:
    an object with ``status``, ``ms`` and ``outcome``.
    """

    def __call__(self, url: str, webhook_id: int, sink: Callable[[Any], None]) -> Client:
        """A client for one address."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent. ``number`` is the same however often it is."""

    kind: str
    number: str
    event_id: int | None
    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Address:
    """Where it goes, and the secrets that sign it."""

    url: str
    keys: list[str]


def ask(work: Work, webhook_id: int) -> bool:
    """Queue the telling of a webhook; False if it is queued already."""
    return enqueue(work.session, TASK, str(webhook_id), {"webhook_id": webhook_id},
                   now=work.now) is not None


def ask_once(work: Work, webhook_id: int, event_id: int | None = None) -> bool:
    """Queue one event again, or a test if none is named; False if it is queued already.

    Raises:
        NotFound: no such webhook or event.
    """
    queries.get(work.session, webhook_id)
    if event_id is not None:
        queries.event(work.session, event_id)
    return enqueue(
        work.session, ONCE, f"{webhook_id}:{event_id or told.PING}",
        {"webhook_id": webhook_id, "event_id": event_id}, now=work.now, asked_by=work.actor.id,
    ) is not None


def tell(works: Works, webhook_id: int, beat: Callable[[int, int], None]) -> int:
    """Tell a webhook what it was not told yet, until it refuses one; how many it took."""
    latest, taken = time.monotonic() + TURN, 0
    while time.monotonic() < latest:
        page = _page(works, webhook_id)
        if page is None:
            break
        for letter in page.letters:
            beat(taken, 0)
            if not _in_turn(works, webhook_id, page, letter):
                return taken
            page.seen = letter.event_id or page.seen
            taken += 1
        if page.until > page.seen:
            with works.writing(SYSTEM) as work:
                service.pass_over(work, webhook_id, page.seen, page.until)
        if not page.more:
            break
    return taken


def tell_once(works: Works, webhook_id: int, event_id: int | None) -> bool:
    """Send one event again, or a test; whether it was taken. Whatever comes of it, the webhook
    stays where it stands.

    Raises:
        NotFound: the webhook was deleted meanwhile, or there is no such event.
    """
    with works.reading(SYSTEM) as work:
        row = queries.get(work.session, webhook_id)
        address = _address(work, row)
        letter = _again(work, event_id) if event_id is not None else _ping(webhook_id, work.now)
    tried = send(works, webhook_id, address, letter)
    with works.writing(SYSTEM) as work:
        service.note_try(work, webhook_id, tried)
    return tried.delivered


def send(works: Works, webhook_id: int, address: Address, letter: Letter) -> Try:
    """Send a letter; no transaction is open meanwhile."""
    calls: list[Any] = []
    make: Messenger = works.ports["webhooks"]
    client = make(address.url, webhook_id, calls.append)
    headers = {
        "Content-Type": "application/json", "Accept-Encoding": "identity",
        "User-Agent": f"OMS/{__version__}", EVENT: letter.number,
        signing.HEADER: signing.signature(
            address.keys, int(works.clock().timestamp()), letter.body),
    }
    answer, problem, wait = b"", "", None
    try:
        came = client.request("POST", address.url, headers=headers, body=letter.body)
        answer, wait = came.body, _asked_pause(came)
    except ChannelError as error:
        problem = type(error).__name__
        wait = error.retry_after if isinstance(error, RateLimited) else None
    finally:
        client.close()
    call = calls[-1] if calls else None
    status = call.status if call else None
    return Try(
        letter.kind, letter.event_id, letter.type, status, round(call.ms) if call else 0,
        problem if status is None else "", answer.decode("utf-8", "replace").replace("\0", "�"),
        wait,
    )


def _asked_pause(came: Response) -> float | None:
    """Seconds that a 503 asks us to wait (a 429 is an error of its own)."""
    text = came.headers.get("retry-after", "")
    return float(text) if came.status == 503 and text.isascii() and text.isdigit() else None


# Letters ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Page:
    """``seen``: where the webhook stands; ``until``: where it stands after the whole page."""

    seen: int
    until: int
    more: bool
    letters: list[Letter]


def _page(works: Works, webhook_id: int) -> _Page | None:
    """What comes next; None if nothing may be sent now."""
    with works.reading(SYSTEM) as work:
        row = work.session.get(Webhook, webhook_id)
        if row is None or not _may(row, work.now):
            return None
        news = feed.since(work.session, row.seen, row.kinds, work.now, PAGE)
        letters = [Letter("event", str(entry.id), entry.id, entry.act, told.body_of(entry))
                   for entry in news.entries]
        return _Page(row.seen, news.seen, news.more, letters)


def _may(row: Webhook, now: datetime) -> bool:
    return row.state == service.ACTIVE and (row.next_at is None or row.next_at <= now)


def _in_turn(works: Works, webhook_id: int, page: _Page, letter: Letter) -> bool:
    """Send an event in its turn; whether it was taken and the next one may be sent.

    What a person changed a moment ago (paused, another address, another secret) counts at once.
    """
    with works.reading(SYSTEM) as work:
        row = work.session.get(Webhook, webhook_id)
        if row is None or row.seen != page.seen or not _may(row, work.now):
            return False
        address = _address(work, row)
    tried = send(works, webhook_id, address, letter)
    with works.writing(SYSTEM) as work:
        return service.note_try(work, webhook_id, tried, seen=page.seen)


def _address(work: Work, row: Webhook) -> Address:
    return Address(row.url, service.valid_secrets(work, row))


def _again(work: Work, event_id: int) -> Letter:
    entry = queries.event(work.session, event_id)
    return Letter("again", str(entry.id), entry.id, entry.act, told.body_of(entry))


def _ping(webhook_id: int, now: datetime) -> Letter:
    at = now.isoformat().replace("+00:00", "Z")
    return Letter("ping", f"ping-{secrets.token_hex(6)}", None, told.PING,
                  told.ping_body(webhook_id, at))
