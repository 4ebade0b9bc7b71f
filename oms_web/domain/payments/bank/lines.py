"""A line of a bank statement, whatever file it came in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from oms_web.core.errors import Invalid
from oms_web.core.marking import N_
from oms_web.core.money import to_minor

MOST_BYTES = 10 * 1024 * 1024
MOST_LINES = 20_000
BROKEN = N_("Line %(n)s of the statement cannot be read: %(what)s")
_AMOUNT = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,2})?")


@dataclass(frozen=True, slots=True)
class BankLine:
    """Money that came (``amount`` above zero, minor units) or went.

    ``title`` is what the payer wrote, ``party`` who they are, ``account`` their account number,
    ``reference`` the bank's own, if it gives one.
    """

    booked_on: date
    amount: int
    currency: str
    title: str
    party: str = ""
    account: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one file says of one account. ``opening`` and ``closing`` are balances, if told."""

    account: str
    lines: list[BankLine] = field(default_factory=list)
    opening: int | None = None
    closing: int | None = None


def checked(statement: Statement) -> Statement:
    """See that a statement adds up: a file that was cut or changed does not.

    Raises:
        Invalid: the lines do not make the difference of the balances.
    """
    if statement.opening is not None and statement.closing is not None:
        moved = sum(line.amount for line in statement.lines)
        if statement.opening + moved != statement.closing:
            raise Invalid("The lines of the statement do not add up to its closing balance.",
                          "file")
    return statement


def amount_of(text: str, currency: str, line: int) -> int:
    """An amount as banks write it: ``1 234,56``, ``-1234.56``.

    Raises:
        Invalid: it is none.
    """
    plain = re.sub(r"[\s\u00a0\u202f']", "", text)
    plain = plain.removesuffix(currency) if currency else plain
    if re.search(r"[.,]\d{3}[.,]", plain):  # both signs: the last one parts the cents
        plain = re.sub(r"[.,](?=\d{3}[.,])", "", plain)
    if not _AMOUNT.fullmatch(plain):
        raise Invalid(BROKEN, "file", n=line, what=text[:40])
    try:
        return to_minor(Decimal(plain.replace(",", ".")), currency)
    except InvalidOperation:
        raise Invalid(BROKEN, "file", n=line, what=text[:40]) from None


def day_of(text: str, line: int) -> date:
    """A day as banks write it: ``2026-11-23``, ``23.11.2026``, ``23-11-2026``.

    Raises:
        Invalid: it is none.
    """
    found = re.fullmatch(r"\s*(?:(\d{4})[-./](\d\d)[-./](\d\d)|(\d\d)[-./](\d\d)[-./](\d{4}))\s*",
                         text)
    try:
        if found is None:
            raise ValueError(text)
        year, month, day = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
        return date(int(year), int(month), int(day))
    except ValueError:
        raise Invalid(BROKEN, "file", n=line, what=text[:40]) from None


def tidy(parts: Iterable[str], most: int = 400) -> str:
    """Pieces of a text put together, without signs that print nothing."""
    joined = " ".join("".join(ch if ch.isprintable() else " " for ch in part) for part in parts)
    return " ".join(joined.split())[:most]


def account_number(text: str) -> str:
    """An account number without spaces; a Polish one with its country."""
    plain = re.sub(r"[^0-9A-Za-z]", "", text).upper()[:34]
    return f"PL{plain}" if re.fullmatch(r"\d{26}", plain) else plain
