"""What can be done to an order, in words: each act of ``automation/acts.py`` and its fields.

A new kind of act needs a row here; a test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from oms_web.automation import acts
from oms_web.domain.automation import macros
from oms_web.domain.messages import templates
from oms_web.domain.orders import labels
from oms_web.domain.shipping import sending
from oms_web.domain.shipping.tracking import CARRIERS
from oms_web.domain.stock import queries as stock
from oms_web.domain.users.permissions import may
from oms_web.domain.webhooks import queries as webhooks


@dataclass(frozen=True, slots=True)
class Words:
    """``name`` of an act in a list to choose from; ``says`` in a sentence about what is done."""

    name: Any
    says: Any
    icon: str = "bolt"


ACTS: Mapping[str, Words] = {
    "status": Words(_l("Set a status"), _l("set the status %(status)s"), "progress"),
    "status_back": Words(_l("Give back the status"), _l("give back the status %(status)s"),
                         "progress"),
    "tag": Words(_l("Put on a tag"), _l("put on the tag %(tag)s"), "tag"),
    "untag": Words(_l("Take off a tag"), _l("take off the tag %(tag)s"), "tag"),
    "hold": Words(_l("Hold"), _l("hold it: %(reason)s"), "player-pause"),
    "doubt": Words(_l("Point it out for verification"), _l("point it out: %(reason)s"),
                   "eye-check"),
    "undoubt": Words(_l("Take back that it was pointed out"), _l("point it out no longer"),
                     "eye-check"),
    "release": Words(_l("Let it go on"), _l("let it go on"), "player-play"),
    "delivery": Words(_l("Change the delivery"), _l("choose the delivery %(delivery)s"), "truck"),
    "note": Words(_l("Write a note"), _l("write the note %(text)s"), "note"),
    "cancel": Words(_l("Cancel the order"), _l("cancel it"), "circle-x"),
    "weight": Words(_l("Set the weight"), _l("set the weight to %(grams)s g"), "weight"),
    "label": Words(_l("Buy the label"), _l("buy its label"), "tag"),
    "unlabel": Words(_l("Take the label back"), _l("take its label back"), "tag"),
    "ship": Words(_l("Mark as sent"), _l("mark it as sent"), "truck"),
    "packaging": Words(_l("Choose the packaging"), _l("pack it in %(packaging)s"), "box"),
    "any_packaging": Words(_l("Packaging as rules say"), _l("pack it as rules say"), "box"),
    "unweigh": Words(_l("Forget the weight"), _l("forget the weight"), "weight"),
    "unship": Words(_l("Take the sending back"), _l("take the sending back"), "truck"),
    "invoice": Words(_l("Issue an invoice"), _l("issue an invoice"), "file-invoice"),
    "webhook": Words(_l("Call a webhook"), _l("call the webhook %(webhook)s"), "bell"),
    "message": Words(_l("Write to the buyer"), _l("write “%(template)s” to the buyer"), "mail"),
    "unmessage": Words(_l("Call off a message"), _l("call off a message"), "mail"),
    "macro": Words(_l("Run a macro"), _l("run the macro %(macro)s"), "wand"),
    "recall": Words(_l("Recall"), _l("recall it"), "arrow-back-up"),
    "hold_back": Words(_l("Keep the document back"), _l("keep the document back"),
                       "arrow-back-up"),
    "unnote": Words(_l("Take off a note"), _l("take off a note"), "note"),
    "together": Words(_l("Send together with the buyer's other orders"),
                      _l("send it together with the buyer's other orders"), "packages"),
    "apart": Words(_l("Take it out of the shared parcel"), _l("take it out of the shared parcel"),
                   "package"),
    "split": Words(_l("Split off what is missing"), _l("split off what is missing"),
                   "arrows-split-2"),
    "allocate": Words(_l("Send from another warehouse"), _l("send it from %(warehouse)s"),
                      "building-warehouse"),
    "put_back": Words(_l("Send from where it was"), _l("send it from where it was before"),
                      "building-warehouse"),
    "join": Words(_l("Join what was split off"), _l("join what was split off"), "arrow-back-up"),
}
FIELDS: Mapping[str, Any] = {
    "status": _l("Status"), "tag": _l("Tag"), "reason": _l("Reason"), "until": _l("Until"),
    "hours": _l("For how many hours"), "carrier": _l("Courier"),
    "delivery_method": _l("Delivery method"), "pickup_point": _l("Pick-up point"),
    "text": _l("Note"), "webhook": _l("Webhook"), "note": _l("Remark"), "macro": _l("Macro"),
    "orders": _l("Orders"), "part": _l("Order"),
    "template": _l("Template"),
    "grams": _l("Weight, g"), "warehouse": _l("Warehouse"),
    "packaging": _l("Packaging"),
}

Names = Mapping[str, str]
_CHOICES: Mapping[str, Callable[[Session], Names]] = {
    "status": lambda session: {str(one.id): one.name for one in labels.statuses(session)},
    "carrier": lambda _session: {one.name: one.name for one in CARRIERS},
    "webhook": lambda session: {str(one.id): one.name for one in webhooks.every(session)},
    "macro": lambda session: {str(one.id): one.name for one in macros.every(session)},
    "template": lambda session: {
        str(one.id): one.name for one in templates.every(session, templates.ORDERS)},
    "tag": lambda session: {one.name: one.name for one in labels.tags(session)},
    "packaging": lambda session: {str(one.id): one.name for one in sending.packagings(session)},
    "warehouse": lambda session: {str(one.id): one.name for one in stock.warehouses(session)},
}
TYPED = frozenset(("tag",))
"""Kinds whose values may also be new ones."""


class Choices:
    """What may be chosen for each kind of field, looked up once a page."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, Names] = {}

    def __call__(self, kind: str) -> Names | None:
        """Value -> words; None when it is typed freely."""
        if kind not in _CHOICES:
            return None
        if kind not in self._known:
            self._known[kind] = _CHOICES[kind](self._session)
        return self._known[kind]


