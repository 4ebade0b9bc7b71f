"""Printers: which there are, what comes out of which at each station, and what waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from oms_web.core.errors import Invalid, OmsError
from oms_web.domain.printers import service
from oms_web.domain.printers.models import Printer, PrintRoute
from oms_web.domain.shipping import sending
from oms_web.extensions import db
from oms_web.web import asked
from oms_web.web.access import act
from oms_web.web.door import oms, writing
from oms_web.web.failures import words_of
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("printers", __name__)

PAGE = 50
PAPERS: dict[str, Any] = {
    service.LABEL: _l("Labels"), service.SLIP: _l("Packing slips"),
    service.INVOICE: _l("Invoices"), service.PICKLIST: _l("Pick lists"),
}
STATES: dict[str, tuple[Any, str]] = {
    service.WAITING: (_l("waits"), ""), service.TAKEN: (_l("being printed"), "acc"),
    service.PRINTED: (_l("printed"), "ok"), service.FAILED: (_l("not printed"), "bad"),
    service.UNKNOWN: (_l("nobody knows"), "warn"), service.DROPPED: (_l("not wanted any more"), ""),
}


@dataclass(frozen=True, slots=True)
class Station:
    """A station with its printers; ``routes`` by kind of paper."""

    name: str
    printers: list[Printer]
    routes: dict[str, PrintRoute]


# Which printer prints what ----------------------------------------------------------------------


@screen.get("/settings/printers")
@act("printers.manage")
def index() -> Response:
    """The stations that have printers."""
    return _page()


@screen.post("/settings/printers")
@act("printers.manage")
def save() -> Response:
    """Change what comes out of which printer at one station."""
    station = request.form.get("station", "").strip()[:40]
    if not station:
        raise Invalid("Choose a station.", "station")
    try:
        with writing() as work:
            changed = [
                service.set_route(
                    work, station, kind, asked.whole(request.form.get(f"printer-{kind}"), kind),
                    copies=asked.whole(request.form.get(f"copies-{kind}"), kind) or 1,
                    automatic=bool(request.form.get(f"automatic-{kind}")))
                for kind in service.KINDS
            ]
    except OmsError as error:
        return _page(problem=(station, words_of(error)), status=422)
    say(gettext("Saved.") if any(changed) else gettext("Nothing was changed."))
    return go(url_for("printers.index"))


def _page(problem: tuple[str, str] = ("", ""), status: int = 200) -> Response:
    printers, routes = service.every(db.session), service.routes(db.session)
    names = dict.fromkeys(sorted({one.station for one in printers}))
    stations = [
        Station(name, [one for one in printers if one.station == name],
                {one.kind: one for one in routes if one.station == name})
        for name in names
    ]
    now = oms().works.clock()
    return render("printers/settings.html", stations=stations, papers=PAPERS, problem=problem,
                  at_close=service.AT_CLOSE, status=status, no_zpl=no_zpl(),
                  away={one.id for one in printers if service.is_away(one, now)})


def no_zpl() -> list[str]:
    """The stations whose label printer wants ZPL, while labels are kept as PDF only."""
    kept = sending.settings(db.session).label_format
    return [] if kept == service.ZPL else service.wanting_zpl(db.session)


# What is printed ---------------------------------------------------------------------------------


@screen.get("/printing")
@act("printers.see")
def jobs() -> Response:
    """What waits and what came out, the newest first."""
    before = asked.whole(request.args.get("before"), "before")
    rows = service.latest(db.session, PAGE + 1, before)
    more = rows[PAGE - 1][0].id if len(rows) > PAGE else None
    now = oms().works.clock()
    return render("printers/jobs.html", "printers/_jobs.html", rows=rows[:PAGE], states=STATES,
                  papers=PAPERS, more=more,
                  away={printer.id for _job, printer in rows if service.is_away(printer, now)})


@screen.post("/printing/<int:job_id>/again")
@act("printers.see")
def again(job_id: int) -> Response:
    """Print it once more."""
    with writing() as work:
        service.again(work, job_id)
    say(gettext("It waits for its printer again."))
    return go(url_for("printers.jobs"))


@screen.post("/printing/<int:job_id>/drop")
@act("printers.see")
def drop(job_id: int) -> Response:
    """Do not print it."""
    with writing() as work:
        service.drop(work, job_id)
    say(gettext("It will not be printed."))
    return go(url_for("printers.jobs"))
