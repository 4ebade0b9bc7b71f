"""KSeF over its interface (API 2.0): the one file that knows its addresses and its JSON.

Sending goes through ``AccountHttp`` like everything else; encryption and signatures are
``ksef_client``'s. The pages of the Ministry's documentation that each part follows: "Sesja
interaktywna", "Sesja wsadowa", "Sprawdzenie stanu i pobranie UPO", "Pobieranie faktur", "Limity".
"""

from __future__ import annotations

import base64
import io
import os
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Limit,
    NotFound,
    OutcomeUnknown,
    Refused,
    Response,
)

from oms_web.adapters.http import AccountHttp
from oms_web.adapters.ksef_login import SESSION_KEY, Signing, moment, public_key, read, words
from oms_web.core.clock import Clock
from oms_web.core.money import to_minor
from oms_web.domain.einvoices import numbers
from oms_web.domain.einvoices.fa3 import FORM_CODE
from oms_web.domain.einvoices.office import Access, Listed, Listing, Login, Parcel, Session
from oms_web.domain.einvoices.states import Answer, SessionAnswer

LIMITS = (
    Limit(120 / 3600, 20, "open"), Limit(180 / 3600, 30, "send"), Limit(60 / 3600, 10, "batch"),
    Limit(20 / 3600, 10, "list"), Limit(64 / 3600, 16, "fetch"), Limit(1200 / 3600, 120, "ask"),
)
"""A little below what KSeF allows a company at one address ("Limity API")."""

LONGEST_SPAN = timedelta(days=89)
_SPARE = timedelta(minutes=10)
_PAGE, _PAGES = 250, 20
_CHUNK = 1000
# What a person reads on the page of settings.
_ANSWERED = "KSeF answered with an error: %(status)s"
_SAYS = "KSeF says: %(why)s"
_NOT_TAKEN = "the store of KSeF did not take the package: %(status)s"

MakeHttp = Callable[..., AccountHttp]


