"""Channels: connect them, see how they are doing, pause, read again, send again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from oms_connector import (
    AccessRefused,
    CancelsOrders,
    ChannelError,
    Connector,
    HearsWebhooks,
    PushesPrices,
    UploadsInvoices,
)
from sqlalchemy import select
from wtforms import BooleanField, IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import NumberRange, Optional

from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.money import parse_amount
from oms_web.domain.audit import service as audit
from oms_web.domain.channels import offers, pricing
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import account_warehouses, get_account
from oms_web.domain.stock.models import Warehouse
from oms_web.extensions import db
from oms_web.flows import channel_serving
from oms_web.sync import accounts, connecting, doorbell, feeds, health, proof, status_words
from oms_web.sync.session import Engine
from oms_web.web import outside_words
from oms_web.web.access import act
from oms_web.web.door import actor, oms, reading, writing
from oms_web.web.forms import Form, Needed
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("channels", __name__)

FEED_NAMES = {
    feeds.ORDERS: _l("Orders"), feeds.SWEEP: _l("Orders, once more"),
    feeds.OPEN: _l("Open orders, one by one"), feeds.OFFERS: _l("Offers"),
    feeds.RETURNS: _l("Returns"),
}
OUTCOMES = {
    "applied": _l("accepted"), "rejected": _l("refused"), "retry": _l("again soon"),
    "unknown": _l("no answer, again soon"), "sent": _l("on its way"),
    "accepted": _l("taken in, being worked on"), "drift": _l("showed another number"),
}
STATES = {"active": _l("works"), "paused": _l("paused"), "broken": _l("disconnected")}


class AccountForm(Form):
    """What we decide about an account; the connector's own settings are added to it."""

    name = StringField(_l("Name"), [Needed()])
    publish_stock = BooleanField(_l("Send our stock to this channel"), default=True)
    buffer = IntegerField(_l("Buffer"), [Optional(), NumberRange(0, 100_000)], default=0)
    cap = IntegerField(_l("Show at most"), [Optional(), NumberRange(0, 1_000_000)])
    last_units = IntegerField(_l("Stand back at"), [Optional(), NumberRange(0, 100_000)], default=0)
    rank = IntegerField(_l("Place among channels"), [Optional(), NumberRange(1, 99)], default=1)
    only_own = BooleanField(_l("Show only units that are set aside for it"))
    publish_prices = BooleanField(_l("Send our prices to this channel"))
    surcharge = StringField(_l("Surcharge in percent"), default="0")
    send_invoices = BooleanField(_l("Send invoices to this channel"), default=True)
    tell_cancelled = BooleanField(_l("Tell this channel what we cancel"), default=True)
    ship_days = IntegerField(_l("Working days to ship"), [Optional(), NumberRange(0, 60)],
                             default=1)


def form_for(connector: type[Connector], **values: Any) -> AccountForm:
    """A form with the connector's settings as fields named ``s_<name>``."""
    made: dict[str, Any] = {}
    for field in connector.manifest.settings:
        label = gettext(field.label)
        if field.secret:
            made[f"s_{field.name}"] = PasswordField(label)
        elif field.kind == "choice":
            made[f"s_{field.name}"] = SelectField(
                label, choices=[(c, c) for c in field.choices], default=field.default)
        elif field.kind == "flag":
            made[f"s_{field.name}"] = BooleanField(label, default=bool(field.default))
        else:
            made[f"s_{field.name}"] = StringField(label, default=field.default)
    if not issubclass(connector, PushesPrices):
        made |= {"publish_prices": None, "surcharge": None}
    if not issubclass(connector, UploadsInvoices):
        made["send_invoices"] = None
    if not issubclass(connector, CancelsOrders):
        made["tell_cancelled"] = None
    return type("ConnectorForm", (AccountForm,), made)(**values)


def _typed(form: AccountForm, connector: type[Connector]) -> dict[str, Any]:
    """The connector's settings as they were typed."""
    return {
        field.name: ("1" if form[f"s_{field.name}"].data else "")
        if field.kind == "flag" else form[f"s_{field.name}"].data
        for field in connector.manifest.settings
    }


def _refuse(form: AccountForm, error: OmsError) -> None:
    """Put refusals of the connector's settings at their fields."""
    if isinstance(error, InvalidForm):
        error = InvalidForm({f"s_{name}": one for name, one in error.problems.items()})
    form.refuse(error)


def _connector(key: str) -> type[Connector]:
    found = oms().registry.get(key)
    if found is None:
        raise NotFound("There is no such connector.")
    return found


