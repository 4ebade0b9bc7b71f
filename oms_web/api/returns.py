"""Returns, exchanges, withdrawals and complaints: what is open, and opening one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from oms_web.api.operations import Call, get, post
from oms_web.api.shapes import (
    Answer,
    Asked,
    Money,
    Next,
    Number,
    PageQuery,
    Told,
    Units,
    money,
    one_of,
    text,
)
from oms_web.core import paging
from oms_web.core.errors import Invalid
from oms_web.domain.orders import service as orders
from oms_web.domain.payments import refunds
from oms_web.domain.returns import kinds, queries, service, tracks
from oms_web.domain.returns.models import Return as Kept
from oms_web.domain.returns.service import Opening
from oms_web.flows import return_case

Kind = Annotated[str, one_of(kinds.KINDS)]
Reason = Annotated[str, one_of(kinds.REASONS)]
Wish = Annotated[str, one_of(kinds.WISHES)]


class ReturnQuery(PageQuery):
    """Which cases: those of an order, or all, the newest first."""

    order: Number | None = Field(None, description="Those of this order.")


class LineAsked(Asked):
    """Units of a line of the order."""

    line_id: Number
    quantity: Units
    reason: Reason | None = None


class ReturnAsked(Asked):
    """A case as it is opened."""

    kind: Kind = "return"
    lines: list[LineAsked] = Field(default_factory=list, max_length=200)
    reason: Reason | None = None
    note: Annotated[str, text(200)] = ""
    story: Annotated[str, text(5000, about="In the buyer's words; a complaint needs it.")] = ""
    wish: Wish | None = None


class ReturnLine(Answer):
    """Units that are meant to come back, and how many of them came."""

    order_line_id: int | None
    sku: str
    title: str
    quantity: int
    arrived: int
    reason: str


class ReturnRefund(Answer):
    """Money that goes back, and how far it is."""

    id: int
    amount: Money
    method: str
    state: str


class Return(Answer):
    """A case. Goods and money are two tracks that move on their own."""

    id: int
    number: str
    kind: Kind
    phase: Annotated[str, one_of(tracks.PHASES)]
    goods: Annotated[str, one_of(tracks.GOODS)]
    money: Annotated[str, one_of(tracks.MONEY)]
    order_id: int | None
    external_number: str
    reason: str
    outcome: str
    currency: str
    created_at: Told
    due_at: Told | None = Field(description="When the first of its terms ends.")
    closed_at: Told | None
    lines: list[ReturnLine]
    refunds: list[ReturnRefund]


class ReturnPage(Answer):
    """A page of cases."""

    items: list[Return]
    next: Next


@get("/returns", "returns:read", act="returns.see", query=ReturnQuery, gives=ReturnPage)
def list_returns(call: Call) -> ReturnPage:
    """A page of cases, the newest first. Those of one order come on one page."""
    asked: ReturnQuery = call.query
    session = call.work.session
    if asked.order is not None:
        return ReturnPage(items=_answers(call, queries.of_order(session, asked.order)), next=None)
    if asked.after:
        paging.unseal_as(asked.after, int)
    page = queries.newest(session, asked.after or None, asked.limit)
    return ReturnPage(items=_answers(call, page.rows), next=page.after)


@get("/returns/{return_id}", "returns:read", act="returns.see", gives=Return)
def get_return(call: Call, return_id: int) -> Return:
    """One case."""
    return _answers(call, [service.get(call.work.session, return_id)])[0]


@post("/orders/{order_id}/returns", "returns:write", act="returns.handle", body=ReturnAsked,
      gives=Return, statuses=(201,))
def open_return(call: Call, order_id: int) -> Return:
    """Open a case for an order: a return, an exchange, a withdrawal or a complaint.

    Only units that were sent and are in no other case can come back.
    """
    asked: ReturnAsked = call.body
    units: dict[int, int] = {}
    for line in asked.lines:
        if line.line_id in units:
            raise Invalid("A line stands here twice.", "lines")
        units[line.line_id] = line.quantity
    orders.get_order(call.work.session, order_id)
    case, _ = return_case.open_for(call.work, order_id, Opening(
        asked.kind, lines=units,
        reasons={line.line_id: line.reason for line in asked.lines if line.reason},
        reason_code=asked.reason or "", reason=asked.note, story=asked.story,
        wish=asked.wish or ""))
    call.status = 201
    return _answers(call, [case])[0]


def _answers(call: Call, cases: Sequence[Kept]) -> list[Return]:
    session = call.work.session
    lines = queries.lines_of_many(session, [case.id for case in cases])
    money_ = refunds.of_cases(session, [case.id for case in cases])
    return [Return(
        id=case.id, number=case.number, kind=case.kind, phase=case.phase, goods=case.goods,
        money=case.money, order_id=case.order_id, external_number=case.external_number,
        reason=case.reason_code, outcome=case.outcome, currency=case.currency,
        created_at=case.created_at, due_at=case.due_at, closed_at=case.closed_at,
        lines=[ReturnLine(
            order_line_id=line.order_line_id, sku=line.sku, title=line.title,
            quantity=line.quantity, arrived=line.arrived, reason=line.reason_code)
            for line in lines.get(case.id, ())],
        refunds=[ReturnRefund(id=one.id, amount=money(one.amount, one.currency),
                              method=one.method, state=one.state)
                 for one in money_.get(case.id, ())],
    ) for case in cases]
