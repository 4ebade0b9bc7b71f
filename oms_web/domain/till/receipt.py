"""What a printed confirmation of a sale says of the VAT in it. Pure; minor units."""

from __future__ import annotations

from collections.abc import Sequence

from oms_web.core.errors import Invalid
from oms_web.domain.documents import vat
from oms_web.domain.documents.charges import GOODS, Charge, charges


def vat_in(lines: Sequence[tuple[str, int]], discount: int) -> vat.Sums | None:
    """The VAT in gross lines (rate, total) of which ``discount`` is taken off together.

    Reckoned as an invoice for the same sale would: the discount divided by value, then the VAT
    per rate. None when a product's rate is not known: a guess would be worse than nothing.
    """
    goods = [Charge(GOODS, rate, total) for rate, total in lines]
    try:
        return vat.sums(vat.GROSS_RATE, [
            (one.rate, one.amount) for one in charges(goods, 0, discount)])
    except Invalid:
        return None
