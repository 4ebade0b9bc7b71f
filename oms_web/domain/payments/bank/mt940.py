"""Statements in MT940 (SWIFT), as Polish banks write it. Pure.

Field 86 is structured: after a code of three digits the next sign parts subfields of two digits
(``~20 ~21`` title, ``~32 ~33`` party, ``~31 ~38`` account); banks use ``~ ? < ^``. Where there are
none, the whole text is the title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from oms_web.core.errors import Invalid
from oms_web.domain.payments.bank.lines import (
    BROKEN,
    MOST_LINES,
    BankLine,
    Statement,
    account_number,
    amount_of,
    checked,
    tidy,
)

_TAG = re.compile(r":(\d\d[A-Z]?):(.*)", re.DOTALL)
_BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3})([\d,]+)")
_ENTRY = re.compile(
    r"(\d{6})(\d{4})?(R?[CD])([A-Z])?(\d{1,13},\d{0,2})([A-Z][A-Z0-9]{3})([^\n/]*)(?://([^\n]*))?")
_CODED = re.compile(r"(?:\d{3})?([~?<^])(?=\d\d)")
TITLE = frozenset(("20", "21", "22", "23", "24", "25", "26", "60", "61", "62", "63"))
PARTY = frozenset(("27", "28", "29", "32", "33"))
ACCOUNT = ("38", "31")


def looks_like(text: str) -> bool:
    """Whether a file is a statement of this kind."""
    return ":60F:" in text[:4000] or ":60M:" in text[:4000]


def read(text: str) -> Iterator[Statement]:
    """The statements of a file; one for each account and day.

    Raises:
        Invalid: naming the line that cannot be read.
    """
    current: Statement | None = None
    currency = ""
    for number, (tag, body) in enumerate(_fields(text), 1):
        if tag == "25":
            if current is not None:
                yield checked(current)
            current = Statement(account_number(body.strip("/ ").split("\n")[0].lstrip("/")))
        elif current is not None and tag in ("60F", "60M"):
            amount, currency = _balance(body, number)
            current = replace(current, opening=amount)
        elif current is not None and tag in ("62F", "62M"):
            current = replace(current, closing=_balance(body, number)[0])
        elif current is not None:
            _line(current, tag, body, currency, number)
    if current is not None:
        yield checked(current)


def _line(current: Statement, tag: str, body: str, currency: str, number: int) -> None:
    """A line of its own, or what is said of the one before."""
    if tag == "61":
        if len(current.lines) >= MOST_LINES:
            raise Invalid("The statement has too many lines.", "file")
        current.lines.append(_entry(body, currency, number))
    elif tag == "86" and current.lines and not current.lines[-1].title:
        current.lines[-1] = _told(current.lines[-1], body)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for chunk in re.split(r"\r?\n(?=:\d\d[A-Z]?:)", text.replace("\r\n", "\n")):
        found = _TAG.match(chunk.lstrip("\ufeff\n {}-"))
        if found:
            yield found[1], found[2].rstrip("\n-}")


def _balance(body: str, number: int) -> tuple[int, str]:
    found = _BALANCE.match(body)
    if found is None:
        raise Invalid(BROKEN, "file", n=number, what=body[:40])
    amount = amount_of(found[4].rstrip(","), found[3], number)
    return (amount if found[1] == "C" else -amount), found[3]


def _entry(body: str, currency: str, number: int) -> BankLine:
    found = _ENTRY.match(body)
    if found is None:
        raise Invalid(BROKEN, "file", n=number, what=body[:40])
    day, booked, mark, _, amount, _kind, own, bank = found.groups()
    year = 2000 + int(day[:2])
    month = booked or day[2:]
    try:
        # The day of booking has no year: around New Year it may be the one before or after.
        on = date(year, int(month[:2]), int(month[2:]))
        valued = date(year, int(day[2:4]), int(day[4:]))
        gap = (on - valued).days
        on = on.replace(year=year - 1) if gap > 180 else \
            on.replace(year=year + 1) if gap < -180 else on
    except ValueError:
        raise Invalid(BROKEN, "file", n=number, what=body[:40]) from None
    minor = amount_of(amount.rstrip(","), currency, number)
    signed = minor if mark in ("C", "RD") else -minor
    return BankLine(on, signed, currency, "", reference=tidy([bank or own or ""], 80))


def _told(line: BankLine, body: str) -> BankLine:
    coded = _CODED.match(body)
    if coded is None:
        return replace(line, title=tidy([body.replace("\n", " ")]) or "-")
    flat = body.replace("\n", "")[coded.start(1):]
    parts = [(one[:2], one[2:]) for one in flat.split(coded[1]) if len(one) >= 2]
    title = tidy(["".join(text for code, text in parts if code in TITLE)])
    party = tidy(["".join(text for code, text in parts if code in PARTY)], 200)
    account = next((text for wanted in ACCOUNT for code, text in parts if code == wanted), "")
    return replace(line, title=title or "-", party=party, account=account_number(account))
