"""Ask carriers where parcels are, in batches, and let orders follow.

Each scan is kept with the carrier's own code. What it means for the shipment is one decision: a
parcel that was scanned has left, whoever forgot to say so; one that is delivered arrived; one that
comes back, or of which the carrier says that something is wrong, is a person's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from oms_connector import AccessRefused, ChannelError, Journey, TracksParcels

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import enqueue
from oms_web.core.errors import OmsError
from oms_web.core.ringing import queue_due
from oms_web.core.work import Work, Works
from oms_web.domain.shipping import journeys
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.journeys import Due, Scan
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.models import Parcel
from oms_web.flows import return_parcel, ship
from oms_web.sync import feeds
from oms_web.sync.session import Engine, connected

log = logging.getLogger(__name__)

TASK = "track_parcels"
MOST_ROUNDS = 50
WHY = {
    journeys.EXCEPTION: "The carrier says that something is wrong.",
    journeys.RETURNING: "The parcel is on its way back.",
}


def ring(works: Works) -> int:
    """Queue the asking of carriers; how many."""
    return queue_due(works, lambda work: journeys.accounts_due(work.session, work.now), ask)


def ask(work: Work, account_id: int) -> bool:
    """Queue the asking of one carrier; False if it is queued already."""
    return enqueue(work.session, TASK, str(account_id), {"account_id": account_id},
                   now=work.now) is not None


def track(engine: Engine, account_id: int, beat: Callable[[int, int], None]) -> int:
    """Ask about all parcels of an account that are due; of how many there was news.

    Raises:
        ChannelError: the carrier failed; what was told before is kept.
        ChannelStopped: the account is paused or its access is refused.
    """
    news = asked = 0
    try:
        with connected(engine, account_id) as (account, connector):
            kind = engine.registry.get(account.connector)
            if not isinstance(connector, TracksParcels) or kind is None:
                return _never_again(engine, account_id)
            size = max(1, kind.manifest.capabilities.track_batch)
            for _ in range(MOST_ROUNDS):
                with engine.works.reading(SYSTEM) as work:
                    due = journeys.due(work.session, account_id, work.now, size)
                if not due:
                    break
                told = connector.track([one.tracking for one in due])
                for one, journey in zip(due, told, strict=True):
                    news += _note(engine, one, journey)
                asked += len(due)
                beat(asked, 0)
            news += _coming_back(engine, account_id, connector, size)
    except AccessRefused as error:
        with engine.works.writing(SYSTEM) as work:
            feeds.break_account(work, account_id, str(error))
        raise
    except ValueError as error:
        raise ChannelError(f"not one journey for each number: {error}") from error
    return news


def _coming_back(engine: Engine, account_id: int, connector: TracksParcels, size: int) -> int:
    """Ask about the parcels that buyers send by our labels; of how many there was news."""
    news = 0
    for _ in range(MOST_ROUNDS):
        with engine.works.reading(SYSTEM) as work:
            due = journeys.due_back(work.session, account_id, work.now, size)
        if not due:
            break
        told = connector.track([number for _, number in due])
        for (booking_id, _), journey in zip(due, told, strict=True):
            with engine.works.writing(SYSTEM) as work:
                fresh = journeys.keep_back(work, booking_id, _scans(journey))
            if fresh:
                with engine.works.writing(SYSTEM) as work:
                    return_parcel.follows(work, booking_id)
            news += fresh
    return news


def _never_again(engine: Engine, account_id: int) -> int:
    """A carrier that says nothing of parcels is not asked."""
    with engine.works.writing(SYSTEM) as work:
        for one in journeys.due(work.session, account_id, work.now, 10_000):
            work.session.get_one(Parcel, one.parcel_id).track_due_at = None
        for booking_id, _ in journeys.due_back(work.session, account_id, work.now, 10_000):
            work.session.get_one(LabelBooking, booking_id).track_due_at = None
    return 0


def _scans(journey: Journey | None) -> list[Scan]:
    found = [Scan(event.at, event.state, event.raw, event.description, event.place)
             for event in (journey.events if journey else ())]
    return sorted(found, key=lambda scan: scan.at)


def _note(engine: Engine, one: Due, journey: Journey | None) -> bool:
    with engine.works.writing(SYSTEM) as work:
        fresh = journeys.keep(work, one.parcel_id, _scans(journey),
                              journey.weight_g if journey else None)
    if fresh:
        _follow(engine, one.shipment_id)
    return fresh


def _follow(engine: Engine, shipment_id: int) -> None:
    """Let a shipment be where its boxes are, as far as it may: each step in a transaction."""
    for step in (_left, _arrived_or_not, _comes_back):
        try:
            with engine.works.writing(SYSTEM) as work:
                step(work, shipment_id)
        except OmsError as error:
            log.info("shipment %s does not follow its parcels: %s", shipment_id, error)


def _standing(work: Work, shipment_id: int) -> str:
    return journeys.standing(
        [parcel.travel for parcel in shipping.parcels_of(work.session, shipment_id)])


def _left(work: Work, shipment_id: int) -> None:
    """The carrier has it: it has left."""
    shipment = shipping.get(work.session, shipment_id)
    if shipment.state == shipping.PACKED and _standing(work, shipment_id) not in (
            "", journeys.ANNOUNCED):
        ship.leave(work, shipment_id)


def _arrived_or_not(work: Work, shipment_id: int) -> None:
    shipment = shipping.get(work.session, shipment_id)
    where = _standing(work, shipment_id)
    if where == journeys.DELIVERED and shipment.state in (shipping.SHIPPED, shipping.UNDELIVERED):
        ship.arrived(work, shipment_id)
    elif where in WHY and shipment.state == shipping.SHIPPED:
        ship.came_to_nothing(work, shipment_id, WHY[where])
    elif where in journeys.UNDER_WAY and shipment.state == shipping.UNDELIVERED:
        ship.sent_again(work, shipment_id)


def _comes_back(work: Work, shipment_id: int) -> None:
    """A case waits for the parcel, so that the bench knows it when it is here."""
    if _standing(work, shipment_id) == journeys.RETURNING:
        return_parcel.comes_back(work, shipment_id)
