"""Invoices for buyers: first a note of the document, then its file."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from oms_connector import Conflict, Invoice, NotFound, RateLimited, Refused
from oms_connector.reading import children, value

from oms_allegro import words
from oms_allegro.calls import Api
from oms_allegro.reading import text_or_empty

LARGEST = 3 * 1024 * 1024
SCAN_S = 60.0


def upload_invoice(api: Api, invoice: Invoice) -> str:
    """Allegro's id of the document; what was uploaded under the same key stays the only one.

    Raises:
        RateLimited: Allegro still checks the order's previous file.
        Refused: too large, or the order takes no invoice.
    """
    if len(invoice.pdf) > LARGEST:
        raise Refused(words.LARGE_FILE, field="pdf")
    path = f"/order/checkout-forms/{quote(invoice.external_id, safe='')}/invoices"
    name = file_name(invoice)
    try:
        ref, has_file = _known(api, path, name)
        if not ref:
            answer = api.send("POST", path, {
                "file": {"name": name}, "invoiceNumber": invoice.number,
            }, "id")
            ref = str(answer["id"])
        if not has_file:
            _put_file(api, f"{path}/{ref}/file", invoice.pdf)
    except Refused as refused:
        # A new document has to wait for the scan of the one before; the code is not documented.
        if "scan" in str(refused).lower():
            raise RateLimited(words.SCANNING, SCAN_S) from refused
        raise
    return ref


def file_name(invoice: Invoice) -> str:
    """The file's name: the number for the buyer, and a mark of the key to know it again by."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", invoice.number).strip("-")[:60]
    mark = sha256(invoice.key.encode()).hexdigest()[:10]
    return f"{readable or 'invoice'}-{mark}.pdf"


def _put_file(api: Api, path: str, pdf: bytes) -> None:
    try:
        api.upload(path, pdf, "application/pdf")
    except Conflict:
        return  # the file is there already


def _known(api: Api, path: str, name: str) -> tuple[str, bool]:
    """The document with this file name, and whether its file is there; empty if there is none."""
    try:
        listed: Any = api.get(path)
    except NotFound:  # an order without documents is "not found" here (issue 4415)
        return "", False
    for entry in children(listed, "invoices"):
        if value(entry, "file", "name") == name:
            return text_or_empty(entry, "id"), value(entry, "file", "uploadedAt") is not None
    return "", False
