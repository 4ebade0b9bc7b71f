"""The stand-in's doors: KSeF's addresses as a WSGI application, and a page with its switches."""

from __future__ import annotations

import base64
import io
import json
import re
import secrets
import threading
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from oms_web.adapters.ksef_standin import keys
from oms_web.adapters.ksef_standin.books import (
    Books,
    Session,
    metadata,
    reference,
    sha256,
    status,
    upo,
)
from oms_web.adapters.ksef_standin.latarnia import Announcements, page

_REASONS = {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 303: "See Other",
            400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests",
            503: "Service Unavailable"}
Start = Callable[[str, list[tuple[str, str]]], object]


class Refusal(Exception):
    """An answer other than a good one."""

    def __init__(self, code: int, words: str, number: int = 21405,
                 headers: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.code, self.words, self.number, self.headers = code, words, number, dict(headers or {})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. ``token`` is what it shows."""

    method: str
    path: str
    body: bytes
    token: str
    query: Mapping[str, list[str]]
    base: str

    @property
    def json(self) -> Any:
        """Its body, read."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Refusal(400, "Nieprawidłowy JSON") from error


@dataclass(slots=True)
class Answered:
    """An answer."""

    code: int
    body: bytes = b""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class StandIn:
    """The application. Its attributes are switches that tests and people turn.

    Attributes:
        tokens: what is accepted as a token; anything, if there are none.
        is_down: nothing is answered.
        limits: so many of the next requests are told to slow down, for so many seconds.
        latarnia: what is announced; it answers while KSeF is down, too.
    """

    books: Books = field(default_factory=Books)
    tokens: set[str] = field(default_factory=set)
    access_for: timedelta = timedelta(minutes=15)
    is_down: bool = False
    limits: tuple[int, int] = (0, 0)
    latarnia: Announcements = field(default_factory=Announcements)
    calls: list[tuple[str, str]] = field(default_factory=list)
    _challenges: dict[str, datetime] = field(default_factory=dict)
    _logins: dict[str, dict[str, Any]] = field(default_factory=dict)
    _access: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _refresh: dict[str, str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        asked = Asked(
            environ["REQUEST_METHOD"], environ["PATH_INFO"], body,
            environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer "),
            parse_qs(environ.get("QUERY_STRING", "")),
            f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', 'localhost')}")
        with self._lock:
            answer = self._answered(asked)
        start(f"{answer.code} {_REASONS.get(answer.code, 'Error')}",
              [("Content-Type", answer.kind), ("Content-Length", str(len(answer.body))),
               *answer.headers.items()])
        return [answer.body]

    def _answered(self, asked: Asked) -> Answered:
        if asked.path in ("/", "/switch", "/announce"):
            return self._page(asked)
        if asked.path == "/latarnia/messages":
            return _json(self.latarnia.messages)
        self.calls.append((asked.method, asked.path))
        try:
            if self.is_down:
                raise Refusal(503, "Atrapa KSeF jest wyłączona")
            left, seconds = self.limits
            if left:
                self.limits = left - 1, seconds
                raise Refusal(429, "Zbyt wiele żądań", headers={"Retry-After": str(seconds)})
            for method, pattern, act in _ROUTES:
                found = re.fullmatch(pattern, asked.path.removeprefix("/v2"))
                if method == asked.method and found:
                    return act(self, asked, *found.groups())
            raise Refusal(404, "Nie ma takiego adresu")
        except Refusal as refusal:
            said = {"exception": {"exceptionDetailList": [
                {"exceptionCode": refusal.number, "exceptionDescription": refusal.words}]}}
            return Answered(refusal.code, json.dumps(said).encode(), headers=refusal.headers)

    # -- logging in ------------------------------------------------------------------------

    def challenge(self, _asked: Asked) -> Answered:
        now = self.books.clock()
        made = reference("CR", now)
        self._challenges[made] = now
        return _json({"challenge": made, "timestamp": now.isoformat(), "clientIp": "127.0.0.1",
                      "timestampMs": int(now.timestamp() * 1000)})

    def by_token(self, asked: Asked) -> Answered:
        said = asked.json
        at = self._known(said["challenge"])
        try:
            token, _, moment = keys.unseal(said["encryptedToken"]).decode().rpartition("|")
        except ValueError:
            token, moment = "", ""
        good = moment == str(int(at.timestamp() * 1000)) and (
            token in self.tokens if self.tokens else bool(token))
        return self._begun(said["contextIdentifier"]["value"], good)

    def by_signature(self, asked: Asked) -> Answered:
        try:
            challenge, nip = keys.signed_challenge(asked.body)
        except ValueError as error:
            raise Refusal(400, str(error), 9105) from error
        self._known(challenge)
        return self._begun(nip, True)

    def _known(self, challenge: str) -> datetime:
        at = self._challenges.pop(challenge, None)
        if at is None or self.books.clock() - at > timedelta(minutes=10):
            raise Refusal(400, "Nieznane lub przeterminowane wyzwanie", 21304)
        return at

    def _begun(self, nip: str, good: bool) -> Answered:
        number, token = reference("AU", self.books.clock()), secrets.token_urlsafe(24)
        self._logins[number] = {"nip": nip, "good": good, "token": token, "looks": 0,
                                "redeemed": False}
        return _json({"referenceNumber": number, "authenticationToken": {
            "token": token, "validUntil": self._until(timedelta(minutes=10))}}, 202)

    def login(self, asked: Asked, number: str) -> Answered:
        found = self._logins.get(number)
        if found is None or found["token"] != asked.token:
            raise Refusal(401, "Brak autoryzacji")
        found["looks"] += 1
        code = 100 if found["looks"] == 1 else 200 if found["good"] else 450
        words = {100: "Uwierzytelnianie w toku", 200: "Uwierzytelnianie zakończone sukcesem",
                 450: "Uwierzytelnianie zakończone niepowodzeniem z powodu błędnego tokenu"}
        return _json({"startDate": self._until(timedelta(0)),
                      "authenticationMethod": "Token", "authenticationMethodInfo": {
                          "category": "Token", "code": "token.ksef", "displayName": "Token KSeF"},
                      "status": {"code": code, "description": words[code]}})

    def redeem(self, asked: Asked) -> Answered:
        found = next((one for one in self._logins.values() if one["token"] == asked.token), None)
        if found is None or not found["good"] or found["looks"] < 2 or found["redeemed"]:
            raise Refusal(400, "Tokeny dla operacji nie mogą być pobrane", 21301)
        found["redeemed"] = True
        lasting = secrets.token_urlsafe(24)
        self._refresh[lasting] = found["nip"]
        return _json({"accessToken": self._given(found["nip"]), "refreshToken": {
            "token": lasting, "validUntil": self._until(timedelta(days=7))}})

    def refresh(self, asked: Asked) -> Answered:
        if asked.token not in self._refresh:
            raise Refusal(401, "Brak autoryzacji")
        return _json({"accessToken": self._given(self._refresh[asked.token])})

    def forget_logins(self) -> None:
        """Every access that was given ends now, as when rights are taken back."""
        self._access.clear()
        self._refresh.clear()

    def _given(self, nip: str) -> dict[str, str]:
        token = secrets.token_urlsafe(24)
        self._access[token] = nip, self.books.clock() + self.access_for
        return {"token": token, "validUntil": self._until(self.access_for)}

    def _until(self, span: timedelta) -> str:
        return (self.books.clock() + span).isoformat()

    def _who(self, asked: Asked) -> str:
        nip, until = self._access.get(asked.token, ("", self.books.clock()))
        if not nip or until <= self.books.clock():
            raise Refusal(401, "Brak autoryzacji")
        return nip

    def public_keys(self, _asked: Asked) -> Answered:
        span = {"validFrom": self._until(-timedelta(days=1)),
                "validTo": self._until(timedelta(days=365))}
        return _json([{"certificate": keys.certificate(), "certificateId": keys.key_id(),
                       "publicKeyId": keys.key_id(), "usage": [usage], **span}
                      for usage in ("KsefTokenEncryption", "SymmetricKeyEncryption")])

    # -- sessions --------------------------------------------------------------------------

    def open_online(self, asked: Asked) -> Answered:
        session = self._opened(asked, "SO")
        return _json({"referenceNumber": session.reference,
                      "validUntil": self._until(timedelta(hours=12))}, 201)

    def _opened(self, asked: Asked, kind: str) -> Session:
        nip, said = self._who(asked), asked.json
        if said["formCode"]["systemCode"] != "FA (3)":
            raise Refusal(400, "Nieobsługiwany formularz")
        try:
            key = keys.unseal(said["encryption"]["encryptedSymmetricKey"])
        except ValueError as error:
            raise Refusal(400, "Nie można odszyfrować klucza", 21405) from error
        now = self.books.clock()
        session = Session(reference(kind, now), nip, key,
                          base64.b64decode(said["encryption"]["initializationVector"]), now,
                          is_batch=kind == "SB", is_offline=bool(said.get("offlineMode")),
                          declared=said.get("batchFile") or {})
        self.books.sessions[session.reference] = session
        return session

    def send(self, asked: Asked, number: str) -> Answered:
        session, said = self._session(asked, number), asked.json
        if session.is_closed or self.books.clock() > session.opened + timedelta(hours=12):
            raise Refusal(400, "Sesja interaktywna jest zamknięta", 21180)
        sealed = base64.b64decode(said["encryptedInvoiceContent"])
        if sha256(sealed) != said["encryptedInvoiceHash"] or \
                len(sealed) != said["encryptedInvoiceSize"]:
            raise Refusal(400, "Skrót zaszyfrowanej faktury jest inny niż zadeklarowany")
        try:
            xml = keys.decrypt(sealed, session.key, session.vector)
        except ValueError:
            xml = None
        made = self.books.take(session, xml, said["invoiceHash"],
                               is_offline=bool(said.get("offlineMode")),
                               replaces=said.get("hashOfCorrectedInvoice") or "")
        return _json({"referenceNumber": made.reference}, 202)

    def open_batch(self, asked: Asked) -> Answered:
        session = self._opened(asked, "SB")
        return _json({"referenceNumber": session.reference, "partUploadRequests": [
            {"ordinalNumber": part["ordinalNumber"], "method": "PUT", "headers": {"x-part": "1"},
             "url": f"{asked.base}/store/{session.reference}/{part['ordinalNumber']}"}
            for part in session.declared["fileParts"]]}, 201)

    def put_part(self, asked: Asked, number: str, ordinal: str) -> Answered:
        if asked.token:
            raise Refusal(400, "Token dostępu nie należy do magazynu plików")
        self.books.sessions[number].parts[int(ordinal)] = asked.body
        return Answered(201)

    def close_batch(self, asked: Asked, number: str) -> Answered:
        session = self._session(asked, number)
        session.is_closed = True
        sealed = [session.parts.get(part["ordinalNumber"], b"")
                  for part in session.declared["fileParts"]]
        hashes = [part["fileHash"] for part in session.declared["fileParts"]]
        if [sha256(part) for part in sealed] != hashes:
            session.code = 405
            return Answered(204)
        try:
            packed = b"".join(keys.decrypt(part, session.key, session.vector) for part in sealed)
            with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                files = {name: archive.read(name) for name in archive.namelist()}
        except (ValueError, zipfile.BadZipFile):
            session.code = 430
            return Answered(204)
        made = [self.books.take(session, xml, sha256(xml), is_offline=session.is_offline,
                                file_name=name) for name, xml in files.items()]
        session.code = 200 if any(one.code == 200 for one in made) else 445
        return Answered(204)

    def close_online(self, asked: Asked, number: str) -> Answered:
        self._session(asked, number).is_closed = True
        return Answered(204)

    def session(self, asked: Asked, number: str) -> Answered:
        found = self._session(asked, number)
        code = found.code if found.is_batch else 170 if found.is_closed else 100
        return _json({"status": {"code": code, "description": f"Sesja: {code}"},
                      "dateCreated": found.opened.isoformat(),
                      "dateUpdated": found.opened.isoformat(),
                      "invoiceCount": len(found.invoices)})

    def invoices(self, asked: Asked, number: str) -> Answered:
        return _json({"invoices": [status(one) for one in self._session(asked, number).invoices]})

    def invoice(self, asked: Asked, number: str, which: str) -> Answered:
        found = next((one for one in self._session(asked, number).invoices
                      if one.reference == which), None)
        if found is None:
            raise Refusal(404, "Nie ma takiej faktury")
        return _json(status(found))

    def receipt(self, asked: Asked, number: str, ksef_number: str) -> Answered:
        self._session(asked, number)
        found = self.books.accepted.get(ksef_number)
        if found is None or found.session != number:
            raise Refusal(404, "Nie ma takiej faktury")
        return Answered(200, upo(found), "application/xml")

    def _session(self, asked: Asked, number: str) -> Session:
        nip, found = self._who(asked), self.books.sessions.get(number)
        if found is None or found.nip != nip:
            raise Refusal(404, "Nie ma takiej sesji", 21173)
        return found

    # -- invoices --------------------------------------------------------------------------

    def listed(self, asked: Asked) -> Answered:
        nip, said = self._who(asked), asked.json
        since = datetime.fromisoformat(said["dateRange"]["from"])
        until = datetime.fromisoformat(said["dateRange"].get("to") or self._until(timedelta(1)))
        size, page = (int(asked.query[name][0]) for name in ("pageSize", "pageOffset"))
        found = [said for one in self.books.accepted.values() if since <= one.arrived < until
                 and (said := metadata(one))["buyer"]["identifier"]["value"] == nip]
        shown = found[page * size:(page + 1) * size]
        return _json({"hasMore": len(found) > (page + 1) * size, "isTruncated": False,
                      "permanentStorageHwmDate": self._until(timedelta(0)), "invoices": shown})

    def fetch(self, asked: Asked, ksef_number: str) -> Answered:
        self._who(asked)
        if ksef_number not in self.books.accepted:
            raise Refusal(404, "Nie ma takiej faktury")
        return Answered(200, self.books.accepted[ksef_number].xml, "application/xml")

    # -- switches --------------------------------------------------------------------------

    def _page(self, asked: Asked) -> Answered:
        if asked.method == "POST":
            if asked.path == "/announce":
                self.latarnia.turn(self.books.clock())
            else:
                self.is_down = not self.is_down
            return Answered(303, headers={"Location": "/"})
        return Answered(200, page(self.books.sessions.values(), is_down=self.is_down,
                                  is_announced=self.latarnia.is_failure),
                        "text/html; charset=utf-8")


def _json(said: Any, code: int = 200) -> Answered:
    return Answered(code, json.dumps(said).encode())


_NUMBER = r"([0-9A-Z-]+)"
_ROUTES: tuple[tuple[str, str, Callable[..., Answered]], ...] = (
    ("POST", "/auth/challenge", StandIn.challenge),
    ("POST", "/auth/ksef-token", StandIn.by_token),
    ("POST", "/auth/xades-signature", StandIn.by_signature),
    ("POST", "/auth/token/redeem", StandIn.redeem),
    ("POST", "/auth/token/refresh", StandIn.refresh),
    ("GET", f"/auth/{_NUMBER}", StandIn.login),
    ("GET", "/security/public-key-certificates", StandIn.public_keys),
    ("POST", "/sessions/online", StandIn.open_online),
    ("POST", f"/sessions/online/{_NUMBER}/invoices", StandIn.send),
    ("POST", f"/sessions/online/{_NUMBER}/close", StandIn.close_online),
    ("POST", "/sessions/batch", StandIn.open_batch),
    ("POST", f"/sessions/batch/{_NUMBER}/close", StandIn.close_batch),
    ("PUT", f"/store/{_NUMBER}/([0-9]+)", StandIn.put_part),
    ("GET", f"/sessions/{_NUMBER}", StandIn.session),
    ("GET", f"/sessions/{_NUMBER}/invoices", StandIn.invoices),
    ("GET", f"/sessions/{_NUMBER}/invoices/{_NUMBER}", StandIn.invoice),
    ("GET", f"/sessions/{_NUMBER}/invoices/ksef/{_NUMBER}/upo", StandIn.receipt),
    ("POST", "/invoices/query/metadata", StandIn.listed),
    ("GET", f"/invoices/ksef/{_NUMBER}", StandIn.fetch),
)
