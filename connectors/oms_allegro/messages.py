"""The Message Center: what buyers write, and answers (``/messaging``).

A thread is with one buyer, whatever it is about; a message may name its order. Threads are listed
with the newest first, so one that is written to while they are read moves out of sight; the next
reading therefore asks the threads that moved since this one began for everything since the reading
*before* it began. The same message again does no harm.

Allegro keeps no keys: a message whose answer was lost is looked for in its thread by its words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from oms_connector import (
    Attached,
    BuyerMessage,
    ChannelDown,
    Context,
    MessageOut,
    NotSupported,
    OutcomeUnknown,
    Page,
    Refused,
    Unreadable,
)
from oms_connector.reading import (
    Puzzling,
    as_text,
    child,
    children,
    moment,
    moment_or_none,
    text,
    unreadable,
    value,
)
from oms_connector.talking import same_words

from oms_allegro import words
from oms_allegro.calls import Api, RightsMissing
from oms_allegro.reading import text_or_empty

ROOT = "/messaging"
BUCKET = "messages"
"""One message a second for one seller (the vendor's file, ``newMessagePOST``)."""
SETTING = "messages"
MOST = 2000
ROWS = 20
"""Threads or messages that Allegro gives at once, at most."""
FIRST = timedelta(days=30)
OVERLAP = timedelta(minutes=5)
PAGES = 200


class Messages:
    """The part of the connector that reads and writes messages. ``_api`` is the connector's."""

    context: Context
    _api: Api

    def pull_messages(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[BuyerMessage]:
        """New messages, thread by thread; nothing unless it is switched on.

        The cursor: ``since`` and ``after``, when the last reading and the one before it began; and
        between two pages ``begun``, ``offset`` among the threads, and ``rest``: threads of which
        more than one request's messages are new, with the place in each.
        """
        if not self._talks():
            return Page([], dict(cursor or {}), False)
        return self._allowed(lambda: _pull(self._api, self.context.now, cursor, limit))

    def send_message(self, message: MessageOut) -> BuyerMessage:
        """Into the thread, or to the buyer of the order."""
        if not self._talks():
            raise NotSupported(words.NO_MESSAGES)
        if len(message.text) > MOST:
            raise Refused(words.LONG_MESSAGE % {"most": MOST}, "", "text")
        path, body = f"{ROOT}/messages", dict[str, Any](text=message.text)
        if message.thread:
            path = f"{ROOT}/threads/{message.thread}/messages"
        else:
            login = self._allowed(lambda: _buyer(self._api, message.order_ref))
            body |= {"recipient": {"login": login}, "order": {"id": message.order_ref}}
        told = self._allowed(lambda: self._api.send("POST", path, body, "id", bucket=BUCKET))
        found = read(told)
        if isinstance(found, Unreadable):  # it was done, but what came back cannot be read
            raise OutcomeUnknown(found.reason)
        return found

    def find_message(self, message: MessageOut) -> BuyerMessage | None:
        """The one of these words since then that is not known; None: there is none."""
        since = (message.since or self.context.now - FIRST) - OVERLAP
        for found in self._allowed(lambda: _lately(self._api, message, since)):
            if isinstance(found, Unreadable):
                raise ChannelDown(found.reason)
            if found.ours and found.external_id not in message.known \
                    and same_words(found.text, message.text):
                return found
        return None

    def mark_read(self, thread: str) -> None:
        """The seller has read it."""
        self._allowed(lambda: self._api.send("PUT", f"{ROOT}/threads/{thread}/read",
                                             {"read": True}, "id"))

    def _talks(self) -> bool:
        return str(self.context.settings.get(SETTING, "")).lower() in ("1", "true", "on", "yes")

    def _allowed(self, act: Callable[[], Any]) -> Any:
        """Whoever agreed to orders need not have agreed to messages: that must not stop orders."""
        try:
            return act()
        except RightsMissing:
            raise NotSupported(words.NO_MESSAGES) from None
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle


def read(entry: Any) -> BuyerMessage | Unreadable:
    """A message. Files lie behind the seller's own sign-in, so only their names are kept."""
    try:
        author, about = child(entry, "author"), child(entry, "relatesTo")
        inside = value(author, "isInterlocutor")
        if not isinstance(inside, bool):
            raise Puzzling(words.NOT_A_FLAG, "isInterlocutor", inside)
        return BuyerMessage(
            external_id=text(entry, "id"), thread=text(child(entry, "thread"), "id"),
            at=moment(entry, "createdAt"), text=text(entry, "text"), ours=not inside,
            author=text_or_empty(author, "login"), subject=text_or_empty(entry, "subject"),
            order_ref=text_or_empty(child(about, "order"), "id"),
            offer_ref=text_or_empty(child(about, "offer"), "id"),
            attachments=[Attached(text(one, "fileName")) for one in children(entry, "attachments")],
            raw=as_text(entry))
    except Puzzling as puzzle:
        return unreadable(entry, puzzle)


def _pull(api: Api, now: datetime, cursor: Mapping[str, Any] | None, limit: int
          ) -> Page[BuyerMessage]:
    place = dict(cursor or {})
    if "since" not in place:
        place = {"since": _stamp(now - FIRST), "after": _stamp(now - FIRST)}
    if "begun" not in place:
        place |= {"begun": _stamp(now), "offset": 0, "rest": []}
    after = datetime.fromisoformat(place["after"]) - OVERLAP
    if place["rest"]:
        (thread, offset), *rest = place["rest"]
        items, full = _messages(api, thread, after, offset)
        place["rest"] = [[thread, offset + ROWS], *rest] if full else rest
    elif place["offset"] is not None:
        items = _threads_page(api, place, after, max(1, min(ROWS, limit // ROWS)))
    else:
        items = []
    if place["offset"] is None and not place["rest"]:
        return Page(items, {"since": place["begun"], "after": place["since"]}, False)
    return Page(items, place, True)


def _threads_page(api: Api, place: dict[str, Any], after: datetime, size: int) -> list[Any]:
    """The new messages of the next threads; ``place`` is moved on."""
    floor = datetime.fromisoformat(place["since"]) - OVERLAP
    told = children(api.get(f"{ROOT}/threads", "threads", params={
        "limit": size, "offset": place["offset"]}), "threads")
    moved = [text(one, "id") for one in told
             if (at := moment_or_none(one, "lastMessageDateTime")) is not None and at >= floor]
    place["offset"] = place["offset"] + size \
        if len(told) == size and len(moved) == size else None
    items: list[Any] = []
    for thread in moved:
        found, full = _messages(api, thread, after, 0)
        items += found
        place["rest"] += [[thread, ROWS]] if full else []
    return items


def _messages(api: Api, thread: str, after: datetime, offset: int) -> tuple[list[Any], bool]:
    """Messages of a thread after a moment; whether there may be more."""
    told = children(api.get(f"{ROOT}/threads/{thread}/messages", "messages", params={
        "limit": ROWS, "offset": offset, "after": _stamp(after)}), "messages")
    return [read(one) for one in told], len(told) == ROWS


def _lately(api: Api, message: MessageOut, since: datetime) -> list[Any]:
    """What was written since a moment where a message would be."""
    threads = [message.thread] if message.thread else \
        _threads_with(api, _buyer(api, message.order_ref), since)
    found: list[Any] = []
    for thread in threads:
        for page in range(PAGES):
            items, full = _messages(api, thread, since, page * ROWS)
            found += items
            if not full:
                break
    return found


def _threads_with(api: Api, login: str, since: datetime) -> list[str]:
    """The threads with a buyer in which something was written since a moment."""
    found: list[str] = []
    for page in range(PAGES):
        told = children(api.get(f"{ROOT}/threads", "threads", params={
            "limit": ROWS, "offset": page * ROWS}), "threads")
        lately = [one for one in told if (at := moment_or_none(one, "lastMessageDateTime"))
                  is not None and at >= since]
        found += [text(one, "id") for one in lately
                  if text_or_empty(child(one, "interlocutor"), "login") == login]
        if len(told) < ROWS or len(lately) < len(told):
            break
    return found


def _buyer(api: Api, order_ref: str) -> str:
    """The login of the buyer of an order."""
    form = api.get(f"/order/checkout-forms/{order_ref}", "buyer")
    return text(child(form, "buyer"), "login")


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
