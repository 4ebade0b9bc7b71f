"""Offers on channels and the SKU each sells: linked by hand, by code, or to a new product."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy import NotNullable, func, select

from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.work import Work
from oms_web.domain.catalog import codes, editing, queries
from oms_web.domain.catalog.editing import ProductEdit, VariantEdit
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels import exports, offers
from oms_web.domain.channels.models import Listing
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.phases import CLOSED
from oms_web.extensions import db
from oms_web.flows import listing_rules
from oms_web.flows.map_listing import map_listing, unmap_listing
from oms_web.inspection import measured_buffers
from oms_web.web import asked, scanning
from oms_web.web.access import act, allowed
from oms_web.web.auth import is_local_path
from oms_web.web.door import oms, reading, writing
from oms_web.web.exports import send
from oms_web.web.failures import status_of, words_of
from oms_web.web.render import go, render, wants_part
from oms_web.web.toasts import say

screen = Blueprint("listings", __name__)

MOST_AT_ONCE = 2000
CHUNK = 100


def _wanted() -> tuple[offers.OfferFilter, dict[str, Any]]:
    state = asked.text("state")
    known = state if state in offers.STATES else ""
    wanted = offers.OfferFilter(known or "open", asked.number("account"), asked.text("q"))
    return wanted, {"state": known, "account": wanted.account_id, "q": wanted.q}


def _set(chosen: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in chosen.items() if value not in (None, "")}


@screen.get("/offers")
@act("listings.map")
def index() -> Response:
    """A page of offers; its part is the next rows."""
    return _list()


@screen.get("/offers/offers.<kind>")
@act("listings.map")
def export(kind: str) -> Response:
    """The offers, with their filters, as a file."""
    return send(exports.listings(_wanted()[0]), kind)


def _list(problems: dict[int, str] | None = None, status: int = 200) -> Response:
    wanted, chosen = _wanted()
    page = offers.page(db.session, wanted, asked.text("after", 2000) or None)
    link = partial(asked.link, "listings.index", chosen)
    return render(
        "listings/list.html", "listings/_rows.html", page=page, chosen=chosen, link=link,
        kept=_set(chosen), state=wanted.state,
        next_url=link(after=page.after) if page.after else None,
        sells=oms().registry.sells, counts=offers.counts(db.session, wanted.account_id),
        per_account=offers.open_per_account(db.session), problems=problems or {}, status=status,
        **_around(page.rows),
    )


def _around(rows: list[Listing] | Any) -> dict[str, Any]:
    """What rows are drawn with: accounts, SKUs that fit or are linked, what waits, buffers."""
    found = offers.matches(db.session, [row for row in rows if row.variant_id is None])
    ids = {match.variant_id for match in found.values()} | {row.variant_id for row in rows}
    linked = [row for row in rows if row.variant_id is not None and row.state == "active"]
    return {
        "suggested": measured_buffers.of(db.session, linked, reading().now)
        if linked and allowed("channels.manage") else {},
        "accounts": {one.id: one for one in offers.accounts(db.session)}, "matches": found,
        "variants": {v.id: v for v in db.session.scalars(
            select(Variant).where(Variant.id.in_(ids - {None})))},
        "waiting": _waiting([row.id for row in rows if row.variant_id is None]),
    }


def _waiting(listing_ids: list[int]) -> dict[int, int]:
    """How many open orders wait for each offer to be linked."""
    return {listing_id: orders for listing_id, orders in db.session.execute(
        select(NotNullable(OrderLine.listing_id), func.count(OrderLine.order_id.distinct()))
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.listing_id.in_(listing_ids), OrderLine.variant_id.is_(None),
               Order.phase.not_in(CLOSED))
        .group_by(OrderLine.listing_id)
    )}


def _row(listing_id: int, problem: str = "", status: int = 200,
         suggested: list[queries.Found] | None = None) -> Response:
    """One row again: with what went wrong, or as it is now."""
    row = offers.listing(db.session, listing_id)
    if not wants_part():
        return _list({listing_id: problem}, status)
    return render("listings/row.html", "listings/_row.html", row=row, problem=problem,
                  status=status, found=suggested or [], problems={}, **_around([row]))


@screen.get("/offers/<int:listing_id>/alike")
@act("listings.map")
def alike(listing_id: int) -> Response:
    """What this offer may be, by its title: buttons that link it."""
    row = offers.listing(db.session, listing_id)
    found = queries.alike(db.session, row.title)
    return render("products/_suggest.html", found=found, typed=row.title)


@screen.post("/offers/<int:listing_id>/link")
@act("listings.map")
def link_one(listing_id: int) -> Response:
    """Link an offer to the SKU that was typed, scanned or chosen."""
    try:
        found = scanning.variant(db.session)
        with writing() as work:
            woken = map_listing(work, listing_id, found.id)
    except (Invalid, NotFound) as error:
        typed = request.form.get("code", "")
        return _row(listing_id, words_of(error), status_of(error),
                    queries.suggest(db.session, typed) if typed else [])
    say(_linked(1, len(woken)), undo=url_for("listings.unmap", listing_id=listing_id))
    return _row(listing_id) if wants_part() else go(url_for("listings.index"))


def _linked(count: int, woken: int) -> str:
    done = ngettext("%(num)s offer linked.", "%(num)s offers linked.", count)
    if not woken:
        return done
    return done + " " + ngettext("%(num)s order goes on.", "%(num)s orders go on.", woken)


@screen.post("/offers/<int:listing_id>/unlink")
@act("listings.map")
def unmap(listing_id: int) -> Response:
    """Take the link off; orders keep what they were given."""
    variant_id = offers.listing(db.session, listing_id).variant_id
    with writing() as work:
        unmap_listing(work, listing_id)
    say(gettext("Unlinked. It keeps the quantity it shows now."))
    if variant_id:
        return go(url_for("products.variant", variant_id=variant_id))
    return go(url_for("listings.index"))


@screen.post("/offers/link-by-code")
@act("listings.map")
def link_by_code() -> Response:
    """Link every offer whose SKU or EAN is known by now."""
    wanted, _ = _wanted()
    linked = woken = 0
    after: str | None = None
    while linked < MOST_AT_ONCE:
        page = offers.page(db.session, offers.OfferFilter("open", wanted.account_id), after, CHUNK)
        found = offers.matches(db.session, page.rows)
        if found:
            with writing() as work:
                for listing_id, match in sorted(found.items()):
                    orders = map_listing(work, listing_id, match.variant_id or 0, match.by or "sku")
                    woken += len(orders)
            linked += len(found)
        if page.after is None:
            break
        after = page.after
    if linked:
        say(_linked(linked, woken))
    else:
        say(gettext("No offer has a SKU or EAN that is known here."), "warn")
    return go(url_for("listings.index", account=wanted.account_id))


@screen.post("/offers/make-products")
@act("catalog.edit")
def make_products() -> Response:
    """Make a product of each selected offer and link it; what cannot be made says why."""
    ids = [asked.whole(one, "listing") or 0 for one in request.form.getlist("listing")][:200]
    problems: dict[int, str] = {}
    made = woken = 0
    for listing_id in ids:
        try:
            with writing() as work:
                woken += len(_make_product(work, listing_id))
            made += 1
        except OmsError as error:
            inner = next(iter(error.problems.values())) if isinstance(error, InvalidForm) else error
            problems[listing_id] = words_of(inner)
    if made:
        words = ngettext("%(num)s product added and linked.",
                         "%(num)s products added and linked.", made)
        if woken:
            words += " " + ngettext("%(num)s order goes on.", "%(num)s orders go on.", woken)
        say(words)
    if problems:
        return _list(problems, 422)
    return go(url_for("listings.index", account=asked.number("account")))


def _make_product(work: Work, listing_id: int) -> set[int]:
    row = offers.listing(work.session, listing_id)
    if row.variant_id is not None:
        raise Invalid("This offer is linked already.")
    code = codes.canonical(row.ean)
    sku = row.sku or row.offer_ref
    product_id = editing.add_product(
        work, ProductEdit(row.title or sku),
        VariantEdit(sku, price=row.price, currency=row.currency or "PLN"),
        code if codes.is_gtin(code) else "",
    )
    variant_id = queries.variants_of(work.session, product_id)[0].id
    return map_listing(work, listing_id, variant_id)


@screen.post("/offers/<int:listing_id>/limits")
@act("channels.manage")
def limits(listing_id: int) -> Response:
    """Hold back other units, or show at most others, than the whole channel does."""
    try:
        with writing() as work:
            listing_rules.change(
                work, listing_id, buffer=asked.whole(request.form.get("buffer"), "buffer"),
                cap=asked.whole(request.form.get("cap"), "cap"),
            )
        say(gettext("Saved. The quantity is sent anew."))
    except Invalid as error:
        say(words_of(error), "bad")
    except InvalidForm as error:
        say(words_of(next(iter(error.problems.values()))), "bad")
    return _back(listing_id)


@screen.post("/offers/<int:listing_id>/send-again")
@act("channels.sync")
def resend(listing_id: int) -> Response:
    """Send the quantity once more."""
    with writing() as work:
        quantity = offers.send_again(work, listing_id)
    say(gettext("%(n)s is sent again.", n=quantity))
    return _back(listing_id)


def _back(listing_id: int) -> Response:
    target = request.form.get("next", "")
    if is_local_path(target):
        return go(target)
    variant_id = offers.listing(db.session, listing_id).variant_id
    if variant_id:
        return go(url_for("products.variant", variant_id=variant_id) + "#offers")
    return go(url_for("listings.index"))
