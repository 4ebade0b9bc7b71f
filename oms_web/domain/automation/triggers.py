"""When a rule is asked: what happened to an order, as the audit trail tells it, or what time it is.

An event of the trail is one act on one order. Acts that only repeat what was known, or that tell
of history brought in from a channel, start nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oms_web.core.marking import N_
from oms_web.domain.automation.fields import Facts

NEWS_HOURS = 14 * 24
"""An order that was placed longer ago when it came in is history: no rule greets it."""
CLOSED = frozenset(("done", "cancelled", "transit", "undelivered"))


def _always(change: Mapping[str, Any], facts: Facts) -> bool:
    return True


def _came(change: Mapping[str, Any], facts: Facts) -> bool:
    """Not an order that was over when it came, nor one that had been placed long before."""
    queue = (change.get("queue") or [None, None])[1]
    return queue not in CLOSED and facts["came_after_hours"] <= NEWS_HOURS


def _paid(change: Mapping[str, Any], facts: Facts) -> bool:
    return facts["payment_state"] in ("paid", "over")


@dataclass(frozen=True, slots=True)
class Trigger:
    """``acts`` of the audit trail. ``fits`` looks at what changed and at the order afterwards."""

    key: str
    label: str
    acts: tuple[str, ...]
    fits: Callable[[Mapping[str, Any], Facts], bool] = _always


@dataclass(frozen=True, slots=True)
class Timed:
    """A trigger of the clock. ``unit`` is what its number counts."""

    key: str
    label: str
    unit: str


TRIGGERS: dict[str, Trigger] = {trigger.key: trigger for trigger in (
    Trigger("came", N_("An order came in"), ("orders.receive", "orders.create"), _came),
    Trigger("confirmed", N_("A draft was confirmed"), ("orders.confirm",)),
    Trigger("paid", N_("An order was paid in full"), ("payments.record",), _paid),
    Trigger("payment", N_("Any payment arrived"), ("payments.record",)),
    Trigger("status", N_("The status changed"), ("orders.status",)),
    Trigger("phase", N_("The phase changed"), (
        "orders.confirm", "orders.start_packing", "orders.stop_packing", "orders.ship",
        "orders.undo_ship", "orders.deliver", "orders.cancel", "orders.undo_cancel",
        "orders.void")),
    Trigger("held", N_("An order was held"), ("orders.hold",)),
    Trigger("released", N_("A hold ended"), ("orders.release",)),
    Trigger("changed", N_("The channel changed an order"), ("orders.changed_on_channel",)),
    Trigger("tagged", N_("A tag was put on"), ("orders.tag",)),
    Trigger("packed", N_("A parcel was packed"), ("shipping.packed",)),
    Trigger("shipped", N_("An order was shipped"), ("orders.ship",)),
    Trigger("delivered", N_("An order was delivered"), ("orders.deliver",)),
    Trigger("undelivered", N_("A parcel was not delivered"), ("shipping.undelivered",)),
    Trigger("cancelled", N_("An order was cancelled"), ("orders.cancel", "orders.void")),
    Trigger("invoiced", N_("A document was issued"), ("documents.issue",)),
    Trigger("returned", N_("A return was announced or arrived"), ("returns.told",
                                                                  "returns.receive")),
)}

TIMED: dict[str, Timed] = {timed.key: timed for timed in (
    Timed("waits_in_queue", N_("An order waits in its queue for a time"), "hours"),
    Timed("waits_in_status", N_("An order keeps its status for a time"), "hours"),
    Timed("deadline", N_("A time before an order has to be shipped"), "hours"),
    Timed("daily", N_("Every day at an hour, for each open order"), "hour"),
)}

BY_ACT: dict[str, tuple[str, ...]] = {}
for _trigger in TRIGGERS.values():
    for _act in _trigger.acts:
        BY_ACT[_act] = (*BY_ACT.get(_act, ()), _trigger.key)
