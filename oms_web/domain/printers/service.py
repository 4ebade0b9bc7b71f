"""Printers and their jobs. Whatever comes out of a printer went through ``ask`` and ``take``.

A job is handed to one agent, once: who takes it is decided by a conditional UPDATE. An agent that
took one and says nothing for two minutes leaves it *unknown*: the paper may lie there, so a person
decides whether it is printed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.printers.models import Printer, PrintJob, PrintRoute

PDF, ZPL = "pdf", "zpl"
FORMATS = (PDF, ZPL)
LABEL, SLIP, INVOICE, PICKLIST = "label", "slip", "invoice", "picklist"
KINDS = (LABEL, SLIP, INVOICE, PICKLIST)
AT_CLOSE = (LABEL, SLIP, INVOICE)
"""What may come out by itself when a parcel closes."""

WAITING, TAKEN, PRINTED, FAILED, UNKNOWN, DROPPED = (
    "waiting", "taken", "printed", "failed", "unknown", "dropped",
)
PATIENCE = timedelta(minutes=2)
AWAY = timedelta(minutes=2)
"""An agent asks every few seconds: one that was not heard of for so long is not running."""
KEPT = timedelta(days=3)
"""The store of prints forgets their files by then."""
MOST_PRINTERS = 50


@dataclass(frozen=True, slots=True)
class Named:
    """A printer as its agent tells of it."""

    name: str
    format: str


def announce(work: Work, api_key_id: int, station: str, named: Sequence[Named]) -> list[Printer]:
    """An agent says which printers it serves, and where; those it serves no more go.

    Raises:
        Invalid: no station, a printer without a name, one twice, or a format we do not know.
    """
    station = tidy(station)
    if not 1 <= len(station) <= 40:
        raise Invalid("Give the station a name of up to 40 characters.", "station")
    names = [tidy(one.name) for one in named]
    if len(set(names)) != len(names) or not all(1 <= len(name) <= 80 for name in names) \
            or len(names) > MOST_PRINTERS:
        raise Invalid("Every printer needs a name of its own, of up to 80 characters.", "printers")
    if any(one.format not in FORMATS for one in named):
        raise Invalid("A printer understands pdf or zpl.", "printers")
    present = {one.name: one for one in work.session.scalars(
        select(Printer).where(Printer.api_key_id == api_key_id).with_for_update())}
    for name, one in zip(names, named, strict=True):
        row = present.pop(name, None)
        if row is None:
            row = Printer(api_key_id=api_key_id, name=name, station=station, format=one.format,
                          seen_at=work.now)
            work.session.add(row)
            work.session.flush()
            audit.record(work, "printers.add", "printer", row.id,
                         {"name": [None, name], "station": [None, station]})
        row.station, row.format, row.seen_at, row.gone_at = station, one.format, work.now, None
    for row in present.values():
        row.gone_at = row.gone_at or work.now
    work.session.flush()
    return of_agent(work.session, api_key_id)


def of_agent(session: Session, api_key_id: int) -> list[Printer]:
    """The printers that an agent serves now."""
    return list(session.scalars(
        select(Printer).where(Printer.api_key_id == api_key_id, Printer.gone_at.is_(None))
        .order_by(Printer.name)))


def every(session: Session) -> list[Printer]:
    """All printers that an agent serves, by station and name."""
    return list(session.scalars(
        select(Printer).where(Printer.gone_at.is_(None)).order_by(Printer.station, Printer.name)))


def routes(session: Session, station: str | None = None) -> list[PrintRoute]:
    """What goes where; at one station, or everywhere. A printer that went leads nowhere."""
    query = select(PrintRoute).join(Printer, Printer.id == PrintRoute.printer_id).where(
        Printer.gone_at.is_(None)).order_by(PrintRoute.station, PrintRoute.kind)
    return list(session.scalars(
        query if station is None else query.where(PrintRoute.station == station)))


def named_routes(session: Session, station: str) -> list[tuple[PrintRoute, str]]:
    """What goes where at a station, with the names of its printers."""
    return [(route, name) for route, name in session.execute(
        select(PrintRoute, Printer.name).join(Printer, Printer.id == PrintRoute.printer_id)
        .where(PrintRoute.station == station, Printer.gone_at.is_(None)))]


def route_for(session: Session, station: str, kind: str) -> tuple[PrintRoute, Printer] | None:
    """Where a paper of this kind comes out at a station; None: the browser prints it."""
    found = session.execute(
        select(PrintRoute, Printer).join(Printer, Printer.id == PrintRoute.printer_id)
        .where(PrintRoute.station == station, PrintRoute.kind == kind,
               Printer.gone_at.is_(None))).one_or_none()
    return (found[0], found[1]) if found else None


def prints_by_itself(session: Session, station: str) -> bool:
    """Whether something comes out at a station as soon as a parcel closes there."""
    return session.scalar(select(PrintRoute.id).where(
        PrintRoute.station == station, PrintRoute.automatic).limit(1)) is not None


def set_route(work: Work, station: str, kind: str, printer_id: int | None, *, copies: int = 1,
              automatic: bool = False) -> bool:
    """Say where papers of a kind come out at a station; None: in the browser. Whether it is new.

    Raises:
        NotFound: there is no such printer.
        Invalid: another kind, or not from 1 to 9 copies.
    """
    if kind not in KINDS:
        raise Invalid("Choose a kind of paper.", "kind")
    if not 1 <= copies <= 9:
        raise Invalid("From 1 to 9 copies.", "copies")
    row = work.session.scalar(
        select(PrintRoute).where(PrintRoute.station == station, PrintRoute.kind == kind)
        .with_for_update())
    before = (row.printer_id, row.copies, row.automatic) if row else None
    wanted = (printer_id, copies, automatic and kind in AT_CLOSE) if printer_id else None
    if before == wanted:
        return False
    if printer_id is not None and work.session.get(Printer, printer_id) is None:
        raise NotFound("There is no such printer.")
    work.session.execute(delete(PrintRoute).where(
        PrintRoute.station == station, PrintRoute.kind == kind))
    if wanted:
        work.session.add(PrintRoute(station=station, kind=kind, printer_id=wanted[0],
                                    copies=wanted[1], automatic=wanted[2]))
    work.session.flush()
    audit.record(work, "printers.route", "printer", printer_id or (before or (0,))[0], {
        "station": [None, station], "kind": [None, kind],
        "printer": [before and before[0], printer_id],
    })
    return True


def stations(session: Session) -> list[str]:
    """The stations that print agents name, by name."""
    return sorted({one.station for one in every(session)})


def wanting_zpl(session: Session) -> list[str]:
    """The stations whose labels come out of a printer that understands ZPL only."""
    return list(session.scalars(
        select(PrintRoute.station).join(Printer, Printer.id == PrintRoute.printer_id)
        .where(PrintRoute.kind == LABEL, Printer.format == ZPL, Printer.gone_at.is_(None))
        .order_by(PrintRoute.station)))


def ask(work: Work, station: str, kind: str, title: str, file: str, key: str) -> PrintJob | None:
    """Want a paper at a station: the job, the one there is for this key, or None without a printer.

    Args:
        file: its name in the store of prints; ``.zpl`` or ``.pdf``, as the printer understands.
        key: what it is for.
    """
    return _want(work, station, kind, title, key, file=file, state=WAITING)


def cannot(work: Work, station: str, kind: str, title: str, key: str, why: str) -> PrintJob | None:
    """A paper that should come out at a station and cannot: it stands among the jobs with the
    reason, a message of the catalogue. Arguments as of ``ask``.
    """
    return _want(work, station, kind, title, key, file="", state=FAILED, message=why[:300],
                 done_at=work.now)


def _want(work: Work, station: str, kind: str, title: str, key: str, **how: Any
          ) -> PrintJob | None:
    found = route_for(work.session, station, kind)
    if found is None:
        return None
    present = work.session.scalar(select(PrintJob).where(PrintJob.key == key[:120]))
    if present is not None:
        return present
    route, printer = found
    job = PrintJob(key=key[:120], printer_id=printer.id, kind=kind, title=title[:160],
                   copies=route.copies, asked_by=work.actor.name, created_at=work.now, **how)
    work.session.add(job)
    work.session.flush()
    audit.record(work, "printers.ask", "print_job", job.id, {"title": [None, job.title]},
                 note=printer.name)
    return job


def take(work: Work, api_key_id: int) -> PrintJob | None:
    """The next job for an agent's printers, now its own; None: nothing waits."""
    _give_up(work, api_key_id)
    work.session.execute(update(Printer).where(
        Printer.api_key_id == api_key_id, Printer.gone_at.is_(None)).values(seen_at=work.now))
    waiting = (
        select(PrintJob.id).join(Printer, Printer.id == PrintJob.printer_id)
        .where(Printer.api_key_id == api_key_id, Printer.gone_at.is_(None),
               PrintJob.state == WAITING)
        .order_by(PrintJob.id).limit(1).with_for_update(skip_locked=True, of=PrintJob)
    )
    job_id = work.session.scalar(waiting)
    if job_id is None:
        return None
    taken = work.session.scalar(
        update(PrintJob).where(PrintJob.id == job_id, PrintJob.state == WAITING)
        .values(state=TAKEN, taken_at=work.now).returning(PrintJob.id)
        .execution_options(synchronize_session=False))
    return work.session.get(PrintJob, taken, populate_existing=True) if taken else None


