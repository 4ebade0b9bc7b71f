"""What a rule may ask about an order: a name, a kind of value, and the tests that fit it.

``facts`` are plain values by these names, gathered for many orders at once
(``automation/facts.py``). None means that there is no such value: no deadline, no weight.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from oms_web.core.marking import N_

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AskField:
    """``kind``: ``choice`` one word of ours, ``text``, ``number``, ``money`` (main units of the
    order's currency), ``hours`` (whole and parts), ``words`` (a set of them), ``flag``. ``group``
    puts it under a heading. ``folded``: compared without regard to case.
    """

    name: str
    label: str
    kind: str
    group: str
    folded: bool = False


ORDER, BUYER, GOODS, DELIVERY, MONEY, TIME = (
    N_("Order"), N_("Buyer"), N_("Goods"), N_("Delivery"), N_("Payment"), N_("Time"))

FIELDS: dict[str, AskField] = {field.name: field for field in (
    AskField("channel", N_("Channel"), "choice", ORDER),
    AskField("connector", N_("Kind of channel"), "choice", ORDER),
    AskField("source", N_("Where it was taken down"), "choice", ORDER),
    AskField("phase", N_("Phase"), "choice", ORDER),
    AskField("queue", N_("Queue"), "choice", ORDER),
    AskField("status", N_("Status"), "choice", ORDER),
    AskField("tags", N_("Tags"), "words", ORDER, folded=True),
    AskField("holds", N_("Reasons it is held"), "words", ORDER),
    AskField("buyer_note", N_("Buyer's note"), "text", ORDER, folded=True),
    AskField("buyer_name", N_("Buyer's name"), "text", BUYER, folded=True),
    AskField("buyer_email", N_("E-mail"), "text", BUYER, folded=True),
    AskField("is_company", N_("Buys for a company"), "flag", BUYER),
    AskField("earlier_orders", N_("Earlier orders of this buyer"), "number", BUYER),
    AskField("phone_orders", N_("Orders from this phone number within a day"), "number", BUYER),
    AskField("is_watched", N_("Stands on the list of whom to look out for"), "flag", BUYER),
    AskField("wants_invoice", N_("Wants an invoice"), "flag", BUYER),
    AskField("skus", N_("SKUs"), "words", GOODS, folded=True),
    AskField("titles", N_("Names of the goods"), "words", GOODS, folded=True),
    AskField("categories", N_("Categories"), "words", GOODS, folded=True),
    AskField("brands", N_("Brands"), "words", GOODS, folded=True),
    AskField("lines", N_("Number of lines"), "number", GOODS),
    AskField("units", N_("Number of units"), "number", GOODS),
    AskField("weight_g", N_("Weight, g"), "number", GOODS),
    AskField("missing_units", N_("Units that are not reserved"), "number", GOODS),
    AskField("country", N_("Country"), "choice", DELIVERY),
    AskField("postcode", N_("Postcode"), "text", DELIVERY, folded=True),
    AskField("city", N_("Town"), "text", DELIVERY, folded=True),
    AskField("delivery_method", N_("Delivery method"), "text", DELIVERY, folded=True),
    AskField("carrier", N_("Courier"), "choice", DELIVERY),
    AskField("pickup_point", N_("Pick-up point"), "text", DELIVERY, folded=True),
    AskField("payment_state", N_("How far it is paid"), "choice", MONEY),
    AskField("payment_kind", N_("How it is paid"), "choice", MONEY),
    AskField("payment_method", N_("Payment method"), "text", MONEY, folded=True),
    AskField("currency", N_("Currency"), "choice", MONEY),
    AskField("total", N_("Total"), "money", MONEY),
    AskField("shipping_total", N_("Shipping price"), "money", MONEY),
    AskField("discount_total", N_("Discount"), "money", MONEY),
    AskField("hours_to_ship", N_("Hours until it has to be shipped"), "hours", TIME),
    AskField("age_hours", N_("Hours since it was placed"), "hours", TIME),
    AskField("hour", N_("Hour of the day"), "number", TIME),
    AskField("weekday", N_("Day of the week"), "choice", TIME),
)}

# kind -> test -> what it is called.
TESTS: dict[str, dict[str, str]] = {
    "choice": {"in": N_("is"), "not_in": N_("is not")},
    "text": {
        "contains": N_("contains"), "not_contains": N_("does not contain"),
        "equals": N_("is exactly"), "starts": N_("begins with"), "ends": N_("ends with"),
        "empty": N_("is empty"), "filled": N_("is filled in"),
    },
    "number": {"eq": N_("equals"), "ne": N_("does not equal"), "lt": N_("is less than"),
               "le": N_("is at most"), "gt": N_("is more than"), "ge": N_("is at least")},
    "words": {
        "any": N_("include any of"), "all": N_("include all of"), "none": N_("include none of"),
        "only": N_("are only"), "matching": N_("include one that contains"),
        "empty": N_("are none"), "filled": N_("are some"),
    },
    "flag": {"yes": N_("yes"), "no": N_("no")},
}
TESTS["money"] = TESTS["hours"] = TESTS["number"]

NO_VALUE = frozenset(("empty", "filled", "yes", "no"))
"""Tests that need nothing to compare with."""
LISTS = frozenset(("in", "not_in", "any", "all", "none", "only"))
"""Tests that compare with several values."""


def fold(text: str) -> str:
    """Text as folded fields are compared."""
    return " ".join(text.split()).casefold()


def number(value: Any) -> Decimal | None:
    """A number that somebody typed; None if it is none."""
    try:
        found = Decimal(str(value).replace(",", ".").replace(" ", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def test_of(field: AskField, test: str, value: Any) -> Callable[[Facts], bool]:
    """A function that says whether facts pass; ``value`` was checked before (``conditions.py``)."""
    name = field.name
    if field.kind == "flag":
        return (lambda facts: bool(facts[name])) if test == "yes" else \
            (lambda facts: not facts[name])
    if test in ("empty", "filled"):
        return (lambda facts: not facts[name]) if test == "empty" else \
            (lambda facts: bool(facts[name]))
    if field.kind == "choice":
        wanted = frozenset(map(str, value))
        return (lambda facts: str(facts[name]) in wanted) if test == "in" else \
            (lambda facts: str(facts[name]) not in wanted)
    if field.kind == "text":
        return _text(name, test, fold(value) if field.folded else value)
    if field.kind == "words":
        return _words(name, test, value, field.folded)
    return _number(name, test, value)


def _text(name: str, test: str, value: str) -> Callable[[Facts], bool]:
    return {
        "contains": lambda facts: value in facts[name],
        "not_contains": lambda facts: value not in facts[name],
        "equals": lambda facts: value == facts[name],
        "starts": lambda facts: facts[name].startswith(value),
        "ends": lambda facts: facts[name].endswith(value),
    }[test]


def _words(name: str, test: str, value: Any, folded: bool) -> Callable[[Facts], bool]:
    if test == "matching":
        part = fold(value) if folded else value
        return lambda facts: any(part in word for word in facts[name])
    wanted = frozenset(fold(word) if folded else word for word in value)
    return {
        "any": lambda facts: not wanted.isdisjoint(facts[name]),
        "all": lambda facts: wanted <= facts[name],
        "none": lambda facts: wanted.isdisjoint(facts[name]),
        "only": lambda facts: bool(facts[name]) and facts[name] <= wanted,
    }[test]


def _number(name: str, test: str, value: Any) -> Callable[[Facts], bool]:
    """Comparisons; a value that is not there passes none of them."""
    limit = number(value)
    compare: dict[str, Callable[[Any], bool]] = {
        "eq": lambda found: found == limit, "ne": lambda found: found != limit,
        "lt": lambda found: found < limit, "le": lambda found: found <= limit,
        "gt": lambda found: found > limit, "ge": lambda found: found >= limit,
    }
    test_it = compare[test]
    return lambda facts: facts[name] is not None and test_it(facts[name])


def wanted_words(values: Collection[Any]) -> list[str]:
    """The values of a list as text, without doubles and empty ones."""
    return list(dict.fromkeys(text for value in values if (text := str(value).strip())))
