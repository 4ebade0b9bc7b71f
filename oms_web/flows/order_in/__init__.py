"""Orders come in from a channel: once each, whatever the channel sends twice, late or changed.

``take_in`` handles a page in a constant number of statements for its new orders; orders that are
known and changed are handled one by one. It neither fetches nor quarantines: the caller does
(``sync/intake.py``), in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from oms_connector import Order
from sqlalchemy import select

from oms_web.core.errors import Invalid, OmsError
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import lock_account
from oms_web.domain.orders.models import ChannelOrder
from oms_web.flows.order_in.accept import accept
from oms_web.flows.order_in.change import change
from oms_web.flows.order_in.goods_back import take_back
from oms_web.flows.order_in.normalise import Draft, normalise
from oms_web.flows.order_in.replace import name_successors, retire_replaced


@dataclass(slots=True)
class TakenIn:
    """What became of a page. ``refused``: orders that cannot be kept, with the reason.

    ``same`` counts what changed nothing: known already, or a channel's test order.
    """

    added: int = 0
    changed: int = 0
    same: int = 0
    refused: list[tuple[Order, OmsError]] = field(default_factory=list)
    order_ids: list[int] = field(default_factory=list)


def take_in(work: Work, account: ChannelAccount, orders: Sequence[Order]) -> TakenIn:
    """Store the orders of a page. An order that cannot be kept is returned, never raised."""
    result = TakenIn()
    lock_account(work.session, account.id)
    drafts = _drafts(account, orders, result)
    known = _known(work, account.id, list(drafts))
    fresh = [draft for id_, draft in drafts.items() if id_ not in known]
    for external_id, row in known.items():
        draft = drafts[external_id]
        if row.superseded_by is not None or row.digest == draft.digest or (
            draft.order.revision and draft.order.revision < row.revision
        ):
            result.same += 1
            continue
        if change(work, account, row, draft):
            result.changed += 1
        else:
            result.same += 1
    retire_replaced(work, account, fresh)
    sales = [draft for draft in fresh if draft.order.kind == "sale"]
    back = [draft for draft in fresh if draft.order.kind != "sale"]
    ids, refused = accept(work, account, sales)
    result.order_ids = ids
    result.refused += refused
    refused_back = take_back(work, account, back)
    result.refused += refused_back
    result.added += len(ids) + len(back) - len(refused_back)
    name_successors(work, account, fresh)
    return result


def _drafts(
    account: ChannelAccount, orders: Sequence[Order], result: TakenIn
) -> dict[str, Draft]:
    """One draft per external id; of two versions in one page the newer stays. No test orders."""
    drafts: dict[str, Draft] = {}
    for order in orders:
        if order.is_test:
            result.same += 1
            continue
        try:
            draft = normalise(order, account)
        except OmsError as error:
            result.refused.append((order, error))
            continue
        except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
            reason = Invalid("The order has a value that makes no sense: %(why)s", why=error)
            result.refused.append((order, reason))
            continue
        earlier = drafts.get(order.external_id)
        if earlier is not None:
            result.same += 1
            if order.revision < earlier.order.revision:
                continue
        drafts[order.external_id] = draft
    return drafts


def _known(work: Work, account_id: int, external_ids: list[str]) -> dict[str, ChannelOrder]:
    if not external_ids:
        return {}
    rows = work.session.scalars(
        select(ChannelOrder).where(
            ChannelOrder.account_id == account_id, ChannelOrder.external_id.in_(external_ids)
        ).with_for_update()
    )
    return {row.external_id: row for row in rows}
