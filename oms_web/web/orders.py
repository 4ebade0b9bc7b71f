"""The order list: queues, filters and search in one address. Acts on its rows: ``changes.py``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext

from oms_web.automation import batches
from oms_web.core.errors import Invalid
from oms_web.core.sheet import Sheet
from oms_web.domain.orders import exports, filing, filters, labels, queries, walking
from oms_web.domain.orders.queries import Row
from oms_web.domain.orders.walking import Found
from oms_web.domain.shipping import tracking
from oms_web.domain.stock import queries as places
from oms_web.domain.users.models import User
from oms_web.extensions import db
from oms_web.web import asked, changes, order_columns, order_tabs
from oms_web.web import order_filters as address
from oms_web.web import order_words as words
from oms_web.web.access import act
from oms_web.web.door import current_user, oms
from oms_web.web.exports import send
from oms_web.web.order_filters import Wanted
from oms_web.web.order_tabs import Tabs
from oms_web.web.phase_names import PHASES
from oms_web.web.render import go, render, wants_part
from oms_web.web.shell import frame

screen = Blueprint("orders", __name__)

SELDOM = ("draft", "elsewhere")  # queues that are shown only when something is in them
# Without which filter would there be something? Looked at this far only.
WITHOUT = 12


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of an empty list: the filter to take off, and how many orders that brings."""

    name: str
    value: str
    href: str
    count: str


@screen.get("/orders")
@act("orders.see")
def index() -> Response:
    """A page of orders; its part is the next rows. A code typed whole opens its order.

    The bare address leads to the view that the person opens first, if they chose one.
    """
    if not request.query_string and (start := order_tabs.first(db.session, _user())):
        return go(start)
    wanted = _wanted()
    if wanted.only is not None and len(wanted.picked) == 0:
        return go(url_for("order_card.show", order_id=wanted.only))
    return _page(wanted)


def _wanted() -> Wanted:
    return address.read(db.session, oms().works.clock(), request.args.to_dict(flat=False))


def _wanted_of(url: str) -> Wanted:
    return address.read(db.session, oms().works.clock(), parse_qs(urlsplit(url).query))


def _user() -> User:
    user = current_user()
    assert user is not None  # every route here needs a role
    return user


def _page(wanted: Wanted) -> Response:
    session = db.session
    after = asked.text("after", 2000) or None
    found = walking.find(session, wanted.conditions, wanted.sort, after)
    rows = queries.rows(session, found.ids)
    tabs = order_tabs.over(session, _user(), wanted)
    view = tabs.current.view if tabs.current else None
    names, density = order_columns.chosen(tabs.choice, view)
    values: dict[str, Any] = {
        "rows": rows, "found": found, "wanted": wanted, "words": words, "tabs": tabs,
        "drawn": order_columns.draw(session, names, density, found.ids),
        "accounts": frame().accounts, "desk": words.desk_tile(),
        "statuses": {status.id: status for status in labels.statuses(session, archived=True)},
        "next_url": wanted.link(after=found.after) if found.after else None,
    }
    if after is None or not wants_part():
        values |= _around(wanted, found, rows, tabs)
    return render("orders/list.html", "orders/_rows.html", **values)


def _around(wanted: Wanted, found: Found, rows: Sequence[Row], tabs: Tabs) -> dict[str, Any]:
    """What stands around the rows of a whole page."""
    session = db.session
    queues, by_status = frame().queues, frame().tallies["status"]
    open_total = sum(queues.get(name, 0) for name in filing.OPEN_QUEUES)
    chips = address.chips(session, wanted)
    total = _total(wanted, found, queues, by_status, open_total)
    order_tabs.count_ready(tabs, open_total)
    order_tabs.recall_counts(tabs)
    return {
        "queues": queues, "by_status": by_status, "open_total": open_total, "chips": chips,
        "open_queues": [words.QUEUES[name] for name in filing.OPEN_QUEUES
                        if name not in SELDOM or queues.get(name)],
        "total": total, "title": _title(wanted, tabs),
        "news_url": wanted.link("orders.news", sort="", since=queries.last_number(session)),
        "ways": _ways(wanted, chips) if not rows and not found.cut else [],
        "tags": labels.tags(session)[:60], "carriers": [one.name for one in tracking.CARRIERS],
        "houses": places.warehouses(session),
        "change": changes.newest(), "phases": walking.within(wanted.conditions),
    }


