"""From an issued invoice to its correction without a number: reads what was issued before.

The correction page shows the draft, the flow issues the very same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.company.models import Company
from oms_web.domain.documents import (
    annulling,
    buyers,
    correcting,
    exchange,
    kinds,
    restating,
    snapshot,
    vat,
)
from oms_web.domain.documents.correcting import Ask, Naming
from oms_web.domain.documents.drafting import design_of
from oms_web.domain.documents.models import Document, is_annulled
from oms_web.domain.documents.snapshot import Exchange


@dataclass(frozen=True, slots=True)
class Standing:
    """An invoice and the last word on it."""

    first: Document
    latest: Document

    @property
    def state(self) -> dict[str, Any]:
        """What it says at present."""
        return correcting.state_of(self.latest.snapshot)


def standing(session: Session, document_id: int) -> Standing:
    """The invoice that a document is, or corrects, with its last correction.

    Raises:
        NotFound: there is no such document.
        NotAllowedNow: it is of a kind that is not corrected.
    """
    found = session.get(Document, document_id)
    if found is None:
        raise NotFound("There is no such document.")
    first = session.get_one(Document, found.corrects_id) if found.corrects_id else found
    if annulling.of(session, first.id) is not None:
        raise NotAllowedNow("This document was annulled: there is nothing to correct.")
    if first.kind not in kinds.CORRECTABLE:
        raise NotAllowedNow("Documents of this kind are not corrected: issue another one.")
    latest = session.scalar(
        select(Document).where(Document.corrects_id == first.id, ~is_annulled())
        .order_by(Document.id.desc()).limit(1)
    )
    return Standing(first, latest or first)


def draft_correction(work: Work, stand: Standing, ask: Ask) -> dict[str, Any]:
    """The correction as it would be issued now.

    Raises:
        InvalidForm: what is missing or wrong, by field.
    """
    first, latest = stand.first, stand.latest
    issue_date = ask.issue_date or local_day(work.now)
    problems = buyers.problems_of(buyers.tidy(ask.buyer)) if ask.buyer is not None else {}
    if issue_date < latest.issue_date:
        problems["issue_date"] = Invalid("A correction is not older than what it corrects.",
                                         "issue_date")
    if problems:
        raise InvalidForm(problems)
    company = work.session.get(Company, 1)
    naming = Naming(
        corrected={
            "document_id": first.id, "kind": first.kind, "number": first.number,
            "issue_date": first.issue_date.isoformat(), "sale_date": first.sale_date.isoformat(),
        },
        previous=None if latest is first
        else {"document_id": latest.id, "number": latest.number},
        issue_date=issue_date, issued_by=work.actor.signature,
        design=design_of(company, first.language),
    )
    said, settled = latest.snapshot, restating.settled_by(first.snapshot)
    right = restating.right_exchange(said, ask.exchange)
    if right != said["exchange"] and right and right["currency"] == exchange.HOME:
        _check_typed(work.session, first, ask.exchange)
    ask = replace(ask, exempt_basis=ask.exempt_basis or said["exempt_basis"]
                  or (company.exempt_basis if company else ""))
    made = correcting.correction(said, ask, naming, settled)
    if not made["exempt_basis"] and any(row["rate"] == vat.EXEMPT for row in made["rates"]):
        raise InvalidForm({"exempt_basis": Invalid("Name the provision that exempts these goods.",
                                                   "exempt_basis")})
    home = company.currency if company else exchange.HOME
    if made["exchange"] is not None or made["currency"] == home or not made["total"]["vat"]:
        return made
    said = _at_home(work.session, first, said, ask.exchange)
    return correcting.correction(said, ask, naming)


def _at_home(session: Session, first: Document, said: Mapping[str, Any],
             typed: Exchange | None) -> dict[str, Any]:
    """An invoice that had no VAT to say at home, with the rate that counted for its sale: its
    correction has some (ustawa o VAT, art. 31b ust. 1, art. 106e ust. 11).

    Raises:
        InvalidForm: at ``exchange_rate``; the bank's table of that day is not here and none was
            typed; at the field of a typed one that cannot be meant.
    """
    _check_typed(session, first, typed)
    found = typed or exchange.find(session, first.currency, first.sale_date, first.issue_date)
    if found is None:
        raise InvalidForm({
            "exchange_rate": exchange.missing(first.sale_date, first.issue_date)})
    return {**said, "exchange": snapshot.exchange_said(found, exchange.HOME)}


def _check_typed(session: Session, first: Document, typed: Exchange | None) -> None:
    """See that a rate typed by hand can be the one that counted for the sale.

    Raises:
        InvalidForm: at the field of what cannot be meant.
    """
    if typed is None:
        return
    try:
        exchange.check(session, first.currency, typed, first.sale_date, first.issue_date)
    except Invalid as refusal:
        raise InvalidForm({refusal.field: refusal}) from None
