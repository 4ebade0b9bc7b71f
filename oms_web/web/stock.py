"""The stock list, why a number is what it is, and the ledger behind it."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from oms_web.core.sheet import Sheet
from oms_web.domain.catalog import browse, composition, queries
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import shortages
from oms_web.domain.orders.reserving import KIND as ORDER_LINE
from oms_web.domain.stock import counts, exports, ledger, overview
from oms_web.domain.stock import queries as places
from oms_web.domain.stock.models import Reservation
from oms_web.extensions import db
from oms_web.web import asked
from oms_web.web.access import act
from oms_web.web.door import oms
from oms_web.web.exports import send
from oms_web.web.render import render

screen = Blueprint("stock", __name__)

MOST_CHANNELS = 4
COUNTS_KEPT_S = 20
SLOW_COUNT_S = 0.05

STATES = (
    ("", "stack-2", _l("All SKUs"), ""),
    ("short", "alert-triangle", _l("Short for orders"), "bad"),
    ("out", "box-off", _l("Sold out"), ""),
    ("below", "trending-down", _l("Below minimum"), "warn"),
    ("normal", "check", _l("Normal"), ""),
    ("dead", "zzz", _l("Dead for 90 days"), ""),
)
CHANNEL_STATES = (
    ("drift", "arrows-diff", _l("Drift"), "warn"),
    ("open", "cloud-upload", _l("Unconfirmed"), ""),
    ("rejected", "ban", _l("Rejected"), "bad"),
)
STANDINGS: dict[str, Any] = {
    "rejected": _l("the channel refused it"), "drift": _l("the channel shows another number"),
    "unknown": _l("the answer was lost; it is sent again"), "waiting": _l("to be sent"),
    "unconfirmed": _l("accepted, not read back yet"), "confirmed": _l("read back"),
    "off": _l("not published"), "none": _l("nothing sent yet"),
}
REASONS: dict[str, Any] = {
    "receipt": _l("receipt"), "sale": _l("sale"), "return": _l("return"),
    "transfer": _l("transfer"), "correction": _l("correction"), "count": _l("stocktake"),
    "write_off": _l("written off"),
}
SHEETS: dict[str, Any] = {
    "stock": _l("Stock by SKU"), "bins": _l("What lies in each bin"), "ledger": _l("Ledger"),
}
ENDS: dict[str, Any] = {
    "supplier": _l("supplier"), "customer": _l("buyer"), "scrap": _l("written off"),
    "count": _l("count difference"), "transit": _l("on the road"),
}


def wanted_stock() -> tuple[overview.StockFilter, dict[str, Any]]:
    """The filter in the address, and the same as it is written there."""
    state, channel = asked.text("state"), asked.text("channel")
    wanted = overview.StockFilter(
        asked.text("q"), state if state in overview.STATES else "",
        channel if channel in overview.CHANNEL_STATES else "", asked.number("account"),
        asked.number("warehouse"), asked.text("category"), shortages.short_variants(),
    )
    return wanted, {
        "q": wanted.q, "state": wanted.state, "channel": wanted.channel,
        "account": wanted.account_id, "warehouse": wanted.warehouse_id,
        "category": wanted.category,
    }


@screen.get("/stock")
@act("stock.see")
def index() -> Response:
    """A page of the list; its part is the next rows."""
    wanted, chosen = wanted_stock()
    now = oms().works.clock()
    page = overview.page(db.session, wanted, now, asked.text("after", 2000) or None)
    link = partial(asked.link, "stock.index", chosen)
    return render(
        "stock/list.html", "stock/_rows.html", page=page, chosen=chosen, link=link,
        accounts=accounts(), next_url=link(after=page.after) if page.after else None,
        chips=_chips(chosen, link), categories=browse.categories(db.session, 40),
        warehouses=places.warehouses(db.session), states=STATES, channel_states=CHANNEL_STATES,
        standings=STANDINGS, counts=None, sheet=_files("stock", "bins", chosen=chosen),
        lacking=shortages.lacking(db.session, [row.id for row in page.rows]),
    )


@screen.get("/stock/rail")
@act("stock.see")
def rail() -> Response:
    """The rail with its counts: they come after the list, which does not wait for them."""
    _, chosen = wanted_stock()
    return render(
        "stock/rail.html", "stock/_rail.html", chosen=chosen,
        link=partial(asked.link, "stock.index", chosen), counts=_counts(), states=STATES,
        channel_states=CHANNEL_STATES, warehouses=places.warehouses(db.session),
    )


def _counts() -> dict[str, Any]:
    """All counts. Where they take long to make, the last ones are shown for some seconds more."""
    kept: dict[str, Any] = current_app.extensions.setdefault("stock_counts", {})
    started = time.monotonic()
    if kept.get("until", 0.0) > started:
        return dict(kept["counts"])
    now = oms().works.clock()
    made = {
        "state": counts.by_state(db.session, now, shortages.short_variants()),
        "channel": counts.by_channel_state(db.session),
        "warehouse": counts.by_warehouse(db.session),
    }
    ended = time.monotonic()
    if ended - started > SLOW_COUNT_S:
        kept.update(counts=made, until=ended + COUNTS_KEPT_S)
    return made


def _chips(chosen: dict[str, Any], link: partial[str]) -> list[tuple[str, str, str]]:
    """The filters that the rail does not show, with the address without each."""
    found = []
    if chosen["q"]:
        found.append((gettext("Search"), chosen["q"], link(q="")))
    if chosen["category"]:
        found.append((gettext("Category"), chosen["category"], link(category="")))
    if chosen["account"]:
        account = db.session.get(ChannelAccount, chosen["account"])
        if account is not None:
            found.append((gettext("Channel"), account.name, link(account="")))
    return found


def accounts() -> list[ChannelAccount]:
    """The channel accounts that have a column each: those that are told of our stock."""
    return list(db.session.scalars(
        select(ChannelAccount)
        .where(ChannelAccount.archived_at.is_(None), ChannelAccount.publish_stock)
        .order_by(ChannelAccount.id).limit(MOST_CHANNELS)
    ))


@screen.get("/stock/<int:variant_id>/why")
@act("stock.see")
def why(variant_id: int) -> Response:
    """Why so many are available: the sum with its ledger and orders, and each channel's number."""
    found = queries.variant(db.session, variant_id)
    row = overview.filled(db.session, [overview.StockRow(
        found.id, found.product_id, found.sku, found.title, found.is_bundle, found.minimum
    )])[0]
    parts = composition.of(db.session, [variant_id]).get(variant_id, {})
    return render(
        "stock/why.html", "stock/_why.html", row=row, orders=_orders_promised(variant_id),
        places=places.held(db.session, [variant_id]), lacking=shortages.lacking(
            db.session, [variant_id]).get(variant_id, 0),
        parts=overview.with_numbers(db.session, [
            overview.StockRow(part.id, part.product_id, part.sku, part.title, False, 0)
            for part in map(partial(queries.variant, db.session), parts)
        ]), per=parts, accounts={a.id: a for a in db.session.scalars(select(ChannelAccount))},
        standings=STANDINGS, endless=found.sell_without_stock,
    )


