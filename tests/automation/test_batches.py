"""The same act on many orders: each with its result, once, and back again as a whole."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from oms_web.automation import acts, batches
from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, NotFound
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.automation.models import Batch, BatchRow
from oms_web.domain.orders import labels
from oms_web.domain.orders.models import Hold, Note, Order, OrderTag, Tag
from oms_web.flows import order_cancel, order_edit, order_hold
from oms_web.flows.order_in import take_in
from oms_web.jobs import worker
from tests import factories as make

ANNA = Actor("user", "Anna", 7)


class Desk:
    """A shop with open orders, and a person who changes many at once."""

    def __init__(self, oms):
        self.oms, self.works = oms, oms.works
        account, _ = make.shop(self.works, {"KUB": 500})
        with self.works.writing(SYSTEM) as work:
            known = work.session.merge(account)
            self.ids = take_in(work, known, [
                make.order(f"A{n}", {"KUB": 1}) for n in range(12)]).order_ids
            self.first = labels.create_status(work, {
                "name": "Hurt", "phase": "open", "color": "#112233"}).id
            self.away = labels.create_status(work, {
                "name": "W drodze", "phase": "shipped", "color": "#112233"}).id

    def start(self, key, values, ids=None):
        with self.works.writing(ANNA) as work:
            return batches.start(work, key, values, ids or self.ids).id

    def undo(self, batch_id):
        with self.works.writing(ANNA) as work:
            return batches.undo(work, batch_id).id

    def run(self, batch_id):
        return dict(batches.run(self.works, batch_id, lambda done, total: None))

    def batch(self, batch_id):
        with self.works.reading(SYSTEM) as work:
            return work.session.get(Batch, batch_id)

    def all(self, query):
        with self.works.reading(SYSTEM) as work:
            return work.session.scalars(query).all()

    def statuses(self):
        return self.all(select(Order.status_id).order_by(Order.id))

    def standing(self):
        """Everything that the acts of this file may touch, for comparing before and after."""
        with self.works.reading(SYSTEM) as work:
            return [
                work.session.execute(query).all() for query in (
                    select(Order.id, Order.status_id, Order.queue, Order.phase, Order.carrier,
                           Order.delivery_method, Order.strip).order_by(Order.id),
                    select(Hold.order_id, Hold.kind, Hold.detail, Hold.until)
                    .where(Hold.released_at.is_(None)).order_by(Hold.order_id),
                    select(OrderTag.order_id, Tag.name).join(Tag).order_by(OrderTag.order_id),
                    select(Note.order_id, Note.text).order_by(Note.id),
                )
            ]


@pytest.fixture
def desk(both):
    return Desk(both)


def test_every_order_has_its_result_and_a_refused_one_stops_no_other(desk):
    with desk.works.writing(SYSTEM) as work:
        order_cancel.cancel(work, desk.ids[3])
        order_edit.set_status(work, desk.ids[5], desk.first)
    batch_id = desk.start("status", {"status": str(desk.first)})
    assert desk.run(batch_id) == {"changed": 10, "same": 1, "refused": 1}
    batch = desk.batch(batch_id)
    assert (batch.state, batch.total, batch.changed, batch.same, batch.refused) == (
        "done", 12, 10, 1, 1)
    with desk.works.reading(SYSTEM) as work:
        (refused,) = batches.refusals(work, batch_id)
    assert refused == (desk.ids[3], [
        "The status %(name)s is not for orders in this phase.", {"name": "Hurt"}])
    entries = desk.all(select(AuditEntry).where(AuditEntry.act == "orders.status",
                                                AuditEntry.actor_kind == "user"))
    assert {(entry.actor_name, entry.actor_id) for entry in entries} == {("Anna", 7)}
    assert len(entries) == 10


@pytest.mark.parametrize(("key", "values"), [
    ("status", lambda desk: {"status": desk.first}),
    ("tag", lambda desk: {"tag": "pilne"}),
    ("untag", lambda desk: {"tag": "stary"}),
    ("hold", lambda desk: {"reason": "sprawdzić"}),
    ("release", lambda desk: {}),
    ("delivery", lambda desk: {"carrier": "inpost"}),
    ("note", lambda desk: {"text": "uwaga"}),
])
def test_undo_leaves_everything_as_it_was(desk, key, values):
    """Half of the orders are tagged and held already, so each act meets both kinds."""
    with desk.works.writing(SYSTEM) as work:
        for n, order_id in enumerate(desk.ids):
            if n % 2:
                order_edit.add_tag(work, order_id, "stary")
                order_hold.hold(work, order_id, f"powód {n}", work.now + timedelta(days=n + 1))
    before = desk.standing()
    batch_id = desk.start(key, values(desk))
    assert desk.run(batch_id)["changed"] >= 6
    assert desk.standing() != before
    back = desk.undo(batch_id)
    assert "refused" not in desk.run(back)
    assert desk.standing() == before
    assert (desk.batch(batch_id).undone_by, desk.batch(back).undo_of) == (back, batch_id)


def test_an_undo_can_be_taken_back_too(desk):
    batch_id = desk.start("tag", {"tag": "pilne"})
    desk.run(batch_id)
    after = desk.standing()
    back = desk.undo(batch_id)
    desk.run(back)
    again = desk.undo(back)
    desk.run(again)
    assert desk.standing() == after


def test_what_changed_since_is_refused_by_itself_and_the_rest_goes_back(desk):
    batch_id = desk.start("status", {"status": desk.first})
    desk.run(batch_id)
    with desk.works.writing(SYSTEM) as work:
        order_cancel.cancel(work, desk.ids[0])
    back = desk.undo(batch_id)
    assert desk.run(back) == {"changed": 11, "refused": 1}
    assert desk.first not in desk.statuses()


def test_what_cannot_go_back_says_so(desk):
    batch_id = desk.start("cancel", {"reason": "koniec"})
    with pytest.raises(NotAllowedNow, match="still running"):
        desk.undo(batch_id)
    desk.run(batch_id)
    with pytest.raises(NotAllowedNow, match="Nothing of this change"):
        desk.undo(batch_id)
    tags = desk.start("tag", {"tag": "x"})
    desk.run(tags)
    desk.undo(tags)
    with pytest.raises(NotAllowedNow, match="already"):
        desk.undo(tags)


def test_what_was_asked_wrongly_begins_nothing(desk):
    for key, values, error in (
        ("status", {"status": "12x"}, InvalidForm), ("status", {"status": 999}, InvalidForm),
        ("tag", {"tag": " "}, InvalidForm), ("tag", {"tag": "x" * 41}, InvalidForm),
        ("hold", {"reason": "x", "until": "jutro"}, InvalidForm),
        ("hold", {"reason": "x", "until": "2026-11-29T10:00:00"}, InvalidForm),
        ("dance", {}, NotFound),
    ):
        with pytest.raises(error):
            desk.start(key, values)
    with pytest.raises(Invalid, match="at least one"), desk.works.writing(ANNA) as work:
        batches.start(work, "release", {}, [])
    assert desk.all(select(func.count()).select_from(Batch)) == [0]


def test_a_worker_that_dies_goes_on_where_it_stopped(desk, monkeypatch):
    """The process ends at each order in turn; each is done once all the same."""
    batch_id = desk.start("note", {"text": "raz"})
    real, left = batches._together, [0]

    def dies(*args):
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*args)

    monkeypatch.setattr(batches, "AT_ONCE", 1)
    monkeypatch.setattr(batches, "_together", dies)
    for _ in desk.ids[1:]:
        left[0] = 1
        with pytest.raises(KeyboardInterrupt):
            desk.run(batch_id)
    monkeypatch.setattr(batches, "_together", real)
    assert desk.run(batch_id) == {"changed": 12}
    assert desk.all(select(func.count()).select_from(Note)) == [12]


def test_a_row_and_its_result_are_one_transaction(desk, monkeypatch):
    """A fault after the act takes the act back with it, and the row still waits."""
    batch_id = desk.start("note", {"text": "raz"})
    act = acts.ACTS["note"]

    def breaks(work, order_id, params):
        act.do(work, order_id, params)
        raise ZeroDivisionError

    monkeypatch.setitem(acts.ACTS, "note", acts.Act("note", breaks, act.needs, act.fields))
    with pytest.raises(ZeroDivisionError):
        desk.run(batch_id)
    assert desk.all(select(func.count()).select_from(Note)) == [0]
    assert set(desk.all(select(BatchRow.state))) == {"waiting"}


def spoilt(monkeypatch, order_id, error):
    """The act "note" fails at one order, after it has written."""
    act = acts.ACTS["note"]

    def breaks(work, found, params):
        done = act.do(work, found, params)
        if found == order_id:
            raise error
        return done

    monkeypatch.setitem(acts.ACTS, "note", acts.Act("note", breaks, act.needs, act.fields))
    monkeypatch.setattr(batches, "NO_LONGER", 600)


def test_what_a_refused_order_wrote_is_gone_and_the_others_keep_theirs(desk, monkeypatch):
    spoilt(monkeypatch, desk.ids[5], NotAllowedNow("Not today."))
    batch_id = desk.start("note", {"text": "raz"})
    assert desk.run(batch_id) == {"changed": 11, "refused": 1}
    kept = [one for one in desk.ids if one != desk.ids[5]]
    assert desk.all(select(Note.order_id).order_by(Note.order_id)) == kept
    with desk.works.reading(SYSTEM) as work:
        assert batches.refusals(work, batch_id) == [(desk.ids[5], ["Not today.", {}])]


def test_a_fault_at_one_order_takes_back_none_before_it(desk, monkeypatch):
    """They share a transaction with it, which goes back; each is done by itself then."""
    spoilt(monkeypatch, desk.ids[5], ZeroDivisionError())
    batch_id = desk.start("note", {"text": "raz"})
    with pytest.raises(ZeroDivisionError):
        desk.run(batch_id)
    assert desk.all(select(Note.order_id).order_by(Note.order_id)) == desk.ids[:5]
    assert desk.all(select(BatchRow.state).order_by(BatchRow.place)) == \
        ["changed"] * 5 + ["waiting"] * 7


def test_two_workers_do_each_order_once(desk):
    """A lease normally sees to it; here a worker that was paused past its lease comes back."""
    batch_id = desk.start("note", {"text": "raz"})
    hands = [threading.Thread(target=desk.run, args=(batch_id,)) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert desk.all(select(func.count()).select_from(Note)) == [12]
    assert desk.batch(batch_id).changed == 12


def test_the_control_without_the_row_does_them_twice(desk):
    """What the test above would see if rows were not claimed."""
    batch_id = desk.start("note", {"text": "raz"})
    desk.run(batch_id)
    with desk.works.writing(SYSTEM) as work:
        work.session.execute(update(BatchRow).values(state="waiting"))
    desk.run(batch_id)
    assert desk.all(select(func.count()).select_from(Note)) == [24]


def test_a_worker_does_what_was_asked(desk):
    batch_id = desk.start("tag", {"tag": "pilne"})
    worker.drain(desk.oms)
    assert desk.batch(batch_id).state == "done"
    assert len(desk.all(select(OrderTag.order_id))) == 12
