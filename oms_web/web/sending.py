"""Settings of sending: the service of each order, packaging, the sender, when labels are bought."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from oms_connector import ChannelError
from sqlalchemy import select
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from oms_web.core.errors import Invalid, OmsError
from oms_web.core.money import parse_minor
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company import service as company
from oms_web.domain.shipping import choosing, prices, sending
from oms_web.extensions import db
from oms_web.sync import labels
from oms_web.web import asked, label_words
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.forms import CountryField, Form, Needed, NeededNumber, choices
from oms_web.web.parcel_labels import engine
from oms_web.web.printers import no_zpl
from oms_web.web.render import go, render
from oms_web.web.shell import frame
from oms_web.web.toasts import say

screen = Blueprint("sending", __name__)

BUY_WHEN = {
    sending.PACKING: _l("When packing begins, so that it is there at the last scan"),
    sending.PACKED: _l("When the parcel closes"), sending.ASKED: _l("Only when somebody asks"),
}
FORMATS = {"pdf_a6": _l("PDF"), "zpl": _l("PDF and ZPL for label printers")}
COD = {"": _l("with and without"), "yes": _l("only with"), "no": _l("only without")}


class SendingForm(Form):
    """How parcels are sent, and who sends them."""

    buy_when = SelectField(_l("Labels are bought"), choices=choices(BUY_WHEN))
    label_format = SelectField(_l("Labels are fetched as"), choices=choices(FORMATS))
    default_g = IntegerField(_l("Weight where nobody knows it, g"), [NeededNumber()])
    insures = BooleanField(_l("Insure every parcel for the value of its goods"))
    contents = StringField(_l("Contents, for the label"))
    issues_wz = BooleanField(_l("Issue a WZ when a parcel leaves"))
    name = StringField(_l("Sender"))
    street = StringField(_l("Street"))
    postcode = StringField(_l("Postcode"))
    city = StringField(_l("Town"))
    country = CountryField(_l("Country"))
    phone = StringField(_l("Phone"))
    email = StringField(_l("E-mail"))


class BoxForm(Form):
    """A box or an envelope, by its outer measures."""

    name = StringField(_l("Name"), [Needed()])
    length_mm = IntegerField(_l("Length, mm"), [NeededNumber()])
    width_mm = IntegerField(_l("Width, mm"), [NeededNumber()])
    height_mm = IntegerField(_l("Height, mm"), [NeededNumber()])
    weight_g = IntegerField(_l("Weighs empty, g"), [NeededNumber()])


class PriceForm(Form):
    """A row of the seller's own price list."""

    service = SelectField(_l("Service"), validate_choice=False)
    country = CountryField(_l("Country"), anywhere=_l("everywhere"))
    heaviest_g = IntegerField(_l("Up to, g"), [NeededNumber()])
    price = StringField(_l("Net price of a box"), [Needed()])


class RuleForm(Form):
    """What a rule looks at, and where it leads."""

    channel = SelectField(_l("Channel"), validate_choice=False)
    method = StringField(_l("Delivery method"))
    country = CountryField(_l("Country"), anywhere=_l("every country"))
    heaviest_g = IntegerField(_l("Up to, g"), [Optional()])
    least = StringField(_l("Goods worth at least"))
    most = StringField(_l("Goods worth at most"))
    cod = SelectField(_l("Cash on delivery"), choices=choices(COD))
    service = SelectField(_l("Goes by"), validate_choice=False)
    size = StringField(_l("Size"))
    packaging = SelectField(_l("Packaging"), validate_choice=False)


@screen.get("/settings/shipping")
@act("settings.edit")
def index() -> Response:
    """All of it."""
    return _page()


