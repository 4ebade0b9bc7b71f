"""What a person does to an order: hold, cancel, edit, pay. Each act and its refusal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, NotFound
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.orders import labels, tally
from oms_web.domain.orders import queries as found
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.models import Hold, Note, Order, OrderKey, OrderTag, Status
from oms_web.domain.payments.models import Payment
from oms_web.domain.stock.models import Balance, Reservation
from oms_web.flows import order_cancel, order_edit, order_hold, order_pay
from oms_web.flows.order_in import take_in
from oms_web.jobs.clock import INTERVALS
from tests import factories as make

ANNA = Actor("user", "Anna", None)
ADDRESS = {"name": "Anna Testowa", "street": "Nowa 2", "postcode": "53332", "city": "Wrocław",
           "country": "pl", "phone": "601 224 118"}


@pytest.fixture
def shop(both):
    """A shop with an order of 3 KUB and 1 KOC, both in stock; a function orders more."""
    account, _ids = make.shop(both.works, {"KUB": 5, "KOC": 1})
    made = iter(range(1, 99))

    def order(lines=None, **values):
        with both.works.writing(SYSTEM) as work:
            known = work.session.merge(account)
            return take_in(work, known, [make.order(f"A{next(made)}", lines or {
                "KUB": 3, "KOC": 1}, **values)]).order_ids[0]

    return both.works, order


def read(works, order_id):
    with works.reading(SYSTEM) as work:
        return work.session.get(Order, order_id)


def do(works, act, *args, **values):
    with works.writing(ANNA) as work:
        return act(work, *args, **values)


def acts_of(works, order_id):
    with works.reading(SYSTEM) as work:
        return list(work.session.scalars(
            select(AuditEntry.act).where(AuditEntry.order_id == order_id).order_by(AuditEntry.id)))


def reserved(works):
    with works.reading(SYSTEM) as work:
        return work.session.scalar(select(func.sum(Balance.reserved)))


# Holding --------------------------------------------------------------------------------------


def test_a_held_order_waits_with_its_reason_and_keeps_its_goods(shop):
    works, order = shop
    id_ = order()
    do(works, order_hold.hold, id_, "  klient  wyjechał ")
    assert (read(works, id_).queue, read(works, id_).strip[4]) == ("held", "!")
    assert reserved(works) == 4
    with works.reading(SYSTEM) as work:
        (hold,) = found.open_holds(work.session, id_)
        assert (hold.kind, hold.detail, hold.set_by) == (
            "manual", {"reason": "klient wyjechał"}, "Anna")
    assert do(works, order_hold.release, id_) is True
    assert read(works, id_).queue == "pick"
    assert do(works, order_hold.release, id_) is False


def test_releasing_by_hand_leaves_what_something_else_holds(shop):
    works, order = shop
    id_ = order()
    do(works, order_hold.hold, id_, "x")
    do(works, lambda work: orders.set_hold(work, id_, Flaw("totals", {})))
    do(works, order_hold.release, id_)
    assert read(works, id_).queue == "verify"


def test_a_hold_with_a_day_ends_by_itself_and_not_before(shop):
    works, order = shop
    id_, other = order(), order({"KUB": 1})
    now = works.clock()
    do(works, order_hold.hold, id_, "urlop", now + timedelta(hours=1))
    do(works, order_hold.hold, other, "bez dnia")
    assert do(works, order_hold.release_due) == 0
    works.clock = lambda: now + timedelta(hours=2)
    assert do(works, order_hold.release_due) == 1
    assert (read(works, id_).queue, read(works, other).queue) == ("pick", "held")


def test_the_clock_ends_a_hold_on_its_day(shop, both):
    works, order = shop
    id_ = order()
    now = works.clock()
    do(works, order_hold.hold, id_, "urlop", now + timedelta(hours=1))
    works.clock = lambda: now + timedelta(hours=2)
    for ring in INTERVALS:
        ring(both)
    assert read(works, id_).queue == "pick"


def test_a_hold_that_was_put_off_meanwhile_does_not_end(shop, monkeypatch):
    works, order = shop
    id_ = order()
    now = works.clock()
    do(works, order_hold.hold, id_, "urlop", now + timedelta(hours=9))
    monkeypatch.setattr(order_hold, "due", lambda work, limit=200: [id_])
    assert do(works, order_hold.release_due) == 0
    assert read(works, id_).queue == "held"


@pytest.mark.parametrize(("reason", "hours", "field"), [(" ", None, "reason"), ("x", -1, "until")])
def test_a_hold_needs_a_reason_and_a_day_to_come(shop, reason, hours, field):
    works, order = shop
    id_ = order()
    until = works.clock() + timedelta(hours=hours) if hours else None
    with pytest.raises(Invalid) as refused:
        do(works, order_hold.hold, id_, reason, until)
    assert refused.value.field == field
    assert read(works, id_).queue == "pick"


def test_what_has_left_cannot_be_held(shop):
    works, order = shop
    id_ = order(state="shipped")
    with pytest.raises(NotAllowedNow):
        do(works, order_hold.hold, id_, "x")


# Cancelling -----------------------------------------------------------------------------------


def test_a_cancelled_order_lets_its_goods_go_and_waits_for_nothing(shop):
    works, order = shop
    id_ = order()
    do(works, order_hold.hold, id_, "x")
    assert do(works, order_cancel.cancel, id_, "kupujący zrezygnował") is True
    assert (read(works, id_).phase, read(works, id_).queue) == ("cancelled", "cancelled")
    assert reserved(works) == 0
    with works.reading(SYSTEM) as work:
        assert [one.kind for one in found.open_holds(work.session, id_)] == ["refund"]
        assert tally.tallies(work.session, "queue").get("held", 0) == 0
    assert do(works, order_cancel.cancel, id_) is False


def test_units_can_be_cancelled_and_the_last_ones_close_the_order(shop):
    works, order = shop
    id_ = order()
    with works.reading(SYSTEM) as work:
        kub, koc = (line.id for line in orders.order_lines(work.session, id_))
    do(works, order_cancel.cancel_units, id_, {kub: 2}, "za dużo")
    assert (read(works, id_).phase, read(works, id_).total, reserved(works)) == ("open", 2000, 2)
    with pytest.raises(NotAllowedNow):
        do(works, order_cancel.cancel_units, id_, {kub: 2})
    with pytest.raises(Invalid):
        do(works, order_cancel.cancel_units, id_, {kub: 0})
    do(works, order_cancel.cancel_units, id_, {kub: 1, koc: 1})
    assert (read(works, id_).phase, reserved(works)) == ("cancelled", 0)


def test_what_has_left_cannot_be_cancelled(shop):
    works, order = shop
    id_ = order(state="delivered")
    with pytest.raises(NotAllowedNow):
        do(works, order_cancel.cancel, id_)


# Editing --------------------------------------------------------------------------------------


def test_a_completed_address_frees_the_order_and_is_found_by_search(shop):
    works, order = shop
    gap = make.WARSAW.__class__(name="Jan Żółty", street="", postcode="", city="", country="PL")
    id_ = order(ship_to=gap, buyer_name="Jan Żółty")
    assert read(works, id_).queue == "verify"
    assert do(works, order_edit.change_address, id_, ADDRESS | {"name": "Ewa Nowa"}) is True
    changed = read(works, id_)
    assert (changed.queue, changed.country) == ("pick", "PL")
    assert changed.ship_to["postcode"] == "53-332"
    with works.reading(SYSTEM) as work:
        keys = set(work.session.scalars(
            select(OrderKey.key).where(OrderKey.order_id == id_)))
    assert {"ewa", "nowa", "jan", "zolty"} <= keys
    assert do(works, order_edit.change_address, id_, ADDRESS | {"name": "Ewa Nowa"}) is False
    assert acts_of(works, id_).count("orders.change_address") == 1


def test_a_wrong_address_names_every_wrong_field_and_changes_nothing(shop):
    works, order = shop
    id_ = order()
    with pytest.raises(InvalidForm) as refused:
        do(works, order_edit.change_address, id_, ADDRESS | {
            "postcode": "5333", "phone": "123", "city": " ", "email": "x@y"})
    assert set(refused.value.problems) == {"postcode", "phone", "city", "email"}
    assert read(works, id_).ship_to["city"] == "Warszawa"


def test_where_the_goods_go_is_fixed_once_packing_begins(shop):
    works, order = shop
    id_ = order()
    do(works, lambda work: orders.set_phase(work, orders.lock_order(work.session, id_),
                                            "start_packing"))
    with pytest.raises(NotAllowedNow, match="being packed"):
        do(works, order_edit.change_address, id_, ADDRESS)


def test_a_corrected_tax_number_frees_the_order(shop):
    works, order = shop
    id_ = order(tax_id="5250001111")
    assert read(works, id_).queue == "verify"
    with pytest.raises(InvalidForm) as refused:
        do(works, order_edit.change_buyer, id_, {"buyer_name": "A", "tax_id": "525-000-11-1"})
    assert str(refused.value.problems["tax_id"]) == "A NIP has 10 digits, this one has 9."
    assert do(works, order_edit.change_buyer, id_, {
        "buyer_name": "A", "tax_id": "525-000-10-03", "wants_invoice": True}) is True
    changed = read(works, id_)
    assert (changed.queue, changed.tax_id, changed.wants_invoice) == ("pick", "5250001003", True)


def test_delivery_and_deadline_can_be_changed(shop):
    works, order = shop
    id_ = order()
    due = works.clock() + timedelta(days=3)
    assert do(works, order_edit.change_delivery, id_, {"carrier": "DPD"}, due) is True
    assert (read(works, id_).carrier, read(works, id_).ship_by) == ("DPD", due)
    assert do(works, order_edit.change_delivery, id_, {"carrier": "DPD"}, due) is False


def test_an_accepted_total_frees_the_order(shop):
    works, order = shop
    from decimal import Decimal

    id_ = order(total=Decimal("41.00"))
    assert read(works, id_).queue == "verify"
    assert do(works, order_edit.accept_total, id_) is True
    assert read(works, id_).queue == "pick"
    assert do(works, order_edit.accept_total, id_) is False


@pytest.mark.parametrize(("answer", "city"), [
    (order_edit.accept_change, "Kraków"), (order_edit.keep_ours, "Warszawa")])
def test_a_change_after_packing_is_taken_over_or_left_out(shop, answer, city):
    works, order = shop
    id_ = order()
    after = read(works, id_).ship_to | {"city": "Kraków"}
    do(works, lambda work: orders.set_hold(work, id_, Flaw("changed", {
        "what": "ship_to", "after": {"ship_to": after, "phase": "done"}})))
    assert do(works, answer, id_) is True
    assert (read(works, id_).ship_to["city"], read(works, id_).phase) == (city, "open")
    assert do(works, answer, id_) is False


def test_a_status_fits_its_phase_and_is_counted(shop):
    works, order = shop
    id_ = order()
    with works.writing(SYSTEM) as work:
        mine = labels.create_status(work, {"name": "Grawer", "phase": "open", "color": "#112233"})
        other = work.session.scalar(select(Status.id).where(Status.phase == "done"))
        status_id = mine.id
    assert do(works, order_edit.set_status, id_, status_id) is True
    assert do(works, order_edit.set_status, id_, status_id) is False
    with works.reading(SYSTEM) as work:
        counts = {k: v for k, v in tally.tallies(work.session, "status").items() if v}
    assert counts == {str(status_id): 1}
    with pytest.raises(NotAllowedNow):
        do(works, order_edit.set_status, id_, other)
    with pytest.raises(NotFound):
        do(works, order_edit.set_status, id_, 999)


def test_tags_and_notes(shop):
    works, order = shop
    id_ = order()
    assert do(works, order_edit.add_tag, id_, " pilne ") is True
    assert do(works, order_edit.add_tag, id_, "pilne") is False
    with works.reading(SYSTEM) as work:
        (tag,) = found.tags_of(work.session, id_)
    assert do(works, order_edit.remove_tag, id_, tag.id) is True
    assert do(works, order_edit.remove_tag, id_, tag.id) is False
    with works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(OrderTag)) == 0
    do(works, order_edit.add_note, id_, " dzwonić rano ")
    with works.reading(SYSTEM) as work:
        (note,) = found.notes(work.session, id_)
    assert (note.text, note.author) == ("dzwonić rano", "Anna")
    with pytest.raises(Invalid):
        do(works, order_edit.add_note, id_, " ")
    for other in (Actor("user", "Anna", 7), Actor("api", "Anna", None)):  # namesakes
        with works.writing(other) as work, pytest.raises(NotAllowedNow):
            order_edit.delete_note(work, id_, note.id)
    do(works, order_edit.delete_note, id_, note.id)
    with works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(Note)) == 0


def test_delivered_by_hand(shop):
    works, order = shop
    id_ = order(state="shipped")
    assert do(works, order_edit.deliver, id_) is True
    assert (read(works, id_).phase, read(works, id_).queue) == ("done", "done")
    assert do(works, order_edit.deliver, id_) is False


# Paying ---------------------------------------------------------------------------------------


def pay(works, order_id, amount, key="k1"):
    return do(works, order_pay.record, order_id, amount, "przelew", works.clock(), key)


def test_a_payment_counts_once_and_lets_the_order_go_on(shop):
    works, order = shop
    id_ = order(state="unpaid", paid=False)
    assert read(works, id_).queue == "unpaid"
    assert pay(works, id_, 3900) is True
    assert (read(works, id_).payment_state, read(works, id_).queue) == ("part", "unpaid")
    assert pay(works, id_, 3900) is False
    assert read(works, id_).paid_total == 3900
    assert pay(works, id_, 100, "k2") is True
    assert (read(works, id_).payment_state, read(works, id_).queue) == ("paid", "pick")
    with works.reading(SYSTEM) as work:
        assert set(work.session.scalars(select(Reservation.expires_at))) == {None}


def test_a_late_payment_reserves_again_what_had_been_let_go(shop):
    works, order = shop
    id_ = order(state="unpaid", paid=False)

    def expire(work):
        from oms_web.flows import reservation_expiry

        work.session.query(Reservation).update({"expires_at": work.now - timedelta(hours=1)})
        reservation_expiry.expire(work)

    do(works, expire)
    assert (read(works, id_).queue, reserved(works)) == ("verify", 0)
    assert pay(works, id_, 4000) is True
    assert (read(works, id_).queue, reserved(works)) == ("pick", 4)
    with works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Hold).where(Hold.released_at.is_(None))).all() == []


@pytest.mark.parametrize(("amount", "days", "field"), [(0, 0, "amount"), (-5, 0, "amount"),
                                                       (100, 3, "at")])
def test_a_payment_must_make_sense(shop, amount, days, field):
    works, order = shop
    id_ = order(state="unpaid", paid=False)
    with pytest.raises(Invalid) as refused:
        do(works, order_pay.record, id_, amount, "", works.clock() + timedelta(days=days), "k")
    assert refused.value.field == field


def test_what_is_paid_once_a_part_is_cancelled_keeps_its_goods(shop):
    works, order = shop
    id_ = order(state="unpaid", paid=False)
    assert pay(works, id_, 3000) is True
    with works.reading(SYSTEM) as work:
        line = orders.order_lines(work.session, id_)[0]
    do(works, order_cancel.cancel_units, id_, {line.id: 1}, "za dużo")
    assert (read(works, id_).payment_state, read(works, id_).queue) == ("paid", "pick")
    with works.reading(SYSTEM) as work:
        assert set(work.session.scalars(select(Reservation.expires_at))) == {None}


def rows(works, order_id):
    with works.reading(SYSTEM) as work:
        return list(work.session.scalars(
            select(Payment).where(Payment.order_id == order_id).order_by(Payment.id)))


def test_a_mistyped_payment_is_taken_back_and_the_order_waits_as_before(shop):
    works, order = shop
    id_ = order(state="unpaid", paid=False)
    with pytest.raises(Invalid) as refused:
        do(works, order_pay.record, id_, 40000, "", works.clock(), "slip", more_is_meant=False)
    assert (refused.value.field, rows(works, id_)) == ("surplus", [])
    assert pay(works, id_, 40000, "slip") is True
    assert (read(works, id_).payment_state, read(works, id_).queue) == ("over", "pick")
    # The same form once more is known, and no question.
    assert do(works, order_pay.record, id_, 40000, "", works.clock(), "slip",
              more_is_meant=False) is False
    slip = rows(works, id_)[0]
    with pytest.raises(Invalid):
        do(works, order_pay.take_back, id_, slip.id, "  ")
    assert do(works, order_pay.take_back, id_, slip.id, "500 zamiast 50") is True
    assert do(works, order_pay.take_back, id_, slip.id, "drugi raz") is False
    found = read(works, id_)
    assert (found.paid_total, found.payment_state, found.queue, found.paid_at) == (
        0, "unpaid", "unpaid", None)
    assert [row.amount for row in rows(works, id_)] == [40000, -40000]
    with works.reading(SYSTEM) as work:
        entry = work.session.scalars(
            select(AuditEntry).where(AuditEntry.act == "payments.undo")).one()
        assert (entry.note, entry.actor_name) == ("500 zamiast 50", "Anna")
        # Its goods are promised for a time again, at least a day.
        ends = set(work.session.scalars(select(Reservation.expires_at)))
        assert all(end and end >= works.clock() + timedelta(hours=23) for end in ends)
    assert pay(works, id_, 4000, "right") is True
    assert (read(works, id_).payment_state, read(works, id_).queue) == ("paid", "pick")
    with works.reading(SYSTEM) as work:
        assert set(work.session.scalars(select(Reservation.expires_at))) == {None}


def test_what_a_channel_says_of_money_is_not_taken_back_here(shop):
    works, order = shop
    id_, other = order(), order(state="unpaid", paid=False)
    theirs = rows(works, id_)[0]
    assert pay(works, other, 4000, "mine") is True
    for at, number in ((id_, theirs.id), (id_, rows(works, other)[0].id), (other, 10**9)):
        with pytest.raises(NotFound):
            do(works, order_pay.take_back, at, number, "bo tak")


def test_money_given_back_is_recorded_up_to_what_was_paid(shop):
    works, order = shop
    id_ = order(state="unpaid", paid=False)
    pay(works, id_, 6000)

    def back(amount, key, days=0):
        return do(works, order_pay.give_back, id_, amount, "przelew",
                  works.clock() + timedelta(days=days), key)

    for amount, days, field in ((0, 0, "amount"), (-1, 0, "amount"), (6001, 0, "amount"),
                                (5, 3, "at")):
        with pytest.raises(Invalid) as refused:
            back(amount, "wrong", days)
        assert refused.value.field == field
    assert back(2000, "b1") is True
    assert back(2000, "b1") is False
    found = read(works, id_)
    assert (found.paid_total, found.payment_state, found.queue) == (4000, "paid", "pick")
    # The first payment cannot go while what is left of it is less than it.
    first, returned = rows(works, id_)
    with pytest.raises(NotAllowedNow):
        do(works, order_pay.take_back, id_, first.id, "pomyłka")
    assert do(works, order_pay.take_back, id_, returned.id, "jednak nie") is True
    assert read(works, id_).payment_state == "over"
    assert acts_of(works, id_)[-3:] == ["payments.record", "payments.give_back", "payments.undo"]
