"""SMSAPI as a stand-in: strict about what it is sent, forgetful after a day, terse about errors.

Made after the vendor's public clients: ``sms.do`` and ``profile``, refusals with status 200.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from oms_connector import Limit, Response
from oms_connector.testing import Clock, Request, StandIn, answer
from oms_smsapi import SmsapiConnector

TOKEN = "smsapi-token-of-the-kit"
KNOWN = {"to", "message", "from", "format", "encoding", "idx", "check_idx", "test"}
SENDERS = {"", "Sklep"}


class Smsapi(StandIn):
    """One account with points, and the phones it reaches."""

    connector = SmsapiConnector
    limits = (Limit(per_second=10, burst=20),)

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.points = 10_000
        self.is_open = True
        self.sender = "Sklep"
        self.sent: dict[str, dict[str, Any]] = {}

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://api.smsapi.pl", "sender": self.sender}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"token": TOKEN}

    def exchange(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}" or not self.is_open:
            return answer(401, {"error": "authorization_failed", "message": "no"})
        if (request.method, request.path) == ("GET", "/profile"):
            return answer(200, {"name": "Sklep testowy", "points": self.points})
        if request.path == "/sms.do" and request.method == "GET":
            return self._status(request.query.get("status", ""))
        if request.path == "/sms.do" and request.method == "POST":
            return self._take(dict(parse_qsl(request.body.decode(), keep_blank_values=True)))
        return answer(404, {"error": "not_found", "message": "Not found"})

    def _take(self, form: Mapping[str, str]) -> Response:
        to, idx = form.get("to", ""), form.get("idx", "")
        if not form.get("message"):
            return refuse(11)
        if not re.fullmatch(r"\d{8,15}", to):
            return refuse(13, invalid_numbers=[{"number": to, "message": "Invalid phone number"}])
        if form.get("from", "") not in SENDERS:
            return refuse(14)
        day = self.now - timedelta(hours=24)
        if form.get("check_idx") == "1" and any(
                one["idx"] == idx and one["at"] > day for one in self.sent.values()):
            return refuse(53)
        if self.points <= 0:
            return refuse(103)
        self.points -= 1
        ref = f"6{len(self.sent):031X}"
        self.sent[ref] = {"to": to, "text": form["message"], "idx": idx, "at": self.now,
                          "status": "QUEUE"}
        return answer(200, {"count": 1, "list": [self._row(ref)]})

    def _status(self, ids: str) -> Response:
        refs = ids.split("|")
        if any(ref not in self.sent for ref in refs):
            return refuse(301)
        return answer(200, {"count": len(refs), "list": [self._row(ref) for ref in refs]})

    def _row(self, ref: str) -> dict[str, Any]:
        one = self.sent[ref]
        return {"id": ref, "points": 0.16, "number": one["to"], "submitted_number": one["to"],
                "date_sent": int(one["at"].timestamp()), "status": one["status"], "error": None,
                "idx": one["idx"]}

    def texts(self, to: str) -> Sequence[str]:
        return [one["text"] for one in self.sent.values() if one["to"] == to.removeprefix("+")]

    def arrive(self, ref: str) -> None:
        self.sent[ref]["status"] = "DELIVERED"

    def fail(self, ref: str) -> None:
        self.sent[ref]["status"] = "UNDELIVERED"

    def revoke(self) -> None:
        self.is_open = False

    def slow_down(self) -> Response:
        return refuse(203)

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        if request.method == "GET":
            known = {"status", "format"} if request.path == "/sms.do" else set()
            return sorted(set(request.query) - known)
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        wrong = [f"{name} is not a parameter" for name in sorted(set(form) - KNOWN)]
        if request.headers.get("content-type") != "application/x-www-form-urlencoded":
            wrong.append("it is no form")
        if not re.fullmatch(r"[0-9A-Za-z-]{1,255}", form.get("idx", "")):
            wrong.append("idx has other signs than it may")
        return wrong


def refuse(code: int, **more: Any) -> Response:
    """A refusal, with status 200 as the vendor gives it."""
    return answer(200, {"error": code, "message": f"error {code}"} | more)
