"""What surrounds every screen: the company, the sections with their counts, the channels' health.

A section appears when its screen exists (endpoint ``<screen>.index``) and the person's role may
see it. Counts come from tallies the writers keep, so the frame costs four small reads a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, g, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from oms_web.domain.channels import service as channels
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company.models import Company
from oms_web.domain.orders import tally
from oms_web.domain.orders.filing import OPEN_QUEUES
from oms_web.domain.shipping import queries as shipments
from oms_web.domain.shipping import service
from oms_web.domain.users.permissions import may
from oms_web.extensions import db
from oms_web.web import formats, going
from oms_web.web.access import allowed
from oms_web.web.door import current_user, oms


@dataclass(frozen=True, slots=True)
class Section:
    """A place in the top bar: ``key`` follows ``g`` on the keyboard."""

    endpoint: str
    act: str
    icon: str
    label: Any
    key: str = ""
    also: tuple[str, ...] = ()
    count: int | None = None
    on: bool = False

    @property
    def url(self) -> str:
        """Where it leads."""
        return url_for(self.endpoint)


MAIN = (
    Section("home.index", "home.see", "home", _l("Home"), "h", ("guide",)),
    Section("orders.index", "orders.see", "layout-list", _l("Orders"), "o",
            ("changes", "order_card", "order_edit")),
    Section("packing.index", "pack.do", "package", _l("Packing"), "p",
            ("packing_close", "picking", "shipments", "parcel_labels", "hand_over",
             "label_settling")),
    Section("stock.index", "stock.see", "stack-2", _l("Stock"), "s",
            ("stock_documents", "receipts", "transfers", "stocktakes", "warehouses")),
    Section("documents.index", "documents.see", "file-text", _l("Documents"), "d",
            ("einvoices", "accounting", "books", "printing", "numbering", "corrections")),
    Section("rules.index", "rules.see", "git-branch", _l("Rules"), "u",
            ("rule_history", "rule_lab", "macros")),
    Section("channels.index", "channels.see", "plug-connected", _l("Channels"), "c",
            ("channel_since", "quarantine", "listings", "offer_rules")),
)
MORE = (
    Section("verification.index", "orders.see", "eye-check", _l("Verification")),
    Section("recall.index", "home.see", "send", _l("Going out now")),
    Section("messages.index", "messages.see", "mail", _l("Messages"), "",
            ("message_templates", "threads", "message_settings", "order_messages")),
    Section("returns.index", "returns.see", "truck-return", _l("Returns"), "e",
            ("return_card", "return_exchange", "exchange_choice", "return_money", "refunds",
             "return_settings", "return_labels")),
    Section("return_bench.index", "returns.bench", "package-import", _l("Returns bench")),
    Section("picking.index", "pick.do", "basket", _l("Picking")),
    Section("parcel_labels.index", "ship.do", "barcode", _l("Labels"), "",
            ("hand_over", "label_settling")),
    Section("shipments.index", "ship.do", "truck", _l("Shipments")),
    Section("till.index", "pos.sell", "building-store", _l("Point of sale"), "", ("till_sales",)),
    Section("statements.index", "payments.statements", "cash-banknote", _l("Money"), "",
            ("bank_transfers", "settlements", "courier_bills", "profits")),
    Section("products.index", "catalog.see", "tag", _l("Products")),
    Section("listings.index", "listings.map", "link", _l("Offers to link")),
    Section("imports.index", "imports.see", "file-import", _l("Import"), "", ("import_profiles",)),
    Section("quarantine.index", "quarantine.handle", "file-off", _l("Orders not read")),
    Section("tasks.index", "home.see", "list-check", _l("Running work")),
    Section("printers.jobs", "printers.see", "printer", _l("What is printed")),
    Section("settings.index", "settings.edit", "settings", _l("Settings"), "",
            ("labels", "verification_settings", "floor_settings", "sending", "printers",
             "einvoice_settings")),
    Section("users.index", "users.manage", "users", _l("People")),
    Section("audit.index", "audit.see", "history", _l("Audit trail")),
)
THEMES = (("auto", _l("As the system")), ("light", _l("Light")), ("dark", _l("Dark")))


@dataclass(frozen=True, slots=True)
class Health:
    """How many connected channels work."""

    working: int
    total: int


class Shell:
    """The frame of one page; each value is read when a template first asks for it."""

    @cached_property
    def company(self) -> Company | None:
        """The shop; None before it has been set up."""
        return db.session.get(Company, 1)

    @cached_property
    def parcels(self) -> int:
        """How many parcels wait for a courier: one may carry several orders."""
        return shipments.count_in(db.session, (service.PACKED,))

    @cached_property
    def name(self) -> str:
        """The shop's name, else the product's."""
        return self.company.name if self.company and self.company.name else "OMS"

    @cached_property
    def tallies(self) -> dict[str, dict[str, int]]:
        """Orders per ``queue`` and per ``status``, open findings per kind (``finding``)."""
        return tally.all_tallies(db.session, "queue", "status", "finding")

    @property
    def queues(self) -> dict[str, int]:
        """Orders per queue."""
        return self.tallies["queue"]

    @cached_property
    def accounts(self) -> dict[int, ChannelAccount]:
        """The channel accounts by key, archived ones too."""
        return channels.accounts(db.session)

    @cached_property
    def sellers(self) -> dict[int, ChannelAccount]:
        """The accounts that sell: what a choice of channels offers."""
        shops = oms().registry
        return {key: one for key, one in self.accounts.items() if shops.sells(one.connector)}

    @cached_property
    def health(self) -> Health | None:
        """The channels' health; None when there are none, or the role may not see them."""
        if not allowed("channels.see"):
            return None
        states = [one.state for one in self.sellers.values() if one.archived_at is None]
        return Health(states.count("active"), len(states)) if states else None

    @cached_property
    def main(self) -> list[Section]:
        """The sections of the top bar."""
        return self._visible(MAIN)

    @cached_property
    def more(self) -> list[Section]:
        """What lies behind "More"."""
        return self._visible(MORE)

    @cached_property
    def going_out(self) -> going.Band | None:
        """What this person decided last and can recall still."""
        return going.band()

    @property
    def here(self) -> str:
        """The page that is looked at, to come back to; empty where a form came back wrong."""
        if request.headers.get("HX-Request"):
            shown = urlsplit(request.headers.get("HX-Current-URL", ""))
            return f"{shown.path}?{shown.query}" if shown.query else shown.path
        return request.full_path.rstrip("?") if request.method == "GET" else ""

    def section(self, endpoint: str) -> Section | None:
        """A section of either list, if this person sees it."""
        return next((s for s in (*self.main, *self.more) if s.endpoint == endpoint), None)

    def _visible(self, sections: tuple[Section, ...]) -> list[Section]:
        here = request.blueprint or ""
        user = current_user()
        return [
            Section(s.endpoint, s.act, s.icon, s.label, s.key, s.also, self._count(s.endpoint),
                    here == s.endpoint.partition(".")[0] or here in s.also)
            for s in sections
            if s.endpoint in current_app.view_functions and user and may(user.role, s.act)
        ]

    def _count(self, endpoint: str) -> int | None:
        if endpoint == "orders.index":
            return sum(self.queues.get(name, 0) for name in OPEN_QUEUES)
        if endpoint == "packing.index":
            return self.queues.get("pack", 0)
        return None


