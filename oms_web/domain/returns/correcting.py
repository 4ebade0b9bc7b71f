"""From a refund to the correction of the invoice it asks for: the same units, the same amounts.

A price that is given back lowers what was sold (ustawa o VAT, art. 29a ust. 10), and the seller
says so with a correction (art. 106j ust. 1). Worked numbers: docs/algorithms/refunds.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow
from oms_web.domain.documents import queries
from oms_web.domain.documents.correcting import Ask
from oms_web.domain.documents.correction_draft import Standing, standing
from oms_web.domain.payments import refund_states
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import exchange_facts, refund_plan, tracks
from oms_web.domain.returns.models import Return

READY = (refund_states.APPROVED, refund_states.SENT, refund_states.UNKNOWN, refund_states.DONE)
"""Somebody approved the money: its invoice may be corrected."""
CHANGES = (refund_plan.GOODS, refund_plan.DELIVERY, *refund_plan.LOWERING)
# Words of a document, in its language.
_REASONS = {"pl": {"goods": "Zwrot towaru", "price": "Rabat po sprzedaży"},
            "en": {"goods": "Goods returned", "price": "Discount after the sale"}}


def cause(refund_id: int) -> str:
    """What makes the correction of a refund one of a kind."""
    return f"refund:{refund_id}"


def corrects(refund: Refund) -> bool:
    """Whether a refund asks for a correction now: it is approved and something changes by it."""
    return refund.state in READY and any(item["kind"] in CHANGES for item in refund.plan)


def waits(session: Session, refund: Refund) -> bool:
    """Whether a correction waits for goods: what an exchange credits lowers the price only when
    they are back (ustawa o VAT, art. 29a ust. 10 pkt 2 and ust. 13).
    """
    case = session.get(Return, refund.case_id) if refund.case_id else None
    return case is not None and exchange_facts.is_carried(refund) \
        and case.goods not in (tracks.JUDGED, tracks.GOODS_NONE)


def corrections_of(session: Session, found: Iterable[Refund]) -> dict[int, Any]:
    """The correction of each refund that has one."""
    names = {cause(one.id): one.id for one in found}
    return {names[name]: document
            for name, document in queries.by_cause(session, names.keys()).items()}


def wanted(session: Session, refund: Refund) -> tuple[int, Ask]:
    """The invoice that a refund corrects, and by what, in the prices of the invoice.

    Raises:
        NotAllowedNow: it is not approved, changes nothing, or its order has no invoice.
    """
    if not corrects(refund):
        raise NotAllowedNow("This refund is not approved, or nothing on an invoice changes by it.")
    asked = refund_plan.correction(refund.plan)
    worth: dict[int, int] = {}
    for item in refund.plan:
        if item["kind"] == refund_plan.GOODS:
            worth[item["line_id"]] = worth.get(item["line_id"], 0) + item["amount"]
    stands = [standing(session, number) for number in queries.invoices_of(session, refund.order_id)]
    if not stands:
        raise NotAllowedNow("This order has no invoice: there is nothing to correct.")
    stand = next((one for one in stands if _has(one, asked.returned)), stands[0])
    words = _REASONS[stand.first.language]
    return stand.first.id, Ask(
        returned=asked.returned, worth=worth, delivery_back=asked.delivery, lowered=asked.lowered,
        reason=words["goods" if asked.returned else "price"], cause=cause(refund.id))


def _has(stand: Standing, returned: Mapping[int, int]) -> bool:
    """Whether so many units are left on an invoice."""
    left = {line["line_id"]: line["quantity"] for line in stand.state["lines"]}
    return all(left.get(line, 0) >= units for line, units in returned.items())
