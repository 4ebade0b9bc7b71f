"""Documents of invented people, as the engine hands them to an accounting system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from oms_connector import (
    Address,
    BookChange,
    BookDocument,
    BookKind,
    BookLine,
    BookMethod,
    BookParty,
    BookPayment,
    BookSum,
    KeepsBooks,
)
from oms_connector.reading import cents
from oms_connector.testing.bench import Bench
from oms_connector.testing.write import NUMBERS, Maker, Reader, Write

Basket = Sequence[tuple[str, int, str, str]]
"""Lines: title, units, what all of them come to, VAT rate."""

MUGS: Basket = (("Kubek „Sowa” & spodek", 3, "119.70", "23"),)
MIXED: Basket = (("Kubek", 1, "39.90", "23"), ("Książka", 2, "52.51", "5"), ("Szkolenie", 1,
                 "100.01", "zw"), ("Herbata", 7, "23.31", "23"), ("Dostawa", 1, "15.00", "23"))
PENNIES: Basket = tuple((f"Guzik {number}", 1, "0.01", "23") for number in range(40))
SELLER = BookParty(
    Address(company="Kit Sp. z o.o.", street="Kitowa 1", postcode="00-001", city="Warszawa",
            country="PL", email="kit@kit.example"), "5252248481", "PL61109010140000071219812874")
BUYER = BookParty(
    Address("Zofia Kitowska", "Źrebię S.A.", "Kiciowa 7/2", "00-950", "Warszawa", country="PL",
            email="zofia@kit.example"), "6272616681")


def sums_of(method: BookMethod, lines: Sequence[BookLine]) -> tuple[BookSum, ...]:
    """What lines come to, rate by rate, by the method of the document."""
    found = []
    for rate in dict.fromkeys(line.rate for line in lines):
        amounts = [line.amount for line in lines if line.rate == rate]
        part = Decimal(rate) if rate.isdigit() else Decimal(0)
        whole = sum(amounts, Decimal(0))
        if method == "gross_rate":
            vat = cents(whole * part / (100 + part))
            found.append(BookSum(rate, whole - vat, vat, whole))
            continue
        vat = cents(whole * part / 100) if method == "net_rate" \
            else sum((cents(amount * part / 100) for amount in amounts), Decimal(0))
        found.append(BookSum(rate, whole, vat, whole + vat))
    return tuple(found)


def new_paper(kind: BookKind = "invoice", method: BookMethod = "gross_rate",
              basket: Basket = MUGS, **more: Any) -> BookDocument:
    """A document with a number that was never used, not paid yet."""
    lines = [BookLine(title, units, "szt.", rate, Decimal(amount), f"SKU-{at}")
             for at, (title, units, amount, rate) in enumerate(basket)]
    letters = {"proforma": "PRO", "correction": "KOR"}.get(kind, "FV")
    day = date(2026, 11, 24)
    said: dict[str, Any] = {"buyer": BUYER, "payment": BookPayment("credit", "Przelew", due=day),
                            "exempt_basis": "art. 43 ust. 1 pkt 26 ustawy o VAT"} | more
    return BookDocument(f"{letters} {next(NUMBERS)}/11/2026", kind, day, day, "PLN", method, SELLER,
                        sums=sums_of(method, lines), lines=lines, **said)


def taken_back(first: BookDocument, entry: str) -> BookDocument:
    """The correction by which everything came back."""
    gone = [BookChange(line, replace(line, quantity=0, amount=Decimal(0))) for line in first.lines]
    less = tuple(BookSum(one.rate, -one.net, -one.vat, -one.gross) for one in first.sums)
    return replace(new_paper("correction", first.method), lines=(), changes=gone, sums=less,
                   corrects=first.number, corrects_entry=entry, reason="Zwrot towaru",
                   payment=BookPayment("credit", "Przelew"))


def paid(document: BookDocument) -> BookDocument:
    """The same once it was paid."""
    return replace(document, payment=replace(
        document.payment, paid=document.gross, paid_on=document.issue_date))


def book_reads(bench: Bench) -> Mapping[str, Reader]:
    """Looking for a document that is in the books."""
    if not bench.can(KeepsBooks):
        return {}
    document = new_paper()
    bench.call(lambda c: c.enter(document))
    return {"find_entry": lambda c: c.find_entry(document)}


def book_writes(bench: Bench) -> Mapping[str, Maker]:
    """Entering a document, and telling that one was paid."""
    return {"enter": entering, "tell_paid": paying} if bench.can(KeepsBooks) else {}


def entering(bench: Bench) -> Write:
    """A document of its own, as the engine enters it: looked for where it may be there already."""
    document = new_paper()

    def enter(connector: Any) -> Any:
        return connector.enter(document)

    return Write("enter", enter, lambda: [one.gross for one in bench.standin.entries(
        document.number)], [document.gross])


def paying(bench: Bench) -> Write:
    """A document of its own has been paid."""
    document = new_paper()
    entry = bench.call(lambda c: c.enter(document)).reference
    return Write("tell_paid", lambda c: c.tell_paid(entry, paid(document)),
                 lambda: [one.paid for one in bench.standin.entries(document.number)],
                 [document.gross])
