"""What a person knows of a label that its carrier did not say: its number, its file."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from oms_connector.labels import is_whole
from wtforms import FileField, StringField

from oms_web.core.errors import Invalid
from oms_web.domain.shipping import bookings
from oms_web.extensions import db
from oms_web.flows import label_settling
from oms_web.sync import labels
from oms_web.web import label_words
from oms_web.web.access import act
from oms_web.web.door import oms, writing
from oms_web.web.forms import Form, Needed
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("label_settling", __name__)
_BETWEEN = re.compile(r"[,;\n]")


class BoughtForm(Form):
    """The number that the carrier's page shows."""

    tracking = StringField(_l("Tracking number"), [Needed()])


class FileForm(Form):
    """The label as the carrier's page gives it."""

    file = FileField(_l("Label (PDF)"))


@screen.get("/labels/<int:booking_id>/bought")
@act("ship.do")
def bought(booking_id: int) -> Response:
    """The form that says that a label was bought which nobody knew of."""
    return _page(booking_id, BoughtForm(formdata=None))


@screen.post("/labels/<int:booking_id>/bought")
@act("ship.do")
def say_bought(booking_id: int) -> Response:
    """It was bought, under this number."""
    form = BoughtForm()
    if form.validate():
        try:
            with writing() as work:
                label_settling.was_bought(work, booking_id, _BETWEEN.split(form.tracking.data))
            say(gettext("The label counts as bought. Its carrier is asked for the file."))
            return _back(booking_id)
        except Invalid as error:
            form.refuse(error)
    return _page(booking_id, form, 422)


@screen.get("/labels/<int:booking_id>/file")
@act("ship.do")
def file(booking_id: int) -> Response:
    """The form that adds the file of a label whose carrier does not give it."""
    return _page(booking_id, FileForm(formdata=None))


@screen.post("/labels/<int:booking_id>/file")
@act("ship.do")
def add_file(booking_id: int) -> Response:
    """Keep the file; it is printed like any label."""
    form = FileForm()
    sent = request.files.get("file")
    content = sent.read(labels.LARGEST + 1) if sent else b""
    if len(content) <= labels.LARGEST and is_whole(content, "pdf_a6"):
        kept = oms().works.ports["files"].put(content, labels.SUFFIX["pdf_a6"])
        with writing() as work:
            label_settling.attach(work, booking_id, kept)
        say(gettext("The label has its file."))
        return _back(booking_id)
    form.refuse(Invalid("Choose a PDF of at most 5 MB.", "file"))
    return _page(booking_id, form, 422)


def _back(booking_id: int) -> Response:
    order_id = bookings.get(db.session, booking_id).order_id
    return go(url_for("order_card.show", order_id=order_id, _anchor="labels"))


def _page(booking_id: int, form: Form, status: int = 200) -> Response:
    booking = bookings.get(db.session, booking_id)
    return render("parcel_labels/settle.html", one=booking, form=form, words=label_words,
                  boxes=len(booking.request["packages"]), status=status)
