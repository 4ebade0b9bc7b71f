"""A shop whose rules are written by Anna, and a clock that is turned by hand."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from oms_web.automation import running
from oms_web.core.actor import SYSTEM, Actor
from oms_web.domain.automation import rules
from oms_web.domain.automation.models import Rule, RuleRun
from oms_web.domain.orders import labels
from oms_web.domain.orders.models import OrderTag, Tag
from oms_web.flows.order_in import take_in
from tests import factories as make

ANNA = Actor("user", "Anna", 7)


class Desk:
    """A shop whose rules are written by Anna."""

    def __init__(self, oms):
        self.oms, self.works = oms, oms.works
        self.account, _ = make.shop(self.works, {"KUB": 500, "TAL": 500})
        self.count = 0
        with self.works.writing(SYSTEM) as work:
            self.status = {
                name: labels.create_status(work, {
                    "name": name, "phase": "open", "color": "#112233"}).id
                for name in ("Pilne!", "Hurt!")}

    def rule(self, name, trigger="came", then=(("tag", {"tag": "x"}),), state="on", **values):
        with self.works.writing(ANNA) as work:
            rule = rules.create(work, {
                "name": name, "trigger": trigger, "then": [list(step) for step in then],
                **values})
            rules.switch(work, rule.id, state)
            return rule.id

    def order(self, lines=None, **values):
        self.count += 1
        with self.works.writing(SYSTEM) as work:
            known = work.session.merge(self.account)
            return take_in(work, known, [
                make.order(f"A{self.count}", lines or {"KUB": 1}, **values)]).order_ids[0]

    def run(self):
        return running.run(self.works, lambda done, total: None)

    def all(self, query):
        with self.works.reading(SYSTEM) as work:
            return work.session.execute(query).all()

    def tags(self, order_id):
        return {name for name, in self.all(
            select(Tag.name).join(OrderTag).where(OrderTag.order_id == order_id))}

    def runs(self):
        return [tuple(row) for row in self.all(
            select(RuleRun.rule_id, RuleRun.order_id, RuleRun.outcome).order_by(RuleRun.id))]

    def state(self, rule_id):
        return self.all(select(Rule.state, Rule.stopped_why).where(Rule.id == rule_id))[0]



class Clock:
    """The shop's clock, turned by hand."""

    def __init__(self, monkeypatch, works):
        self.now = works.clock()
        monkeypatch.setattr(works, "clock", lambda: self.now)

    def forward(self, **span):
        self.now += timedelta(**span)


def only(field, test, value=None):
    return {"all": [{"field": field, "test": test, "value": value}]}
