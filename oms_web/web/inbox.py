"""The cases that wait for a person: what is wrong, what it means, and the button that frees it.

Each source is a function from the session to cases; it asks one or two bounded questions. A case is
shown to those who may do what its button does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext, ngettext
from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.orm import Mapped, Session

from oms_web.automation import explaining
from oms_web.core.claims import Task
from oms_web.core.clock import day_bounds, local_day
from oms_web.domain.automation import rules
from oms_web.domain.catalog.models import Variant
from oms_web.domain.messages import conversations
from oms_web.domain.messages import queries as messages
from oms_web.domain.orders import phases, shortages
from oms_web.domain.orders.models import AMONG_TO_SHIP, Hold, Order
from oms_web.domain.webhooks import queries as webhooks
from oms_web.sync.models import Quarantine
from oms_web.web import formats, inbox_after, inbox_parcels
from oms_web.web.access import allowed
from oms_web.web.asked import link
from oms_web.web.inbox_case import Asked, Case
from oms_web.web.inbox_doubts import not_told, verification
from oms_web.web.inbox_ksef import announcements, rejections
from oms_web.web.inbox_stock import low_stock, shelves_to_count, stock_on_channels
from oms_web.web.rule_words import STOPPED
from oms_web.web.shell import exists

MOST = 999
RECENT = timedelta(days=7)
ANSWER_IN = timedelta(hours=24)
"""Who waits longer than this comes first: marketplaces rate how soon sellers answer."""
READY = ("pick", "pack", "courier")


def cases(asked: Asked) -> list[Case]:
    """Everything that waits for this person, the worst first."""
    found = [case for act, endpoint, source in SOURCES if allowed(act) and exists(endpoint)
             for case in source(asked)]
    rank = {"bad": 0, "warn": 1, "": 2}
    return sorted(found, key=lambda case: rank[case.tone])


def broken_channels(asked: Asked) -> Iterator[Case]:
    """Channels that refuse us, or do not answer."""
    for one in asked.accounts:
        url = url_for("channels.show", account_id=one.account.id)
        name = one.account.name
        if one.is_awaited:
            yield Case(
                "warn", "plug-connected", gettext("%(name)s: not connected yet", name=name), "",
                gettext("Say yes on the channel's own page; orders come in from then on."),
                url, gettext("Connect"), since=one.account.created_at,
            )
        elif one.account.state == "broken":
            yield Case(
                "bad", "plug-connected-x", gettext("%(name)s: access refused", name=name), "",
                gettext("No orders come in, and stock there does not change. Nothing is lost: "
                        "orders wait at the channel."),
                url, gettext("Reconnect"), since=one.read_at,
            )
        elif one.account.state == "active" and one.slowed:
            yield Case(
                "warn", "cloud-off", gettext("%(name)s does not answer", name=name), "",
                gettext("We try again by ourselves; nothing is lost."),
                url, gettext("Look at it"), since=one.read_at,
            )


def late(asked: Asked) -> Iterator[Case]:
    """Orders whose time to leave has passed, and those that leave today."""
    n, first = _since(asked.session, Order.ship_by, Order.ship_by < asked.now)
    if n:
        yield Case(
            "bad", "clock-exclamation", gettext("Past the ship-by time"), _orders(n),
            gettext("Buyers were promised these. Pack them first, or tell the buyers."),
            _list(ship="late"), gettext("Show them"), due=first,
        )
    ends = day_bounds(local_day(asked.now))[1]
    n, first = _since(asked.session, Order.ship_by, Order.queue.in_(READY),
                      Order.ship_by >= asked.now, Order.ship_by < ends)
    if n:
        yield Case(
            "warn", "truck-delivery", gettext("Leave today"), _orders(n),
            gettext("The courier collects at %(hour)s. To pick: %(pick)s, to pack: %(pack)s.",
                    hour=asked.cut_off, pick=asked.queues.get("pick", 0),
                    pack=asked.queues.get("pack", 0)),
            _list(ship="today"), gettext("Set the order of work"), due=first,
        )


def short_stock(asked: Asked) -> Iterator[Case]:
    """Orders that wait for goods, and the SKU that most is missing of."""
    n = asked.queues.get("short", 0)
    if not n:
        return
    lacking = shortages.lacking(asked.session)
    text = gettext("Receive a delivery, move goods between warehouses, or cancel what cannot come.")
    if lacking:
        worst = max(lacking, key=lambda variant_id: lacking[variant_id])
        sku = asked.session.scalar(select(Variant.sku).where(Variant.id == worst)) or ""
        text = ngettext("%(sku)s: %(num)s unit is missing.", "%(sku)s: %(num)s units are missing.",
                        lacking[worst], sku=sku)
    count = gettext("%(orders)s, %(n)s SKU", orders=_orders(n), n=len(lacking)) if lacking \
        else _orders(n)
    yield Case("bad", "package-off", gettext("Short stock"), count, text, _list(queue="short"),
               gettext("Solve the shortages"), since=asked.first_placed.get("short"))


# hold -> icon, endpoint of its button; the words are made when they are read.
_HOLDS = {
    "unmapped": "link-off", "changed": "transfer", "refund": "cash-banknote",
    "manual": "player-pause",
}


def _hold_words(kind: str) -> tuple[str, str, str]:
    return {
        "unmapped": (gettext("Offers without a product"),
                     gettext("The orders are in, but reserve nothing until you name the SKU."),
                     gettext("Link them")),
        "changed": (gettext("Changed on the channel"),
                    gettext("What changed there is being packed, or was changed here too."),
                    gettext("Look at the changes")),
        "refund": (gettext("Money to give back"),
                   gettext("These orders were cancelled and paid. Each names its amount."),
                   gettext("Give the money back")),
        "manual": (gettext("Held by a person"),
                   gettext("Somebody wanted them to wait; each says why, and perhaps until when."),
                   gettext("Look at them")),
    }[kind]


def holds(asked: Asked) -> Iterator[Case]:
    """Orders that cannot go on before somebody looks, by the reason."""
    rows = asked.session.execute(
        select(Hold.kind, func.count(), func.min(Hold.set_at))
        .where(Hold.released_at.is_(None), Hold.kind.in_(_HOLDS)).group_by(Hold.kind)
    )
    for kind, n, since in sorted(rows, key=lambda row: list(_HOLDS).index(row[0])):
        title, text, button = _hold_words(kind)
        links = kind == "unmapped" and exists("listings.index") and allowed("listings.map")
        url = url_for("listings.index") if links else _list(hold=kind)
        tone = {"changed": "bad", "manual": ""}.get(kind, "warn")
        yield Case(tone, _HOLDS[kind], title, _orders(n), text,
                   url, button, since=since)


def payments(asked: Asked) -> Iterator[Case]:
    """Open orders paid with another amount than they cost."""
    n, first = _since(asked.session, Order.placed_at,
                      Order.payment_state.in_(("part", "over")))
    if n:
        yield Case("warn", "cash-banknote", gettext("Payment does not agree"), _orders(n),
                   gettext("Paid too little or too much. Compare with the bank."),
                   _list(payment=("part", "over")), gettext("Compare"),
                   since=first)


def undelivered(asked: Asked) -> Iterator[Case]:
    """Parcels that come back or wait for an address."""
    n = asked.queues.get("undelivered", 0)
    if n:
        yield Case("warn", "truck-return", gettext("Undelivered"), _orders(n),
                   gettext("The parcels are coming back or wait for a better address."),
                   _list(queue="undelivered"), gettext("Look at the parcels"),
                   since=asked.first_placed.get("undelivered"))


def unread_orders(asked: Asked) -> Iterator[Case]:
    """What came from a channel and could not be read."""
    n = sum(one.quarantined for one in asked.accounts)
    if n:
        yield Case("warn", "file-off", gettext("Not read"),
                   ngettext("%(num)s record", "%(num)s records", n),
                   gettext("Kept with their text and the reason; they can be tried again."),
                   url_for("quarantine.index"), gettext("Look at them"),
                   since=asked.session.scalar(select(func.min(Quarantine.first_at))
                                              .where(Quarantine.state == "waiting")))


def documents(asked: Asked) -> Iterator[Case]:
    """Buyers who wait for an invoice after their parcel has left."""
    n = _capped(asked.session, literal_column("wants_invoice AND NOT is_documented"),
                Order.phase.in_((phases.SHIPPED, phases.DONE)))
    if n:
        yield Case("", "file-invoice", gettext("Sent without their invoice"), _orders(n),
                   gettext("The parcels have left; the buyers asked for an invoice."),
                   _list(documents="sent"), gettext("Issue them"))


def dead_tasks(asked: Asked) -> Iterator[Case]:
    """Background work that was given up."""
    n, since = asked.session.execute(
        select(func.count(), func.min(Task.finished_at))
        .where(Task.state == "dead", Task.finished_at > asked.now - RECENT)
    ).one()
    if n:
        yield Case("warn", "list-check", gettext("Work that was given up"),
                   ngettext("%(num)s task", "%(num)s tasks", n),
                   gettext("It was tried several times. See why, and start it again."),
                   url_for("tasks.index"), gettext("See why"), since=since)


def broken_webhooks(asked: Asked) -> Iterator[Case]:
    """Webhooks that are told nothing any more, though nobody stopped them here."""
    for one in webhooks.stopped(asked.session):
        yield Case("warn", "bell", gettext("Webhook %(name)s stopped", name=one.name), "",
                   gettext("Its receiver does not take the events. They wait; nothing is lost."),
                   url_for("webhooks.show", webhook_id=one.id), gettext("Look at it"),
                   since=one.failing_since)


def stopped_rules(asked: Asked) -> Iterator[Case]:
    """Rules that a brake has stopped, and rules that failed since yesterday."""
    for rule in rules.all_rules(asked.session):
        if rule.state == rules.STOPPED:
            yield Case("bad", "git-branch", gettext("Rule %(name)s stopped itself", name=rule.name),
                       "", str(STOPPED[rule.stopped_why]),
                       url_for("rules.show", rule_id=rule.id), gettext("Look at it"),
                       since=rule.switched_at)
    for rule_id, name, n, since in explaining.failed(asked.session, asked.now - RECENT):
        yield Case("warn", "git-branch", gettext("Rule %(name)s could not act", name=name),
                   _orders(n), gettext("Nothing of it was done to these orders; each says why."),
                   url_for("rule_history.runs", rule_id=rule_id, outcome="failed"),
                   gettext("See why"), since=since)


def lost_messages(asked: Asked) -> Iterator[Case]:
    """Buyers who were not told what they should have been told."""
    n = messages.count_wrong(asked.session)
    if n:
        yield Case(
            "warn", "mail", gettext("Messages that did not reach buyers"),
            formats.number(n) if n <= messages.MOST_WRONG else
            gettext("more than %(n)s", n=formats.number(messages.MOST_WRONG)),
            gettext("They were not sent, or nobody knows whether they were."),
            url_for("messages.index", state="wrong"), gettext("Show them"),
        )


def unanswered(asked: Asked) -> Iterator[Case]:
    """Buyers who wrote on a channel and wait for an answer."""
    n, since = conversations.waiting(asked.session)
    if n:
        yield Case(
            "bad" if since is not None and asked.now - since > ANSWER_IN else "warn", "message",
            gettext("Buyers wait for an answer"),
            formats.number(n) if n <= conversations.MOST_WAITING else
            gettext("more than %(n)s", n=formats.number(conversations.MOST_WAITING)),
            gettext("They wrote on a channel. Answer, or say that no answer is needed."),
            url_for("threads.index"), gettext("Answer them"), since=since)


def floor_work(asked: Asked) -> Iterator[Case]:
    """For those who work on the floor and see no order list: what there is to do."""
    if allowed("orders.see"):
        return
    n = asked.queues.get("pick", 0)
    if n and exists("picking.index"):
        yield Case("", "basket", gettext("To pick"), _orders(n),
                   gettext("Paid, reserved, and waiting on the shelves."),
                   url_for("picking.index"), gettext("Pick"))
    n = asked.queues.get("pack", 0)
    if n and exists("packing.index"):
        yield Case("", "package", gettext("To pack"), _orders(n),
                   gettext("Picked, and waiting at the pack station."),
                   url_for("packing.index"), gettext("Pack"))


Source = Callable[[Asked], Iterator[Case]]

# Who may act on it, the screen its button leads to, where it comes from.
SOURCES: tuple[tuple[str, str, Source], ...] = (
    ("channels.see", "channels.show", broken_channels),
    ("returns.handle", "returns.index", inbox_after.complaints),
    ("returns.handle", "returns.index", inbox_after.repayments),
    ("refunds.pay", "refunds.index", inbox_after.refunds),
    ("returns.handle", "returns.index", inbox_after.waiting),
    ("returns.bench", "return_bench.index", inbox_after.bench),
    ("orders.see", "orders.index", late),
    ("orders.see", "orders.index", short_stock),
    ("orders.edit", "verification.index", verification),
    ("orders.edit", "orders.index", holds),
    ("payments.record", "orders.index", payments),
    ("orders.see", "orders.index", undelivered),
    ("ship.do", "parcel_labels.index", inbox_parcels.lost_labels),
    ("ship.do", "hand_over.index", inbox_parcels.refused_visits),
    ("ship.do", "shipments.index", inbox_parcels.paid_twice),
    ("ship.do", "claims.show", inbox_after.courier_claims),
    ("ship.do", "shipments.index", inbox_parcels.quiet_parcels),
    ("channels.see", "channels.index", stock_on_channels),
    ("channels.see", "channels.index", not_told),
    ("quarantine.handle", "quarantine.index", unread_orders),
    ("documents.issue", "orders.index", documents),
    ("documents.issue", "einvoices.incoming", announcements),
    ("documents.issue", "einvoices.incoming", rejections),
    ("documents.issue", "accounting.index", inbox_after.books),
    ("stock.count", "stock_documents.index", shelves_to_count),
    ("stock.see", "stock.index", low_stock),
    ("imports.see", "tasks.index", dead_tasks),
    ("api.manage", "webhooks.show", broken_webhooks),
    ("messages.send", "threads.index", unanswered),
    ("messages.send", "messages.index", lost_messages),
    ("rules.see", "rules.show", stopped_rules),
    ("home.see", "home.index", floor_work),
)


def _capped(session: Session, *conditions: ColumnElement[bool]) -> int:
    """How many orders there are, counted to ``MOST`` + 1 at most."""
    some: Select[int] = select(Order.id).where(*conditions).limit(MOST + 1)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _since(session: Session, moment: Mapped[Any], *conditions: ColumnElement[bool]
           ) -> tuple[int, datetime | None]:
    """How many of the orders to ship there are, and the first of their moments."""
    some = (
        select(moment.label("at")).with_hint(Order, "INDEXED BY ix_sales_order_to_ship", "sqlite")
        .where(literal_column(AMONG_TO_SHIP), *conditions).order_by(moment).limit(MOST + 1)
        .subquery())
    n, first = session.execute(select(func.count(), func.min(some.c.at))).one()
    return int(n), first


def _orders(n: int) -> str:
    if n > MOST:
        return gettext("more than %(n)s orders", n=formats.number(MOST))
    return ngettext("%(num)s order", "%(num)s orders", n)


def _list(**filters: str | tuple[str, ...]) -> str:
    return link("orders.index", filters)
