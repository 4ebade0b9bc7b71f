"""Picking: which orders go on a walk, and the walk itself, at the desk or on a phone."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy import select

from oms_web.core.clock import day_bounds, local_day, utc_now
from oms_web.core.errors import Invalid, NotFound, OmsError
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.fulfilment import queries, service, walk
from oms_web.domain.fulfilment.queries import Wanted
from oms_web.domain.orders.service import tallies
from oms_web.extensions import db
from oms_web.flows import pick
from oms_web.web import asked
from oms_web.web.access import act, allowed
from oms_web.web.door import writing
from oms_web.web.failures import status_of, words_of
from oms_web.web.render import go, render, wants_part
from oms_web.web.scanning import Said
from oms_web.web.toasts import say

screen = Blueprint("picking", __name__)

USUAL_MANY = 12
REFUSED_SHOWN = 5
_SOUNDS = {"ok": "ok", "taken": "extra", "closed": "extra", "wrong": "wrong", "shelf": ""}


def _end_of_today() -> datetime:
    return day_bounds(local_day(utc_now()) + timedelta(days=1))[0]


def _wanted(values: Any) -> tuple[Wanted | None, dict[str, Any]]:
    """What is asked for in a query or a form: a warehouse, a courier, only what leaves today."""
    houses = queries.warehouses(db.session)
    if not houses:
        return None, {}
    asked_for = asked.whole(values.get("warehouse"), "warehouse")
    house = next((h.id for h in houses if h.id == asked_for), houses[0].id)
    carrier = values.get("carrier")
    today = values.get("due") == "today"
    chosen = {"warehouse": house, "carrier": carrier, "due": "today" if today else ""}
    return Wanted(house, carrier, _end_of_today() if today else None), chosen


@screen.get("/picking")
@act("pick.do")
def index() -> Response:
    """Orders that may be picked, and the walks that are under way."""
    wanted, chosen = _wanted(request.args)
    if wanted is None:
        raise NotFound("There is no warehouse with a bin yet. Add one first.")
    page = queries.ready_page(db.session, wanted, asked.text("after", 2000) or None)
    link = partial(asked.link, "picking.index", {k: v for k, v in chosen.items()
                                                 if v not in (None, "")})
    return render(
        "picking/list.html", "picking/_rows.html", page=page, chosen=chosen, link=link,
        next_url=link(after=page.after) if page.after else None,
        houses=queries.warehouses(db.session), lists=queries.lists(db.session),
        carriers=queries.ready_carriers(db.session, wanted.warehouse_id), usual=USUAL_MANY,
        most=service.MOST_ORDERS, accounts=_accounts(),
        counts=tallies(db.session, "queue"),
    )


def _accounts() -> dict[int, ChannelAccount]:
    return {account.id: account for account in db.session.scalars(select(ChannelAccount))}


@screen.post("/picking/lists")
@act("pick.do")
def create() -> Response:
    """Put chosen orders on a walk, or the next so many; one walk per warehouse they lie in."""
    ids = [number for number in (asked.whole(value, "order")
                                 for value in request.form.getlist("order")) if number]
    wanted, _chosen = _wanted(request.form)
    if wanted is None:
        raise NotFound("There is no warehouse with a bin yet. Add one first.")
    houses = [wanted.warehouse_id] if request.form.get("warehouse") else [
        house.id for house in queries.warehouses(db.session)]
    with writing() as work:
        chosen = ids or queries.ready_ids(work.session, wanted, _many())
        made = [pick.start(work, house, chosen) for house in houses]
    _say_started(made)
    lists = [one.list_id for one in made if one.list_id]
    if len(lists) == 1:
        return go(url_for("picking.show", list_id=lists[0]))
    if len(ids) == 1 and not lists:
        return go(_about(ids[0], made))
    return go(url_for("picking.index"))


def _about(order_id: int, made: list[pick.Started]) -> str:
    """Where it shows why an order could not go on a list: the list it is on, else its card."""
    listed = next((why.params["list"] for one in made for _, why in one.refused
                   if "list" in why.params), None)
    if listed is not None:
        return url_for("picking.show", list_id=listed)
    if allowed("orders.see"):
        return url_for("order_card.show", order_id=order_id)
    return url_for("picking.index")


def _many() -> int:
    typed = asked.whole(request.form.get("many"), "many")
    many = USUAL_MANY if typed is None else typed
    if not 0 < many <= service.MOST_ORDERS:
        raise Invalid("A pick list has at most %(most)s orders.", "many", most=service.MOST_ORDERS)
    return many


def _say_started(made: list[pick.Started]) -> None:
    listed = {order_id for one in made for order_id in one.orders}
    if listed:
        say(ngettext("%(num)s order is on a pick list.", "%(num)s orders are on pick lists.",
                     len(listed)))
    refused = dict(pair for one in made for pair in one.refused if pair[0] not in listed)
    for order_id, why in list(refused.items())[:REFUSED_SHOWN]:
        say(f"{order_id}: {words_of(why)}", "bad")
    if len(refused) > REFUSED_SHOWN:
        say(ngettext("And %(num)s more could not be added.", "And %(num)s more could not be added.",
                     len(refused) - REFUSED_SHOWN), "bad")


# The walk ---------------------------------------------------------------------------------------


def _walk(list_id: int, said: Said | None = None, *, sound: str = "", status: int = 200,
          at: tuple[int, int] | None = None) -> Response:
    if request.method == "POST" and status == 200 and not wants_part():
        return go(url_for("picking.show", list_id=list_id))
    made = service.get_list(db.session, list_id)
    picks = queries.picks(db.session, list_id)
    stops = walk.route(picks)
    useful = [stop for stop in stops if stop.needed]
    todo = [stop for stop in useful if stop.left]
    current = next((stop for stop in todo if (stop.location_id, stop.variant_id) == at),
                   todo[0] if todo else None)
    return render(
        "picking/walk.html", "picking/_walk.html", made=made, said=said, sound=sound,
        next_key=secrets.token_hex(16),
        todo=todo,
        done=[stop for stop in useful if not stop.left], current=current,
        back=[(stop, one) for stop in stops for one in stop.picks if one.to_put_back],
        gone=_gone(picks), goods=queries.goods(db.session, {stop.variant_id for stop in stops}),
        needed=sum(stop.needed for stop in stops), left=sum(stop.left for stop in stops),
        baskets=_baskets(picks), short=_short_asked(useful),
        house=next((h for h in queries.warehouses(db.session) if h.id == made.warehouse_id), None),
        status=status,
    )


def _gone(picks: list[walk.Pick]) -> dict[int, str]:
    """Orders that need nothing of this walk any more, with the queue they are in now."""
    alive = {one.order_id for one in picks if one.needed}
    return queries.order_queues(db.session, {one.order_id for one in picks} - alive)


def _baskets(picks: list[walk.Pick]) -> dict[int, int]:
    """Basket -> order, for the orders that still need something."""
    return {one.basket: one.order_id for one in sorted(picks, key=lambda p: p.basket) if one.needed}


def _short_asked(stops: list[walk.Stop]) -> walk.Stop | None:
    """The stop whose shortage is being decided (``?short=place-variant``)."""
    place, _, variant = asked.text("short").partition("-")
    return next((stop for stop in stops if stop.left
                 and (str(stop.location_id), str(stop.variant_id)) == (place, variant)), None)


@screen.get("/picking/lists/<int:list_id>")
@act("pick.do")
def show(list_id: int) -> Response:
    """A walk: what to take from which shelf into which basket."""
    return _walk(list_id)


def _tasks() -> list[int]:
    return [number for number in (asked.whole(value, "task")
                                  for value in request.form.getlist("task")) if number]


def _done(list_id: int, finished: bool) -> Said | None:
    if not finished:
        return None
    return Said("ok", gettext("The pick list is done. Its orders wait at the pack station."))


@screen.post("/picking/lists/<int:list_id>/scan")
@act("pick.do")
def scan(list_id: int) -> Response:
    """One unit of a product is taken; a shelf's label is shown; others are wrong.

    A scan on a walk that is over opens nothing else: it says so.
    """
    code = request.form.get("code", "").strip()
    at = _at(request.form.get("at", ""))
    key = (request.form.get("key") or secrets.token_hex(16))[:40]
    try:
        if not code:
            raise Invalid("Scan or type a code.", "code")
        with writing() as work:
            found, finished = pick.scan(work, list_id, code, key, at)
    except OmsError as error:
        return _walk(list_id, Said("bad", words_of(error)), sound="unknown",
                     status=status_of(error), at=at)
    if found.stop is not None and found.result in ("ok", "shelf"):
        at = found.stop.location_id, found.stop.variant_id
    return _walk(list_id, _done(list_id, finished) or _heard(found, code), at=at,
                 sound="closed" if finished else _SOUNDS[found.result])


def _at(text: str) -> tuple[int, int] | None:
    """The stop a picker stands at, as the form carries it: ``place-variant``."""
    place, _, variant = text.partition("-")
    return (int(place), int(variant)) if place.isdecimal() and variant.isdecimal() else None


def _heard(found: walk.Found, code: str) -> Said:
    if found.result == "closed":
        return Said("warn", gettext("This list is collected already"),
                    note=gettext("Put this one back; nothing was counted."))
    if found.stop is None:
        return Said("bad", gettext("Not on this list"), note=code)
    goods = queries.goods(db.session, [found.stop.variant_id])[found.stop.variant_id]
    note = f"{found.stop.bin} · {goods.sku}"
    if found.result == "ok":
        so_far = gettext("%(n)s of %(total)s pcs", n=found.stop.picked, total=found.stop.needed)
        baskets = [gettext("basket %(n)s", n=basket) + (f": {some}" if some > 1 else "")
                   for basket, some in found.took]
        return Said("ok", gettext("Taken: %(title)s", title=goods.title),
                    note=" · ".join([so_far, *baskets, note]))
    if found.result == "taken":
        return Said("warn", gettext("That line is complete: %(title)s", title=goods.title),
                    note=f"{note} · " + gettext("Put this one back."))
    return Said("ok", gettext("Here: %(title)s", title=goods.title), found.stop.left, note)


@screen.post("/picking/lists/<int:list_id>/take")
@act("pick.do")
def take(list_id: int) -> Response:
    """A stop was tapped: all its units are in the baskets."""
    with writing() as work:
        finished = pick.take(work, list_id, _tasks())
    return _walk(list_id, _done(list_id, finished), sound="closed" if finished else "ok")


@screen.post("/picking/lists/<int:list_id>/short")
@act("pick.do")
def short(list_id: int) -> Response:
    """A shelf does not have what it should: what was decided."""
    try:
        missing = asked.whole(request.form.get("missing"), "missing") or 0
        with writing() as work:
            came = pick.report_short(work, list_id, _tasks(), missing,
                                     request.form.get("decision", ""))
    except OmsError as error:
        return _walk(list_id, Said("bad", words_of(error)), sound="unknown",
                     status=status_of(error))
    return _walk(list_id, _decided(came), sound="extra")


def _decided(came: pick.Shortage) -> Said:
    parts = [gettext("order %(number)s: %(units)s from %(bin)s", number=order_id, units=units,
                     bin=place) for order_id, place, units in came.instead]
    parts += [gettext("order %(number)s waits for goods", number=order_id)
              for order_id in came.short]
    parts += [gettext("order %(number)s is off this list", number=order_id)
              for order_id in came.later]
    return Said("warn" if came.short or came.later else "ok", gettext("Noted"),
                note="; ".join(parts))


@screen.post("/picking/lists/<int:list_id>/<any(back, away, leave, give_up):what>")
@act("pick.do")
def change(list_id: int, what: str) -> Response:
    """Undo a tap; put back what is not needed; take an order off; give the walk up."""
    try:
        with writing() as work:
            _change(work, list_id, what)
    except OmsError as error:
        return _walk(list_id, Said("bad", words_of(error)), status=status_of(error))
    if what == "give_up":
        say(gettext("Pick list %(number)s is given up; its orders can go on another one.",
                    number=list_id))
        return go(url_for("picking.index"))
    return _walk(list_id)


def _change(work: Work, list_id: int, what: str) -> None:
    if what == "back":
        pick.give_back(work, list_id, _tasks())
    elif what == "away":
        pick.put_back(work, list_id)
    elif what == "leave":
        pick.leave_out(work, list_id, asked.whole(request.form.get("order"), "order") or 0)
    else:
        pick.cancel(work, list_id)