def _page(main: SendingForm | None = None, box: BoxForm | None = None,
          rule: RuleForm | None = None, price: PriceForm | None = None, status: int = 200
          ) -> Response:
    row, sender = sending.settings(db.session), sending.sender(db.session)
    carriers = labels.carriers(reading(), oms().registry)
    shown = rule or RuleForm(formdata=None, prefix="rule-")
    _offer(shown, carriers)
    priced = price or PriceForm(formdata=None, prefix="price-")
    priced.service.choices = [SelectChoice("", gettext("choose")), *_services(carriers)]
    return render(
        "parcel_labels/settings.html", status=status, price_form=priced,
        own_prices=prices.own_prices(db.session), among=_to_the_door(carriers), carriers=carriers,
        words=label_words, no_zpl=no_zpl(),
        form=main or SendingForm(
            formdata=None, obj=row, **{name: sender[name] for name in sender if name != "company"}),
        box_form=box or BoxForm(formdata=None, prefix="box-"), rule_form=shown,
        boxes=sending.packagings(db.session), rules=sending.rows(db.session),
        methods=sending.methods_seen(db.session), names={one.id: one for one in db.session.scalars(
            select(ChannelAccount))},
        services={one.id: {known.ref: known for known in sending.services(db.session, one.id)}
                  for one in carriers}, currency=company.get_company(db.session).currency)


def _offer(form: RuleForm, carriers: list[ChannelAccount]) -> None:
    form.channel.choices = [SelectChoice("", gettext("every channel")), *(
        SelectChoice(str(one.id), one.name) for one in frame().sellers.values()
        if one.archived_at is None)]
    form.packaging.choices = [SelectChoice("", gettext("the usual packaging")), *(
        SelectChoice(str(one.id), one.name) for one in sending.packagings(db.session))]
    options = [SelectChoice("", gettext("choose")), *_services(carriers),
               SelectChoice(choosing.CHEAPEST, gettext("The cheapest of the carriers' services"),
                            optgroup=gettext("By price"))]
    options += [SelectChoice(kind, str(label_words.KINDS[kind]),
                             optgroup=gettext("Without a carrier"))
                for kind in (choosing.OWN, choosing.PICKUP)]
    form.service.choices = options


def _services(carriers: list[ChannelAccount]) -> list[SelectChoice]:
    return [SelectChoice(f"{account.id}:{one.ref}", gettext(one.name), optgroup=account.name)
            for account in carriers for one in sending.services(db.session, account.id)]


def _to_the_door(carriers: list[ChannelAccount]) -> list[SelectChoice]:
    """Among which the cheapest may be looked for: the buyer chose no locker of any of these."""
    return [SelectChoice(f"{account.id}:{one.ref}", gettext(one.name), optgroup=account.name)
            for account in carriers for one in sending.services(db.session, account.id)
            if not one.needs_point]


@screen.post("/settings/shipping")
@act("settings.edit")
def save() -> Response:
    """Change how parcels are sent."""
    form = SendingForm()
    if form.validate():
        values = form.values("buy_when", "label_format", "default_g", "insures", "issues_wz")
        values["contents"] = (form.contents.data or "").strip()
        sender = {name: str(form[name].data or "").strip() for name in sending.ADDRESS
                  if name in form}
        try:
            with writing() as work:
                sending.change(work, {**values, "sender": sender})
            say(gettext("Saved."))
            return go(url_for("sending.index"))
        except OmsError as error:
            form.refuse(error)
    return _page(main=form, status=422)


@screen.post("/settings/shipping/services/<int:account_id>")
@act("settings.edit")
def refresh(account_id: int) -> Response:
    """Ask a carrier anew what it sells to this account."""
    try:
        count = labels.refresh_services(engine(), account_id)
        say(gettext("%(n)s services.", n=count))
    except ChannelError as error:
        say(label_words.why(str(error)), "bad")
    return go(url_for("sending.index", _anchor="carriers"))


@screen.post("/settings/shipping/packaging")
@act("settings.edit")
def add_box() -> Response:
    """Add a box."""
    form = BoxForm(prefix="box-")
    if form.validate():
        try:
            with writing() as work:
                sending.add_packaging(work, form.values())
            say(gettext("Saved."))
            return go(url_for("sending.index", _anchor="packaging"))
        except OmsError as error:
            form.refuse(error)
    return _page(box=form, status=422)


