"""Exchange rates: the table that counts, read in a job, kept once, typed where it is not there."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx2
import pytest
from oms_connector import ChannelDown
from sqlalchemy import func, select

from oms_web.adapters import nbp
from oms_web.adapters.http import AccountHttp
from oms_web.core.actor import Actor
from oms_web.core.errors import InvalidForm
from oms_web.domain.documents import exchange
from oms_web.domain.documents.drafting import Ask
from oms_web.domain.documents.exchange import Table
from oms_web.domain.documents.models import Document, ExchangeRate
from oms_web.domain.documents.snapshot import Exchange
from oms_web.domain.orders.models import Order
from oms_web.flows.issue_document import issue_invoice
from oms_web.jobs.rings import ring_rates
from oms_web.jobs.worker import drain
from tests import paper

ANNA = Actor("user", "Anna Nowak", 7)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TABLE = Table("226/A/NBP/2026", date(2026, 11, 20), {"EUR": Decimal("4.2537"),
                                                      "HUF": Decimal("0.010823")})


@pytest.mark.parametrize(("sold", "issued", "day"), [
    ((2026, 11, 24), (2026, 11, 24), (2026, 11, 23)),
    ((2026, 11, 23), (2026, 11, 24), (2026, 11, 20)),  # a Monday: Friday's
    ((2026, 11, 12), (2026, 11, 20), (2026, 11, 10)),  # the 11th is a holiday
    ((2026, 12, 28), (2026, 12, 28), (2026, 12, 23)),  # Christmas Eve is one since 2025
    ((2026, 11, 24), (2026, 11, 19), (2026, 11, 18)),  # issued before the sale
])
def test_the_day_whose_table_counts(sold, issued, day):
    assert exchange.day_for(date(*sold), date(*issued)) == date(*day)


def euros(works, **changes) -> int:
    works.clock = lambda: NOW
    with works.writing(ANNA) as work:
        paper.company(work)
        return paper.order(work, [("Mug", 3, "33.33", "23")], currency="EUR",
                           shipped_at=NOW, **changes).id


def issue(works, order_id, ask=None) -> Document:
    with works.writing(ANNA) as work:
        return issue_invoice(work, order_id, ask)[0]


def test_the_rate_of_the_day_that_counts_is_taken(both):
    order_id = euros(both.works)
    with pytest.raises(InvalidForm) as refusal:
        issue(both.works, order_id)
    assert refusal.value.problems.keys() == {"exchange_rate"}
    with both.works.writing(ANNA) as work:  # another day's table is no substitute
        exchange.keep(work, [Table("225/A/NBP/2026", date(2026, 11, 19), TABLE.rates)])
    with pytest.raises(InvalidForm):
        issue(both.works, order_id)
    with both.works.writing(ANNA) as work:
        assert exchange.keep(work, [TABLE]) == 2
        exchange.keep(work, [Table("999/A/NBP/2026", TABLE.day, {"EUR": Decimal("9.9")})])
        assert work.session.scalar(select(func.count()).select_from(ExchangeRate)) == 4
    said = issue(both.works, order_id).snapshot
    assert said["exchange"] == {"currency": "PLN", "rate": "4.2537", "table": "226/A/NBP/2026",
                                "day": "2026-11-20"}
    assert said["total"]["vat_home"] == 7954


def test_a_typed_rate_counts_more(works):
    order_id = euros(works)
    with works.writing(ANNA) as work:
        exchange.keep(work, [TABLE])
    typed = Exchange(Decimal("4.3"), "EBC 2026-11-20", date(2026, 11, 20))
    assert issue(works, order_id, Ask(exchange=typed)).snapshot["exchange"]["rate"] == "4.3"


@pytest.mark.parametrize(("rate", "day", "field"), [
    ("4.2537", date(2026, 11, 22), "exchange_day"),
    ("4.2537", date(2027, 11, 20), "exchange_day"),
    ("4.2537", date(2026, 11, 12), "exchange_day"),
    ("0.0001", date(2026, 11, 20), "exchange_rate"),
    ("42.537", date(2026, 11, 20), "exchange_rate"),
])
def test_a_typed_rate_of_another_time_or_by_a_slip_is_refused(works, rate, day, field):
    order_id = euros(works)
    with works.writing(ANNA) as work:
        exchange.keep(work, [Table("225/A/NBP/2026", date(2026, 11, 19), TABLE.rates)])
    typed = Exchange(Decimal(rate), "226/A/NBP/2026", day)
    with pytest.raises(InvalidForm) as refusal:
        issue(works, order_id, Ask(exchange=typed))
    assert refusal.value.problems.keys() == {field}


@pytest.mark.parametrize("rate", ["0.0001", "425.37"])
def test_without_any_table_a_slipped_decimal_point_is_still_seen(works, rate):
    typed = Exchange(Decimal(rate), "226/A/NBP/2026", date(2026, 11, 19))
    with pytest.raises(InvalidForm) as refusal:
        issue(works, euros(works), Ask(exchange=typed))
    assert refusal.value.problems.keys() == {"exchange_rate"}


def bank(answer):
    """A client of a bank that answers so."""
    asked = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return answer

    return AccountHttp("http://127.0.0.1:9", {}, loopback=True,
                       transport=httpx2.MockTransport(handle)), asked


TOLD = [{"table": "A", "no": "226/A/NBP/2026", "effectiveDate": "2026-11-20",
         "rates": [{"currency": "euro", "code": "EUR", "mid": 4.2537}]}]


def test_the_banks_answers_are_read():
    http, asked = bank(httpx2.Response(200, json=TOLD))
    (table,) = nbp.read_tables(http, date(2026, 11, 16), date(2026, 11, 20))
    assert table == Table("226/A/NBP/2026", date(2026, 11, 20), {"EUR": Decimal("4.2537")})
    assert asked == ["http://127.0.0.1:9/api/exchangerates/tables/A/2026-11-16/2026-11-20/"
                     "?format=json"]
    assert nbp.read_tables(bank(httpx2.Response(404))[0], TABLE.day, TABLE.day) == ()
    for wrong in (httpx2.Response(500), httpx2.Response(200, text="<html>"),
                  httpx2.Response(200, json=[{"no": "1"}]),
                  httpx2.Response(200, text=json.dumps(TOLD).replace("4.2537", "0")),
                  httpx2.Response(200, text=json.dumps(TOLD).replace("4.2537", '"x"'))):
        with pytest.raises(ChannelDown):
            nbp.read_tables(bank(wrong)[0], TABLE.day, TABLE.day)


def test_the_clock_reads_what_is_missing(oms):
    """Nothing is asked where all orders are in zloty; a failure is asked again."""
    oms.works.clock = lambda: NOW
    with oms.works.writing(ANNA) as work:
        paper.company(work)
        order_id = paper.order(work).id
    assert not ring_rates(oms)
    with oms.works.writing(ANNA) as work:
        work.session.get(Order, order_id).currency = "EUR"
    http, asked = bank(httpx2.Response(503))
    oms.works.ports["rates"] = lambda: http
    assert ring_rates(oms)
    assert not ring_rates(oms), "one task at a time"
    drain(oms)
    http, asked = bank(httpx2.Response(200, json=TOLD))
    oms.works.ports["rates"] = lambda: http
    assert ring_rates(oms)
    drain(oms)
    assert asked == ["http://127.0.0.1:9/api/exchangerates/tables/A/2026-10-09/2026-11-20/"
                     "?format=json"]
    assert not ring_rates(oms)
    with oms.works.reading(ANNA) as work:
        found = exchange.find(work.session, "EUR", date(2026, 11, 23), date(2026, 11, 23))
        assert found == Exchange(Decimal("4.2537"), "226/A/NBP/2026", date(2026, 11, 20))
