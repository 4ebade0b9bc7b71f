"""What buyers send back to the seller, by the returns report.

Source: developer-docs.amazon.com, "Report type values", "Returns by return date". A report is asked
for, made within a minute or a few, and fetched. It lists returns by the day on which they were
asked for, so what becomes of them is seen by asking for the same days again: the last days each
time, the last two months once a day. The External Fulfillment API knows returns as well, but only
of sellers whose warehouse is one of Amazon's SmartConnect.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from urllib.parse import quote

from oms_connector import ChannelDown, Http, Page, ParcelInfo, Return, ReturnLine, Unreadable
from oms_connector.reading import Puzzling, as_text, children, value

from oms_amazon import feeds, words
from oms_amazon.calls import REPORT, REPORT_RESULT, REPORTS, Api
from oms_amazon.places import Place
from oms_amazon.reading import stamp, text_or_empty, unreadable

PATH = "/reports/2021-06-30"
KIND = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
RECENT, SPAN = timedelta(days=3), timedelta(days=58)
"""Amazon makes the report for sixty days at most."""
FRESH = timedelta(minutes=30)
ASKED, APART_S = 6, 8
"""How often a report is looked for in one run, and how many seconds apart; then in the next."""

Row = Mapping[str, str]
State = Literal["announced", "sent", "arrived", "closed", "refused"]
# The report has words for them that Amazon does not document; these were seen. A date of arrival
# and an amount that was given back say more.
REFUSED = ("denied", "declined", "rejected", "cancelled", "canceled")
CLOSED = ("completed", "closed", "refunded")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})")


def pull(api: Api, http: Http, chosen: Sequence[Place], now: datetime,
         cursor: Mapping[str, Any] | None) -> Page[Return]:
    """New and changed returns, a marketplace at a time.

    The cursor: ``whole``, the day on which the last two months were last read. While a report is
    made, ``since``, the day it begins with, ``place``, its marketplace among the account's, and how
    often it was ``asked`` for. Its id is not kept: it is the newest such report that there is.
    """
    at = dict(cursor or {})
    if "since" not in at:
        today = now.date().isoformat()
        is_due = at.get("whole") != today
        since = (now - (SPAN if is_due else RECENT)).date().isoformat()
        return _ask(api, chosen, {"since": since, "whole": today, "place": 0})
    place = chosen[min(int(at["place"]), len(chosen) - 1)]
    report = _newest(api, place, at["since"], now)
    if report is None:  # it is too long ago
        return _ask(api, chosen, at)
    status = text_or_empty(report, "processingStatus")
    if status in feeds.AT_WORK:
        http.pause(APART_S, REPORTS)
        asked = int(at.get("asked", 0)) + 1
        return Page([], at | {"asked": asked}, asked % ASKED != 0)
    if status == "FATAL":  # all of it once more, the next time
        return Page([], {}, False)
    # A report without anything in it is not made: it counts as cancelled.
    document = value(report, "reportDocumentId")
    items = _fetch(api, str(document), place) if document else []
    if int(at["place"]) + 1 < len(chosen):
        return _ask(api, chosen, at | {"place": int(at["place"]) + 1}, items)
    return Page(items, {"whole": at["whole"]}, False)


def read(rows: Sequence[Row], place: Place) -> Return | Unreadable:
    """A return: all rows of one order and one authorisation."""
    first = rows[0]
    try:
        refunded = [_amount(row, "refunded amount") for row in rows]
        given = sum((one for one in refunded if one is not None), Decimal(0))
        return Return(
            external_id=ref_of(first),
            order_ref=_text(first, "order id"),
            number=first.get("amazon rma id", "") or first.get("merchant rma id", ""),
            created_at=_date(first, "return request date"),
            currency=first.get("currency code", "") or place.currency,
            lines=[_line(row, place) for row in rows],
            state=_state(first, given),
            raw_status=first.get("return request status", ""),
            reason=first.get("return reason", ""),
            refunded=given or None,
            parcels=[ParcelInfo(first.get("return carrier", ""), first["tracking id"])]
            if first.get("tracking id") else [],
            raw=as_text(list(rows)),
        )
    except Puzzling as puzzle:
        found = unreadable(list(rows), puzzle)
        return Unreadable(ref_of(first) or "?", found.raw, found.reason, found.field)


def ref_of(row: Row) -> str:
    """What makes a return one: the order, and the authorisation to send something back."""
    mark = row.get("amazon rma id", "") or row.get("merchant rma id", "")
    return "/".join(filter(None, (row.get("order id", ""), mark)))


def table(content: bytes) -> list[Row]:
    """The rows of a report, by the names of its columns, folded.

    Reports are tab-separated; in Europe some still come in Windows' alphabet.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    names = [name.strip().lower() for name in next(rows, [])]
    return [dict(zip(names, (cell.strip() for cell in row), strict=False)) for row in rows
            if any(row)]


