"""What takes the routine off the hands of the demo shop: rules, macros, templates, and its till."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from oms_web.automation import acts
from oms_web.core.work import Work
from oms_web.domain.automation import macros, rules
from oms_web.domain.messages import starters, templates
from oms_web.domain.orders.models import Status
from oms_web.domain.stock.models import Warehouse
from oms_web.domain.till import queries as tills
from oms_web.domain.till import service as till

# Name, state, what it says; {Hurt} stands for the number of that status.
RULES: Sequence[tuple[str, str, Mapping[str, Any]]] = (
    ("Prezenty od razu widać", "on", {
        "trigger": "came", "then": [["tag", {"tag": "prezent"}]],
        "when": {"any": [{"field": "buyer_note", "test": "contains", "value": "prezent"},
                         {"field": "buyer_note", "test": "contains", "value": "na urodziny"}]}}),
    ("Duże zamówienia firm do hurtu", "on", {
        "trigger": "came", "then": [["status", {"status": "{Hurt}"}], ["tag", {"tag": "B2B"}]],
        "when": {"all": [{"field": "is_company", "test": "yes"},
                         {"field": "units", "test": "ge", "value": "10"}]}}),
    ("Drogie za pobraniem: najpierw telefon", "on", {
        "trigger": "came", "ends": True,
        "when": {"all": [{"field": "payment_kind", "test": "in", "value": ["cod"]},
                         {"field": "total", "test": "gt", "value": "500"},
                         {"field": "earlier_orders", "test": "eq", "value": "0"}]},
        "then": [["tag", {"tag": "dzwonić"}],
                 ["hold", {"reason": "Zadzwonić przed wysyłką", "hours": 24}]]}),
    ("Pilne na cztery godziny przed terminem", "on", {
        "trigger": "deadline", "every": 4, "when": {"all": []},
        "then": [["tag", {"tag": "pilne"}]]}),
    ("Faktura, gdy paczka wyszła", "shadow", {
        "trigger": "shipped", "then": [["invoice", {}]],
        "when": {"all": [{"field": "wants_invoice", "test": "yes"}]}}),
)
MACROS: Sequence[Mapping[str, Any]] = (
    {"name": "Zapakuj na prezent", "icon": "gift", "color": "#9C3F74", "key": "p",
     "barcode": "MAKRO-PREZENT", "on_card": True, "on_list": True, "at_station": True,
     "steps": [["tag", {"tag": "prezent"}], ["note", {"text": "Papier i wstążka, bez paragonu."}]]},
    {"name": "Zadzwoń jutro", "icon": "phone", "color": "#3B7BD4", "key": "t",
     "on_card": True, "on_list": True,
     "steps": [["tag", {"tag": "dzwonić"}],
               ["hold", {"reason": "Zadzwonić do kupującego", "hours": 24}]]},
)
TEMPLATES = {"came": "Podziękowanie za zamówienie", "shipped": "Paczka w drodze",
             "invoice": "Faktura", "sms": "SMS: paczka w drodze"}
TILL, TILL_AT = "Sklep przy magazynie", "LDZ"


def seed(work: Work) -> None:
    """Make what is not there yet; what somebody made in its place is left alone."""
    session = work.session
    if not rules.all_rules(session):
        wholesale = session.scalar(select(Status.id).where(Status.name == "Hurt"))
        for name, state, said in RULES:
            then = [[key, {field: wholesale if value == "{Hurt}" else value
                           for field, value in params.items()}] for key, params in said["then"]]
            rule = rules.create(work, {
                "name": name, **said, "then": acts.clean_steps(session, then)})
            rules.switch(work, rule.id, state)
    if not macros.every(session):
        for macro in MACROS:
            macros.create(work, {**macro, "steps": acts.clean_steps(session, macro["steps"])})
    if not templates.every(session):
        for key, name in TEMPLATES.items():
            templates.create(work, {**starters.STARTERS[key].values(), "name": name})
    warehouse = session.scalar(select(Warehouse.id).where(Warehouse.code == TILL_AT))
    if warehouse is not None and not tills.tills(session):
        till.save_till(work, None, TILL, warehouse)