def _orders_promised(variant_id: int) -> int:
    """How many order lines hold units of a variant."""
    return db.session.scalar(
        select(func.count(Reservation.demand_id.distinct()))
        .where(Reservation.variant_id == variant_id, Reservation.demand_kind == ORDER_LINE)
    ) or 0


@screen.get("/stock/ledger")
@act("stock.see")
def moves() -> Response:
    """The ledger: every move of units, newest first."""
    wanted, chosen = _wanted_moves()
    page = ledger.page(db.session, wanted, asked.text("after", 2000) or None)
    link = partial(asked.link, "stock.moves", chosen)
    variant = queries.variant(db.session, wanted.variant_id) if wanted.variant_id else None
    return render(
        "stock/ledger.html", "stock/_moves.html", page=page, chosen=chosen, link=link,
        next_url=link(after=page.after) if page.after else None, variant=variant,
        runs=bool(page.rows) and page.rows[0].balance is not None,
        reasons=REASONS, ends=ENDS, sheet=_files("ledger", chosen=chosen),
        on_hand=ledger.balance_now(db.session, variant.id) if variant else None,
    )


def _wanted_moves() -> tuple[ledger.LedgerFilter, dict[str, Any]]:
    reason = asked.text("reason")
    wanted = ledger.LedgerFilter(
        asked.number("variant"), asked.number("place"),
        reason if reason in ledger.REASONS else "", asked.number("order"),
        asked.number("document"), asked.day("from"), asked.day("to", after=1),
    )
    return wanted, {
        "variant": wanted.variant_id, "place": wanted.location_id, "reason": wanted.reason,
        "order": wanted.order_id, "document": wanted.document_id, "from": asked.text("from"),
        "to": asked.text("to"),
    }


@screen.get("/stock/<any(stock, bins, ledger):what>.<kind>")
@act("stock.export")
def export(what: str, kind: str) -> Response:
    """The list, the contents of all bins, or the ledger as a file, filtered as on screen."""
    return send(_sheet(what), kind)


def _sheet(what: str) -> Sheet:
    if what == "bins":
        return exports.bins(asked.number("warehouse"))
    if what == "ledger":
        return exports.moves(_wanted_moves()[0])
    return exports.stock(wanted_stock()[0], oms().works.clock())


def _files(*what: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """The files that the export menu of a screen offers, filtered as the screen is."""
    link = partial(asked.link, "stock.export", chosen)
    return {"act": "stock.export", "files": [
        (SHEETS[name], link(what=name, kind="csv"), link(what=name, kind="xlsx")) for name in what
    ]}
