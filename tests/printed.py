"""An installation whose printing shares one engine, and what tests read off its papers."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pypdf
import pypdfium2
import pytest
import zxingcpp

from oms_web.adapters.pdf import PdfPool
from oms_web.adapters.print_pages import CSS, FONTS
from oms_web.core.actor import Actor
from oms_web.flows.issue_document import issue_invoice
from tests import paper

ANNA = Actor("user", "Anna Nowak", None)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def pool():
    """One engine for all tests here: starting it is what takes time."""
    made = PdfPool(CSS, FONTS)
    reason = made.available()
    if reason:
        pytest.skip(f"PDF is unavailable here: {reason}")
    yield made
    made.close()


@pytest.fixture
def shop(oms, pool):
    """An installation with a company, whose printing uses the shared engine."""
    oms.works.clock = lambda: NOW
    oms.printing.pdf = pool
    with oms.works.writing(ANNA) as work:
        paper.company(work, footer_pl="Dziękujemy, {order_number}", footer_en="Thank you")
    return oms


def make(oms, *args, **kwargs) -> int:
    with oms.works.writing(ANNA) as work:
        return paper.order(work, *args, **kwargs).id


def invoiced(oms, *args, ask=None, **kwargs) -> int:
    order_id = make(oms, *args, **kwargs)
    with oms.works.writing(ANNA) as work:
        return issue_invoice(work, order_id, ask)[0].id


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def page_count(pdf: bytes) -> int:
    return len(pypdf.PdfReader(io.BytesIO(pdf)).pages)


def codes_on(pdf: bytes, dpi: int = 200) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    found = [
        code.text for page in document
        for code in zxingcpp.read_barcodes(page.render(scale=dpi / 72).to_pil().convert("L"))
    ]
    document.close()
    return found