def _ask(api: Api, chosen: Sequence[Place], at: Mapping[str, Any], items: Sequence[Any] = ()
         ) -> Page[Return]:
    """Ask for the report of a marketplace; the page that goes on with it."""
    api.prepare(f"{PATH}/reports", {
        "reportType": KIND, "marketplaceIds": [chosen[int(at["place"])].id],
        "dataStartTime": _begins(at["since"]),
    }, "reportId", bucket=REPORT)
    return Page(items, {**at, "asked": 0}, True)


def _newest(api: Api, place: Place, since: str, now: datetime) -> Any:
    """The newest report of a marketplace that begins with a day; None if there is none."""
    found = api.get(f"{PATH}/reports", "reports", bucket=REPORTS, params={
        "reportTypes": [KIND], "marketplaceIds": [place.id], "pageSize": 20,
        "createdSince": stamp(now - FRESH)})
    try:
        ours = [one for one in children(found, "reports")
                if text_or_empty(one, "dataStartTime")[:10] == since]
        return max(ours, key=lambda one: text_or_empty(one, "createdTime"), default=None)
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle


def _begins(day: str) -> str:
    return f"{day}T00:00:00Z"


def _fetch(api: Api, document: str, place: Place) -> list[Return | Unreadable]:
    found = api.get(f"{PATH}/documents/{quote(document, safe='')}", "url", bucket=REPORT_RESULT)
    together: dict[str, list[Row]] = {}
    for row in table(feeds.content(api, found)):
        together.setdefault(ref_of(row), []).append(row)
    return [read(rows, place) for rows in together.values()]


def _line(row: Row, place: Place) -> ReturnLine:
    sku = row.get("merchant sku", "")
    return ReturnLine(
        line_ref="", offer_ref=f"{place.id}/{sku}" if sku else "", sku=sku,
        title=row.get("item name", "") or row.get("asin", ""),
        quantity=_units(row), reason=row.get("return reason", ""),
    )


def _state(row: Row, refunded: Decimal) -> State:
    told = row.get("return request status", "").lower()
    if refunded or any(word in told for word in CLOSED):
        return "closed"
    if any(word in told for word in REFUSED):
        return "refused"
    return "arrived" if row.get("return delivery date") else "announced"


def _text(row: Row, name: str) -> str:
    if not row.get(name):
        raise Puzzling(words.NOT_A_TEXT, name, row.get(name))
    return row[name]


def _units(row: Row) -> int:
    told = row.get("return quantity", "")
    if not told.isdecimal() or not int(told):
        raise Puzzling(words.NOT_WHOLE, "return quantity", told)
    return int(told)


def _amount(row: Row, name: str) -> Decimal | None:
    told = row.get(name, "").replace(",", ".")
    if not told:
        return None
    try:
        found = Decimal(told)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise Puzzling(words.NOT_AN_AMOUNT, name, told)
    return found


def _date(row: Row, name: str) -> datetime:
    """A day, as ``12-Aug-2026`` or by ISO 8601."""
    told = _text(row, name)
    try:
        if said := DAY.fullmatch(told):
            day, month, year = said.groups()
            return datetime(int(year), MONTHS.index(month.lower()) + 1, int(day), tzinfo=UTC)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        raise Puzzling(words.NOT_A_DATE, name, told) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