@screen.post("/settings/shipping/packaging/<int:packaging_id>/<any(usual, archive):what>")
@act("settings.edit")
def change_box(packaging_id: int, what: str) -> Response:
    """Make a box the usual one; offer it no longer."""
    with writing() as work:
        (sending.make_usual if what == "usual" else sending.archive_packaging)(work, packaging_id)
    return go(url_for("sending.index", _anchor="packaging"))


@screen.post("/settings/shipping/rules")
@act("settings.edit")
def add_rule() -> Response:
    """Add a rule behind the others."""
    form = RuleForm(prefix="rule-")
    if form.validate():
        try:
            values = _rule(form)
            with writing() as work:
                sending.add_rule(work, values)
            say(gettext("Saved."))
            return go(url_for("sending.index", _anchor="rules"))
        except OmsError as error:
            form.refuse(error)
    return _page(rule=form, status=422)


def _rule(form: RuleForm) -> dict[str, Any]:
    chosen = form.service.data or ""
    account, _, ref = chosen.partition(":")
    if not chosen:
        raise Invalid("Choose one of the list.", "service")
    currency = company.get_company(db.session).currency

    def amount(name: str) -> int | None:
        text = (form[name].data or "").strip()
        return parse_minor(text, currency, name) if text else None

    return {
        "kind": chosen if chosen in choosing.KINDS[1:] else choosing.CARRIER,
        "among": _among() if chosen == choosing.CHEAPEST else [],
        "account_id": asked.whole(account, "service") if ref else None, "service": ref[:80],
        "size": (form.size.data or "").strip()[:20],
        "packaging_id": asked.whole(form.packaging.data, "packaging"),
        "channel_id": asked.whole(form.channel.data, "channel"),
        "method": (form.method.data or "").strip()[:120],
        "country": form.country.data or "",
        "heaviest_g": form.heaviest_g.data, "least": amount("least"), "most": amount("most"),
        "cod": form.cod.data or "",
    }


def _among() -> list[list[Any]]:
    """The services among which the cheapest is looked for; none: all of them."""
    pairs = [one.partition(":") for one in request.form.getlist("among")]
    return [[asked.whole(account, "among") or 0, ref[:80]] for account, _, ref in pairs]


@screen.post("/settings/shipping/prices")
@act("settings.edit")
def add_price() -> Response:
    """Add a row to the price list of a carrier that cannot be asked."""
    form = PriceForm(prefix="price-")
    if form.validate():
        try:
            account, _, ref = (form.service.data or "").partition(":")
            currency = company.get_company(db.session).currency
            with writing() as work:
                prices.add_own_price(work, {
                    "account_id": asked.whole(account, "service"), "service": ref[:80],
                    "country": form.country.data or "",
                    "heaviest_g": form.heaviest_g.data, "currency": currency,
                    "price": parse_minor(form.price.data or "", currency, "price")})
            say(gettext("Saved."))
            return go(url_for("sending.index", _anchor="prices"))
        except OmsError as error:
            form.refuse(error)
    return _page(price=form, status=422)


@screen.post("/settings/shipping/prices/<int:price_id>/delete")
@act("settings.edit")
def delete_price(price_id: int) -> Response:
    """Remove a row of a price list."""
    with writing() as work:
        prices.delete_own_price(work, price_id)
    return go(url_for("sending.index", _anchor="prices"))


@screen.post("/settings/shipping/rules/<int:rule_id>/<any(up, down, delete):what>")
@act("settings.edit")
def change_rule(rule_id: int, what: str) -> Response:
    """Ask a rule earlier or later; remove it."""
    with writing() as work:
        if what == "delete":
            sending.delete_rule(work, rule_id)
        else:
            sending.move_rule(work, rule_id, -1 if what == "up" else 1)
    return go(url_for("sending.index", _anchor="rules"))
