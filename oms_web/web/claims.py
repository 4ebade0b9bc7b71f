"""Claims against couriers, and the file of a parcel as one PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, NotFound
from oms_web.core.money import parse_minor
from oms_web.domain.orders import service as orders
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.models import Return
from oms_web.domain.shipping import claim_terms, claims
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.claim_doubts import doubts
from oms_web.domain.shipping.claim_models import CourierClaim
from oms_web.domain.shipping.claims import Proposal
from oms_web.domain.shipping.models import Shipment
from oms_web.extensions import db
from oms_web.web import asked, claim_words, formats
from oms_web.web.access import act
from oms_web.web.door import oms, writing
from oms_web.web.forms import Form, Needed, choices
from oms_web.web.order_form import typed_amount
from oms_web.web.printing import pdf
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("claims", __name__)


class ClaimForm(Form):
    """What is claimed."""

    reason = SelectField(_l("What happened"))
    amount = StringField(_l("Amount claimed"), [Needed()])
    due_on = DateField(_l("Last day to tell the courier"), [Optional()])
    story = TextAreaField(_l("In your words"))


class SentForm(Form):
    """The courier was told."""

    reference = StringField(_l("Number of the claim at the courier"))


class AnswerForm(Form):
    """What the courier answered."""

    paid = StringField(_l("Paid by the courier"))
    answer = StringField(_l("What the courier says"))


@screen.get("/shipments/<int:shipment_id>/file.pdf")
@act("ship.do")
def file(shipment_id: int) -> Response:
    """Who packed it, scans, weights, photos, label and the carrier's scans, as one PDF."""
    return pdf(oms().printing.dispute(shipment_id, formats.language()),
               f"parcel-{shipment_id}.pdf")


@screen.get("/shipments/<int:shipment_id>/claim")
@act("ship.do")
def new(shipment_id: int) -> Response:
    """The form of a claim; the claim, if there is one."""
    shipment = shipping.get(db.session, shipment_id)
    known = claims.of_shipments(db.session, [shipment_id]).get(shipment_id)
    if known is not None and known.state in claims.UNDER_WAY:
        return go(url_for("claims.show", claim_id=known.id))
    case = _case(db.session, shipment)
    made = claims.proposal(db.session, shipment)
    form = _form(made, formdata=None, amount=typed_amount(made.amount, made.currency),
                 story=case.story if case is not None else "", reason=_likely(made, case))
    return _new(shipment, case, form, made)


def _form(made: Proposal, **values: Any) -> ClaimForm:
    form = ClaimForm(**values)
    form.reason.choices = choices({one: claim_words.REASONS[one] for one in made.days})
    return form


def _likely(made: Proposal, case: Return | None) -> str:
    """What the buyer's case says; else that what did not arrive is lost, and what did is damaged.
    """
    said = claim_words.CASE_REASONS.get(case.reason_code) if case is not None else None
    return said or (claim_terms.LOST if claim_terms.LOST in made.days else claim_terms.DAMAGED)


def _new(shipment: Shipment, case: Return | None, form: ClaimForm, made: Proposal,
         doubts: Mapping[str, str] | None = None, status: int = 200) -> Response:
    return render("claims/new.html", shipment=shipment, case=case, form=form, made=made,
                  reasons=claim_words.REASONS, doubts=doubts or {},
                  status=422 if doubts else status,
                  order=orders.get_order(db.session, shipment.order_id))


def _said(found: Sequence[str], made: Proposal, due_on: date) -> dict[str, str]:
    """What speaks against a claim, in words."""
    values = {"goods": formats.amount(made.amount, made.currency, always=True),
              "declared": formats.amount(made.declared or 0, made.currency, always=True),
              "day": formats.calendar_day(due_on)}
    return {one: str(claim_words.DOUBTS[one]) % values for one in found}


def _case(session: Session, shipment: Shipment) -> Return | None:
    """The buyer's case that was named, if it is of an order in this shipment.

    Raises:
        NotFound: it is not.
    """
    case_id = asked.whole(request.values.get("case"), "case")
    if not case_id:
        return None
    case = cases.get(session, case_id)
    if case.order_id not in shipping.owners(session, shipment):
        raise NotFound("There is no such case.")
    return case


@screen.post("/shipments/<int:shipment_id>/claim")
@act("ship.do")
def write(shipment_id: int) -> Response:
    """Write the claim down; the same parcel has one under way. What speaks against it is shown
    once; whoever has seen it (``sure``) goes on.
    """
    shipment = shipping.get(db.session, shipment_id)
    case, made = _case(db.session, shipment), claims.proposal(db.session, shipment)
    form = _form(made)
    if form.validate():
        try:
            wanted = claims.Asked(
                form.reason.data, _minor(form.amount.data, made.currency, "amount"),
                form.story.data or "", form.due_on.data, case.id if case else None)
            today = local_day(oms().works.clock())
            due_on = claims.last_day(made, wanted, today)
            found = doubts(wanted.amount, made.amount, made.declared, due_on, today)
            if ",".join(found) != request.form.get("sure", ""):
                return _new(shipment, case, form, made, _said(found, made, due_on))
            with writing() as work:
                claim, fresh = claims.write(work, shipment_id, wanted)
                claim_id = claim.id
            say(gettext("The claim is written. Send it to the courier with the file of the "
                        "parcel.") if fresh else gettext("There is a claim already."))
            return go(url_for("claims.show", claim_id=claim_id))
        except Invalid as error:
            form.refuse(error)
    return _new(shipping.get(db.session, shipment_id), case, form, made, status=422)


def _minor(text: str | None, currency: str, field: str) -> int:
    return parse_minor(text or "", currency, field)


@screen.get("/claims/<int:claim_id>")
@act("ship.do")
def show(claim_id: int) -> Response:
    """A claim."""
    return _page(claims.get(db.session, claim_id))


def _page(claim: CourierClaim, sent: SentForm | None = None, answer: AnswerForm | None = None,
          status: int = 200) -> Response:
    session = db.session
    return render(
        "claims/show.html", claim=claim, reasons=claim_words.REASONS,
        states=claim_words.STATES, tones=claim_words.TONES,
        term=claim_terms.BY_KEY[claim.term], status=status,
        late=claim.state == claims.OPEN and claim.due_on < local_day(oms().works.clock()),
        parcels=shipping.parcels_of(session, claim.shipment_id),
        case=cases.get(session, claim.case_id) if claim.case_id else None,
        sent=sent or SentForm(formdata=None),
        answer=answer or AnswerForm(
            formdata=None, paid=typed_amount(claim.amount, claim.currency)))


@screen.post("/claims/<int:claim_id>/<any(send, settle, refuse, drop):what>")
@act("ship.do")
def change(claim_id: int, what: str) -> Response:
    """The courier was told, paid, refused; nothing is asked for any more."""
    claim = claims.get(db.session, claim_id)
    sent, answer = SentForm(), AnswerForm()
    try:
        with writing() as work:
            if what == "send":
                claims.send(work, claim_id, sent.reference.data or "")
            elif what == "drop":
                claims.drop(work, claim_id)
            else:
                paid = 0 if what == "refuse" else _minor(answer.paid.data, claim.currency, "paid")
                claims.settle(work, claim_id, paid, answer.answer.data or "")
    except Invalid as error:
        answer.refuse(error)
        return _page(claims.get(db.session, claim_id), answer=answer, status=422)
    say(gettext("Done."))
    return go(url_for("claims.show", claim_id=claim_id))


@screen.app_context_processor
def _words() -> dict[str, Any]:
    return {"claim_states": claim_words.STATES}
