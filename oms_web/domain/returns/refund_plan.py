"""What a buyer gets back, item by item, to the smallest coin. Pure; amounts are minor units.

* Goods at what they really cost: the order's discount is spread over its lines as on the invoice
  (``documents/charges.py``), and a line over its units so that any partition adds up to the line.
* Delivery only when everything is withdrawn, and no more than the cheapest that was offered
  (ustawa o prawach konsumenta, art. 32-33).
* Less what the goods lost by being used more than needed to try them (art. 34 ust. 4).
* What was paid by voucher goes back as credit, in proportion: the same means of payment (art. 32
  ust. 2).
* Never more than was paid and has not gone back yet.

Worked numbers: docs/algorithms/refunds.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from oms_web.core.errors import Invalid
from oms_web.core.money import spread

GOODS, DELIVERY, WEAR, OTHER, REDUCED = "goods", "delivery", "wear", "other", "reduced"
LOWERING = (OTHER, REDUCED)
"""Amounts no goods stand behind; ``reduced``: a complaint was answered with a lower price."""


@dataclass(frozen=True, slots=True)
class Sold:
    """A line as it was sold: ``units`` that were not cancelled, and ``paid`` for all of them after
    every discount. ``gone`` of them were paid back, or are about to be, by earlier plans, with
    ``back`` in money (None: what the first of them cost).
    """

    line_id: int
    title: str
    units: int
    paid: int
    gone: int = 0
    back: int | None = None

    def worth(self, units: int) -> int:
        """What so many more units cost, minor units: all together never other than ``paid``,
        whichever of the earlier plans was dropped again.
        """
        back = share(self.paid, self.units, self.gone) if self.back is None else self.back
        return max(0, share(self.paid, self.units, self.gone + units) - back)


@dataclass(frozen=True, slots=True)
class Paid:
    """The order's money. ``free``: what was paid and neither went back nor is about to.

    ``delivery`` was paid for delivery and ``fees`` on top of everything (for the way to pay), of
    both of which ``delivery_gone`` went back; ``cheapest`` is the price of the cheapest way on
    offer (None: the one that was chosen). ``vouchers``: how much of
    all that was paid came from vouchers, of ``total`` paid.
    """

    free: int
    total: int
    delivery: int = 0
    fees: int = 0
    delivery_gone: int = 0
    cheapest: int | None = None
    vouchers: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A position of a plan; what is taken off is below zero."""

    kind: str
    amount: int
    line_id: int | None = None
    units: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Items and their sum, in money and as credit. ``capped``: more would be due than is there."""

    items: tuple[Item, ...] = ()
    total: int = 0
    credit: int = 0
    capped: bool = False
    everything: bool = False

    @property
    def money(self) -> int:
        """What goes back as money."""
        return self.total - self.credit

    def stored(self) -> list[dict[str, Any]]:
        """The items as they are kept in JSON."""
        return [asdict(item) for item in self.items]


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall go back: ``units`` per line; ``wear`` per line taken off for use.

    ``delivery``: None as the law has it, else whether it goes back. ``other`` is an amount that no
    goods stand behind (a price reduction, a gesture).
    """

    units: Mapping[int, int] = field(default_factory=dict)
    wear: Mapping[int, int] = field(default_factory=dict)
    delivery: bool | None = None
    other: int = 0


@dataclass(frozen=True, slots=True)
class Correction:
    """What the invoice has to be corrected by: units that came off, delivery, and less to pay."""

    returned: Mapping[int, int]
    delivery: int
    lowered: int


def correction(items: Iterable[Mapping[str, Any]]) -> Correction:
    """What stored items of refunds ask of the invoice.

    Wear is no part of it: the goods came back, and what is kept for it is damages, not a price.
    """
    returned: dict[int, int] = {}
    delivery = lowered = 0
    for item in items:
        if item["kind"] == GOODS:
            returned[item["line_id"]] = returned.get(item["line_id"], 0) + item["units"]
        elif item["kind"] == DELIVERY:
            delivery += item["amount"]
        elif item["kind"] in LOWERING:
            lowered += item["amount"]
    return Correction(returned, delivery, max(0, lowered))


