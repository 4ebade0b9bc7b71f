"""When an invoice may be issued: how early and how late, from its two days. Pure.

Not earlier than 60 days before the supply or the payment (ustawa o VAT, art. 106i ust. 7), and by
the 15th of the month after it (ust. 1-2). From "too late" there is no way back: it is issued all
the same, so that is only pointed out. A consumer's sale at home needs none (art. 106b ust. 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from oms_web.core.errors import Invalid
from oms_web.domain.documents import kinds, treatment

EARLIEST = timedelta(days=60)
FARTHEST = timedelta(days=366)


def check(kind: str, issued: date, sold: date, today: date) -> None:
    """See that a document may name these days.

    Args:
        sold: The day of the supply, of an advance invoice that of the payment.

    Raises:
        Invalid: at ``sale_date``.
    """
    if kind == kinds.ADVANCE and sold > today:
        raise Invalid("An advance invoice says what was paid already: this day is yet to come.",
                      "sale_date")
    if sold - issued > EARLIEST:
        raise Invalid("An invoice is not issued earlier than 60 days before the sale (art. 106i "
                      "ust. 7).", "sale_date")
    if issued - sold > FARTHEST:
        raise Invalid("This is more than a year from the issue date.", "sale_date")


def late_since(said: Mapping[str, Any]) -> date | None:
    """The last day on which a document should have been issued, where that is over."""
    if said["kind"] not in (kinds.INVOICE, kinds.ADVANCE, kinds.FINAL):
        return None
    if not said["buyer"].get("tax_id") and said["treatment"] == treatment.DOMESTIC:
        return None
    last = fifteenth_after(date.fromisoformat(said["sale_date"]))
    return last if date.fromisoformat(said["issue_date"]) > last else None


def fifteenth_after(day: date) -> date:
    """The 15th of the month after a day's."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, 15)
