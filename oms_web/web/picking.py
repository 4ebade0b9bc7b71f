"""Picking: which orders go on a walk, and the walk itself, at the desk or on a phone."""

from __future__ import annotations

import secrets
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from sqlalchemy import select

from oms_web.core.clock import day_bounds, local_day, utc_now
from oms_web.core.errors import Denied, Invalid, NotFound, OmsError
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company.service import get_company
from oms_web.domain.fulfilment import carts, queries, service, walk
from oms_web.domain.fulfilment.queries import Wanted
from oms_web.domain.orders import deadlines
from oms_web.domain.orders.tally import tallies
from oms_web.domain.shipping import boxes
from oms_web.extensions import db
from oms_web.flows import pick
from oms_web.web import asked
from oms_web.web import picking_words as words
from oms_web.web.access import act, allowed
from oms_web.web.door import current_user, oms, writing
from oms_web.web.failures import status_of, words_of
from oms_web.web.render import go, render, wants_part
from oms_web.web.scanning import Said
from oms_web.web.toasts import say

screen = Blueprint("picking", __name__)

USUAL_MANY = 12
_SOUNDS = {"ok": "ok", "taken": "extra", "closed": "extra", "wrong": "wrong", "shelf": ""}


def _before(due: str) -> datetime | None:
    """Until when an order has to leave to be wanted: today, or by the courier's next visit."""
    now = utc_now()
    if due == "today":
        return day_bounds(local_day(now) + timedelta(days=1))[0]
    if due == "cutoff":
        hour, minute = map(int, get_company(db.session).cut_off.split(":"))
        return deadlines.next_cut_off(now, time(hour, minute)) + timedelta(seconds=1)
    return None


def _wanted(values: Any) -> tuple[Wanted | None, dict[str, Any]]:
    """What is asked for in a query or a form: a warehouse, a courier, a channel, what leaves soon,
    orders of a single unit."""
    houses = queries.warehouses(db.session)
    if not houses:
        return None, {}
    asked_for = asked.whole(values.get("warehouse"), "warehouse")
    house = next((h.id for h in houses if h.id == asked_for), houses[0].id)
    carrier = values.get("carrier")
    due = values.get("due") if values.get("due") in ("today", "cutoff") else ""
    account, single = asked.whole(values.get("account"), "account"), bool(values.get("single"))
    chosen = {"warehouse": house, "carrier": carrier, "due": due, "account": account,
              "single": "1" if single else ""}
    return Wanted(house, carrier, _before(due or ""), account, single), chosen


@screen.get("/picking")
@act("pick.do")
def index() -> Response:
    """Orders that may be picked, and the walks that are under way."""
    wanted, chosen = _wanted(request.args)
    if wanted is None:
        raise NotFound("There is no warehouse with a bin yet. Add one first.")
    page = queries.ready_page(db.session, wanted, asked.text("after", 2000) or None)
    known = _accounts()
    link = partial(asked.link, "picking.index", {k: v for k, v in chosen.items()
                                                 if v not in (None, "")})
    return render(
        "picking/list.html", "picking/_rows.html", page=page, chosen=chosen, link=link,
        next_url=link(after=page.after) if page.after else None,
        houses=queries.warehouses(db.session), lists=queries.lists(db.session),
        carriers=queries.ready_carriers(db.session, wanted.warehouse_id), usual=USUAL_MANY,
        most=service.MOST_ORDERS, accounts=known,
        sellers={key: one for key, one in known.items() if oms().registry.sells(one.connector)},
        methods=words.METHODS, short_methods=words.SHORT_METHODS, wave=words.wave,
        slots=_cart_slots(),
        counts=tallies(db.session, "queue"),
    )


def _accounts() -> dict[int, ChannelAccount]:
    return {account.id: account for account in db.session.scalars(select(ChannelAccount))}


@screen.post("/picking/lists")
@act("pick.do")
def create() -> Response:
    """Put chosen orders on walks, or the next so many; in each warehouse they lie in."""
    ids = [number for number in (asked.whole(value, "order")
                                 for value in request.form.getlist("order")) if number]
    wanted, chosen_by = _wanted(request.form)
    if wanted is None:
        raise NotFound("There is no warehouse with a bin yet. Add one first.")
    houses = [wanted.warehouse_id] if request.form.get("warehouse") else [
        house.id for house in queries.warehouses(db.session)]
    method = request.form.get("method") or carts.CART
    wave = {} if ids else _wave(chosen_by)
    with writing() as work:
        chosen = ids or queries.ready_ids(work.session, wanted, _many())
        made = [pick.start(work, house, chosen, method, cart_slots=_cart_slots(), wave=wave)
                for house in houses]
    words.say_started(made)
    lists = [list_id for one in made for list_id in one.list_ids]
    if len(lists) == 1:
        return go(url_for("picking.show", list_id=lists[0]))
    if len(ids) == 1 and not lists:
        return go(_about(ids[0], made))
    return go(url_for("picking.index"))


