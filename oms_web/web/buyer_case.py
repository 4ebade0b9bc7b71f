"""A case as its buyer sees it: what was stated, what comes next, what arrived, what went back.

Nothing of what colleagues write to each other is shown: no notes of the bench, no names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from oms_web.domain.documents.kinds import FOR_BUYERS
from oms_web.domain.payments import refund_states, refunds
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import (
    clocks,
    correcting,
    ending,
    exchange_facts,
    intake,
    progress,
    queries,
    refund_plan,
    service,
    standings,
    statements,
    tracks,
)
from oms_web.domain.returns.models import Return, ReturnLine, Statement
from oms_web.web import buyer_words, formats
from oms_web.web.buyer_exchange import BuyersSwap

SHOWN = (refund_states.APPROVED, refund_states.SENT, refund_states.UNKNOWN, refund_states.DONE)
"""A refund that nobody approved yet may become another one."""


@dataclass(frozen=True, slots=True)
class Part:
    """A position of a refund: what it is for, how many units, minor units; below zero: kept."""

    words: Any
    amount: int
    units: int = 0
    wear: bool = False


@dataclass(frozen=True, slots=True)
class Back:
    """Money on its way back or there. ``at``: the moment it went; None: not gone yet, or nobody
    told when. ``says``: where it is. ``ends``: the last digits of the account it goes to.
    ``paper``: the correction of the invoice, if issued.
    """

    amount: int
    currency: str
    method: Any
    parts: Sequence[Part]
    at: datetime | None
    says: Any
    ends: str = ""
    told: str = ""
    credit: bool = False
    paper: Any = None

    @property
    def worn(self) -> bool:
        """Whether something was kept because the goods were used."""
        return any(part.wear for part in self.parts)


@dataclass(frozen=True, slots=True)
class Line:
    """Goods of a case: how many were stated, how many arrived, in what state some of them were.
    ``missing`` did not come; ``lacks`` of them were not paid for.
    """

    title: str
    quantity: int
    arrived: int
    states: Sequence[tuple[int, Any]] = ()
    missing: int = 0
    lacks: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """All of a case that its buyer may know."""

    next: str
    words: Any
    to_send: bool
    stated: Sequence[Statement]
    lines: Sequence[Line]
    undelivered: Sequence[tuple[int, str]]
    send_by: datetime | None
    answer_by: datetime | None
    pay_by: datetime | None
    refusal: str
    back: Sequence[Back]

    @property
    def asks_for_goods(self) -> bool:
        """Whether the goods are to be sent, and the words for what comes next do not say so."""
        return self.to_send and self.next not in progress.SENDING

    @property
    def missing(self) -> bool:
        """Whether some of the goods did not come: then each line says whether it did."""
        return any(one.missing for one in self.lines)

    @property
    def to_come(self) -> Sequence[Line]:
        """The goods that are to be sent: what did not come of those that did, else all."""
        return [replace(one, quantity=one.lacks) for one in self.lines if one.lacks] \
            if self.next == "paid_part" else self.lines


def story(session: Session, case: Return, swap: BuyersSwap | None = None) -> Story:
    """The case of a buyer's own order, with its exchange."""
    mine = refunds.of_case(session, case.id)
    lines = _lines(session, case, service.lines_of(session, case.id), mine)
    found = progress.next_of(
        case.kind, case.phase, case.goods, case.money, case.outcome,
        approved=any(one.state == refund_states.APPROVED for one in mine),
        swap=_of_swap(session, case, swap),
        short=any(one.lacks for one in lines), delivery=_only_delivery(mine),
        owed=tracks.owes(standings.of(session, case)))
    to_send = progress.to_send(case.phase, case.goods, found)
    stated = statements.of_case(session, case.id)
    running = {one.what: one.due_at for one in service.clocks_of(session, case.id)
               if one.stopped_at is None and case.phase not in tracks.ENDED}
    return Story(
        found, _words(session, case, found), to_send, stated, lines,
        [tuple(one) for one in stated[0].content.get("goods", ())] if stated and not lines else [],
        running.get(clocks.SEND_BACK) if to_send else None,
        running.get(clocks.ANSWER), running.get(clocks.REPAY),
        queries.refusal(session, case.id, formats.language())
        if found == "refused" and not case.answer else "",
        _back(session, case, mine))


