"""The table of everything that can go wrong on this marketplace, each thing once.

A fault has a name, the point at which it acts, and a function that takes what passes that point and
returns what comes out instead; None when there was nothing for it to act on. The words people read
are ``fault.NAME`` in ``weather_words.py``. ``weather.py`` decides when a fault strikes.

Points, in the way of a call: ``clock`` (what time it is there), ``request`` (before anything is
done; a ``Reply`` ends the call), ``row`` (an order about to be shown: is it there at all?),
``document`` (an order, offer or return as JSON), ``sheet`` (a page of a list or of the journal),
``journal`` (a page of the journal only), ``answer`` (after everything was done), ``ring`` (a
webhook about to be posted).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from oms_demo.market import faults_documents as documents
from oms_demo.market import faults_pages as pages
from oms_demo.market import faults_wire as wire
from oms_demo.market.blow import Blow

Point = Literal["clock", "request", "row", "document", "sheet", "journal", "answer", "ring"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the table.

    ``usual`` is the chance a storm gives it. ``spell_s``: once it has struck it goes on striking
    for so many seconds. ``sticky``: the same thing (by its key) is struck each time or never.
    ``only``: ``reads`` or ``writes`` where it makes sense for one of them.
    """

    name: str
    point: Point
    act: Callable[[Any, Blow], Any]
    usual: float
    spell_s: float = 0
    sticky: bool = False
    only: str = ""


FAULTS: tuple[Fault, ...] = (
    # what the journal and the lists say
    Fault("short_pages", "sheet", pages.short, 0.15),
    Fault("repeated_pages", "sheet", pages.repeated, 0.05),
    Fault("empty_pages", "sheet", pages.empty, 0.08),
    Fault("repeating_cursor", "sheet", pages.stuck, 0.03),
    Fault("expired_cursor", "sheet", pages.expired, 0.02),
    Fault("edits_between_pages", "sheet", pages.edited, 0.10),
    Fault("lost_events", "journal", pages.lost, 0.20),
    Fault("doubled_events", "journal", pages.doubled, 0.20),
    Fault("shuffled_events", "journal", pages.shuffled, 0.20),
    Fault("late_orders", "row", pages.late, 0.20, sticky=True),
    Fault("missing_orders", "row", pages.missing, 0.05, sticky=True),
    # what an order looks like
    Fault("new_words", "document", documents.new_word, 0.02),
    Fault("missing_fields", "document", documents.missing, 0.02),
    Fault("null_fields", "document", documents.null, 0.02),
    Fault("renamed_fields", "document", documents.renamed, 0.02),
    Fault("numbers_as_text", "document", documents.number_as_text, 0.02),
    Fault("huge_notes", "document", documents.huge_note, 0.01),
    Fault("odd_letters", "document", documents.odd_letters, 0.03),
    Fault("hostile_html", "document", documents.hostile_html, 0.03),
    Fault("negative_quantity", "document", documents.negative, 0.02),
    Fault("fractional_quantity", "document", documents.fractional, 0.02),
    Fault("unknown_currency", "document", documents.odd_currency, 0.02),
    # the line between the programs
    Fault("too_many_calls", "request", wire.slow_down, 0.01, spell_s=15),
    Fault("too_many_silent", "request", wire.slow_down_silently, 0.01, spell_s=15),
    Fault("too_many_absurd", "request", wire.slow_down_absurdly, 0.01),
    Fault("token_expired", "request", wire.token_expired, 0.002),
    Fault("error_500", "request", wire.broken, 0.02),
    Fault("error_502", "request", wire.bad_gateway, 0.01),
    Fault("error_503", "request", wire.closed, 0.01, spell_s=10),
    Fault("maintenance_200", "request", wire.closed_politely, 0.01, spell_s=10),
    Fault("hang_up_before", "request", wire.hang_up, 0.02),
    Fault("slow_answers", "request", wire.slow, 0.02),
    Fault("error_after", "answer", wire.broken_after, 0.03, only="writes"),
    Fault("hang_up_after", "answer", wire.hang_up, 0.03),
    Fault("half_bodies", "answer", wire.half_body, 0.02),
    Fault("truncated_json", "answer", wire.truncated, 0.02),
    Fault("wrong_length", "answer", wire.wrong_length, 0.02),
    # time and doorbells
    Fault("clock_fast", "clock", pages.fast, 0.0005, spell_s=300),
    Fault("clock_slow", "clock", pages.slow, 0.0005, spell_s=300),
    Fault("lost_rings", "ring", wire.lost_ring, 0.20),
    Fault("doubled_rings", "ring", wire.doubled_ring, 0.20),
    Fault("forged_rings", "ring", wire.forged_ring, 0.05),
)
BY_NAME = {fault.name: fault for fault in FAULTS}
