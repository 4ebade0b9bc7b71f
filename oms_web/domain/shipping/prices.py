"""What a parcel would cost by each service: answers of carriers, and the seller's own price lists.

Prices are net, in minor units. A carrier that cannot be asked has the seller's own list, if there
is one. Which is cheapest or fastest is decided here, and only among prices in one currency.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from oms_web.core import countries
from oms_web.core.errors import Invalid
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.shipping import sending
from oms_web.domain.shipping.label_models import KnownService, OwnPrice, PriceAnswer

WAITING, TOLD, FAILED = "waiting", "told", "failed"
FRESH = timedelta(minutes=10)
KEPT = timedelta(days=1)
_BESIDE = ("key", "service", "note", "point")


@dataclass(frozen=True, slots=True)
class Offer:
    """A price of a service. ``days`` until it is there, if told; ``is_own``: by the seller's list.
    """

    account_id: int
    service: str
    price: int
    currency: str
    days: int | None = None
    is_own: bool = False
    is_cheapest: bool = False
    is_fastest: bool = False


def ranked(offers: Iterable[Offer]) -> list[Offer]:
    """Offers, cheapest first; the cheapest and the fastest are marked, each only if it is one of
    several in its currency.
    """
    found = sorted(offers, key=lambda one: (one.currency, one.price, one.days or 99, one.service))
    marked = []
    for one in found:
        mine = [other for other in found if other.currency == one.currency]
        days = [other.days for other in mine if other.days is not None]
        marked.append(replace(
            one, is_cheapest=len(mine) > 1 and one.price == mine[0].price,
            is_fastest=len(set(days)) > 1 and one.days == min(days)))
    return marked


def digest(request: Mapping[str, Any]) -> str:
    """What a price depends on: the boxes, the way, the money; not which service."""
    kept = {name: part for name, part in request.items() if name not in _BESIDE}
    kept["packages"] = [{name: part for name, part in one.items() if name != "size"}
                        for one in request["packages"]]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def want(work: Work, order_id: int, request: Mapping[str, Any], account_ids: Sequence[int]
         ) -> list[int]:
    """Write down that carriers are asked for prices; those to be asked now, by their answers' ids.

    What a carrier told a few minutes ago counts still.
    """
    session, mark = work.session, digest(request)
    known = {one.account_id: one for one in answers(session, order_id, mark)}
    fresh = []
    for account_id in account_ids:
        row = known.get(account_id)
        if row is not None and row.state != FAILED and row.asked_at > work.now - FRESH:
            continue
        if row is None:
            row = PriceAnswer(order_id=order_id, account_id=account_id, digest=mark,
                              request=dict(request), rates=[], why="")
            session.add(row)
        row.state, row.why, row.asked_at = WAITING, "", work.now
        fresh.append(row)
    session.flush()
    return [row.id for row in fresh]


def forget_old(work: Work) -> None:
    """What was asked yesterday is of no use, and names buyers."""
    work.session.execute(delete(PriceAnswer).where(PriceAnswer.asked_at < work.now - KEPT))


def get(session: Session, answer_id: int) -> PriceAnswer | None:
    """What a carrier was asked; None if that was forgotten."""
    return session.get(PriceAnswer, answer_id, populate_existing=True)


def note(work: Work, answer_id: int, rates: Sequence[Sequence[Any]], why: str) -> None:
    """Keep what a carrier said: service, price, currency and days of each; or why it did not."""
    row = get(work.session, answer_id)
    if row is not None:
        row.state, row.rates = (FAILED if why else TOLD), [list(one) for one in rates]
        row.why = why[:500]
        work.session.flush()


def answers(session: Session, order_id: int, mark: str) -> list[PriceAnswer]:
    """What carriers were asked for an order so."""
    return list(session.scalars(
        select(PriceAnswer).where(PriceAnswer.order_id == order_id, PriceAnswer.digest == mark)
        .order_by(PriceAnswer.account_id).execution_options(populate_existing=True)))


def offers(rows: Iterable[PriceAnswer]) -> list[Offer]:
    """The offers in carriers' answers."""
    return [Offer(row.account_id, *one) for row in rows if row.state == TOLD for one in row.rates]


# The seller's own lists -------------------------------------------------------------------------


def own_offers(session: Session, request: Mapping[str, Any], account_ids: Iterable[int]
               ) -> list[Offer]:
    """What the seller's own lists say: per box the cheapest row that bears it, else no price."""
    lists: dict[tuple[int, str, str], list[OwnPrice]] = {}
    country = request["receiver"]["country"]
    for row in session.scalars(select(OwnPrice).where(
            OwnPrice.account_id.in_(list(account_ids)), OwnPrice.country.in_(("", country)))):
        lists.setdefault((row.account_id, row.service, row.currency), []).append(row)
    found = []
    for (account_id, service, currency), rows in lists.items():
        each = [min((row.price for row in rows if box["weight_g"] <= row.heaviest_g), default=None)
                for box in request["packages"]]
        if None not in each:
            found.append(Offer(account_id, service, sum(filter(None, each)), currency,
                               is_own=True))
    return found


def own_prices(session: Session) -> list[OwnPrice]:
    """The rows of the seller's lists."""
    return list(session.scalars(select(OwnPrice).order_by(
        OwnPrice.account_id, OwnPrice.service, OwnPrice.heaviest_g)))


def add_own_price(work: Work, values: Mapping[str, Any]) -> OwnPrice:
    """Add a row to a list.

    Raises:
        Invalid: a service that no carrier told of, or a country, weight or price that cannot be
            right.
    """
    countries.check(values["country"])
    if sending.service(work.session, values["account_id"] or 0, values["service"]) is None:
        raise Invalid("Choose one of the list.", "service")
    if not 0 < values["heaviest_g"] <= sending.HEAVIEST_G:
        raise Invalid("A parcel weighs between 1 g and 1000 kg.", "heaviest_g")
    if values["price"] <= 0:
        raise Invalid("Type an amount above zero.", "price")
    row = OwnPrice(**values)
    work.session.add(row)
    work.session.flush()
    audit.record(work, "sending.price", "own_price", row.id, {"price": [None, row.price]},
                 note=row.service)
    return row


def delete_own_price(work: Work, price_id: int) -> None:
    """Remove a row; twice is once."""
    row = work.session.get(OwnPrice, price_id)
    if row is not None:
        audit.record(work, "sending.no_price", "own_price", price_id, {"price": [row.price, None]},
                     note=row.service)
        work.session.delete(row)
        work.session.flush()


# What may be booked -----------------------------------------------------------------------------


def candidates(session: Session, request: Mapping[str, Any], among: Sequence[Sequence[Any]] = ()
               ) -> list[tuple[int, str]]:
    """(account, service) that could carry a request to the door; of ``among``, if that names some.

    Services to a locker are left out: each carrier has its own, and the buyer chose none of them.
    """
    wanted = {(int(account), service) for account, service in among}
    rows = session.scalars(
        select(KnownService).join(ChannelAccount, ChannelAccount.id == KnownService.account_id)
        .where(ChannelAccount.archived_at.is_(None), ChannelAccount.state == "active",
               ~KnownService.needs_point, KnownService.most_parcels >= len(request["packages"]))
        .order_by(KnownService.account_id, KnownService.position))
    return [(one.account_id, one.ref) for one in rows
            if (one.cod or not request["cod"])
            and (not wanted or (one.account_id, one.ref) in wanted)]
