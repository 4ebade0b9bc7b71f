"""What buyers write on the marketplace, and what they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import (
    Attached,
    BuyerMessage,
    ChannelDown,
    MessageOut,
    OutcomeUnknown,
    Page,
    Refused,
    Unreadable,
)
from oms_connector.reading import Puzzling, children, choice, moment, text, unreadable, whole

from oms_demo import journal, words
from oms_demo.asking import Asking, path_to
from oms_demo.reading import text_or_empty

MOST = 2000
BY = {"buyer": False, "seller": True}


def pull(market: Asking, cursor: Mapping[str, Any] | None, limit: int) -> Page[BuyerMessage]:
    """Messages by their numbers, oldest first."""
    after = (cursor or {}).get("message", 0)
    told = market.get("messages", ("messages", "last", "more"), lists=("messages",), after=after,
                      limit=limit)
    last = journal.last_of(told, after)
    return Page([read(document) for document in told["messages"]], {"message": last},
                told["more"] is True)


def send(market: Asking, message: MessageOut) -> BuyerMessage:
    """Write to a buyer. The key makes the second time harmless."""
    if len(message.text) > MOST:
        raise Refused(words.LONG_MESSAGE % {"most": MOST}, "bad_text", "text")
    found = read(market.send("POST", "messages", ("id",), {
        "key": message.key, "text": message.text, "order_id": message.order_ref,
        "thread_id": message.thread}))
    if isinstance(found, Unreadable):  # it was done, but what came back cannot be read
        raise OutcomeUnknown(found.reason)
    return found


def find(market: Asking, message: MessageOut) -> BuyerMessage | None:
    """What was written under our key."""
    told = market.get("messages", ("messages",), lists=("messages",), key=message.key)
    for document in told["messages"]:
        found = read(document)
        if isinstance(found, Unreadable):
            raise ChannelDown(found.reason)
        return found
    return None


def mark_read(market: Asking, thread: str) -> None:
    """The seller has read a thread."""
    market.send("PUT", path_to("threads", thread, "read"), ("id",), None)


def read(document: Any) -> BuyerMessage | Unreadable:
    """A message; its text as it is, whatever is in it."""
    try:
        return BuyerMessage(
            external_id=str(whole(document, "id")), thread=text(document, "thread_id"),
            at=moment(document, "at"), text=text(document, "text"),
            ours=choice(BY, text(document, "by"), "by"), author=text_or_empty(document, "author"),
            order_ref=text_or_empty(document, "order_id"),
            offer_ref=text_or_empty(document, "offer_id"), key=text_or_empty(document, "key"),
            attachments=[Attached(text(one, "name"), text_or_empty(one, "url"))
                         for one in children(document, "files")])
    except Puzzling as puzzle:
        return unreadable(document, puzzle)
