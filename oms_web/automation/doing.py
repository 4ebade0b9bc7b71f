"""What each act does to one order, by the flows that people use too; see ``acts.py``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import select

from oms_web.automation import recalling
from oms_web.automation.act_kinds import SAME, Done, Params, Step
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.messages import service as messages
from oms_web.domain.orders import lineage, outgoing
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Order, OrderTag, Tag
from oms_web.domain.shipping import bookings
from oms_web.flows import (
    issue_document,
    label_back,
    order_allocate,
    order_call,
    order_cancel,
    order_edit,
    order_hold,
    order_message,
    order_packaging,
    order_split,
    order_together,
    order_verify,
    order_weight,
)
from oms_web.flows import label as labels
from oms_web.flows import ship as leaving


def status(work: Work, order_id: int, params: Params) -> Done:
    before = orders.lock_order(work.session, order_id).status_id
    if not order_edit.set_status(work, order_id, params["status"]):
        return SAME
    return Done(undo=(("status_back", {"status": before}),) if before else ())


def status_back(work: Work, order_id: int, params: Params) -> Done:
    before = orders.lock_order(work.session, order_id).status_id
    if not order_edit.set_status(work, order_id, params["status"], as_before=True):
        return SAME
    return Done(undo=(("status", {"status": before}),))


def tag(work: Work, order_id: int, params: Params) -> Done:
    if not order_edit.add_tag(work, order_id, params["tag"]):
        return SAME
    return Done(undo=(("untag", {"tag": params["tag"]}),))


def untag(work: Work, order_id: int, params: Params) -> Done:
    tag = work.session.scalar(
        select(Tag).join(OrderTag).where(Tag.name == params["tag"], OrderTag.order_id == order_id))
    if tag is None or not order_edit.remove_tag(work, order_id, tag.id):
        return SAME
    return Done(undo=(("tag", {"tag": params["tag"]}),))


def hold(work: Work, order_id: int, params: Params) -> Done:
    before = _held(work, order_id)
    until = datetime.fromisoformat(params["until"]) if params.get("until") else None
    if params.get("hours"):
        until = work.now + timedelta(hours=params["hours"])
    order_hold.hold(work, order_id, params["reason"], until)
    return Done(undo=(before or ("release", {}),))


def release(work: Work, order_id: int, params: Params) -> Done:
    before = _held(work, order_id)
    if not order_hold.release(work, order_id) or before is None:
        return SAME
    return Done(undo=(before,))


def doubt(work: Work, order_id: int, params: Params) -> Done:
    if not order_verify.doubt(work, order_id, params["reason"]):
        return SAME
    return Done(undo=(("undoubt", {"reason": params["reason"]}),))


def undoubt(work: Work, order_id: int, params: Params) -> Done:
    return Done() if order_verify.take_doubt_back(work, order_id, params["reason"]) else SAME


def _held(work: Work, order_id: int) -> Step | None:
    """The act that would hold an order as a person holds it now."""
    hold = work.session.scalar(
        select(Hold).where(Hold.order_id == order_id, Hold.kind == order_hold.MANUAL,
                           Hold.released_at.is_(None)))
    if hold is None:
        return None
    told = {"reason": str(hold.detail.get("reason") or "")}
    return "hold", told | ({"until": hold.until.isoformat()} if hold.until else {})


_DELIVERY = ("delivery_method", "carrier", "pickup_point")


def delivery(work: Work, order_id: int, params: Params) -> Done:
    order: Order = orders.lock_order(work.session, order_id)
    before = {name: getattr(order, name) for name in _DELIVERY}
    if not order_edit.change_delivery(work, order_id, before | dict(params), order.ship_by):
        return SAME
    return Done(undo=(("delivery", before),))


def note(work: Work, order_id: int, params: Params) -> Done:
    note_id = order_edit.add_note(work, order_id, params["text"])
    return Done(undo=(("unnote", {"note": note_id}),))


def unnote(work: Work, order_id: int, params: Params) -> Done:
    order_edit.delete_note(work, order_id, params["note"])
    return Done()


def cancel(work: Work, order_id: int, params: Params) -> Done:
    if not order_cancel.cancel(work, order_id, params.get("reason", "")):
        return SAME
    decided = outgoing.decided(work, outgoing.CANCEL, order_id)
    return Done(undo=(("recall", {"outgoing": decided.id}),) if decided else ())


def recall(work: Work, order_id: int, params: Params) -> Done:
    """Only of this order: a step may not reach for another's."""
    if outgoing.get(work.session, params["outgoing"]).order_id != order_id:
        raise NotFound("There is nothing at this address.")
    return Done() if recalling.recall(work, params["outgoing"]) else SAME


