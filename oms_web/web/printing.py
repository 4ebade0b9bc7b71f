"""Printing: one order opens as a PDF at once, many become one file with progress."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from oms_web.core.claims import Task, enqueue
from oms_web.core.errors import Invalid
from oms_web.domain.printers import service as printers
from oms_web.extensions import db
from oms_web.web import asked, formats
from oms_web.web.access import act
from oms_web.web.door import actor, current_user, oms, writing
from oms_web.web.render import go
from oms_web.web.stations import COOKIE, station

screen = Blueprint("printing", __name__)

KIND = "print_batch"
KINDS: dict[str, Any] = {
    "invoice": _l("Invoices"), "slip": _l("Packing slips"), "picklist": _l("Pick list"),
    "gift": _l("Gift slips"), "return": _l("Return forms"),
    "label": _l("Labels"), "label_a4": _l("Labels, four on a sheet"),
}


def pdf(content: bytes, name: str) -> Response:
    """A PDF that opens in the browser, also inside a frame of ours."""
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    # The browser's own reader brings styles and pictures of its own along.
    response.headers["Content-Security-Policy"] = "frame-ancestors 'self'"
    return response


def file_name(number: str) -> str:
    """A document's number as the name of its file."""
    safe = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in number)
    return f"{safe}.pdf"


@screen.get("/orders/<int:order_id>/print/"
            "<any(invoice, slip, picklist, gift, return, label, label_a4):kind>.pdf")
@act("documents.print")
def order_document(order_id: int, kind: str) -> Response:
    """One kind of paper for one order."""
    made = oms().printing.for_order(kind, order_id, actor(), formats.language())
    return pdf(made, f"{kind}-{order_id}.pdf")


@screen.get("/picking/lists/<int:pick_list_id>.pdf")
@act("pick.do")
def pick_list(pick_list_id: int) -> Response:
    """The paper of a pick list."""
    made = oms().printing.pick_list(pick_list_id, formats.language())
    return pdf(made, f"picklist-{pick_list_id}.pdf")


@screen.post("/print")
@act("documents.print")
def many() -> Response:
    """Print ``kind`` of the chosen orders (``order``, many times): a file with progress.

    A single order opens at once, unless it goes ``to`` the ``printer`` of this station. The same
    wish said twice leads to the same task.
    """
    kind = request.form.get("kind", "")
    if kind not in KINDS:
        raise Invalid("Choose what to print.", "kind")
    chosen = [asked.whole(one, "order") for one in request.form.getlist("order")]
    ids = list(dict.fromkeys(one for one in chosen if one))
    if not ids:
        raise Invalid("Choose at least one order.", "order")
    if request.args.get("to") == "printer":
        if kind not in printers.KINDS:
            raise Invalid("Choose what to print.", "kind")
        task_id = wish(kind, ids, station())
    elif len(ids) == 1:
        return go(url_for("printing.order_document", order_id=ids[0], kind=kind))
    else:
        task_id = wish(kind, ids)
    return go(url_for("tasks.show", task_id=task_id))


def wish(kind: str, ids: Sequence[int], at: str = "") -> int | None:
    """Queue the printing of orders, as a file or at the printer of a station: the task."""
    user = current_user()
    asker = user.id if user else None
    key = f"{asker}:{kind}:{at}:{hashlib.sha256(repr(ids).encode()).hexdigest()[:24]}"
    asked_for = {"kind": kind, "order_ids": list(ids), "language": formats.language(),
                 "name": actor().name, "user_id": asker, "station": at}
    with writing() as work:
        task_id = enqueue(work.session, KIND, key, asked_for, now=work.now, asked_by=asker)
    if task_id is None:
        task_id = db.session.scalar(
            select(Task.id).where(Task.kind == KIND, Task.key == key)
            .order_by(Task.id.desc()).limit(1)
        )
    return task_id


def printers_here() -> dict[str, str]:
    """What this browser's station has a printer for: kind of paper -> the printer's name."""
    if COOKIE not in request.cookies:
        return {}
    return {one.kind: name for one, name in printers.named_routes(db.session, station())}


@screen.app_context_processor
def _shared() -> dict[str, Any]:
    return {"printers_here": printers_here, "paper_names": KINDS,
            "stations_known": lambda: printers.stations(db.session)}
