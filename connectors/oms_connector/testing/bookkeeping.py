"""Checks 70-73: what was issued stands in the books to the grosz, once, and is found again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from oms_connector import (
    BookDocument,
    BookKind,
    BookMethod,
    Entered,
    KeepsBooks,
    OutcomeUnknown,
    Refused,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.facts import InBooks
from oms_connector.testing.faults import DONE_SILENTLY
from oms_connector.testing.papers import (
    BUYER,
    MIXED,
    MUGS,
    PENNIES,
    SELLER,
    new_paper,
    paid,
    taken_back,
)
from oms_connector.testing.promise import keeps
from oms_connector.testing.verdict import Broken, must

PERSON = replace(BUYER, tax_id="", address=replace(BUYER.address, company=""))
METHODS: Sequence[BookMethod] = ("gross_rate", "net_rate", "net_line")


class Bookkeeping:
    """Invoices, corrections and pro formas in an accounting system."""

    @keeps(70, "a document stands in the books as it was issued, to the grosz", "silver")
    def test_74_entered(self, bench: Bench) -> None:
        """Every kind it takes; a way to count that it lacks is refused, gross prices never."""
        bench.needs(KeepsBooks)
        kinds = bench.call(lambda c: list(c.takes()))
        must("invoice" in kinds, f"books without invoices: it takes {kinds}")
        for document in _papers(kinds):
            try:
                got = bench.call(lambda c, document=document: c.enter(document))
            except Refused as refusal:
                must(document.method != "gross_rate", f"{_named(document)} is refused: {refusal}")
                must(not bench.standin.entries(document.number), "it is refused, and entered")
                continue
            _same(bench, document, got)
        if "correction" in kinds:
            for basket in (MUGS, MIXED):
                first = new_paper(basket=basket)
                entry = bench.call(lambda c, first=first: c.enter(first)).reference
                for known in (entry, ""):
                    back = taken_back(first, known)
                    _same(bench, back, bench.call(lambda c, back=back: c.enter(back)))

    @keeps(71, "what cannot be entered exactly is refused, and nothing of it is entered", "silver")
    def test_75_refused(self, bench: Bench) -> None:
        """Sums that the system counts otherwise, and corrections of what it does not have."""
        bench.needs(KeepsBooks)
        wrong = []
        for document in (new_paper(), new_paper(basket=MIXED), new_paper(basket=PENNIES)):
            first, *rest = document.sums
            for grosz in (Decimal("0.01"), Decimal("-0.01")):
                wrong.append(replace(new_paper(), lines=document.lines, sums=(
                    replace(first, net=first.net - grosz, vat=first.vat + grosz), *rest)))
                wrong.append(replace(new_paper(), lines=document.lines, sums=(
                    replace(first, net=first.net + grosz, gross=first.gross + grosz), *rest)))
        if "correction" in bench.call(lambda c: list(c.takes())):
            wrong.append(taken_back(new_paper(), ""))
        for document in wrong:
            try:
                bench.call(lambda c, document=document: c.enter(document))
            except Refused as refusal:
                must(str(refusal), "it is refused without a word")
                must(not bench.standin.entries(document.number),
                     f"{_named(document)} is refused, and stands in the books")
                continue
            raise Broken(f"{_named(document)} cannot be entered as it is, and was entered: "
                         f"{bench.standin.entries(document.number)}")

    @keeps(72, "entered again it is one entry, and by its number it is found", "silver")
    def test_76_once(self, bench: Bench) -> None:
        """Also where the answer was lost, and beside a number that begins with it."""
        bench.needs(KeepsBooks)
        document = new_paper()
        longer = replace(new_paper(), number=f"{document.number}0")
        bench.call(lambda c: c.enter(longer))
        must(bench.call(lambda c: c.find_entry(document)) is None,
             "it finds what was never entered")
        first = bench.call(lambda c: c.enter(document))
        again = bench.call(lambda c: c.enter(document))
        must(first == again, f"entered twice it is {first} and {again}")
        must(len(bench.standin.entries(document.number)) == 1, "the same number is two entries")
        found = bench.call(lambda c: c.find_entry(document))
        must(found == first, f"it was entered as {first}, and what is found is {found}")
        lost = new_paper()
        for number in range(1, bench.requests(lambda c: c.enter(new_paper())) + 1):
            bench.line.faults = {number: DONE_SILENTLY.strike}
            try:
                bench.call(lambda c: c.enter(lost))
            except OutcomeUnknown:
                break
            except Exception as error:
                must(not bench.standin.entries(lost.number), f"it was done, and it says {error!r}")
            finally:
                bench.line.faults = {}
        found = bench.call(lambda c: c.find_entry(lost))
        must(found is not None and found.gross == lost.gross,
             f"its answer was lost, and what is found is {found}")
        must(len(bench.standin.entries(lost.number)) == 1, "looking for it entered it again")

    @keeps(73, "that a document was paid is told of that document, and once", "silver")
    def test_77_paid(self, bench: Bench) -> None:
        """Known when it was entered, or later; what is not there is refused."""
        bench.needs(KeepsBooks)
        before, later, other = paid(new_paper()), new_paper(), new_paper()
        for document in (before, later, other):
            bench.call(lambda c, document=document: c.enter(document))
        entry = bench.call(lambda c: c.find_entry(later))
        must(entry is not None, "what was entered is not found")
        for _ in range(2):
            bench.call(lambda c: c.tell_paid(entry.reference, paid(later)))
        for document, wanted in ((before, before.gross), (later, later.gross),
                                 (other, Decimal(0))):
            found = [one.paid for one in bench.standin.entries(document.number)]
            must(found == [wanted], f"{wanted} of {_named(document)} was paid; there is {found}")
        try:
            bench.call(lambda c: c.tell_paid(bench.standin.unknown, paid(other)))
        except Refused:
            return
        raise Broken("a document that is not there was paid, it says")


def _papers(kinds: list[str]) -> Iterator[BookDocument]:
    papers: tuple[BookKind, ...] = ("invoice", "proforma")
    for kind in papers:
        if kind not in kinds:
            continue
        for method in METHODS:
            for basket in (MUGS, MIXED, PENNIES):
                yield new_paper(kind, method, basket)
        yield new_paper(kind, buyer=PERSON)


def _same(bench: Bench, document: BookDocument, got: Entered) -> None:
    """What stands there is what was issued, and what it answered is what stands there."""
    said = _named(document)
    found = list(bench.standin.entries(document.number))
    must(len(found) == 1, f"{said} stands in the books {len(found)} times")
    [one] = found
    address = document.buyer.address
    wanted = InBooks(document.kind, document.number, document.net, document.vat, document.gross,
                     document.payment.paid, len(document.lines) or len(document.changes),
                     address.company or address.name)
    must(one == wanted, f"{said} was issued as {wanted}; in the books it is {one}")
    must((got.number, got.net, got.vat, got.gross) == (one.number, one.net, one.vat, one.gross)
         and got.reference, f"{said} stands there as {one}, and it tells {got}")
    must(SELLER.address.company not in one.buyer, f"{said} is entered as bought by its seller")


def _named(document: BookDocument) -> str:
    return f"{document.kind} {document.number} ({document.method}, {document.gross})"
