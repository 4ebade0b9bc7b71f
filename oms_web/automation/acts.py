"""What can be done to one order, by a button, a bulk change, a rule or a macro: one table.

An act gets an order and parameters, works in the transaction it is given, and says what would take
it back: again acts with parameters. So an undo needs no machinery of its own, and whatever a
person may do to one order can be done to a thousand, or by a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from oms_web.automation import doing
from oms_web.automation.act_kinds import MOST_AT_ONCE, SAME, Act, Done, Field, Params, Step
from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.text import key_in, tidy
from oms_web.core.work import Work
from oms_web.domain.automation import macros
from oms_web.domain.messages import templates
from oms_web.domain.orders import labels
from oms_web.domain.shipping import sending
from oms_web.domain.stock import warehouses
from oms_web.domain.webhooks import queries as webhooks

__all__ = [
    "ACTS", "MOST_AT_ONCE", "SAME", "Act", "Done", "Field", "Params", "Step", "clean",
    "clean_steps", "do_all", "get", "rights",
]


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
    macro = key_in(str(values.get("macro") or "")) if key == "macro" else None
    if macro is not None:
        needed |= {get(step).needs for step, _ in macros.get(session, macro).steps}
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
        number = key_in(str(value))
        return None if number is None else _FOUND[field.kind](session, number).id
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
    "template": templates.get, "warehouse": warehouses.warehouse,
    "packaging": sending.get_packaging}


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


def _macro(work: Work, order_id: int, params: Params) -> Done:
    macro = macros.get(work.session, params["macro"])
    steps, undo = do_all(work, order_id, macro.steps)
    changed = any(step["changed"] for step in steps)
    return Done(changed, tuple((key, values) for key, values in undo)) if changed else SAME


ACTS: dict[str, Act] = {act.key: act for act in (
    Act("status", doing.status, "orders.edit", (Field("status", "status"),)),
    Act("status_back", doing.status_back, "orders.edit", (Field("status", "status"),),
        listed=False),
    Act("tag", doing.tag, "orders.edit", (Field("tag", "tag", limit=40),)),
    Act("untag", doing.untag, "orders.edit", (Field("tag", "tag", limit=40),)),
    Act("hold", doing.hold, "orders.hold",
        (Field("reason", "text", limit=300), Field("until", "moment", required=False),
         Field("hours", "number", required=False))),
    Act("release", doing.release, "orders.hold"),
    Act("doubt", doing.doubt, "orders.hold", (Field("reason", "text", limit=200),)),
    Act("undoubt", doing.undoubt, "orders.hold", (Field("reason", "text"),), listed=False),
    Act("delivery", doing.delivery, "orders.edit",
        (Field("carrier", "carrier", required=False, limit=40),
         Field("delivery_method", "text", required=False, limit=120),
         Field("pickup_point", "text", required=False, limit=60)), least=1),
    Act("note", doing.note, "orders.edit", (Field("text", "text", limit=4000),)),
    Act("unnote", doing.unnote, "orders.edit", (Field("note", "number"),), listed=False),
    Act("cancel", doing.cancel, "orders.cancel",
        (Field("reason", "text", required=False, limit=300),), alone=True),
    Act("recall", doing.recall, "orders.cancel", (Field("outgoing", "number"),), listed=False,
        alone=True),
    Act("weight", doing.weight, "orders.edit", (Field("grams", "number"),)),
    Act("packaging", doing.packaging, "orders.edit", (Field("packaging", "packaging"),)),
    Act("any_packaging", doing.packaging, "orders.edit", listed=False),
    Act("unweigh", doing.unweigh, "orders.edit", listed=False),
    Act("label", doing.label, "ship.do"),
    Act("unlabel", doing.unlabel, "ship.do", (Field("booking", "number"),), listed=False),
    Act("ship", doing.ship, "ship.do", alone=True),
    Act("unship", doing.unship, "ship.do", listed=False, alone=True),
    Act("invoice", doing.invoice, "documents.issue"),
    Act("together", doing.together, "orders.edit",
        (Field("orders", "orders", required=False, limit=MOST_AT_ONCE),), alone=True),
    Act("apart", doing.apart, "orders.edit",
        (Field("orders", "orders", required=False, limit=MOST_AT_ONCE),), listed=False,
        alone=True),
    Act("split", doing.split, "orders.edit", alone=True),
    Act("join", doing.join, "orders.edit", (Field("part", "number"),), listed=False, alone=True),
    Act("allocate", doing.allocate, "orders.edit", (Field("warehouse", "warehouse"),), alone=True),
    Act("put_back", doing.put_back, "orders.edit", listed=False, alone=True),
    Act("hold_back", doing.hold_back, "documents.issue", (Field("outgoing", "number"),),
        listed=False),
    Act("webhook", doing.webhook, "orders.edit",
        (Field("webhook", "webhook"), Field("note", "text", required=False, limit=300))),
    Act("message", doing.message, "messages.send", (Field("template", "template"),)),
    Act("unmessage", doing.unmessage, "messages.send", (Field("message", "number"),), listed=False),
    Act("macro", _macro, "orders.edit", (Field("macro", "macro"),), alone=True),
)}
