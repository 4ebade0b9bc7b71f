"""Orders of a file: stored like a channel's; before that, the goods and units that they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from oms_connector import Order, OrderLine, Skipped, Unreadable
from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.actor import SYSTEM
from oms_web.core.work import Work, Works
from oms_web.domain.catalog.models import Barcode, Variant
from oms_web.domain.catalog.records import LONGEST, VariantInput
from oms_web.domain.catalog.service import put_variants
from oms_web.domain.channels.mapping import decide
from oms_web.domain.channels.models import Listing
from oms_web.domain.channels.service import get_account, offer_ref
from oms_web.domain.orders import reserving
from oms_web.domain.orders.models import ChannelOrder
from oms_web.domain.stock.opening import Opening
from oms_web.flows import opening_stock
from oms_web.sync.file_pages import FilePage, Source, StoredPage, pages
from oms_web.sync.file_runs import origin_of
from oms_web.sync.intake import store_page

CHUNK = 500
_TITLES = 20
# In the order in which intake stores the kinds of a page.
_STORED = ("sale", "return", "write_off")

Step = Callable[[int], None]


def store(work: Work, source: Source, page: FilePage, _turn: int) -> StoredPage:
    """Take a page of orders in, in the running transaction."""
    stored = StoredPage(read=len({position for position, _ in page.items}))
    positions: dict[str, int] = {}
    items: list[Order | Unreadable] = []
    for position, record in page.items:
        if isinstance(record, Skipped):
            stored.skipped[record.reason] = stored.skipped.get(record.reason, 0) + record.rows
        else:
            positions[record.external_id] = position
            items.append(record)
    account = get_account(work.session, source.account_id or 0)
    taken = store_page(
        work, account, items, origin=origin_of(source.run_id),
        text_of=lambda order: source.text_of(positions[order.external_id]),
    )
    stored.added, stored.changed, stored.same = taken.added, taken.changed, taken.same
    stored.quarantined = taken.quarantined
    return stored


def survey_products(
    works: Works, source: Source, step: Step
) -> Iterator[list[VariantInput]]:
    """The SKUs of a file that the catalogue lacks, each with the name it is sold by most often."""
    told: dict[str, _Told] = {}
    for page in pages(source.read()):
        for _, record in page.items:
            if isinstance(record, Order):
                for line in record.lines:
                    if line.sku:
                        told.setdefault(line.sku, _Told()).hear(line, record.kind == "sale")
        step(page.after)
    everything = iter(told.items())
    while chunk := dict(islice(everything, CHUNK)):
        with works.reading(SYSTEM) as work:
            known = set(work.session.scalars(select(Variant.sku).where(Variant.sku.in_(chunk))))
        missing = [each.as_variant(sku) for sku, each in chunk.items() if sku not in known]
        if missing:
            yield missing


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


def add_products(work: Work, chunk: Sequence[VariantInput]) -> None:
    """Add surveyed SKUs to the catalogue."""
    put_variants(work, chunk)


def survey_stock(works: Works, source: Source, step: Step) -> dict[int, int]:
    """The least units of each variant that must be there so that no order of the file is short.

    Orders that are in the shop already are left out. Pages are followed as they will be stored:
    within a page sales go first, then returns, then write-offs.
    """
    opening = Opening()
    variants = _Variants(source.account_id or 0)
    for page in pages(source.read()):
        orders = [record for _, record in page.items if isinstance(record, Order)]
        with works.reading(SYSTEM) as work:
            known = _known(work.session, source.account_id or 0, orders)
            variants.learn(work.session, [line for order in orders for line in order.lines])
        fresh = [order for order in orders if order.external_id not in known]
        for order in sorted(fresh, key=lambda order: _STORED.index(order.kind)):
            _follow(opening, order, variants)
        step(page.after)
    return opening.needed()


def _follow(opening: Opening, order: Order, variants: _Variants) -> None:
    if order.kind == "sale" and order.state == "cancelled":
        return
    sign = 1 if order.kind == "return" else -1
    for line in order.lines:
        units = line.quantity - line.cancelled
        for variant, per_unit in variants.parts(line):
            opening.move(variant, sign * units * per_unit)


def _known(session: Session, account_id: int, orders: Sequence[Order]) -> set[str]:
    return set(session.scalars(
        select(ChannelOrder.external_id)
        .where(ChannelOrder.account_id == account_id,
               ChannelOrder.external_id.in_([order.external_id for order in orders]))
    ))


class _Variants:
    """Which variants a line takes from the shelf, by the rules that intake maps lines with."""

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id
        self._parts: dict[tuple[str, str, str], reserving.Parts] = {}

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
        found = {
            key: linked.get(key[0]) or decide(by_sku.get(key[1]), by_ean.get(key[2])).variant_id
            for key in fresh
        }
        made_of = reserving.bundle_parts(session, {v for v in found.values() if v is not None})
        self._parts |= {
            key: made_of[variant] if variant is not None else () for key, variant in found.items()
        }


def _key(line: OrderLine) -> tuple[str, str, str]:
    return offer_ref(line.offer_ref, line.sku, line.ean, line.title), line.sku, line.ean


def _pairs(
    session: Session, key: Any, value: Any, wanted: set[str], *more: Any
) -> dict[str, int]:
    return dict(session.execute(
        select(key, value).where(key.in_(wanted - {""}), value.is_not(None), *more)
    ).all())


def receive_opening(work: Work, source: Source, needed: Mapping[int, int], turn: int) -> None:
    """Put the opening units on the shelf, as far as they are not there."""
    rest = iter(sorted(needed.items()))
    while chunk := dict(islice(rest, CHUNK)):
        opening_stock.receive(work, chunk, key=f"import:{source.run_id}:{turn}",
                              reference=origin_of(source.run_id))
