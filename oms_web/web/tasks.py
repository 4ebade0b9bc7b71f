"""Running work: what somebody asked for and what it came to. A part shows progress and polls.

Any screen may show a task of its own with ``{% include "tasks/_progress.html" %}`` and a ``task``
made by ``shown``; the part replaces itself until the task has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, url_for
from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from oms_web.core import claims
from oms_web.core.claims import Task
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.domain.users.permissions import may
from oms_web.extensions import db
from oms_web.web.access import act, allowed
from oms_web.web.door import actor, current_user, oms, writing
from oms_web.web.printing import KIND as PRINT
from oms_web.web.printing import KINDS as PAPERS
from oms_web.web.printing import pdf
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("tasks", __name__)

SHOWN = 50
NAMES: dict[str, Any] = {
    "read_feed": _l("Read a channel"), "retry_orders": _l("Read unread orders again"),
    "publish_stock": _l("Work out quantities"),
    "fill_backorders": _l("Serve waiting orders"), "push_stock": _l("Send quantities"),
    "push_shipment": _l("Tell a channel of a shipment"),
    "issue_wz": _l("Issue a WZ"),
    "ask_price": _l("Ask a carrier for prices"),
    "fetch_protocol": _l("Fetch a carrier's protocol"),
    "answer_rings": _l("Ask a channel what it rang about"), PRINT: lazy_pgettext("task", "Print"),
    "import_file": _l("Import a file"), "drop_folders": _l("Look into folders"),
    "rehearse_rule": _l("Rehearse a rule"), "run_rules": _l("Ask the rules"),
    "run_timed_rules": _l("Ask the rules of the clock"), "batch": _l("Change many orders"),
    "queue_einvoice": _l("Prepare a document for KSeF"),
    "send_einvoices": _l("Send documents to KSeF"),
    "read_incoming_invoices": _l("Read invoices of others in KSeF"),
    "read_ksef_notices": _l("Read what is announced of KSeF"),
    "exchange_rates": _l("Read exchange rates"),
    "tell_webhook": _l("Tell a webhook"), "tell_webhook_once": _l("Send an event again"),
}
STATES: dict[str, Any] = {
    "waiting": _l("waits"), "running": _l("running"), "done": _l("done"), "dead": _l("given up"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A task as people see it. ``failed``: (number, why) of what could not be done."""

    id: int
    kind: str
    name: str
    state: str
    progress: int
    total: int
    created_at: datetime
    not_before: datetime
    finished_at: datetime | None
    error: str
    problem: str
    failed: list[tuple[int, str]]
    printed: int
    has_file: bool
    mine: bool

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.state in ("done", "dead")


def shown(task: Task) -> Shown:
    """A task made ready for the templates."""
    result = task.result or {}
    name = str(NAMES.get(task.kind, task.kind))
    if task.kind == PRINT:
        name = str(PAPERS.get(task.args.get("kind", ""), name))
    user = current_user()
    return Shown(
        task.id, task.kind, name, task.state, task.progress, task.progress_total,
        task.created_at, task.not_before, task.finished_at, task.error or "",
        _said(*result["problem"]) if result.get("problem") else "",
        [(number, _said(message, values)) for number, message, values in
         (result.get("failed") or [] if task.kind == PRINT else [])],
        result.get("printed") or 0, bool(result.get("file")) and task.kind == PRINT,
        user is not None and task.asked_by == user.id,
    )


def _said(message: str, values: dict[str, Any]) -> str:
    return gettext(message) % values if values else gettext(message)


def _get(task_id: int) -> Task:
    """A task this person may see: their own, or any for who looks after the installation.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    task = db.session.get(Task, task_id)
    user = current_user()
    if task is None or user is None or (
        task.asked_by != user.id and not may(user.role, "settings.edit")
    ):
        raise NotFound("There is no such task. Finished ones are forgotten after three days.")
    return task


@screen.get("/tasks")
@act("home.see")
def index() -> Response:
    """What this person asked for; for who looks after the installation also all that is stuck."""
    user = current_user()
    mine = Task.asked_by == (user.id if user else 0)
    open_ = Task.state.in_(("waiting", "running"))
    own = db.session.scalars(
        select(Task).where(mine).order_by(Task.id.desc()).limit(SHOWN)).all()
    others: Sequence[Task] = ()
    if allowed("settings.edit"):
        others = db.session.scalars(
            select(Task).where(or_(open_, Task.state == "dead"), ~mine | Task.asked_by.is_(None))
            .order_by(Task.state == "dead", Task.not_before).limit(SHOWN)).all()
    return render("tasks/list.html", own=[shown(task) for task in own],
                  others=[shown(task) for task in others], states=STATES)


@screen.get("/tasks/<int:task_id>")
@act("home.see")
def show(task_id: int) -> Response:
    """One task: its progress, then its result."""
    return render("tasks/show.html", "tasks/_progress.html", task=shown(_get(task_id)))


@screen.get("/tasks/<int:task_id>/file.pdf")
@act("documents.print")
def file(task_id: int) -> Response:
    """The file that a task made."""
    task = _get(task_id)
    name = (task.result or {}).get("file") if task.kind == PRINT else None
    if not name:
        raise NotFound("This task has made no file.")
    content = oms().works.ports["prints"].path(name).read_bytes()
    return pdf(content, f"print-{task_id}.pdf")


@screen.post("/tasks/<int:task_id>/stop")
@act("home.see")
def stop(task_id: int) -> Response:
    """Give a task up."""
    task = _get(task_id)
    with writing() as work:
        stopped = claims.stop(work.session, task_id, work.now,
                              f"stopped by {actor().name}")
    say(gettext("Stopped.") if stopped else gettext("It had ended already."))
    return go(url_for("tasks.show", task_id=task.id))


@screen.post("/tasks/<int:task_id>/retry")
@act("home.see")
def retry(task_id: int) -> Response:
    """Do a task that was given up once more, from the beginning."""
    task = _get(task_id)
    with writing() as work:
        again = claims.retry(work.session, task_id, work.now)
    if not again:
        raise NotAllowedNow("Only a task that was given up can be tried again.")
    return go(url_for("tasks.show", task_id=task.id))
