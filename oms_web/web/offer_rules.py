"""The rules of one offer: what it holds back, what is set aside for it, why it shows so many."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, SelectField
from wtforms.validators import NumberRange, Optional

from oms_web.core.errors import Invalid, InvalidForm
from oms_web.domain.channels import offers
from oms_web.domain.channels.buffers import CONFIDENCE, ENOUGH
from oms_web.domain.channels.models import ChannelAccount, Listing
from oms_web.domain.channels.rules import MOST
from oms_web.domain.channels.service import get_account
from oms_web.extensions import db
from oms_web.flows import listing_rules, publish_stock
from oms_web.inspection import measured_buffers
from oms_web.web import asked
from oms_web.web.access import act
from oms_web.web.door import reading, writing
from oms_web.web.forms import Form, choices
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("offer_rules", __name__)

SHARES = {True: "yes", False: "no", None: ""}
LESS = {
    "elsewhere": _l("set aside for other offers"),
    "apart": _l("sold by the other channels only"),
    "buffer": _l("buffer"),
    "last": _l("last units, shown by another channel"),
    "cap": _l("more than is shown at most"),
}
_RANGE = (Optional(), NumberRange(0, MOST))


class RulesForm(Form):
    """Empty: as for the whole channel."""

    buffer = IntegerField(_l("Buffer"), _RANGE)
    cap = IntegerField(_l("Show at most"), _RANGE)
    set_aside = IntegerField(_l("Set aside for this offer"), _RANGE)
    was_set_aside = HiddenField()
    shares = SelectField(_l("It shows"), choices=choices({
        "": _l("as the whole channel does"), "yes": _l("its own units and the rest"),
        "no": _l("only its own units"),
    }))
    last_units = IntegerField(_l("Stand back at"), _RANGE)


@screen.get("/offers/<int:listing_id>/rules")
@act("channels.manage")
def show(listing_id: int) -> Response:
    """The rules, why it shows what it shows, and the buffer that measuring suggests."""
    row = offers.listing(db.session, listing_id)
    rules = listing_rules.of(db.session, listing_id)
    return _page(row, RulesForm(
        buffer=rules.buffer, cap=rules.cap, last_units=rules.last_units,
        set_aside=rules.set_aside, was_set_aside=rules.set_aside, shares=SHARES[rules.shares]))


def _page(row: Listing, form: RulesForm, status: int = 200) -> Response:
    work = reading()
    account = get_account(work.session, row.account_id)
    decided = publish_stock.explain(work.session, row.variant_id) if row.variant_id else {}
    offer, shown = decided.get(row.id, (None, None))
    suggested = measured_buffers.of(work.session, [row], work.now).get(row.id)
    return render(
        "listings/rules.html", row=row, account=account, form=form, offer=offer, shown=shown,
        ahead=_account_of(shown.behind) if shown and shown.behind else None, less=LESS,
        suggested=suggested, held_back=account.buffer if row.buffer is None else row.buffer,
        confidence=int(CONFIDENCE * 100), enough=ENOUGH, status=status,
    )


def _account_of(listing_id: int) -> ChannelAccount:
    return get_account(db.session, offers.listing(db.session, listing_id).account_id)


@screen.post("/offers/<int:listing_id>/rules")
@act("channels.manage")
def change(listing_id: int) -> Response:
    """Let these rules hold for the offer."""
    row = offers.listing(db.session, listing_id)
    form = RulesForm()
    if form.validate():
        try:
            with writing() as work:
                listing_rules.change(work, listing_id, **_wanted(form))
            say(gettext("Saved. The quantity is sent anew."))
            return go(url_for(".show", listing_id=listing_id))
        except (Invalid, InvalidForm) as error:
            form.refuse(error)
    return _page(row, form, 422)


def _wanted(form: RulesForm) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "buffer": form.buffer.data, "cap": form.cap.data, "last_units": form.last_units.data,
        "shares": {"yes": True, "no": False}.get(form.shares.data),
    }
    # What it sold since the page was drawn is off the number already: left alone, it stays so.
    if str(form.set_aside.data or 0) != (form.was_set_aside.data or "0"):
        wanted["set_aside"] = form.set_aside.data or 0
    return wanted


@screen.post("/offers/<int:listing_id>/buffer")
@act("channels.manage")
def take(listing_id: int) -> Response:
    """Hold back as many units as was suggested."""
    units = asked.whole(request.form.get("units"), "units")
    if units is None:
        raise Invalid("Say how many.", "units")
    with writing() as work:
        listing_rules.change(work, listing_id, buffer=units)
    say(gettext("The buffer of this offer is %(n)s now.", n=units))
    return go(url_for(".show", listing_id=listing_id))
