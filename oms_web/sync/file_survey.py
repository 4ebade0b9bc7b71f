"""What the orders of a file need before they can be stored: products, and units on the shelf.

One pass over the file, in the pages and in the order in which it will be stored, so that nothing
is short later and not a unit more is put there than that takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from oms_connector import Order, OrderLine
from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.actor import SYSTEM
from oms_web.core.work import Work, Works
from oms_web.domain.catalog.models import Barcode, Variant
from oms_web.domain.catalog.records import LONGEST, VariantInput
from oms_web.domain.channels.mapping import decide
from oms_web.domain.channels.models import Listing
from oms_web.domain.channels.service import offer_ref
from oms_web.domain.orders import reserving
from oms_web.domain.orders.models import ChannelOrder
from oms_web.domain.stock.opening import Opening
from oms_web.flows import opening_stock
from oms_web.sync.file_pages import Source, pages
from oms_web.sync.file_runs import origin_of

CHUNK = 500
_TITLES = 20
# In the order in which intake stores the kinds of a page.
_STORED = ("sale", "return", "write_off")

Step = Callable[[int], None]


class Survey:
    """A pass over a file. Orders that are in the shop already need nothing any more.

    ``create`` says that SKUs which the catalogue lacks will be added.
    """

    def __init__(self, works: Works, source: Source, *, create: bool) -> None:
        self._works = works
        self._source = source
        self._told: dict[str, _Told] = {}
        self._opening = Opening()
        self._variants = _Variants(source.account_id or 0, create)
        self._create = create

    def run(self, step: Step) -> None:
        """Go through the file."""
        for page in pages(self._source.read()):
            orders = [record for _, record in page.items if isinstance(record, Order)]
            with self._works.reading(SYSTEM) as work:
                known = self._known(work.session, orders)
                self._variants.learn(work.session, [ln for order in orders for ln in order.lines])
            for order in sorted(orders, key=lambda order: _STORED.index(order.kind)):
                if self._create:
                    self._hear(order)
                if order.external_id not in known:
                    self._follow(order)
            step(page.after)

    def _known(self, session: Session, orders: Sequence[Order]) -> set[str]:
        return set(session.scalars(
            select(ChannelOrder.external_id)
            .where(ChannelOrder.account_id == self._source.account_id,
                   ChannelOrder.external_id.in_([order.external_id for order in orders]))
        ))

    def _hear(self, order: Order) -> None:
        for line in order.lines:
            if self._variants.is_new(line):
                self._told.setdefault(line.sku, _Told()).hear(line, order.kind == "sale")

    def _follow(self, order: Order) -> None:
        if order.kind == "sale" and order.state == "cancelled":
            return
        sign = 1 if order.kind == "return" else -1
        for line in order.lines:
            units = line.quantity - line.cancelled
            for variant, per_unit in self._variants.parts(line):
                self._opening.move(variant, sign * units * per_unit)

    def missing(self) -> Iterator[list[VariantInput]]:
        """New SKUs in chunks, each with the name it is sold by most often."""
        rest = iter(self._told.items())
        while chunk := list(islice(rest, CHUNK)):
            yield [told.as_variant(sku) for sku, told in chunk]

    def receive(self, work: Work, turn: int) -> None:
        """Put on the shelf what is not there, once the new SKUs have been added."""
        needed = self._variants.by_real_id(work.session, self._opening.needed())
        rest = iter(sorted(needed.items()))
        while chunk := dict(islice(rest, CHUNK)):
            opening_stock.receive(work, chunk, key=f"import:{self._source.run_id}:{turn}",
                                  reference=origin_of(self._source.run_id))


class _Told:
    """What the lines of a file say about one SKU."""

    __slots__ = ("ean", "titles", "vat_rate")

    def __init__(self) -> None:
        self.titles: Counter[str] = Counter()
        self.ean = self.vat_rate = ""

    def hear(self, line: OrderLine, sold: bool) -> None:
        """Remember a line. A title that something was paid under is worth more than others."""
        title = line.title.strip()
        if title and title != line.sku and (title in self.titles or len(self.titles) < _TITLES):
            self.titles[title] += 1_000 if sold and line.unit_price else 1
        self.ean = self.ean or line.ean
        self.vat_rate = self.vat_rate or line.vat_rate

    def as_variant(self, sku: str) -> VariantInput:
        """The new variant."""
        title = self.titles.most_common(1)[0][0] if self.titles else sku
        return VariantInput(sku, title[: LONGEST["name"]], vat_rate=self.vat_rate,
                            eans=(self.ean,) if self.ean else ())


_Key = tuple[str, str, str]


class _Variants:
    """Which variants a line takes from the shelf, by the rules that intake maps lines with.

    SKUs that will be added have a number below zero until then.
    """

    def __init__(self, account_id: int, create: bool) -> None:
        self._account_id = account_id
        self._create = create
        self._parts: dict[_Key, reserving.Parts] = {}
        self._new: dict[str, int] = {}

    def is_new(self, line: OrderLine) -> bool:
        """Whether the line is of a SKU that will be added."""
        return line.sku in self._new

    def parts(self, line: OrderLine) -> reserving.Parts:
        """What one unit of a line consists of; nothing while no product is known."""
        return self._parts[_key(line)]

    def learn(self, session: Session, lines: Sequence[OrderLine]) -> None:
        """Look up what is not known yet, with a constant number of statements."""
        fresh = {_key(line) for line in lines} - self._parts.keys()
        if not fresh:
            return
        linked = _pairs(session, Listing.offer_ref, Listing.variant_id,
                        {ref for ref, _, _ in fresh}, Listing.account_id == self._account_id)
        by_sku = _pairs(session, Variant.sku, Variant.id, {sku for _, sku, _ in fresh})
        by_ean = _pairs(session, Barcode.code, Barcode.variant_id, {ean for _, _, ean in fresh})
        found: dict[_Key, int] = {}
        for ref, sku, ean in fresh:
            if self._create and sku and sku not in by_sku:
                new = self._new.setdefault(sku, -1 - len(self._new))
            else:
                new = None
            variant = linked.get(ref) or by_sku.get(sku) or new or \
                decide(None, by_ean.get(ean)).variant_id
            if variant is not None:
                found[ref, sku, ean] = variant
        made_of = reserving.bundle_parts(session, {v for v in found.values() if v > 0})
        for key in fresh:
            variant = found.get(key)
            self._parts[key] = () if variant is None else made_of.get(variant, ((variant, 1),))

    def by_real_id(self, session: Session, units: Mapping[int, int]) -> dict[int, int]:
        """Units per variant, the new ones under the id they have by now."""
        real = {variant: count for variant, count in units.items() if variant > 0}
        skus = {number: sku for sku, number in self._new.items()}
        wanted = iter([skus[variant] for variant in units if variant < 0])
        while chunk := list(islice(wanted, CHUNK)):
            for sku, variant in _pairs(session, Variant.sku, Variant.id, set(chunk)).items():
                real[variant] = real.get(variant, 0) + units[self._new[sku]]
        return real


def _key(line: OrderLine) -> _Key:
    return offer_ref(line.offer_ref, line.sku, line.ean, line.title), line.sku, line.ean


def _pairs(
    session: Session, key: Any, value: Any, wanted: set[str], *more: Any
) -> dict[str, int]:
    return dict(session.execute(
        select(key, value).where(key.in_(wanted - {""}), value.is_not(None), *more)
    ).all())
