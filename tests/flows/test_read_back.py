"""What is printed of many documents is read back by machine: every number, every code of KSeF."""

from __future__ import annotations

import io

import pypdf
import pypdfium2
import zxingcpp
from sqlalchemy import select

from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices import numbers, settings
from oms_web.domain.einvoices.models import EInvoice
from tests.flows.test_printing import ksef
from tests.printed import ANNA, pool, shop
from tests.sizes import size
from tests.sync.ksef import NIP, pair

__all__ = ["ksef", "pool", "shop"]

MANY = size(4, 200)
BASE = "https://qr-test.ksef.mf.gov.pl"


def pages_of(pdf: bytes) -> list[tuple[str, set[str]]]:
    """Text and codes of each page; pages are drawn one at a time."""
    texts = [" ".join(page.extract_text().split())
             for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    document = pypdfium2.PdfDocument(pdf)
    found = [{code.text for code in zxingcpp.read_barcodes(
        page.render(scale=200 / 72).to_pil().convert("L"))} for page in document]
    document.close()
    return list(zip(texts, found, strict=True))


def test_every_invoice_leads_to_itself_in_ksef(ksef, shop):
    """Half are accepted, half offline with both codes; all in one file."""
    certificate, key = pair()
    with shop.works.writing(ANNA) as work:
        settings.change(work, {"offline": certificate, "offline_key": key})
    accepted = ksef.issue(MANY // 2)
    ksef.settle(8)
    ksef.ksef.is_down = True
    offline = ksef.issue(MANY - MANY // 2)
    for _ in range(2):
        ksef.run()
        ksef.later(minutes=6)
    with shop.works.reading(ANNA) as work:
        rows = work.session.execute(
            select(Document.order_id, Document.number, EInvoice)
            .join(EInvoice, EInvoice.document_id == Document.id).order_by(Document.id)).all()
    assert {one.EInvoice.document_id for one in rows} == {*accepted, *offline}
    batch = shop.printing.batch("invoice", [one.order_id for one in rows], ANNA, "pl",
                                lambda *_: None)
    assert (batch.printed, batch.failed) == (MANY, {})
    for (text, codes), (_, number, row) in zip(pages_of(batch.pdf), rows, strict=True):
        assert number in text
        wanted = {numbers.invoice_link(BASE, NIP, row.issue_date, row.hash)}
        if row.is_offline:
            wanted.add(row.offline_link)
            assert "OFFLINE" in text
        else:
            assert row.ksef_number in text.replace(" ", "")
        assert codes == wanted, number
