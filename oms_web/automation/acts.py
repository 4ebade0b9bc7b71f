"""What can be done to one order, by a button, a bulk change, a rule or a macro: one table.

An act gets an order and parameters, works in the transaction it is given, and says what would take
it back: again acts with parameters. So an undo needs no machinery of its own, and whatever a
person may do to one order can be done to a thousand, or by a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.orders import labels
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Order, OrderTag, Tag
from oms_web.flows import issue_document, order_cancel, order_edit, order_hold

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


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of an act. ``kind``: ``status tag text moment number carrier``."""

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


def _clean(session: Session, field: Field, value: Any) -> Any:
    if value in (None, ""):
        return None
    if field.kind == "status":
        return labels.get_status(session, int(value)).id if str(value).isdigit() else None
    if field.kind == "number":
        return int(value) if str(value).isdigit() else None
    if field.kind == "moment":
        return _moment(value, field.name)
    text = tidy(str(value))
    if field.limit and len(text) > field.limit:
        raise Invalid("At most %(limit)s characters.", field.name, limit=field.limit)
    return text or None


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
    until = params.get("until")
    order_hold.hold(work, order_id, params["reason"],
                    datetime.fromisoformat(until) if until else None)
    return Done(undo=(before or ("release", {}),))


def _release(work: Work, order_id: int, params: Params) -> Done:
    before = _held(work, order_id)
    if not order_hold.release(work, order_id) or before is None:
        return SAME
    return Done(undo=(before,))


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
    return Done() if order_cancel.cancel(work, order_id, params.get("reason", "")) else SAME


def _invoice(work: Work, order_id: int, params: Params) -> Done:
    _, is_new = issue_document.issue_invoice(work, order_id)
    return Done() if is_new else SAME


ACTS: dict[str, Act] = {act.key: act for act in (
    Act("status", _status, "orders.edit", (Field("status", "status"),)),
    Act("tag", _tag, "orders.edit", (Field("tag", "tag", limit=40),)),
    Act("untag", _untag, "orders.edit", (Field("tag", "tag", limit=40),)),
    Act("hold", _hold, "orders.hold",
        (Field("reason", "text", limit=300), Field("until", "moment", required=False))),
    Act("release", _release, "orders.hold"),
    Act("delivery", _delivery, "orders.edit",
        (Field("carrier", "carrier", required=False, limit=40),
         Field("delivery_method", "text", required=False, limit=120),
         Field("pickup_point", "text", required=False, limit=60)), least=1),
    Act("note", _note, "orders.edit", (Field("text", "text", limit=4000),)),
    Act("unnote", _unnote, "orders.edit", (Field("note", "number"),), listed=False),
    Act("cancel", _cancel, "orders.cancel", (Field("reason", "text", required=False, limit=300),)),
    Act("invoice", _invoice, "documents.issue"),
)}