def _give_up(work: Work, api_key_id: int) -> None:
    mine = select(Printer.id).where(Printer.api_key_id == api_key_id)
    work.session.execute(
        update(PrintJob).where(PrintJob.printer_id.in_(mine), PrintJob.state == TAKEN,
                               PrintJob.taken_at < work.now - PATIENCE)
        .values(state=UNKNOWN, done_at=work.now).execution_options(synchronize_session=False))


def of_key(session: Session, api_key_id: int, job_id: int) -> PrintJob:
    """A job for one of an agent's printers.

    Raises:
        NotFound: none of its.
    """
    found = session.scalar(
        select(PrintJob).join(Printer, Printer.id == PrintJob.printer_id)
        .where(PrintJob.id == job_id, Printer.api_key_id == api_key_id))
    if found is None:
        raise NotFound("There is no such print job.")
    return found


def finish(work: Work, api_key_id: int, job_id: int, printed: bool, message: str = "") -> PrintJob:
    """An agent says what became of a job; said twice is quiet, and late is better than never.

    Raises:
        NotFound: none of its.
        NotAllowedNow: nobody has taken it.
    """
    job = of_key(work.session, api_key_id, job_id)
    if job.state in (PRINTED, FAILED, DROPPED):
        return job
    if job.state == WAITING:
        raise NotAllowedNow("Take the job first.")
    job.state, job.done_at = (PRINTED if printed else FAILED), work.now
    job.message = tidy(message)[:300]
    work.session.flush()
    return job


