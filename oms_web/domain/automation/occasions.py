"""When a rule of the clock has something to ask about an order, and what that occasion is called.

An occasion is the same however often the clock looks; a second stay in a queue, another deadline,
the next day are new ones.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from oms_web.core.clock import SHOP_ZONE
from oms_web.domain.automation.fields import Facts

TO_SHIP = frozenset(("open", "packing"))
_FORM = "%Y%m%dT%H%M%S"


def occasion(trigger: str, every: int, facts: Facts, now: datetime, since: datetime) -> str:
    """The name of the present occasion; empty if there is none.

    Args:
        trigger: a key of ``triggers.TIMED``; ``every`` its number.
        since: when the rule was switched on.
    """
    if trigger == "waits_in_queue":
        return _waited("queue", facts["queue_since"], every, now)
    if trigger == "waits_in_status":
        return _waited("status", facts["status_since"], every, now) if facts["status"] else ""
    if trigger == "deadline":
        ship_by = facts["ship_by"]
        near = ship_by is not None and facts["phase"] in TO_SHIP \
            and ship_by - timedelta(hours=every) <= now
        return f"deadline:{ship_by.strftime(_FORM)}" if near else ""
    today = now.astimezone(SHOP_ZONE).date()
    moment = datetime.combine(today, time(every), SHOP_ZONE)
    return f"day:{today:%Y%m%d}" if since <= moment <= now else ""


def _waited(what: str, begun: datetime, hours: int, now: datetime) -> str:
    return f"{what}:{begun.strftime(_FORM)}" if begun + timedelta(hours=hours) <= now else ""
