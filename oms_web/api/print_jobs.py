"""The door of the print agents: which printers there are, and what they are to print."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response
from pydantic import Field

from oms_web.api.operations import Call, get, post, put
from oms_web.api.shapes import Answer, Asked, text
from oms_web.domain.printers import service

BYTES = "application/octet-stream"


class AgentPrinter(Asked):
    """A printer that the agent serves."""

    name: Annotated[str, text(80, 1, example="zebra")]
    format: Literal["pdf", "zpl"]


class AgentAsked(Asked):
    """Where the agent stands, and what it serves."""

    station: Annotated[str, text(40, 1, example="Packing 1")]
    printers: list[AgentPrinter] = Field(max_length=service.MOST_PRINTERS)


class AgentKnown(Answer):
    """The printers that are known of this agent now."""

    printers: list[str]


class PrintJob(Answer):
    """Something to be printed, on one of the agent's printers."""

    id: int
    printer: str
    format: Literal["pdf", "zpl"]
    title: str
    copies: int


class Taken(Answer):
    """The job that is the agent's now; null: nothing waits."""

    job: PrintJob | None


class DoneAsked(Asked):
    """What became of a job."""

    printed: bool
    message: Annotated[str, text(300)] = ""


class Done(Answer):
    """The job's state now."""

    id: int
    state: str


@put("/print-agent", "printing:write", act="printing.serve", body=AgentAsked, gives=AgentKnown)
def announce_printers(call: Call) -> AgentKnown:
    """A print agent says where it stands and which printers it serves; those it leaves out go."""
    asked: AgentAsked = call.body
    found = service.announce(call.work, call.key.id, asked.station, [
        service.Named(one.name, one.format) for one in asked.printers])
    return AgentKnown(printers=[one.name for one in found])


@post("/print-jobs/take", "printing:write", act="printing.serve", gives=Taken)
def take_print_job(call: Call) -> Taken:
    """The next job for the agent's printers. Say within two minutes what became of it."""
    job = service.take(call.work, call.key.id)
    if job is None:
        return Taken(job=None)
    printer = next(one for one in service.of_agent(call.work.session, call.key.id)
                   if one.id == job.printer_id)
    return Taken(job=PrintJob(id=job.id, printer=printer.name, title=job.title, copies=job.copies,
                              format="zpl" if job.file.endswith(".zpl") else "pdf"))


@get("/print-jobs/{job_id}/file", "printing:read", act="printing.serve", gives=BYTES)
def get_print_job_file(call: Call, job_id: int) -> Response:
    """What is to be printed, as it goes to the printer."""
    job = service.of_key(call.work.session, call.key.id, job_id)
    path = call.oms.works.ports["prints"].path(job.file)
    return Response(path.read_bytes(), mimetype=BYTES)


@post("/print-jobs/{job_id}/done", "printing:write", act="printing.serve", body=DoneAsked,
      gives=Done)
def finish_print_job(call: Call, job_id: int) -> Done:
    """What became of a job: printed, or why not. Said twice is quiet."""
    asked: DoneAsked = call.body
    job = service.finish(call.work, call.key.id, job_id, asked.printed, asked.message)
    return Done(id=job.id, state=job.state)
