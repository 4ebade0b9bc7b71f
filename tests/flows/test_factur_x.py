"""PDFs that carry the data of their invoice: what is in them, and whose do."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pypdf
import pytest
from lxml import etree

from oms_web.core.actor import Actor
from oms_web.core.errors import NotFound
from oms_web.domain.documents.drafting import Ask
from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices import cii, en16931
from oms_web.flows.issue_document import issue_invoice
from tests import european, paper

ANNA = Actor("user", "Anna Nowak", None)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MARKS = ('pdfaid:part="3"', 'pdfaid:conformance="A"', "<fx:ConformanceLevel>EN 16931<",
         "<fx:DocumentFileName>factur-x.xml<", "pdfaSchema:namespaceURI")


@pytest.fixture
def shop(oms):
    """An installation whose company sends data to companies: an invoice of one, one of a person."""
    if reason := oms.printing.available():
        pytest.skip(f"PDF is unavailable here: {reason}")
    oms.works.clock = lambda: NOW
    with oms.works.writing(ANNA) as work:
        paper.company(work, invoice_data="companies")
        for buyer in ({"tax_id": "5261040828", "bill_to": paper.COMPANY_HOME}, {}):
            issue_invoice(work, paper.order(work, **buyer).id, Ask())
    return oms


def root_of(pdf: bytes) -> pypdf.generic.DictionaryObject:
    return pypdf.PdfReader(io.BytesIO(pdf)).trailer["/Root"]


def fonts_of(pdf: bytes) -> list[pypdf.generic.DictionaryObject]:
    """The descriptors of all fonts that a PDF uses."""
    found = []
    for page in pypdf.PdfReader(io.BytesIO(pdf)).pages:
        for font in page["/Resources"]["/Font"].values():
            below = font.get_object().get("/DescendantFonts", [font])
            found += [one.get_object()["/FontDescriptor"].get_object() for one in below]
    assert found
    return found


def test_an_invoice_carries_its_data_where_the_seller_wants_it(shop):
    """The judge of PDF/A is veraPDF, which cannot be had here; this looks at what it looks at."""
    pdf = shop.printing.document(1)
    assert shop.printing.document(1) == pdf
    assert shop.printing.factur_x(1) == pdf
    root = root_of(pdf)
    files = [one.get_object() for one in root["/AF"]]
    assert [(one["/UF"], one["/AFRelationship"]) for one in files] == [
        ("factur-x.xml", "/Alternative")]
    inside = files[0]["/EF"]["/F"].get_object()
    with shop.works.reading(ANNA) as work:
        said = work.session.get(Document, 1).snapshot
    assert inside.get_data() == cii.write(en16931.invoice(said))
    assert european.faults(inside.get_data()) == []
    assert inside["/Subtype"] == "/text/xml"
    assert root["/Names"]["/EmbeddedFiles"].get_object()["/Names"][0] == "factur-x.xml"
    metadata = etree.fromstring(root["/Metadata"].get_object().get_data())
    assert [etree.QName(one).localname for one in metadata] == ["RDF"]
    words = etree.tostring(metadata, encoding="unicode")
    assert [mark for mark in MARKS if mark not in words] == []
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert root["/MarkInfo"]["/Marked"]
    assert all("/FontFile2" in font or "/FontFile3" in font for font in fonts_of(pdf))


def test_nobody_elses_does_unless_it_is_asked_for(shop):
    assert "/AF" not in root_of(shop.printing.document(2))
    assert "/AF" in root_of(shop.printing.factur_x(2))
    assert "/AF" not in root_of(shop.printing.document(2))
    with pytest.raises(NotFound):
        shop.printing.factur_x(99)
