"""What an order's parcel would cost by each carrier: asked side by side, compared, chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from oms_connector import RatesBookings

from oms_web.core.errors import Invalid
from oms_web.domain.orders import service as orders
from oms_web.domain.shipping import prices, sending
from oms_web.domain.shipping.label_models import KnownService, PriceAnswer
from oms_web.domain.shipping.planning import Wanted
from oms_web.domain.shipping.prices import Offer
from oms_web.extensions import db
from oms_web.flows import price
from oms_web.sync import labels
from oms_web.web import asked, label_words, parcel_labels
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.order_form import typed_amount
from oms_web.web.render import go, render

screen = Blueprint("prices", __name__)


@screen.post("/orders/<int:order_id>/prices")
@act("ship.do")
def compare(order_id: int) -> Response:
    """Ask every carrier that can be asked; what was typed in the form of the label counts."""
    typed = parcel_labels.BuyForm()
    if not typed.validate():
        return parcel_labels.again(order_id, typed)
    try:
        wanted = parcel_labels.wanted(order_id, typed) if request.form.get("typed") else Wanted()
        able = [one.id for one in labels.carriers(reading(), oms().registry)
                if labels.can(oms().registry, one.connector, RatesBookings)]
        with writing() as work:
            mark = price.compare(work, order_id, wanted, able)
    except Invalid as error:
        typed.refuse(error)
        return parcel_labels.again(order_id, typed)
    return go(url_for("prices.show", order_id=order_id, of=mark,
                      packaging=wanted.packaging_id or None))


@screen.get("/orders/<int:order_id>/prices")
@act("ship.do")
def show(order_id: int) -> Response:
    """What carriers said so far; the part asks again by itself while one has not."""
    order, mark = orders.get_order(db.session, order_id), asked.text("of", 64)
    carriers = labels.carriers(reading(), oms().registry)
    answers = {one.account_id: one for one in prices.answers(db.session, order_id, mark)}
    wanted = next((one.request for one in answers.values()), None)
    offers = prices.offers(answers.values())
    told = {one.account_id for one in offers}
    if wanted is not None:
        offers += prices.own_offers(db.session, wanted, [
            one.id for one in carriers if one.id not in told])
    known = {(one.account_id, one.ref): one for account in carriers
             for one in sending.services(db.session, account.id)}
    return render(
        "prices/show.html", "prices/_table.html", order=order, mark=mark, answers=answers,
        offers=[one for one in prices.ranked(offers) if (one.account_id, one.service) in known],
        carriers=carriers, names={one.id: one for one in carriers}, known=known, wanted=wanted,
        fields=_fields(order.currency, wanted), may=_may(known, wanted), words=label_words,
        packaging=asked.text("packaging", 12) or None,
        silent=[one for one in carriers if one.id not in answers
                and one.id not in {offer.account_id for offer in offers}],
        waits=any(one.state == prices.WAITING for one in answers.values()))


def _fields(currency: str, wanted: Mapping[str, Any] | None) -> dict[str, str]:
    """What the form of a label is told so that the same parcel is bought."""
    if wanted is None:
        return {}
    boxes = wanted["packages"]
    return {
        "weight": str(boxes[0]["weight_g"]) if len(boxes) == 1 else "",
        "packaging": asked.text("packaging", 12),
        "cod": typed_amount(wanted["cod"], currency) if wanted["cod"] else "",
        "insured": typed_amount(wanted["insured"], currency) if wanted["insured"] else "",
    }


def _may(known: Mapping[tuple[int, str], KnownService], wanted: Mapping[str, Any] | None
         ) -> dict[tuple[int, str], str]:
    """Why a service cannot be bought from here at once; none for those that can."""
    found = {}
    for key, one in known.items():
        if one.needs_point:
            found[key] = gettext("goes to a point, which is chosen in the form")
        elif wanted is not None and wanted["cod"] and not one.cod:
            found[key] = gettext("collects no money")
        elif wanted is not None and len(wanted["packages"]) > one.most_parcels:
            found[key] = gettext("takes fewer parcels at once")
    return found


def offer_of(one: Offer) -> str:
    """An offer as an option of the form of a label."""
    return f"{one.account_id}:{one.service}"


def state_of(answer: PriceAnswer) -> str:
    """How far the asking of a carrier is, in words."""
    if answer.state == prices.FAILED:
        return label_words.why(answer.why)
    return gettext("is being asked") if answer.state == prices.WAITING else \
        gettext("has no price for this parcel") if not answer.rates else ""


@screen.app_context_processor
def _words() -> dict[str, Any]:
    return {"offer_of": offer_of, "price_state": state_of}
