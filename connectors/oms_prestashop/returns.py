"""Credit slips of orders that had been sent, as returns.

PrestaShop's own list of returns that buyers announce is not part of its webservice. A credit slip
says which units the money was for; whether they come back is seen here. Slips from before sending
call units off instead and are told with the order (``sums``). Slips without units are money only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from oms_connector import Page, Return, ReturnLine, Unreadable
from oms_connector.reading import Puzzling, as_text, text, unreadable, value

from oms_prestashop import clock as stamps
from oms_prestashop import fetching, parties, shop, states, sums
from oms_prestashop.calls import Api
from oms_prestashop.clock import Clock
from oms_prestashop.pulling import begun, listed, stamp_of
from oms_prestashop.reading import ref, shown

ORDER = "[id,reference,id_customer,id_currency]"
DETAIL = ("[id,id_order,product_id,product_attribute_id,product_name,product_reference]")


def pull(api: Api, own: states.Own, now: datetime, cursor: Mapping[str, Any] | None, limit: int
         ) -> Page[Return]:
    """New and changed credit slips of units that had been sent."""
    about = shop.load(api)
    place = begun(about.clock, now, cursor)
    rows, following = listed(api, "order_slip", fetching.SLIP, place, stamps.END, limit)
    newest = max([place["at"], *map(stamp_of, rows)])
    papers = _papers(api, own, about, rows)
    items = [item for row in rows if (item := read(row, papers, about.clock)) is not None]
    return Page(items, {"at": newest, **following}, bool(following))


def read(slip: Any, papers: _Papers, clock: Clock) -> Return | Unreadable | None:
    """A return; None where the slip is none, or its order is not there any more."""
    try:
        order_ref = ref(slip, "id_order")
        row, units = papers.orders.get(order_ref), sums.units_of(slip)
        sent = sums.sent_at(papers.history.get(order_ref, ()), papers.states, clock)
        if row is None or not units or not sums.is_return(slip, sent, clock):
            return None
        customer = papers.customers.get(ref(row, "id_customer"))
        return Return(
            external_id=ref(slip),
            order_ref=order_ref,
            number=shown(row, "reference"),
            created_at=clock.moment(slip, "date_add"),
            revision=clock.revision_of(slip),
            currency=text(papers.currencies.get(ref(row, "id_currency")), "iso_code"),
            lines=[_line(one, count, papers.details.get(one)) for one, count in units.items()],
            state="closed",
            buyer_name=parties.full_name(customer),
            refunded=sums.refunded(slip),
            raw=as_text(slip),
        )
    except Puzzling as puzzle:
        return unreadable(slip, puzzle)


class _Papers:
    """What the shop keeps elsewhere about the orders of some credit slips."""

    def __init__(self, api: Api, known: states.States, slips: Sequence[Any]) -> None:
        numbers = [str(value(slip, "id_order") or "") for slip in slips]
        self.states = known
        self.orders = _index(api.of("orders", ORDER, "id", numbers))
        self.details = _index(api.of("order_details", DETAIL, "id_order", self.orders))
        self.customers = _index(api.of("customers", "[id,firstname,lastname]", "id", (
            str(value(row, "id_customer") or "") for row in self.orders.values())))
        self.currencies = _index(api.of("currencies", "[id,iso_code]", "id", (
            str(value(row, "id_currency") or "") for row in self.orders.values())))
        self.history: dict[str, list[Any]] = {}
        for step in api.of("order_histories", fetching.HISTORY, "id_order", self.orders):
            self.history.setdefault(str(value(step, "id_order")), []).append(step)


def _papers(api: Api, own: states.Own, about: shop.Shop, slips: Sequence[Any]) -> _Papers:
    found = states.rows(api) if slips else []
    return _Papers(api, states.states(found, own, about), slips)


def _line(line_ref: str, count: int, detail: Any) -> ReturnLine:
    return ReturnLine(
        line_ref=line_ref, quantity=count, title=shown(detail, "product_name"),
        offer_ref=sums.offer_ref(detail, "product_id", "product_attribute_id"),
        sku=shown(detail, "product_reference"),
    )


def _index(rows: Sequence[Any]) -> dict[str, Any]:
    return {str(value(row, "id")): row for row in rows}
