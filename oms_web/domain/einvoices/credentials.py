"""Certificates and keys as people bring them, and what is signed with them. Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import pkcs12

from oms_web.core.errors import Invalid
from oms_web.domain.einvoices.office import Pair

_PSS_SALT = 32


@dataclass(frozen=True, slots=True)
class Read:
    """A certificate with its key, and what it says: whose, until when, its serial number."""

    pair: Pair
    name: str
    until: datetime
    serial: str


def read_pair(certificate: bytes, key: bytes, password: str, field: str) -> Read:
    """A certificate (PEM, DER) with its key, or both in one PKCS#12 file.

    Raises:
        Invalid: at ``field``: unreadable, a wrong password, or the two do not belong together.
    """
    secret = password.encode() or None
    try:
        private, found = _pkcs12(certificate, secret) if not key else (
            _key(key, secret), _certificate(certificate))
    except (ValueError, TypeError) as error:
        raise Invalid("The certificate and its key cannot be read. Is it the right file, and the "
                      "right password?", field) from error
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Invalid("The key must be of the kind RSA or EC.", field)
    if private.public_key() != found.public_key():
        raise Invalid("The key does not belong to the certificate.", field)
    pair = Pair(
        found.public_bytes(serialization.Encoding.PEM).decode(),
        private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()).decode())
    return Read(pair, _name(found), found.not_valid_after_utc.astimezone(UTC),
                f"{found.serial_number:016X}")


def sign(pair: Pair, text: str) -> str:
    """A signature of a text as KOD II wants it, in Base64 for addresses.

    RSA-PSS with SHA-256 and a salt of 32 bytes, or ECDSA with SHA-256 written as r and s (the
    Ministry's "Kody weryfikujące").
    """
    key = serialization.load_pem_private_key(pair.key.encode(), None)
    if isinstance(key, rsa.RSAPrivateKey):
        made = key.sign(text.encode(), padding.PSS(padding.MGF1(hashes.SHA256()), _PSS_SALT),
                        hashes.SHA256())
    else:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        size = (key.key_size + 7) // 8
        made = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def _pkcs12(content: bytes, secret: bytes | None) -> tuple[object, x509.Certificate]:
    key, certificate, _more = pkcs12.load_key_and_certificates(content, secret)
    if key is None or certificate is None:
        raise ValueError("a certificate and a key are needed")
    return key, certificate


def _key(content: bytes, secret: bytes | None) -> object:
    if b"-----BEGIN" in content:
        return serialization.load_pem_private_key(content, secret)
    return serialization.load_der_private_key(content, secret)


def _certificate(content: bytes) -> x509.Certificate:
    if b"-----BEGIN" in content:
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


def _name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value)[:200] if names else certificate.subject.rfc4514_string()[:200]
