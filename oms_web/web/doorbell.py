"""Where channels ring. The one door without a session or a key: a signature opens it."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from oms_connector import ChannelError, WebhookRefused
from oms_connector.webhooks import SOURCE

from oms_web.core.errors import NotFound
from oms_web.extensions import csrf
from oms_web.sync import doorbell
from oms_web.sync.session import Engine
from oms_web.web.access import PUBLIC, act
from oms_web.web.door import actor, oms
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("doorbell", __name__)
MOST_BYTES = 2 * 1024 * 1024


def _engine() -> Engine:
    return Engine(oms().works, oms().registry)


@screen.post("/ring/<int:account_id>")
@csrf.exempt  # no cookie plays a part: the body is signed
@act(PUBLIC)
def ring(account_id: int) -> Response:
    """Take a delivery in: 200 when it is stored or was before, 401 when it is not to be trusted."""
    request.max_content_length = MOST_BYTES
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers[SOURCE] = request.remote_addr or ""
    try:
        answer = doorbell.hear(_engine(), account_id, request.get_data(), headers)
    except WebhookRefused:
        return Response("refused\n", 401, mimetype="text/plain")
    except NotFound:
        return Response("nobody here\n", 404, mimetype="text/plain")
    except ChannelError:  # the connector failed: let the channel deliver it again
        return Response("later\n", 503, mimetype="text/plain")
    return Response(answer, 200, mimetype="text/plain")


@screen.get("/ring/<int:account_id>")
@act(PUBLIC)
def knock(account_id: int) -> Response:
    """Some channels look whether anybody is there before they accept the address."""
    return Response("ok\n", 200, mimetype="text/plain")


@screen.post("/channels/<int:account_id>/webhooks")
@act("channels.manage")
def subscribe(account_id: int) -> Response:
    """Let the channel ring here from now on; what is needed for its own panel is shown once."""
    url = url_for("doorbell.ring", account_id=account_id, _external=True)
    try:
        secret = doorbell.subscribe(_engine(), account_id, url, actor())
    except ChannelError as error:
        say(gettext("The channel could not be told: %(why)s", why=str(error)), "bad")
        return go(url_for("channels.show", account_id=account_id))
    return render("channels/webhooks.html", account_id=account_id, url=url, secret=secret)
