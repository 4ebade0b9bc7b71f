"""An order in the SDK's terms. Pure: no network, no clock but the shop's zone.

What cannot be understood raises ``Puzzling`` with the name of the field; ``order`` turns it into an
``Unreadable`` that keeps the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any

from oms_connector import Order, Unreadable
from oms_connector.guessing import carrier_in
from oms_connector.reading import Puzzling, as_text, text, value

from oms_prestashop import parties, sums, words
from oms_prestashop.reading import children, ref, ref_or_empty, shown
from oms_prestashop.shop import Shop
from oms_prestashop.states import LEFT, State, States

GIFT = "gift wrapping"
Rows = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Papers:
    """All that the shop keeps about one order, in its many places. None: it is not there."""

    order: Any
    details: Sequence[Any] = ()
    customer: Any = None
    ship_to: Any = None
    bill_to: Any = None
    payments: Sequence[Any] = ()
    slips: Sequence[Any] = ()
    history: Sequence[Any] = ()
    notes: Sequence[Any] = ()
    coupons: Sequence[Any] = ()

    def as_text(self) -> str:
        """All of it as text, without what is empty."""
        return as_text({name: one for name, one in asdict(self).items() if one})


@dataclass(frozen=True, slots=True)
class Known:
    """What the shop's numbers stand for: number -> row."""

    shop: Shop
    states: States
    countries: Rows = field(default_factory=dict)
    regions: Rows = field(default_factory=dict)
    currencies: Rows = field(default_factory=dict)
    carriers: Rows = field(default_factory=dict)
    taxes: Rows = field(default_factory=dict)

    def with_more(self, *found: Rows) -> Known:
        """The same with more names, in the order of the fields."""
        known = (self.countries, self.regions, self.currencies, self.carriers, self.taxes)
        return Known(self.shop, self.states, *(
            {**one, **more} for one, more in zip(known, found, strict=True)))


def order(papers: Papers, known: Known) -> Order | Unreadable:
    """An order; an ``Unreadable`` when something in it makes no sense."""
    try:
        return _order(papers, known)
    except Puzzling as puzzle:
        number = str(value(papers.order, "id") or "?")[:120]
        return Unreadable(number, papers.as_text(), str(puzzle), puzzle.field)


def _order(papers: Papers, known: Known) -> Order:
    row, clock = papers.order, known.shop.clock
    sent = sums.sent_at(papers.history, known.states, clock)
    state = state_of(row, known, was_sent=sent is not None)
    status = known.states.rows.get(ref(row, "current_state"))
    back = sums.given_back(papers.slips, sent, clock)
    if state == "cancelled":  # it goes on saying what was asked for
        back = sums.NOTHING_BACK
    details = _details(papers)
    lines = [sums.line(detail, known.taxes, back) for detail in details]
    costs = sums.sums(row, lines, back)
    kind = sums.payment_kind(row)
    changed = clock.moment_or_none(row, "date_upd")
    payments = [] if kind == "cod" else sums.payments(row, papers.payments, clock)
    people = parties.People(papers.customer, papers.ship_to, papers.bill_to, papers.notes)
    bill_to = parties.address(papers.bill_to, known.countries, known.regions)
    return Order(
        external_id=ref(row),
        number=shown(row, "reference") or ref(row),
        revision=clock.revision_of(row),
        state=state,
        raw_status=shown(status, "name"),
        placed_at=clock.moment(row, "date_add"),
        updated_at=changed,
        shipped_at=sent if state in LEFT else None,
        cancelled_at=changed if state == "cancelled" else None,
        currency=_currency(row, known),
        lines=lines,
        shipping=costs.shipping,
        discount=costs.discount,
        total=costs.total,
        payment_kind=kind,
        payment_method=shown(row, "payment") or shown(row, "module"),
        payments=payments,
        paid=None if payments else sums.is_paid(row, status, kind),
        buyer_ref=people.buyer_ref,
        buyer_name=people.name,
        buyer_email=people.email,
        buyer_phone=people.phone,
        buyer_company=people.company,
        tax_id=people.tax_id,
        wants_invoice=bool(people.tax_id),
        buyer_note="\n".join(filter(None, (*people.said, shown(row, "gift_message")))),
        ship_to=parties.address(papers.ship_to, known.countries, known.regions) or bill_to
        or parties.NOWHERE,
        bill_to=replace(bill_to, email=people.email) if bill_to else None,
        delivery_method=_carrier(row, known),
        carrier=carrier_in(_carrier(row, known)),
        pickup_point=people.pickup_point,
        tags=(*_gift(row), *(name for one in papers.coupons if (name := shown(one, "name")))),
        raw=papers.as_text(),
    )


def state_of(row: Any, known: Known, *, was_sent: bool) -> State:
    """Where the order is. A refunded order was called off, unless it had been sent. One that is
    paid on delivery need not wait for money.
    """
    number = ref(row, "current_state")
    if number == known.shop.status("REFUND") and was_sent:
        return "shipped"
    state = known.states.of(number)
    if state == "unpaid" and number != known.shop.status("ERROR") \
            and sums.payment_kind(row) == "cod":
        return "ready"
    return state


def tax_numbers(detail: Any) -> list[str]:
    """The taxes of a line, as far as they can be read."""
    try:
        return [ref_or_empty(one, "id") for one in children(detail, "taxes")]
    except Puzzling:
        return []


def _details(papers: Papers) -> Sequence[Any]:
    """The lines with their sums, if they are those that the order itself names."""
    named = sorted(ref(one) for one in children(papers.order, "order_rows"))
    there = sorted(ref(one) for one in papers.details)
    if named != there:
        raise Puzzling(words.OTHER_LINES, "order_rows", f"{named} / {there}")
    return papers.details


def _currency(row: Any, known: Known) -> str:
    number = ref(row, "id_currency")
    if number not in known.currencies:
        raise Puzzling(words.NOT_KNOWN, "id_currency", number)
    return text(known.currencies[number], "iso_code")


def _carrier(row: Any, known: Known) -> str:
    """The way of delivery as the buyer saw it; none for goods that are downloaded.

    A carrier named 0 stands for the shop's own name in PrestaShop.
    """
    found = known.carriers.get(ref_or_empty(row, "id_carrier"))
    name = shown(found, "name")
    return known.shop.settings.get("PS_SHOP_NAME", "") if name == "0" else name


def _gift(row: Any) -> tuple[str, ...]:
    is_gift = ref_or_empty(row, "gift") or sums.wrapping(row) > Decimal(0)
    return (GIFT,) if is_gift else ()
