"""What can be done to one order, by a button, a bulk change, a rule or a macro: one table.

An act gets an order and parameters, works in the transaction it is given, and says what would take
it back: again acts with parameters. So an undo needs no machinery of its own, and whatever a
person may do to one order can be done to a thousand, or by a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.automation import recalling
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.automation import macros
from oms_web.domain.messages import service as messages
from oms_web.domain.messages import templates
from oms_web.domain.orders import labels, lineage, outgoing
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Order, OrderTag, Tag
from oms_web.domain.webhooks import queries as webhooks
from oms_web.flows import (
    issue_document,
    order_call,
    order_cancel,
    order_edit,
    order_hold,
    order_message,
    order_split,
    order_together,
    order_verify,
    order_weight,
    ship,
)

Params = Mapping[str, Any]
Step = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Done:
    """How an act ended. ``changed``: False when it was so already. ``undo``: what takes it back,
    in this order; empty when nothing can.
    """

    changed: bool = True
    undo: tuple[Step, ...] = ()


SAME = Done(changed=False)
MOST_AT_ONCE = 1000
"""Orders that one act may name."""


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of an act.

    ``kind``: ``status tag text moment number carrier webhook macro template orders`` (numbers of
    orders; a bulk change fills in those that it is about).
    """

    name: str
    kind: str
    required: bool = True
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Act:
    """``needs`` is the right a person must have (``users/permissions.py``). ``listed``: offered to
    people; the others only take something back. ``least`` parameters must be given.
    """

    key: str
    do: Callable[[Work, int, Params], Done]
    needs: str
    fields: tuple[Field, ...] = ()
    listed: bool = True
    least: int = 0


def get(key: str) -> Act:
    """An act by its key.

    Raises:
        NotFound: there is none.
    """
    found = ACTS.get(key)
    if found is None:
        raise NotFound("There is no act %(name)s.", name=key)
    return found


def rights(session: Session, key: str, values: Params) -> set[str]:
    """What a person must be allowed to do this: of a macro, all that its acts need."""
    needed = {get(key).needs}
    if key == "macro" and str(values.get("macro") or "").isdigit():
        needed |= {get(step).needs for step, _ in macros.get(session, int(values["macro"])).steps}
    return needed


def clean(session: Session, act: Act, values: Params) -> dict[str, Any]:
    """Parameters as an act keeps them: JSON, checked, nothing that it does not know.

    Raises:
        InvalidForm: naming the parameters that cannot be so.
    """
    told: dict[str, Any] = {}
    problems: dict[str, OmsError] = {}
    for field in act.fields:
        try:
            value = _clean(session, field, values.get(field.name))
        except OmsError as error:
            problems[field.name] = error
            continue
        if value is not None:
            told[field.name] = value
        elif field.required:
            problems[field.name] = Invalid("Fill this in.", field.name)
    if len(told) < act.least and not problems:
        problems[act.fields[0].name] = Invalid("Fill this in.", act.fields[0].name)
    if problems:
        raise InvalidForm(problems)
    return told


def clean_steps(session: Session, steps: Sequence[Any], at: str = "then") -> list[list[Any]]:
    """Acts in their order, ``[act, parameters]`` each, as a rule or a macro keeps them.

    Raises:
        InvalidForm: what is wrong, by path: ``then.0.act``, ``then.2.status``.
    """
    told: list[list[Any]] = []
    problems: dict[str, OmsError] = {}
    for place, (key, values) in enumerate(steps):
        act = ACTS.get(key)
        if act is None or not act.listed:
            problems[f"{at}.{place}.act"] = Invalid("Choose what to do.", f"{at}.{place}.act")
            continue
        try:
            told.append([key, clean(session, act, values)])
        except InvalidForm as error:
            problems |= {f"{at}.{place}.{name}": one for name, one in error.problems.items()}
    if problems:
        raise InvalidForm(problems)
    return told


def do_all(work: Work, order_id: int, steps: Sequence[Any]
           ) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    """Do acts one after the other; what became of each, and what takes all of it back.

    Raises:
        OmsError: one was refused; the transaction has to go back.
    """
    told: list[dict[str, Any]] = []
    undo: list[list[Any]] = []
    for key, params in steps:
        done = get(key).do(work, order_id, params)
        told.append({"act": key, "changed": done.changed})
        undo = [*map(list, done.undo), *undo]
    return told, undo


def _clean(session: Session, field: Field, value: Any) -> Any:
    if value in (None, ""):
        return None
    if field.kind in _FOUND:
        return _FOUND[field.kind](session, int(value)).id if str(value).isdigit() else None
    if field.kind == "number":
        return _number(value, field.name)
    if field.kind == "moment":
        return _moment(value, field.name)
    if field.kind == "orders":
        return _numbers(value, field)
    text = tidy(str(value))
    if field.limit and len(text) > field.limit:
        raise Invalid("At most %(limit)s characters.", field.name, limit=field.limit)
    return text or None