def _cart_slots() -> int:
    return get_company(db.session).cart_slots


def _wave(chosen: dict[str, Any]) -> dict[str, Any]:
    """What the list remembers of the filter that its orders were taken by."""
    account = db.session.get(ChannelAccount, chosen["account"]) if chosen["account"] else None
    said = {"carrier": chosen["carrier"], "due": chosen["due"], "single": chosen["single"],
            "account": account.name if account else ""}
    return {name: value for name, value in said.items() if value not in (None, "")}


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
    user = current_user()
    return render(
        "picking/walk.html", "picking/_walk.html", made=made, said=said, sound=sound,
        mine=made.assigned_to in (None, user.id if user else None),
        owner=service.owner_name(db.session, made), method=words.SHORT_METHODS[made.method],
        wave=words.wave(made.wave), may_cancel=allowed("orders.cancel"),
        next_key=secrets.token_hex(16),
        todo=todo,
        done=[stop for stop in useful if not stop.left], current=current,
        back=[(stop, one) for stop in stops for one in stop.picks if one.to_put_back],
        gone=_gone(picks), goods=queries.goods(db.session, {stop.variant_id for stop in stops}),
        needed=sum(stop.needed for stop in stops), left=sum(stop.left for stop in stops),
        baskets=_baskets(picks), order_count=len({one.order_id for one in picks if one.needed}),
        short=_short_asked(useful),
        elsewhere=boxes.elsewhere(
            db.session, {one.order_id for one in picks if one.needed}, made.warehouse_id),
        house=next((h for h in queries.warehouses(db.session) if h.id == made.warehouse_id), None),
        status=status,
    )


def _gone(picks: list[walk.Pick]) -> dict[int, str]:
    """Orders that need nothing of this walk any more, with the queue they are in now."""
    alive = {one.order_id for one in picks if one.needed}
    return queries.order_queues(db.session, {one.order_id for one in picks} - alive)


def _baskets(picks: list[walk.Pick]) -> dict[int, list[int]]:
    """Basket -> its orders that still need something: those of one parcel share it."""
    found: dict[int, set[int]] = {}
    for one in sorted(picks, key=lambda p: p.basket):
        if one.needed and one.basket:
            found.setdefault(one.basket, set()).add(one.order_id)
    return {basket: sorted(numbers) for basket, numbers in found.items()}


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
    return _walk(list_id, words.done(finished) or words.heard(found, code), at=at,
                 sound="closed" if finished else _SOUNDS[found.result])


def _at(text: str) -> tuple[int, int] | None:
    """The stop a picker stands at, as the form carries it: ``place-variant``."""
    place, _, variant = text.partition("-")
    return (int(place), int(variant)) if place.isdecimal() and variant.isdecimal() else None


@screen.post("/picking/lists/<int:list_id>/take")
@act("pick.do")
def take(list_id: int) -> Response:
    """A stop was tapped: all its units are in the baskets."""
    try:
        with writing() as work:
            finished = pick.take(work, list_id, _tasks())
    except OmsError as error:
        return _walk(list_id, Said("bad", words_of(error)), sound="unknown",
                     status=status_of(error))
    return _walk(list_id, words.done(finished), sound="closed" if finished else "ok")


@screen.post("/picking/lists/<int:list_id>/short")
@act("pick.do")
def short(list_id: int) -> Response:
    """A shelf does not have what it should: what was decided.

    Cancelling is the desk's: who may not cancel orders may not decide it here.
    """
    decision = request.form.get("decision", "")
    if decision == pick.CANCEL and not allowed("orders.cancel"):
        raise Denied("Your role does not include this.")
    try:
        missing = asked.whole(request.form.get("missing"), "missing") or 0
        with writing() as work:
            came = pick.report_short(work, list_id, _tasks(), missing, decision)
    except OmsError as error:
        return _walk(list_id, Said("bad", words_of(error)), sound="unknown",
                     status=status_of(error))
    return _walk(list_id, words.decided(came), sound="extra")


@screen.post("/picking/lists/<int:list_id>/<any(back, away, leave, give_up, own):what>")
@act("pick.do")
def change(list_id: int, what: str) -> Response:
    """Undo a tap; put back what is not needed; take an order off; give the walk up; own it."""
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
    elif what == "own":
        pick.take_over(work, list_id)
    else:
        pick.cancel(work, list_id)
