"""The number that KSeF gives an invoice, and the links behind the codes on its print. Pure.

From the Ministry's descriptions "Numer KSeF" and "Kody weryfikujące" (KSeF API 2.0).
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date

_NUMBER = re.compile(r"[0-9A-Z]{10}-\d{8}-[0-9A-F]{12}-[0-9A-F]{2}")


def is_ksef_number(text: str) -> bool:
    """Whether a number has the form of KSeF's and its check digits are right."""
    return _NUMBER.fullmatch(text) is not None and text[-2:] == check_digits(text[:-3])


def check_digits(head: str) -> str:
    """CRC-8 (polynomial 7) of the number without its end, as two hexadecimal digits."""
    crc = 0
    for byte in head.encode("ascii"):
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ 0x07 if crc & 0x80 else crc << 1
            crc &= 0xFF
    return f"{crc:02X}"


def sha256(xml: bytes) -> str:
    """The hash of an invoice's bytes in Base64, as KSeF's interface writes it."""
    return base64.b64encode(hashlib.sha256(xml).digest()).decode()


def url_safe(hash_: str) -> str:
    """A hash in Base64 as it stands in an address: other signs, no filling."""
    return hash_.translate(str.maketrans("+/", "-_")).rstrip("=")


def invoice_link(base: str, nip: str, issue_date: date, hash_: str) -> str:
    """KOD I: leads to the invoice in KSeF."""
    return f"{base}/invoice/{nip}/{issue_date:%d-%m-%Y}/{url_safe(hash_)}"


def certificate_path(base: str, nip: str, serial: str, hash_: str) -> str:
    """KOD II without its signature: who issued an invoice offline.

    What is signed is this address without ``https://``.
    """
    return f"{base}/certificate/Nip/{nip}/{nip}/{serial}/{url_safe(hash_)}"