STRIP = (_l("Payment"), _l("Stock"), _l("Documents"), _l("Label"),
         lazy_pgettext("strip", "Issue"))
MARKS = {".": _l("not yet"), "v": _l("done"), "w": _l("in progress"), "!": _l("needs a person")}


def strip_words(place: int, mark: str) -> str:
    """What a cell of the strip says: ``Stock: needs a person``. Lists ask hundreds of times."""
    return _strip_words(place, mark, formats.language())


@cache
def _strip_words(place: int, mark: str, _language: str) -> str:
    nothing = mark == "." and place == len(STRIP) - 1  # of an issue that is not there, no "not yet"
    return f"{STRIP[place]}: {_l('none') if nothing else MARKS[mark]}"


SETTINGS_TABS = (
    ("settings.index", "settings.edit", _l("Company")),
    ("labels.statuses", "settings.edit", _l("Statuses")),
    ("labels.tags", "settings.edit", _l("Tags")),
    ("verification_settings.index", "settings.edit", _l("Verification")),
    ("floor_settings.index", "settings.edit", _l("Picking and packing")),
    ("sending.index", "settings.edit", _l("Sending")),
    ("printers.index", "printers.manage", _l("Printers")),
    ("numbering.design", "documents.design", _l("Documents")),
    ("einvoice_settings.index", "settings.edit", "KSeF"),
    ("users.index", "users.manage", _l("People")),
    ("api_keys.index", "api.manage", _l("API")),
    ("webhooks.index", "api.manage", _l("Webhooks")),
    ("audit.index", "audit.see", _l("Audit trail")),
)


def settings_tabs() -> list[dict[str, Any]]:
    """The tabs over the settings screens this person may see; the closest to here is current."""
    tabs = [{"href": url_for(endpoint), "text": text}
            for endpoint, act, text in SETTINGS_TABS if exists(endpoint) and allowed(act)]
    around = [tab["href"] for tab in tabs if request.path.startswith(tab["href"])]
    current = max(around, key=len, default=None)
    return [{**tab, "on": tab["href"] == current} for tab in tabs]


def around(path: str) -> Section | None:
    """The section an address lies in, if this person sees it: the way on from an error."""
    if current_user() is None:
        return None
    here = frame()
    inside = [one for one in (*here.main, *here.more)
              if one.url != "/" and f"{path}/".startswith(f"{one.url}/")]
    return max(inside, key=lambda one: len(one.url), default=None)


def landing_url(role: str = "") -> str:
    """Where a person begins: home, else the first section of their role (or of ``role``)."""
    user = current_user()
    role = role or (user.role if user else "")
    first = next((one.url for one in MAIN if role and may(role, one.act)), None)
    return first or url_for("home.index")


def leaving_url() -> str:
    """Where the pack station lets go of somebody: home; who has none goes picking."""
    return landing_url() if allowed("home.see") else url_for("picking.index")


def exists(endpoint: str) -> bool:
    """Whether a screen is served by this installation."""
    return endpoint in current_app.view_functions


def theme() -> str:
    """The person's colour scheme: ``auto``, ``light`` or ``dark``."""
    user = current_user()
    return user.theme if user else "auto"


def frame() -> Shell:
    """The frame of this request; who needs one of its counts need not ask for it again."""
    if "shell" not in g:
        g.shell = Shell()
    found: Shell = g.shell
    return found


def register(app: Flask) -> None:
    """Give templates and macros what they draw the frame with."""
    app.jinja_env.globals.update(
        allowed=allowed, countdown=formats.countdown, exists=exists, strip_words=strip_words,
        settings_tabs=settings_tabs,
        theme=theme, themes=THEMES, landing_url=landing_url, leaving_url=leaving_url,
    )

    @app.context_processor
    def shared() -> dict[str, Any]:
        return {"shell": frame()}
