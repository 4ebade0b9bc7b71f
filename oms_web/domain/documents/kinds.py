"""The kinds of documents, and what follows from a kind. Pure.

An invoice documents a sale; an advance invoice a payment before it (ustawa o VAT, art. 106f); a
final invoice the sale less its advances; a correction puts one of these right (art. 106j). A pro
forma only asks for money. Warehouse papers say that goods came, went or were carried over.
"""

from __future__ import annotations

from oms_web.domain.documents import numbering

INVOICE, CORRECTION, PROFORMA = "invoice", "correction", "proforma"
ADVANCE, FINAL = "advance", "final"
WZ, PZ, MM, RW, PW = "wz", "pz", "mm", "rw", "pw"

SALES = (INVOICE, FINAL)
"""What makes an order documented."""
CORRECTABLE = (INVOICE, ADVANCE, FINAL)
FOR_BUYERS = (INVOICE, CORRECTION, PROFORMA, ADVANCE, FINAL)
WAREHOUSE = (WZ, PZ, MM, RW, PW)
KINDS = (*FOR_BUYERS, *WAREHOUSE)

# Kind of series -> name, pattern and reset of the one that is made when it is first needed.
FIRST_SERIES = {
    INVOICE: ("FV", "FV {n}/{month}/{year}", numbering.MONTH),
    CORRECTION: ("KOR", "KOR {n}/{month}/{year}", numbering.MONTH),
    PROFORMA: ("PRO", "PRO {n}/{month}/{year}", numbering.MONTH),
    ADVANCE: ("ZAL", "ZAL {n}/{month}/{year}", numbering.MONTH),
    WZ: ("WZ", "WZ {n}/{month}/{year}", numbering.MONTH),
    PZ: ("PZ", "PZ {n}/{month}/{year}", numbering.MONTH),
    MM: ("MM", "MM {n}/{month}/{year}", numbering.MONTH),
    RW: ("RW", "RW {n}/{month}/{year}", numbering.MONTH),
    PW: ("PW", "PW {n}/{month}/{year}", numbering.MONTH),
}


def series_kind(kind: str) -> str:
    """Whose numbers a kind takes: a final invoice is numbered among the invoices."""
    return INVOICE if kind == FINAL else kind
