"""What an order costs, what was paid of it, and what was given back. Pure.

Medusa takes what comes back out of an order's ``total`` and its lines' ``total``. Here the order
goes on saying what was bought: returns stand beside it. What the seller waives is a credit line,
and lowers the order; calling an order off makes it cost nothing by one more of those. In such an
order they are left out, so that it still says what was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from oms_connector import OrderLine, Payment
from oms_connector.reading import CENT, Puzzling, cents, child, children, shown, text, value, whole

from oms_medusa import words
from oms_medusa.reading import amount, amount_or_zero, moment, whole_or_zero

EXEMPT = frozenset({"zw", "vat-zw", "vat_zw", "zwolniony", "exempt", "tax-exempt"})
COD_LIKE = ("cod", "cash_on_delivery", "cash-on-delivery", "pobranie", "cashondelivery")
CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Sums:
    """``discount`` holds credit lines and what units were rounded up by."""

    total: Decimal
    shipping: Decimal
    discount: Decimal


def line(entry: Any) -> OrderLine:
    """One position. The price of a unit is rounded up; what that is too much, is a discount."""
    return OrderLine(
        line_ref=text(entry, "id"),
        offer_ref=shown(entry, "variant_id"),
        sku=shown(entry, "variant_sku"),
        ean=shown(child(entry, "variant"), "ean") or shown(entry, "variant_barcode"),
        title=title(entry),
        quantity=whole(entry, "quantity"),
        unit_price=per_unit(entry).quantize(CENT, "ROUND_CEILING"),
        vat_rate=vat_rate(entry),
    )


def title(entry: Any) -> str:
    """The product, and which of its variants: Mug - red."""
    variant = shown(entry, "variant_title") or shown(entry, "subtitle")
    name = shown(entry, "product_title") or shown(entry, "title")
    return f"{name} - {variant}" if variant and variant not in (name, "Default variant") else name


def per_unit(entry: Any) -> Decimal:
    """What a unit costs with tax, after discounts, however many came back."""
    detail = child(entry, "detail")
    gone = [(name, whole_or_zero(detail, f"return_{name}_quantity"))
            for name in ("received", "dismissed")]
    still = whole(entry, "quantity") - sum(count for _, count in gone)
    if still > 0:
        return amount(entry, "total") / still
    name, count = next((one for one in gone if one[1] > 0), ("", 0))
    if not count:
        raise Puzzling(words.NOT_WHOLE, "quantity", value(entry, "quantity"))
    return amount(entry, f"return_{name}_total") / count


def sums(row: Any, lines: Sequence[OrderLine]) -> Sums:
    """The sums of an order whose goods are ``lines``.

    A total below what is counted is a discount, by whatever name. A total above it is left for a
    person to see, if it is more than rounding.
    """
    back = sum((per_unit(entry) * _returned(entry) for entry in sold(row)), Decimal(0))
    total = amount(row, "total") + back
    if is_called_off(row):
        total += amount_or_zero(row, "credit_line_total")
    total = cents(total)
    shipping = cents(sum((amount(one, "total") for one in children(row, "shipping_methods")),
                         Decimal(0)))
    goods = sum((one.unit_price * one.quantity for one in lines), Decimal(0))
    off = total - goods - shipping
    if 0 < off <= CENT * (len(lines) + 2):
        shipping, off = shipping + off, Decimal(0)
    return Sums(total, shipping, max(-off, Decimal(0)))


def sold(row: Any) -> list[Any]:
    """The lines that are of any unit."""
    return [entry for entry in children(row, "items") if whole(entry, "quantity")]


def vat_rate(entry: Any) -> str:
    """A rate code; empty where the shop counts no tax, or more than one."""
    taxes = children(entry, "tax_lines")
    if len(taxes) != 1:
        return ""
    if shown(taxes[0], "code").lower() in EXEMPT:
        return "zw"
    rate = amount(taxes[0], "rate")
    return f"{rate.normalize():f}"


def payment_kind(row: Any, cod: frozenset[str]) -> Literal["prepaid", "cod"]:
    """How it is paid: on delivery by a provider of the settings, or one that says so itself."""
    used = {provider.lower() for provider in providers(row)}
    is_cod = used & cod or any(like in provider.replace("pp_", "") for provider in used
                               for like in COD_LIKE)
    return "cod" if is_cod else "prepaid"


def providers(row: Any) -> list[str]:
    """The ids of the payment providers that an order is paid through."""
    return [name for one in _payments(row) if (name := shown(one, "provider_id"))]


def method(provider: str) -> str:
    """A provider as a word for people: ``pp_stripe-blik_stripe`` is ``stripe-blik``."""
    return provider.removeprefix("pp_").rpartition("_")[0] or provider


def payments(row: Any, total: Decimal) -> list[Payment]:
    """Money that came, and money that was given back.

    What is given back counts as far as more came than the order costs. The rest was given back for
    goods that came back, and is a matter of their return.
    """
    came: list[Payment] = []
    back: list[Payment] = []
    for one in _payments(row):
        said = method(shown(one, "provider_id"))
        came += [_payment(entry, said) for entry in children(one, "captures")]
        back += [_payment(entry, said) for entry in children(one, "refunds")]
    owed = Decimal(0) if is_called_off(row) else total
    over = sum((one.amount for one in came), Decimal(0)) - owed
    for one in sorted(back, key=lambda one: (one.at, one.reference)):
        counted = min(one.amount, over)
        if counted > 0:
            over -= counted
            came.append(Payment(one.reference, -counted, one.at, one.method))
    return came


def is_called_off(row: Any) -> bool:
    """Whether nothing is to be sent: called off, or all the money was given back before it was."""
    if value(row, "status") == CANCELED:
        return True
    came, back = (sum((amount(entry, "amount") for one in _payments(row)
                       for entry in children(one, name)), Decimal(0))
                  for name in ("captures", "refunds"))
    return 0 < came <= back and not any(
        whole_or_zero(child(entry, "detail"), "shipped_quantity") for entry in sold(row))


def authorised(row: Any) -> Decimal:
    """Money that a buyer's bank has promised or paid, to the grosz as the order's total is."""
    return cents(sum((amount_or_zero(one, "authorized_amount")
                      for one in children(row, "payment_collections")
                      if value(one, "status") != CANCELED), Decimal(0)))


def _payments(row: Any) -> list[Any]:
    return [one for collection in children(row, "payment_collections")
            for one in children(collection, "payments")]


def _payment(entry: Any, said: str) -> Payment:
    return Payment(text(entry, "id"), cents(amount(entry, "amount")), moment(entry, "created_at"),
                   said)


def _returned(entry: Any) -> int:
    detail = child(entry, "detail")
    return whole_or_zero(detail, "return_received_quantity") + \
        whole_or_zero(detail, "return_dismissed_quantity")
