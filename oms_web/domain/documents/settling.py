"""Advance invoices and the final invoice that settles them. Pure; amounts are minor units.

An advance is a gross amount: its VAT is amount x rate / (100 + rate) (ustawa o VAT, art. 106f
ust. 1 pkt 3). It is divided over the rates of the order by what of each is not paid in advance yet,
so a rate never gets more than it comes to. The final invoice is the whole supply less the advances,
rate by rate (art. 106f ust. 3); where they cover it all, there is none (ust. 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms_web.core.errors import Invalid
from oms_web.core.money import exponent, spread
from oms_web.domain.documents import snapshot, vat
from oms_web.domain.documents.labels import LABELS
from oms_web.domain.documents.words import amount_in_words

Said = Mapping[str, Any]


def advance(ordered: Said, amount: int, earlier: Sequence[Said]) -> dict[str, Any]:
    """The invoice of a payment before the sale, without a number.

    Args:
        ordered: What the order would be invoiced as.
        amount: What was paid.
        earlier: The advances of this order so far (``gross``, ``rates``).

    Raises:
        Invalid: nothing was paid, or more than is left of the order.
    """
    left = {row["rate"]: row["gross"] for row in ordered["rates"]}
    for one in earlier:
        for row in one["rates"]:
            left[row["rate"]] = left.get(row["rate"], 0) - row["gross"]
    rates = [rate for rate, gross in left.items() if gross > 0]
    if not 0 < amount <= sum(left[rate] for rate in rates):
        raise Invalid("There is no payment that an advance invoice could name.", "amount")
    parts = dict(zip(rates, spread(amount, [left[rate] for rate in rates]), strict=True))
    words, order = LABELS[ordered["language"]], ordered["order"]["number"]
    lines = [
        {"title": words["advance_line"] % order, "sku": "", "quantity": 1,
         "unit": words["service"], "unit_price": _price(part, ordered["currency"]), "discount": 0,
         "rate": rate, "amount": part, "line_id": None, "position": at, "kind": "advance",
         "gtu": ""}
        for at, (rate, part) in enumerate(((r, p) for r, p in parts.items() if p), start=1)
    ]
    counted = vat.sums(vat.GROSS_RATE, [(line["rate"], line["amount"]) for line in lines])
    return {
        **ordered, "kind": "advance", "method": vat.GROSS_RATE, "lines": lines,
        **snapshot.summed(counted, ordered["currency"], ordered["exchange"]),
        "in_words": amount_in_words(amount, ordered["currency"], ordered["language"]),
        "payment": {**ordered["payment"], "paid": amount, "to_pay": 0, "due_date": None},
        "ordered": {name: ordered[name] for name in ("lines", "rates", "total", "method")},
    }


def final(whole: Said, advances: Sequence[Said]) -> dict[str, Any]:
    """The invoice of a sale that was paid in advance in part, without a number.

    Args:
        whole: What the sale would be invoiced as without the advances.
    """
    left = {row["rate"]: vat.Taxed(row["net"], row["vat"], row["gross"]) for row in whole["rates"]}
    for one in advances:
        for row in one["rates"]:
            had = left.get(row["rate"], vat.Taxed(0, 0, 0))
            left[row["rate"]] = vat.Taxed(had.net - row["net"], had.vat - row["vat"],
                                          had.gross - row["gross"])
    rates = {rate: left[rate] for rate in sorted(left, key=vat.rate_order)}
    sums = snapshot.summed(vat.Sums(rates, vat.Taxed(0, 0, 0)), whole["currency"],
                           whole["exchange"])
    gross, given = sums["total"]["gross"], sum(one["gross"] for one in advances)
    paid = max(whole["payment"]["paid"] - given, 0)
    return {
        **whole, "kind": "final", **sums,
        "in_words": amount_in_words(abs(gross), whole["currency"], whole["language"]),
        "payment": {**whole["payment"], "paid": paid, "to_pay": max(gross - paid, 0)},
        "advances": [dict(one) for one in advances],
        "whole": {"rates": whole["rates"], "total": whole["total"]},
    }


def _price(amount: int, currency: str) -> int:
    return amount * 10 ** (6 - exponent(currency))
