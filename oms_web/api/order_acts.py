"""What is done to an order: cancelled, held, let go, paid, noted."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Annotated

from pydantic import Field, field_validator

from oms_web.api.operations import Call, post
from oms_web.api.order_shapes import OrderAnswer, order_answer
from oms_web.api.shapes import Amount, Asked, Moment, Number, Units, text
from oms_web.core.errors import Invalid
from oms_web.core.money import exact_minor
from oms_web.domain.orders import service as orders
from oms_web.domain.orders import whole
from oms_web.flows import (
    order_cancel,
    order_edit,
    order_hold,
    order_pay,
    order_split,
    order_together,
)


class LineCancelled(Asked):
    """Units of a line."""

    line_id: Number
    units: Units


class CancelAsked(Asked):
    """What is called off."""

    reason: Annotated[str, text(300)] = ""
    lines: list[LineCancelled] = Field([], max_length=500, description=(
        "Only these units; if none are named, all that has not left."))


class HoldAsked(Asked):
    """Why it waits, and until when by itself."""

    reason: Annotated[str, text(300, 1)]
    until: Moment | None = None


class PayAsked(Asked):
    """Money that came."""

    amount: Amount
    reference: Annotated[str, text(80, 1, about="Your number of this payment: it is counted once.")]
    method: Annotated[str, text(80, example="transfer")] = ""
    at: Moment | None = Field(None, description="When it came; if not said, now.")


class NoteAsked(Asked):
    """Words for those who work on it."""

    note: Annotated[str, text(4000, 1)]

    @field_validator("note")
    @classmethod
    def _says_something(cls, note: str) -> str:
        if not note.strip():
            raise ValueError("write something")
        return note


class SplitAsked(Asked):
    """The units that become an order of their own."""

    lines: list[LineCancelled] = Field(min_length=1, max_length=500)


class TogetherAsked(Asked):
    """Orders that go into one parcel with it."""

    orders: list[Number] = Field([], max_length=20, description=(
        "If none are named: all open ones of the buyer to the same address."))


def _now(call: Call, order_id: int) -> OrderAnswer:
    call.work.session.flush()
    call.work.session.expire_all()
    return order_answer(whole.whole(call.work.session, order_id))


@post("/orders/{order_id}/cancel", "orders:write", act="orders.cancel", body=CancelAsked,
      gives=OrderAnswer)
def cancel_order(call: Call, order_id: int) -> OrderAnswer:
    """Cancel an order, or units of its lines. Reserved goods are free at once."""
    asked: CancelAsked = call.body
    if asked.lines:
        units = Counter[int]()
        for line in asked.lines:
            units[line.line_id] += line.units
        own = {line.id for line in orders.order_lines(call.work.session, order_id)}
        if not units.keys() <= own:
            raise Invalid("The order has no such line.", "lines")
        order_cancel.cancel_units(call.work, order_id, units, asked.reason)
    else:
        order_cancel.cancel(call.work, order_id, asked.reason)
    return _now(call, order_id)


@post("/orders/{order_id}/split", "orders:write", act="orders.edit", body=SplitAsked,
      gives=OrderAnswer)
def split_order(call: Call, order_id: int) -> OrderAnswer:
    """Make units of an order an order of their own; the answer is the new one.

    Reserved goods go with their units, and both orders together cost what the one did. 409 says why
    it is not possible: it is packed, invoiced, or has left.
    """
    asked: SplitAsked = call.body
    units = Counter[int]()
    for line in asked.lines:
        units[line.line_id] += line.units
    return _now(call, order_split.split(call.work, order_id, units))


@post("/orders/{order_id}/join", "orders:write", act="orders.edit", gives=OrderAnswer)
def join_order(call: Call, order_id: int) -> OrderAnswer:
    """Put an order back into the one it was split off, which is the answer."""
    order_split.join(call.work, order_id)
    split_from = whole.whole(call.work.session, order_id).split_from
    return _now(call, split_from or order_id)


@post("/orders/{order_id}/together", "orders:write", act="orders.edit", body=TogetherAsked,
      gives=OrderAnswer)
def send_together(call: Call, order_id: int) -> OrderAnswer:
    """Let orders of one buyer, of whatever channel, go into one parcel.

    Each keeps its money and its documents; each channel hears of its own units.
    """
    asked: TogetherAsked = call.body
    if asked.orders:
        order_together.join(call.work, [order_id, *asked.orders])
    else:
        order_together.join_buyers(call.work, order_id)
    return _now(call, order_id)


@post("/orders/{order_id}/apart", "orders:write", act="orders.edit", gives=OrderAnswer)
def send_apart(call: Call, order_id: int) -> OrderAnswer:
    """Take an order out of the parcel that it was to share."""
    order_together.leave(call.work, [order_id])
    return _now(call, order_id)


@post("/orders/{order_id}/hold", "orders:write", act="orders.hold", body=HoldAsked,
      gives=OrderAnswer)
def hold_order(call: Call, order_id: int) -> OrderAnswer:
    """Keep an order from being packed and sent. Its goods stay reserved."""
    asked: HoldAsked = call.body
    order_hold.hold(call.work, order_id, asked.reason, asked.until)
    return _now(call, order_id)


@post("/orders/{order_id}/release", "orders:write", act="orders.hold", gives=OrderAnswer)
def release_order(call: Call, order_id: int) -> OrderAnswer:
    """Let an order go on that was held by hand. Other holds stay until their cause is gone."""
    order_hold.release(call.work, order_id)
    return _now(call, order_id)


@post("/orders/{order_id}/payments", "orders:write", act="payments.record", body=PayAsked,
      gives=OrderAnswer)
def pay_order(call: Call, order_id: int) -> OrderAnswer:
    """Record money that came for an order, in its currency. The same reference counts once."""
    asked: PayAsked = call.body
    order = orders.lock_order(call.work.session, order_id)
    order_pay.record(
        call.work, order_id, exact_minor(Decimal(asked.amount), order.currency, "amount"),
        asked.method, asked.at or call.work.now, f"api:{order_id}:{asked.reference}",
    )
    return _now(call, order_id)


@post("/orders/{order_id}/notes", "orders:write", act="orders.edit", body=NoteAsked,
      gives=OrderAnswer)
def note_order(call: Call, order_id: int) -> OrderAnswer:
    """Write a note on an order. Buyers never see it."""
    order_edit.add_note(call.work, order_id, call.body.note)
    return _now(call, order_id)
