"""Where a listing's publication stands: the word on screen and the filter say the same."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import Listing, ListingStock
from oms_web.domain.channels.standing import STANDINGS, is_standing, standing
from tests import factories as make

SENT_AT = make.NOON
EARLIER, LATER = SENT_AT - timedelta(minutes=1), SENT_AT + timedelta(minutes=1)


def said(**values):
    row = {"publishes": True, "version": 2, "sent": 3, "sent_version": 2, "sent_at": SENT_AT,
           "outcome": "applied", "confirmed": 3, "confirmed_at": LATER, **values}
    return standing(**row)


@pytest.mark.parametrize(("values", "word"), [
    ({}, "confirmed"), ({"confirmed": 5}, "drift"), ({"confirmed": 0}, "drift"),
    ({"confirmed_at": EARLIER, "confirmed": 5}, "unconfirmed"),  # read before it was sent
    ({"confirmed": None, "confirmed_at": None}, "unconfirmed"),
    ({"version": 3}, "waiting"), ({"version": 3, "outcome": "rejected"}, "waiting"),
    ({"outcome": "sent"}, "waiting"), ({"outcome": "retry"}, "waiting"),
    ({"outcome": "rejected", "confirmed": 5}, "rejected"), ({"outcome": "unknown"}, "unknown"),
    ({"version": None, "sent_version": None, "outcome": None}, "none"),
    ({"publishes": False, "confirmed": 5}, "off"),
])
def test_one_word_for_it(values, word):
    assert said(**values) == word
    assert word in STANDINGS


def test_the_filters_find_exactly_what_is_said(both):
    states = list(itertools.product(
        (1, 2), ("applied", "rejected", "unknown", "sent", "retry", None),
        ((None, None), (3, LATER), (5, LATER), (5, EARLIER)),
    ))
    with both.works.writing(SYSTEM) as work:
        make.company(work)
        account = make.account(work)
        for n, (sent_version, outcome, (confirmed, confirmed_at)) in enumerate(states, start=1):
            work.session.add(Listing(id=n, account_id=account.id, offer_ref=str(n),
                                     first_seen_at=work.now, seen_at=work.now, state="active"))
            work.session.flush()
            work.session.add(ListingStock(
                listing_id=n, account_id=account.id, desired=3, version=2, desired_at=work.now,
                sent=3, sent_version=sent_version, sent_at=SENT_AT, outcome=outcome,
                confirmed=confirmed, confirmed_at=confirmed_at))
    with both.works.reading(SYSTEM) as work:
        words = {row.listing_id: said(
            sent_version=row.sent_version, outcome=row.outcome, confirmed=row.confirmed,
            confirmed_at=row.confirmed_at) for row in work.session.scalars(select(ListingStock))}
        for name, meant in (("drift", {"drift"}), ("rejected", {"rejected"}),
                            ("open", {"waiting", "unknown", "unconfirmed"})):
            found = set(work.session.scalars(select(ListingStock.listing_id)
                                             .where(is_standing(name))))
            assert found == {id_ for id_, word in words.items() if word in meant}, name
            assert found
