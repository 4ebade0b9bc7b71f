"""Channels: connect them, see how they are doing, pause, read again, send again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import format_date, gettext
from oms_connector import (
    AccessRefused,
    CarriesParcels,
    ChannelError,
    Connector,
    HearsWebhooks,
    KeepsBooks,
    RefreshesTokens,
)
from sqlalchemy import select

from oms_web.core.clock import local_day
from oms_web.core.errors import NotFound, OmsError
from oms_web.domain.audit import service as audit
from oms_web.domain.channels import offers
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import account_warehouses, get_account
from oms_web.domain.stock.models import Warehouse
from oms_web.extensions import db
from oms_web.flows import channel_serving
from oms_web.sync import (
    accounts,
    again,
    backfill,
    causes,
    connecting,
    doorbell,
    health,
    journal,
    labels,
    proof,
    quality,
    status_words,
)
from oms_web.sync.session import Engine
from oms_web.web import outside_words
from oms_web.web.access import act
from oms_web.web.channel_forms import (
    AccountForm,
    SinceForm,
    begin_of,
    decided,
    form_for,
    form_of,
    refuse,
    typed,
)
from oms_web.web.channel_words import FEED_NAMES, FIXES, LEVEL_MEANS, LEVELS, OUTCOMES, STATES
from oms_web.web.door import actor, oms, reading, writing
from oms_web.web.render import go, render
from oms_web.web.shell import frame
from oms_web.web.toasts import say

screen = Blueprint("channels", __name__)

WARNED_BEFORE = timedelta(days=180)
NEWEST_SENT = 6
COMPARED = 10


def connector_of(key: str) -> type[Connector]:
    """A connector by its key, or *there is none*."""
    found = oms().registry.get(key)
    if found is None:
        raise NotFound("There is no such connector.")
    return found


def _engine() -> Engine:
    return Engine(oms().works, oms().registry)


def _back(account_id: int) -> Response:
    """To the list of channels, if the button was there; else to the channel."""
    if request.form.get("back") == "list":
        return go(url_for("channels.index"))
    return go(url_for("channels.show", account_id=account_id))


@dataclass(frozen=True, slots=True)
class Sunset:
    """A channel switches off what a connector was written for, ``left`` days from now."""

    name: str
    version: str
    day: str
    left: int


def _sunsets(connectors: Iterable[type[Connector]]) -> list[Sunset]:
    """Those that are near or past, the nearest first."""
    today = local_day(reading().now)
    found = [(one.manifest, one.manifest.sunset) for one in connectors if one.manifest.sunset]
    return sorted(
        (Sunset(manifest.name, manifest.version, format_date(day, "long"), (day - today).days)
         for manifest, day in found if day - today <= WARNED_BEFORE),
        key=lambda one: one.left)


def _words() -> dict[str, Any]:
    """What several templates say with."""
    return {"states": STATES, "fixes": FIXES, "feed_names": FEED_NAMES, "outcomes": OUTCOMES,
            "levels": LEVELS, "level_means": LEVEL_MEANS, "can_again": again.KINDS}


@screen.app_template_test("shop")
def is_shop(account: ChannelAccount) -> bool:
    """Whether orders may come from an account, so that figures of orders and stock mean anything.
    """
    return oms().registry.sells(account.connector)


@screen.get("/channels")
@act("channels.see")
def index() -> Response:
    """All channels with their health; refreshes itself."""
    work, registry = reading(), oms().registry
    overview = health.overview(work.session, work.now, frame().accounts.values())
    health.measure(work.session, overview)
    accounts_ = {one.account.id: one.account for one in overview}
    in_use = {account.connector for account in accounts_.values()} & registry.connectors.keys()
    serving = [one for one in overview if not is_shop(one.account)]
    return render(
        "channels/list.html", "channels/_overview.html", serving=serving,
        overview=[one for one in overview if one not in serving],
        causes=causes.causes(work.session, overview, work.now, outside_words.cause),
        drifting=health.drifting(work.session),
        sunsets=_sunsets(registry.connectors[key] for key in in_use),
        proofs=proof.latest(work.session, accounts_), stale=work.now - proof.STALE,
        refused=registry.refused, account_of=accounts_, **_words(),
    )


@screen.get("/channels/new")
@act("channels.manage")
def choose() -> Response:
    """Which kind of channel to connect."""
    registry = oms().registry
    connectors = sorted(registry.connectors.values(), key=lambda c: c.manifest.name)
    return render(
        "channels/choose.html", connectors=connectors, refused=registry.refused,
        sunsets=_sunsets(connectors), qualities=quality.of(db.session, connectors), **_words())


@screen.get("/channels/new/<key>")
@act("channels.manage")
def new(key: str) -> Response:
    """The form of a new channel."""
    connector = connector_of(key)
    form = form_for(connector, new=True, name=gettext(connector.manifest.name))
    return render("channels/new.html", form=form, connector=connector)


@screen.post("/channels/new/<key>")
@act("channels.manage")
def create(key: str) -> Response:
    """Connect it. The first look at the channel follows at once, in the background."""
    connector = connector_of(key)
    form = form_for(connector, new=True)
    if form.validate():
        try:
            settings, secrets = accounts.split_settings(connector, typed(form, connector))
            with writing() as work:
                account = accounts.connect(work, connector, form.name.data, settings, secrets,
                                           **decided(form))
                if form.since and form.since.data:
                    backfill.begin(work, account.id, connector, begin_of(form.since.data))
                if connecting.ways(connector):
                    accounts.await_access(work, account)
            if connecting.ways(connector):
                return go(url_for("connecting.show", account_id=account.id))
            say(gettext("%(name)s is connected.", name=account.name))
            if issubclass(connector, CarriesParcels):
                return go(_services(account.id))
            if issubclass(connector, KeepsBooks):
                return go(url_for("accounting.index", _anchor="books"))
            return go(url_for("channels.show", account_id=account.id))
        except OmsError as error:
            refuse(form, error)
    return render("channels/new.html", form=form, connector=connector, status=422)


def _services(account_id: int) -> str:
    """A carrier was connected: what it sells is asked at once; where its rules are made."""
    try:
        labels.refresh_services(_engine(), account_id)
    except ChannelError as error:
        say(gettext("The carrier does not say what it sells: %(why)s", why=str(error)), "warn")
    return url_for("sending.index")


@screen.get("/channels/<int:account_id>")
@act("channels.see")
def show(account_id: int) -> Response:
    """How one channel is doing, all of it; its part refreshes itself."""
    return card(get_account(db.session, account_id))


def card(account: ChannelAccount, since: SinceForm | None = None, status: int = 200) -> Response:
    """The page of a channel; ``since``: its form of a day as it was typed."""
    work = reading()
    connector = oms().registry.get(account.connector)
    found = health.overview(work.session, work.now, [account])
    health.measure(work.session, found)
    return render(
        "channels/show.html", "channels/_health.html", account=account, connector=connector,
        one=found[0] if found else None,
        causes=causes.causes(work.session, found, work.now, outside_words.cause),
        drifting=health.drifting(work.session, account.id),
        comparisons=proof.history(work.session, account.id, COMPARED),
        stale=work.now - proof.STALE, sunsets=_sunsets([connector] if connector else []),
        sent=journal.history(work.session, account.id, limit=NEWEST_SENT).rows,
        last_ring=doorbell.last_heard(work, account),
        progress=backfill.running(work.session, account.id), since=since or SinceForm(),
        can_backfill=connector is not None and backfill.can(connector),
        ways=connecting.ways(connector) if connector else [],
        access_ends=accounts.access_ends(work, account),
        renews=connector is not None and issubclass(connector, RefreshesTokens),
        quality=quality.of(work.session, [connector])[connector.manifest.key]
        if connector else None,
        status=status, **_words(),
    )


@screen.get("/channels/<int:account_id>/again")
@act("channels.manage")
def reconnect(account_id: int) -> Response:
    """Where this kind of channel is connected again: on its own page, or by a new key."""
    account = get_account(db.session, account_id)
    connector = oms().registry.get(account.connector)
    if connector is not None and connecting.ways(connector):
        return go(url_for("connecting.show", account_id=account_id))
    return go(url_for("channels.settings", account_id=account_id))


@screen.get("/channels/<int:account_id>/settings")
@act("channels.manage")
def settings(account_id: int) -> Response:
    """What was decided about a channel."""
    return _settings(get_account(db.session, account_id))


def _settings(account: ChannelAccount, form: AccountForm | None = None, status: int = 200
              ) -> Response:
    work = reading()
    connector = oms().registry.get(account.connector)
    if form is None and connector is not None:
        form = form_of(account, connector)
    houses = work.session.scalars(
        select(Warehouse).where(Warehouse.active).order_by(Warehouse.rank, Warehouse.id)).all()
    return render(
        "channels/settings.html", account=account, connector=connector, form=form, houses=houses,
        chosen=account_warehouses(work.session, account.id), status=status, states=STATES,
        rings=connector is not None and issubclass(connector, HearsWebhooks),
        last_ring=doorbell.last_heard(work, account),
        has_statuses=connector is not None and status_words.can(connector),
    )


@screen.post("/channels/<int:account_id>/settings")
@act("channels.manage")
def change(account_id: int) -> Response:
    """Change the settings of a channel. Secrets left empty stay as they are."""
    account = get_account(db.session, account_id)
    connector = connector_of(account.connector)
    form = form_for(connector)
    if form.validate():
        values = typed(form, connector)
        kept = {f.name: "…" for f in connector.manifest.settings
                if f.secret and not values.get(f.name)}
        try:
            settings, secrets = accounts.split_settings(connector, values | kept)
            with writing() as work:
                accounts.change(
                    work, account_id, settings,
                    {name: value for name, value in secrets.items() if name not in kept},
                    name=form.name.data.strip(), **decided(form),
                    writing=accounts.writing(connector, settings),
                )
                channel_serving.serve_from(
                    work, account_id, request.form.getlist("warehouse", type=int))
                channel_serving.republish(work, account_id)
            say(gettext("Saved."))
            return go(url_for("channels.settings", account_id=account_id))
        except OmsError as error:
            refuse(form, error)
    return _settings(account, form, status=422)


@screen.post("/channels/<int:account_id>/test")
@act("channels.manage")
def test(account_id: int) -> Response:
    """Ask the channel whether the settings work; says which one is wrong."""
    try:
        found = accounts.verify(_engine(), account_id, actor())
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
        words = status_words.ask(_engine(), account_id)
    except ChannelError as error:
        say(gettext("No connection: %(why)s", why=str(error)), "bad")
        return go(url_for("channels.settings", account_id=account_id))
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
    return go(url_for("channels.settings", account_id=account_id))


@screen.post("/channels/<int:account_id>/sync")
@act("channels.sync")
def sync(account_id: int) -> Response:
    """Read all feeds now."""
    with writing() as work:
        get_account(work.session, account_id)
        accounts.sync_now(work, account_id)
        audit.record(work, "channels.sync", "channel_account", account_id)
    say(gettext("Reading now. New orders show up by themselves."))
    return _back(account_id)


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
    return _back(account_id)


@screen.post("/channels/<int:account_id>/replay/<feed>")
@act("channels.manage")
def replay(account_id: int, feed: str) -> Response:
    """Read a feed again from its beginning; nothing is doubled."""
    with writing() as work:
        accounts.replay(work, account_id, feed)
    say(gettext("Reading again from the beginning. Known orders stay as they are."))
    return go(url_for("channels.show", account_id=account_id))


@screen.post("/channels/<int:account_id>/again/<kind>")
@act("channels.sync")
def try_again(account_id: int, kind: str) -> Response:
    """Try what went wrong in one way once more, now."""
    with writing() as work:
        get_account(work.session, account_id)
        again.again(work, account_id, kind)
    say(gettext("Trying again now. What works leaves the list by itself."))
    return _back(account_id)


@screen.post("/channels/listing/<int:listing_id>/send")
@act("channels.sync")
def send_again(listing_id: int) -> Response:
    """Send a listing's quantity once more."""
    with writing() as work:
        offers.send_again(work, listing_id)
        account_id = offers.listing(work.session, listing_id).account_id
    say(gettext("Sending it now."))
    return _back(account_id)
