"""Refunds by transfer as a file for the bank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext

from oms_web.core.errors import Invalid, OmsError
from oms_web.flows import refund_transfers
from oms_web.web import statements
from oms_web.web.access import act
from oms_web.web.door import reading, writing
from oms_web.web.failures import words_of
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("bank_transfers", __name__)
KINDS: Mapping[refund_transfers.Format, tuple[str, str, str]] = {
    "elixir": ("elixir", "text/plain; charset=windows-1250", "pli"),
    "pain": ("pain", "application/xml", "xml"),
}


@screen.get("/payments/transfers")
@act("payments.statements")
def index() -> Response:
    """What waits for a file, and files on their way."""
    work = reading()
    rows = refund_transfers.waiting(work)
    return render(
        "statements/transfers.html", rows=rows, files=refund_transfers.files(work),
        stuck=refund_transfers.without_account(work),
        sums=Counter(one.currency for one in rows), tabs=statements.tabs("bank_transfers.index"))


@screen.post("/payments/transfers")
@act("payments.statements")
def make() -> Response:
    """Put what waits into a file."""
    asked, currency = request.form.get("format", ""), request.form.get("currency", "")
    format_ = next((one for one in KINDS if one == asked), None)
    try:
        if format_ is None:
            raise Invalid("Choose the kind of file.", "format")
        with writing() as work:
            name = refund_transfers.make(work, format_, currency)
    except OmsError as error:
        say(words_of(error), "bad")
        return go(url_for("bank_transfers.index"))
    say(gettext("The file is ready: download it below and give it to your bank."))
    return go(url_for("bank_transfers.index", _anchor=name))


@screen.get("/payments/transfers/<name>/file")
@act("payments.statements")
def download(name: str) -> Response:
    """A file, as often as it is wanted while its refunds are on their way."""
    body = refund_transfers.content(reading(), name[:160])
    kind = next(said for said in KINDS.values() if said[0] == name.split(":")[1])
    answer = Response(body, content_type=kind[1])
    stamp = name.rpartition(":")[2]
    answer.headers["Content-Disposition"] = f'attachment; filename="{kind[0]}-{stamp}.{kind[2]}"'
    return answer
