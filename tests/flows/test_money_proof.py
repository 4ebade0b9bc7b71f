"""Money to the grosz (reliability bar 10): sales by chance, from the order to the last correction.

Each sale is laid into the tables and invoiced as the product does it; what the invoice, its chain
of corrections and its advances say is held against a second reckoning that shares nothing with the
product. The files for KSeF of every fiftieth are held against the Ministry's schema as well.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cache

import pytest
from lxml import etree

from oms_web.core.actor import Actor
from oms_web.domain.documents import correcting, settling, snapshot
from oms_web.domain.documents.correcting import Ask, Naming
from oms_web.domain.documents.drafting import Ask as IssueAsk
from oms_web.domain.documents.drafting import draft_invoice
from oms_web.domain.einvoices import fa3
from oms_web.domain.einvoices.schema import faults
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import order_lines
from tests.conftest import SHARED
from tests.reckoning import (
    Bill,
    Position,
    Sums,
    advanced,
    between,
    billed,
    divided,
    lowered,
    places,
    priced,
    taken_back,
    worth,
)
from tests.sales import ABROAD, RATES_OF_DAY, Sale, prepare, put, sold
from tests.sizes import size

ANNA = Actor("user", "Anna Nowak", 7)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PAPERS, AT_ONCE = size(200, 5_000), 250
SLICES = size(1, 20)
EVERY = size(10, 50)
"""How many sales to one whose files for KSeF are made: 2,000 of 100,000."""

_FIXED = {"wdt": "0", "export": "0", "services_eu": "np", "reverse": "oo"}


class Undone(Exception):
    """So that the tables stay as small as they were."""


@pytest.fixture
def shop(works):
    works.clock = lambda: NOW
    with works.writing(ANNA) as work:
        works.variants = prepare(work)
    return works


@pytest.mark.slow
@pytest.mark.parametrize("part", range(SLICES))
def test_every_document_is_exact_to_the_grosz(shop, part):
    seen = Seen()
    for first in range(part * PAPERS, (part + 1) * PAPERS, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, (part + 1) * PAPERS))
        with pytest.raises(Undone):
            prove_many(shop, numbers, seen)
    print(f"\n{seen}")
    assert seen.invoices + seen.nought == PAPERS
    assert seen.corrections > PAPERS
    assert seen.files >= PAPERS // EVERY


def prove_many(shop, numbers, seen: Seen) -> None:
    """Some sales in one transaction, which is undone."""
    sales = [sold(random.Random(number)) for number in numbers]
    with shop.writing(ANNA) as work:
        for number, sale, order_id in zip(
                numbers, sales, put(work, sales, shop.variants), strict=True):
            try:
                prove(work, sale, order_id, number, seen)
            except Exception as fault:
                raise AssertionError(f"sale {number}: {sale}") from fault
        raise Undone


class Seen:
    """What a run came to."""

    def __init__(self) -> None:
        self.invoices = self.nought = self.corrections = self.advances = self.files = 0

    def __str__(self) -> str:
        return ", ".join(f"{value} {name}" for name, value in vars(self).items())


def prove(work, sale: Sale, order_id: int, number: int, seen: Seen) -> None:
    """One sale, from its order to its last correction."""
    order = work.session.get_one(Order, order_id)
    draft = draft_invoice(work, order, IssueAsk(
        method=sale.method, treatment=sale.treatment if sale.chosen else ""))
    bill = reckoned(sale)
    if bill.total().gross <= 0:
        assert list(draft.problems) == ["order"]
        seen.nought += 1
        return
    assert draft.problems == {}
    said = snapshot.numbered(draft.snapshot, f"FV {number}/11/2026")
    assert said["treatment"] == sale.treatment
    agree(said, bill)
    kept = sum(worth(line.price, line.quantity - line.cancelled, sale.currency)
               for line in sale.lines)
    base = bill.total().gross if sale.is_gross else bill.total().net
    assert base == kept + sale.shipping - discount_of(sale)
    seen.invoices += 1
    papers = [said]
    if number % 9 == 0:
        seen.advances += settle(said, bill, random.Random(-number))
    ids = [line.id for line in order_lines(work.session, order_id)
           if line.quantity > line.cancelled]
    papers += corrected(said, bill, ids, random.Random(~number))
    seen.corrections += len(papers) - 1
    if number % EVERY == 0 and sale.currency != "KWD":
        for paper in papers:
            file_agrees(paper, sale)
            seen.files += 1


# The invoice ------------------------------------------------------------------------------------


def discount_of(sale: Sale) -> int:
    """The discount that falls on what was not cancelled."""
    ordered = sum(worth(line.price, line.quantity, sale.currency) for line in sale.lines)
    kept = sum(worth(line.price, line.quantity - line.cancelled, sale.currency)
               for line in sale.lines)
    if kept >= ordered:
        return sale.discount
    if sale.discount < 0:
        return -divided(-sale.discount, [kept, ordered - kept])[0]
    return divided(sale.discount, [kept, ordered - kept])[0]


def reckoned(sale: Sale) -> Bill:
    """What the invoice of a sale must say."""
    def rate(own: str) -> str:
        return ABROAD[sale.country] if sale.treatment == "oss" \
            else _FIXED.get(sale.treatment, own)

    goods = []
    for at, line in enumerate(line for line in sale.lines if line.quantity > line.cancelled):
        units = line.quantity - line.cancelled
        goods.append(Position(rate(line.rate), worth(line.price, units, sale.currency),
                              quantity=units, price=line.price, line=at))
    bill = Bill(billed(goods, sale.shipping, discount_of(sale)), sale.method, sale.currency)
    if sale.currency == "PLN" or not bill.total().vat:
        return bill
    return replace(bill, exchange=Fraction(RATES_OF_DAY[sale.currency]))


def sums_of(rows) -> dict[str, Sums]:
    """Rows per rate as a document has them."""
    return {row["rate"]: Sums(row["net"], row["vat"], row["gross"], row.get("vat_home", 0))
            for row in rows}


def agree(said, bill: Bill) -> None:
    """A document, or a state of it, says what was reckoned, line by line and rate by rate."""
    assert [(line["kind"], line["rate"], line["quantity"], line["discount"], line["amount"])
            for line in said["lines"]] == [
        (one.kind, one.rate, one.quantity, one.discount, one.amount) for one in bill.positions]
    assert sums_of(said["rates"]) == bill.rates()
    assert list(sums_of(said["rates"])) == list(bill.rates())
    total = said["total"]
    assert Sums(total["net"], total["vat"], total["gross"], total.get("vat_home", 0)) \
        == bill.total()
    assert all(row["net"] + row["vat"] == row["gross"] for row in [*said["rates"], total])


# Corrections ------------------------------------------------------------------------------------

NAMING = Naming({"document_id": 1, "kind": "invoice", "number": "FV 1/11/2026",
                 "issue_date": "2026-11-22", "sale_date": "2026-11-20"},
                {"document_id": 2, "number": "KOR 0/11/2026"}, date(2026, 11, 22), "Anna", {
                    "accent": "#3350D4", "logo": None, "footer": ""})


def corrected(said, bill: Bill, ids: list[int], chance: random.Random) -> list[dict]:
    """A chain of corrections, each held against the reckoning; half of them end with nothing."""
    first, papers, told = bill, [], {}
    latest = said
    for step, (ask, after) in enumerate(asks(bill, ids, chance)):
        made = correcting.correction(latest, replace(ask, reason="zwrot"), NAMING)
        latest = snapshot.numbered(made, f"KOR {step}/11/2026")
        change = between(bill, after)
        assert sums_of(latest["rates"]) == change
        agree(latest["after"], after)
        assert latest["total"]["gross"] == after.total().gross - bill.total().gross
        for rate, sums in change.items():
            told[rate] = told.get(rate, Sums()) + sums
        papers.append(latest)
        bill = after
    assert {rate: sums for rate, sums in told.items() if sums != Sums()} == between(first, bill)
    return papers


def asks(bill: Bill, ids: list[int], chance: random.Random) -> Iterator[tuple[Ask, Bill]]:
    """What is asked for one after the other, and the bill after each."""
    for _ in range(chance.randint(0, 3)):
        made = chance.choice((some_back, some_back, dearer, cheaper, other_rate))(
            bill, ids, chance)
        if made is not None:
            bill = made[1]
            yield made
    if chance.random() < 0.5 and (made := nothing_left(bill)) is not None:
        yield made


def some_back(bill: Bill, ids, chance):
    """Units come back, and perhaps a part of the delivery."""
    open_ = [at for at, one in enumerate(bill.positions) if one.line is not None and one.quantity]
    if not open_:
        return None
    positions, returned = list(bill.positions), {}
    for at in chance.sample(open_, min(len(open_), chance.randint(1, 4))):
        units = chance.randint(1, positions[at].quantity)
        returned[ids[positions[at].line]] = units
        positions[at] = taken_back(positions[at], units)
    back = chance.choice((0, sum(one.amount for one in positions if one.kind == "delivery")))
    if back:
        positions = lowered(positions, "delivery", back)
    return Ask(returned=returned, delivery_back=back), replace(bill, positions=positions)


def dearer(bill: Bill, _ids, chance):
    """A unit should have cost something else."""
    open_ = [at for at, one in enumerate(bill.positions) if one.line is not None and one.quantity]
    if not open_:
        return None
    at = chance.choice(open_)
    price = bill.positions[at].price + Fraction(chance.randint(1, 99_999), 10**6)
    positions = list(bill.positions)
    positions[at] = priced(positions[at], price, bill.currency)
    return (Ask(prices={at + 1: int(price * 10**6)}), replace(bill, positions=positions)) \
        if positions[at].amount >= 0 else None


def cheaper(bill: Bill, _ids, chance):
    """Everything that stays costs less."""
    value = sum(one.amount for one in bill.positions if one.kind == "goods")
    if not value:
        return None
    by = chance.randint(1, value)
    return Ask(lowered=by), replace(bill, positions=lowered(bill.positions, "goods", by))


def other_rate(bill: Bill, _ids, chance):
    """A line was taxed at a wrong rate."""
    at = chance.randrange(len(bill.positions))
    rates = [rate for rate in ("23", "8", "5", "0") if rate != bill.positions[at].rate]
    if bill.exchange is None and bill.currency != "PLN":
        return None  # another test: the tax must then be said at home as well
    rate = chance.choice(rates)
    positions = list(bill.positions)
    positions[at] = replace(positions[at], rate=rate)
    return Ask(rates={at + 1: rate}), replace(bill, positions=positions)


def nothing_left(bill: Bill):
    """Everything is taken back: the chain is the invoice's mirror."""
    quantities = {at + 1: 0 for at, one in enumerate(bill.positions) if one.quantity}
    if not quantities:
        return None
    return Ask(quantities=quantities), replace(bill, positions=[
        taken_back(one, one.quantity) if one.quantity else one for one in bill.positions])


