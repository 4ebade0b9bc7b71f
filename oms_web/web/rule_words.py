"""Rules in words: what triggers, conditions and acts are called, and a whole rule as a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from babel.dates import get_day_names
from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from oms_web.core import countries
from oms_web.domain.automation.conditions import Leaf
from oms_web.domain.automation.fields import FIELDS, LISTS, NO_VALUE, TESTS
from oms_web.domain.automation.triggers import TIMED, TRIGGERS
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import labels, queries
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping.tracking import CARRIERS
from oms_web.web import act_words, formats
from oms_web.web import order_words as words
from oms_web.web.act_words import MARK, Choices, Names
from oms_web.web.door import oms
from oms_web.web.phase_names import PHASES

WHEN: Mapping[str, Any] = {
    "came": _l("When an order comes in"), "confirmed": _l("When a draft is confirmed"),
    "paid": _l("When an order is paid in full"), "payment": _l("When a payment arrives"),
    "status": _l("When the status changes"), "phase": _l("When the phase changes"),
    "held": _l("When an order is held"), "released": _l("When a hold ends"),
    "changed": _l("When the channel changes an order"), "tagged": _l("When a tag is put on"),
    "packed": _l("When a parcel is packed"), "shipped": _l("When an order is shipped"),
    "delivered": _l("When an order is delivered"),
    "undelivered": _l("When a parcel is not delivered"),
    "cancelled": _l("When an order is cancelled"),
    "invoiced": _l("When a document is issued"),
    "returned": _l("When a return is announced or arrives"),
    "waits_in_queue": _l("When an order has waited %(every)s hours in its queue"),
    "waits_in_status": _l("When an order has kept its status for %(every)s hours"),
    "deadline": _l("When an order has to be shipped within %(every)s hours"),
    "daily": _l("Every day at %(every)s:00, for each open order"),
}
UNITS: Mapping[str, Any] = {"hours": _l("Hours"), "hour": _l("Hour of the day, 0 to 23")}
STATES: Mapping[str, tuple[Any, str]] = {
    "on": (lazy_pgettext("rule", "on"), "ok"),
    "shadow": (lazy_pgettext("rule", "only watches"), "acc"),
    "off": (lazy_pgettext("rule", "off"), ""),
    "stopped": (lazy_pgettext("rule", "stopped by itself"), "bad"),
}
STOPPED: Mapping[str, Any] = {
    "loop": _l("It did the same to one order again and again: it sets itself off, alone or with "
               "another rule. Change it, then switch it on again."),
    "flood": _l("It did more in an hour than you allowed. Look at what it did, then switch it on "
                "again or raise the limit."),
}
OUTCOMES: Mapping[str, tuple[Any, str]] = {
    "done": (_l("done"), "ok"), "same": (_l("was so already"), ""),
    "failed": (_l("failed"), "bad"), "shadow": (_l("only watched"), "acc"),
    "undone": (_l("taken back"), "warn"),
}
FLAGS: Mapping[tuple[str, str], Any] = {
    ("is_company", "yes"): _l("a company buys"), ("is_company", "no"): _l("no company buys"),
    ("wants_invoice", "yes"): _l("an invoice is wanted"),
    ("wants_invoice", "no"): _l("no invoice is wanted"),
}
"""A question that is answered by yes or no, inside a sentence."""
ALWAYS = _l("always")
SAID: Mapping[str, Any] = {
    "trigger": _l("when"), "every": _l("time"), "when": _l("conditions"), "then": _l("acts"),
    "otherwise": _l("when that fails"), "on_failure": _l("after a failure"),
    "ends": _l("rules after it"), "most_per_hour": _l("at most in an hour"),
}


# What may be chosen ------------------------------------------------------------------------------


def _of_words(mapping: Mapping[str, Any]) -> Callable[[Session], Names]:
    return lambda _session: {key: str(value) for key, value in mapping.items()}


def _accounts(session: Session) -> Names:
    return {str(one.id): one.name for one in session.query(ChannelAccount)
            .order_by(ChannelAccount.archived_at.is_not(None), ChannelAccount.name)}


def _connectors(_session: Session) -> Names:
    return {key: gettext(one.manifest.name) for key, one in oms().registry.connectors.items()}


def _currencies(session: Session) -> Names:
    known = ["PLN", "EUR", *(one for one in queries.distinct(session, Order.currency) if one)]
    return {one: one for one in dict.fromkeys(known)}


def _countries(_session: Session) -> Names:
    names = countries.names(formats.language())
    union = [code for code in names if code in countries.UNION and code != "PL"]
    rest = [code for code in names if code not in countries.UNION]
    return {code: names[code] for code in ["PL", *union, *rest] if code in names}


def _carriers(session: Session) -> Names:
    known = [one.name for one in CARRIERS]
    seen = [one for one in queries.distinct(session, Order.carrier) if one]
    return {"": gettext("none"), **{one: one for one in dict.fromkeys([*known, *seen])}}


def _weekdays(_session: Session) -> Names:
    names = get_day_names("wide", locale=formats.language())
    return {str(day + 1): names[day] for day in range(7)}


_VALUES: Mapping[str, Callable[[Session], Names]] = {
    "channel": _accounts, "connector": _connectors, "source": _of_words(words.SOURCES),
    "phase": _of_words(PHASES),
    "queue": _of_words({name: queue.label for name, queue in words.QUEUES.items()}),
    "status": lambda session: {str(one.id): one.name for one in labels.statuses(session)},
    "tags": lambda session: {one.name: one.name for one in labels.tags(session)},
    "holds": _of_words({key: name for key, name in words.HOLDS.items() if key != "any"}),
    "country": _countries, "carrier": _carriers, "payment_state": _of_words(words.PAYMENTS),
    "payment_kind": _of_words(words.PAYMENT_KINDS), "currency": _currencies,
    "weekday": _weekdays,
}


class Values:
    """The values of a field that may be chosen, looked up once a page."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, Names] = {}
        self.acts = Choices(session)

    def __call__(self, field: str) -> Names | None:
        """Value -> words; None when it is typed freely."""
        if field not in _VALUES:
            return None
        if field not in self._known:
            self._known[field] = _VALUES[field](self._session)
        return self._known[field]

    def said(self, field: str, value: Any) -> str:
        """A value in words."""
        if value is None or (value == "" and field != "carrier"):
            return gettext("none")
        if isinstance(value, bool):
            return gettext("yes") if value else gettext("no")
        if isinstance(value, list):
            return ", ".join(self.said(field, one) for one in value) or gettext("none")
        return (self(field) or {}).get(str(value), str(value))


