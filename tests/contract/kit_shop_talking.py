"""Kram's buyers write too: the connector's part, and the shop's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from oms_connector import Attached, BuyerMessage, MessageOut, Page, Refused, Response
from oms_connector.testing import Request, answer

MOST = 2000


class Talking:
    """The connector's part; ``_get`` and ``_send`` are the connector's."""

    def pull_messages(self: Any, cursor: Mapping[str, Any] | None, limit: int
                      ) -> Page[BuyerMessage]:
        said = self._get("messages", "messages", after=(cursor or {}).get("after", 0), limit=limit)
        return Page([_read(one) for one in said["messages"]], {"after": said["last"]},
                    said["more"])

    def send_message(self: Any, message: MessageOut) -> BuyerMessage:
        if len(message.text) > MOST:
            raise Refused("too long", "too_long", "text")
        return _read(self._send("POST", "messages", "id", {
            "key": message.key, "order": message.order_ref or message.thread,
            "text": message.text}))

    def find_message(self: Any, message: MessageOut) -> BuyerMessage | None:
        said = self._get("messages", "messages", key=message.key)
        return next((_read(one) for one in said["messages"]), None)

    def mark_read(self: Any, thread: str) -> None:
        self._send("PUT", f"threads/{quote(thread)}", "read", {"read": True})


def _read(one: Mapping[str, Any]) -> BuyerMessage:
    return BuyerMessage(
        str(one["id"]), one["order"], datetime.fromisoformat(one["at"]), one["text"], one["ours"],
        one["by"], order_ref=one["order"], key=one["key"],
        attachments=[Attached(name, url) for name, url in one["files"]])


class TalkingDesk:
    """The shop's part: messages in one row, a thread for each order."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.kept: list[dict[str, Any]] = []
        self.unread: set[str] = set()

    def add(self, text: str, order: str, ours: bool, key: str = "",
            files: Sequence[Attached] = ()) -> dict[str, Any]:
        """One message more."""
        self.kept.append({"id": len(self.kept) + 1, "order": order, "at": self._now().isoformat(),
                          "text": text, "ours": ours, "by": "Kram" if ours else "zosia", "key": key,
                          "files": [(one.name, one.url) for one in files]})
        if not ours:
            self.unread.add(order)
        return self.kept[-1]

    def show(self, request: Request) -> Response:
        if "key" in request.query:
            return answer(200, {"messages": [one for one in self.kept
                                             if one["key"] == request.query["key"]]})
        after, limit = int(request.query["after"]), int(request.query["limit"])
        rows = self.kept[after:after + limit]
        return answer(200, {"messages": rows, "last": after + len(rows),
                            "more": after + limit < len(self.kept)})

    def take(self, request: Request) -> Response:
        said = request.json()
        for one in self.kept:
            if one["key"] == said["key"]:
                return answer(200, one)
        return answer(201, self.add(said["text"], said["order"], True, said["key"]))

    def read(self, request: Request, order: str) -> Response:
        self.unread.discard(order)
        return answer(200, {"read": True})