class Ksef:
    """An ``EInvoiceOffice`` that is really there. ``make_http`` as ``AccountHttp`` without pace."""

    def __init__(self, address: str, nip: str, login: Login, access: Access | None,
                 keep: Callable[[Access], None], make_http: MakeHttp, clock: Clock,
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self._signing = Signing(self.ask, nip, login, access, keep, clock, sleep)
        self._make_http, self._clock = make_http, clock
        self._http = make_http(address, self._signing.headers(), renewal=self._signing)

    def ask(self, method: str, path: str, *, safe: bool | None = None, **more: Any) -> Response:
        """Send a request; what KSeF refuses becomes an error of the SDK."""
        answer = self._http.request(method, path, safe=safe, **more)
        if answer.status < 400:
            return answer
        harmless = method == "GET" if safe is None else safe
        raise _error(answer, harmless=harmless)

    def check(self) -> None:
        """Sign in anew: a token that was taken back is found out."""
        self._http.renew()

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    # -- sending ---------------------------------------------------------------------------

    def open(self) -> Session:
        """Open a session for single invoices."""
        key, vector, encryption = self._encryption()
        opened = read(self.ask("POST", "/sessions/online", bucket="open", safe=True,
                               json={"formCode": FORM_CODE, "encryption": encryption}))
        return Session(opened["referenceNumber"], key, vector,
                       moment(opened["validUntil"]) - _SPARE)

    def send(self, session: Session, parcel: Parcel) -> str:
        """Send an invoice; KSeF's reference of it."""
        sealed = _encrypt(parcel.xml, session.key, session.vector)
        body = {
            "invoiceHash": numbers.sha256(parcel.xml), "invoiceSize": len(parcel.xml),
            "encryptedInvoiceHash": numbers.sha256(sealed), "encryptedInvoiceSize": len(sealed),
            "encryptedInvoiceContent": base64.b64encode(sealed).decode(),
            "offlineMode": parcel.is_offline,
        }
        if parcel.replaces:
            body["hashOfCorrectedInvoice"] = parcel.replaces
        sent = self.ask("POST", f"/sessions/online/{session.reference}/invoices", bucket="send",
                        json=body)
        try:
            return str(read(sent)["referenceNumber"])
        except (ChannelDown, KeyError) as error:  # taken, but by what name nobody can read
            raise OutcomeUnknown("KSeF's answer cannot be read") from error

    def send_many(self, parcels: Sequence[Parcel], opened: Callable[[str], None]) -> None:
        """Send invoices as one package: announced, put where KSeF says, closed."""
        packed = _packed([parcel.xml for parcel in parcels])
        key, vector, encryption = self._encryption()
        sealed = _encrypt(packed, key, vector)
        begun = read(self.ask("POST", "/sessions/batch", bucket="batch", safe=True, json={
            "formCode": FORM_CODE, "encryption": encryption,
            "offlineMode": parcels[0].is_offline,
            "batchFile": {
                "fileSize": len(packed), "fileHash": numbers.sha256(packed),
                "fileParts": [{"ordinalNumber": 1, "fileSize": len(sealed),
                               "fileHash": numbers.sha256(sealed)}],
            },
        }))
        opened(begun["referenceNumber"])
        for part in begun["partUploadRequests"]:
            self._put(part, sealed)
        self.ask("POST", f"/sessions/batch/{begun['referenceNumber']}/close", bucket="batch")

    def _put(self, part: Mapping[str, Any], content: bytes) -> None:
        """Put a part where KSeF says. Nothing counts before the session is closed."""
        parts = urlsplit(part["url"])
        client = self._make_http(f"{parts.scheme}://{parts.netloc}", {}, renewal=None)
        try:
            answer = client.request(part["method"], part["url"], body=content, signed=False,
                                    headers=dict(part.get("headers") or {}), safe=True)
        finally:
            client.close()
        if answer.status >= 300:
            raise ChannelDown(_NOT_TAKEN % {"status": answer.status})

    def _encryption(self) -> tuple[bytes, bytes, dict[str, str]]:
        from ksef_client.services.crypto import encrypt_rsa_oaep

        theirs = public_key(self.ask, SESSION_KEY)
        key, vector = os.urandom(32), os.urandom(16)
        return key, vector, {
            "encryptedSymmetricKey": base64.b64encode(
                encrypt_rsa_oaep(theirs["certificate"], key)).decode(),
            "initializationVector": base64.b64encode(vector).decode(),
            "publicKeyId": theirs["publicKeyId"],
        }

    # -- asking ----------------------------------------------------------------------------

    def answer(self, session: str, reference: str) -> Answer:
        """What became of an invoice."""
        return _answer(read(self.ask("GET", f"/sessions/{session}/invoices/{reference}",
                                     bucket="ask")))

    def session(self, session: str) -> SessionAnswer:
        """What became of a session and of all invoices that arrived in it."""
        status = read(self.ask("GET", f"/sessions/{session}", bucket="ask"))["status"]
        found: list[Answer] = []
        follow: dict[str, str] = {}
        while True:
            page = read(self.ask("GET", f"/sessions/{session}/invoices", bucket="ask",
                                 params={"pageSize": _CHUNK}, headers=follow))
            found += map(_answer, page["invoices"])
            if not page.get("continuationToken"):
                return SessionAnswer(status["code"], words(status), tuple(found))
            follow = {"x-continuation-token": page["continuationToken"]}

    def receipt(self, session: str, ksef_number: str) -> bytes:
        """The UPO of an invoice that was accepted in a session."""
        return self.ask("GET", f"/sessions/{session}/invoices/ksef/{ksef_number}/upo",
                        bucket="ask").body

    def hash_of(self, ksef_number: str) -> str:
        """The hash of an invoice that KSeF has: of its bytes, not of what a list says."""
        return numbers.sha256(self.fetch(ksef_number))

    # -- invoices of others ----------------------------------------------------------------

    def fetch(self, ksef_number: str) -> bytes:
        """The XML of an invoice."""
        return self.ask("GET", f"/invoices/ksef/{ksef_number}", bucket="fetch").body

    def incoming(self, since: datetime) -> Listing:
        """Invoices issued to the company and stored since a moment, the oldest first.

        Asked by the moment of storing and no further than KSeF's high-water mark, so that nothing
        comes late behind what was read ("Pobieranie faktur", HWM).
        """
        span: dict[str, Any] = {"dateType": "PermanentStorage", "from": since.isoformat(),
                                "restrictToPermanentStorageHwmDate": True}
        ends = since + LONGEST_SPAN
        if ends < self._clock():
            span["to"] = ends.isoformat()
        found: list[Listed] = []
        for offset in range(_PAGES):
            page = read(self.ask(
                "POST", "/invoices/query/metadata", bucket="list", safe=True,
                params={"sortOrder": "Asc", "pageOffset": offset, "pageSize": _PAGE},
                json={"subjectType": "Subject2", "dateRange": span}))
            found += map(_listed, page["invoices"])
            if not page["hasMore"]:
                break
        cut = page["hasMore"] or page["isTruncated"]
        if cut and found:
            return Listing(found, found[-1].stored_at)
        mark = page.get("permanentStorageHwmDate")
        until = moment(mark) if mark else since
        return Listing(found, max(since, min(until, ends) if "to" in span else until))


def _answer(said: Mapping[str, Any]) -> Answer:
    status = said["status"]
    acquired, more = said.get("acquisitionDate"), status.get("extensions") or {}
    return Answer(
        int(status["code"]), "" if status["code"] == 200 else words(status),
        said["referenceNumber"], said.get("ksefNumber") or "", said["invoiceHash"],
        moment(acquired) if acquired else None,
        str(more.get("originalKsefNumber") or ""),
        str(more.get("originalSessionReferenceNumber") or ""),
    )


def _listed(said: Mapping[str, Any]) -> Listed:
    currency = said["currency"]
    net, tax, gross = (to_minor(Decimal(said[name]), currency)
                       for name in ("netAmount", "vatAmount", "grossAmount"))
    return Listed(
        said["ksefNumber"], said["invoiceNumber"], said["invoiceType"], said["seller"]["nip"],
        said["seller"].get("name") or "", date.fromisoformat(said["issueDate"][:10]),
        moment(said["permanentStorageDate"]), currency, net, tax, gross, said["invoiceHash"],
    )


def _encrypt(content: bytes, key: bytes, vector: bytes) -> bytes:
    from ksef_client.services.crypto import encrypt_aes_cbc_pkcs7

    return bytes(encrypt_aes_cbc_pkcs7(content, key, vector))


def _packed(files: Sequence[bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(files, start=1):
            archive.writestr(f"{number}.xml", content)
    return whole.getvalue()


def _error(answer: Response, *, harmless: bool) -> ChannelError:
    """What a refusal means. Of a failure on its side nobody knows how far KSeF came."""
    if answer.status >= 500:
        said = _ANSWERED % {"status": answer.status}
        return ChannelDown(said) if harmless else OutcomeUnknown(said)
    code, said = _reason(answer)
    if answer.status == 403:
        return AccessRefused(_SAYS % {"why": said})
    return NotFound(said) if answer.status == 404 else Refused(said, code)


def _reason(answer: Response) -> tuple[str, str]:
    try:
        said = read(answer)
        details = (said.get("exception") or {}).get("exceptionDetailList") or said.get("errors")
        first = (details or [{}])[0]
        code = str(first.get("exceptionCode") or first.get("code") or answer.status)
        more = [str(one) for one in first.get("details") or ()]
        text = first.get("exceptionDescription") or first.get("description") \
            or said.get("detail") or said.get("title") or ""
        return code, "; ".join(filter(None, [str(text), *more])) or str(answer.status)
    except (ChannelDown, AttributeError, IndexError, TypeError):
        return str(answer.status), str(answer.status)
