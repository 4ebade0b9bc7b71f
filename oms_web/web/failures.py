"""Refusals and faults as pages or parts: 422, 409, 403, 404 in words; 500 with an id alone."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Flask, Response, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from oms_web.core.errors import (
    Denied,
    Invalid,
    InvalidForm,
    NotAllowedNow,
    NotFound,
    OmsError,
    ShortStock,
)
from oms_web.web import formats, shell
from oms_web.web.order_words import FILTERS
from oms_web.web.phase_names import PHASES
from oms_web.web.render import render

log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[OmsError], int], ...] = (
    (Denied, 403), (NotFound, 404), (NotAllowedNow, 409), (ShortStock, 409), (Invalid, 422),
    (InvalidForm, 422),
)


def status_of(error: OmsError) -> int:
    """The HTTP status of a refusal."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 422)


def words_of(error: OmsError) -> str:
    """A refusal in the reader's language, the name of a phase in it too."""
    params = {name: _called(error, name, value) for name, value in error.params.items()}
    return gettext(error.message) % params if params else gettext(error.message)


def said(message: str, values: Mapping[str, Any]) -> str:
    """A refusal that was written down (``automation/batches.plain``), in the reader's language."""
    shown = {name: formats.calendar_day(value) if name == "day" else value
             for name, value in values.items()}
    return gettext(message) % shown if shown else gettext(message)


def _called(error: OmsError, name: str, value: Any) -> Any:
    """A value as the reader says it: a short name of ours (a phase, the filter a refusal is
    about) in words, a day and a rate in the reader's form.
    """
    if isinstance(value, date):
        return formats.calendar_day(value)
    if isinstance(value, Decimal):
        return formats.decimal(value)
    if name == "phase":
        return PHASES.get(value, value)
    if name == "name" and value == getattr(error, "field", ""):
        return FILTERS.get(value, value)
    return value


def _page(status: int, message: str) -> Response:
    return render("errors/page.html", "errors/_toast.html", status=status, code=status,
                  message=message, around=shell.around(request.path))


def register(app: Flask) -> None:
    """Attach the handlers."""

    @app.errorhandler(OmsError)
    def refused(error: OmsError) -> Response:
        return _page(status_of(error), words_of(error))

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> Response:
        return _page(400, gettext("This page has been open for too long. Reload it and try again."))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        words = {
            404: gettext("There is nothing at this address."),
            405: gettext("This address cannot be used that way."),
            413: gettext("The file is too large."),
        }
        return _page(error.code or 500, words.get(error.code or 500, error.name))

    @app.errorhandler(Exception)
    def fault(error: Exception) -> Response:
        reference = secrets.token_hex(4)
        log.exception("fault %s", reference)
        message = gettext("Something of ours broke. Nothing was saved; the fault is logged.")
        part = "errors/_toast.html"
        return render("errors/fault.html", part, status=500, message=message, reference=reference)