def offered(role: str) -> list[acts.Act]:
    """The acts that a person of a role may choose."""
    return [act for act in acts.ACTS.values() if act.listed and may(role, act.needs)]


def name(key: str) -> str:
    """An act in a list."""
    return str(ACTS[key].name) if key in ACTS else key


def icon(key: str) -> str:
    """An act's picture."""
    return ACTS[key].icon if key in ACTS else "bolt"


def fields(act: acts.Act) -> list[acts.Field]:
    """The fields of an act that are asked for in a rule or a macro: a moment is none of them,
    since it is past when the next order comes, nor are the orders of a bulk change.
    """
    return [field for field in act.fields if field.kind not in ("moment", "orders")]


def said(key: str, params: Mapping[str, Any], choices: Choices) -> tuple[str, list[str]]:
    """An act as part of a sentence, with a mark for each value, and the values in their order."""
    words = ACTS.get(key)
    if words is None or key not in acts.ACTS:
        return key, []
    values = {field.name: _value(field, params.get(field.name), choices)
              for field in acts.ACTS[key].fields}
    values["delivery"] = ", ".join(filter(None, (
        values.get(name_, "") for name_ in ("carrier", "delivery_method", "pickup_point"))))
    template, shown = str(words.says), []
    for field, value in values.items():
        if f"%({field})s" in template:
            template = template.replace(f"%({field})s", MARK)
            shown.append(value or gettext("not chosen yet"))
    return template, shown


MARK = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands where a value belongs."""


def plain(key: str, params: Mapping[str, Any], choices: Choices) -> str:
    """An act in words."""
    text, values = said(key, params, choices)
    for value in values:
        text = text.replace(MARK, value, 1)
    return text


def _value(field: acts.Field, value: Any, choices: Choices) -> str:
    known = choices(field.kind) or {}
    return known.get(str(value), str(value)) if value not in (None, "") else ""


def all_of(steps: Sequence[Any], choices: Choices) -> str:
    """Several acts in words."""
    return ", ".join(plain(key, params, choices) for key, params in steps)
