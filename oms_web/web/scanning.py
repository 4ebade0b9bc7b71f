"""What a scan form sends: a code, or the key of a suggestion that was clicked."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, OmsError
from oms_web.domain.catalog import queries
from oms_web.web import asked
from oms_web.web.failures import words_of


@dataclass(frozen=True, slots=True)
class Said:
    """What the screen answers to a scan: ``tone`` ``ok``, ``warn`` or ``bad``."""

    tone: str
    text: str
    count: int | None = None
    note: str = ""
    place: int | None = None
    line_id: int | None = None
    suggested: tuple[queries.Found, ...] = ()
    typed: str = ""


def variant(session: Session) -> queries.Found:
    """The variant that was scanned, typed or chosen.

    Raises:
        NotFound: nothing is known by this code.
        Invalid: nothing was typed.
    """
    chosen = asked.whole(request.form.get("variant_id"), "variant_id")
    if chosen is not None:
        row = queries.variant(session, chosen)
        return queries.Found(row.id, row.sku, row.title, row.product_id, row.is_bundle,
                             row.archived_at is not None)
    code = request.form.get("code", "")
    if not code.strip():
        raise Invalid("Scan or type a code.", "code")
    return queries.scanned_or_refuse(session, code)


def refused(session: Session, error: OmsError) -> Said:
    """The answer to a scan that came to nothing, with what may have been meant."""
    code = request.form.get("code", "").strip()
    found = tuple(queries.suggest(session, code)) if len(code) > 1 else ()
    return Said("bad", words_of(error), suggested=found, typed=code)


def units(name: str = "units", usual: int = 1) -> int:
    """The typed number of units; ``usual`` when nothing was typed.

    Raises:
        Invalid: not a whole number.
    """
    typed = asked.whole(request.form.get(name), name)
    return usual if typed is None else typed


def place(name: str = "place") -> int | None:
    """The chosen bin, if one was."""
    return asked.whole(request.form.get(name), name)
