"""Doubles that break what is promised of books."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from oms_connector import Entered, NotFound, Refused
from oms_connector.testing.papers import sums_of

from tests.contract.kit_double import breaks
from tests.contract.kit_shop import KitShop


@breaks(70)
class EntersGoodsOnly(KitShop):
    """Delivery is not for books, it finds, and counts the document without it."""

    def enter(self, document):
        lines = [line for line in document.lines if line.title != "Dostawa"]
        if document.kind == "correction" or len(lines) == len(document.lines):
            return super().enter(document)
        return super().enter(replace(document, lines=lines,
                                     sums=sums_of(document.method, lines)))


@breaks(70)
class EchoesWhatItWasTold(KitShop):
    """What the books make of it nobody is told: the net sum of a pro forma is its gross one."""

    def enter(self, document):
        got = super().enter(document)
        return replace(got, net=got.gross) if document.kind == "proforma" else got


@breaks(71)
class EntersWhateverComesClose(KitShop):
    """A grosz more or less: it counts the sums anew and enters those."""

    def enter(self, document):
        try:
            return super().enter(document)
        except Refused as refusal:
            if refusal.field != "sums":
                raise
            first, *rest = document.sums
            for net, vat in ((1, -1), (-1, 1), (-1, 0), (1, 0)):
                close = replace(first, net=first.net + Decimal(net) / 100,
                                vat=first.vat + Decimal(vat) / 100)
                try:
                    return super().enter(replace(document, sums=(replace(
                        close, gross=close.net + close.vat), *rest)))
                except Refused:
                    continue
            raise


@breaks(72)
class TakesWhatBeginsAlike(KitShop):
    """The first of what the books list, though they list every number that begins like this."""

    def find_entry(self, document):
        found = self._get("books", "entries", number=document.number)["entries"]
        return Entered(found[0]["id"], found[0]["number"],
                       *(Decimal(one) for one in found[0]["total"]),
                       url=f"https://kram.example/books/{found[0]['id']}") if found else None


@breaks(72, also=(73,))
class FindsNothing(KitShop):
    """What it has entered it cannot find, unless it is the only one."""

    def find_entry(self, document):
        found = super().find_entry(document)
        return found if found and found.reference == "B1" else None


@breaks(73)
class PaysWhatIsNotThere(KitShop):
    """Nobody misses it."""

    def tell_paid(self, reference, document):
        try:
            super().tell_paid(reference, document)
        except NotFound:
            return
