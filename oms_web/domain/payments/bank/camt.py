"""Statements in CAMT.053 (ISO 20022 bank-to-customer statement), any version. Pure.

An entry that bundles several transactions is as many lines, where their amounts are told and add
up.
Only what is booked counts.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from oms_web.core.errors import Invalid
from oms_web.domain.payments.bank.lines import (
    MOST_LINES,
    BankLine,
    Statement,
    account_number,
    amount_of,
    checked,
    day_of,
    tidy,
)


def looks_like(content: bytes) -> bool:
    """Whether a file is a statement of this kind."""
    return b"camt.053" in content[:4000] or b"BkToCstmrStmt" in content[:4000]


def read(content: bytes) -> Iterator[Statement]:
    """The statements of a file.

    Raises:
        Invalid: it is no XML, or says what cannot be understood.
    """
    try:
        for _event, element in iterparse(io.BytesIO(content), ("end",)):
            if _name(element) == "Stmt":
                yield checked(_statement(element))
                element.clear()
    except (ParseError, DefusedXmlException) as error:
        raise Invalid("The file is no XML that can be read.", "file") from error


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(element: Any, *path: str) -> list[Any]:
    found = [element]
    for name in path:
        found = [child for one in found for child in one if _name(child) == name]
    return found


def _text(element: Any, *path: str) -> str:
    return next(((one.text or "").strip() for one in _all(element, *path)), "")


def _statement(element: Any) -> Statement:
    account = _text(element, "Acct", "Id", "IBAN") or _text(element, "Acct", "Id", "Othr", "Id")
    currency = _text(element, "Acct", "Ccy")
    made = Statement(account_number(account))
    for number, entry in enumerate(_all(element, "Ntry"), 1):
        status = _text(entry, "Sts", "Cd") or _text(entry, "Sts")
        if status not in ("", "BOOK"):
            continue
        made.lines.extend(_lines(entry, currency, number))
        if len(made.lines) > MOST_LINES:
            raise Invalid("The statement has too many lines.", "file")
    for balance in _all(element, "Bal"):
        kind = _text(balance, "Tp", "CdOrPrtry", "Cd")
        for amount in _all(balance, "Amt"):
            signed = _signed(amount, _text(balance, "CdtDbtInd"), currency, 0)[0]
            if kind in ("OPBD", "PRCD"):
                made = replace(made, opening=signed)
            elif kind == "CLBD":
                made = replace(made, closing=signed)
    return made


def _lines(entry: Any, currency: str, number: int) -> list[BankLine]:
    amounts = _all(entry, "Amt")
    if not amounts:
        raise Invalid("Line %(n)s of the statement has no amount.", "file", n=number)
    mark = _text(entry, "CdtDbtInd")
    whole, currency = _signed(amounts[0], mark, currency, number)
    day = _text(entry, "BookgDt", "Dt") or _text(entry, "BookgDt", "DtTm")[:10] \
        or _text(entry, "ValDt", "Dt")
    on = day_of(day, number)
    own = _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef")
    parts = _all(entry, "NtryDtls", "TxDtls")
    found = [_part(one, on, mark, currency, own, number) for one in parts]
    if len(found) == 1:
        return [replace(found[0], amount=whole)]
    if found and sum(one.amount for one in found) == whole and all(one.amount for one in found):
        return found
    title = tidy([_text(entry, "AddtlNtryInf")]) or "-"
    return [BankLine(on, whole, currency, title, reference=own[:80])]


def _part(part: Any, on: Any, mark: str, currency: str, own: str, number: int) -> BankLine:
    amounts = _all(part, "Amt") or _all(part, "AmtDtls", "TxAmt", "Amt")
    amount = _signed(amounts[0], _text(part, "CdtDbtInd") or mark, currency, number)[0] \
        if amounts else 0
    other = "Dbtr" if mark == "CRDT" else "Cdtr"
    title = tidy([(one.text or "") for one in _all(part, "RmtInf", "Ustrd")]
                 or [_text(part, "RmtInf", "Strd", "CdtrRefInf", "Ref")])
    party = _text(part, "RltdPties", other, "Nm") or _text(part, "RltdPties", other, "Pty", "Nm")
    account = _text(part, "RltdPties", f"{other}Acct", "Id", "IBAN") \
        or _text(part, "RltdPties", f"{other}Acct", "Id", "Othr", "Id")
    reference = _text(part, "Refs", "AcctSvcrRef") or own
    return BankLine(on, amount, currency, title or "-", tidy([party], 200),
                    account_number(account), reference[:80])


def _signed(element: Any, mark: str, currency: str, number: int) -> tuple[int, str]:
    currency = str(element.get("Ccy") or currency)[:3].upper()
    if mark not in ("CRDT", "DBIT") or len(currency) != 3:
        raise Invalid("Line %(n)s of the statement does not say which way the money went.", "file",
                      n=number)
    amount = amount_of((element.text or "").strip(), currency, number)
    return (amount if mark == "CRDT" else -amount), currency
