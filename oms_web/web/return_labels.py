"""Labels by which buyers send goods back: chosen in the settings, sent to the buyer from a case."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid
from oms_web.domain.shipping import sending
from oms_web.extensions import db
from oms_web.flows import return_letter
from oms_web.sync import labels
from oms_web.web import asked
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.render import go
from oms_web.web.toasts import say

screen = Blueprint("return_labels", __name__)


def value(account_id: int | None, service: str, size: str) -> str:
    """A way to send as an option of a form: ``3:locker:A``; empty: none."""
    return f"{account_id}:{service}:{size}" if account_id else ""


def chosen(text: str) -> tuple[int | None, str, str]:
    """What an option says: account, service, size.

    Raises:
        Invalid: no such service.
    """
    if not text:
        return None, "", ""
    account, _, rest = text.partition(":")
    service, _, size = rest.rpartition(":")
    account_id = asked.whole(account, "label")
    known = sending.service(db.session, account_id or 0, service)
    if known is None or (size and size not in {one.ref for one in sending.sizes_of(known)}):
        raise Invalid("Choose a service.", "label")
    return account_id, service, size


def choices(session: Session) -> list[tuple[str, str]]:
    """The services of all connected carriers, each with its sizes."""
    found = []
    for account in labels.carriers(reading(), oms().registry):
        for one in sending.services(session, account.id):
            sizes = [size.ref for size in sending.sizes_of(one)] or [""]
            found += [(value(account.id, one.ref, size),
                       " · ".join(filter(None, (account.name, gettext(one.name), size))))
                      for size in sizes]
    return found


@screen.post("/returns/<int:case_id>/labels/<int:booking_id>/send")
@act("messages.send")
def send(case_id: int, booking_id: int) -> Response:
    """Write to the buyer where the label is; said again it is not written twice."""
    with writing() as work:
        sent = return_letter.label(work, case_id, booking_id)
    say(gettext("The letter is on its way.") if sent else gettext("This was written before."))
    return go(url_for("return_card.show", case_id=case_id) + "#labels")