def still_to_correct(wanted: Correction, issued: Sequence[Mapping[str, Any]],
                     now: Sequence[Mapping[str, Any]]) -> Correction:
    """What of a correction an invoice does not say yet.

    A reduction cannot be told from another change of a price, so it counts as said where anything
    was corrected before.

    Args:
        issued: The lines of the invoice (``documents/snapshot.py``) as it was issued.
        now: Its lines after the last correction.
    """
    units: dict[int, int] = {}
    delivery = 0
    for lines, sign in ((issued, 1), (now, -1)):
        for line in lines:
            if line["line_id"] is not None:
                units[line["line_id"]] = units.get(line["line_id"], 0) + sign * line["quantity"]
            elif line["kind"] == DELIVERY:
                delivery += sign * line["amount"]
    left = {line: back - units[line] for line, back in wanted.returned.items() if line in units}
    return Correction({line: some for line, some in left.items() if some > 0},
                      max(0, wanted.delivery - delivery),
                      wanted.lowered if list(issued) == list(now) else 0)


def share(paid: int, units: int, many: int) -> int:
    """What the first ``many`` of ``units`` cost of ``paid``, rounded half up; all cost ``paid``."""
    return (2 * paid * many + units) // (2 * units) if units else 0


def plan(sold: Sequence[Sold], paid: Paid, wish: Wish, *, lawful: bool, promised: bool = False
         ) -> Plan:
    """The plan for a wish.

    Args:
        lawful: a withdrawal: delivery goes back with the last of the goods. Else only if wished.
        promised: the amount without goods is a lower price that a complaint was answered with.

    Raises:
        Invalid: more units than are left of a line, more wear than the goods cost, or nothing.
    """
    by_id = {line.line_id: line for line in sold}
    _check(by_id, wish)
    items = [
        Item(GOODS, line.worth(wish.units[line.line_id]), line.line_id, wish.units[line.line_id],
             line.title)
        for line in sold if wish.units.get(line.line_id)
    ]
    worth = {item.line_id: item.amount for item in items}
    for line_id, off in wish.wear.items():
        if off > worth.get(line_id, 0):
            raise Invalid("The goods cost less than what is taken off for use.", "wear")
        if off:
            items.append(Item(WEAR, -off, line_id, 0, by_id[line_id].title))
    everything = bool(sold) and all(
        line.gone + wish.units.get(line.line_id, 0) >= line.units for line in sold)
    delivery = _delivery(paid, wish, everything, lawful)
    if delivery:
        items.append(Item(DELIVERY, delivery))
    if wish.other:
        items.append(Item(REDUCED if promised else OTHER, wish.other))
    wanted = sum(item.amount for item in items)
    total = max(0, min(wanted, paid.free))
    return Plan(tuple(items), total, _credit(total, paid), total < wanted, everything)


def _check(by_id: Mapping[int, Sold], wish: Wish) -> None:
    for line_id, units in wish.units.items():
        line = by_id.get(line_id)
        if line is None or units < 0:
            raise Invalid("This is no line of the order.", "units")
        if units > line.units - line.gone:
            raise Invalid("%(title)s: only %(left)s units are left to be paid back.", "units",
                          title=line.title, left=line.units - line.gone)
    if wish.other < 0 or any(off < 0 for off in wish.wear.values()):
        raise Invalid("An amount cannot be below nought.", "other")


def _delivery(paid: Paid, wish: Wish, everything: bool, lawful: bool) -> int:
    wanted = (lawful and everything) if wish.delivery is None else wish.delivery
    if not wanted:
        return 0
    most = paid.delivery if paid.cheapest is None or wish.delivery else \
        min(paid.delivery, paid.cheapest)
    return max(0, most + paid.fees - paid.delivery_gone)


def _credit(total: int, paid: Paid) -> int:
    if paid.vouchers <= 0 or paid.total <= 0:
        return 0
    return spread(total, [max(0, paid.total - paid.vouchers), min(paid.vouchers, paid.total)])[1]
