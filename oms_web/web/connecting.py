"""Connect a channel on its own page: a code to type there, or a way there and back."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from oms_connector import AccessRefused, ChannelError, Connector

from oms_web.core.errors import NotFound, OmsError
from oms_web.domain.channels.service import get_account
from oms_web.extensions import db
from oms_web.sync import connecting
from oms_web.sync.session import Engine
from oms_web.web.access import act
from oms_web.web.door import actor, oms, reading
from oms_web.web.failures import words_of
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("connecting", __name__)


def _engine() -> Engine:
    return Engine(oms().works, oms().registry)


def _back() -> str:
    """Where the channel sends the seller back to."""
    return url_for("connecting.returned", _external=True)


def _kind(account_id: int) -> type[Connector]:
    account = get_account(db.session, account_id)
    found = oms().registry.get(account.connector)
    if found is None or not connecting.ways(found):
        raise NotFound("This channel is not connected this way.")
    return found


@screen.get("/channels/<int:account_id>/connect")
@act("channels.manage")
def show(account_id: int) -> Response:
    """The ways there are, or what still has to be done."""
    kind = _kind(account_id)
    return render(
        "channels/connect.html", "channels/_connect.html",
        account=get_account(db.session, account_id), kind=kind, ways=connecting.ways(kind),
        grant=connecting.pending(reading(), account_id), back=_back(),
    )


@screen.post("/channels/<int:account_id>/connect/<way>")
@act("channels.manage")
def begin(account_id: int, way: str) -> Response:
    """Begin one way; the page then says what to do."""
    if way not in connecting.ways(_kind(account_id)):
        raise NotFound("There is nothing at this address.")
    start = {connecting.CODE: connecting.begin_code, connecting.DEVICE: connecting.begin_device}
    try:
        start[way](_engine(), account_id, _back())
    except ChannelError as error:
        say(gettext("The channel did not agree: %(why)s", why=str(error)), "bad")
    return go(url_for("connecting.show", account_id=account_id))


@screen.post("/channels/<int:account_id>/connect/wait")
@act("channels.manage")
def wait(account_id: int) -> Response:
    """Ask whether the code was typed by now; the page does so by itself."""
    try:
        if connecting.poll_device(_engine(), account_id, actor()):
            return _connected(account_id)
    except AccessRefused as error:
        say(gettext("Access refused: %(why)s", why=str(error)), "bad")
    except ChannelError as error:
        say(gettext("No connection: %(why)s", why=str(error)), "bad")
    except OmsError as error:
        say(words_of(error), "bad")
    return show(account_id)


@screen.get("/channels/connected")
@act("channels.manage")
def returned() -> Response:
    """The seller comes back from the channel's page."""
    state, code = request.args.get("state", ""), request.args.get("code", "")
    if not code:
        say(gettext("The channel did not agree: %(why)s",
                    why=request.args.get("error_description") or request.args.get("error", "?")),
            "bad")
        return go(url_for("channels.index"))
    try:
        return _connected(connecting.finish_code(_engine(), state, code, actor()))
    except ChannelError as error:
        say(gettext("The channel did not agree: %(why)s", why=str(error)), "bad")
    return go(url_for("channels.index"))


def _connected(account_id: int) -> Response:
    say(gettext("%(name)s is connected.", name=get_account(db.session, account_id).name))
    return go(url_for("channels.show", account_id=account_id))
