"""Who files the register, and what cash registers reported: changing both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.work import Work
from oms_web.domain.accounting import jpk
from oms_web.domain.accounting.models import FiscalReport, TaxPayer
from oms_web.domain.audit import service as audit

RATES = ("23", "8", "5", "0", "zw")
"""Rates that cash registers sum up by."""
UNTAXED = ("0", "zw")


def change_payer(work: Work, values: Mapping[str, Any]) -> bool:
    """Change who files: ``office``, and of a person ``given_name surname born``.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    clean = {"office": str(values.get("office") or "").strip(),
             "given_name": str(values.get("given_name") or "").strip(),
             "surname": str(values.get("surname") or "").strip(), "born": values.get("born")}
    if problems := _payer_problems(clean, local_day(work.now)):
        raise InvalidForm(problems)
    row = work.session.get(TaxPayer, 1)
    if row is None:
        row = TaxPayer(id=1)
        work.session.add(row)
        work.session.flush()
    changes = audit.changes({name: getattr(row, name) for name in clean}, clean)
    for name in changes:
        setattr(row, name, clean[name])
    if "born" in changes:  # a day of birth is nothing for a trail that is kept for ever
        changes["born"] = ["…", "…"]
    if changes:
        audit.record(work, "accounting.payer", "tax_payer", 1, changes)
    return bool(changes)


def _payer_problems(values: Mapping[str, Any], today: date) -> dict[str, OmsError]:
    problems: dict[str, OmsError] = {}
    if not (len(values["office"]) == 4 and values["office"].isdigit()):
        problems["office"] = Invalid("The code of a tax office has four digits.", "office")
    person = {name: values[name] for name in ("given_name", "surname", "born")}
    if any(person.values()):
        problems |= {name: Invalid("Fill this in.", name)
                     for name, value in person.items() if not value}
    for name, most in (("given_name", 30), ("surname", 81)):
        if len(values[name]) > most:
            problems[name] = Invalid("At most %(limit)s characters.", name, limit=most)
    if values["born"] and not date(1900, 1, 1) <= values["born"] < today:
        problems["born"] = Invalid("This day cannot be.", "born")
    return problems


def add_report(work: Work, month: date, number: str, day: date | None,
               sums: Mapping[str, tuple[int, int]]) -> FiscalReport:
    """Keep a month's report of a cash register; the same number again is the same report.

    Args:
        month: The first day of the month it is of.
        sums: Rate -> net and VAT in grosze.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    problems: dict[str, OmsError] = {}
    number = " ".join(number.split())
    if not 0 < len(number) <= 60:
        problems["number"] = Invalid("From %(least)s to %(most)s characters.", "number", least=1,
                                     most=60)
    if month < jpk.FIRST_MONTH:
        problems["month"] = Invalid("JPK_V7M(3) is for months from February 2026 on.", "month")
    if day is None or not month <= day <= local_day(work.now):
        problems["day"] = Invalid("The report's day is in its month or after it, and not to come.",
                                  "day")
    kept = {rate: list(pair) for rate, pair in sums.items() if any(pair)}
    problems |= _problems_of(kept)
    if problems:
        raise InvalidForm(problems)
    assert day is not None
    found = work.session.scalar(select(FiscalReport).where(
        FiscalReport.month == month, FiscalReport.number == number))
    if found is not None:
        if found.day == day and found.sums == kept:
            return found
        raise InvalidForm({"number": Invalid("There is a report with this number already.",
                                             "number")})
    made = FiscalReport(month=month, number=number, day=day, sums=kept, added_at=work.now,
                        added_by=work.actor.name)
    work.session.add(made)
    work.session.flush()
    audit.record(work, "accounting.add_report", "fiscal_report", made.id,
                 {"number": [None, number], "sums": [None, kept]})
    return made


def _problems_of(sums: Mapping[str, list[int]]) -> dict[str, OmsError]:
    if not sums:
        return {"sums": Invalid("Type at least one sum.", "sums")}
    problems: dict[str, OmsError] = {}
    for rate, (net, tax) in sums.items():
        if rate not in RATES or net < 0 or tax < 0:
            problems[f"net_{rate}"] = Invalid("A sum is not below nought.", f"net_{rate}")
        elif tax and rate in UNTAXED:
            problems[f"vat_{rate}"] = Invalid("There is no VAT at this rate.", f"vat_{rate}")
    return problems


def remove_report(work: Work, report_id: int) -> FiscalReport:
    """Take a report away that was typed wrong.

    Raises:
        NotFound: there is none.
    """
    found = work.session.get(FiscalReport, report_id)
    if found is None:
        raise NotFound("There is no such report.")
    audit.record(work, "accounting.remove_report", "fiscal_report", found.id,
                 {"number": [found.number, None], "sums": [found.sums, None]})
    work.session.delete(found)
    return found
