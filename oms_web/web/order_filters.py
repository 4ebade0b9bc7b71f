"""The list's address: the filters in it, what they are called, and the links that change them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel import Locale
from flask import url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.text import key_in, squeeze
from oms_web.domain.catalog.models import Product
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import filters, labels, queries, search, walking
from oms_web.domain.orders.filters import Condition
from oms_web.domain.orders.models import Order, OrderLine, Status, Tag
from oms_web.domain.shipping.models import Parcel, ShipmentLine
from oms_web.domain.stock.models import Warehouse
from oms_web.web import formats
from oms_web.web import order_words as words
from oms_web.web.shell import frame

SHOWN_VALUES = 2
# With one of these set, a list that names no queue is a list of all orders.
REACH_ALL = ("status", "documents", "from", "to", "hold")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for, compiled.

    ``only``: the one order whose code was typed whole. ``asked``: the sort that stands in the
    address, ``view``: the kept view that was opened; empty where none does.
    """

    picked: Mapping[str, list[str]]
    q: str
    sort: str
    conditions: Sequence[Condition]
    only: int | None = None
    asked: str = ""
    view: int | None = None

    @property
    def query(self) -> dict[str, list[str]]:
        """What makes a view: filters, search and sort, without what goes without saying."""
        found = {name: list(values) for name, values in sorted(self.picked.items())
                 if (name, values) != ("queue", ["open"])}
        return found | ({"q": [self.q]} if self.q else {}) | (
            {"sort": [self.asked]} if self.asked else {})

    @property
    def queue(self) -> list[str]:
        """The queues of the list, said or meant."""
        return self.picked.get("queue") or [implied_queue(self.picked, self.q)]

    @property
    def narrowed(self) -> bool:
        """Whether something besides a queue or a status narrows the list."""
        return bool(self.q) or bool(set(self.picked) - {"queue", "status"})

    def link(self, endpoint: str = "orders.index", *, off: str = "", **changed: Any) -> str:
        """An address with these filters, some of them changed; None or empty takes one off, as
        does to name it in ``off``.
        """
        values: dict[str, Any] = {
            **self.picked, "q": self.q, "sort": self.asked, "view": self.view}
        values.update(changed)
        values.pop(off, None)
        said = {k: v for k, v in values.items() if v not in ("", None, [])}
        if not said and endpoint == "orders.index":
            said = {"queue": "open"}  # the bare address may lead to another view
        return url_for(endpoint, **said)


def implied_queue(picked: Mapping[str, Any], q: str) -> str:
    """Which orders a list is of that names no queue."""
    return "all" if q or any(name in picked for name in REACH_ALL) else "open"


def tracked(session: Session, text: str) -> list[int]:
    """Orders with a parcel of this tracking number."""
    key = squeeze(text)
    if len(key) < 6:
        return []
    return list(session.scalars(
        select(OrderLine.order_id).join(ShipmentLine, ShipmentLine.line_id == OrderLine.id)
        .join(Parcel, Parcel.shipment_id == ShipmentLine.shipment_id)
        .where(Parcel.tracking_key == key).distinct().order_by(OrderLine.order_id).limit(20)
    ))


def read(session: Session, now: datetime, args: Mapping[str, Sequence[str]]) -> Wanted:
    """Read and compile the address.

    Raises:
        Invalid: a filter or its value is not one of ours.
    """
    picked = filters.chosen(args)
    q = (args.get("q") or [""])[0].strip()[:search.MAX_CHARS]
    meant = dict(picked)
    meant.setdefault("queue", [implied_queue(picked, q)])
    conditions = filters.compile_all(meant, session, now)
    only = None
    if q:
        hit = search.search(session, q, tracked(session, q))
        conditions.append(hit.condition)
        only = hit.only
    asked = (args.get("sort") or [""])[0]
    asked = asked if asked in walking.SORTS else ""
    view = (args.get("view") or [""])[0]
    return Wanted(picked, q, walking.sort_for(conditions, asked), conditions, only, asked,
                  int(view) if view.isascii() and view.isdigit() and len(view) < 10 else None)


# What the values are called ----------------------------------------------------------------------


def country_names() -> Mapping[str, str]:
    """Country codes in the reader's language."""
    territories = Locale.parse(formats.language()).territories
    return {code: name for code, name in territories.items() if len(code) == 2}


def _by_key(session: Session, values: Iterable[str], key: Any, name: Any) -> dict[str, str]:
    ids = [number for number in map(key_in, values) if number is not None]
    return {str(k): v for k, v in session.execute(select(key, name).where(key.in_(ids)))}


def _words(mapping: Mapping[str, Any]) -> Callable[[Session, list[str]], dict[str, str]]:
    return lambda _session, _values: {key: str(value) for key, value in mapping.items()}


def _queues(_session: Session, _values: list[str]) -> dict[str, str]:
    return {**{name: str(queue.label) for name, queue in words.QUEUES.items()},
            **{name: str(value) for name, value in words.SCOPES.items()}}


def _accounts(session: Session, values: list[str]) -> dict[str, str]:
    return {**_by_key(session, values, ChannelAccount.id, ChannelAccount.name),
            filters.NONE: gettext("by hand")}


def _countries(_session: Session, _values: list[str]) -> dict[str, str]:
    return {**country_names(), filters.ABROAD: gettext("abroad")}


def _days(_session: Session, values: list[str]) -> dict[str, str]:
    return {value: f"{date.fromisoformat(value):%d.%m.%Y}" for value in values}


