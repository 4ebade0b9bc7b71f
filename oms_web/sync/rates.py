"""Ask carriers for prices: for a person who compares them, and for a label that takes the cheapest.

Nothing is bought here; asking twice does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import ChannelError, RatesBookings

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.core.money import to_minor
from oms_web.domain.channels.service import ChannelStopped
from oms_web.domain.shipping import bookings, prices, sending
from oms_web.domain.shipping.prices import Offer
from oms_web.flows import label
from oms_web.sync import feeds
from oms_web.sync.labels import booking_of
from oms_web.sync.session import Engine, connected

SAYS = {"no_price": "No carrier told a price for this parcel."}
MOST_TRIES = 4


def ask(engine: Engine, answer_id: int) -> str:
    """Ask one carrier, and keep what it says; the state of the answer, empty if it was forgotten.
    """
    with engine.works.reading(SYSTEM) as work:
        row = prices.get(work.session, answer_id)
        if row is None or row.state != prices.WAITING:
            return row.state if row is not None else ""
        account_id, request = row.account_id, row.request
    rates, why = _rates(engine, account_id, request)
    with engine.works.writing(SYSTEM) as work:
        prices.note(work, answer_id, rates, why)
    return prices.FAILED if why else prices.TOLD


def _rates(engine: Engine, account_id: int, request: Mapping[str, Any]
           ) -> tuple[list[list[Any]], str]:
    """(service, minor units, currency, days) of each price; or why there is none."""
    try:
        with connected(engine, account_id) as (_account, connector):
            if not isinstance(connector, RatesBookings):
                return [], ""
            told = connector.rates(booking_of(request))
    except (ChannelError, ChannelStopped, NotAllowedNow) as error:
        return [], str(error)
    except Exception as error:  # a fault of the connector
        return [], feeds.describe(error)
    with engine.works.reading(SYSTEM) as work:
        known = {one.ref for one in sending.services(work.session, account_id)}
    return [[one.service, to_minor(one.price, one.currency), one.currency, one.days]
            for one in told if one.service in known and one.price > 0], ""


def choose(engine: Engine, booking_id: int) -> bool:
    """Choose the cheapest service for a label that leaves it open; whether it has one now.

    Raises:
        NotFound: there is no such label.
    """
    with engine.works.reading(SYSTEM) as work:
        booking = bookings.get(work.session, booking_id)
        if not booking.among or booking.state != bookings.INTENDED:
            return True
        due = booking.due_at is not None and booking.due_at <= work.now
        among, request = [tuple(one) for one in booking.among], booking.request
    if not due:
        return False
    found, whys = _cheapest(engine, among, request)
    with engine.works.writing(SYSTEM) as work:
        if found is not None:
            label.choose(work, booking_id, found.account_id, found.service)
        else:
            label.not_chosen(work, booking_id, next(iter(whys), SAYS["no_price"]),
                             MOST_TRIES)
    return found is not None


def _cheapest(engine: Engine, among: Sequence[tuple[int, str]], request: Mapping[str, Any]
              ) -> tuple[Offer | None, list[str]]:
    accounts = list(dict.fromkeys(account_id for account_id, _ in among))
    offers: list[Offer] = []
    whys: list[str] = []
    for account_id in accounts:
        rates, why = _rates(engine, account_id, request)
        offers += [Offer(account_id, *one) for one in rates]
        whys += [why] if why else []
    told = {one.account_id for one in offers}
    with engine.works.reading(SYSTEM) as work:
        offers += prices.own_offers(work.session, request,
                                    [one for one in accounts if one not in told])
    fit = [one for one in prices.ranked(offers) if (one.account_id, one.service) in set(among)]
    home = [one for one in fit if one.currency == request["currency"]]
    return next(iter(home or fit), None), whys