def _numbers(form: AccountForm) -> dict[str, Any]:
    return {"publish_stock": bool(form.publish_stock.data), "buffer": form.buffer.data or 0,
            "cap": form.cap.data, "last_units": form.last_units.data or 0,
            "rank": form.rank.data or 1, "shares": not form.only_own.data,
            "ship_days": form.ship_days.data or 0,
            "publish_prices": bool(form.publish_prices and form.publish_prices.data),
            "surcharge_bp": _surcharge(form) if form.surcharge else 0,
            "send_invoices": bool(form.send_invoices and form.send_invoices.data),
            "tell_cancelled": bool(form.tell_cancelled and form.tell_cancelled.data)}


def _surcharge(form: AccountForm) -> int:
    """The surcharge in hundredths of a percent.

    Raises:
        Invalid: not a number, or out of range.
    """
    parts = parse_amount(form.surcharge.data or "0", "surcharge").scaleb(2)
    if parts != parts.to_integral_value() or not pricing.LEAST_BP <= parts <= pricing.MOST_BP:
        raise Invalid("From -99 to 1000 percent, two decimals at most.", "surcharge")
    return int(parts)


@screen.get("/channels")
@act("channels.see")
def index() -> Response:
    """All channels with their health; refreshes itself."""
    work = reading()
    overview = health.overview(work.session, work.now)
    return render(
        "channels/list.html", "channels/_overview.html", overview=overview,
        causes=health.causes(work.session, overview, outside_words.cause),
        drifting=health.drifting(work.session),
        proofs=proof.latest(work.session, [one.account.id for one in overview]),
        stale=work.now - proof.STALE, refused=oms().registry.refused, states=STATES, account_of={
            one.account.id: one.account for one in overview},
    )


@screen.get("/channels/new")
@act("channels.manage")
def choose() -> Response:
    """Which kind of channel to connect."""
    connectors = sorted(oms().registry.connectors.values(), key=lambda c: c.manifest.name)
    return render("channels/choose.html", connectors=connectors, refused=oms().registry.refused)


@screen.get("/channels/new/<key>")
@act("channels.manage")
def new(key: str) -> Response:
    """The form of a new channel."""
    connector = _connector(key)
    form = form_for(connector, name=gettext(connector.manifest.name))
    return render("channels/new.html", form=form, connector=connector)


@screen.post("/channels/new/<key>")
@act("channels.manage")
def create(key: str) -> Response:
    """Connect it. The first look at the channel follows at once, in the background."""
    connector = _connector(key)
    form = form_for(connector)
    if form.validate():
        try:
            settings, secrets = accounts.split_settings(connector, _typed(form, connector))
            with writing() as work:
                account = accounts.connect(work, connector, form.name.data, settings, secrets,
                                           **_numbers(form))
                if connecting.ways(connector):
                    accounts.await_access(work, account)
            if connecting.ways(connector):
                return go(url_for("connecting.show", account_id=account.id))
            say(gettext("%(name)s is connected.", name=account.name))
            return go(url_for("channels.show", account_id=account.id))
        except OmsError as error:
            _refuse(form, error)
    return render("channels/new.html", form=form, connector=connector, status=422)


@screen.get("/channels/<int:account_id>")
@act("channels.see")
def show(account_id: int) -> Response:
    """One channel."""
    return _card(get_account(db.session, account_id))


def _card(account: ChannelAccount, form: AccountForm | None = None, status: int = 200) -> Response:
    work = reading()
    connector = oms().registry.get(account.connector)
    if form is None and connector is not None:
        values = {f"s_{name}": value for name, value in account.settings.items()}
        form = form_for(connector, name=account.name, publish_stock=account.publish_stock,
                        buffer=account.buffer, cap=account.cap, ship_days=account.ship_days,
                        last_units=account.last_units, rank=account.rank,
                        only_own=not account.shares,
                        send_invoices=account.send_invoices,
                        tell_cancelled=account.tell_cancelled,
                        publish_prices=account.publish_prices,
                        surcharge=str(Decimal(account.surcharge_bp).scaleb(-2)),
                        **values)
    overview = health.overview(work.session, work.now)
    one = next((o for o in overview if o.account.id == account.id), None)
    houses = work.session.scalars(
        select(Warehouse).where(Warehouse.active).order_by(Warehouse.rank, Warehouse.id)).all()
    return render(
        "channels/show.html", account=account, connector=connector, form=form, one=one,
        feed_names=FEED_NAMES, outcomes=OUTCOMES, states=STATES, houses=houses,
        chosen=account_warehouses(work.session, account.id),
        journal=health.journal(work.session, account.id),
        comparisons=proof.history(work.session, account.id), status=status,
        rings=connector is not None and issubclass(connector, HearsWebhooks),
        last_ring=doorbell.last_heard(work, account),
        ways=connecting.ways(connector) if connector else [],
        has_statuses=connector is not None and status_words.can(connector),
    )