# Sentences ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence; ``strong`` is a value that somebody chose."""

    text: str
    strong: bool = False


def label(field: str) -> str:
    """What a field is called inside a sentence."""
    text = gettext(FIELDS[field].label)
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def test_of(leaf: Leaf, values: Values) -> list[Part]:
    """A test: ``country is DE or AT``."""
    field = FIELDS[leaf.field]
    if field.kind == "flag":
        return [Part(str(FLAGS[leaf.field, leaf.test]), True)]
    parts = [Part(label(leaf.field)), Part(gettext(TESTS[field.kind][leaf.test]))]
    if leaf.test in NO_VALUE:
        return parts
    chosen = leaf.value if leaf.test in LISTS else [leaf.value]
    glue = gettext("and") if leaf.test in ("all", "only") else gettext("or")
    for n, one in enumerate(chosen):
        parts += [Part(glue)] if n else []
        parts.append(Part(values.said(leaf.field, one), True))
    return parts


def conditions(tree: Mapping[str, Any], values: Values, inner: bool = False) -> list[Part]:
    """A tree of conditions; empty when there are none."""
    if "field" in tree:
        return test_of(Leaf(tree["field"], tree["test"], tree.get("value")), values)
    if "not" in tree:
        return [Part(gettext("not (")), *conditions(tree["not"], values), Part(")")]
    inside = tree.get("all", tree.get("any", []))
    glue = gettext("and") if "all" in tree else gettext("or")
    parts: list[Part] = []
    for n, one in enumerate(inside):
        parts += [Part(glue)] if n else []
        parts += conditions(one, values, inner=True)
    return [Part("("), *parts, Part(")")] if inner and len(inside) > 1 else parts


def steps(told: Iterable[Any], values: Values) -> list[Part]:
    """A list of acts."""
    parts: list[Part] = []
    for n, (key, params) in enumerate(told):
        text, chosen = act_words.said(key, params, values.acts)
        if n:
            parts.append(Part(","))
        pieces = text.split(MARK)
        for place, piece in enumerate(pieces):
            if piece.strip():
                parts.append(Part(piece.strip()))
            if place < len(chosen):
                parts.append(Part(chosen[place], True))
    return parts


def sentence(rule: Any, values: Values) -> list[Part]:
    """A rule, its version, or a draft of it (by name or by key) as one sentence."""
    def say(name: str) -> Any:
        return rule.get(name) if isinstance(rule, Mapping) else getattr(rule, name)

    when = str(WHEN.get(say("trigger"), say("trigger")))
    parts = [Part(when % {"every": say("every") or 0} if say("trigger") in TIMED else when)]
    asked = conditions(say("when"), values)
    if asked:
        parts += [Part(gettext("and")), *asked]
    parts += [Part(":"), *steps(say("then"), values)]
    if say("ends"):
        parts += [Part(","), Part(gettext("and ask no further rule"))]
    return [*parts, Part(".")]


def text_of(parts: Iterable[Part]) -> str:
    """A sentence without its marks."""
    text = ""
    for part in parts:
        glued = part.text in (",", ".", ":", ")") or text.endswith("(") or not text
        text += part.text if glued else f" {part.text}"
    return text


def triggers() -> list[tuple[str, dict[str, str]]]:
    """What a rule may be about, under two headings."""
    return [
        (gettext("Something happens"), {key: gettext(one.label) for key, one in TRIGGERS.items()}),
        (gettext("Time passes"), {key: gettext(one.label) for key, one in TIMED.items()}),
    ]