# What a parameter names by its key, and who finds it.
_FOUND: Mapping[str, Callable[[Session, int], Any]] = {
    "status": labels.get_status, "webhook": webhooks.get, "macro": macros.get,
    "template": templates.get}


def _number(value: Any, name: str) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Invalid("This is not a whole number: %(text)s", name, text=text[:40])
    return int(text)


def _numbers(value: Any, field: Field) -> list[int]:
    """Numbers of orders, as a list or as text with commas between them."""
    given = value if isinstance(value, list | tuple) else str(value).split(",")
    found = [_number(one, field.name) for one in given]
    if len(found) > field.limit:
        raise Invalid("At most %(n)s orders at once.", field.name, n=field.limit)
    return found


def _moment(value: Any, name: str) -> str:
    """A moment as JSON keeps it."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise Invalid("This is not a date.", name) from None
    if moment.tzinfo is None:
        raise Invalid("This is not a date.", name)
    return moment.astimezone(UTC).isoformat()


# The acts ---------------------------------------------------------------------------------------


def _status(work: Work, order_id: int, params: Params) -> Done:
    before = orders.lock_order(work.session, order_id).status_id
    if not order_edit.set_status(work, order_id, params["status"]):
        return SAME
    return Done(undo=(("status", {"status": before}),) if before else ())


def _tag(work: Work, order_id: int, params: Params) -> Done:
    if not order_edit.add_tag(work, order_id, params["tag"]):
        return SAME
    return Done(undo=(("untag", {"tag": params["tag"]}),))


def _untag(work: Work, order_id: int, params: Params) -> Done:
    tag = work.session.scalar(
        select(Tag).join(OrderTag).where(Tag.name == params["tag"], OrderTag.order_id == order_id))
    if tag is None or not order_edit.remove_tag(work, order_id, tag.id):
        return SAME
    return Done(undo=(("tag", {"tag": params["tag"]}),))


def _hold(work: Work, order_id: int, params: Params) -> Done:
    before = _held(work, order_id)
    until = datetime.fromisoformat(params["until"]) if params.get("until") else None
    if params.get("hours"):
        until = work.now + timedelta(hours=params["hours"])
    order_hold.hold(work, order_id, params["reason"], until)
    return Done(undo=(before or ("release", {}),))


def _release(work: Work, order_id: int, params: Params) -> Done:
    before = _held(work, order_id)
    if not order_hold.release(work, order_id) or before is None:
        return SAME
    return Done(undo=(before,))


def _doubt(work: Work, order_id: int, params: Params) -> Done:
    if not order_verify.doubt(work, order_id, params["reason"]):
        return SAME
    return Done(undo=(("undoubt", {"reason": params["reason"]}),))


def _undoubt(work: Work, order_id: int, params: Params) -> Done:
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


def _delivery(work: Work, order_id: int, params: Params) -> Done:
    order: Order = orders.lock_order(work.session, order_id)
    before = {name: getattr(order, name) for name in _DELIVERY}
    if not order_edit.change_delivery(work, order_id, before | dict(params), order.ship_by):
        return SAME
    return Done(undo=(("delivery", before),))


def _note(work: Work, order_id: int, params: Params) -> Done:
    note_id = order_edit.add_note(work, order_id, params["text"])
    return Done(undo=(("unnote", {"note": note_id}),))


def _unnote(work: Work, order_id: int, params: Params) -> Done:
    order_edit.delete_note(work, order_id, params["note"])
    return Done()


def _cancel(work: Work, order_id: int, params: Params) -> Done:
    if not order_cancel.cancel(work, order_id, params.get("reason", "")):
        return SAME
    decided = outgoing.decided(work, outgoing.CANCEL, order_id)
    return Done(undo=(("recall", {"outgoing": decided.id}),) if decided else ())


def _recall(work: Work, order_id: int, params: Params) -> Done:
    """Only of this order: a step may not reach for another's."""
    if outgoing.get(work.session, params["outgoing"]).order_id != order_id:
        raise NotFound("There is nothing at this address.")
    return Done() if recalling.recall(work, params["outgoing"]) else SAME


def _hold_back(work: Work, order_id: int, params: Params) -> Done:
    """As a recall, but it is no harm if the buyer has the document already."""
    try:
        return _recall(work, order_id, params)
    except (NotAllowedNow, NotFound):
        return SAME


def _invoice(work: Work, order_id: int, params: Params) -> Done:
    _, is_new = issue_document.issue_invoice(work, order_id)
    if not is_new:
        return SAME
    decided = outgoing.decided(work, outgoing.INVOICE, order_id)
    return Done(undo=(("hold_back", {"outgoing": decided.id}),) if decided else ())


def _webhook(work: Work, order_id: int, params: Params) -> Done:
    order_call.call(work, order_id, params["webhook"], params.get("note", ""))
    return Done()


def _together(work: Work, order_id: int, params: Params) -> Done:
    came = order_together.join_buyers(work, order_id, params.get("orders", ()))
    return Done(undo=(("apart", {"orders": came}),)) if came else SAME


