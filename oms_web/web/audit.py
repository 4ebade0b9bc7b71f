"""The audit trail: who changed what, when, from what to what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, request
from sqlalchemy import select

from oms_web.core.clock import SHOP_ZONE, day_bounds
from oms_web.core.errors import Invalid
from oms_web.domain.audit import exports, queries
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders.models import Order
from oms_web.domain.users import service as users
from oms_web.extensions import db
from oms_web.web import acts, asked
from oms_web.web.access import act
from oms_web.web.exports import send
from oms_web.web.render import render
from oms_web.web.trail_names import SUBJECTS

screen = Blueprint("audit", __name__)

KINDS = ("system", "connector", "cli", "api")


@screen.get("/audit")
@act("audit.see")
def index() -> Response:
    """A page of the trail, filtered by what stands in the address."""
    chosen = _chosen()
    after = request.args.get("after", "")
    found = queries.page(db.session, _filter(chosen), after=after)
    set_ = {name: value for name, value in chosen.items() if value}
    people = users.list_users(db.session)
    return render(
        "audit/list.html", "audit/_entries.html", found=found, chosen=chosen, set=set_,
        people=people, kinds=KINDS, families=acts.families(), subjects=SUBJECTS,
        next_url=_address(set_ | {"after": found.after}) if found.after else None,
        said=acts.said, shown=acts.shown, currencies=_currencies(found.rows),
        actor_name=acts.actor_name, everything=_address(set_, "subject", "id"),
    )


def _currencies(entries: Iterable[AuditEntry]) -> dict[tuple[str, int | None], str]:
    """The currencies of the amounts on a page: of its orders and its SKUs."""
    found: dict[tuple[str, int | None], str] = {}
    for subject, table, ids in (
        ("order", Order, {entry.order_id for entry in entries}),
        ("variant", Variant, {entry.subject_id for entry in entries
                              if entry.subject == "variant"}),
    ):
        rows = db.session.execute(
            select(table.id, table.currency).where(table.id.in_(ids - {None})))
        found |= {(subject, id_): currency for id_, currency in rows}
    return found


@screen.get("/audit/audit.<kind>")
@act("audit.see")
def export(kind: str) -> Response:
    """The trail as a file, filtered as on screen."""
    return send(exports.trail(_filter(_chosen())), kind)


def _chosen() -> dict[str, str]:
    return {name: request.args.get(name, "").strip()
            for name in ("who", "act", "subject", "id", "from", "to")}


def _address(chosen: dict[str, str], *without: str) -> str:
    return asked.link("audit.index", chosen, **dict.fromkeys(without))


def _filter(chosen: dict[str, str]) -> queries.Filter:
    kind, _, number = chosen["who"].partition("-")
    return queries.Filter(
        actor_kind=kind, actor_id=_whole(number), act=chosen["act"], subject=chosen["subject"],
        subject_id=_whole(chosen["id"]), since=_start(chosen["from"]),
        until=_start(chosen["to"], days=1),
    )


def _whole(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Invalid("This is not a number: %(text)s", "id", text=text[:40])
    return int(text)


def _start(text: str, days: int = 0) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        return day_bounds(day + timedelta(days=days), SHOP_ZONE)[0]
    except (ValueError, OverflowError):
        raise Invalid("A date looks like 2026-11-24.", "from") from None
