"""The tables of exchange rates of the National Bank of Poland, over its public service.

https://api.nbp.pl: ``/api/exchangerates/tables/A/{since}/{until}/?format=json`` answers a list of
``{no, effectiveDate, rates: [{code, mid}]}``, 93 days at most, and 404 where a span has no table.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from oms_connector import ChannelDown, Http

from oms_web.domain.documents.exchange import Table

ADDRESS = "https://api.nbp.pl"


def read_tables(http: Http, since: date, until: date) -> Sequence[Table]:
    """The tables A of a span of days, both ends included.

    Raises:
        ChannelDown: the service does not answer, or answers what is no table.
    """
    answer = http.request("GET", f"/api/exchangerates/tables/A/{since}/{until}/",
                          params={"format": "json"})
    if answer.status == 404:
        return ()
    if answer.status != 200:
        raise ChannelDown(f"the bank answered {answer.status}")
    try:
        return [_table(one) for one in json.loads(answer.body, parse_float=Decimal)]
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise ChannelDown(f"this is no table of rates: {error}") from error


def _table(said: Any) -> Table:
    rates = {str(one["code"]): Decimal(one["mid"]) for one in said["rates"]}
    if not rates or not all(rate.is_finite() and rate > 0 for rate in rates.values()):
        raise ValueError("a rate is not above nought")
    return Table(str(said["no"])[:40], date.fromisoformat(said["effectiveDate"]), rates)
