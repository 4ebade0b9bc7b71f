"""The palette: what somebody typing into the top bar may mean, in groups, within their rights.

Acts of the screen that is open are added in the browser (``commands.js``), which knows them. With
nothing typed it offers what this person looked at last, kept in their signed cookie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request, session, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from oms_web.core.text import words
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.catalog.models import Product
from oms_web.domain.orders import glance
from oms_web.domain.orders.glance import Glance
from oms_web.domain.shipping import queries as shipping
from oms_web.domain.users import views
from oms_web.extensions import db
from oms_web.web import asked, order_tabs
from oms_web.web.access import act, allowed
from oms_web.web.door import current_user
from oms_web.web.formats import amount
from oms_web.web.order_words import QUEUES, desk_tile
from oms_web.web.render import render, wants_part
from oms_web.web.shell import MAIN, MORE, exists, frame

screen = Blueprint("palette", __name__)

MOST = 6
"""Hits of one group."""
MOST_CHARS = 80
MOST_SEEN = 8
_SEEN = "seen"
# Pages that are remembered: endpoint -> what it shows, its argument.
_REMEMBERED = {"order_card.show": ("order", "order_id"), "products.show": ("product", "product_id")}

# Screens behind the sections, and what can be begun anywhere: endpoint, act, icon, label.
Place = tuple[str, str, str, Any]
PLACES: Sequence[Place] = (
    *((one.endpoint, one.act, one.icon, one.label) for one in (*MAIN, *MORE)),
    ("changes.index", "orders.see", "history", _l("Changes of many orders")),
    ("order_views.index", "orders.see", "layout-list", _l("Views of the orders")),
    ("stock.moves", "stock.see", "history", _l("Ledger of stock")),
    ("stock_documents.index", "stock.see", "file-text", _l("Documents of stock")),
    ("warehouses.index", "stock.see", "building-warehouse", _l("Warehouses")),
    ("macros.index", "rules.see", "wand", _l("Macros")),
    ("numbering.series", "documents.design", "hash", _l("Numbering series")),
    ("numbering.design", "documents.design", "palette", _l("Look of documents")),
    ("labels.statuses", "settings.edit", "progress", _l("Statuses")),
    ("labels.tags", "settings.edit", "tags", _l("Tags")),
    ("api_keys.index", "api.manage", "key", _l("API keys")),
    ("webhooks.index", "api.manage", "bell", _l("Webhooks")),
    ("settings.own", "own.settings", "user", _l("My settings")),
)
DOINGS: Sequence[Place] = (
    ("order_edit.new", "orders.create", "plus", _l("Add order")),
    ("products.new", "catalog.edit", "plus", _l("Add a product")),
    ("receipts.new", "stock.receive", "package-import", _l("Take in a receipt")),
    ("transfers.new", "stock.transfer", "transfer", _l("Transfer between warehouses")),
    ("stocktakes.new", "stock.count", "clipboard-check", _l("Begin a stocktake")),
    ("warehouses.new", "warehouses.edit", "building-warehouse", _l("Add a warehouse")),
    ("channels.choose", "channels.manage", "plug-connected", _l("Connect a channel")),
    ("imports.new", "imports.run", "file-import", _l("Import a file")),
    ("rules.new", "rules.manage", "git-branch", _l("Write a rule")),
    ("macros.new", "rules.manage", "wand", _l("Make a macro")),
    ("users.new", "users.manage", "user-plus", _l("Add a person")),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A line of the palette. ``sure``: Enter takes it without being asked to."""

    text: str
    href: str
    icon: str = ""
    tile: tuple[str, int | None, str] | None = None
    code: str = ""
    note: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Hits of a kind, under their name."""

    key: str
    name: str
    hits: list[Hit] = field(default_factory=list)


@screen.get("/find")
@act("home.see")
def index() -> Response:
    """What was typed, looked for everywhere; its part is what the palette shows."""
    typed = asked.text("q", MOST_CHARS)
    found = _found(typed) if typed else _recent()
    return render("palette/page.html", "palette/_hits.html", typed=typed,
                  groups=[one for one in found if one.hits])


def fits(typed: Sequence[str], text: str) -> bool:
    """Whether every typed word begins a word of a text; both folded. Pure."""
    there = words(text)
    return bool(typed) and all(any(one.startswith(part) for one in there) for part in typed)


def _found(typed: str) -> list[Group]:
    parts = words(typed)
    return [
        Group("orders", gettext("Orders"), _if("orders.see", lambda: _orders(typed))),
        Group("products", gettext("Products"), _if("catalog.see", lambda: _products(typed))),
        Group("views", gettext("Views"), _if("orders.see", lambda: _views(parts))),
        Group("screens", gettext("Go to"), _places(PLACES, parts)),
        Group("acts", gettext("Do"), _places(DOINGS, parts)),
    ]


def _if(name: str, look: Callable[[], list[Hit]]) -> list[Hit]:
    return look() if allowed(name) else []


def _orders(typed: str) -> list[Hit]:
    return _lines(glance.meant(db.session, typed, shipping.tracked(db.session, typed), MOST))


def _lines(found: Iterable[Glance]) -> list[Hit]:
    found = list(found)
    accounts = frame().accounts if found else {}
    lines = []
    for one in found:
        account = accounts.get(one.account_id) if one.account_id else None
        desk = desk_tile()
        tile = (account.letters, account.hue, account.name) if account else (desk[0], None, desk[1])
        lines.append(Hit(
            one.buyer or gettext("no name"), url_for("order_card.show", order_id=one.id),
            tile=tile, code=f"{one.id} {one.external_number}".strip(),
            note=f"{QUEUES[one.queue].label} · {amount(one.total, one.currency)}", sure=one.sure))
    return lines


def _products(typed: str) -> list[Hit]:
    if len(typed) < glance.LEAST:
        return []
    return [
        Hit(one.title, url_for("products.show", product_id=one.product_id),
            icon="packages" if one.is_bundle else "box", code=one.sku,
            note=gettext("put away") if one.archived else "", sure=one.by == "barcode" and exact)
        for found in (catalog.begun(db.session, typed, MOST),)
        for exact in (len(found) == 1,)
        for one in found
    ]


def _views(parts: Sequence[str]) -> list[Hit]:
    user = current_user()
    if user is None:
        return []
    ready = [(order_tabs.names()[key], asked.link("orders.index", query or {"queue": "open"}))
             for key, query in order_tabs.READY.items()]
    kept = [(one.name, order_tabs.address_of(one)) for one in views.visible(db.session, user)]
    return [Hit(name, href, icon="layout-list") for name, href in (*kept, *ready)
            if fits(parts, name)][:MOST]


def _places(places: Iterable[Place], parts: Sequence[str]) -> list[Hit]:
    return [Hit(str(label), url_for(endpoint), icon=icon)
            for endpoint, right, icon, label in places
            if fits(parts, str(label)) and exists(endpoint) and allowed(right)][:MOST]


# What was looked at last -------------------------------------------------------------------------


@screen.after_app_request
def _remember(response: Response) -> Response:
    what = _REMEMBERED.get(request.endpoint or "")
    if what and response.status_code == 200 and request.method == "GET" and not wants_part():
        kind, argument = what
        now = [kind, (request.view_args or {}).get(argument)]
        before = [one for one in session.get(_SEEN, []) if one != now]
        if session.get(_SEEN, [])[:1] != [now]:
            session[_SEEN] = [now, *before][:MOST_SEEN]
    return response


def _recent() -> list[Group]:
    seen = [(str(kind), int(key)) for kind, key in session.get(_SEEN, [])]
    hits: dict[tuple[str, int], Hit] = {}
    if allowed("orders.see"):
        ids = [key for kind, key in seen if kind == "order"]
        found = glance.by_id(db.session, ids)
        hits |= {("order", one.id): hit
                 for one, hit in zip(found, _lines(found), strict=True)}
    keys = [key for kind, key in seen if kind == "product"]
    if keys and allowed("catalog.see"):
        hits |= {("product", key): Hit(name, url_for("products.show", product_id=key), icon="box")
                 for key, name in db.session.execute(
                     select(Product.id, Product.name).where(Product.id.in_(keys)))}
    return [Group("recent", gettext("Looked at last"),
                  [hits[one] for one in seen if one in hits])]
