"""An order that somebody takes down by hand."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import queries, tally
from oms_web.domain.orders.models import Hold, Order, OrderKey, OrderLinePart
from oms_web.domain.stock.models import Balance, Reservation
from oms_web.domain.users import service as users
from oms_web.flows import order_cancel, order_create, order_edit
from oms_web.flows.order_create import Position, Taken
from oms_web.flows.order_in import take_in
from tests import factories as make

SHIP_TO = {"name": "Stanisław Mazur", "company": "", "street": "Leśna 3", "postcode": "00-001",
           "city": "Warszawa", "region": "", "country": "PL", "phone": "601224118", "email": ""}
BUYER = {"buyer_name": "Stanisław Mazur", "buyer_company": "", "buyer_email": "",
         "buyer_phone": "601224118", "tax_id": ""}


@pytest.fixture
def desk(both):
    """A shop, a person of ours, and a function that takes an order down."""
    _account, ids = make.shop(both.works, {"KUB": 5, "KOC": 1})
    with both.works.writing(SYSTEM) as work:
        user = users.create_user(work, "anna@example.test", "Anna", "sales", "long enough pw", "pl")
        actor = Actor("user", "Anna", user.id)

    def take(confirm=True, key="form-1", **values):
        plain = Taken((Position(ids["KUB"], 2, 39_900_000),), SHIP_TO, BUYER, "PLN", shipping=1500,
                      origin="tel.")
        with both.works.writing(actor) as work:
            return order_create.create(work, dataclasses.replace(plain, **values),
                                       confirm=confirm, form_key=key)

    return both.works, ids, take, actor


def read(works, order_id):
    with works.reading(SYSTEM) as work:
        return work.session.get(Order, order_id)


def test_an_order_taken_down_is_reserved_at_once(desk):
    works, _ids, take, _ = desk
    id_, fresh = take(payment_kind="cod")
    order = read(works, id_)
    assert fresh
    assert (order.phase, order.queue, order.strip) == ("open", "pick", "wv...")
    assert order.source == "desk"
    assert (order.items_total, order.total, order.external_number) == (7980, 9480, "tel.")
    assert order.ship_by is not None
    with works.reading(SYSTEM) as work:
        assert work.session.scalar(select(Reservation.quantity)) == 2
        keys = set(work.session.scalars(select(OrderKey.key)))
        counts = tally.tallies(work.session, "queue")
        status = tally.tallies(work.session, "status")
    assert {"stanislaw", "mazur", "601224118", "tel"} <= keys
    assert {k: n for k, n in counts.items() if n} == {"pick": 1}
    assert {k: n for k, n in status.items() if n} == {str(order.status_id): 1}


def test_who_bought_on_a_channel_is_known_when_they_call_and_again_after_a_correction(desk):
    works, _ids, take, actor = desk
    with works.writing(SYSTEM) as work:
        account = work.session.scalars(select(ChannelAccount)).one()
        take_in(work, account, [make.order("A", {"KUB": 1}, buyer_ref="44", buyer_phone="")])
    mail = {**BUYER, "buyer_email": "Anna@Example.test"}
    called, other = take(buyer=mail)[0], take(key="form-2", payment_kind="cod")[0]

    def nth(order_id):
        with works.reading(SYSTEM) as work:
            return queries.nth_of_buyer(work.session, work.session.get_one(Order, order_id))

    assert (nth(called), nth(other)) == (2, 1)
    with works.writing(actor) as work:
        order_edit.change_buyer(work, other, mail)
    assert nth(other) == 3


def test_a_prepaid_one_waits_for_its_money_with_an_end(desk):
    works, _ids, take, _ = desk
    id_, _ = take()
    assert read(works, id_).queue == "unpaid"
    with works.reading(SYSTEM) as work:
        assert work.session.scalar(select(Reservation.expires_at)) is not None


def test_a_form_sent_twice_makes_one_order(desk):
    works, _ids, take, _ = desk
    first, _ = take()
    assert take() == (first, False)
    assert take(key="form-2")[0] != first
    with works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(Order)) == 2
    with pytest.raises(Invalid):
        take(key="")


def test_a_draft_reserves_nothing_until_it_is_confirmed(desk):
    works, _ids, take, actor = desk
    id_, _ = take(confirm=False, payment_kind="credit")
    assert (read(works, id_).phase, read(works, id_).queue) == ("draft", "draft")
    with works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.sum(Balance.reserved))) == 0
    with works.writing(actor) as work:
        assert order_create.confirm(work, id_) is True
    assert read(works, id_).queue == "pick"
    with works.writing(actor) as work:
        assert order_create.confirm(work, id_) is False
        order_cancel.cancel(work, id_)
        with pytest.raises(NotAllowedNow):
            order_create.confirm(work, id_)


def test_what_is_short_is_said_at_once(desk):
    works, ids, take, _ = desk
    id_, _ = take(positions=(Position(ids["KOC"], 3, 1_000_000),), payment_kind="cod")
    assert (read(works, id_).queue, read(works, id_).strip) == ("short", "w!..!")


def test_a_bundle_reserves_its_parts(desk):
    works, ids, take, _ = desk
    with works.writing(SYSTEM) as work:
        bundle = make.variant(work, "ZEST", parts={ids["KUB"]: 2, ids["KOC"]: 1})
    id_, _ = take(positions=(Position(bundle, 1, 9_000_000),), payment_kind="cod")
    assert read(works, id_).queue == "pick"
    with works.reading(SYSTEM) as work:
        assert dict(work.session.execute(
            select(OrderLinePart.variant_id, OrderLinePart.quantity)).all()) == {
                ids["KUB"]: 2, ids["KOC"]: 1}
        assert work.session.scalar(select(func.sum(Balance.reserved))) == 3


def test_a_wrong_tax_number_holds_the_order(desk):
    works, _ids, take, _ = desk
    id_, _ = take(buyer=BUYER | {"tax_id": "5250001111"}, payment_kind="cod")
    assert read(works, id_).queue == "verify"
    with works.reading(SYSTEM) as work:
        assert work.session.scalar(select(Hold.kind)) == "tax_id"


@pytest.mark.parametrize(("values", "field"), [
    ({"positions": ()}, "lines"),
    ({"positions": (Position(1, 0, 100),)}, "lines"),
    ({"positions": (Position(999, 1, 100),)}, "lines"),
    ({"positions": (Position(1, 1, -1),)}, "lines"),
    ({"discount": 9481}, "discount"),
    ({"payment_kind": "gold"}, "payment_kind"),
])
def test_what_makes_no_sense_is_refused(desk, values, field):
    works, _ids, take, _ = desk
    with pytest.raises(Invalid) as refused:
        take(**values)
    assert refused.value.field == field
    with works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(Order)) == 0