def _total(wanted: Wanted, found: Found, queues: dict[str, int], by_status: dict[str, int],
           open_total: int) -> int | None:
    """How many orders the list has, if that is known without counting them."""
    if found.total is not None:
        return found.total
    if wanted.narrowed:
        return None
    picked = dict(wanted.picked)
    if set(picked) == {"status"}:
        return sum(by_status.get(key, 0) for key in picked["status"])
    if set(picked) <= {"queue"}:
        names = wanted.queue
        if "all" in names:
            return sum(queues.values())
        if names == ["open"]:
            return open_total
        if not set(names) & set(filters.WORDS):
            return sum(queues.get(name, 0) for name in names)
    return None


def _title(wanted: Wanted, tabs: Tabs) -> str:
    """What the list is called: its view, its queue, or simply orders."""
    if tabs.current is not None:
        return tabs.current.name
    if set(wanted.picked) == {"queue"} and len(wanted.queue) == 1 and not wanted.q:
        name = wanted.queue[0]
        return str(words.QUEUES[name].label if name in words.QUEUES else words.SCOPES[name])
    return gettext("Orders")


def _ways(wanted: Wanted, chips: Sequence[address.Chip]) -> list[Way]:
    """For each filter of an empty list: what taking it off would bring, the most first."""
    found = []
    for chip in chips[:6]:
        picked = {k: v for k, v in wanted.picked.items() if k != chip.key}
        less = address.read(db.session, oms().works.clock(), {
            **picked, "q": [] if chip.key == "q" else [wanted.q]})
        page = walking.find(db.session, less.conditions, less.sort, None, WITHOUT)
        if page.ids:
            n = page.total if page.total is not None else len(page.ids)
            shown = str(n) if page.total is not None else f"{n}+"
            found.append((n, Way(chip.name, chip.value, chip.without, shown)))
    return [way for _, way in sorted(found, key=lambda pair: -pair[0])]


@screen.get("/orders/news")
@act("orders.see")
def news() -> Response:
    """How many orders came into this list since it was read; nothing while there are none."""
    since = asked.number("since") or 0
    wanted = _wanted()
    count = queries.newer(db.session, wanted.conditions, since)
    if not count:
        return make_response("", 204)
    return render("orders/news.html", "orders/_news.html", count=count, news_url=request.full_path,
                  here=wanted.link())


@screen.get("/orders/filters")
@act("orders.see")
def sheet() -> Response:
    """All filters with what may be chosen: one form, also without JavaScript."""
    wanted = _wanted()
    return render("orders/filters.html", "orders/_filters.html", wanted=wanted,
                  groups=address.groups(db.session, wanted))


@screen.get("/orders/orders.<kind>")
@act("orders.export")
def export(kind: str) -> Response:
    """The list, with its filters, as a file."""
    args = request.args.to_dict(flat=False)
    now = oms().works.clock()
    return _sent(exports.orders(lambda session: address.read(session, now, args).conditions), kind)


def _sent(sheet: Sheet, kind: str) -> Response:
    queues = {name: queue.label for name, queue in words.QUEUES.items()}
    return send(sheet, kind, {"phase": PHASES, "queue": queues, "payment": words.PAYMENTS})


@screen.post("/orders/selected.<kind>")
@act("orders.export")
def export_selected(kind: str) -> Response:
    """The ticked orders as a file; of the whole list its own file, which needs no numbers."""
    if request.form.get("all"):
        wanted = _wanted_of(changes.came_from())
        return go(wanted.link("orders.export", kind=kind, sort="", view=None))
    ids = changes.ticked()
    if not ids:
        raise Invalid("Choose at least one order.", "order")
    if len(ids) > batches.MOST:
        raise Invalid("At most %(n)s orders at once.", "order", n=batches.MOST)
    return _sent(exports.orders(lambda _session: [filters.only(ids)]), kind)
