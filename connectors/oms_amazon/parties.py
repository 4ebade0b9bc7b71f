"""Who bought, where it goes, who gets the invoice, and what a packer should know. Pure.

Names, streets, phones and tax numbers come to applications that have the roles for them; to others
Amazon shows the town and the country only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from oms_connector import Address
from oms_connector.reading import child, children, value

from oms_amazon.reading import text_or_empty

ON_DELIVERY = "CashOnDelivery"
PROGRAMS = {
    "AMAZON_BUSINESS": "business", "PRIME": "prime", "PREMIUM": "premium",
    "PREORDER": "preorder", "AMAZON_EASY_SHIP": "easy-ship", "IN_STORE_PICK_UP": "pick-up",
}
AMAZON_INVOICES = "INVOICE_BY_AMAZON"


def address(found: Any) -> Address:
    """A postal address; what is not shown is empty."""
    lines = [text_or_empty(found, f"addressLine{number}") for number in (1, 2, 3)]
    regions = [text_or_empty(found, name) for name in ("districtOrCounty", "stateOrRegion")]
    return Address(
        name=text_or_empty(found, "name"),
        company=text_or_empty(found, "companyName"),
        street=", ".join(filter(None, lines)),
        postcode=text_or_empty(found, "postalCode"),
        city=text_or_empty(found, "city") or text_or_empty(found, "municipality"),
        region=", ".join(filter(None, regions)),
        country=text_or_empty(found, "countryCode"),
        phone=text_or_empty(found, "phone"),
    )


def ship_to(order: Any) -> Address:
    """Where the goods go. Before Amazon has confirmed the order there is no address."""
    return address(child(child(order, "recipient"), "deliveryAddress"))


def registration(order: Any) -> Any:
    """The buyer's tax registration; empty where there is none."""
    listed = children(child(order, "tax"), "taxRegistrations")
    return next((one for one in listed if text_or_empty(one, "entityType") == "BUYER"), {})


def tax_id(order: Any) -> str:
    """The buyer's tax number."""
    return text_or_empty(registration(order), "taxRegistrationNumber")


def company(order: Any) -> str:
    """The company that buys."""
    return (text_or_empty(child(order, "buyer"), "buyerCompanyName")
            or text_or_empty(registration(order), "legalName"))


def bill_to(order: Any) -> Address | None:
    """Whom the invoice is for; None where the buyer registered no address for that."""
    found = child(registration(order), "taxRegistrationAddress")
    if not found:
        return None
    billed = address(found)
    return Address(**{name: getattr(billed, name) for name in Address.__slots__}
                   | {"company": company(order) or billed.company})


def wants_invoice(order: Any) -> bool:
    """Whether the buyer gave a tax number, and Amazon does not write the invoice itself."""
    return bool(tax_id(order)) and AMAZON_INVOICES not in children(order, "programs")


def payment(order: Any) -> tuple[Literal["prepaid", "cod"], str]:
    """How it is paid, and in Amazon's own word. Amazon takes the money, except on delivery."""
    told = [text_or_empty(one, "paymentMethod")
            for one in children(child(order, "payment"), "paymentExecutions")]
    return "cod" if ON_DELIVERY in told else "prepaid", ", ".join(filter(None, told))


def note(order: Any) -> str:
    """What the buyer asks for: how to deliver, a number on the invoice, the messages of gifts."""
    preference = child(child(order, "recipient"), "deliveryPreference")
    asked = [text_or_empty(preference, name)
             for name in ("dropOffLocation", "addressInstruction")]
    gifts = [text_or_empty(_gift(entry), "giftMessage") for entry in children(order, "orderItems")]
    number = text_or_empty(child(order, "buyer"), "buyerPurchaseOrderNumber")
    return "\n".join([*filter(None, asked), *([f"PO: {number}"] if number else []),
                      *(f"Gift: {gift}" for gift in filter(None, gifts))])


def tags(order: Any) -> tuple[str, ...]:
    """What a packer or a bookkeeper may want to know besides, each once."""
    return tuple(dict.fromkeys(_tags(order)))


def _tags(order: Any) -> Iterator[str]:
    yield from (PROGRAMS[one] for one in children(order, "programs")
                if isinstance(one, str) and one in PROGRAMS)
    if AMAZON_INVOICES in children(order, "programs"):
        yield "invoice-by-amazon"
    for one in children(order, "associatedOrders"):
        kind = text_or_empty(one, "associationType")
        if kind:
            yield {"REPLACEMENT_ORIGINAL_ID": "replacement",
                   "EXCHANGE_ORIGINAL_ID": "exchange"}.get(kind, "associated")
    if value(order, "recipient", "deliveryAddress", "addressType") == "PICKUP_POINT":
        yield "pickup-point"
    for entry in children(order, "orderItems"):
        yield from _line_tags(entry)


def _line_tags(entry: Any) -> Iterator[str]:
    request = child(child(entry, "cancellation"), "cancellationRequest")
    if text_or_empty(request, "requester"):
        yield "cancellation-requested"
    if _gift(entry):
        yield "gift"
    if text_or_empty(child(child(entry, "product"), "customization"), "customizedUrl"):
        yield "customized"
    tax = child(entry, "tax")
    for one in children(tax, "taxCalculationBreakdowns"):
        yield text_or_empty(one, "reportingScheme").lower() or "tax-scheme"
    if any(text_or_empty(one, "model") == "MARKETPLACE_FACILITATOR"
           for one in children(tax, "taxCollections")):
        yield "amazon-pays-tax"


def _gift(entry: Any) -> Any:
    return child(child(child(entry, "fulfillment"), "packing"), "giftOption")
