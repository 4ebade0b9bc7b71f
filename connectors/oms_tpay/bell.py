"""Doorbells: Tpay posts a form, signed twice.

``X-JWS-Signature`` is a detached JWS (RFC 7515, appendix F; RS256) over the raw body, by a
certificate at ``x5u`` under Tpay's own address, issued by Tpay's root. ``md5sum`` in the form is
the hash of some of its fields and the account's security code. Both have to be good. Answering the
door asks nothing of the network, so the certificates are fetched together with each access token.
Source: docs-api.tpay.com, "Webhooks"; tpay-openapi-php.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from oms_connector import Ring, WebhookRefused

from oms_tpay import words

SIGNATURE = "x-jws-signature"
CERTIFICATE, ROOT = "/x509/notifications-jws.pem", "/x509/tpay-jws-root.pem"
SIGNED = ("id", "tr_id", "tr_amount", "tr_crc")


def hear(
    body: bytes, headers: Mapping[str, str], secrets: Mapping[str, str], home: str, now: datetime
) -> Sequence[Ring]:
    """What a notice is about. Nothing of it is looked at before its signature is good.

    Args:
        secrets: ``security_code``, ``certificate`` and ``root`` (both PEM).
        home: where Tpay's certificates are.

    Raises:
        WebhookRefused: no code, no certificate, a wrong signature, or nonsense.
    """
    code = secrets.get("security_code", "")
    if not code:
        raise WebhookRefused(words.NO_SECRET)
    key = _key(secrets.get("certificate", ""), secrets.get("root", ""), now)
    _check(body, headers.get(SIGNATURE, ""), key, home)
    told = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if "tr_id" not in told:
        return []
    wanted = hashlib.md5("".join(  # noqa: S324 - the vendor's own way, beside the real signature
        [*(told.get(name, "") for name in SIGNED), code]).encode()).hexdigest()
    if not hmac.compare_digest(wanted.encode(), told.get("md5sum", "").encode("utf-8", "replace")):
        raise WebhookRefused(words.BAD_SIGNATURE)
    ref = told.get("tr_crc") or told["tr_id"]
    return [Ring("payment", ref[:160], hashlib.sha256(body).hexdigest()[:60])]


def _key(certificate: str, root: str, now: datetime) -> RSAPublicKey:
    """The key that signs, if Tpay's root has issued it and it has not ended."""
    if not certificate or not root:
        raise WebhookRefused(words.NO_CERTIFICATE)
    try:
        leaf, issuer = (x509.load_pem_x509_certificate(one.encode()) for one in (certificate, root))
        leaf.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise WebhookRefused(words.BAD_SIGNATURE) from error
    key = leaf.public_key()
    if not isinstance(key, RSAPublicKey) or not all(
            one.not_valid_before_utc <= now <= one.not_valid_after_utc for one in (leaf, issuer)):
        raise WebhookRefused(words.BAD_SIGNATURE)
    return key


def _check(body: bytes, jws: str, key: RSAPublicKey, home: str) -> None:
    head, dot, rest = jws.partition(".")
    detached, second, mark = rest.partition(".")
    try:
        said: Any = json.loads(_decoded(head))
        if not dot or not second or detached or said["alg"] != "RS256" \
                or said["x5u"] != home + CERTIFICATE:
            raise WebhookRefused(words.BAD_SIGNATURE)
        payload = base64.urlsafe_b64encode(body).rstrip(b"=")
        key.verify(_decoded(mark), head.encode() + b"." + payload, PKCS1v15(), SHA256())
    except (ValueError, TypeError, LookupError, InvalidSignature, RecursionError) as error:
        raise WebhookRefused(words.BAD_SIGNATURE) from error


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