def _of_swap(session: Session, case: Return, swap: BuyersSwap | None) -> str:
    """What comes next of an exchange; one that its buyer withdrew from waits for the seller."""
    if swap is None:
        return ""
    return "decide" if exchange_facts.withdrew(session, case) is not None \
        else progress.of_swap(swap.now, case.goods, held=swap.held)


def _only_delivery(mine: Sequence[Refund]) -> bool:
    """Whether money went for a case, and nothing but delivery is still to go."""
    items = [item for one in mine if one.state in refund_states.PENDING for item in one.plan]
    return any(one.state == refund_states.DONE for one in mine) and bool(items) \
        and all(item["kind"] == refund_plan.DELIVERY for item in items)


def _words(session: Session, case: Return, found: str) -> Any:
    """What comes next, in words; of a case that was called off, by whom."""
    by, day = queries.called_off(session, case.id) if found == "off" else ("", "")
    if by == ending.BUYER and day:
        return gettext("Taken back at your wish on %(day)s. Nothing more happens in it.",
                       day=formats.calendar_day(day))
    return gettext("We had opened this case by mistake. Nothing more happens in it.") \
        if by == ending.MISTAKE else buyer_words.NEXT[found]


def _lines(session: Session, case: Return, lines: Sequence[ReturnLine], mine: Sequence[Refund]
           ) -> list[Line]:
    paid: Counter[int] = Counter()
    for item in (item for one in mine if one.state != refund_states.REFUSED for item in one.plan):
        if item["kind"] == refund_plan.GOODS:
            paid[item["line_id"]] += item["units"]
    states: dict[int, list[tuple[int, Any]]] = {}
    for unit in intake.units_of(session, case.id):
        if unit.grade in buyer_words.GRADES:
            states.setdefault(unit.line_id, []).append(
                (unit.quantity, buyer_words.GRADES[unit.grade]))
    # Of money that a channel gave back itself nobody told what it was for: nothing is said to lack.
    return [Line(one.title, one.quantity, one.arrived, states.get(one.id, ()), one.missing,
                 progress.lacks(one.quantity, one.missing, paid[one.order_line_id or 0])
                 if paid and one.order_line_id else 0) for one in lines]


def without_case(session: Session, order_id: int) -> list[Back]:
    """What of an order went back, or is about to, without a case."""
    return [_refund(one, None) for one in refunds.of_orders(session, [order_id])
            if one.case_id is None and one.state in SHOWN]


def _back(session: Session, case: Return, mine: Sequence[Refund]) -> list[Back]:
    # What an exchange credits to the new order is told with that order (``buyer_exchange``).
    found = [one for one in mine
             if one.state in SHOWN and not exchange_facts.is_carried(one)]
    papers = correcting.corrections_of(session, found)
    told = [_refund(one, papers.get(one.id)) for one in found]
    if case.refunded and not told:
        told = [Back(case.refunded, case.currency, buyer_words.METHODS["channel"], (), None,
                     buyer_words.REFUNDS[refund_states.DONE])]
    return told


def _refund(one: Refund, paper: Any) -> Back:
    parts = [_part(item) for item in one.plan]
    account = one.bank_account if one.method == refund_states.TRANSFER else ""
    return Back(
        one.amount, one.currency, buyer_words.METHODS[one.method],
        parts if len(parts) > 1 or any(part.amount < 0 for part in parts) else (),
        one.ended_at if one.state == refund_states.DONE else None,
        buyer_words.REFUNDS[one.state], account[-4:], one.told,
        one.method == refund_states.CREDIT,
        paper if paper is not None and paper.kind in FOR_BUYERS else None)


def _part(item: dict[str, Any]) -> Part:
    kind, amount = item["kind"], item["amount"]
    if kind == refund_plan.GOODS:
        return Part(item["title"], amount, item["units"])
    if kind == refund_plan.WEAR:
        return Part(item["title"], amount, wear=True)
    return Part(buyer_words.ITEMS["less" if amount < 0 else kind], amount)

