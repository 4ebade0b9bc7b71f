"""A channel tells of a return: it becomes a case beside its order. Goods count when they are here.

Where a channel shows refunds in place of returns, a refund that it was asked for from here comes
back as one: that is an echo, and no case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oms_connector import Return as Told
from sqlalchemy import delete, select

from oms_web.core.errors import Invalid
from oms_web.core.money import line_total, to_minor
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import lock_account
from oms_web.domain.orders.models import ChannelOrder, OrderLine, OrderLink
from oms_web.domain.payments import refund_echoes
from oms_web.domain.returns import kinds, moments, queries, service, tracks
from oms_web.domain.returns.events import CaseTurned
from oms_web.domain.returns.models import Return, ReturnLine

STATES = ("announced", "sent", "arrived", "closed", "refused")


def take(work: Work, account: ChannelAccount, told: Told) -> str:
    """Keep a return or bring it up to a newer version: ``added``, ``changed`` or ``same``.

    Raises:
        Invalid: it has no id, no lines, or a value that makes no sense.
    """
    _check(told)
    lock_account(work.session, account.id)
    row = work.session.scalar(
        select(Return).where(Return.account_id == account.id,
                             Return.external_id == told.external_id).with_for_update())
    if row is not None and told.revision and told.revision < row.revision:
        return "same"
    lines = _order_lines(work, account, told.order_ref)
    values = _values(told, lines)
    if row is None and told.refund_ref and lines and refund_echoes.is_ours(
            work.session, account.id, told.order_ref, told.refund_ref, values["refunded"]):
        return "same"
    if row is None:
        row = Return(account_id=account.id, external_id=told.external_id, source="channel",
                     number=service.take_numbers(work, kinds.RETURN)[0], created_at=work.now,
                     **values)
        work.session.add(row)
        work.session.flush()
        _write_lines(work, row, told, lines)
        if row.order_id is not None:
            work.announce(CaseTurned(row.id, moments.RECEIVED))
        _follow(work, row, told, {"state": [None, told.state]})
        return "added"
    here = row.goods in (tracks.ARRIVED, tracks.JUDGED)
    if here:  # what the channel thinks of goods that are here is no news
        values.pop("goods")
    by_hand = row.order_id is not None and (
        not lines or queries.was_attached(work.session, row.id))
    if by_hand:  # a person has said whose goods these are, and which
        values = {name: value for name, value in values.items()
                  if name not in ("order_id", "total")}
    changes = audit.changes({name: getattr(row, name) for name in values}, values)
    changes.pop("revision", None)
    for name, value in values.items():
        setattr(row, name, value)
    if not changes:
        return "same"
    if not here and not by_hand:
        work.session.execute(delete(ReturnLine).where(ReturnLine.return_id == row.id))
        _write_lines(work, row, told, lines)
    _follow(work, row, told, {name: change for name, change in changes.items()
                              if name in ("state", "refunded")})
    return "changed"


def _follow(work: Work, row: Return, told: Told, changes: dict[str, list[Any]]) -> None:
    """Let the case follow: what its channel has decided, nobody has to decide here."""
    decided = {"closed": "accept", "refused": "refuse"}.get(told.state)
    phase = service.enter(work, row, decided) if decided and row.phase in tracks.UNDECIDED else {}
    audit.record(work, "returns.told", "return", row.id, {**changes, **phase},
                 order_id=row.order_id)
    service.follow(work, row)


def _check(told: Told) -> None:
    if not told.external_id or len(told.external_id) > 120:
        raise Invalid("The return has no usable id.", "external_id")
    if told.state not in STATES:
        raise Invalid("Unknown state of a return: %(text)s", "state", text=told.state)
    if told.created_at.tzinfo is None:
        raise Invalid("The return's date has no time zone.", "created_at")
    if len(told.currency) != 3 or not told.currency.isalpha():
        raise Invalid("Unknown currency: %(text)s", "currency", text=told.currency)
    for number, line in enumerate(told.lines, start=1):
        if not isinstance(line.quantity, int) or line.quantity <= 0:
            raise Invalid("Line %(n)s: the quantity %(text)s is not possible.", "quantity",
                          n=number, text=line.quantity)


def _values(told: Told, lines: Sequence[OrderLine]) -> dict[str, Any]:
    currency = told.currency.upper()
    by_ref = _by_ref(lines)
    known = [(by_ref[line.line_ref], line.quantity) for line in told.lines
             if line.line_ref in by_ref]
    return {
        "external_number": tidy(told.number)[:120], "state": told.state, "currency": currency,
        "goods": tracks.TOLD[told.state],
        "order_id": (known[0][0] if known else lines[0]).order_id if lines else None,
        "raw_status": told.raw_status[:60], "revision": told.revision[:60],
        "buyer_name": tidy(told.buyer_name)[:200], "reason": tidy(told.reason)[:200],
        "total": sum(line_total(line.unit_price, units, currency) for line, units in known),
        "refunded": None if told.refunded is None else to_minor(told.refunded, currency),
        "parcels": [{"carrier": one.carrier[:40], "tracking": one.tracking[:80]}
                    for one in told.parcels],
        "announced_at": told.created_at,
    }


def _order_lines(work: Work, account: ChannelAccount, order_ref: str) -> Sequence[OrderLine]:
    """The lines of the order a return belongs to; none while that order is not known."""
    return work.session.scalars(
        select(OrderLine)
        .join(OrderLink, OrderLink.order_id == OrderLine.order_id)
        .join(ChannelOrder, ChannelOrder.id == OrderLink.channel_order_id)
        .where(ChannelOrder.account_id == account.id, ChannelOrder.external_id == order_ref,
               OrderLine.channel_order_id == ChannelOrder.id)
        .order_by(OrderLine.order_id, OrderLine.position)
    ).all()


def _by_ref(lines: Sequence[OrderLine]) -> dict[str, OrderLine]:
    """Lines by the channel's reference; of a split one the part of which most has left."""
    by_most = sorted(lines, key=lambda line: (line.shipped, -line.id))
    return {line.line_ref: line for line in by_most}


def _write_lines(work: Work, row: Return, told: Told, lines: Sequence[OrderLine]) -> None:
    by_ref = _by_ref(lines)
    for line in told.lines:
        sold = by_ref.get(line.line_ref)
        price = sold.unit_price if sold else 0
        work.session.add(ReturnLine(
            return_id=row.id, order_line_id=sold.id if sold else None,
            variant_id=sold.variant_id if sold else None,
            sku=tidy(line.sku or (sold.sku if sold else ""))[:120],
            title=tidy(line.title or (sold.title if sold else ""))[:420],
            quantity=line.quantity, unit_price=price,
            total=line_total(price, line.quantity, row.currency),
        ))
