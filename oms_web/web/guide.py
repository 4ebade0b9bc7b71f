"""The first-day guide: from a demo to a shop of one's own; each step is checked by facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select

from oms_web.adapters.clearing import clear
from oms_web.core.errors import Invalid
from oms_web.core.text import fold
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company.models import Company
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping.models import Shipment
from oms_web.domain.stock.models import Move
from oms_web.domain.users.models import User
from oms_web.flows import own_shop
from oms_web.models import metadata
from oms_web.web import formats, home
from oms_web.web.access import act
from oms_web.web.door import current_user, oms, reading, writing
from oms_web.web.render import go, render
from oms_web.web.shell import exists as served
from oms_web.web.toasts import say

screen = Blueprint("guide", __name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do on the first day; ``done`` is found out, not ticked."""

    title: Any
    words: Any
    endpoint: str
    button: Any
    done: bool


def _any(work: Work, condition: Any) -> bool:
    return bool(work.session.scalar(select(exists(condition))))


def steps(work: Work, company: Company | None) -> list[Step]:
    """The steps and which of them are done."""
    named = company is not None and bool(company.tax_id and company.address.get("city"))
    return [
        Step(_l("Say who you are"),
             _l("Name, NIP, address and bank account: they are printed on invoices."),
             "settings.index", _l("Company"), named),
        Step(_l("Bring in your products"),
             _l("From a file, or one by one. SKU and EAN tie offers to products by themselves."),
             "imports.index", _l("Import products"),
             _any(work, select(Variant.id))),
        Step(_l("Say what is on the shelves"),
             _l("Receive the stock, or import a list of quantities."),
             "stock_documents.index", _l("Receive stock"), _any(work, select(Move.id))),
        Step(_l("Connect where you sell"),
             _l("Orders come in by themselves; quantities go out within seconds."),
             "channels.choose", _l("Add a channel"),
             any(oms().registry.sells(key) for key in work.session.scalars(
                 select(ChannelAccount.connector)
                 .where(ChannelAccount.archived_at.is_(None)).distinct()))),
        Step(_l("Let your people in"),
             _l("Each with their own account: every change carries a name."),
             "users.index", _l("Add a person"),
             _any(work, select(User.id).where(User.id != (current_user() or User()).id))),
        Step(_l("Take the first order"),
             _l("It comes from a channel, or you type it in: by phone, from a message."),
             "orders.index", _l("Orders"), _any(work, select(Order.id))),
        Step(_l("Pack and send it"),
             _l("Scan what you pack; the channel gets the tracking number."),
             "packing.index", _l("Packing"),
             _any(work, select(Shipment.id).where(Shipment.shipped_at.is_not(None)))),
    ]


@screen.get("/guide")
@act("settings.edit")
def index() -> Response:
    """The guide."""
    return _guide()


def _guide(refused: str = "", status: int = 200) -> Response:
    work = reading()
    company = work.session.get(Company, 1)
    found = steps(work, company)
    return render(
        "guide/index.html", steps=found, company=company,
        done=sum(step.done for step in found), served=served,
        market_port=oms().settings.demo_port, refused=refused, status=status,
    )


@screen.post("/guide/done")
@act("settings.edit")
def done() -> Response:
    """Put the guide away."""
    with writing() as work:
        company = work.session.get(Company, 1)
        if company is not None and not company.guide_done:
            company.guide_done = True
            audit.record(work, "company.guide_done", "company", 1)
    return go(url_for("home.index"))


@screen.post("/guide/own-shop")
@act("company.reset")
def own() -> Response:
    """Clear the demo and open an empty shop. Only a demo can be cleared, and only on purpose."""
    user = current_user()
    if fold(request.form.get("sure", "").strip()) != fold(_word()):
        return _guide(gettext("Type the word %(word)s to clear the demo.", word=_word()), 422)
    with writing() as work:
        company = work.session.get(Company, 1)
        if company is not None and not company.is_demo:
            raise Invalid("This is not the demo shop: nothing was cleared.")
        clear(work, metadata, user.id if user else 0)
        own_shop.open_shop(work, formats.language())
        audit.record(work, "company.reset", "company", 1)
    home.forget_today()
    say(gettext("The demo is gone. This shop is yours."))
    return go(url_for("guide.index"))


def _word() -> str:
    """What must be typed to clear the demo."""
    return gettext("CLEAR")
