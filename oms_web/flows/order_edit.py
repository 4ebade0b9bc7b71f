"""What a person changes about an order: address, buyer, delivery, status, tags, notes.

Where the goods go may change until packing begins; words about the order may change any time.
Each change is checked again the way a new order is, so a hold goes when its cause has gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete

from oms_web.core.db import rows_changed
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.orders import (
    addresses,
    following,
    labels,
    outgoing,
    outgoing_queries,
    phases,
    tally,
)
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.lineage import purchase
from oms_web.domain.orders.models import Note, Order, OrderTag
from oms_web.domain.orders.telling import tell_status
from oms_web.domain.orders.travelling import part_ways
from oms_web.domain.orders.verification import closing, kinds
from oms_web.domain.orders.verification.models import Finding
from oms_web.domain.orders.verifying import verify_again
from oms_web.domain.payments import service as payments
from oms_web.domain.shipping import replanning

EDITABLE = (phases.DRAFT, phases.OPEN)
MAX_NOTE = 4000
_DELIVERY = {"delivery_method": 120, "carrier": 40, "pickup_point": 60}


def _open_order(work: Work, order_id: int) -> Order:
    order = orders.lock_order(work.session, order_id)
    if order.phase == phases.PACKING:
        raise NotAllowedNow("This order is being packed. Put the parcel aside first.")
    if order.phase not in EDITABLE:
        raise NotAllowedNow("This order has left or is closed.", phases.allowed(order.phase))
    return order


def change_address(work: Work, order_id: int, values: Mapping[str, Any]) -> bool:
    """Change where the goods go; False when nothing is different.

    Raises:
        InvalidForm: naming the fields that are wrong.
        NotAllowedNow: packing has begun, or it has left.
    """
    order = _open_order(work, order_id)
    present = {name: (order.ship_to or {}).get(name, "") for name in addresses.FIELDS}
    wanted = addresses.clean_address(values, pickup_point=order.pickup_point)
    if wanted == present:
        return False
    changed = {name: value for name, value in wanted.items() if value != present[name]}
    order.ship_to = wanted
    order.country = wanted["country"]
    _finish(work, order, "address", audit.changes(present, changed))
    return True


def change_buyer(work: Work, order_id: int, values: Mapping[str, Any]) -> bool:
    """Change who buys and whether they want an invoice; False when nothing is different.

    Raises:
        InvalidForm: naming the fields that are wrong.
        NotAllowedNow: packing has begun, or it has left.
    """
    order = _open_order(work, order_id)
    wanted: dict[str, Any] = addresses.clean_buyer(values, order.country)
    wanted["wants_invoice"] = bool(values.get("wants_invoice"))
    changes = audit.changes({name: getattr(order, name) for name in wanted}, wanted)
    if not changes:
        return False
    for name in changes:
        setattr(order, name, wanted[name])
    _finish(work, order, "buyer", changes)
    return True


def change_delivery(
    work: Work, order_id: int, values: Mapping[str, Any], ship_by: datetime | None
) -> bool:
    """Change method, carrier, pick-up point and deadline; False when nothing is different.

    Raises:
        NotAllowedNow: packing has begun, or it has left.
    """
    order = _open_order(work, order_id)
    wanted: dict[str, Any] = {
        name: tidy(str(values.get(name) or ""))[:limit] for name, limit in _DELIVERY.items()
    }
    before: dict[str, Any] = {name: getattr(order, name) for name in wanted}
    changes = audit.changes(before, wanted)
    if ship_by != order.ship_by:
        changes["ship_by"] = [_moment(order.ship_by), _moment(ship_by)]
    if not changes:
        return False
    for name in wanted:
        setattr(order, name, wanted[name])
    order.ship_by = ship_by
    _finish(work, order, "delivery", changes)
    return True


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="minutes") if at else None


def _finish(work: Work, order: Order, what: str, changes: Mapping[str, Any]) -> None:
    audit.record(work, f"orders.change_{what}", "order", order.id, changes)
    orders.rewrite_keys(work, order)
    part_ways(work, order)
    verify_again(work, order)
    orders.refile(work, [order.id])


def accept_total(work: Work, order_id: int) -> bool:
    """The channel's total counts, though the lines add up to another; False if none was held."""
    orders.lock_order(work.session, order_id)
    closing.end(work, kinds.ACCEPTED, Finding.order_id == order_id, Finding.kind == kinds.TOTALS)
    return _freed(work, order_id, kinds.TOTALS, "orders.accept_total")


