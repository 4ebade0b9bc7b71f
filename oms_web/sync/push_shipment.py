"""Tell the channel that goods left, with tracking: said, done, noted; *unknown* is a state."""

from __future__ import annotations

from dataclasses import dataclass

from oms_connector import (
    ChannelError,
    OutcomeUnknown,
    ParcelInfo,
    PushesShipments,
    Refused,
    Shipment,
)
from sqlalchemy import select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import OmsError
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.service import ChannelStopped
from oms_web.domain.orders import outgoing
from oms_web.domain.orders.models import ChannelOrder, OrderLine, OrderLink
from oms_web.domain.shipping import boxes
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.models import Parcel, ShipmentLine
from oms_web.domain.shipping.models import Shipment as OurShipment
from oms_web.sync.session import Engine, connected

SENT = "sent"
Fault = ChannelError | ChannelStopped


class TooEarly(OmsError):
    """It can be recalled still; ``retry_after``: seconds until it cannot."""

    def __init__(self, seconds: float) -> None:
        super().__init__("This can be recalled still; the channel is told later.")
        self.retry_after = seconds


@dataclass(frozen=True, slots=True)
class Telling:
    """What one account is to be told about a shipment, per channel order."""

    account_id: int
    messages: tuple[Shipment, ...]


def push_shipment(engine: Engine, shipment_id: int) -> str:
    """Tell every channel order that is in a shipment; the state it ended in. ``partly`` (some took
    it, some refused) is for the trail; the shipment is among those that failed.

    Raises:
        TooEarly: the recall window is open.
        ChannelError: a passing fault; the task tries again later. An answer that was lost is
            noted as ``unknown`` first; telling again with the same key changes nothing there.
        ChannelStopped: an account is paused or its access is refused; the others were told.
    """
    was, went = _go(engine, shipment_id)
    with engine.works.reading(SYSTEM) as work:
        tellings = _tellings(work, shipment_id)
        order_id = work.session.scalar(
            select(OurShipment.order_id).where(OurShipment.id == shipment_id)
        )
    state, message, told_any, fault = "done", "", False, None
    try:
        for telling in tellings:
            told, refusal, error = _tell(engine, telling)
            if isinstance(error, OutcomeUnknown):
                _note(engine, shipment_id, order_id, "unknown", str(error))
            told_any |= told
            fault = fault or error  # the other channels of the parcel hear of it all the same
            if refusal:
                state, message = "failed", refusal
    finally:
        if not told_any:  # nobody knows: it may still be found not to have left
            _not_told(engine, shipment_id, was, went)
    if fault is not None:
        raise fault
    if told_any and state == "failed":
        state = shipping.PARTLY
    if told_any or state == "failed":
        _note(engine, shipment_id, order_id, state, message)
    return state if told_any or state == "failed" else ""


def _tell(engine: Engine, telling: Telling) -> tuple[bool, str, Fault | None]:
    """Tell one account; whether it may have heard, why it refused the last it refused, and what
    went wrong before the end.
    """
    told, refusal = False, ""
    try:
        with connected(engine, telling.account_id) as (_account, connector):
            if not isinstance(connector, PushesShipments):
                return False, "", None
            for shipment in telling.messages:
                try:
                    connector.push_shipment(shipment)
                    told = True
                except Refused as error:
                    refusal = str(error)
    except (ChannelError, ChannelStopped) as error:
        return told or isinstance(error, OutcomeUnknown), refusal, error
    return told, refusal, None


def _go(engine: Engine, shipment_id: int) -> tuple[str, int | None]:
    """From now on it cannot be recalled; what was known before, and the decision, if it could be
    recalled until now. The shipment is locked first, as by who recalls it; what was recalled is
    found not to have left.
    """
    with engine.works.writing(SYSTEM) as work:
        shipment = work.session.get(OurShipment, shipment_id, with_for_update=True)
        if shipment is None or shipment.shipped_at is None:
            return "", None
        decided = outgoing.of_subject(
            work.session, outgoing.SHIP, shipment.order_id, shipment_id)
        waited = decided is not None and decided.state == outgoing.WAITING
        if decided and not outgoing.go(work, decided.id) \
                and (until := outgoing.waits_until(work, decided.id)):
            raise TooEarly(max(0.0, (until - work.now).total_seconds()))
        was, shipment.told = shipment.told, SENT
        return was, decided.id if decided and waited else None


