"""Import: bring a file in, see what it would become, take it in, follow it to its end."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from oms_web.core.claims import Task, enqueue
from oms_web.core.errors import Invalid, NotFound, OmsError
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.extensions import db
from oms_web.sync import drop_folder, file_profiles, file_results, file_runs
from oms_web.sync.file_runs import Options
from oms_web.sync.file_store import SUFFIX, StoredFile, bring_in
from oms_web.sync.models import ImportRun
from oms_web.web.access import act
from oms_web.web.door import oms, writing
from oms_web.web.failures import words_of
from oms_web.web.file_preview import preview
from oms_web.web.outside_words import label_of, translated
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("imports", __name__)

KINDS = {"orders": _l("Orders"), "products": _l("Products"), "stock": _l("Stock counts")}
STATES = {
    file_runs.WAITING: _l("waits"), file_runs.RUNNING: _l("running"), file_runs.DONE: _l("done"),
    file_runs.FAILED: _l("failed"),
}
PHASES = {
    file_runs.SURVEY: _l("Products and stock"), file_runs.RECORDS: _l("Records"),
    file_runs.BUNDLES: _l("Bundles"),
}
NEW = "new"
TASK = "import_file"


@screen.app_template_filter("outside")
def outside(text: str) -> str:
    """A sentence of a connector or an import in the reader's language."""
    return translated(text)


@screen.app_template_filter("field_name")
def field_name(path: str) -> str:
    """A field of a profile as people know it: ``lines.unit_price`` -> Price per unit."""
    return label_of(path)


@screen.get("/imports")
@act("imports.see")
def index() -> Response:
    """Runs, the latest first; refreshes itself while one is under way."""
    found = file_results.page(db.session, request.args.get("after"))
    used = file_profiles.all_profiles(db.session)
    return render(
        "imports/list.html", "imports/_runs.html", found=found, kinds=KINDS, states=STATES,
        busy=any(run.state in file_runs.OPEN for run, _ in found.rows),
        own=[one for one in used if not file_profiles.is_ready(oms().registry, one.name, one.spec)],
        used={one.name: one.id for one in used}, folders=_folders(),
        ready={name: kind for name, (kind, _) in
               file_profiles.ready_profiles(oms().registry).items()},
    )


def _folders() -> list[tuple[ChannelAccount, Path]]:
    """The accounts that watch a folder, and where it is."""
    root = oms().settings.instance / "drop"
    rows = db.session.scalars(
        select(ChannelAccount).where(ChannelAccount.connector == file_profiles.CONNECTOR,
                                     ChannelAccount.archived_at.is_(None))
        .order_by(ChannelAccount.name)
    )
    return [(row, drop_folder.folder_of(root, row.id, row.name)) for row in rows
            if row.settings.get("folder")]


# Bringing a file in ----------------------------------------------------------------------------


@screen.get("/imports/new")
@act("imports.run")
def new() -> Response:
    """Choose a file, what it holds and how it is read."""
    return _new_page()


def _new_page(problems: dict[str, str] | None = None, status: int = 200) -> Response:
    form = request.form or request.args
    kind = form.get("kind", "orders")
    return render(
        "imports/new.html", status=status, kinds=KINDS,
        kind=kind if kind in KINDS else "orders", chosen=form.get("profile", NEW),
        profiles=_profiles(), problems=problems or {}, limit=oms().settings.max_upload_mb,
    )


def _profiles() -> list[tuple[str, str, bool]]:
    """What a file may be read by: (name, kind, whether it is the seller's own), own ones first."""
    own = {p.name: p.kind for p in file_profiles.all_profiles(db.session)}
    ready = file_profiles.ready_profiles(oms().registry)
    return [(name, kind, True) for name, kind in own.items()] + [
        (name, kind, False) for name, (kind, _) in ready.items() if name not in own
    ]


@screen.post("/imports/new")
@act("imports.run")
def upload() -> Response:
    """Take the file; on to a look at what it becomes, or to a new profile for it."""
    sent = [one for one in request.files.getlist("file") if one.filename]
    kind, name = request.form.get("kind", ""), request.form.get("profile", NEW)
    if not sent:
        return _new_page({"file": gettext("Choose a file.")}, 422)
    if name == NEW and kind not in KINDS:
        return _new_page({"kind": gettext("Choose what the file holds.")}, 422)
    if name != NEW and name not in {profile for profile, _, _ in _profiles()}:
        return _new_page({"profile": gettext("There is no such profile.")}, 422)
    try:
        stored = _store(sent, name)
    except OmsError as error:
        return _new_page({"file": words_of(error)}, 422)
    if name == NEW:
        return go(url_for("import_profiles.new", file=stored.name, called=stored.original_name,
                          kind=kind))
    return go(url_for("imports.check", file=stored.name, called=stored.original_name,
                      profile=name))