def accept_change(work: Work, order_id: int) -> bool:
    """Take over what the channel changed and is different here; False if nothing was held.

    Raises:
        NotAllowedNow: it has left or is closed.
    """
    order = orders.lock_order(work.session, order_id)
    detail = following.held_change(work, order_id)
    if detail is None:
        return False
    if order.phase not in following.FOLLOWS:
        raise NotAllowedNow("This order has left or is closed.", phases.allowed(order.phase))
    following.accept(work, order, detail)
    payments.settle(work, order)
    verify_again(work, order)
    orders.release_holds(work, order_id, [following.CHANGED])
    orders.refile(work, [order_id])
    replanning.follow(work, [order_id])
    return True


def keep_ours(work: Work, order_id: int) -> bool:
    """Leave the order as it is, whatever the channel changed; False if nothing was held."""
    orders.lock_order(work.session, order_id)
    return _freed(work, order_id, following.CHANGED, "orders.keep_ours")


def _freed(work: Work, order_id: int, kind: str, act: str) -> bool:
    if not orders.release_holds(work, order_id, [kind]):
        return False
    audit.record(work, act, "order", order_id)
    orders.refile(work, [order_id])
    return True


def set_status(work: Work, order_id: int, status_id: int, *, as_before: bool = False) -> bool:
    """Give an order one of the seller's statuses; False when it has it already.

    Args:
        as_before: it takes back what gave the order another status.

    Raises:
        NotFound: there is no such status.
        NotAllowedNow: the status belongs to another phase, or is offered no longer.
    """
    order = orders.lock_order(work.session, order_id)
    status = labels.get_status(work.session, status_id)
    if order.status_id == status_id:
        return False
    if status.phase != order.phase or status.archived_at is not None:
        raise NotAllowedNow("The status %(name)s is not for orders in this phase.",
                            name=status.name)
    back = _back_in_time(work, order_id, status_id) or (
        as_before and _never_said(work, order, status_id))
    with outgoing.silence(work, back), outgoing.deciding(
            work, outgoing.STATUS, order_id, undo={"status": order.status_id, "is": status_id}):
        _give_status(work, order, status_id)
    return True


def _give_status(work: Work, order: Order, status_id: int | None) -> None:
    before, after = (labels.get_status(work.session, one).name if one else None
                     for one in (order.status_id, status_id))
    tally.shift_tally(work.session, "status", [(order.status_id, status_id)])
    order.status_id, order.status_since = status_id, work.now
    order.updated_at = work.now
    tell_status(work, order)
    audit.record(work, "orders.status", "order", order.id, {"status": [before, after]})


def _back_in_time(work: Work, order_id: int, status_id: int) -> bool:
    """Whether the order gets the status its channel knows, while it was told of no other yet.

    Then nothing has to be said: neither the one nor the other.
    """
    last = next(iter(outgoing_queries.of_order(work.session, order_id, work.now)), None)
    if last is None or last.kind != outgoing.STATUS or last.undo is None \
            or last.undo["status"] != status_id:
        return False
    try:
        with work.session.begin_nested():
            outgoing.take_back(work, last)
    except NotAllowedNow:  # it leaves at this moment
        return False
    return True


def _never_said(work: Work, order: Order, status_id: int) -> bool:
    """Whether the status that the parts of a purchase had in common was recalled before its channel
    heard of it: the part that spoke for all went back already, and this one follows it.
    """
    last = outgoing_queries.newest_of_all(
        work.session, [one.id for one in purchase(work.session, order)])
    return (last is not None and last.order_id != order.id
            and (last.kind, last.state) == (outgoing.STATUS, outgoing.RECALLED)
            and last.undo == {"status": status_id, "is": order.status_id})


