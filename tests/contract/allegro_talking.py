"""Allegro's Message Center: threads with buyers, newest first, as its API shows them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from oms_connector import Attached, Response
from oms_connector.testing import Request

from tests.contract.allegro_shop import PUBLIC, Shop, stamp

MOST_ROWS, MOST_TEXT = 20, 2000


class Talking:
    """Messages in one row; a thread for each buyer. ``has_scope``: whether the seller agreed."""

    def __init__(self, shop: Shop, now: Callable[[], datetime]) -> None:
        self._shop, self._now = shop, now
        self.kept: list[dict[str, Any]] = []
        self.unread: set[str] = set()
        self.has_scope = True

    def buyer_of(self, order: str) -> str:
        """Each order has a buyer of its own."""
        buyer = self._shop.forms[order]["buyer"]
        buyer["login"] = f"kupuje_{order[:8]}"
        return str(buyer["login"])

    def write(self, text: str, buyer: str, order: str = "", ours: bool = False,
              files: Sequence[Attached] = ()) -> dict[str, Any]:
        """One message more."""
        thread = f"watek-{buyer}"
        self.kept.append({
            "id": f"w{len(self.kept) + 1:06d}", "status": "DELIVERED", "type": "MESSAGE_CENTER",
            "createdAt": stamp(self._now()), "thread": {"id": thread}, "subject": None,
            "author": {"login": self._shop.login if ours else buyer, "isInterlocutor": not ours},
            "text": text, "hasAdditionalAttachments": False,
            "relatesTo": {"offer": None, "order": {"id": order} if order else None},
            "attachments": [{"fileName": one.name, "status": "SAFE", "url": one.url}
                            for one in files]})
        if not ours:
            self.unread.add(thread)
        return self.kept[-1]

    def answer(self, request: Request) -> Response | None:
        """The answer to a request of the Message Center; None: it is another's."""
        if not request.path.startswith("/messaging/"):
            return None
        if not self.has_scope:
            return _answer(403, {"error": "access_denied",
                                 "error_description": "Insufficient scope"})
        steps = request.path.removeprefix("/messaging/").split("/")
        if request.method == "GET":
            return self._messages(request, steps[1]) if len(steps) == 3 else self._threads(request)
        said = request.json()
        if request.method == "PUT":
            self.unread.discard(steps[1])
            return _answer(200, self._thread(steps[1]))
        if len(said["text"]) > MOST_TEXT:
            return _answer(422, {"errors": [{"code": "TooLong", "message": "too long",
                                             "userMessage": "za długa", "path": "text"}]})
        if steps[0] == "messages":
            return _answer(201, self.write(said["text"], said["recipient"]["login"],
                                           said["order"]["id"], True))
        return _answer(201, self.write(said["text"], steps[1].removeprefix("watek-"), ours=True))

    def _thread(self, ref: str) -> dict[str, Any]:
        last = max(one["createdAt"] for one in self.kept if one["thread"]["id"] == ref)
        return {"id": ref, "read": ref not in self.unread, "lastMessageDateTime": last,
                "interlocutor": {"login": ref.removeprefix("watek-"), "avatarUrl": "https://a"}}

    def _threads(self, request: Request) -> Response:
        refs = {one["thread"]["id"] for one in self.kept}
        rows = sorted((self._thread(ref) for ref in refs),
                      key=lambda one: (one["lastMessageDateTime"], one["id"]), reverse=True)
        return _page(request, "threads", rows)

    def _messages(self, request: Request, ref: str) -> Response:
        rows = [one for one in reversed(self.kept) if one["thread"]["id"] == ref
                and one["createdAt"] > request.query.get("after", "")]
        return _page(request, "messages", rows)


def _page(request: Request, name: str, rows: Sequence[Any]) -> Response:
    limit, offset = int(request.query["limit"]), int(request.query["offset"])
    assert limit <= MOST_ROWS
    return _answer(200, {name: rows[offset:offset + limit], "limit": limit, "offset": offset})


def _answer(status: int, document: Any) -> Response:
    return Response(status, {"content-type": PUBLIC}, json.dumps(document).encode())
