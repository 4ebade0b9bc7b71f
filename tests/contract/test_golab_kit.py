"""The demo's carrier keeps every promise of the SDK; its labels can be read by a scanner."""

from __future__ import annotations

import io

import pypdfium2
import pytest
import zxingcpp
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench

from tests.contract.kit_golab import Golab


class TestGolab(ConnectorKit):
    """All checks of the kit."""

    standin = Golab


def test_each_package_has_a_page_whose_code_is_its_number():
    with open_bench(Golab) as bench:
        told = bench.call(lambda c: c.book(bench.standin.booking("KIT-1", "several")))
        label = bench.call(lambda c: c.label(told.reference, told.tracking, "pdf_a6"))
    pages = pypdfium2.PdfDocument(io.BytesIO(label.content))
    read = [zxingcpp.read_barcodes(page.render(scale=4).to_pil())[0].text for page in pages]
    assert read == list(told.tracking)


@pytest.mark.parametrize(("hours", "ends"), [(0, "announced"), (6, "moving"), (27, "delivered")])
def test_a_parcel_moves_by_itself(hours, ends):
    with open_bench(Golab) as bench:
        told = bench.call(lambda c: c.book(bench.standin.booking("KIT-1")))
        bench.clock.forward(hours=hours)
        [journey] = bench.call(lambda c: c.track(told.tracking))
    assert journey.events[-1].state == ends
