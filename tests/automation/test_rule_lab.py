"""Rules of the clock, rehearsed on the past, explained: what was, and what would have been."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from oms_web.automation import explaining, rehearsing, running, timed
from oms_web.core.actor import SYSTEM
from oms_web.core.events import OutboxEvent
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.automation import rules
from oms_web.domain.automation.models import RuleCheck, RuleRun
from oms_web.domain.orders.models import Hold, Note, Order, OrderTag
from oms_web.flows import order_cancel, order_edit
from tests.automation.rule_desk import ANNA, only


def look(desk):
    return timed.run(desk.works, lambda done, total: None)


def test_an_order_that_waits_is_acted_on_once_and_again_when_it_waits_anew(desk, clock):
    rule = desk.rule("Czeka", trigger="waits_in_status", every=24,
                     when=only("status", "in", [desk.status["Pilne!"]]),
                     then=[("note", {"text": "przypomnij"})])
    order = desk.order()
    with desk.works.writing(ANNA) as work:
        order_edit.set_status(work, order, desk.status["Pilne!"])
    clock.forward(hours=23, minutes=59)
    assert look(desk) == 0
    clock.forward(minutes=1)
    assert (look(desk), look(desk)) == (1, 0)
    with desk.works.writing(ANNA) as work:
        order_edit.set_status(work, order, desk.status["Hurt!"])
        clock.forward(hours=1)
    with desk.works.writing(ANNA) as work:
        order_edit.set_status(work, order, desk.status["Pilne!"])
    assert look(desk) == 0
    clock.forward(hours=24)
    assert look(desk) == 1
    assert desk.runs() == [(rule, order, "done")] * 2


def test_a_condition_that_comes_true_while_it_waits_is_seen(desk, clock):
    desk.rule("Czeka", trigger="waits_in_queue", every=1, when=only("tags", "any", ["vip"]))
    order = desk.order()
    clock.forward(hours=2)
    assert look(desk) == 0
    with desk.works.writing(ANNA) as work:
        order_edit.add_tag(work, order, "vip")
    assert look(desk) == 1


def test_before_a_deadline(desk, clock):
    desk.rule("Termin", trigger="deadline", every=3)
    near = desk.order(ship_by=clock.now + timedelta(hours=4))
    desk.order(ship_by=clock.now + timedelta(hours=40))
    desk.order(ship_by=clock.now + timedelta(days=9))
    assert look(desk) == 0
    clock.forward(hours=1)
    assert (look(desk), look(desk)) == (1, 0)
    assert [order for _, order, _ in desk.runs()] == [near]


def test_every_day_at_an_hour_of_the_shop_once(desk, clock):
    clock.now = datetime(2026, 10, 23, 20, 0, tzinfo=UTC)  # two days before summer time ends
    desk.rule("Rano", trigger="daily", every=9, then=[("note", {"text": "dzień dobry"})])
    order = desk.order()
    acted = []
    for _ in range(24 * 4):
        acted += [clock.now] * look(desk)
        clock.forward(hours=1)
    assert acted == [datetime(2026, 10, day, hour, 0, tzinfo=UTC)
                     for day, hour in ((24, 7), (25, 8), (26, 8), (27, 8))]
    assert {one for _, one, _ in desk.runs()} == {order}


def lab(desk, rule_id, days=30):
    with desk.works.reading(SYSTEM) as work:
        known = {rule.id: running.ready(rule) for rule in rules.all_rules(work.session)}
    return rehearsing.rehearse(desk.works, known[rule_id], list(known.values()), days)


def everything(desk):
    """All that a rehearsal might have changed."""
    return [desk.all(query) for query in (
        select(Order.id, Order.status_id, Order.phase, Order.queue, Order.updated_at),
        select(OrderTag.order_id, OrderTag.tag_id), *(
            select(func.count()).select_from(table)
            for table in (Note, Hold, AuditEntry, RuleRun, RuleCheck, OutboxEvent)))]


def test_a_rehearsal_says_what_would_be_done_and_does_nothing(desk):
    first, second = desk.order({"KUB": 1}), desk.order({"KUB": 1, "TAL": 1})
    with desk.works.writing(SYSTEM) as work:
        order_edit.add_tag(work, second, "gruby")
        order_cancel.cancel(work, first)
    rule = desk.rule("Próba", state="off", when=only("phase", "in", ["open"]),
        then=[("tag", {"tag": "gruby"}), ("hold", {"reason": "sprawdź"})])
    before = everything(desk)
    found = lab(desk, rule)
    assert everything(desk) == before
    # The cancelled one was open when it came, and could not be held today.
    assert (found.asked, found.matched, set(found.orders)) == (2, 2, {first, second})
    tried = {one.order_id: one for one in found.tried}
    assert tried[first].why[0] == "This order has left or is closed."
    assert [(step["act"], step["changed"]) for step in tried[second].steps] == [
        ("tag", False), ("hold", True)]


def test_a_rehearsal_knows_how_orders_were_then(desk):
    order = desk.order()
    with desk.works.writing(SYSTEM) as work:
        order_edit.set_status(work, order, desk.status["Pilne!"])
        order_edit.add_tag(work, order, "vip")
    for field, test, value, matched in (
        ("tags", "any", ["vip"], 0), ("tags", "empty", None, 1),
        ("status", "in", [str(desk.status["Pilne!"])], 0),
    ):
        rule = desk.rule(f"{field} {test}", state="off", when=only(field, test, value))
        assert lab(desk, rule).matched == matched, (field, test)
    blocked = lab(desk, desk.rule("Nie", state="off", when=only("country", "in", ["DE"])))
    assert blocked.in_the_way == {0: 1}


def test_rules_that_say_the_opposite_about_the_same_orders_are_found(desk):
    order = desk.order({"KUB": 2})
    one = desk.rule("A", then=[("status", {"status": desk.status["Pilne!"]})])
    two = desk.rule("B", when=only("units", "ge", "2"),
                    then=[("status", {"status": desk.status["Hurt!"]})])
    desk.rule("C", when=only("units", "ge", "3"),
              then=[("status", {"status": desk.status["Hurt!"]})])
    desk.rule("D", trigger="paid", then=[("status", {"status": desk.status["Hurt!"]})])
    desk.rule("E", then=[("status", {"status": desk.status["Pilne!"]})])
    found = lab(desk, one).clashes
    assert [(clash.rule_id, clash.orders, clash.act) for clash in found] == [
        (two, [order], "status")]


def test_a_rule_of_the_clock_is_rehearsed_on_the_orders_of_now(desk, clock):
    waiting = desk.order()
    clock.forward(hours=30)
    desk.order()
    rule = desk.rule("Czeka", trigger="waits_in_queue", every=24, state="off")
    assert lab(desk, rule).orders == [waiting]


def test_an_order_tells_which_rules_were_asked_and_why_not(desk):
    done = desk.rule("Zrobiła", when=only("units", "ge", "1"), ends=False)
    missed = desk.rule("Nie ta", when=only("country", "in", ["DE"]))
    failing = desk.rule("Zła", then=[["delivery", {"carrier": "x"}], ["unnote", {"note": 1}]])
    order = desk.order()
    desk.run()
    with desk.works.reading(SYSTEM) as work:
        (asked,) = explaining.explain(work.session, order)
        assert explaining.counts(work.session, work.now) == {
            done: {"done": 1}, failing: {"failed": 1}}
        assert explaining.never_fire(work.session, work.now) == set()
        assert explaining.never_fire(work.session, work.now + timedelta(days=31)) == {
            done, missed, failing}
    assert asked.act == "orders.receive"
    assert [(answer.rule_id, answer.outcome) for answer in asked.answers] == [
        (done, "done"), (missed, "missed"), (failing, "failed")]
    assert asked.answers[1].leaf.field == "country"
    assert asked.answers[2].why[0] == "There is no such note."
