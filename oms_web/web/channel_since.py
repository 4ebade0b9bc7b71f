"""Reading a channel's orders since a day again: how far it is, begun and stopped."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import gettext

from oms_web.core.errors import OmsError
from oms_web.domain.channels.service import get_account
from oms_web.extensions import db
from oms_web.sync import backfill, proof
from oms_web.web.access import act
from oms_web.web.channel_forms import SinceForm, begin_of
from oms_web.web.channels import COMPARED, card, connector_of
from oms_web.web.door import oms, writing
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("channel_since", __name__)


@screen.get("/channels/<int:account_id>/since")
@act("channels.see")
def show(account_id: int) -> Response:
    """How far the reading since a day is; its part refreshes itself until it has ended."""
    account = get_account(db.session, account_id)
    progress = backfill.running(db.session, account_id)
    connector = oms().registry.get(account.connector)
    return render(
        "channels/since.html", "channels/_since.html", account=account, progress=progress,
        since=SinceForm(), can_backfill=connector is not None and backfill.can(connector),
        connector=connector, done=next(iter(
            row for row in proof.history(db.session, account_id, COMPARED) if row.asked_by), None))


@screen.post("/channels/<int:account_id>/since")
@act("channels.manage")
def begin(account_id: int) -> Response:
    """Read everything since a day again, in the background; nothing is doubled."""
    account, form = get_account(db.session, account_id), SinceForm()
    connector = connector_of(account.connector)
    if form.validate():
        try:
            with writing() as work:
                backfill.begin(work, account_id, connector, begin_of(form.since.data))
            say(gettext("Reading again. Known orders stay as they are."))
            return go(url_for("channels.show", account_id=account_id))
        except OmsError as error:
            form.refuse(error)
    return card(account, form, status=422)


@screen.post("/channels/<int:account_id>/since/stop")
@act("channels.manage")
def stop(account_id: int) -> Response:
    """Read no further."""
    with writing() as work:
        stopped = backfill.stop(work, account_id)
    say(gettext("Stopped. What was read stays.") if stopped else gettext("It had ended already."))
    return go(url_for("channels.show", account_id=account_id))
