"""Profiles: how files are read, edited beside the first rows of one and what they become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from oms_connector import FileKind, Refused
from sqlalchemy import select

from oms_web.core.errors import Invalid, NotFound
from oms_web.extensions import db
from oms_web.sync import file_profiles
from oms_web.sync.file_store import SUFFIX
from oms_web.sync.models import ImportProfile, ImportRun
from oms_web.web import profile_form
from oms_web.web.access import act
from oms_web.web.door import oms, writing
from oms_web.web.failures import words_of
from oms_web.web.file_preview import Preview, preview
from oms_web.web.imports import KINDS
from oms_web.web.outside_words import translated
from oms_web.web.profile_form import Editor, editor_of, spec_of
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("import_profiles", __name__)

ENCODINGS = {
    "auto": _l("find out"), "cp1250": "Windows-1250", "iso-8859-2": "ISO 8859-2",
    "cp1252": "Windows-1252", "iso-8859-1": "ISO 8859-1", "cp852": "DOS 852",
    "utf-8": "UTF-8", "utf-16": "UTF-16",
}


def _schema(kind: str) -> Mapping[str, Any]:
    if kind not in KINDS:
        raise NotFound("There is nothing at this address.")
    return file_profiles.reader(oms().registry).profile_schema(cast(FileKind, kind))


@screen.get("/imports/profiles/new")
@act("imports.run")
def new() -> Response:
    """A new profile: guessed from a file, or from a ready one."""
    kind, file = request.args.get("kind", ""), request.args.get("file", "")
    schema = _schema(kind)
    ready = file_profiles.ready_profiles(oms().registry).get(request.args.get("ready", ""))
    spec: Mapping[str, Any] = ready[1] if ready and ready[0] == kind else {}
    if file and not spec:
        spec = _suggested(file, kind)
    return _page(editor_of(schema, "", spec), spec, file, request.args.get("called", ""), None)


def _suggested(file: str, kind: str) -> Mapping[str, Any]:
    if not file.endswith(SUFFIX):
        raise NotFound("There is no such file.")
    try:
        return file_profiles.reader(oms().registry).suggest(
            oms().importer.store.path(file), cast(FileKind, kind))
    except Refused:
        return {}  # the preview says why it cannot be read


@screen.get("/imports/profiles/<int:profile_id>")
@act("imports.run")
def edit(profile_id: int) -> Response:
    """A profile, beside the file that was last imported with it or that is being brought in."""
    profile = file_profiles.get_profile(db.session, profile_id)
    file, called = request.args.get("file", ""), request.args.get("called", "")
    if not file:
        run = db.session.scalars(
            select(ImportRun).where(ImportRun.profile_id == profile_id)
            .order_by(ImportRun.created_at.desc()).limit(1)
        ).first()
        file, called = (run.file, run.original_name) if run else ("", "")
    editor = editor_of(_schema(profile.kind), profile.name, profile.spec)
    return _page(editor, profile.spec, file, called, profile)


def _page(
    editor: Editor, spec: Mapping[str, Any], file: str, called: str,
    profile: ImportProfile | None, problems: Mapping[str, str] | None = None, status: int = 200,
) -> Response:
    shown = preview(file, spec, editor.kind) if file else Preview()
    editor.blame({
        path: translated(text) for path, text in (problems or shown.problems).items()
    })
    if shown.refused_field and not problems:
        editor.blame({shown.refused_field: translated(shown.refused)})
    schema = _schema(editor.kind)
    return render(
        "imports/profile.html", status=status, editor=editor, shown=shown, file=file,
        called=called, profile=profile, kinds=KINDS, words=profile_form,
        columns=_columns(shown, editor),
        acts=[name for name in profile_form.ACTS if name in schema["acts"]],
        encodings={name: ENCODINGS.get(name, name) for name in schema["encodings"]},
        format_wrong=any(path.startswith(("format", "lookups")) for path in editor.errors),
        wrong=status == 422,
    )


def _columns(shown: Preview, editor: Editor) -> list[str]:
    """The columns to choose from: the file's, and those that the profile names without one."""
    named = [
        line.source.removeprefix(profile_form.COLUMN)
        for group in [*editor.sections.values(), [editor.key] if editor.key else []]
        for line in group if line.source.startswith(profile_form.COLUMN)
    ]
    named += [rule.column for rule in editor.rules if rule.column]
    return list(dict.fromkeys([*shown.column_names, *named]))


@screen.post("/imports/profiles/preview")
@act("imports.run")
def look() -> Response:
    """What the form as it stands makes of the file: for the pane beside the form."""
    kind, file = request.form.get("kind", ""), request.form.get("file", "")
    spec, wrong = spec_of(request.form, _schema(kind))
    shown = preview(file, spec, kind) if file else Preview()
    return render("imports/_preview.html", shown=shown, kind=kind, kinds=KINDS, wrong=wrong,
                  file=file)


@screen.post("/imports/profiles")
@act("imports.run")
def create() -> Response:
    """Save a new profile."""
    return _save(None)


@screen.post("/imports/profiles/<int:profile_id>")
@act("imports.run")
def change(profile_id: int) -> Response:
    """Save a profile."""
    return _save(file_profiles.get_profile(db.session, profile_id))


def _save(profile: ImportProfile | None) -> Response:
    form = request.form
    kind = profile.kind if profile else form.get("kind", "")
    file, called, name = form.get("file", ""), form.get("called", ""), form.get("name", "")
    spec, problems = spec_of(form, _schema(kind))
    if not problems:
        try:
            with writing() as work:
                saved, found = file_profiles.save(
                    work, oms().registry, profile.id if profile else None, name, kind, spec)
        except Invalid as error:
            problems = {error.field: words_of(error)}
        else:
            if saved is not None:
                return _saved(saved.name, file, called)
            problems = {problem.field: problem.message for problem in reversed(found)}
    editor = editor_of(_schema(kind), name, spec)
    return _page(editor, spec, file, called, profile, problems, status=422)


def _saved(name: str, file: str, called: str) -> Response:
    say(gettext("The profile %(name)s is saved.", name=name))
    if file and request.form.get("then") == "check":
        return go(url_for("imports.check", file=file, called=called, profile=name))
    return go(url_for("imports.index"))


@screen.post("/imports/profiles/<int:profile_id>/delete")
@act("imports.run")
def delete(profile_id: int) -> Response:
    """Remove a profile that nothing was imported with."""
    with writing() as work:
        file_profiles.delete(work, profile_id)
    say(gettext("The profile is deleted."))
    return go(url_for("imports.index"))