def again(work: Work, job_id: int) -> bool:
    """A person wants a job printed again; False when it waits already.

    Raises:
        NotFound: there is none.
        NotAllowedNow: an agent is printing it, or there is no file of it.
    """
    job = _lock(work, job_id)
    if job.state == WAITING:
        return False
    if not job.file:
        raise NotAllowedNow("There is nothing that this printer could print.")
    if job.state == TAKEN and job.taken_at is not None and job.taken_at > work.now - PATIENCE:
        raise NotAllowedNow("It is being printed at this moment.")
    _to(work, job, WAITING, "printers.again")
    job.taken_at = job.done_at = None
    job.message = ""
    return True


def label_key(booking_id: int) -> str:
    """What the job is known by that prints a label of a carrier."""
    return f"label:{booking_id}"


def drop_waiting(work: Work, key: str) -> None:
    """A paper is of no use any more: the job that waits for it is not printed, if there is one."""
    job = work.session.scalar(select(PrintJob).where(PrintJob.key == key, PrintJob.state == WAITING)
                              .with_for_update())
    if job is not None:
        _to(work, job, DROPPED, "printers.drop")
        job.done_at = work.now


def drop(work: Work, job_id: int) -> bool:
    """Nobody wants a job any more; False when that was known.

    Raises:
        NotFound: there is none.
        NotAllowedNow: it is being printed, or came out.
    """
    job = _lock(work, job_id)
    if job.state == DROPPED:
        return False
    if job.state in (TAKEN, PRINTED):
        raise NotAllowedNow("It is printed, or being printed.")
    _to(work, job, DROPPED, "printers.drop")
    job.done_at = work.now
    return True


def _lock(work: Work, job_id: int) -> PrintJob:
    job = work.session.scalar(select(PrintJob).where(PrintJob.id == job_id).with_for_update()
                              .execution_options(populate_existing=True))
    if job is None:
        raise NotFound("There is no such print job.")
    return job


def _to(work: Work, job: PrintJob, state: str, act: str) -> None:
    audit.record(work, act, "print_job", job.id, {"state": [job.state, state]}, note=job.title)
    job.state = state


def latest(session: Session, limit: int, before: int | None = None
           ) -> list[tuple[PrintJob, Printer]]:
    """Jobs with their printers, the newest first."""
    query = select(PrintJob, Printer).join(Printer, Printer.id == PrintJob.printer_id)
    if before is not None:
        query = query.where(PrintJob.id < before)
    return [(job, printer) for job, printer in
            session.execute(query.order_by(PrintJob.id.desc()).limit(limit))]


def forget_old(work: Work) -> None:
    """Forget jobs whose files are gone."""
    work.session.execute(delete(PrintJob).where(PrintJob.created_at < work.now - KEPT))


def is_away(printer: Printer, now: datetime) -> bool:
    """Whether the agent of a printer does not seem to be running."""
    return printer.seen_at < now - AWAY
