"""The tabs over the order list: ready-made views and kept ones, with counts that cost little.

A tab is a link with every filter in it. A count of a kept view looks at a bounded number of
orders (``walking.find``), is made by a request of its own and kept for a while, so that the list
never waits for it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, g
from flask_babel import gettext
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid
from oms_web.domain.orders import filters, queries, walking
from oms_web.domain.users import views
from oms_web.domain.users.models import ListChoice, ListView, User
from oms_web.extensions import db
from oms_web.web import asked
from oms_web.web import order_filters as address
from oms_web.web.door import oms
from oms_web.web.formats import number
from oms_web.web.order_filters import Wanted

Query = Mapping[str, Sequence[str]]

OPEN = "open"
# Ready-made views: the address of each.
READY: Mapping[str, Query] = {
    OPEN: {}, "today": {"ship": ["today"]}, "cod": {"payment": ["cod"]},
    "abroad": {"country": [filters.ABROAD]}, "issues": {"issue": ["1"]},
}
COUNTS_KEPT_S = 15.0
"""How long counts of ready-made views stay, where counting took long."""
SLOW_COUNT_S = 0.01
KEPT_S = 30.0
"""How long the count of a kept view stays."""
BUDGET_S = 0.1
"""How long one request may count; what is left over is counted by the next."""
MOST_KEPT = 2000
LOOKED_AT = (3000,) * 5
"""Windows of orders that a count looks through: what is rarer among them stays uncounted."""


@dataclass(slots=True)
class Tab:
    """A tab. ``count`` is None where it is not known (yet), ``view`` if it is ready-made."""

    key: str
    name: str
    query: Query
    href: str
    view: ListView | None = None
    on: bool = False
    count: str | None = None


@dataclass(slots=True)
class Tabs:
    """All tabs of a person.

    ``shown`` stand over the list, ``hidden`` were put away. ``current`` is the one that is looked
    at; ``changed``: with other filters than it has. ``stale``: some counts are to be made anew.
    """

    shown: list[Tab]
    hidden: list[Tab]
    choice: ListChoice
    current: Tab | None = None
    changed: bool = False
    stale: bool = False
    may_change: bool = False
    all_open: str = ""
    known: Mapping[str, Tab] = field(default_factory=dict)


def names() -> dict[str, str]:
    """What the ready-made views are called."""
    return {OPEN: gettext("All open"), "today": gettext("Ship today"),
            "cod": gettext("On delivery"), "abroad": gettext("Abroad"),
            "issues": gettext("Problems")}


def of(session: Session, user: User) -> Tabs:
    """The tabs of a person, none of them current and none counted."""
    choice = _choice(session, user)
    # Where another view opens first, "all open" has to be said.
    all_open = asked.link("orders.index", {"queue": "open"} if choice.first else {})
    called = names()
    known = {key: Tab(key, called[key], query,
                      asked.link("orders.index", query) if query else all_open)
             for key, query in READY.items()}
    known |= {str(view.id): Tab(str(view.id), view.name, view.query, address_of(view), view)
              for view in views.visible(session, user)}
    keys = views.arranged(list(known), choice.places)
    hidden = [key for key in keys if key in choice.hidden and key != choice.first]
    return Tabs([known[key] for key in keys if key not in hidden],
                [known[key] for key in hidden], choice, all_open=all_open, known=known)


def _choice(session: Session, user: User) -> ListChoice:
    """How the person has the list, asked once a request."""
    if "list_choice" not in g:
        g.list_choice = views.choice(session, user.id)
    found: ListChoice = g.list_choice
    return found


def address_of(view: ListView) -> str:
    """The full address of a kept view."""
    return asked.link("orders.index", view.query, view=view.id)


def first(session: Session, user: User) -> str | None:
    """Where the list opens for a person who has chosen a view for that; None: as it comes."""
    key = _choice(session, user).first
    if not key or key == OPEN:
        return None
    if key in READY:
        return asked.link("orders.index", READY[key])
    view = next((one for one in views.visible(session, user) if str(one.id) == key), None)
    return address_of(view) if view is not None else None


def over(session: Session, user: User, wanted: Wanted) -> Tabs:
    """The tabs over a list: the current one marked, counts as far as they are kept."""
    tabs = of(session, user)
    said = wanted.query
    opened = tabs.known.get(str(wanted.view)) if wanted.view is not None else None
    same = [tab for tab in (*tabs.shown, *tabs.hidden) if _plain(tab.query) == said]
    tabs.current = opened or next(iter(same), None)
    if tabs.current is not None:
        tabs.current.on = True
        tabs.changed = _plain(tabs.current.query) != said
        view = tabs.current.view
        tabs.may_change = view is not None and views.may_change(user, view)
        if tabs.current in tabs.hidden:  # opened by its address
            tabs.shown.append(tabs.current)
    return tabs


def _plain(query: Query) -> dict[str, list[str]]:
    """An address in the form in which two of them are compared."""
    return {name: list(values) for name, values in query.items()
            if (name, list(values)) != ("queue", ["open"])}


# Counts ------------------------------------------------------------------------------------------


def said(count: int, *, exact: bool = False) -> str:
    """A count as the list shows it: past a thousand it says so and stops."""
    return number(count) if exact or count <= queries.CAP else f"{number(queries.CAP)}+"


def count_ready(tabs: Tabs, open_total: int) -> None:
    """Put the counts of the ready-made views on their tabs."""
    made = {OPEN: open_total, **_ready_counts()}
    for tab in tabs.known.values():
        if tab.view is None:
            tab.count = said(made[tab.key], exact=tab.key == OPEN)


def _ready_counts() -> dict[str, int]:
    """Counts of the ready-made views. Where they take long, they are some seconds old."""
    kept: dict[str, Any] = current_app.extensions.setdefault("order_view_counts", {})
    started = time.monotonic()
    if kept.get("until", 0.0) > started:
        return dict(kept["counts"])
    made = queries.view_counts(db.session, oms().works.clock())
    ended = time.monotonic()
    if ended - started > SLOW_COUNT_S:
        kept.update(counts=made, until=ended + COUNTS_KEPT_S)
    return made


def recall_counts(tabs: Tabs) -> None:
    """Put the counts of kept views on their tabs as they were last made; nothing is counted."""
    now = time.monotonic()
    for tab in _of_people(tabs.shown):
        text, at = _kept().get(_key(tab), (None, -KEPT_S))
        tab.count = text
        tabs.stale |= now - at >= KEPT_S


def make_counts(session: Session, tabs: Tabs) -> None:
    """Count the kept views whose count is old, the oldest first, as long as the budget lasts."""
    kept, started = _kept(), time.monotonic()
    old = sorted(_of_people(tabs.shown), key=lambda tab: kept.get(_key(tab), (None, 0.0))[1])
    for tab in old:
        now = time.monotonic()
        if now - started >= BUDGET_S:
            break
        if now - kept.get(_key(tab), (None, -KEPT_S))[1] >= KEPT_S:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[_key(tab)] = (_count(session, tab.query), time.monotonic())
    recall_counts(tabs)


def _of_people(tabs: Iterable[Tab]) -> list[Tab]:
    return [tab for tab in tabs if tab.view is not None]


def _kept() -> dict[str, tuple[str | None, float]]:
    found: dict[str, tuple[str | None, float]] = current_app.extensions.setdefault(
        "order_tab_counts", {})
    return found


def _key(tab: Tab) -> str:
    return json.dumps(tab.query, sort_keys=True)


def _count(session: Session, query: Query) -> str | None:
    """How many orders a view has, as far as a bounded look tells."""
    try:
        wanted = address.read(session, oms().works.clock(), query)
    except Invalid:
        return None
    found = walking.find(
        session, wanted.conditions, wanted.sort, None, queries.CAP, LOOKED_AT)
    if found.after is None:
        return number(found.total if found.total is not None else len(found.ids))
    return f"{number(len(found.ids))}+" if found.ids else None
