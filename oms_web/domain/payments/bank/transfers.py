"""Files for a bank that send refunds by transfer: Elixir-0 (PLN) and SEPA pain.001.001.03. Pure.

Elixir-0: one line for each order, texts of four times 35 characters parted by ``|``,
Windows-1250. Source: the banks' own descriptions of the format (KIR, Elixir). pain.001: ISO 20022,
customer credit transfer initiation, as the European Payments Council restricts it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree import ElementTree as Xml

from oms_web.core.errors import Invalid
from oms_web.core.money import from_minor
from oms_web.core.text import plain

WIDTH, ROWS = 35, 4
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"
_NOT_SEPA = re.compile(r"[^A-Za-z0-9 /\-?:().,'+]")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who pays: an IBAN, a name, a place."""

    account: str
    name: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer. ``amount`` in minor units; ``key`` names it, up to 35 plain characters."""

    key: str
    account: str
    name: str
    amount: int
    currency: str
    title: str


def elixir(sender: Sender, transfers: Sequence[Transfer], day: date) -> bytes:
    """The file for transfers in PLN between Polish accounts.

    Raises:
        Invalid: another currency, or an account that is not Polish.
    """
    lines = []
    for one in transfers:
        if one.currency != "PLN":
            raise Invalid("Elixir carries PLN only.", "currency")
        mine, theirs = _nrb(sender.account), _nrb(one.account)
        lines.append(",".join((
            "110", f"{day:%Y%m%d}", str(one.amount), mine[2:10], "0", f'"{mine}"', f'"{theirs}"',
            f'"{_rows(sender.name, sender.address)}"', f'"{_rows(one.name)}"', "0", theirs[2:10],
            f'"{_rows(one.title)}"', '""', '""', '"51"', '""')))
    return "".join(f"{line}\r\n" for line in lines).encode("cp1250", "replace")


def _nrb(account: str) -> str:
    number = account.removeprefix("PL")
    if not re.fullmatch(r"\d{26}", number):
        raise Invalid("Elixir needs Polish account numbers.", "account")
    return number


def _rows(*texts: str) -> str:
    """Up to four rows of 35 characters, without signs that part fields."""
    rows: list[str] = []
    for text in texts:
        flat = " ".join(re.sub(r'["|,\r\n\t]', " ", text).split())
        rows += [flat[at:at + WIDTH] for at in range(0, len(flat), WIDTH)]
    return "|".join(rows[:ROWS])


def pain_001(sender: Sender, transfers: Sequence[Transfer], key: str, made: datetime, day: date
             ) -> bytes:
    """The SEPA file: one payment with as many transactions, all of one currency.

    Raises:
        Invalid: no account of ours, none to send, or several currencies.
    """
    currencies = {one.currency for one in transfers}
    if not sender.account or len(currencies) != 1:
        raise Invalid("A SEPA file needs our account and transfers of one currency.", "account")
    [currency] = currencies
    Xml.register_namespace("", NAMESPACE)
    root = Xml.Element(f"{{{NAMESPACE}}}Document")
    whole = _sub(root, "CstmrCdtTrfInitn")
    total = str(from_minor(sum(one.amount for one in transfers), currency))
    head = _sub(whole, "GrpHdr")
    for name, text in (("MsgId", key[:35]), ("CreDtTm", made.strftime("%Y-%m-%dT%H:%M:%S")),
                       ("NbOfTxs", str(len(transfers))), ("CtrlSum", total)):
        _sub(head, name, text)
    _sub(_sub(head, "InitgPty"), "Nm", _sepa(sender.name, 70))
    info = _sub(whole, "PmtInf")
    for name, text in (("PmtInfId", key[:35]), ("PmtMtd", "TRF"),
                       ("NbOfTxs", str(len(transfers))), ("CtrlSum", total)):
        _sub(info, name, text)
    if currency == "EUR":
        _sub(_sub(_sub(info, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _sub(info, "ReqdExctnDt", day.isoformat())
    _sub(_sub(info, "Dbtr"), "Nm", _sepa(sender.name, 70))
    _sub(_sub(_sub(info, "DbtrAcct"), "Id"), "IBAN", sender.account)
    _sub(_sub(_sub(_sub(info, "DbtrAgt"), "FinInstnId"), "Othr"), "Id", "NOTPROVIDED")
    _sub(info, "ChrgBr", "SLEV")
    for one in transfers:
        _transaction(info, one)
    return Xml.tostring(root, encoding="utf-8", xml_declaration=True)


def _transaction(info: Xml.Element, one: Transfer) -> None:
    part = _sub(info, "CdtTrfTxInf")
    _sub(_sub(part, "PmtId"), "EndToEndId", one.key[:35])
    amount = _sub(_sub(part, "Amt"), "InstdAmt", str(from_minor(one.amount, one.currency)))
    amount.set("Ccy", one.currency)
    _sub(_sub(part, "Cdtr"), "Nm", _sepa(one.name, 70) or "-")
    _sub(_sub(_sub(part, "CdtrAcct"), "Id"), "IBAN", one.account)
    _sub(_sub(part, "RmtInf"), "Ustrd", _sepa(one.title, 140))


def _sub(parent: Xml.Element, name: str, text: str | None = None) -> Xml.Element:
    made = Xml.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    made.text = text
    return made


def _sepa(text: str, most: int) -> str:
    """The characters that every SEPA bank takes; letters lose their marks."""
    return " ".join(_NOT_SEPA.sub(" ", plain(text)).split())[:most]
