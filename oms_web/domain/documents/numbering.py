"""How document numbers look and when counting starts again. Pure.

A pattern holds ``{n}`` (the running number; ``{n:4}`` pads it to four digits), ``{year}`` and
``{month}`` (two digits): ``FV {n}/{month}/{year}`` gives ``FV 128/11/2026``. The period a number
belongs to follows from the issue date as the seller's calendar has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from oms_web.core.errors import Invalid

NEVER, YEAR, MONTH = "never", "year", "month"
RESETS = (MONTH, YEAR, NEVER)
MAX_NUMBER = 60
LARGEST = 9_999_999

_FIELD = re.compile(r"\{([^{}]*)\}")
_COUNTER = re.compile(r"n(?::([1-9]))?")
_ALLOWED = re.compile(r"[\w /.,_\-]*")


def check_pattern(pattern: str, reset: str) -> str:
    """A pattern that cannot give the same number twice, tidied.

    Raises:
        Invalid: at ``pattern`` or ``reset``, saying what is missing.
    """
    pattern = " ".join(pattern.split())
    if reset not in RESETS:
        raise Invalid("Choose when numbering starts again.", "reset")
    fields = _FIELD.findall(pattern)
    for found in fields:
        if found not in ("year", "month") and not _COUNTER.fullmatch(found):
            raise Invalid("{%(name)s} is unknown. Use {n}, {n:4}, {month}, {year}.", "pattern",
                          name=found)
    if not _ALLOWED.fullmatch(_FIELD.sub("", pattern)):
        raise Invalid("Use only letters, digits, spaces and / . , - _ around the fields.",
                      "pattern")
    if sum(bool(_COUNTER.fullmatch(found)) for found in fields) != 1:
        raise Invalid("The pattern needs {n} exactly once.", "pattern")
    if reset in (YEAR, MONTH) and "year" not in fields:
        raise Invalid("Numbering that starts again needs {year} in the pattern.", "pattern")
    if reset == MONTH and "month" not in fields:
        raise Invalid("Numbering that starts again every month needs {month} in the pattern.",
                      "pattern")
    if len(render(pattern, LARGEST, date(2026, 12, 31))) > MAX_NUMBER:
        raise Invalid("The number would be longer than %(n)s characters.", "pattern",
                      n=MAX_NUMBER)
    return pattern


def period(reset: str, day: date) -> str:
    """The counting period of an issue date: ``"2026-11"``, ``"2026"`` or ``""``."""
    return {MONTH: f"{day:%Y-%m}", YEAR: f"{day:%Y}", NEVER: ""}[reset]


def render(pattern: str, n: int, day: date) -> str:
    """The number that a pattern gives."""

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name == "year":
            return f"{day:%Y}"
        if name == "month":
            return f"{day:%m}"
        width = _COUNTER.fullmatch(name)
        return str(n).zfill(int(width[1] or 1) if width else 1)

    return _FIELD.sub(fill, pattern)


def meeting(one: str, other: str) -> str:
    """A number that two patterns can both give, on whatever days; empty where they never meet.

    Two series with such patterns would number two documents the same (ustawa o VAT, art. 106e
    ust. 1 pkt 2: a number names one invoice).
    """
    for places in _forms(one):
        for others in _forms(other):
            shared = [min(set(a) & set(b), default="")
                      for a, b in zip(places, others, strict=False)]
            if len(places) == len(others) and all(shared):
                return "".join(shared)
    return ""


_DIGITS, _FIRST = "0123456789", "123456789"
_YEAR = ("2", "0", "23456789", _DIGITS)
_MONTHS = (("0", _FIRST), ("1", "012"))


def _forms(pattern: str) -> Iterator[list[str]]:
    """The shapes of a pattern's numbers: which characters may stand at each place."""
    parts = _FIELD.split(pattern)
    width = next(int(found[1] or 1) for part in parts[1::2]
                 if (found := _COUNTER.fullmatch(part)))
    counters = [(_FIRST if long > width or width == 1 else _DIGITS, *[_DIGITS] * (long - 1))
                for long in range(width, max(width, len(str(LARGEST))) + 1)]
    for counter in counters:
        for month in _MONTHS if "{month}" in pattern else _MONTHS[:1]:
            fields = {"year": _YEAR, "month": month}
            yield [place for at, part in enumerate(parts)
                   for place in (fields.get(part, counter) if at % 2 else part)]
