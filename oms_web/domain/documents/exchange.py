"""Exchange rates of documents in another currency: which table counts, and the tables we have.

VAT at home is counted at the mean rate of the National Bank of Poland, table A, of the last working
day before the tax arises; of an invoice that is issued earlier, before its issue (ustawa o VAT,
art. 31a ust. 1-2). Only that day's table will do: an older one is never taken in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from oms_web.core.db import upsert
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.core.working_days import last_working_day
from oms_web.domain.documents.models import ExchangeRate
from oms_web.domain.documents.snapshot import Exchange
from oms_web.domain.orders.models import Order

HOME = "PLN"
"""The currency that these tables are in."""
READ_BACK = timedelta(days=45)
"""How far back tables are read at first: an invoice may follow its sale until the 15th of the next
month (art. 106i ust. 1)."""

LONGEST_GAP = timedelta(days=7)
"""More days than ever lie between two tables: no table older than this is the last one before."""
FARTHEST = Decimal("1.25")
"""How many times a rate typed by hand may be the last one that is known, or that one it."""

ROUGHLY = {"EUR": "4.3", "USD": "3.8", "GBP": "5", "CHF": "4.6", "CZK": "0.17", "SEK": "0.39",
           "NOK": "0.37", "DKK": "0.57", "HUF": "0.011", "RON": "0.85", "UAH": "0.09"}
"""Home currency for one, as good as needed to see a slipped decimal point where no table is known:
the size of the rates of 2025, not a rate to count by."""


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: its number, the day it holds for, and units of home currency for one."""

    number: str
    day: date
    rates: dict[str, Decimal]


def day_for(sold: date, issued: date) -> date:
    """The day whose table counts for a sale."""
    return last_working_day(min(sold, issued))


def find(session: Session, currency: str, sold: date, issued: date) -> Exchange | None:
    """The rate that counts for a sale; None when that table is not here."""
    day = day_for(sold, issued)
    row = session.get(ExchangeRate, (currency, day))
    return Exchange(Decimal(row.rate), row.table_number, row.day) if row else None


def typed(rate: Decimal, table: str, day: date | None) -> Exchange:
    """A rate of exchange as somebody names it: units of home currency for one, its table, its day.

    Raises:
        Invalid: at ``exchange_rate``, it is no rate; at ``exchange_table``, its table or day is not
            named.
    """
    if not Decimal("0.0001") <= rate < 100_000 or rate != round(rate, 6):
        raise Invalid("An exchange rate looks like 4.2537.", "exchange_rate")
    if not table.strip() or day is None:
        raise Invalid("Name the table of the rate and its day.", "exchange_table")
    return Exchange(rate, table.strip()[:40], day)


def check(session: Session, currency: str, typed: Exchange, sold: date, issued: date) -> None:
    """See that a rate typed by hand can be the one that counts for a sale: another bank's may
    (art. 31a ust. 2a), another time's may not, and a slip of the finger is no rate.

    Raises:
        Invalid: at ``exchange_day`` or ``exchange_rate``.
    """
    day = day_for(sold, issued)
    if not day - LONGEST_GAP <= typed.day <= day:
        raise Invalid("For this sale counts the table of %(day)s, or the last one before it.",
                      "exchange_day", day=day)
    near = session.scalar(
        select(ExchangeRate).where(ExchangeRate.currency == currency, ExchangeRate.day <= day)
        .order_by(ExchangeRate.day.desc()).limit(1))
    if near is not None and _far(typed.rate, Decimal(near.rate), FARTHEST):
        raise Invalid("On %(day)s one %(currency)s was %(rate)s %(home)s.", "exchange_rate",
                      day=near.day, currency=currency, rate=Decimal(near.rate), home=HOME)
    rough = ROUGHLY.get(currency)
    if near is None and rough is not None and _far(typed.rate, Decimal(rough), 2):
        raise Invalid("One %(currency)s is about %(rate)s %(home)s.", "exchange_rate",
                      currency=currency, rate=Decimal(rough), home=HOME)


def _far(one: Decimal, other: Decimal, times: Decimal | int) -> bool:
    return one > times * other or other > times * one


def missing(sold: date, issued: date) -> NotAllowedNow:
    """Why a document cannot say its VAT at home: the day whose table counts, which is not here."""
    return NotAllowedNow(
        "VAT must also be given in %(home)s, and the bank's table of %(day)s is not here.",
        home=HOME, day=day_for(sold, issued))


def keep(work: Work, tables: Sequence[Table]) -> int:
    """Store tables; one that is here already stays as it is. How many rates were given."""
    rows = [
        {"currency": currency, "day": table.day, "table_number": table.number,
         "rate": str(rate), "read_at": work.now}
        for table in tables for currency, rate in table.rates.items()
    ]
    if rows:
        work.session.execute(
            upsert(work.session, ExchangeRate).values(rows)
            .on_conflict_do_nothing(index_elements=["currency", "day"]))
    return len(rows)


def span_missing(session: Session, today: date) -> tuple[date, date] | None:
    """From which day to which tables are missing that could be asked for by now; None when none.

    Tables are wanted only where orders are in another currency.
    """
    newest = session.scalar(select(func.max(ExchangeRate.day)))
    last = last_working_day(today)
    if newest is not None and newest >= last:
        return None
    if newest is None and not session.scalar(
            select(exists().where(Order.closed_at.is_(None), Order.currency != HOME))):
        return None
    since = today - READ_BACK
    return (max(newest + timedelta(days=1), since) if newest else since), last
