"""What hangs on the orders of a shop that has all rooms in use: labels, letters, fees, cases.

One row of each for nearly every order, as shops have it, so that screens are measured beside tables
as long as those of the orders: the first screen counts in them, the card looks into all of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from oms_web.core.text import squeeze
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.automation.models import Rule, RuleCheck, RuleRun, RuleVersion
from oms_web.domain.documents.models import Document, Series
from oms_web.domain.messages.models import Message, MessageTemplate
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Note
from oms_web.domain.orders.verification.models import Finding
from oms_web.domain.payments.settling.models import Settlement
from oms_web.domain.returns.models import CaseClock, Return, ReturnLine
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.models import Parcel, Shipment

Rows = Iterator[tuple[type[Any], dict[str, Any]]]
_SAID = {"when": {"all": []}, "then": [], "otherwise": []}


def prepare(connection: Connection, now: datetime) -> None:
    """What the rows refer to."""
    for model, row in (
        (Series, {"id": 1, "kind": "invoice", "name": "FV", "pattern": "FV/{n}/{year}"}),
        (MessageTemplate, {"id": 1, "name": "Wysłane", "kind": "email", "created_at": now,
                           "changed_at": now}),
        (Rule, {"id": 1, "name": "Krajowe", "position": 1, "state": "on", "trigger": "came",
                "when": _SAID["when"], "then": [], "created_at": now, "changed_at": now}),
        (RuleVersion, {"rule_id": 1, "version": 1, "said": _SAID, "at": now, "by": "Ola"}),
    ):
        connection.execute(insert(model.__table__), [row])


def hung(order: Mapping[str, Any], line: Mapping[str, Any], dice: random.Random) -> Rows:
    """The rows of one order."""
    number, placed, phase = order["id"], order["placed_at"], order["phase"]
    yield RuleCheck, {"order_id": number, "event": f"trail:{number}", "act": "orders.receive",
                      "at": placed, "verdicts": [[1, 1, -1]]}
    if number % 20 == 0:
        yield RuleRun, {"id": number, "rule_id": 1, "version": 1, "order_id": number, "why": None,
                        "event": f"trail:{number}", "at": placed, "outcome": "done",
                        "steps": [], "undo": []}
    if number % 33 == 0:
        yield Note, {"id": number, "order_id": number, "at": placed, "author": "Ola",
                     "author_kind": "user", "author_id": 1, "text": "Zadzwonić przed wysyłką",
                     "for_packer": False}
    if phase in (phases.OPEN, phases.PACKING) and dice.random() < 0.02:
        yield Finding, {"id": number, "order_id": number, "kind": "phone", "level": "warn",
                        "ref": "", "detail": {"phone": order["buyer_phone"]},
                        "found_at": placed, "found_by": "system",
                        "settled_at": None, "settled_by": None, "how": None}
    if phase in (phases.SHIPPED, phases.DONE):
        yield from _sent(order, dice)
        yield from _after(order, line, dice)


def _sent(order: Mapping[str, Any], dice: random.Random) -> Rows:
    number, placed, is_over = order["id"], order["placed_at"], order["phase"] == phases.DONE
    tracking = f"{dice.randrange(10**13, 10**14)}{number:08}"
    yield Shipment, {
        "id": number, "order_id": number, "warehouse_id": 1, "carrier": order["carrier"],
        "state": "delivered" if is_over else "shipped", "created_at": placed,
        "packed_at": placed, "shipped_at": placed, "delivered_at": placed if is_over else None,
        "told": "done",
    }
    yield LabelBooking, {
        "id": number, "key": f"b{number}", "order_id": number, "shipment_id": number,
        "account_id": 1, "carrier": order["carrier"], "service": "standard", "request": {},
        "reasons": [], "state": "confirmed", "asked": True, "tracking": [tracking],
        "price": 1199, "files": {}, "due_at": None, "by_name": "Kuba", "created_at": placed,
        "sent_at": placed, "confirmed_at": placed,
    }
    yield Parcel, {
        "id": number, "shipment_id": number, "position": 1, "carrier": order["carrier"],
        "tracking": tracking, "tracking_key": squeeze(tracking), "booking_id": number,
        "travel": "delivered" if is_over else "moving", "travel_at": placed + timedelta(days=1),
    }
    yield Message, {
        "id": number, "order_id": number, "template_id": 1, "name": "Wysłane",
        "key": f"1:{number}:sent", "kind": "email", "recipient": order["buyer_email"],
        "language": "pl", "subject": f"Zamówienie {number} jest w drodze", "text": "Dzień dobry!",
        "documents": [], "by_kind": "rule", "by_id": 1, "by_name": "Krajowe",
        "state": "failed" if number % 50_000 == 0 else "sent", "why": None, "due_at": None,
        "attempts": 1, "created_at": placed, "asked_at": placed, "tried_at": placed,
        "ended_at": placed,
    }
    yield AuditEntry, {
        "at": placed, "actor_kind": "user", "actor_id": 1, "actor_name": "Kuba",
        "act": "orders.ship", "subject": "order", "subject_id": number, "order_id": number,
        "change": {"phase": ["packing", "shipped"]},
    }
    if order["account_id"] and number % 5 < 3:
        yield Settlement, {
            "id": number, "fingerprint": f"s{number}", "shape": "allegro", "kind": "fee",
            "ref": order["external_number"], "day": placed.date(), "amount": -order["total"] // 10,
            "currency": "PLN", "order_id": number, "taken_at": placed,
        }
    if number % 10 == 0:
        yield Document, _invoice(order, placed.date())


def _invoice(order: Mapping[str, Any], day: date) -> dict[str, Any]:
    number, gross = order["id"], order["total"]
    net = round(gross / 1.23)
    return {
        "id": number, "kind": "invoice", "series_id": 1, "period": f"{day.year}",
        "sequence": number, "number": f"FV/{number}/{day.year}", "order_id": number,
        "cause": f"order:{number}", "issued_at": order["placed_at"], "issue_date": day,
        "sale_date": day, "issued_by": "Irena", "language": "pl", "buyer": order["buyer_name"],
        "currency": "PLN", "net": net, "vat": gross - net, "gross": gross, "snapshot": {},
    }


def _after(order: Mapping[str, Any], line: Mapping[str, Any], dice: random.Random) -> Rows:
    """Every fiftieth order comes back; one of twenty cases is still open."""
    number, placed = order["id"], order["placed_at"]
    if dice.random() > 0.02:
        return
    is_open = dice.random() < 0.05
    yield Return, {
        "id": number, "number": f"RMA/{number}", "kind": "withdrawal",
        "phase": dice.choice(("new", "accepted")) if is_open else "closed",
        "goods": dice.choice(("expected", "arrived")) if is_open else "judged",
        "money": "none" if is_open else "done", "source": "page", "order_id": number,
        "buyer_name": order["buyer_name"], "buyer_email": order["buyer_email"],
        "currency": "PLN", "total": order["total"], "parcels": [],
        "due_at": placed + timedelta(days=14) if is_open else None,
        "closed_at": None if is_open else placed + timedelta(days=20), "created_at": placed,
    }
    yield ReturnLine, {
        "id": number, "return_id": number, "order_line_id": line["id"],
        "variant_id": line["variant_id"], "sku": line["sku"], "title": line["title"],
        "quantity": 1, "arrived": 0 if is_open else 1, "unit_price": line["unit_price"],
        "total": line["total"],
    }
    yield CaseClock, {
        "id": number, "return_id": number, "what": "repay", "rule": "pl-2014",
        "began_at": placed, "due_at": placed + timedelta(days=14),
        "stopped_at": None if is_open else placed + timedelta(days=10),
    }
