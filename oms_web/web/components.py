"""Every component in all its states, for whoever builds a screen: both schemes side by side."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FileField, IntegerField, SelectField, StringField, TextAreaField

from oms_web.core.clock import utc_now
from oms_web.web.access import act
from oms_web.web.forms import Form
from oms_web.web.render import render

screen = Blueprint("components", __name__)


class SampleForm(Form):
    """One field of each kind; the second is wrong on purpose."""

    text = StringField(_l("Name"))
    wrong = StringField("NIP", default="525-000-11-1")
    number = IntegerField(_l("Quantity"), default=3)
    choice = SelectField(_l("Courier"), choices=["InPost", "DPD"])
    check = BooleanField(_l("Invoice"), default=True)
    long = TextAreaField(_l("Note"))
    file = FileField(_l("File"))


@screen.get("/components")
@act("settings.edit")
def index() -> Response:
    """The component page."""
    now = utc_now()
    forms = [SampleForm(formdata=None, prefix=scheme) for scheme in ("light", "dark")]
    for form in forms:
        form.wrong.errors = [gettext("A NIP has 10 digits, here are %(n)s.", n=9)]
    return render(
        "components/page.html", forms=forms,
        moments=[now - timedelta(hours=2, minutes=10), now + timedelta(hours=2, minutes=24),
                 now + timedelta(days=1), now + timedelta(days=4), None],
    )
