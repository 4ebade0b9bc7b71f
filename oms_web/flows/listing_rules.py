"""Other rules hold for a listing: what it and all that share units with it show is recomputed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.channels import offers, rules
from oms_web.domain.channels.rules import Rules
from oms_web.domain.orders import selling
from oms_web.domain.stock.events import StockChanged


def of(session: Session, listing_id: int) -> Rules:
    """The rules of a listing; of what was set aside for it, what it has not sold since.

    Raises:
        NotFound: there is none.
    """
    row = offers.listing(session, listing_id)
    return rules.of(row, selling.since_set_aside(session, [listing_id]).get(listing_id, 0))


def change(work: Work, listing_id: int, **values: Any) -> None:
    """Change some of a listing's rules, named as in ``Rules``; the others stay.

    Raises:
        NotFound: there is no such listing.
        InvalidForm: negative or absurd numbers, by field.
    """
    before = of(work.session, listing_id)
    variant_id = rules.change(work, listing_id, before, replace(before, **values))
    if variant_id is not None:
        work.announce(StockChanged([variant_id]))
