"""Tpay as a stand-in: takes any key twice, knows none of refunds, signs with certificates."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from oms_connector import Limit, Response
from oms_connector.testing import Clock, Delivery, Request, answer
from oms_tpay import TpayConnector

from tests.contract.paying_standin import Kept, Provider

SECRET, CODE = "tpay-client-secret-of-the-kit", "tpay-security-code-of-the-kit"
HOME = "https://secure.sandbox.tpay.com"
LEAF_AT, ROOT_AT = "/x509/notifications-jws.pem", "/x509/tpay-jws-root.pem"
ASKED = {"amount", "currency", "description", "hiddenDescription", "lang", "payer", "callbacks"}


def certificate(name: str, key: RSAPrivateKey, issuer: str, by: RSAPrivateKey,
                ends: int = 2036) -> x509.Certificate:
    """A certificate of a key, signed by another."""
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    return (x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(issuer))
            .public_key(key.public_key()).serial_number(7)
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(ends, 1, 1, tzinfo=UTC)).sign(by, SHA256()))


@functools.cache
def keys() -> tuple[RSAPrivateKey, RSAPrivateKey]:
    """The root's key and the key that signs; made once, since making them takes time."""
    return generate_private_key(65537, 2048), generate_private_key(65537, 2048)


@functools.cache
def pems() -> tuple[str, str]:
    """The certificate that signs, and the root's."""
    root, leaf = keys()
    made = (certificate("jws", leaf, "root", root), certificate("root", root, "root", root))
    return tuple(one.public_bytes(Encoding.PEM).decode() for one in made)  # type: ignore


class Tpay(Provider):
    """One merchant."""

    connector = TpayConnector
    limits = (Limit(per_second=5, burst=10),)
    signatures = ("x-jws-signature",)
    open_word, paid_word = "pending", "correct"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.tokens: set[str] = set()
        self.issued = 0

    def ref_of(self, number: int, key: str) -> str:
        return f"ta_{number:08d}"

    def place(self, basket: Any, count: int = 1) -> Sequence[str]:
        return [self.kept[ref].key for ref in super().place(basket, count)]

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://openapi.sandbox.tpay.com", "client_id": "kit-client"}

    @property
    def secrets(self) -> Mapping[str, str]:
        leaf, root = pems()
        return {"client_secret": SECRET, "security_code": CODE, "certificate": leaf, "root": root}

    def expire_tokens(self) -> None:
        self.tokens.clear()

    def exchange(self, request: Request) -> Response:
        if urlsplit(request.url).netloc == "secure.sandbox.tpay.com":
            found = dict(zip((LEAF_AT, ROOT_AT), pems(), strict=True)).get(request.path, "")
            return Response(200 if found else 404, {}, found.encode())
        if request.path == "/oauth/auth":
            return self._token(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens or not self.is_open:
            return answer(401, {"result": "failed", "errors": [{"errorCode": "unauthorized"}]})
        if request.path == "/transactions":
            if request.method == "POST":
                return self._open(request.json())
            newest = list(self.kept.values())[::-1][:int(request.query["limit"])]
            return answer(200, {"result": "success", "transactions": [
                self._row(one) for one in newest]})
        found = re.fullmatch(r"/transactions/(\w+)(/refunds)?", request.path)
        kept = self.kept.get(found[1]) if found else None
        if found is None or kept is None:
            return no(404, "not_found")
        if not found[2]:
            return answer(200, self._row(kept))
        if request.method == "GET":
            return answer(200, {"result": "success", "refunds": [
                {"refundId": one["id"], "amount": one["amount"] / 100, "status": "pending"}
                for one in kept.refunds]})
        amount = round(request.json()["amount"] * 100)
        if kept.state != "correct" or amount > kept.left:
            return no(400, "refund_amount_too_high", "amount")
        kept.refunds.append({"id": f"re_{kept.ref}_{len(kept.refunds)}", "amount": amount})
        return answer(200, {"result": "success", "refundId": kept.refunds[-1]["id"],
                            "status": "pending"})

    def _token(self, request: Request) -> Response:
        if dict(parse_qsl(request.body.decode())) != {
                "client_id": "kit-client", "client_secret": SECRET} or not self.is_open:
            return answer(401, {"result": "failed", "errors": [{"errorCode": "access_denied"}]})
        self.issued += 1
        token = f"tpay-token-{self.issued}"
        self.tokens.add(token)
        # A real one ends after two hours; the kit's long pauses should not end it while it counts.
        return answer(200, {"issued_at": 1, "scope": "read write", "token_type": "Bearer",
                            "expires_in": 864000, "client_id": "kit-client",
                            "access_token": token})

    def _open(self, said: Mapping[str, Any]) -> Response:
        kept = self.add(said["hiddenDescription"], round(said["amount"] * 100), said["currency"])
        return answer(200, self._row(kept) | {
            "transactionPaymentUrl": f"{HOME}/?title=TR-KIT-{kept.ref}"})

    def _row(self, kept: Kept) -> dict[str, Any]:
        return {"result": "success", "requestId": "r", "transactionId": kept.ref,
                "title": f"TR-KIT-{kept.ref}", "posId": "ps_1", "status": kept.state,
                "amount": kept.amount / 100, "currency": kept.currency, "description": "x",
                "hiddenDescription": kept.key, "payments": {"status": kept.state,
                                                            "method": "pay_by_link"}}

    def ring(self, ref: str) -> Delivery:
        self.rings += 1
        kept = next(one for one in self.kept.values() if one.key == ref)
        said = {"id": "1010", "tr_id": f"TR-KIT-TST{self.rings}X",
                "tr_date": "2026-11-23 10:30:00", "tr_crc": ref,
                "tr_amount": f"{kept.amount / 100:.2f}", "tr_paid": f"{kept.amount / 100:.2f}",
                "tr_desc": "Zamówienie", "tr_status": "TRUE", "tr_error": "none",
                "tr_email": "zofia@kit.example"}
        mark = hashlib.md5("".join([said["id"], said["tr_id"], said["tr_amount"], ref,
                                    CODE]).encode()).hexdigest()
        return signed(urlencode(said | {"md5sum": mark}).encode())

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        if request.path != "/transactions" or request.method != "POST":
            return []
        said = request.json()
        wrong = [f"{name} is not known" for name in sorted(set(said) - ASKED)]
        wrong += [f"{name} is missing" for name in ("amount", "description", "payer")
                  if name not in said]
        wrong += ["description" for _ in "x" if len(said["description"]) > 128]
        return wrong + ["payer" for _ in "x" if set(said["payer"]) != {"email", "name"}]


def signed(body: bytes, x5u: str = HOME + LEAF_AT, alg: str = "RS256") -> Delivery:
    """A notice with its detached JWS."""
    def b64(raw: bytes) -> bytes:
        return base64.urlsafe_b64encode(raw).rstrip(b"=")

    head = b64(json.dumps({"alg": alg, "x5u": x5u}).encode())
    mark = keys()[1].sign(head + b"." + b64(body), PKCS1v15(), SHA256())
    return Delivery(body, {"Content-Type": "application/x-www-form-urlencoded",
                           "X-JWS-Signature": f"{head.decode()}..{b64(mark).decode()}"})


def no(status: int, code: str, field: str = "") -> Response:
    """A refusal in Tpay's form."""
    return answer(status, {"result": "failed", "requestId": "r", "errors": [
        {"errorCode": code, "errorMessage": "no", "fieldName": field}]})
