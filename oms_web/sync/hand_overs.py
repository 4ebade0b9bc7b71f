"""Call couriers, and fetch the protocols that they sign."""

from __future__ import annotations

from oms_connector import (
    Address,
    ChannelDown,
    ChannelError,
    OrdersPickups,
    OutcomeUnknown,
    Pickup,
    PrintsProtocols,
    Refused,
)
from oms_connector.labels import NOT_WHOLE, is_whole

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.core.ringing import queue_due
from oms_web.core.work import Works
from oms_web.domain.shipping import bookings, label_queries, sending
from oms_web.domain.shipping.label_models import HandOver
from oms_web.flows import hand_over
from oms_web.sync import feeds
from oms_web.sync.session import Engine, connected

SAYS = {
    "no_visits": "This carrier's couriers cannot be called by its interface.",
    "too_late": "The time for the visit was over before the carrier could be asked.",
}


def ring(works: Works) -> int:
    """Queue the visits that are due; how many."""
    return queue_due(works, hand_over.due, hand_over.ask)


def call(engine: Engine, hand_over_id: int) -> str:
    """Ask for a visit; the state it ends in. Its key makes asking twice one visit."""
    with engine.works.writing(SYSTEM) as work:
        row = hand_over.get(work, hand_over_id)
        if row.due_at is None or row.due_at > work.now:
            return row.state
        if row.until is not None and row.until <= work.now and row.state == hand_over.INTENDED:
            hand_over.note(work, row.id, hand_over.REFUSED, why=SAYS["too_late"])
            return row.state
        references = [one.reference for one in label_queries.inside(work.session, row.id)]
        hand_over.note(work, row.id, hand_over.SENT, wait=bookings.IN_FLIGHT)
        pickup = _pickup(row, references, sending.sender(work.session))
    state, reference, why, wait = hand_over.DONE, "", "", None
    try:
        with connected(engine, row.account_id) as (_account, connector):
            if not isinstance(connector, OrdersPickups):
                raise Refused(SAYS["no_visits"])
            reference = connector.order_pickup(pickup)
    except Refused as error:
        state, why = hand_over.REFUSED, str(error)
    except OutcomeUnknown as error:
        state, why, wait = hand_over.SENT, str(error), bookings.ASK_UNKNOWN
    except (ChannelError, NotAllowedNow) as error:
        state, why, wait = hand_over.INTENDED, str(error), bookings.wait(3)
    except Exception as error:  # a fault of the connector
        state, why, wait = hand_over.SENT, feeds.describe(error), bookings.wait(3)
    with engine.works.writing(SYSTEM) as work:
        hand_over.note(work, hand_over_id, state, reference, why, wait)
    return state


def _pickup(row: HandOver, references: list[str], sender: dict[str, str]) -> Pickup:
    assert row.ready_from is not None
    assert row.until is not None
    return Pickup(row.key, row.ready_from, row.until, Address(**sender), tuple(references),
                  row.parcels, row.weight_g)


def fetch(engine: Engine, hand_over_id: int) -> bool:
    """Keep the carrier's own protocol of a hand-over; False where it has none.

    Raises:
        ChannelError: the carrier failed.
    """
    with engine.works.reading(SYSTEM) as work:
        row = hand_over.get(work, hand_over_id)
        references = [one.reference for one in label_queries.inside(work.session, row.id)]
    with connected(engine, row.account_id) as (_account, connector):
        if not isinstance(connector, PrintsProtocols) or not references:
            return False
        content = connector.protocol(references)
    if not is_whole(content, "pdf_a6"):
        raise ChannelDown(NOT_WHOLE)
    file = engine.works.ports["files"].put(content, ".pdf")
    with engine.works.writing(SYSTEM) as work:
        hand_over.keep_paper(work, hand_over_id, file)
    return True
