"""The marketplace's commission claimed back: what is claimed of an order, and the buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext

from oms_web.core.errors import NotAllowedNow
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import fee_claims
from oms_web.domain.payments.fee_claims import FeeClaim
from oms_web.extensions import db
from oms_web.flows import fee_claim
from oms_web.sync import fee_claims as claiming
from oms_web.web.access import act
from oms_web.web.auth import is_local_path
from oms_web.web.door import oms, writing
from oms_web.web.failures import words_of
from oms_web.web.render import go
from oms_web.web.toasts import say

screen = Blueprint("fee_claims", __name__)


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims with the titles of their lines. ``units``: how many more could be claimed."""

    rows: Sequence[tuple[FeeClaim, str]]
    units: int


def _of_order(order: Order) -> Claims:
    able = claiming.able(oms().registry)
    return Claims(fee_claims.of_order(db.session, order.id), sum(
        units for _, units in fee_claims.claimable(db.session, order.id, able)))


@screen.app_context_processor
def _shared() -> dict[str, Any]:
    return {"fee_claims_of": _of_order}


@screen.post("/orders/<int:order_id>/fee-claims")
@act("refunds.pay")
def claim(order_id: int) -> Response:
    """Claim all that was paid back; said again it claims nothing."""
    with writing() as work:
        made = fee_claim.claim(work, order_id, claiming.able(oms().registry))
        units = sum(one.quantity for one in made)
    say(ngettext("The commission of %(num)s unit is being claimed back.",
                 "The commission of %(num)s units is being claimed back.", units)
        if units else gettext("Nothing more can be claimed back."))
    return _back(order_id)


@screen.post("/orders/<int:order_id>/fee-claims/<int:claim_id>/withdraw")
@act("refunds.pay")
def withdraw(order_id: int, claim_id: int) -> Response:
    """Take a claim back."""
    try:
        with writing() as work:
            if fee_claims.get(work.session, claim_id).order_id != order_id:
                raise NotAllowedNow("This claim is of another order.")
            done = fee_claim.withdraw(work, claim_id)
        say(gettext("The claim is being withdrawn.") if done else gettext("That was done before."))
    except NotAllowedNow as error:
        say(words_of(error), "bad")
    return _back(order_id)


def _back(order_id: int) -> Response:
    target = request.form.get("next", "")
    return go(target if is_local_path(target)
              else f"{url_for('order_card.show', order_id=order_id)}#payment")