def recall_status(work: Work, decided: outgoing.Outgoing) -> None:
    """Give an order back the status it had; its channel learns nothing.

    Raises:
        NotAllowedNow: the channel is being told, or it has another status since.
    """
    order = orders.lock_order(work.session, decided.order_id)
    undo = decided.undo or {}
    if order.status_id != undo.get("is"):
        raise outgoing.newer()
    outgoing.take_back(work, decided)
    with outgoing.silence(work):
        _give_status(work, order, undo.get("status"))


def add_tag(work: Work, order_id: int, name: str) -> bool:
    """Hang a tag on an order, made if need be; False when it hangs there already.

    Raises:
        Invalid: no name, or one that is too long.
    """
    orders.lock_order(work.session, order_id)
    tag = labels.ensure_tag(work, name)
    if work.session.get(OrderTag, (tag.id, order_id)) is not None:
        return False
    work.session.add(OrderTag(tag_id=tag.id, order_id=order_id))
    audit.record(work, "orders.tag", "order", order_id, {"tag": [None, tag.name]})
    return True


def remove_tag(work: Work, order_id: int, tag_id: int) -> bool:
    """Take a tag off an order; False when it did not hang there."""
    orders.lock_order(work.session, order_id)
    tag = labels.get_tag(work.session, tag_id)
    gone = rows_changed(
        work.session,
        delete(OrderTag).where(OrderTag.order_id == order_id, OrderTag.tag_id == tag_id)
    )
    if not gone:
        return False
    audit.record(work, "orders.untag", "order", order_id, {"tag": [tag.name, None]})
    return True


def add_note(work: Work, order_id: int, text: str, *, for_packer: bool = False) -> int:
    """Write something on an order, for colleagues; the note's id.

    Args:
        for_packer: no parcel of the order closes before its packer said that they read it; one
            that is packed and still here opens again for that.

    Raises:
        Invalid: nothing, or too much.
    """
    order = orders.get_order(work.session, order_id)
    text = text.replace("\0", "").strip()
    if not text:
        raise Invalid("Write something.", "text")
    if len(text) > MAX_NOTE:
        raise Invalid("At most %(limit)s characters.", "text", limit=MAX_NOTE)
    note = Note(order_id=order_id, at=work.now, author=work.actor.name,
                author_kind=work.actor.kind, author_id=work.actor.id, text=text,
                for_packer=for_packer)
    work.session.add(note)
    work.session.flush()
    audit.record(work, "orders.note", "order", order_id,
                 {"for_packer": [False, True]} if for_packer else None, note=text[:200])
    if for_packer:
        replanning.open_packed(work, order, "a note must be confirmed")
    return note.id


def delete_note(work: Work, order_id: int, note_id: int) -> None:
    """Take one's own words off again.

    Raises:
        NotFound: no such note on this order.
        NotAllowedNow: somebody else wrote it.
    """
    note = work.session.get(Note, note_id)
    if note is None or note.order_id != order_id:
        raise NotFound("There is no such note.")
    if (note.author_kind, note.author_id) != (work.actor.kind, work.actor.id):
        raise NotAllowedNow("Only %(author)s may take this note off.", author=note.author)
    fulfilment.forget_note(work, note_id)
    work.session.delete(note)
    audit.record(work, "orders.unnote", "order", order_id, note=note.text[:200])


def deliver(work: Work, order_id: int) -> bool:
    """The buyer has the goods, as a person knows; False when that was known.

    For orders without parcels of ours; parcels are marked one by one where they are kept.

    Raises:
        NotAllowedNow: it has not left.
    """
    order = orders.lock_order(work.session, order_id)
    moved = orders.set_phase(work, order, "deliver")
    orders.refile(work, [order_id])
    return moved
