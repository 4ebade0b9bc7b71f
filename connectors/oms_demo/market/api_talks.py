"""The seller's API, continued: what buyers write, and answers."""

from __future__ import annotations

from flask import Response, jsonify, request

from oms_demo.market import asked, talks
from oms_demo.market.api import api, as_shown, market, turned
from oms_demo.market.faults_pages import Sheet


@api.get("/messages")
def list_messages() -> Response:
    """Messages after a number, oldest first; or what was written under a key."""
    if "key" in request.args:
        with market().store.transaction() as db:
            found = talks.by_key(db, request.args["key"])
        return jsonify(messages=as_shown(found), last=0, more=False)
    sheet = turned(_messages(asked.number("after", 0), asked.limit()))
    return jsonify(messages=as_shown(list(sheet.rows)), last=sheet.next, more=sheet.more)


def _messages(after: int, limit: int) -> Sheet:
    with market().store.transaction() as db:
        found = talks.after(db, after, limit + 1)
    shown = found[:limit]
    return Sheet(shown, after, shown[-1]["id"] if shown else after, len(found) > limit,
                 read=lambda _: _messages(0, limit), place=lambda row: row["id"],
                 again=lambda: max(0, after - 1))


@api.post("/messages")
def write_message() -> tuple[Response, int]:
    """The seller writes. The same key again answers with the first message."""
    body = asked.body()
    number, new = market().answer(
        asked.text(body, "text", most=talks.MOST * 2),
        order=asked.text(body, "order_id", required=False),
        thread=asked.text(body, "thread_id", required=False), key=asked.key(body))
    with market().store.transaction() as db:
        return jsonify(talks.one(db, number)), 201 if new else 200


@api.put("/threads/<thread>/read")
def read_thread(thread: str) -> Response:
    """The seller has read it."""
    with market().store.transaction() as db:
        talks.read(db, thread)
    return jsonify(id=thread, read=True)