def _not_told(engine: Engine, shipment_id: int, was: str, went: int | None) -> None:
    """As it was before: what nobody heard of can be recalled still."""
    with engine.works.writing(SYSTEM) as work:
        work.session.execute(
            update(OurShipment).where(OurShipment.id == shipment_id, OurShipment.told == SENT)
            .values(told=was))
        if went is not None:
            outgoing.stay(work, went)


def _note(
    engine: Engine, shipment_id: int, order_id: int | None, state: str, message: str
) -> None:
    with engine.works.writing(SYSTEM) as work:
        work.session.execute(
            update(OurShipment).where(OurShipment.id == shipment_id).values(
                told="failed" if state == shipping.PARTLY else state,
                told_message=message[:500], told_at=work.now,
            )
        )
        audit.record(work, "shipping.tell_channel", "shipment", shipment_id,
                     {"told": [None, state]}, order_id=order_id, note=message or None)


def _tellings(work: Work, shipment_id: int) -> list[Telling]:
    """The shipment from the point of view of each channel order that has lines in it."""
    shipment = work.session.get(OurShipment, shipment_id)
    if shipment is None or shipment.shipped_at is None:
        return []
    parcels = tuple(
        ParcelInfo(parcel.carrier or shipment.carrier, parcel.tracking)
        for parcel in work.session.scalars(
            select(Parcel).where(Parcel.shipment_id == shipment_id).order_by(Parcel.position)
        )
    )
    units = _units(work, shipment_id)
    inside = boxes.owners(work.session, shipment)
    concerned = {channel_order for channel_order, _ in units}
    rows = work.session.execute(
        select(ChannelOrder.account_id, ChannelOrder.external_id, ChannelOrder.id)
        .join(OrderLink, OrderLink.channel_order_id == ChannelOrder.id)
        .where(OrderLink.order_id.in_(inside), ChannelOrder.superseded_by.is_(None))
        .distinct().order_by(ChannelOrder.id)
    ).all()
    by_account: dict[int, list[Shipment]] = {}
    for account_id, external_id, link in rows:
        if concerned and link not in concerned:  # nothing of it is in this shipment
            continue
        by_account.setdefault(account_id, []).append(Shipment(
            external_id, f"shipment:{shipment_id}:{link}", shipment.shipped_at, parcels,
            {ref: count for (channel_order, ref), count in units.items() if channel_order == link},
            complete=_complete(work, link),
        ))
    return [Telling(account, tuple(messages)) for account, messages in by_account.items()]


def _units(work: Work, shipment_id: int) -> dict[tuple[int | None, str], int]:
    """(channel order, line ref) -> whole units of the line in this shipment."""
    lines = work.session.execute(
        select(OrderLine.channel_order_id, OrderLine.line_ref, OrderLine.id,
               ShipmentLine.variant_id, ShipmentLine.quantity)
        .join(ShipmentLine, ShipmentLine.line_id == OrderLine.id)
        .where(ShipmentLine.shipment_id == shipment_id)
    ).all()
    per_variant: dict[tuple[int | None, str], dict[int, int]] = {}
    for channel_order, ref, _line, variant, quantity in lines:
        counted = per_variant.setdefault((channel_order, ref), {})
        counted[variant] = counted.get(variant, 0) + quantity
    # All parts of a bundle leave together; the least part count bounds the whole units.
    return {key: min(counted.values()) for key, counted in per_variant.items()}


def _complete(work: Work, channel_order_id: int) -> bool:
    """Whether nothing of the channel's order is still to come, in whichever of our orders."""
    left = work.session.scalar(
        select(OrderLine.id).where(
            OrderLine.order_id.in_(select(OrderLink.order_id).where(
                OrderLink.channel_order_id == channel_order_id)),
            OrderLine.channel_order_id == channel_order_id,
            OrderLine.quantity > OrderLine.cancelled + OrderLine.shipped,
        ).limit(1)
    )
    return left is None
