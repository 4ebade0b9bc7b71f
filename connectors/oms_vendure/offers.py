"""Variants of products, as buyers of the channel see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import ChannelDown, Offer, Page, Unreadable
from oms_connector.reading import Puzzling, as_text, cents, child, shown, text, unreadable, value

from oms_vendure import documents, words
from oms_vendure.calls import Api
from oms_vendure.pulling import ASCENDING, BROKEN, MOST, whole_list
from oms_vendure.reading import amount, ref
from oms_vendure.stock import Counting
from oms_vendure.terms import Terms


def list_offers(api: Api, terms: Terms, cursor: Mapping[str, Any] | None, limit: int
                ) -> Page[Offer]:
    """A page of variants by id. One that is deleted while the list is read may hide another until
    the next reading.
    """
    skip = int((cursor or {}).get("skip", 0))
    rows, total, data = whole_list(api, documents.offers(terms.own), {
        "sort": ASCENDING, "skip": skip, "take": max(1, min(limit, MOST))})
    counting, told = counting_of(data), terms.after(data)
    after = skip + len(rows)
    return Page([offer(row, told, counting) for row in rows], {"skip": after},
                bool(rows) and after < total)


def offer(row: Any, terms: Terms, counting: Counting) -> Offer | Unreadable:
    """An offer. Its quantity is unknown where the shop counts none."""
    if value(row, BROKEN):
        return Unreadable(row["id"], as_text(row), words.BROKEN_ROW % {"why": row[BROKEN]})
    try:
        _, ean = terms.own.places.get("ean_field", ("", ""))
        code = value(value(row, "customFields"), ean)
        return Offer(
            offer_ref=ref(row),
            title=shown(row, "name"),
            sku=shown(row, "sku"),
            ean=str(code).strip() if isinstance(code, str | int) else "",
            price=cents(amount(row, "priceWithTax", terms.precision)),
            currency=text(row, "currencyCode"),
            quantity=counting.saleable(row),
            active=value(row, "enabled") is True
            and value(child(row, "product"), "enabled") is not False,
        )
    except Puzzling as puzzle:
        return unreadable(row, puzzle)


def counting_of(data: Any) -> Counting:
    """What the shop says about counting.

    Raises:
        ChannelDown: nothing.
    """
    try:
        return Counting.of(value(data, "counting"))
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
