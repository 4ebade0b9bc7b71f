"""The stand-in's own key, and what is done with it: opening what was sealed for the Ministry."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from lxml import etree

_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"


@lru_cache(maxsize=1)
def own() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A key and its certificate, made once in a process."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "KSeF stand-in")])
    now = datetime.now(UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=730))
            .sign(key, hashes.SHA256()))
    return key, made


def certificate() -> str:
    """The certificate in Base64, as KSeF names its own."""
    return base64.b64encode(own()[1].public_bytes(serialization.Encoding.DER)).decode()


def key_id() -> str:
    """A name for the key."""
    digest = hashlib.sha256(own()[1].public_bytes(serialization.Encoding.DER)).digest()
    return base64.b64encode(digest).decode()


def unseal(sealed: str) -> bytes:
    """What was encrypted for us (RSA-OAEP with SHA-256).

    Raises:
        ValueError: it was not.
    """
    return own()[0].decrypt(base64.b64decode(sealed), _OAEP)


def decrypt(sealed: bytes, key: bytes, vector: bytes) -> bytes:
    """What was encrypted with a session's key (AES-256-CBC, PKCS#7).

    Raises:
        ValueError: another key, or altered text.
    """
    opener = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    padded = opener.update(sealed) + opener.finalize()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def signed_challenge(xml: bytes) -> tuple[str, str]:
    """The challenge and the NIP of a signed request to log in.

    Raises:
        ValueError: the signature is not right.
    """
    import xmlsec

    document = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    node = document.find(f"{{{_SIGNATURE}}}Signature")
    if node is None:
        raise ValueError("there is no signature")
    context = xmlsec.SignatureContext()
    shown = "".join((node.findtext(f".//{{{_SIGNATURE}}}X509Certificate") or "").split())
    pem = f"-----BEGIN CERTIFICATE-----\n{shown}\n-----END CERTIFICATE-----\n"
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem)
    xmlsec.tree.add_ids(document, ["Id"])
    try:
        context.verify(node)
    except xmlsec.Error as error:
        raise ValueError(f"the signature is not right: {error}") from error
    return document.findtext("{*}Challenge") or "", document.findtext(".//{*}Nip") or ""
