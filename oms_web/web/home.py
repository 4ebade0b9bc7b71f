"""The first screen after signing in: what waits for a person, and how today goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.clock import SHOP_ZONE, day_bounds, local_day
from oms_web.domain.fulfilment import pace
from oms_web.domain.orders.filing import OPEN_QUEUES
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping.models import Shipment
from oms_web.extensions import db
from oms_web.sync import health
from oms_web.web import going, inbox
from oms_web.web.access import act, allowed
from oms_web.web.door import oms
from oms_web.web.inbox_case import Asked
from oms_web.web.render import render
from oms_web.web.shell import frame

screen = Blueprint("home", __name__)

# A day's shipments are found by walking back from the newest; no shop packs more in a day.
WALK = 40_000
KEEP = timedelta(seconds=30)
GOING = 4


@dataclass(frozen=True, slots=True)
class Today:
    """The day's figures beside those of the same weekday a week ago, up to the same time."""

    orders: int
    orders_then: int
    sales: int
    sales_then: int
    shipped: int
    packed: tuple[datetime, ...]


@screen.get("/")
@act("home.see")
def index() -> Response:
    """What waits for a person, and today's numbers."""
    now = oms().works.clock()
    session = db.session
    company = frame().company
    queues = {name: frame().queues.get(name, 0) for name in OPEN_QUEUES}
    accounts = health.overview(session, now, frame().accounts.values()) \
        if allowed("channels.see") else []
    cut_off = company.cut_off if company else "15:00"
    asked = Asked(session, now, cut_off, queues, accounts)
    currency = company.currency if company else "PLN"
    today = _today(session, now, currency)
    return render(
        "home/page.html", "home/_cases.html", cases=inbox.cases(asked), queues=queues,
        accounts=accounts, today=today, currency=currency, company=company, moment=now,
        outlook=_outlook(today, now, cut_off, queues.get("pack", 0) + queues.get("pick", 0)),
        cut_off=cut_off, going=going.page(GOING),
    )


def _today(session: Session, now: datetime, currency: str) -> Today:
    """Today's figures, at most half a minute old: everybody looks at this page all day."""
    kept: tuple[datetime, Today] | None = current_app.extensions.get("oms_today")
    if kept and now - KEEP < kept[0] <= now:
        return kept[1]
    start = day_bounds(local_day(now))[0]
    week = timedelta(days=7)
    orders_, sales = _taken(session, start, now, currency)
    orders_then, sales_then = _taken(session, start - week, now - week, currency)
    lately = (
        select(Shipment.packed_at, Shipment.shipped_at, Shipment.state)
        .order_by(Shipment.id.desc()).limit(WALK).subquery()
    )
    rows = session.execute(select(lately).where(
        (lately.c.packed_at >= start) | (lately.c.shipped_at >= start))).all()
    today = Today(
        orders_, orders_then, sales, sales_then,
        sum(bool(row.shipped_at and row.shipped_at >= start) for row in rows
            if row.state != "cancelled"),
        tuple(row.packed_at for row in rows
              if row.packed_at and row.packed_at >= start and row.state != "cancelled"),
    )
    current_app.extensions["oms_today"] = (now, today)
    return today


def forget_today() -> None:
    """Count today's figures anew: from now on this is another shop."""
    current_app.extensions.pop("oms_today", None)


def _taken(session: Session, since: datetime, until: datetime, currency: str) -> tuple[int, int]:
    """Orders placed in a span of time, and what those in our currency come to."""
    count, total = session.execute(
        select(func.count(),
               func.coalesce(func.sum(Order.total).filter(Order.currency == currency), 0))
        .where(Order.placed_at >= since, Order.placed_at < until, Order.phase != "cancelled")
    ).one()
    return int(count), int(total)


def _outlook(today: Today, now: datetime, cut_off: str, waiting: int) -> pace.Outlook:
    local = now.astimezone(SHOP_ZONE)
    hour, minute = (int(part) for part in cut_off.split(":"))
    closes = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return pace.outlook([at.astimezone(SHOP_ZONE) for at in today.packed], local, closes, waiting)
