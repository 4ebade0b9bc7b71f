"""Whole orders by their numbers.

PrestaShop keeps an order in a dozen places; each of them is asked once for all orders of a call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from oms_connector import NotSupported, Order, Unreadable
from oms_connector.reading import Puzzling, as_text, value

from oms_prestashop import mapping, shop, states, words
from oms_prestashop.calls import Api
from oms_prestashop.reading import ref_or_empty
from oms_prestashop.shop import Shop

MOST = 50
ORDER = ("[id,id_address_delivery,id_address_invoice,id_currency,id_customer,id_carrier,"
         "current_state,module,date_add,date_upd,payment,gift,gift_message,reference,"
         "total_discounts_tax_incl,total_paid_tax_incl,total_paid_real,total_shipping_tax_incl,"
         "total_wrapping_tax_incl,order_rows[id]]")
DETAIL = ("[id,id_order,product_id,product_attribute_id,product_name,product_quantity,"
          "product_reference,product_ean13,total_price_tax_incl,taxes[id]]")
ADDRESS = ("[id,id_country,id_state,alias,company,lastname,firstname,vat_number,address1,address2,"
           "postcode,city,other,phone,phone_mobile,dni]")
CUSTOMER = "[id,email,firstname,lastname,company,siret,is_guest]"
PAYMENT = "[id,order_reference,amount,payment_method,transaction_id,date_add]"
SLIP = ("[id,id_order,total_products_tax_incl,total_shipping_tax_incl,date_add,date_upd,"
        "order_slip_details[id,id_order_detail,product_quantity,amount_tax_incl]]")
SIGNS = frozenset("[]|")
"""What means something in a filter: a module may make references of its own."""
HISTORY = "[id,id_order,id_order_state,date_add]"
MESSAGE = "[id,id_order,message,private]"


def fetch(api: Api, own: states.Own, refs: Sequence[str]) -> list[Order | Unreadable | None]:
    """Orders by number; None where there is no such order."""
    asked = [one for one in dict.fromkeys(refs) if one.isascii() and one.isdigit()]
    found: dict[str, Order | Unreadable] = {}
    rows = [row for start in range(0, len(asked), MOST)
            for row in api.of("orders", ORDER, "id", asked[start:start + MOST])]
    if rows:
        about = shop.load(api)
        known = dictionaries(api, own, about)
        for start in range(0, len(rows), MOST):
            some = rows[start:start + MOST]
            papers = gathered(api, some, known.states)
            known = known.with_more(*_names(api, papers))
            found |= {str(value(one.order, "id")): mapping.order(one, known) for one in papers}
        _keep_strange(rows, asked, found)
    return [found.get(one) for one in refs]


def _keep_strange(rows: Sequence[Any], asked: Sequence[str],
                  found: dict[str, Order | Unreadable]) -> None:
    """An order whose own number makes no sense is one of those that are missing."""
    strange = [row for row in rows if str(value(row, "id")) not in asked]
    for number in asked:
        if strange and number not in found:
            puzzle = Puzzling(words.NOT_A_NUMBER, "id", value(strange[0], "id"))
            found[number] = Unreadable(number, as_text(strange), str(puzzle), puzzle.field)


def dictionaries(api: Api, own: states.Own, about: Shop) -> mapping.Known:
    """What is the same for all orders: the statuses; names follow with the orders."""
    return mapping.Known(about, states.states(states.rows(api), own, about))


def gathered(api: Api, rows: Sequence[Any], known: states.States) -> list[mapping.Papers]:
    """What the shop keeps elsewhere about these orders, sorted to each of them."""
    numbers = [_ref(row, "id") for row in rows]
    details = _by(api.of("order_details", DETAIL, "id_order", numbers), "id_order")
    people = _by(api.of("customers", CUSTOMER, "id", (_ref(row, "id_customer") for row in rows)),
                 "id")
    homes = _by(api.of("addresses", ADDRESS, "id", (
        _ref(row, name) for row in rows for name in ("id_address_delivery", "id_address_invoice"))),
        "id")
    payments = _by(api.of("order_payments", PAYMENT, "order_reference", (
        told for row in rows
        if not SIGNS & set(told := str(value(row, "reference") or "")))), "order_reference")
    slips = _by(api.of("order_slip", SLIP, "id_order", numbers), "id_order")
    notes = _by(api.of("messages", MESSAGE, "id_order", numbers), "id_order")
    coupons = _by(_coupons(api, [row for row in rows if value(
        row, "total_discounts_tax_incl") not in (None, "", "0.000000", 0)]), "id_order")
    # When goods left is asked only where it matters: they have, or money was given back.
    steps = _by(api.of("order_histories", HISTORY, "id_order", (
        number for row, number in zip(rows, numbers, strict=True)
        if number in slips or known.has_left(_ref(row, "current_state")))), "id_order")
    return [mapping.Papers(
        order=row, details=details.get(number, ()),
        customer=_only(people, _ref(row, "id_customer")),
        ship_to=_only(homes, _ref(row, "id_address_delivery")),
        bill_to=_only(homes, _ref(row, "id_address_invoice")),
        payments=payments.get(str(value(row, "reference") or ""), ()),
        slips=slips.get(number, ()), history=steps.get(number, ()), notes=notes.get(number, ()),
        coupons=coupons.get(number, ()),
    ) for row, number in zip(rows, numbers, strict=True)]


def _coupons(api: Api, rows: Sequence[Any]) -> list[Any]:
    """What was taken off by name; PrestaShop 1.7 does not tell."""
    try:
        return api.of("order_cart_rules", "[id,id_order,name]", "id_order",
                      (_ref(row, "id") for row in rows))
    except NotSupported:
        return []


def _names(api: Api, papers: Sequence[mapping.Papers]) -> tuple[Mapping[str, Any], ...]:
    """The names of countries, regions, currencies, carriers and taxes of these orders."""
    homes = [home for one in papers for home in (one.ship_to, one.bill_to)]
    orders = [one.order for one in papers]
    return (
        _index(api.of("countries", "[id,iso_code]", "id",
                      (_ref(home, "id_country") for home in homes))),
        _index(api.of("states", "[id,name]", "id", (_ref(home, "id_state") for home in homes))),
        _index(api.of("currencies", "[id,iso_code]", "id",
                      (_ref(row, "id_currency") for row in orders))),
        _index(api.of("carriers", "[id,name,external_module_name]", "id",
                      (_ref(row, "id_carrier") for row in orders))),
        _index(api.of("taxes", "[id,rate,name]", "id", (
            number for one in papers for detail in one.details
            for number in mapping.tax_numbers(detail)))),
    )


def _ref(row: Any, name: str) -> str:
    """A number in a row, to ask by; empty where it makes no sense, which the mapping will say."""
    try:
        return ref_or_empty(row, name)
    except Puzzling:
        return ""


def _by(rows: Iterable[Any], name: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(str(value(row, name)), []).append(row)
    return found


def _index(rows: Iterable[Any]) -> dict[str, Any]:
    return {str(value(row, "id")): row for row in rows}


def _only(found: Mapping[str, Sequence[Any]], number: str) -> Any:
    return next(iter(found.get(number, ())), None)