def _store(sent: list[FileStorage], name: str) -> StoredFile:
    """Keep what was sent, several files as one archive, without holding it in memory."""
    spec = {} if name == NEW else file_profiles.look_up(db.session, oms().registry, name).spec
    with tempfile.TemporaryDirectory() as folder:
        paths, names = [], []
        for number, one in enumerate(sent):
            path = Path(folder) / str(number)
            one.save(path)
            paths.append(path)
            names.append(Path((one.filename or "").replace("\\", "/")).name[:200] or str(number))
        if len(set(names)) < len(names):
            raise Invalid("Two of the files have the same name.", "file")
        return bring_in(oms().importer.store, paths, spec, names)


@screen.get("/imports/check")
@act("imports.run")
def check() -> Response:
    """What a file would become with a profile, before anything is taken in."""
    profile = file_profiles.look_up(db.session, oms().registry, request.args.get("profile", ""))
    file = request.args.get("file", "")
    return render("imports/check.html", file=file, called=request.args.get("called", ""),
                  profile=profile, kinds=KINDS, shown=preview(file, profile.spec, profile.kind),
                  channel=file_profiles.channel_name(db.session, profile))


@screen.post("/imports")
@act("imports.run")
def start() -> Response:
    """Begin the import; the work is done in the background."""
    form = request.form
    file, name = form.get("file", ""), form.get("profile", "")
    if not file.endswith(SUFFIX):
        raise NotFound("There is no such file.")
    path = oms().importer.store.path(file)
    options = Options(bool(form.get("create_products")), bool(form.get("opening_stock")))
    with writing() as work:
        profile = file_profiles.by_name(work, oms().registry, name)
        stored = StoredFile(path.name, path.name.removesuffix(SUFFIX),
                            form.get("called", "").strip() or path.name)
        run = file_runs.begin(work, profile, stored,
                              options if profile.kind == "orders" else Options())
        _queue(work, run.id)
        run_id = run.id
    return go(url_for("imports.show", run_id=run_id))


def _queue(work: Work, run_id: int) -> None:
    enqueue(work.session, TASK, str(run_id), {"run_id": run_id}, now=work.now,
            asked_by=work.actor.id)


# A run -----------------------------------------------------------------------------------------


@screen.get("/imports/<int:run_id>")
@act("imports.see")
def show(run_id: int) -> Response:
    """One import: how far it is, or how it ended; refreshes itself while it runs."""
    found = file_results.summary(db.session, run_id, oms().importer.templates)
    run = found.run
    progress = file_runs.Progress.of(run)
    return render(
        "imports/run.html", "imports/_run.html", found=found, run=run, profile=found.profile,
        progress=progress, kinds=KINDS, states=STATES, steps=_steps(run, progress),
        busy=run.state in file_runs.OPEN, task=_task(run_id),
        waiting=file_results.waiting(db.session, run_id, request.args.get("after")),
        channel=file_profiles.channel_name(db.session, found.profile),
        done=_done(run), skipped=sum(count for _, count in found.skipped),
    )


def _done(run: ImportRun) -> int:
    return run.total if run.state == file_runs.DONE else run.read


def _steps(run: ImportRun, progress: file_runs.Progress) -> list[tuple[str, str, str]]:
    """The phases of a run, as ``ui.steps`` wants them."""
    phases = [file_runs.SURVEY] if progress.options != Options() else []
    phases += [file_runs.RECORDS] + ([file_runs.BUNDLES] if progress.bundles else [])
    order = [*phases, file_runs.END]
    now = order.index(progress.phase) if progress.phase in order else 0
    if run.state == file_runs.DONE:
        now = len(order)
    return [
        (str(PHASES[phase]), "", "done" if at < now else "now" if at == now else "")
        for at, phase in enumerate(phases)
    ]


def _task(run_id: int) -> Task | None:
    """The background task of a run, if it is unfinished or died."""
    return db.session.scalar(
        select(Task).where(Task.kind == TASK, Task.key == str(run_id), Task.state != "done")
        .order_by(Task.id.desc()).limit(1)
    )


@screen.post("/imports/<int:run_id>/again")
@act("imports.run")
def again(run_id: int) -> Response:
    """Import the same file once more, with the profile as it is now."""
    with writing() as work:
        run = file_runs.get_run(work.session, run_id)
        profile = file_profiles.get_profile(work.session, run.profile_id)
        options = file_runs.Progress.of(run).options
        file_runs.begin(work, profile, StoredFile(run.file, run.digest, run.original_name),
                        options)
        _queue(work, run_id)
    say(gettext("Importing again. What is in the shop already stays as it is."))
    return go(url_for("imports.show", run_id=run_id))