def _apart(work: Work, order_id: int, params: Params) -> Done:
    mates = [one for one in lineage.together(work.session, order_id) if one != order_id]
    if not order_together.leave(work, params.get("orders") or [order_id]):
        return SAME
    return Done(undo=(("together", {"orders": mates}),) if mates else ())


def _split(work: Work, order_id: int, params: Params) -> Done:
    part = order_split.split_as(work, order_id, order_split.REST)
    return Done(undo=(("join", {"part": part}),)) if part else SAME


def _join(work: Work, order_id: int, params: Params) -> Done:
    return Done() if order_split.join(work, params["part"]) else SAME


def _message(work: Work, order_id: int, params: Params) -> Done:
    message_id = order_message.write(work, order_id, params["template"])
    return Done(undo=(("unmessage", {"message": message_id}),)) if message_id else SAME


def _unmessage(work: Work, order_id: int, params: Params) -> Done:
    """What was sent cannot be called back; the rest of a change can all the same."""
    return Done() if messages.drop(work, params["message"]) else SAME


def _weight(work: Work, order_id: int, params: Params) -> Done:
    before = orders.lock_order(work.session, order_id).weight_g
    if not order_weight.weigh(work, order_id, params["grams"]):
        return SAME
    return Done(undo=(("weight", {"grams": before}) if before else ("unweigh", {}),))


def _unweigh(work: Work, order_id: int, params: Params) -> Done:
    before = orders.lock_order(work.session, order_id).weight_g
    if not order_weight.weigh(work, order_id, None):
        return SAME
    return Done(undo=(("weight", {"grams": before}),))


def _ship(work: Work, order_id: int, params: Params) -> Done:
    left = ship.ship_order(work, order_id)
    return Done(undo=(("unship", {"shipments": left}),)) if left else SAME


def _unship(work: Work, order_id: int, params: Params) -> Done:
    # The parcels stay packed: what was in somebody's hands is not unpacked by a click.
    back = [ship.recall(work, one) for one in reversed(params["shipments"])]
    return Done(undo=(("ship", {}),)) if any(back) else SAME


def _macro(work: Work, order_id: int, params: Params) -> Done:
    macro = macros.get(work.session, params["macro"])
    steps, undo = do_all(work, order_id, macro.steps)
    changed = any(step["changed"] for step in steps)
    return Done(changed, tuple((key, values) for key, values in undo)) if changed else SAME


ACTS: dict[str, Act] = {act.key: act for act in (
    Act("status", _status, "orders.edit", (Field("status", "status"),)),
    Act("tag", _tag, "orders.edit", (Field("tag", "tag", limit=40),)),
    Act("untag", _untag, "orders.edit", (Field("tag", "tag", limit=40),)),
    Act("hold", _hold, "orders.hold",
        (Field("reason", "text", limit=300), Field("until", "moment", required=False),
         Field("hours", "number", required=False))),
    Act("release", _release, "orders.hold"),
    Act("doubt", _doubt, "orders.hold", (Field("reason", "text", limit=200),)),
    Act("undoubt", _undoubt, "orders.hold", (Field("reason", "text"),), listed=False),
    Act("delivery", _delivery, "orders.edit",
        (Field("carrier", "carrier", required=False, limit=40),
         Field("delivery_method", "text", required=False, limit=120),
         Field("pickup_point", "text", required=False, limit=60)), least=1),
    Act("note", _note, "orders.edit", (Field("text", "text", limit=4000),)),
    Act("unnote", _unnote, "orders.edit", (Field("note", "number"),), listed=False),
    Act("cancel", _cancel, "orders.cancel", (Field("reason", "text", required=False, limit=300),)),
    Act("recall", _recall, "orders.cancel", (Field("outgoing", "number"),), listed=False),
    Act("weight", _weight, "orders.edit", (Field("grams", "number"),)),
    Act("unweigh", _unweigh, "orders.edit", listed=False),
    Act("ship", _ship, "ship.do"),
    Act("unship", _unship, "ship.do", listed=False),
    Act("invoice", _invoice, "documents.issue"),
    Act("together", _together, "orders.edit",
        (Field("orders", "orders", required=False, limit=MOST_AT_ONCE),)),
    Act("apart", _apart, "orders.edit",
        (Field("orders", "orders", required=False, limit=MOST_AT_ONCE),), listed=False),
    Act("split", _split, "orders.edit"),
    Act("join", _join, "orders.edit", (Field("part", "number"),), listed=False),
    Act("hold_back", _hold_back, "documents.issue", (Field("outgoing", "number"),), listed=False),
    Act("webhook", _webhook, "orders.edit",
        (Field("webhook", "webhook"), Field("note", "text", required=False, limit=300))),
    Act("message", _message, "messages.send", (Field("template", "template"),)),
    Act("unmessage", _unmessage, "messages.send", (Field("message", "number"),), listed=False),
    Act("macro", _macro, "orders.edit", (Field("macro", "macro"),)),
)}
