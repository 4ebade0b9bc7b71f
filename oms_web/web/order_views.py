"""Views of the order list: kept under a name, shared, put in order; and the columns of the list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from oms_web.core.errors import NotFound
from oms_web.domain.orders.filing import OPEN_QUEUES
from oms_web.domain.users import views
from oms_web.domain.users.models import ListView, User
from oms_web.domain.users.permissions import ROLES
from oms_web.extensions import db
from oms_web.web import order_columns, order_tabs
from oms_web.web import order_filters as address
from oms_web.web.access import act, allowed
from oms_web.web.changes import came_from
from oms_web.web.door import current_user, oms, writing
from oms_web.web.order_columns import COLUMNS, DENSITIES
from oms_web.web.order_filters import Wanted
from oms_web.web.render import go, render, wants_part
from oms_web.web.shell import frame
from oms_web.web.toasts import say
from oms_web.web.users import ROLE_NAMES

screen = Blueprint("order_views", __name__)

ONLY_ME, EVERYBODY = _l("only me"), _l("everybody")


def _user() -> User:
    user = current_user()
    assert user is not None  # every route here needs a role
    return user


def _wanted(args: Mapping[str, Any]) -> Wanted:
    return address.read(db.session, oms().works.clock(), args)


def _behind() -> Wanted:
    """The list that a form came from."""
    return _wanted(parse_qs(urlsplit(came_from()).query))


# What the templates of the list ask ---------------------------------------------------------------


def audiences(view: ListView | None = None) -> dict[str, str]:
    """Who may see a view: what this person may choose from, and what it is already."""
    every = {views.OWN: str(ONLY_ME), views.ALL: str(EVERYBODY),
             **{role: str(ROLE_NAMES[role]) for role in ROLES}}
    if allowed(views.SHARE):
        return every
    return {key: text for key, text in every.items()
            if key == views.OWN or (view is not None and view.audience == key)}


@screen.app_context_processor
def _shared() -> dict[str, Any]:
    return {"view_audiences": audiences}


# The tabs ----------------------------------------------------------------------------------------


@screen.get("/orders/views/tabs")
@act("orders.see")
def tabs() -> Response:
    """The tabs over the list, with counts made anew: asked for by a list that is being shown."""
    wanted = _wanted(request.args.to_dict(flat=False))
    if not wants_part():  # by itself it is no page: the list has them
        return go(wanted.link())
    found = order_tabs.over(db.session, _user(), wanted)
    queues = frame().queues
    order_tabs.count_ready(found, sum(queues.get(name, 0) for name in OPEN_QUEUES))
    order_tabs.make_counts(db.session, found)
    return render("orders/_tabs.html", "orders/_tabs.html", tabs=found, wanted=wanted)


@screen.get("/orders/views/<int:view_id>")
@act("orders.see")
def show(view_id: int) -> Response:
    """The short address of a view; it leads to the full one, which has every filter in it."""
    return go(order_tabs.address_of(views.get(db.session, _user(), view_id)))


@screen.get("/orders/views")
@act("orders.see")
def index() -> Response:
    """All views of this person, to be put in order, called otherwise, shared and taken away."""
    user = _user()
    found = order_tabs.of(db.session, user)
    every = [*found.shown, *found.hidden]
    told = address.told(db.session, [tab.query for tab in every])
    rows = [(tab, text, tab.view is not None and views.may_change(user, tab.view))
            for tab, text in zip(every, told, strict=True)]
    return render("orders/views.html", tabs=found, rows=rows, hidden={t.key for t in found.hidden})


@screen.post("/orders/views")
@act("orders.see")
def create() -> Response:
    """Keep the list that is looked at under a name."""
    wanted, user = _behind(), _user()
    columns: list[str] = []
    density = ""
    if request.form.get("drawn"):
        current = order_tabs.over(db.session, user, wanted)
        columns, density = order_columns.chosen(
            current.choice, current.current.view if current.current else None)
    with writing() as work:
        view = views.create(work, user, request.form.get("name", ""),
                            request.form.get("audience", views.OWN), wanted.query, columns, density)
        name, url = view.name, order_tabs.address_of(view)
    say(gettext("The view “%(name)s” is kept.", name=name))
    return go(url)


@screen.post("/orders/views/<int:view_id>")
@act("orders.see")
def change(view_id: int) -> Response:
    """Call a view otherwise, or show it to others."""
    with writing() as work:
        if views.change(work, _user(), view_id, request.form.get("name", ""),
                        request.form.get("audience", "")):
            say(gettext("Saved."))
    return go(url_for("order_views.index"))


@screen.post("/orders/views/<int:view_id>/filters")
@act("orders.see")
def narrow(view_id: int) -> Response:
    """Let a view be of what is looked at now."""
    wanted = _behind()
    with writing() as work:
        views.narrow(work, _user(), view_id, wanted.query)
    say(gettext("Saved."))
    return go(wanted.link(view=view_id))


@screen.post("/orders/views/<int:view_id>/drop")
@act("orders.see")
def drop(view_id: int) -> Response:
    """Take a view away; it can be brought back at once."""
    with writing() as work:
        name = views.drop(work, _user(), view_id)
    say(gettext("The view “%(name)s” was taken away.", name=name),
        undo=url_for("order_views.restore", view_id=view_id))
    return go(url_for("order_views.index"))


@screen.post("/orders/views/<int:view_id>/restore")
@act("orders.see")
def restore(view_id: int) -> Response:
    """Bring a view back."""
    with writing() as work:
        views.restore(work, _user(), view_id)
    say(gettext("Taken back."))
    return go(url_for("order_views.index"))


@screen.post("/orders/views/arrange")
@act("orders.see")
def arrange() -> Response:
    """Put the tabs of this person in order: ``do`` is a verb and a tab, as in ``up:today``."""
    verb, _, key = request.form.get("do", "").partition(":")
    found = order_tabs.of(db.session, _user())
    if key not in found.known:
        raise NotFound("There is no such view.")
    places = [tab.key for tab in (*found.shown, *found.hidden)]
    hidden = [tab.key for tab in found.hidden]
    with writing() as work:
        if verb in ("up", "down"):
            step = -1 if verb == "up" else 1
            views.choose(work, _user().id, places=views.moved(places, key, step))
        elif verb == "hide":
            views.choose(work, _user().id, places=places, hidden=[*hidden, key])
        elif verb == "show":
            views.choose(work, _user().id, hidden=[one for one in hidden if one != key])
        elif verb == "first":
            views.choose(work, _user().id, first="" if key == order_tabs.OPEN else key)
        else:
            raise NotFound("There is nothing at this address.")
    return go(url_for("order_views.index"))


# The columns -------------------------------------------------------------------------------------


@screen.get("/orders/columns")
@act("orders.see")
def columns() -> Response:
    """The columns with what is chosen: one form, also without JavaScript."""
    wanted = _wanted(request.args.to_dict(flat=False))
    names, density, _ = _chosen(wanted)
    return _sheet(wanted, names, names, density)


def _chosen(wanted: Wanted) -> tuple[list[str], str, ListView | None]:
    """Columns and density of a list, and the view that brings them, if it does."""
    found = order_tabs.over(db.session, _user(), wanted)
    view = found.current.view if found.current else None
    names, density = order_columns.chosen(found.choice, view)
    return names, density, view if view is not None and (view.columns or view.density) else None


def _sheet(wanted: Wanted, places: list[str], names: list[str], density: str) -> Response:
    """The form: ``places`` in their order, of which ``names`` are ticked."""
    _, _, view = _chosen(wanted)
    places = [*places, *(name for name in COLUMNS if name not in places)]
    return render("orders/columns.html", "orders/_columns.html", wanted=wanted, names=names,
                  places=[COLUMNS[name] for name in places], density=density, view=view,
                  densities=DENSITIES, always=order_columns.ALWAYS,
                  fixed=view is not None and not views.may_change(_user(), view))


@screen.post("/orders/columns")
@act("orders.see")
def choose_columns() -> Response:
    """Keep the columns, for this person or for the view that brings its own; or move one first."""
    form, user = request.form, _user()
    verb, _, key = form.get("do", "").partition(":")
    wanted = _behind()
    places = [name for name in dict.fromkeys(form.getlist("place")) if name in COLUMNS]
    ticked = set(form.getlist("column")) | {order_columns.ALWAYS}
    density = form.get("density", "")
    density = density if density in DENSITIES else "normal"
    if verb in ("up", "down"):
        places = views.moved(places, key, -1 if verb == "up" else 1)
        return _sheet(wanted, places, [name for name in places if name in ticked], density)
    names = order_columns.known([name for name in places if name in ticked])
    if verb == "reset":
        names, density = list(order_columns.USUAL), "normal"
    _, _, view = _chosen(wanted)
    with writing() as work:
        if view is not None:
            views.draw(work, user, view.id, names, density)
        else:
            views.choose(work, user.id, columns=names, density=density)
    return go(came_from())
