"""How Fakturownia counts VAT, and which of its ways gives what a document says. Pure.

Each position is sent as what it comes to with VAT, and is kept so (``position: keep_gross``): its
VAT is gross x rate / (100 + rate). ``sum`` says how positions make the document: ``keep_gross``
counts VAT from the gross sum of each rate, ``keep_net`` from the net sum, ``sum`` adds the
positions up (github.com/fakturownia/API, field ``calculating_strategy``).

A net amount n with its VAT v, rounded, comes back from the gross n + v unchanged: the rounding of v
is at most half a grosz, and shrinks by 100 / (100 + rate) on the way back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from oms_connector import BookDocument, BookLine, BookMethod, Refused
from oms_connector.reading import cents

from oms_fakturownia import words

KEEP_GROSS, KEEP_NET, SUM = "keep_gross", "keep_net", "sum"
_FIRST: Mapping[BookMethod, Sequence[str]] = {
    "gross_rate": (KEEP_GROSS, SUM, KEEP_NET), "net_rate": (KEEP_NET, SUM, KEEP_GROSS),
    "net_line": (SUM, KEEP_NET, KEEP_GROSS),
}
_WORDS = ("zw", "np", "oo")
Position = tuple[str, Decimal]
"""Its rate, and what it comes to with VAT."""
Sums = dict[str, tuple[Decimal, Decimal]]
"""Rate -> net and VAT."""
_NOTHING = (Decimal(0), Decimal(0))


def percent(rate: str) -> Decimal:
    """The percentage behind a rate; words count as nought.

    Raises:
        Refused: it is neither.
    """
    if rate in _WORDS:
        return Decimal(0)
    whole, _, part = rate.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 2 and len(part) <= 2
            and (not part or part.isdigit())):
        raise Refused(words.NO_RATE % {"rate": rate}, "rate", "lines")
    return Decimal(rate)


def gross_of(line: BookLine, method: BookMethod) -> Decimal:
    """What a line comes to with VAT."""
    if method == "gross_rate":
        return line.amount
    return line.amount + cents(line.amount * percent(line.rate) / 100)


def strategy(document: BookDocument, positions: Sequence[Position]) -> str:
    """The way of summing that gives the document's own sums, its usual one first; empty where none
    does.
    """
    own = _own(document)
    return next((way for way in _FIRST[document.method]
                 if not _differing(counted(positions, way), own)), "")


def refusal(document: BookDocument, positions: Sequence[Position]) -> Refused:
    """Why a document is refused that no way of summing gives: what the usual one would make."""
    own, there = _own(document), counted(positions, _FIRST[document.method][0])
    rate = _differing(there, own)[0]
    (net, vat), (own_net, own_vat) = there.get(rate, _NOTHING), own.get(rate, _NOTHING)
    return Refused(words.OTHERWISE % {"rate": rate, "net": net, "vat": vat, "own_net": own_net,
                                      "own_vat": own_vat}, "sums", "sums")


def _own(document: BookDocument) -> Sums:
    return {one.rate: (one.net, one.vat) for one in document.sums}


def counted(positions: Sequence[Position], way: str) -> Sums:
    """What positions come to, rate by rate."""
    found: Sums = {}
    for rate in dict.fromkeys(rate for rate, _ in positions):
        part = percent(rate)
        each = [gross for own, gross in positions if own == rate]
        taxes = [_contained(gross, part) for gross in each]
        whole = sum(each, Decimal(0))
        if way == KEEP_GROSS:
            vat = _contained(whole, part)
            found[rate] = (whole - vat, vat)
        else:
            net = whole - sum(taxes, Decimal(0))
            found[rate] = (net, cents(net * part / 100) if way == KEEP_NET else
                           sum(taxes, Decimal(0)))
    return found


def _contained(gross: Decimal, part: Decimal) -> Decimal:
    return cents(gross * part / (100 + part))


def _differing(there: Sums, own: Sums) -> list[str]:
    """Rates at which two countings do not agree; a rate that comes to nothing may be missing."""
    return [rate for rate in {**own, **there}
            if there.get(rate, _NOTHING) != own.get(rate, _NOTHING)]
