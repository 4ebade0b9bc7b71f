"""Recall what has not left: each kind of decision has its own way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from oms_web.core.actor import Actor
from oms_web.core.errors import OmsError
from oms_web.core.work import Work, Works
from oms_web.domain.messages import service as messages
from oms_web.domain.orders import outgoing, outgoing_queries
from oms_web.domain.orders.outgoing import Outgoing
from oms_web.domain.shipping import service as shipping
from oms_web.flows import issue_document, order_cancel, order_edit, ship

MOST_AT_ONCE = 500
"""Decisions that one press recalls."""


def _unship(work: Work, decided: Outgoing) -> None:
    unship(work, decided.subject_id or 0)


# kind -> the way back, and the right a person needs for it
WAYS: Mapping[str, tuple[Callable[[Work, Outgoing], None], str]] = {
    outgoing.SHIP: (_unship, "ship.do"),
    outgoing.CANCEL: (order_cancel.recall, "orders.cancel"),
    outgoing.STATUS: (order_edit.recall_status, "orders.edit"),
    outgoing.INVOICE: (issue_document.hold_back, "documents.issue"),
}


@dataclass(slots=True)
class Recalled:
    """What came of recalling what was decided together: (order, why not)."""

    done: int = 0
    refused: list[tuple[int, OmsError]] = field(default_factory=list)


def recall(work: Work, outgoing_id: int) -> bool:
    """Recall a decision; False when somebody did already.

    Raises:
        NotFound: there is no such decision.
        NotAllowedNow: a channel was told or is being told, something newer was decided since, or
            it only follows from something else.
    """
    decided = outgoing.get(work.session, outgoing_id)
    if decided.state == outgoing.RECALLED:
        return False
    outgoing.check(decided)
    WAYS[decided.kind][0](work, decided)
    messages.drop_of_rules(work, [decided.order_id], decided.at)
    return True


def unship(work: Work, shipment_id: int) -> bool:
    """A parcel has not left after all, and no buyer of what is in it hears that it had.

    False when it waits for the courier already. Raises as ``ship.recall``.
    """
    shipment = shipping.get(work.session, shipment_id)
    left_at, owners = shipment.shipped_at, shipping.owners(work.session, shipment)
    if not ship.recall(work, shipment_id):
        return False
    if left_at is not None:
        messages.drop_of_rules(work, owners, left_at)
    return True


def recall_together(works: Works, who: Actor, token: str) -> Recalled:
    """Recall all that one click decided and that has not left, the last first; each for itself."""
    with works.reading(who) as work:
        ids = [(one.id, one.order_id)
               for one in outgoing_queries.waiting_together(work.session, token, MOST_AT_ONCE)]
    came = Recalled()
    for outgoing_id, order_id in ids:
        try:
            with works.writing(who) as work:
                came.done += recall(work, outgoing_id)
        except OmsError as refusal:
            came.refused.append((order_id, refusal))
    return came
