"""The shelf and the ledger disagree: the ledger is put right, with a reason."""

from __future__ import annotations

from sqlalchemy import select

from oms_web.core.errors import Invalid, ShortStock
from oms_web.core.work import Work
from oms_web.domain.orders.losing import lose_units
from oms_web.domain.shipping import replanning
from oms_web.domain.stock import documents, reasons, recounts, service
from oms_web.domain.stock.models import Balance, Move

KIND = documents.CORRECTION


def correct(
    work: Work, variant_id: int, location_id: int, change: int, reason: str, note: str = "",
    *, key: str,
) -> set[int]:
    """Add units to a bin or take them away.

    Args:
        change: the difference, as it was seen by the person: what moved since stays moved.
        reason: a key of ``reasons.REASONS``.
        key: makes this act one of a kind; the same key again changes nothing.

    Returns:
        The orders that lost reserved units by it (they were offered others).

    Raises:
        Invalid: no change, a reason that does not fit, a bundle, or fewer units than taken away.
    """
    cause = f"correction:{key}"
    if work.session.scalar(select(Move.id).where(Move.cause == cause)):
        return set()
    if change == 0:
        raise Invalid("This changes nothing.", "units")
    documents.check_units(abs(change), "units", least=1)
    why = reasons.check(reason, change)
    place = documents.bin_of(work.session, location_id)
    documents.stocked_variant(work.session, variant_id)
    document_id = documents.start(work, KIND, place.warehouse_id or 0, reason=reason, note=note)
    before = work.session.scalar(
        select(Balance.on_hand)
        .where(Balance.variant_id == variant_id, Balance.location_id == location_id)
    ) or 0
    documents.put_line(work.session, document_id, variant_id, location_id,
                       {"quantity": before, "done": before + change})
    ends = (why.place, location_id) if change > 0 else (location_id, why.place)
    move = service.MoveWanted(variant_id, *ends, abs(change), cause, why.ledger,
                              document_id=document_id, note=note.strip() or None)
    lost: set[int] = set()
    if change > 0:
        service.move_units(work, [move])
    else:
        try:
            lost = lose_units(work, [move])
            replanning.follow(work, lost)
        except ShortStock as error:
            raise Invalid("There are only %(units)s units in this bin.", "units", units=before) \
                from error
    recounts.counted(work, {(variant_id, location_id)})
    document = documents.lock(work.session, document_id, KIND, "draft")
    documents.finish(work, document, "posted", units=change, reason=reason)
    return lost


def set_to(
    work: Work, variant_id: int, location_id: int, on_hand: int, reason: str, note: str = "",
    *, key: str,
) -> set[int]:
    """Make a bin hold exactly so many units, whatever the ledger says now.

    Args:
        on_hand: units that are there, as somebody else's books have them.

    Returns:
        The orders that lost reserved units by it; none if it was so already.

    Raises:
        Invalid: as ``correct``.
    """
    documents.check_units(on_hand, "on_hand", least=0)
    before = service.lock_balance(work.session, variant_id, location_id)
    if before == on_hand:
        return set()
    return correct(work, variant_id, location_id, on_hand - before, reason, note, key=key)
