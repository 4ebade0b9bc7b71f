"""A European invoice as UBL 2.1; by Peppol BIS Billing 3.0 where both parties can be named there.

Pure. Which element is which term is said in the norm's CEN/TS 16931-3-2 and in
https://docs.peppol.eu/poacc/billing/3.0/.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from lxml import etree

from oms_web.domain.einvoices.cii import plain
from oms_web.domain.einvoices.en16931 import OUTSIDE, TRANSFER, Invoice, Line, Party, Tax

PEPPOL = ("urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
          "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0")
NORM = "urn:cen.eu:en16931:2017"
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAC, _CBC = f"{_UBL}CommonAggregateComponents-2", f"{_UBL}CommonBasicComponents-2"

Node: TypeAlias = etree._Element


def is_peppol(invoice: Invoice) -> bool:
    """Whether both parties can be named as Peppol names them (PEPPOL-EN16931-R010 and R020)."""
    return bool(invoice.seller.endpoint and invoice.buyer.endpoint)


def write(invoice: Invoice) -> bytes:
    """The bytes of an invoice or a credit note."""
    kind = "CreditNote" if invoice.is_credit else "Invoice"
    root = etree.Element(f"{{{_UBL}{kind}-2}}{kind}",
                         nsmap={None: f"{_UBL}{kind}-2", "cac": _CAC, "cbc": _CBC})
    _head(root, invoice, kind)
    _party(root, "AccountingSupplierParty/Party", invoice.seller)
    _party(root, "AccountingCustomerParty/Party", invoice.buyer)
    delivery = _put(root, "Delivery")
    _put(delivery, "cbc:ActualDeliveryDate", invoice.sale_date.isoformat())
    _address(delivery, "DeliveryLocation/Address", invoice.deliver_to)
    _put(delivery, "DeliveryParty/PartyName/cbc:Name", invoice.deliver_to.name)
    _payment(root, invoice)
    _taxes(root, invoice)
    totals = _put(root, "LegalMonetaryTotal")
    for name, amount in (
        ("LineExtensionAmount", invoice.net), ("TaxExclusiveAmount", invoice.net),
        ("TaxInclusiveAmount", invoice.gross), ("PrepaidAmount", invoice.prepaid),
        ("PayableAmount", invoice.due),
    ):
        _amount(totals, name, amount, invoice.currency)
    for line in invoice.lines:
        _line(root, line, invoice, kind)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _head(root: Node, invoice: Invoice, kind: str) -> None:
    if is_peppol(invoice):
        _put(root, "cbc:CustomizationID", PEPPOL[0])
        _put(root, "cbc:ProfileID", PEPPOL[1])
    else:
        _put(root, "cbc:CustomizationID", NORM)
    _put(root, "cbc:ID", invoice.number)
    _put(root, "cbc:IssueDate", invoice.issue_date.isoformat())
    if invoice.due_date and not invoice.is_credit:
        _put(root, "cbc:DueDate", invoice.due_date.isoformat())
    _put(root, f"cbc:{kind}TypeCode", invoice.code)
    if invoice.notes:  # PEPPOL-EN16931-R002: one note
        _put(root, "cbc:Note", "; ".join(invoice.notes))
    _put(root, "cbc:DocumentCurrencyCode", invoice.currency)
    if invoice.home_vat is not None:
        _put(root, "cbc:TaxCurrencyCode", invoice.home_currency)
    if invoice.order_number:
        _put(root, "OrderReference/cbc:ID", invoice.order_number)
    else:  # PEPPOL-EN16931-R003: an order's number or a reference of the buyer
        _put(root, "cbc:BuyerReference", invoice.number)
    for number, day in invoice.preceding:
        before = _put(root, "BillingReference/InvoiceDocumentReference")
        _put(before, "cbc:ID", number)
        _put(before, "cbc:IssueDate", day.isoformat())


def _party(root: Node, path: str, party: Party) -> None:
    node = _put(root, path)
    if party.endpoint:
        _put(node, "cbc:EndpointID", party.endpoint[1], schemeID=party.endpoint[0])
    _put(node, "PartyName/cbc:Name", party.name)
    _address(node, "PostalAddress", party)
    if party.vat_id:
        scheme = _put(node, "PartyTaxScheme")
        _put(scheme, "cbc:CompanyID", party.vat_id)
        _put(scheme, "TaxScheme/cbc:ID", "VAT")
    legal = _put(node, "PartyLegalEntity")
    _put(legal, "cbc:RegistrationName", party.name)
    if party.tax_id:
        _put(legal, "cbc:CompanyID", party.tax_id)
    if party.phone or party.email:
        contact = _put(node, "Contact")
        _put(contact, "cbc:Name", party.name)
        if party.phone:
            _put(contact, "cbc:Telephone", party.phone)
        if party.email:
            _put(contact, "cbc:ElectronicMail", party.email)


def _address(parent: Node, path: str, party: Party) -> None:
    node = _put(parent, path)
    for name, text in (("StreetName", party.street), ("CityName", party.city),
                       ("PostalZone", party.postcode)):
        if text:
            _put(node, f"cbc:{name}", text)
    _put(node, "Country/cbc:IdentificationCode", party.country)


def _payment(root: Node, invoice: Invoice) -> None:
    means = _put(root, "PaymentMeans")
    code = _put(means, "cbc:PaymentMeansCode", invoice.means)
    if invoice.means_words:
        code.set("name", invoice.means_words)
    if invoice.due_date and invoice.is_credit:
        _put(means, "cbc:PaymentDueDate", invoice.due_date.isoformat())
    if invoice.means == TRANSFER:
        _put(means, "PayeeFinancialAccount/cbc:ID", invoice.account)
    if not invoice.due_date:
        _put(root, "PaymentTerms/cbc:Note", invoice.means_words)


def _taxes(root: Node, invoice: Invoice) -> None:
    total = _put(root, "TaxTotal")
    _amount(total, "TaxAmount", invoice.vat, invoice.currency)
    for tax in invoice.taxes:
        part = _put(total, "TaxSubtotal")
        _amount(part, "TaxableAmount", tax.net, invoice.currency)
        _amount(part, "TaxAmount", tax.vat, invoice.currency)
        _category(part, "TaxCategory", tax)
    if invoice.home_vat is not None:
        _amount(_put(root, "TaxTotal"), "TaxAmount", invoice.home_vat, invoice.home_currency)


def _line(root: Node, line: Line, invoice: Invoice, kind: str) -> None:
    node = _put(root, f"{kind}Line")
    _put(node, "cbc:ID", line.id)
    _put(node, f"cbc:{'Credited' if invoice.is_credit else 'Invoiced'}Quantity",
         plain(line.quantity), unitCode=line.unit)
    _amount(node, "LineExtensionAmount", line.net, invoice.currency)
    item = _put(node, "Item")
    _put(item, "cbc:Name", line.name)
    if line.sku:
        _put(item, "SellersItemIdentification/cbc:ID", line.sku)
    _category(item, "ClassifiedTaxCategory", line)
    _put(node, "Price/cbc:PriceAmount", plain(line.price), currencyID=invoice.currency)


def _category(parent: Node, name: str, of: Line | Tax) -> None:
    node = _put(parent, name)
    _put(node, "cbc:ID", of.category)
    if of.category != OUTSIDE:
        _put(node, "cbc:Percent", plain(of.rate))
    if isinstance(of, Tax):
        if of.reason_code:
            _put(node, "cbc:TaxExemptionReasonCode", of.reason_code)
        if of.reason:
            _put(node, "cbc:TaxExemptionReason", of.reason)
    _put(node, "TaxScheme/cbc:ID", "VAT")


def _amount(parent: Node, name: str, amount: Decimal, currency: str) -> None:
    _put(parent, f"cbc:{name}", str(amount), currencyID=currency)


def _put(parent: Node, path: str, text: str | None = None, **attributes: str) -> Node:
    """New elements down a path; those without a prefix are ``cac``."""
    node = parent
    for step in path.split("/"):
        space, _, local = step.rpartition(":")
        node = etree.SubElement(node, f"{{{_CBC if space == 'cbc' else _CAC}}}{local}")
    node.text = text
    for name, value in attributes.items():
        node.set(name, value)
    return node