@screen.post("/channels/<int:account_id>")
@act("channels.manage")
def change(account_id: int) -> Response:
    """Change the settings of a channel. Secrets left empty stay as they are."""
    account = get_account(db.session, account_id)
    connector = _connector(account.connector)
    form = form_for(connector)
    if form.validate():
        typed = _typed(form, connector)
        kept = {f.name: "…" for f in connector.manifest.settings
                if f.secret and not typed.get(f.name)}
        try:
            settings, secrets = accounts.split_settings(connector, typed | kept)
            with writing() as work:
                accounts.change(
                    work, account_id, settings,
                    {name: value for name, value in secrets.items() if name not in kept},
                    name=form.name.data.strip(), **_numbers(form),
                )
                channel_serving.serve_from(
                    work, account_id, request.form.getlist("warehouse", type=int))
                channel_serving.republish(work, account_id)
            say(gettext("Saved."))
            return go(url_for("channels.show", account_id=account_id))
        except OmsError as error:
            _refuse(form, error)
    return _card(account, form, status=422)


@screen.post("/channels/<int:account_id>/test")
@act("channels.manage")
def test(account_id: int) -> Response:
    """Ask the channel whether the settings work; says which one is wrong."""
    try:
        found = accounts.verify(Engine(oms().works, oms().registry), account_id, actor())
        say(gettext("Connected: the channel calls this account %(name)s.", name=found))
    except AccessRefused as error:
        say(gettext("Access refused: %(why)s", why=str(error)), "bad")
    except ChannelError as error:
        say(gettext("No connection: %(why)s", why=str(error)), "bad")
    return go(url_for("channels.show", account_id=account_id))


@screen.get("/channels/<int:account_id>/statuses")
@act("channels.manage")
def statuses(account_id: int) -> Response:
    """Which of the channel's statuses stands for each of ours; the channel is asked for its own."""
    account = get_account(db.session, account_id)
    try:
        words = status_words.ask(Engine(oms().works, oms().registry), account_id)
    except ChannelError as error:
        say(gettext("No connection: %(why)s", why=str(error)), "bad")
        return go(url_for("channels.show", account_id=account_id))
    return render("channels/statuses.html", account=account, words=words,
                  statuses=status_words.ours(reading()))


@screen.post("/channels/<int:account_id>/statuses")
@act("channels.manage")
def choose_statuses(account_id: int) -> Response:
    """Tell the channel these of its statuses from now on."""
    with writing() as work:
        status_words.choose(work, account_id, {
            one.id: request.form.get(f"status-{one.id}", "") for one in status_words.ours(work)})
    say(gettext("Saved."))
    return go(url_for("channels.show", account_id=account_id))


@screen.post("/channels/<int:account_id>/sync")
@act("channels.sync")
def sync(account_id: int) -> Response:
    """Read all feeds now."""
    with writing() as work:
        get_account(work.session, account_id)
        accounts.sync_now(work, account_id)
        audit.record(work, "channels.sync", "channel_account", account_id)
    say(gettext("Reading now. New orders show up by themselves."))
    return go(url_for("channels.index"))


@screen.post("/channels/<int:account_id>/state/<state>")
@act("channels.manage")
def state(account_id: int, state: str) -> Response:
    """Pause or resume."""
    if state not in ("active", "paused"):
        raise NotFound("There is nothing at this address.")
    with writing() as work:
        accounts.set_state(work, account_id, state)
    say(gettext("Paused. Orders wait at the channel.") if state == "paused"
        else gettext("Resumed. What was missed is being read."))
    return go(url_for("channels.show", account_id=account_id))


@screen.post("/channels/<int:account_id>/replay/<feed>")
@act("channels.manage")
def replay(account_id: int, feed: str) -> Response:
    """Read a feed again from its beginning; nothing is doubled."""
    with writing() as work:
        accounts.replay(work, account_id, feed)
    say(gettext("Reading again from the beginning. Known orders stay as they are."))
    return go(url_for("channels.show", account_id=account_id))


@screen.post("/channels/listing/<int:listing_id>/send")
@act("channels.sync")
def send_again(listing_id: int) -> Response:
    """Send a listing's quantity once more."""
    with writing() as work:
        offers.send_again(work, listing_id)
    say(gettext("Sending it now."))
    return go(url_for("channels.index"))
