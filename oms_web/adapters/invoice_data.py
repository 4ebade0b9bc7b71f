"""What the PDF of an invoice carries inside, for programs: its data by the European norm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from oms_web.adapters.pdf import InvoiceData
from oms_web.core.errors import Invalid
from oms_web.domain.einvoices import cii, en16931


def data_of(snapshot: Mapping[str, Any], setting: str) -> InvoiceData | None:
    """What a document's PDF carries by the company's setting (``en16931.goes``).

    None for plain paper, which a document that the norm cannot say stays.
    """
    if not en16931.goes(setting, snapshot):
        return None
    try:
        return inside(snapshot)
    except Invalid:
        return None


def inside(snapshot: Mapping[str, Any]) -> InvoiceData:
    """A document's data.

    Raises:
        Invalid: the norm cannot say what it says.
    """
    return InvoiceData(cii.write(en16931.invoice(snapshot)),
                       date.fromisoformat(snapshot["issue_date"]))
