"""Warehouses and their bins: where goods lie, in which order pickers walk, what is sold from."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, TextAreaField

from oms_web.core.errors import InvalidForm, NotAllowedNow, OmsError
from oms_web.domain.stock import bin_codes, queries
from oms_web.domain.stock import warehouses as service
from oms_web.extensions import db
from oms_web.web import asked
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.failures import status_of, words_of
from oms_web.web.forms import Form, Needed
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("warehouses", __name__)

_ADDRESS = ("street", "postcode", "city", "country")


class WarehouseForm(Form):
    """What a warehouse is called, where it is, and when it is asked for goods."""

    code = StringField(_l("Code"), [Needed()])
    name = StringField(_l("Name"), [Needed()])
    rank = StringField(_l("Sequence"))
    street = StringField(_l("Street"))
    postcode = StringField(_l("Postcode"))
    city = StringField(_l("Town"))
    country = StringField(_l("Country"))

    @classmethod
    def of(cls, row: Any) -> WarehouseForm:
        """The form filled from a warehouse, whatever the request holds."""
        return cls(formdata=None, data={"code": row.code, "name": row.name, "rank": str(row.rank),
                                        **{k: row.address.get(k, "") for k in _ADDRESS}})

    def edit(self) -> service.WarehouseEdit:
        """What the form means."""
        return service.WarehouseEdit(
            self.code.data or "", self.name.data or "",
            asked.whole(self.rank.data, "rank") or 0,
            {name: self[name].data or "" for name in _ADDRESS},
        )


class BinsForm(Form):
    """Bins to add."""

    codes = TextAreaField(_l("Codes"), [Needed()])
    sellable = BooleanField(_l("Sold from"), default=True)


@screen.get("/stock/warehouses")
@act("stock.see")
def index() -> Response:
    """All warehouses."""
    houses = queries.warehouses(db.session, everything=True)
    return render("warehouses/list.html", houses=houses, form=WarehouseForm(formdata=None),
                  bins={h.id: queries.bins(db.session, h.id, everything=True) for h in houses})


@screen.get("/stock/warehouses/new")
@act("warehouses.edit")
def new() -> Response:
    """The form for a new warehouse."""
    return render("warehouses/new.html", form=WarehouseForm(formdata=None))


@screen.post("/stock/warehouses/new")
@act("warehouses.edit")
def create() -> Response:
    """Add a warehouse."""
    form = WarehouseForm()
    try:
        if form.validate():
            with writing() as work:
                id_ = service.add_warehouse(work, form.edit())
            say(gettext("Added. It has one bin to begin with."))
            return go(url_for("warehouses.show", warehouse_id=id_))
    except OmsError as error:
        form.refuse(error)
    return render("warehouses/new.html", form=form, status=422)


@screen.get("/stock/warehouses/<int:warehouse_id>")
@act("stock.see")
def show(warehouse_id: int) -> Response:
    """A warehouse and its bins."""
    return _card(warehouse_id)


def _card(
    warehouse_id: int, *, form: WarehouseForm | None = None, bins_form: BinsForm | None = None,
    problem: str = "", wrong_bin: int | None = None, status: int = 200,
) -> Response:
    house = service.warehouse(db.session, warehouse_id)
    return render(
        "warehouses/card.html", house=house, form=form or WarehouseForm.of(house), problem=problem,
        bins_form=bins_form or BinsForm(formdata=None), wrong_bin=wrong_bin, status=status,
        bins=queries.bins(db.session, warehouse_id, everything=True),
    )


@screen.post("/stock/warehouses/<int:warehouse_id>")
@act("warehouses.edit")
def edit(warehouse_id: int) -> Response:
    """Change a warehouse."""
    form = WarehouseForm()
    try:
        if form.validate():
            with writing() as work:
                service.edit_warehouse(work, warehouse_id, form.edit())
            say(gettext("Saved."))
            return go(url_for("warehouses.show", warehouse_id=warehouse_id))
    except OmsError as error:
        form.refuse(error)
    return _card(warehouse_id, form=form, status=422)


@screen.post("/stock/warehouses/<int:warehouse_id>/active/<any(on, off):state>")
@act("warehouses.edit")
def active(warehouse_id: int, state: str) -> Response:
    """Put a warehouse out of use, or into use again."""
    try:
        with writing() as work:
            service.set_warehouse_active(work, warehouse_id, state == "on")
    except NotAllowedNow as error:
        return _card(warehouse_id, problem=words_of(error), status=409)
    return go(url_for("warehouses.show", warehouse_id=warehouse_id))


@screen.post("/stock/warehouses/<int:warehouse_id>/bins/add")
@act("warehouses.edit")
def add_bins(warehouse_id: int) -> Response:
    """Add bins, many at once."""
    form = BinsForm()
    try:
        if form.validate():
            codes = bin_codes.expand(form.codes.data or "")
            with writing() as work:
                fresh = service.add_bins(work, warehouse_id, codes, sellable=form.sellable.data)
            say(ngettext("%(num)s bin added.", "%(num)s bins added.", len(fresh)) if fresh
                else gettext("These bins are there already."))
            return go(url_for("warehouses.show", warehouse_id=warehouse_id))
    except OmsError as error:
        form.refuse(error)
    return _card(warehouse_id, bins_form=form, status=422)


@screen.post("/stock/warehouses/<int:warehouse_id>/bins")
@act("warehouses.edit")
def save_bins(warehouse_id: int) -> Response:
    """Save codes, walking order and what is sold from, of all bins of the table at once."""
    bins = queries.bins(db.session, warehouse_id, everything=True)
    wrong = None
    try:
        with writing() as work:
            for one in bins:
                wrong = one.id
                code = request.form.get(f"code-{one.id}")
                if code is None:
                    continue
                order = asked.whole(request.form.get(f"order-{one.id}"), "order")
                service.edit_bin(work, one.id, service.BinEdit(
                    code, one.path_order if order is None else order,
                    bool(request.form.get(f"sellable-{one.id}")),
                ))
    except OmsError as error:
        inner = next(iter(error.problems.values())) if isinstance(error, InvalidForm) else error
        return _card(warehouse_id, problem=words_of(inner), wrong_bin=wrong,
                     status=status_of(inner))
    say(gettext("Saved."))
    return go(url_for("warehouses.show", warehouse_id=warehouse_id))


@screen.post("/stock/bins/<int:location_id>/active/<any(on, off):state>")
@act("warehouses.edit")
def bin_active(location_id: int, state: str) -> Response:
    """Put a bin out of use, or into use again."""
    warehouse_id = asked.whole(request.form.get("warehouse"), "warehouse") or 0
    try:
        with writing() as work:
            service.set_bin_active(work, location_id, state == "on")
    except NotAllowedNow as error:
        return _card(warehouse_id, problem=words_of(error), wrong_bin=location_id, status=409)
    return go(url_for("warehouses.show", warehouse_id=warehouse_id))