def hold_back(work: Work, order_id: int, params: Params) -> Done:
    """As a recall, but it is no harm if the buyer has the document already."""
    try:
        return recall(work, order_id, params)
    except (NotAllowedNow, NotFound):
        return SAME


def invoice(work: Work, order_id: int, params: Params) -> Done:
    _, is_new = issue_document.issue_invoice(work, order_id)
    if not is_new:
        return SAME
    decided = outgoing.decided(work, outgoing.INVOICE, order_id)
    return Done(undo=(("hold_back", {"outgoing": decided.id}),) if decided else ())


def webhook(work: Work, order_id: int, params: Params) -> Done:
    order_call.call(work, order_id, params["webhook"], params.get("note", ""))
    return Done()


def together(work: Work, order_id: int, params: Params) -> Done:
    came = order_together.join_buyers(work, order_id, params.get("orders", ()))
    if came:
        return Done(undo=(("apart", {"orders": came}),))
    # Of several that were chosen, the first one took the others along: it was done to them, too.
    mates = {*lineage.together(work.session, order_id)} - {order_id}
    return Done() if mates.intersection(params.get("orders", ())) else SAME


def apart(work: Work, order_id: int, params: Params) -> Done:
    mates = [one for one in lineage.together(work.session, order_id) if one != order_id]
    if not order_together.leave(work, params.get("orders") or [order_id]):
        return SAME
    return Done(undo=(("together", {"orders": mates}),) if mates else ())


def split(work: Work, order_id: int, params: Params) -> Done:
    part = order_split.split_as(work, order_id, order_split.REST)
    return Done(undo=(("join", {"part": part}),)) if part else SAME


def join(work: Work, order_id: int, params: Params) -> Done:
    return Done() if order_split.join(work, params["part"]) else SAME


def allocate(work: Work, order_id: int, params: Params) -> Done:
    return _moved(order_allocate.allocate(work, order_id, params["warehouse"]))


def put_back(work: Work, order_id: int, params: Params) -> Done:
    return _moved(order_allocate.put_back(work, order_id, params["lines"], params["takes"]))


def _moved(before: order_allocate.Places | None) -> Done:
    """What puts promises back where they were, to the shelf."""
    return SAME if before is None else Done(undo=(("put_back", asdict(before)),))


def message(work: Work, order_id: int, params: Params) -> Done:
    message_id = order_message.write(work, order_id, params["template"])
    return Done(undo=(("unmessage", {"message": message_id}),)) if message_id else SAME


def unmessage(work: Work, order_id: int, params: Params) -> Done:
    """What was sent cannot be called back; the rest of a change can all the same."""
    return Done() if messages.drop(work, params["message"]) else SAME


def weight(work: Work, order_id: int, params: Params) -> Done:
    before = orders.lock_order(work.session, order_id).weight_g
    if not order_weight.weigh(work, order_id, params["grams"]):
        return SAME
    return Done(undo=(("weight", {"grams": before}) if before else ("unweigh", {}),))


def packaging(work: Work, order_id: int, params: Params) -> Done:
    before = orders.lock_order(work.session, order_id).packaging_id
    if not order_packaging.choose(work, order_id, params.get("packaging")):
        return SAME
    return Done(undo=(("packaging", {"packaging": before}) if before else ("any_packaging", {}),))


def unweigh(work: Work, order_id: int, params: Params) -> Done:
    before = orders.lock_order(work.session, order_id).weight_g
    if not order_weight.weigh(work, order_id, None):
        return SAME
    return Done(undo=(("weight", {"grams": before}),))


def label(work: Work, order_id: int, params: Params) -> Done:
    """Have its label bought by the rules of sending; one that is there or on its way stays."""
    before = {one.id for one in bookings.of_order(work.session, order_id)}
    booking = labels.book_order(work, order_id)
    if booking.id in before:
        return SAME
    return Done(undo=(("unlabel", {"booking": booking.id}),))


def unlabel(work: Work, order_id: int, params: Params) -> Done:
    return Done(label_back.void(work, params["booking"]).state != bookings.REFUSED)


def ship(work: Work, order_id: int, params: Params) -> Done:
    left = leaving.ship_order(work, order_id)
    return Done(undo=(("unship", {"shipments": left}),)) if left else SAME


def unship(work: Work, order_id: int, params: Params) -> Done:
    # The parcels stay packed: what was in somebody's hands is not unpacked by a click.
    back = [leaving.recall(work, one) for one in reversed(params["shipments"])]
    return Done(undo=(("ship", {}),)) if any(back) else SAME
