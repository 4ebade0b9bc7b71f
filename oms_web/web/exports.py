"""Sending a list as a file. Every list has one view that calls ``send``:

    @screen.get("/stock/export.<kind>")
    @act("stock.export")
    def export(kind: str) -> Response:
        return send(exports.stock(filters_of(request.args)), kind)

The list's current filters come in the query string, so what is exported is what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request
from flask_babel import gettext

from oms_web.adapters import sheets
from oms_web.core.clock import SHOP_ZONE
from oms_web.core.errors import NotFound
from oms_web.core.sheet import Sheet
from oms_web.domain.audit import service as audit
from oms_web.web.door import actor, oms, writing
from oms_web.web.formats import language

Words = Mapping[str, Mapping[str, Any]]


def send(sheet: Sheet, kind: str, words: Words | None = None) -> Response:
    """The sheet as ``csv`` or ``xlsx``, streamed; who took it goes into the audit trail.

    Headings are in the reader's language; in English a CSV file has the columns' keys, which are
    English. ``words`` says what names of ours are called on the screen: column -> name -> word.

    Raises:
        NotFound: another kind was asked for.
    """
    if kind not in sheets.FORMATS:
        raise NotFound("A list can be had as CSV or XLSX.")
    with writing() as work:
        query = request.query_string.decode(errors="replace")[:500]
        audit.record(work, "list.export", sheet.name, None, {"format": [None, kind]},
                     note=query or None)
        day = work.now.astimezone(SHOP_ZONE)
    rows = sheets.in_words(sheet, sheets.batches(oms().works, actor(), sheet), {
        column: {name: str(word) for name, word in named.items()}
        for column, named in (words or {}).items()
    })
    # The answer is written when this request is over, so all words are looked up now.
    titles = {column.title: gettext(column.title) for column in sheet.columns}
    if kind == "csv":
        body = sheets.write_csv(sheet, rows, titles.__getitem__ if language() != "en" else None)
    else:
        body = sheets.write_xlsx(sheet, rows, titles.__getitem__)
    response = Response(body, content_type=sheets.FORMATS[kind])
    name = f"{sheet.name}-{day:%Y-%m-%d-%H%M}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
