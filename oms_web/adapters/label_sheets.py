"""Labels of carriers on paper: one after another, or four on a sheet of A4.

They were drawn by somebody else. One that cannot be read is named and stops no other; pages are
only placed, nothing in them is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from oms_web.adapters.pdf import PdfFailed

A4 = (595.276, 841.89)
"""Points: 210 by 297 mm. A quarter of it is an A6 sheet."""
MOST_PAGES = 20
"""Pages of one label; more is no label."""


def pages_of(content: bytes) -> list[Any]:
    """The pages of a label.

    Raises:
        PdfFailed: it cannot be read, or it has no pages, or too many.
    """
    from pypdf import PdfReader

    try:
        found = list(PdfReader(BytesIO(content)).pages)
        sizes = [(float(page.mediabox.width), float(page.mediabox.height)) for page in found]
    except Exception as error:  # whatever a reader of foreign files meets
        raise PdfFailed("The carrier's label cannot be read.") from error
    if not 0 < len(found) <= MOST_PAGES or any(min(size) <= 0 for size in sizes):
        raise PdfFailed("The carrier's label cannot be read.")
    return found


def one_after_another(pages: Sequence[Any]) -> bytes:
    """Each page as it was drawn."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    for page in pages:
        writer.add_page(page)
    return _written(writer)


def four_on_a4(pages: Sequence[Any]) -> bytes:
    """Four pages on each sheet, shrunk to a quarter where they are larger, never enlarged."""
    from pypdf import PageObject, PdfWriter, Transformation

    writer = PdfWriter()
    for begin in range(0, len(pages), 4):
        sheet = PageObject.create_blank_page(width=A4[0], height=A4[1])
        for place, page in enumerate(pages[begin:begin + 4]):
            box = page.mediabox
            scale = min(1.0, A4[0] / 2 / float(box.width), A4[1] / 2 / float(box.height))
            left = (place % 2) * A4[0] / 2 - float(box.left) * scale
            bottom = (0.0 if place >= 2 else A4[1] / 2) - float(box.bottom) * scale
            placed = Transformation().scale(scale).translate(left, bottom)
            sheet.merge_transformed_page(page, placed)
        writer.add_page(sheet)
    return _written(writer)


def _written(writer: Any) -> bytes:
    whole = BytesIO()
    writer.write(whole)
    return whole.getvalue()
