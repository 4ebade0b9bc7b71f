"""What the invoices of a case have still to be corrected by, and the way to the filled-in form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from oms_web.core.money import from_minor
from oms_web.domain.documents import kinds as documents
from oms_web.domain.documents import queries
from oms_web.domain.documents.correction_draft import standing
from oms_web.domain.documents.models import Document
from oms_web.domain.payments import refunds
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import exchange_facts, kinds, refund_plan
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Correction
from oms_web.extensions import db
from oms_web.web import case_words
from oms_web.web.corrections import REASONS

RETURNED, COMPLAINT = 0, 5
"""Which of the proposed reasons (``corrections.REASONS``)."""


@dataclass(frozen=True, slots=True)
class ToCorrect:
    """An invoice, what it has still to be corrected by in words (text, minor units), the form."""

    document: Document
    rows: list[tuple[str, int | None]]
    url: str


def left_of(case: Return, ready: Iterable[Refund], corrections: Mapping[int, Any]
            ) -> list[ToCorrect]:
    """What the invoices of a case are still to be corrected by, unless one of its refunds offers
    just that itself, or the correction waits for the goods of an exchange.

    Args:
        ready: the refunds of the case that may be corrected now; ``corrections``: those that were.
    """
    swapped = case.exchange_order_id is not None and not exchange_facts.is_here(case)
    if swapped or any(one.id not in corrections for one in ready):
        return []
    return of_case(case)


def of_case(case: Return) -> list[ToCorrect]:
    """The invoices of the case's order that do not say yet what was paid back of it."""
    if case.order_id is None:
        return []
    wanted = refund_plan.correction(
        item for one in refunds.of_orders(db.session, [case.order_id]) for item in one.plan)
    found = []
    for one in queries.of_order(db.session, case.order_id):
        if one.kind not in documents.CORRECTABLE:
            continue
        stand = standing(db.session, one.id)
        now = stand.state["lines"]
        left = refund_plan.still_to_correct(wanted, stand.first.snapshot["lines"], now)
        if left.returned or left.delivery or left.lowered:
            found.append(ToCorrect(stand.first, _words(left, now),
                                   _form(case, stand.first, left, now)))
    return found


def _words(left: Correction, lines: list[Mapping[str, Any]]) -> list[tuple[str, int | None]]:
    rows: list[tuple[str, int | None]] = [
        (f"{left.returned[line['line_id']]} × {line['title']}", None)
        for line in lines if line["line_id"] in left.returned]
    if left.delivery:
        rows.append((str(case_words.ITEMS["delivery"]), left.delivery))
    if left.lowered:
        rows.append((str(case_words.ITEMS["other"]), left.lowered))
    return rows


def _form(case: Return, document: Document, left: Correction, lines: list[Mapping[str, Any]]
          ) -> str:
    filled: dict[str, Any] = {
        f"quantity_{line['position']}": line["quantity"] - left.returned[line["line_id"]]
        for line in lines if line["line_id"] in left.returned}
    filled |= {name: from_minor(amount, document.currency)
               for name, amount in (("delivery", left.delivery), ("lowered", left.lowered))
               if amount}
    reason = REASONS[document.language][COMPLAINT if case.kind == kinds.COMPLAINT else RETURNED]
    return url_for("corrections.correct", document_id=document.id, reason=reason, **filled)
