"""Allegro's commission back for what was sold and came back ("rabat transakcyjny").

A claim is of a line and takes no key: what is claimed already is looked for first. Allegro makes
some by itself once the buyer's money has gone back; those are found the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from oms_connector import ChannelDown, FeeClaim, FeeClaimTold, NotFound, OutcomeUnknown
from oms_connector.reading import Puzzling, child, children, choice, text, value, whole

from oms_allegro.calls import Api
from oms_allegro.reading import amount_or_none, text_or_empty

PATH = "/order/refund-claims"
PAGE = 100
MOST_PAGES = 20
State = Literal["open", "granted", "rejected", "withdrawn"]
STATES: Mapping[str, State] = {
    "IN_PROGRESS": "open", "WAITING_FOR_PAYMENT_REFUND": "open", "APPEALED": "open",
    "GRANTED": "granted", "REJECTED": "rejected", "REJECTED_AFTER_APPEAL": "rejected",
    "CANCELLED": "withdrawn",
}


def claim(api: Api, wanted: FeeClaim) -> FeeClaimTold:
    """Claim the commission of units, unless it is claimed already.

    Raises:
        Refused: too late, no commission was taken, or the buyer's money has not gone back.
        OutcomeUnknown: sent, and nobody knows.
    """
    known = find(api, wanted)
    if known is not None:
        return known
    answer = api.send("POST", PATH, {
        "lineItem": {"id": wanted.line_ref}, "quantity": wanted.quantity}, "id")
    try:
        return FeeClaimTold(text(answer, "id"), "open", wanted.quantity)
    except Puzzling as puzzle:
        raise OutcomeUnknown(str(puzzle)) from puzzle


def find(api: Api, wanted: FeeClaim, reference: str = "") -> FeeClaimTold | None:
    """A claim by its id, or the one for this line that we do not know and nobody withdrew."""
    try:
        if reference:
            return _told(api.get(_path(reference), "id", "status"))
        for page in range(MOST_PAGES):
            narrow = {"lineItem.offer.id": wanted.offer_ref} if wanted.offer_ref else {}
            rows = children(api.get(PATH, "refundClaims", params={
                **narrow, "limit": PAGE, "offset": page * PAGE}), "refundClaims")
            for row in rows:
                told = _told(row)
                if value(row, "lineItem", "id") == wanted.line_ref \
                        and told.quantity == wanted.quantity \
                        and told.reference not in wanted.known and told.state != "withdrawn":
                    return told
            if len(rows) < PAGE:
                return None
    except NotFound:
        return None
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    return None


def withdraw(api: Api, reference: str) -> None:
    """Take a claim back; it cannot be made anew.

    Raises:
        Refused: it was decided already.
    """
    if value(api.get(_path(reference), "id", "status"), "status") != "CANCELLED":
        api.send("DELETE", _path(reference), None)


def _told(row: Any) -> FeeClaimTold:
    state = choice(STATES, text(row, "status"), "status")
    return FeeClaimTold(
        text(row, "id"), state, whole(row, "quantity"),
        amount_or_none(row, "commission") if state == "granted" else None,
        text_or_empty(child(row, "commission"), "currency"))


def _path(reference: str) -> str:
    return f"{PATH}/{quote(reference, safe='')}"
