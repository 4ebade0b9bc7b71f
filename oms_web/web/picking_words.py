"""What pick lists are called and what is said on the walk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from oms_web.domain.fulfilment import carts, queries, walk
from oms_web.extensions import db
from oms_web.flows import pick
from oms_web.web.failures import words_of
from oms_web.web.scanning import Said
from oms_web.web.toasts import say

METHODS: Mapping[str, Any] = {
    carts.CART: _l("Cart: a basket for each order"),
    carts.BATCH: _l("Batch: all goods together, sorted at packing"),
    carts.SINGLE: _l("Single: a list for each order"),
}
SHORT_METHODS: Mapping[str, Any] = {
    carts.CART: _l("cart"), carts.BATCH: _l("batch"), carts.SINGLE: _l("one order"),
}
REFUSED_SHOWN = 5


def wave(said: Mapping[str, Any]) -> str:
    """Which filter the orders of a list were taken by: ``InPost · leaves today``."""
    parts = [
        (said["carrier"] or gettext("no courier")) if said.get("carrier") is not None else "",
        {"today": gettext("leaves today"), "cutoff": gettext("next collection")}.get(
            said.get("due", ""), ""),
        said.get("account", ""),
        gettext("one unit") if said.get("single") else "",
    ]
    return " · ".join(filter(None, parts))


def say_started(made: Iterable[pick.Started]) -> None:
    """A toast for what is on a list now, and one for each order that was refused."""
    made = list(made)
    listed = {order_id for one in made for order_id in one.orders}
    if listed:
        say(ngettext("%(num)s order is on a pick list.", "%(num)s orders are on pick lists.",
                     len(listed)))
    refused = dict(pair for one in made for pair in one.refused if pair[0] not in listed)
    for order_id, why in list(refused.items())[:REFUSED_SHOWN]:
        say(f"{order_id}: {words_of(why)}", "bad")
    if len(refused) > REFUSED_SHOWN:
        say(ngettext("And %(num)s more could not be added.", "And %(num)s more could not be added.",
                     len(refused) - REFUSED_SHOWN), "bad")


def done(finished: bool) -> Said | None:
    """The walk is over."""
    if not finished:
        return None
    return Said("ok", gettext("The pick list is done. Its orders wait at the pack station."))


def heard(found: walk.Found, code: str) -> Said:
    """What a scan on the walk meant."""
    if found.result == "closed":
        return Said("warn", gettext("This list is collected already"),
                    note=gettext("Put this one back; nothing was counted."))
    if found.stop is None:
        return Said("bad", gettext("Not on this list"), note=code)
    goods = queries.goods(db.session, [found.stop.variant_id])[found.stop.variant_id]
    note = f"{found.stop.bin} · {goods.sku}"
    if found.result == "ok":
        so_far = gettext("%(n)s of %(total)s pcs", n=found.stop.picked, total=found.stop.needed)
        baskets = [gettext("basket %(n)s", n=basket) + (f": {some}" if some > 1 else "")
                   for basket, some in found.took if basket]
        return Said("ok", gettext("Taken: %(title)s", title=goods.title),
                    note=" · ".join([so_far, *baskets, note]))
    if found.result == "taken":
        return Said("warn", gettext("That line is complete: %(title)s", title=goods.title),
                    note=f"{note} · " + gettext("Put this one back."))
    return Said("ok", gettext("Here: %(title)s", title=goods.title), found.stop.left, note)


def decided(came: pick.Shortage) -> Said:
    """What became of a shortage."""
    parts = [gettext("order %(number)s: %(units)s from %(bin)s", number=order_id, units=units,
                     bin=place) for order_id, place, units in came.instead]
    parts += [gettext("order %(number)s waits for goods", number=order_id)
              for order_id in came.short]
    parts += [ngettext("order %(number)s: %(num)s unit cancelled",
                       "order %(number)s: %(num)s units cancelled", units, number=order_id)
              for order_id, units in came.cancelled]
    parts += [gettext("order %(number)s is off this list", number=order_id)
              for order_id in came.later]
    calm = not (came.short or came.later or came.cancelled)
    parts.append(gettext("the shelf is marked to be counted"))
    return Said("ok" if calm else "warn", gettext("Noted"), note="; ".join(parts))
