"""Settings of the floor: the picking cart, the scale, the photos of parcels."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField

from oms_web.core.errors import OmsError
from oms_web.domain.company import service as company
from oms_web.extensions import db
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.forms import Form, NeededNumber
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("floor_settings", __name__)


class FloorForm(Form):
    """How the floor works."""

    cart_slots = IntegerField(_l("Orders on a picking cart"), [NeededNumber()])
    weighs = BooleanField(_l("Parcels are weighed before they close"))
    packaging_g = IntegerField(_l("A box with its filler weighs, g"), [NeededNumber()])
    tolerance_g = IntegerField(_l("A weight may be off by, g"), [NeededNumber()])
    tolerance_pct = IntegerField(_l("Or by, percent"), [NeededNumber()])
    photo_days = IntegerField(_l("Photos of parcels are kept, days"), [NeededNumber()])


@screen.get("/settings/floor")
@act("settings.edit")
def index() -> Response:
    """The form."""
    return _page(FloorForm(obj=company.get_company(db.session)))


@screen.post("/settings/floor")
@act("settings.edit")
def save() -> Response:
    """Change how the floor works."""
    form = FloorForm()
    if form.validate():
        try:
            with writing() as work:
                changed = company.change(work, form.values())
            say(gettext("Saved.") if changed else gettext("Nothing was changed."))
            return go(url_for("floor_settings.index"))
        except OmsError as error:
            form.refuse(error)
    return _page(form, status=422)


def _page(form: FloorForm, status: int = 200) -> Response:
    return render("settings/floor.html", form=form, status=status)
