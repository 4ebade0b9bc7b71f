"""How documents are numbered and how they look: series with their gap check, and the design."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    ColorField,
    FileField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional

from oms_web.adapters import images
from oms_web.adapters.print_pages import look_of
from oms_web.adapters.printing import INVOICE, SLIP
from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.domain.company import service as company
from oms_web.domain.company.models import Company
from oms_web.domain.documents import (
    kinds,
    numbering,
    placeholders,
    queries,
    service,
    snapshot,
    vat,
)
from oms_web.domain.documents.charges import GOODS, Charge, charges
from oms_web.domain.documents.drafting import design_of, seller_of
from oms_web.domain.documents.labels import LANGUAGES
from oms_web.domain.documents.slips import Slip, SlipLine
from oms_web.domain.documents.snapshot import Settlement, Terms
from oms_web.extensions import db
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.forms import Form, Needed, choices
from oms_web.web.printing import pdf
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("numbering", __name__)

RESETS: dict[str, Any] = {
    numbering.MONTH: _l("every month"), numbering.YEAR: _l("every year"),
    numbering.NEVER: _l("never"),
}
SERIES: dict[str, Any] = {
    kinds.INVOICE: _l("Invoices and final invoices"), kinds.CORRECTION: _l("Corrections"),
    kinds.ADVANCE: _l("Advance invoices"), kinds.PROFORMA: _l("Pro formas"),
    kinds.WZ: _l("Goods issued (WZ)"), kinds.PZ: _l("Goods received (PZ)"),
    kinds.MM: _l("Goods moved (MM)"), kinds.RW: _l("Goods taken out (RW)"),
    kinds.PW: _l("Goods taken in (PW)"),
}
_FOOTERS = ("footer_pl", "footer_en")


class SeriesForm(Form):
    """A row of consecutive numbers."""

    kind = SelectField(_l("Documents it numbers"), choices=choices(SERIES), default=kinds.INVOICE)
    name = StringField(_l("Name"), [Needed()])
    pattern = StringField(_l("Pattern"), [Needed()])
    reset = SelectField(_l("Starts again"), choices=choices(RESETS))
    next_number = IntegerField(_l("First number"), [Optional()])


class DesignForm(Form):
    """How documents look."""

    accent = ColorField(_l("Accent colour"))
    footer_pl = TextAreaField(_l("Footer, Polish"))
    footer_en = TextAreaField(_l("Footer, English"))
    slip_prices = BooleanField(_l("Packing slips show prices"))


class LogoForm(Form):
    """A picture file."""

    logo = FileField(_l("Logo"))


# -- series -------------------------------------------------------------------------------------


@screen.get("/documents/series")
@act("documents.design")
def series() -> Response:
    """The series with the numbers they gave."""
    return _series_page(SeriesForm(formdata=None, pattern="FV {n}/{month}/{year}"))


@screen.post("/documents/series")
@act("documents.design")
def add() -> Response:
    """A new series."""
    form = SeriesForm()
    if form.validate():
        try:
            with writing() as work:
                service.add_series(work, form.kind.data, form.name.data, form.pattern.data,
                                   form.reset.data, next_number=1 if form.next_number.data is None
                                   else form.next_number.data)
            say(gettext("Series added."))
            return go(url_for("numbering.series"))
        except OmsError as error:
            form.refuse(error)
    return _series_page(form, status=422)


@screen.post("/documents/series/<int:series_id>")
@act("documents.design")
def change(series_id: int) -> Response:
    """Rename a series, or change a pattern that has given no number yet."""
    form = SeriesForm()
    if form.validate():
        try:
            with writing() as work:
                service.change_series(work, series_id, form.name.data, form.pattern.data,
                                      form.reset.data)
                if form.next_number.data is not None:
                    service.set_next(work, series_id, form.next_number.data)
            say(gettext("Saved."))
            return go(url_for("numbering.series"))
        except OmsError as error:
            form.refuse(error)
    blank = SeriesForm(formdata=None, pattern="FV {n}/{month}/{year}")
    return _series_page(blank, {series_id: form}, 422)


@screen.post("/documents/series/<int:series_id>/<any(default, archive):what>")
@act("documents.design")
def set_state(series_id: int, what: str) -> Response:
    """Make a series the usual one, or close it."""
    with writing() as work:
        if what == "default":
            service.make_default(work, series_id)
        else:
            service.archive_series(work, series_id)
    say(gettext("Saved."))
    return go(url_for("numbering.series"))


def _series_page(form: SeriesForm, changed: dict[int, SeriesForm] | None = None,
                 status: int = 200) -> Response:
    now = reading().now
    rows = [queries.series_state(db.session, one, now)
            for one in queries.series_of(db.session, "", archived=True)]
    rows.sort(key=lambda row: list(SERIES).index(row.series.kind))
    forms = {
        row.series.id: _apart((changed or {}).get(row.series.id) or SeriesForm(
            formdata=None, obj=row.series), row.series.id) for row in rows
    }
    return render("documents/series.html", form=form, rows=rows, forms=forms, resets=RESETS,
                  kinds=SERIES,
                  examples=_examples(local_day(now)), opened=set(changed or {}), status=status)


def _apart(form: SeriesForm, series_id: int) -> SeriesForm:
    """A form whose fields have ids of their own: there are several on the page."""
    for field in form:
        field.id = field.label.field_id = f"{field.id}-{series_id}"
    return form


def _examples(day: date) -> list[tuple[str, str]]:
    return [(pattern, numbering.render(pattern, 128, day)) for pattern in (
        "FV {n}/{month}/{year}", "{n:4}/{year}", "FS-{year}{month}-{n:5}")]


# -- design -------------------------------------------------------------------------------------


@screen.get("/documents/design")
@act("documents.design")
def design() -> Response:
    """How documents look, with a document to look at."""
    row = company.get_company(db.session)
    return _design_page(DesignForm(formdata=None, obj=row))


@screen.post("/documents/design")
@act("documents.design")
def save_design() -> Response:
    """Change how new documents look; issued ones stay as they are."""
    form = DesignForm()
    if form.validate():
        try:
            values = form.values() | _checked_footers(form)
            with writing() as work:
                company.change(work, values)
            say(gettext("New documents look like this."))
            return go(url_for("numbering.design"))
        except OmsError as error:
            form.refuse(error)
    return _design_page(form, status=422)


def _checked_footers(form: DesignForm) -> dict[str, str]:
    """The footers, tidied.

    Raises:
        InvalidForm: naming each that cannot be so.
    """
    footers: dict[str, str] = {}
    problems: dict[str, OmsError] = {}
    for name in _FOOTERS:
        try:
            footers[name] = placeholders.check_text(form[name].data or "", name)
        except Invalid as error:
            problems[name] = error
    if problems:
        raise InvalidForm(problems)
    return footers


@screen.post("/documents/design/logo")
@act("documents.design")
def upload_logo() -> Response:
    """Take a new logo, or take the present one off."""
    if request.form.get("remove"):
        with writing() as work:
            company.set_logo(work, None)
        say(gettext("The logo is off the documents."))
        return go(url_for("numbering.design"))
    form = LogoForm()
    sent = request.files.get("logo")
    try:
        if not sent or not sent.filename:
            raise Invalid("Choose a file.", "logo")
        picture = images.prepare_logo(sent.read())
        with writing() as work:
            company.set_logo(work, picture)
        say(gettext("The logo is on new documents."))
        return go(url_for("numbering.design"))
    except OmsError as error:
        form.refuse(error)
    row = company.get_company(db.session)
    return _design_page(DesignForm(formdata=None, obj=row), form, 422)


def _design_page(form: DesignForm, logo_form: LogoForm | None = None, status: int = 200
                 ) -> Response:
    row = company.get_company(db.session)
    return render("documents/design.html", form=form, logo_form=logo_form or LogoForm(),
                  fields=placeholders.FIELDS, company=row, query=_look_query(form, row),
                  unavailable=oms().printing.available(), status=status)


def _look_query(form: DesignForm, row: Company) -> dict[str, Any]:
    """What the preview's address needs to look like the form, and to change with the logo."""
    said = {name: value for name, value in form.values().items() if value not in (None, False)}
    return said | ({"v": row.logo_file[:10]} if row.logo_file else {})


