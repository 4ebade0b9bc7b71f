"""The seller's own words: statuses pinned to a phase of the order, and tags."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import ColorField, SelectField, StringField

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.domain.orders import labels, phases, tally
from oms_web.domain.orders.models import Status, Tag
from oms_web.extensions import db
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.forms import Form, Needed, choices
from oms_web.web.phase_names import PHASES
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("labels", __name__)

COLORS = ("#64748B", "#2A7F86", "#8B5CC7", "#B8741A", "#3B7DD8", "#9C3D72", "#4B7F4F", "#C0392B")


class StatusForm(Form):
    """A status of the seller."""

    name = StringField(_l("Name"), [Needed()])
    phase = SelectField(_l("Phase"), choices=choices(PHASES))
    color = ColorField(_l("Colour"), default=COLORS[0])
    group = StringField(_l("Group"))
    buyer_name = StringField(_l("What the buyer reads"))
    buyer_name_en = StringField(_l("What the buyer reads in English"))


class TagForm(Form):
    """A tag's name."""

    name = StringField(_l("Name"), [Needed()])


# Statuses ------------------------------------------------------------------------------------


@screen.get("/settings/statuses")
@act("settings.edit")
def statuses() -> Response:
    """The seller's statuses, phase by phase."""
    return _statuses_page(StatusForm())


@screen.post("/settings/statuses")
@act("settings.edit")
def create_status() -> Response:
    """Add a status."""
    form = StatusForm()
    if form.validate():
        try:
            with writing() as work:
                labels.create_status(work, form.values())
            say(gettext("The status %(name)s is there.", name=form.name.data))
            return go(url_for("labels.statuses"))
        except OmsError as error:
            form.refuse(error)
    return _statuses_page(form, status=422)


def _statuses_page(form: StatusForm, status: int = 200) -> Response:
    return render(
        "labels/statuses.html", form=form, statuses=labels.statuses(db.session, archived=True),
        counts=tally.tallies(db.session, "status"), phases=phases.PHASES, phase_names=PHASES,
        colors=COLORS, status=status,
    )


@screen.get("/settings/statuses/<int:status_id>")
@act("settings.edit")
def status(status_id: int) -> Response:
    """The form of one status."""
    row = labels.get_status(db.session, status_id)
    return _status_page(row, StatusForm(obj=row))


@screen.post("/settings/statuses/<int:status_id>")
@act("settings.edit")
def change_status(status_id: int) -> Response:
    """Change a status."""
    row = labels.get_status(db.session, status_id)
    form = StatusForm()
    if form.validate():
        try:
            with writing() as work:
                labels.change_status(work, status_id, form.values())
            say(gettext("Saved."))
            return go(url_for("labels.statuses"))
        except (Invalid, InvalidForm) as error:
            form.refuse(error)
    return _status_page(row, form, status=422)


def _status_page(row: Status, form: StatusForm, status: int = 200) -> Response:
    return render("labels/status.html", row=row, form=form, colors=COLORS, status=status,
                  used=tally.tallies(db.session, "status").get(str(row.id), 0))


@screen.post("/settings/statuses/<int:status_id>/move/<any(up, down):way>")
@act("settings.edit")
def move_status(status_id: int, way: str) -> Response:
    """Put a status before or after its neighbour."""
    with writing() as work:
        labels.move_status(work, status_id, -1 if way == "up" else 1)
    return go(url_for("labels.statuses", _anchor=f"status-{status_id}"))


@screen.post("/settings/statuses/<int:status_id>/archive/<any(on, off):state>")
@act("settings.edit")
def archive_status(status_id: int, state: str) -> Response:
    """Offer a status no longer, or again."""
    with writing() as work:
        labels.archive_status(work, status_id, state == "on")
        name = labels.get_status(work.session, status_id).name
    if state == "on":
        say(gettext("The status %(name)s is offered no longer.", name=name),
            undo=url_for("labels.archive_status", status_id=status_id, state="off"))
    else:
        say(gettext("The status %(name)s is there.", name=name))
    return go(url_for("labels.statuses"))


# Tags ----------------------------------------------------------------------------------------


@screen.get("/settings/tags")
@act("settings.edit")
def tags() -> Response:
    """The seller's tags."""
    return _tags_page(TagForm())


@screen.post("/settings/tags")
@act("settings.edit")
def create_tag() -> Response:
    """Add a tag."""
    form = TagForm()
    if form.validate():
        try:
            with writing() as work:
                labels.ensure_tag(work, form.name.data)
            return go(url_for("labels.tags"))
        except OmsError as error:
            form.refuse(error)
    return _tags_page(form, status=422)


def _tags_page(form: TagForm, status: int = 200) -> Response:
    return render("labels/tags.html", form=form, tags=labels.tags(db.session),
                  uses=labels.tag_uses(db.session), status=status)


@screen.get("/settings/tags/<int:tag_id>")
@act("settings.edit")
def tag(tag_id: int) -> Response:
    """The form of one tag."""
    row = labels.get_tag(db.session, tag_id)
    return _tag_page(row, TagForm(obj=row))


@screen.post("/settings/tags/<int:tag_id>")
@act("settings.edit")
def rename_tag(tag_id: int) -> Response:
    """Call a tag otherwise."""
    row = labels.get_tag(db.session, tag_id)
    form = TagForm()
    if form.validate():
        try:
            with writing() as work:
                labels.rename_tag(work, tag_id, form.name.data)
            say(gettext("Saved."))
            return go(url_for("labels.tags"))
        except OmsError as error:
            form.refuse(error)
    return _tag_page(row, form, status=422)


def _tag_page(row: Tag, form: TagForm, status: int = 200) -> Response:
    return render("labels/tag.html", row=row, form=form, status=status,
                  uses=labels.tag_uses(db.session).get(row.id, 0))


@screen.post("/settings/tags/<int:tag_id>/delete")
@act("settings.edit")
def delete_tag(tag_id: int) -> Response:
    """Remove a tag from all orders and for good."""
    with writing() as work:
        taken = labels.delete_tag(work, tag_id)
    say(ngettext("The tag is gone from %(num)s order.", "The tag is gone from %(num)s orders.",
                 taken))
    return go(url_for("labels.tags"))
