"""Settings of returns: what buyers read, where they send to, what is given beyond the law."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField

from oms_web.core.errors import OmsError
from oms_web.core.money import from_minor, parse_minor
from oms_web.domain.company.models import Company
from oms_web.domain.returns import settings
from oms_web.domain.returns.settings import Edit
from oms_web.extensions import db
from oms_web.flows import return_portal
from oms_web.web import return_labels
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.forms import Form
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("return_settings", __name__)


class SettingsForm(Form):
    """How buyers send things back."""

    portal = BooleanField(_l("Buyers may come by themselves"))
    address = TextAreaField(_l("Where to send back"))
    how_pl = TextAreaField(_l("How to send back, in Polish"))
    how_en = TextAreaField(_l("How to send back, in English"))
    cheapest_delivery = StringField(_l("Price of the cheapest delivery on offer"))
    extra_days = IntegerField(_l("Days beyond the law's 14"), default=0)
    correct_by_itself = BooleanField(_l("Correct the invoice when a refund is done"))
    claim_fees = BooleanField(_l("Claim the marketplace's commission back when a refund is done"))
    label = SelectField(_l("Buyers may have a label by"), validate_choice=False)


def _currency() -> str:
    shop = db.session.get(Company, 1)
    return shop.currency if shop else "PLN"


@screen.get("/returns/settings")
@act("settings.edit")
def index() -> Response:
    """The settings."""
    now = settings.current(db.session)
    price = "" if now.cheapest_delivery is None else str(
        from_minor(now.cheapest_delivery, _currency()))
    return _show(SettingsForm(formdata=None, data={
        "portal": now.portal, "address": now.address, "how_pl": now.how_pl, "how_en": now.how_en,
        "cheapest_delivery": price, "extra_days": now.extra_days,
        "correct_by_itself": now.correct_by_itself, "claim_fees": now.claim_fees,
        "label": return_labels.value(now.label_account_id, now.label_service, now.label_size)}))


def _show(form: SettingsForm, status: int = 200) -> Response:
    form.label.choices = [("", gettext("no: they send it themselves")),
                          *return_labels.choices(db.session)]
    return render("returns/settings.html", form=form, status=status,
                  address=settings.address(db.session), shut=settings.current(db.session).portal
                  and not return_portal.is_open(db.session),
                  link=url_for("buyer_after.start", _external=True))


@screen.post("/returns/settings")
@act("settings.edit")
def save() -> Response:
    """Change them."""
    form = SettingsForm()
    try:
        if form.validate():
            price = form.cheapest_delivery.data or ""
            edit = Edit(
                bool(form.portal.data), (form.address.data or "").strip(),
                (form.how_pl.data or "").strip(), (form.how_en.data or "").strip(),
                parse_minor(price, _currency(), "cheapest_delivery")
                if price.strip() else None, form.extra_days.data or 0,
                bool(form.correct_by_itself.data), bool(form.claim_fees.data),
                *return_labels.chosen(form.label.data or ""))
            with writing() as work:
                settings.change(work, edit)
            say(gettext("Saved."))
            return go(url_for("return_settings.index"))
    except OmsError as error:
        form.refuse(error)
    return _show(form, 422)