NAMES: Mapping[str, Callable[[Session, list[str]], Mapping[str, str]]] = {
    "queue": _queues, "account": _accounts, "country": _countries, "from": _days, "to": _days,
    "status": lambda s, v: _by_key(s, v, Status.id, Status.name),
    "tag": lambda s, v: _by_key(s, v, Tag.id, Tag.name),
    "product": lambda s, v: _by_key(s, v, Product.id, Product.name),
    "warehouse": lambda s, v: _by_key(s, v, Warehouse.id, Warehouse.name),
    "payment": _words(words.PAYMENTS), "ship": _words(words.SHIP_DAYS),
    "hold": _words(words.HOLDS), "source": _words(words.SOURCES),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set: its name, its values in words, the address without it."""

    key: str
    name: str
    value: str
    without: str


def chips(session: Session, wanted: Wanted) -> list[Chip]:
    """The filters that are set, in words."""
    found = []
    if wanted.q:
        found.append(Chip("q", gettext("Search"), wanted.q, wanted.link(q="")))
    for name, values in wanted.picked.items():
        if name == "queue" and values == ["open"]:
            continue
        found.append(Chip(name, str(words.FILTERS[name]), _said(session, name, values),
                          wanted.link(off=name)))
    return found


def _said(session: Session, name: str, values: list[str]) -> str:
    return _named(name, values, NAMES.get(name, lambda _s, _v: {})(session, values))


def _named(name: str, values: Sequence[str], known: Mapping[str, str]) -> str:
    if name == "issue":
        return gettext("yes")
    if name == "documents":
        return gettext("sent without it") if list(values) == ["sent"] else gettext("to issue")
    shown = [known.get(value, gettext("none") if value == filters.NONE else value)
             for value in values]
    more = f" +{len(shown) - SHOWN_VALUES}" if len(shown) > SHOWN_VALUES else ""
    return ", ".join(shown[:SHOWN_VALUES]) + more


def told(session: Session, addresses: Sequence[Mapping[str, Sequence[str]]]) -> list[str]:
    """What each of several addresses narrows the list to, in words; names are looked up once."""
    picked = [filters.chosen(one) for one in addresses]
    values: dict[str, list[str]] = {}
    for one in picked:
        for name, some in one.items():
            values.setdefault(name, []).extend(some)
    known = {name: NAMES[name](session, some) for name, some in values.items() if name in NAMES}
    return [_sentence(address, one, known) for address, one in zip(addresses, picked, strict=True)]


def _sentence(address: Mapping[str, Sequence[str]], picked: Mapping[str, list[str]],
              known: Mapping[str, Mapping[str, str]]) -> str:
    said = [f"{words.FILTERS[name]}: {_named(name, values, known.get(name, {}))}"
            for name, values in picked.items()]
    search = gettext("Search")
    said += [f"{search}: {text}" for text in address.get("q", ())]
    said += [str(words.SORTS[sort]) for sort in address.get("sort", ()) if sort in words.SORTS]
    return " · ".join(said)


# What may be chosen ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """A filter in the sheet of filters. ``kind``: ``many``, ``one``, ``text``, ``day``."""

    name: str
    label: str
    kind: str
    options: Sequence[tuple[str, str]] = ()
    values: Sequence[str] = ()


def groups(session: Session, wanted: Wanted) -> list[Group]:
    """Every filter with what may be chosen, and what is."""
    couriers = queries.distinct(session, Order.carrier)
    countries = queries.distinct(session, Order.country)
    named = country_names()
    options: dict[str, tuple[str, list[tuple[str, str]]]] = {
        "queue": ("many", [*((k, str(v)) for k, v in words.SCOPES.items()),
                           *((name, str(q.label)) for name, q in words.QUEUES.items())]),
        "account": ("many", [
            *((str(one.id), one.name) for one in frame().sellers.values()),
            (filters.NONE, gettext("by hand"))]),
        "status": ("many", [(str(s.id), s.name) for s in labels.statuses(session)]),
        "ship": ("many", [(k, str(v)) for k, v in words.SHIP_DAYS.items()]),
        "payment": ("many", [(k, str(v)) for k, v in words.PAYMENTS.items()]),
        "courier": ("many", [(c or filters.NONE, c or gettext("none")) for c in couriers]),
        "country": ("many", [(filters.ABROAD, gettext("abroad")), *sorted(
            ((c, named.get(c, c)) for c in countries if c), key=lambda pair: pair[1])]),
        "tag": ("many", [(str(tag.id), tag.name) for tag in labels.tags(session)]),
        "hold": ("many", [(k, str(v)) for k, v in words.HOLDS.items()]),
        "issue": ("one", [("1", gettext("only orders with a problem"))]),
        "documents": ("one", [("due", gettext("only orders that wait for an invoice")),
                              ("sent", gettext("only what was sent without its invoice"))]),
        "warehouse": ("many", [(str(w.id), w.name) for w in session.scalars(
            select(Warehouse).where(Warehouse.active).order_by(Warehouse.rank))]),
        "source": ("many", [(k, str(v)) for k, v in words.SOURCES.items()]),
        "sku": ("text", []), "from": ("day", []), "to": ("day", []),
    }
    return [
        Group(name, str(words.FILTERS[name]), kind, choices, wanted.picked.get(name, []))
        for name, (kind, choices) in options.items()
        if choices or kind in ("text", "day")
    ]
