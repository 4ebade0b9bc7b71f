"""The lines of one order's card: where their units are, what is missing, from where else it comes.

What several parts of the card look at (promises, bundles' parts, free units) is asked once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.domain.catalog import queries as catalog
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders import dividing, phases, queries
from oms_web.domain.orders.models import Order, OrderLine, OrderLinePart
from oms_web.domain.orders.queries import Elsewhere, Place
from oms_web.domain.stock.models import TRANSIT, Balance
from oms_web.flows import order_allocate

MOST_LINES = 300


@dataclass(frozen=True, slots=True)
class LineView:
    """A position with where its units are. ``missing``: open units nobody promised."""

    line: OrderLine
    thumb: str | None
    places: Sequence[Place]
    missing: int
    elsewhere: Sequence[Elsewhere]
    on_the_road: int
    parts: Sequence[tuple[str, int]]

    @property
    def open(self) -> int:
        """Units that are neither cancelled nor gone."""
        return dividing.open_units(self.line)


@dataclass(frozen=True, slots=True)
class Part:
    """What a unit of a bundle has of a variant."""

    variant_id: int
    sku: str
    each: int


@dataclass
class Units:
    """The units of an order's lines. Each part is asked for once, when somebody first wants it."""

    session: Session
    order: Order
    lines: Sequence[OrderLine]

    @property
    def is_here(self) -> bool:
        """Whether goods are promised to it: it is confirmed and has not left."""
        return self.order.phase in (phases.OPEN, phases.PACKING)

    @cached_property
    def places(self) -> Mapping[int, Sequence[Place]]:
        """By line: where its units are promised."""
        return queries.places(self.session, [line.id for line in self.lines]) \
            if self.is_here else {}

    @cached_property
    def parts(self) -> Mapping[int, Sequence[Part]]:
        """By bundle line: what it consists of."""
        found: dict[int, list[Part]] = defaultdict(list)
        for row in self.session.execute(
            select(OrderLinePart.line_id, OrderLinePart.variant_id, Variant.sku,
                   OrderLinePart.quantity)
            .join(Variant, Variant.id == OrderLinePart.variant_id)
            .where(OrderLinePart.line_id.in_([line.id for line in self.lines]))
            .order_by(Variant.sku)
        ):
            found[row.line_id].append(Part(*row[1:]))
        return found

    @cached_property
    def free(self) -> Mapping[int, Sequence[Elsewhere]]:
        """By variant: free units in each warehouse, of what is still to be sent."""
        return queries.free_by_warehouse(self.session, {
            variant for line in self.lines if dividing.open_units(line) > 0
            for variant, _ in self.made_of(line)})

    def made_of(self, line: OrderLine) -> list[tuple[int, int]]:
        """(variant, how many) in a unit of a line."""
        if line.variant_id is None:
            return []
        return [(part.variant_id, part.each) for part in self.parts.get(line.id, ())] \
            or [(line.variant_id, 1)]

    @cached_property
    def views(self) -> list[LineView]:
        """The first positions with where their units are, or what is missing."""
        shown = self.lines[:MOST_LINES]
        missing = {line.id: _missing(line) if self.is_here else 0 for line in shown}
        road = _on_the_road(self.session, {
            variant for line in shown if missing[line.id] for variant, _ in self.made_of(line)})
        thumbs = catalog.thumbs(
            self.session, {line.variant_id for line in shown if line.variant_id})
        return [
            LineView(
                line, thumbs.get(line.variant_id or 0), self.places.get(line.id, ()),
                missing[line.id],
                self.free.get(line.variant_id or 0, ()) if missing[line.id] else (),
                road.get(line.variant_id or 0, 0) if missing[line.id] else 0,
                [(part.sku, part.each) for part in self.parts.get(line.id, ())],
            )
            for line in shown
        ]

    @cached_property
    def houses(self) -> Mapping[str, int]:
        """The warehouses that send it, name -> units, if there are several."""
        found = Counter[str]()
        for place in (place for places in self.places.values() for place in places):
            found[place.warehouse] += place.quantity
        return dict(sorted(found.items())) if len(found) > 1 else {}

    @cached_property
    def choices(self) -> order_allocate.Choices:
        """Where else all of it, or of a line, could be sent from, if it may be."""
        ranks = order_allocate.ranks(self.session, self.order)
        if len(ranks) < 2:
            return order_allocate.Choices()
        own: dict[int, Counter[tuple[int, int]]] = defaultdict(Counter)
        for line_id, places in self.places.items():
            for place in places:
                own[line_id][place.variant_id, place.warehouse_id] += place.quantity
        return order_allocate.choices(
            ranks, self.lines, {line.id: tuple(self.made_of(line)) for line in self.lines},
            self.free, own)


def _missing(line: OrderLine) -> int:
    return max(0, dividing.open_units(line) - line.reserved)


def _on_the_road(session: Session, variant_ids: Collection[int]) -> dict[int, int]:
    if not variant_ids:
        return {}
    return {variant: units for variant, units in session.execute(
        select(Balance.variant_id, Balance.on_hand).where(
            Balance.variant_id.in_(sorted(variant_ids)), Balance.location_id == TRANSIT,
            Balance.on_hand > 0)
    )}
