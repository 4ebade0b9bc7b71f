"""The connector to SMSAPI: sends an SMS, and asks what became of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import (
    AccessRefused,
    Capabilities,
    Connector,
    Field,
    Limit,
    Manifest,
    OutcomeUnknown,
    Refused,
    Sms,
    SmsReport,
)

from oms_smsapi import calls, words

PLACES = ("https://api.smsapi.pl", "https://api.smsapi.com")
ASKED_AT_ONCE = 50
_NUMBER = re.compile(r"\+[1-9]\d{7,14}")
_FAILED = {"UNDELIVERED": words.NOT_DELIVERED, "FAILED": words.NOT_DELIVERED,
           "EXPIRED": words.EXPIRED, "REJECTED": words.REJECTED, "STOP": words.REJECTED}


class SmsapiConnector(Connector):
    """SMSAPI keeps the key (``idx``) of each SMS for a day and refuses it a second time."""

    manifest = Manifest(
        key="smsapi",
        name="SMSAPI",
        letters="SM",
        hue=150,
        version="1.0",
        quality="silver",
        help=words.HELP,
        settings=(
            Field("url", words.URL, "choice", choices=PLACES, default=PLACES[0]),
            Field("token", words.TOKEN, secret=True, help=words.TOKEN_HELP),
            Field("sender", words.SENDER, required=False, help=words.SENDER_HELP),
            Field("test", words.TEST, "flag", required=False),
        ),
        capabilities=Capabilities(sms_key_hours=24),
        limits=(Limit(per_second=10, burst=20),),
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """One of the vendor's two addresses."""
        return str(settings.get("url") or PLACES[0])

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {secrets.get('token', '')}"}

    def verify(self) -> str:
        """The account's name."""
        try:
            found = calls.get(self.context.http, "/profile")
        except AccessRefused as refused:
            if refused.field:
                raise
            raise AccessRefused(words.REFUSED_TOKEN, "token") from None
        return str(found.get("name") or found.get("username") or "SMSAPI")

    def send_sms(self, sms: Sms) -> str:
        """SMSAPI's id; empty when it had this key before."""
        if not _NUMBER.fullmatch(sms.to):
            raise Refused(words.WRONG_NUMBER, "", "to")
        values = {
            "to": sms.to.removeprefix("+"), "message": sms.text, "format": "json",
            "encoding": "utf-8", "idx": _idx(sms.key), "check_idx": "1",
        }
        if sender := str(self.context.settings.get("sender") or "").strip():
            values["from"] = sender
        if self.context.settings.get("test"):
            values["test"] = "1"
        try:
            found = calls.send(self.context.http, "/sms.do", values)
        except Refused as refused:
            if refused.code == calls.SENT_BEFORE:
                return ""
            raise
        rows = found.get("list")
        row = rows[0] if isinstance(rows, list) and rows else None
        if not isinstance(row, dict) or not row.get("id"):
            raise OutcomeUnknown(words.NO_RECEIPT)
        if row.get("error") not in (None, "", 0):
            raise calls.refusal(str(row["error"]))
        return str(row["id"])

    def sms_reports(self, refs: Sequence[str]) -> Sequence[SmsReport | None]:
        """How far each is; SMSAPI forgets them after some months."""
        found: dict[str, SmsReport] = {}
        for begin in range(0, len(refs), ASKED_AT_ONCE):
            found |= self._reports(refs[begin:begin + ASKED_AT_ONCE])
        return [found.get(ref) for ref in refs]

    def _reports(self, refs: Sequence[str]) -> dict[str, SmsReport]:
        """One unknown id is an error of the whole question: then each is asked for by itself."""
        try:
            said = calls.get(self.context.http, "/sms.do",
                             {"status": "|".join(refs), "format": "json"})
        except Refused as refused:
            if refused.code != calls.NO_SUCH_ID:
                raise
            return {} if len(refs) == 1 else {
                ref: report for one in refs for ref, report in self._reports([one]).items()}
        rows = said.get("list")
        return {report.reference: report
                for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict)
                for report in _report(row)}


def _report(row: Mapping[str, Any]) -> Sequence[SmsReport]:
    ref, status = str(row.get("id") or ""), str(row.get("status") or "").upper()
    if not ref or status in ("", "NOT_FOUND"):
        return []
    if status == "DELIVERED":
        return [SmsReport(ref, "delivered")]
    if status in _FAILED:
        return [SmsReport(ref, "undelivered", _FAILED[status])]
    return [SmsReport(ref, "sent")]


def _idx(key: str) -> str:
    """The key in SMSAPI's alphabet: letters, digits, hyphens."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]