# Advances ---------------------------------------------------------------------------------------


def settle(said, bill: Bill, chance: random.Random) -> int:
    """Advances and the final invoice are the sale, rate by rate; how many advances there were."""
    gross = {rate: sums.gross for rate, sums in bill.rates().items()}
    left, given = dict(gross), []
    for _ in range(chance.randint(1, 3)):
        paid = chance.randint(1, max(1, sum(left.values()) // 2))
        if paid >= sum(left.values()):
            break
        made = settling.advance(said, paid, given)
        wanted = {rate: replace(sums, home=home(sums.vat, bill))
                  for rate, sums in advanced(paid, left).items()}
        assert sums_of(made["rates"]) == wanted
        assert made["total"]["gross"] == paid
        for rate, sums in wanted.items():
            left[rate] -= sums.gross
        given.append({"document_id": 1, "number": f"ZAL {len(given)}", "gross": paid,
                      "issue_date": "2026-11-22", "rates": made["rates"]})
    final = settling.final(said, given)
    told = sums_of(final["rates"])
    for one in given:
        for rate, sums in sums_of(one["rates"]).items():
            told[rate] = told[rate] + sums
    for rate, sums in bill.rates().items():
        assert replace(told[rate], home=0) == replace(sums, home=0)
    return len(given)


def home(tax: int, bill: Bill) -> int:
    return Bill((), bill.method, bill.currency, bill.exchange)._home(tax)


# Files for KSeF ---------------------------------------------------------------------------------

_TAXED = {"23": "1", "8": "2", "5": "3"}
_NOUGHT = {"domestic": "6_1", "wdt": "6_2", "export": "6_3"}


def file_agrees(said, sale: Sale) -> None:
    """The file is what the Ministry's schema takes, and its sums are the document's."""
    xml = fa3.write(said, NOW, {1: "5252248481-20261122-0100A0B1C2D3-4E"})
    assert faults(xml) == []
    tree = etree.fromstring(xml)
    if ministry() is not None:
        assert ministry().validate(tree), ministry().error_log
    wanted: dict[str, int] = {"P_15": said["total"]["gross"]}
    for rate, sums in sums_of(said["rates"]).items():
        field = place(rate, sale)
        wanted[f"P_13_{field}"] = wanted.get(f"P_13_{field}", 0) + sums.net
        if field in ("1", "2", "3", "5"):
            wanted[f"P_14_{field}"] = wanted.get(f"P_14_{field}", 0) + sums.vat
    found = {node.tag.split("}")[1]: node.text for node in tree.find("{*}Fa")
             if node.tag.split("}")[1] in wanted}
    assert {name: Fraction(text) * 10 ** places(sale.currency)
            for name, text in found.items()} == wanted


def place(rate: str, sale: Sale) -> str:
    """Where FA(3) has the sums of a rate (notes of the schema to P_13_1 and following)."""
    if rate in ("zw", "oo"):
        return {"zw": "7", "oo": "10"}[rate]
    if rate == "np":
        return "9" if sale.treatment == "services_eu" else "8"
    if sale.treatment == "oss":
        return "5"
    return _NOUGHT.get(sale.treatment, "6_1") if rate == "0" else _TAXED[rate]


@cache
def ministry() -> etree.XMLSchema | None:
    """The schema as the Ministry published it; None where it does not lie beside the project."""
    folder = SHARED / "specs" / "ksef" / "schemas" / "FA"
    if not folder.is_dir():
        return None

    class Local(etree.Resolver):
        def resolve(self, url, public_id, context):
            file = folder / "bazowe" / url.rsplit("/", 1)[-1]
            return self.resolve_string(file.read_bytes(), context)

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())
    return etree.XMLSchema(etree.fromstring(
        (folder / "schemat_FA(3)_v1-0E.xsd").read_bytes(), parser))


# The control ------------------------------------------------------------------------------------


def test_control_a_grosz_too_much_is_found(shop, monkeypatch):
    """Tax rounded half to even, as Python's ``round`` does it: one sale in a hundred tells."""
    from oms_web.domain.documents import vat

    monkeypatch.setattr(vat, "_half_up", round)
    with pytest.raises(AssertionError, match="sale 132"):
        prove_many(shop, range(130, 140), Seen())
