"""Why a line came up short although a channel sold it: the system's own post-mortem."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.oversell import Value
from oms_web.extensions import db
from oms_web.inspection import post_mortem
from oms_web.inspection.post_mortem import PostMortem
from oms_web.web.access import act
from oms_web.web.channel_words import OUTCOMES
from oms_web.web.formats import seconds
from oms_web.web.render import render

screen = Blueprint("post_mortem", __name__)

# cause -> (what happened, what would have helped)
CAUSES: dict[str, tuple[Any, Any]] = {
    "not_published": (
        _l("We do not publish stock to this channel, so it sold what it believed to have."),
        _l("Turn on the publication of stock in the channel's settings."),
    ),
    "never_sent": (
        _l("No quantity of this offer was ever sent."),
        _l("Link the offer to its product; from then on every change is sent."),
    ),
    "refused": (
        _l("The channel had refused our quantity and went on showing an older one."),
        _l("See the reason in the journal and mend it at the channel."),
    ),
    "on_its_way": (
        _l("A lower quantity was on its way when the buyer bought: the channel had not yet "
           "accepted it."),
        _l("Holding back a few units on this offer covers such a gap."),
    ),
    "sold_elsewhere": (
        _l("The same units were sold elsewhere between the purchase and the moment we heard "
           "of it."),
        _l("Holding back a few units on this offer covers such a gap."),
    ),
    "lost_here": (
        _l("The units were booked out here while the channel still showed them."),
        _l("Nothing to change at the channel: look at the correction in the ledger."),
    ),
    "more_than_said": (
        _l("The channel sold more than we had told it to show."),
        _l("Look at the drift radar: the channel shows something else than it accepted."),
    ),
    "unknown": (
        _l("The journal does not explain it."),
        _l("Compare the moments below with the channel's own history of the offer."),
    ),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, for the list. ``tone`` is ``bad``, ``warn`` or empty."""

    at: datetime
    words: str
    order_id: int | None = None
    tone: str = ""


@screen.get("/orders/<int:order_id>/lines/<int:line_id>/short")
@act("orders.see")
def show(order_id: int, line_id: int) -> Response:
    """The post-mortem of one line."""
    found = post_mortem.of_line(db.session, order_id, line_id)
    what, help_ = CAUSES[found.verdict.cause]
    return render(
        "order_card/short.html", found=found, what=what, help=help_,
        moments=sorted(_moments(found), key=lambda moment: moment.at),
    )


def _moments(found: PostMortem) -> Iterator[Moment]:
    name = found.account.name if found.account else ""
    for value in found.values:
        yield _sent(value, name)
    accounts = {row.id: row.name for row in db.session.query(ChannelAccount)}
    for taking in found.takings:
        units = ngettext("%(num)s pc", "%(num)s pcs", taking.units)
        if taking.what == "order":
            where = accounts.get(taking.account_id or 0) or gettext("taken down by hand")
            yield Moment(taking.at, gettext("Order %(number)s took %(units)s (%(where)s)",
                                            number=taking.order_id, units=units, where=where),
                         taking.order_id, "warn")
        else:
            yield Moment(taking.at, gettext("%(units)s were booked out", units=units), tone="warn")
    yield Moment(found.order.placed_at, gettext("The buyer bought this here (%(where)s)",
                                                where=name), tone="bad")
    missing = ngettext("%(num)s pc", "%(num)s pcs", found.missing)
    yield Moment(found.order.created_at, gettext("We heard of the order: %(units)s missing",
                                                 units=missing), tone="bad")


def _sent(value: Value, name: str) -> Moment:
    if value.outcome == "drift":
        return Moment(value.answered_at, gettext("%(where)s showed %(n)s, read back", where=name,
                                                 n=value.quantity), tone="warn")
    lag = seconds((value.answered_at - value.wanted_at).total_seconds())
    return Moment(value.answered_at, gettext(
        "%(n)s sent to %(where)s: %(outcome)s after %(lag)s", n=value.quantity, where=name,
        outcome=OUTCOMES.get(value.outcome, value.outcome), lag=lag))