@screen.get("/documents/design/preview.pdf")
@act("documents.design")
def preview() -> Response:
    """A sample invoice or packing slip in the design that the form describes."""
    row = company.get_company(db.session)
    form = DesignForm(request.args, obj=row, meta={"csrf": False})
    language = request.args.get("language", "pl")
    language = language if language in LANGUAGES else "pl"
    made = oms().printing
    if request.args.get("paper") == SLIP:
        look = look_of(row)
        look = replace(look, accent=form.accent.data or look.accent,
                       footers={name[-2:]: form[name].data or "" for name in _FOOTERS})
        content = made.slip_preview(_sample_slip(language), look,
                                    with_prices=form.slip_prices.data)
    else:
        content = made.draft(_sample_invoice(row, form, language))
    return pdf(content, f"{INVOICE}-preview.pdf")


_SAMPLE = {
    "pl": (("Kubek emaliowany 0,5 l zielony", 3, 39_900_000, 11970, "23"),
           ("Książka „Las po deszczu”", 1, 52_500_000, 5250, "5")),
    "en": (("Enamel mug 0.5 l, green", 3, 39_900_000, 11970, "23"),
           ("Book “Forest after rain”", 1, 52_500_000, 5250, "5")),
}
_SAMPLE_BUYER = {
    "name": "Joanna Szczepańska", "company": "", "street": "ul. Świdnicka 12/4",
    "postcode": "50-066", "city": "Wrocław", "country": "PL", "tax_id": "",
}


def _sample_invoice(row: Company, form: DesignForm, language: str) -> dict[str, Any]:
    """An invoice nobody asked for, in the looks that the form describes."""
    today = local_day(reading().now)
    lines = charges([
        Charge(GOODS, rate, amount, quantity, price, title=title, sku=f"SKU-{number:03d}")
        for number, (title, quantity, price, amount, rate) in enumerate(_SAMPLE[language], 1)
    ], 1500, 1000)
    terms = Terms(language, "PLN", "PLN", today, today - timedelta(days=1), vat.GROSS_RATE,
                  "10482", "8f3cb2e4", "InPost Kurier", exempt_basis="", issued_by="")
    looks = design_of(row, language) | {
        "accent": form.accent.data or row.accent,
        "footer": form[f"footer_{language}"].data or "",
    }
    return snapshot.invoice(terms, seller_of(row), _SAMPLE_BUYER, None, lines,
                            Settlement("prepaid", "PayU", 17720), looks)


def _sample_slip(language: str) -> Slip:
    lines = [SlipLine(title, f"SKU-{number:03d}", "5901234123457", quantity, price, amount)
             for number, (title, quantity, price, amount, _) in enumerate(_SAMPLE[language], 1)]
    return Slip(
        "10482", "8f3cb2e4", "Allegro", local_day(reading().now), language, "PLN",
        _SAMPLE_BUYER, "InPost Kurier", "", 0, "", _SAMPLE_BUYER["name"], lines,
    )

