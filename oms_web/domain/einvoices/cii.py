"""A European invoice as CII: the XML inside Factur-X and ZUGFeRD, profile EN 16931. Pure.

UN/CEFACT Cross Industry Invoice D22B as Factur-X 1.0.7 (ZUGFeRD 2.3) takes it; which element is
which term is said in the norm's CEN/TS 16931-3-3.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TypeAlias

from lxml import etree

from oms_web.domain.einvoices.en16931 import CARD, OUTSIDE, TRANSFER, Invoice, Line, Party, Tax

PROFILE = "urn:cen.eu:en16931:2017"
_SPACES = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}

Node: TypeAlias = etree._Element


def write(invoice: Invoice) -> bytes:
    """The bytes of an invoice."""
    root = etree.Element(_name("rsm:CrossIndustryInvoice"), nsmap=_SPACES)
    _put(root, "rsm:ExchangedDocumentContext/GuidelineSpecifiedDocumentContextParameter/ID",
         PROFILE)
    head = _put(root, "rsm:ExchangedDocument")
    _put(head, "ID", invoice.number)
    _put(head, "TypeCode", invoice.code)
    _day(head, "IssueDateTime", invoice.issue_date)
    for note in invoice.notes:
        _put(head, "IncludedNote/Content", note)
    deal = _put(root, "rsm:SupplyChainTradeTransaction")
    for line in invoice.lines:
        _line(deal, line)
    agreement = _put(deal, "ApplicableHeaderTradeAgreement")
    _party(agreement, "SellerTradeParty", invoice.seller)
    _party(agreement, "BuyerTradeParty", invoice.buyer)
    if invoice.order_number:
        _put(agreement, "BuyerOrderReferencedDocument/IssuerAssignedID", invoice.order_number)
    delivery = _put(deal, "ApplicableHeaderTradeDelivery")
    to = _put(delivery, "ShipToTradeParty")
    _put(to, "Name", invoice.deliver_to.name)
    _address(to, invoice.deliver_to)
    _day(delivery, "ActualDeliverySupplyChainEvent/OccurrenceDateTime", invoice.sale_date)
    _settlement(_put(deal, "ApplicableHeaderTradeSettlement"), invoice)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _line(deal: Node, line: Line) -> None:
    node = _put(deal, "IncludedSupplyChainTradeLineItem")
    _put(node, "AssociatedDocumentLineDocument/LineID", line.id)
    product = _put(node, "SpecifiedTradeProduct")
    if line.sku:
        _put(product, "SellerAssignedID", line.sku)
    _put(product, "Name", line.name)
    _put(node, "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/ChargeAmount",
         plain(line.price))
    _put(node, "SpecifiedLineTradeDelivery/BilledQuantity", plain(line.quantity),
         unitCode=line.unit)
    settled = _put(node, "SpecifiedLineTradeSettlement")
    tax = _put(settled, "ApplicableTradeTax")
    _put(tax, "TypeCode", "VAT")
    _put(tax, "CategoryCode", line.category)
    if line.category != OUTSIDE:  # BR-O-05
        _put(tax, "RateApplicablePercent", plain(line.rate))
    _put(settled, "SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount", str(line.net))


def _party(parent: Node, name: str, party: Party) -> None:
    node = _put(parent, name)
    _put(node, "Name", party.name)
    if party.tax_id:
        _put(node, "SpecifiedLegalOrganization/ID", party.tax_id)
    if party.phone or party.email:
        contact = _put(node, "DefinedTradeContact")
        _put(contact, "PersonName", party.name)
        if party.phone:
            _put(contact, "TelephoneUniversalCommunication/CompleteNumber", party.phone)
        if party.email:
            _put(contact, "EmailURIUniversalCommunication/URIID", party.email)
    _address(node, party)
    if party.endpoint:
        _put(node, "URIUniversalCommunication/URIID", party.endpoint[1],
             schemeID=party.endpoint[0])
    if party.vat_id:
        _put(node, "SpecifiedTaxRegistration/ID", party.vat_id, schemeID="VA")


def _address(parent: Node, party: Party) -> None:
    node = _put(parent, "PostalTradeAddress")
    for name, text in (("PostcodeCode", party.postcode), ("LineOne", party.street),
                       ("CityName", party.city), ("CountryID", party.country)):
        if text:
            _put(node, name, text)


def _settlement(node: Node, invoice: Invoice) -> None:
    if invoice.home_vat is not None:
        _put(node, "TaxCurrencyCode", invoice.home_currency)
    _put(node, "InvoiceCurrencyCode", invoice.currency)
    means = _put(node, "SpecifiedTradeSettlementPaymentMeans")
    _put(means, "TypeCode", invoice.means)
    if invoice.means_words and invoice.means != CARD:
        _put(means, "Information", invoice.means_words)
    if invoice.means == TRANSFER:
        kind = "IBANID" if invoice.account[:2].isalpha() else "ProprietaryID"
        _put(means, f"PayeePartyCreditorFinancialAccount/{kind}", invoice.account)
    for tax in invoice.taxes:
        _tax(node, tax)
    terms = _put(node, "SpecifiedTradePaymentTerms")
    if invoice.due_date:
        _day(terms, "DueDateDateTime", invoice.due_date)
    else:
        _put(terms, "Description", invoice.means_words)
    _totals(_put(node, "SpecifiedTradeSettlementHeaderMonetarySummation"), invoice)
    for number, day in invoice.preceding:
        before = _put(node, "InvoiceReferencedDocument")
        _put(before, "IssuerAssignedID", number)
        _day(before, "FormattedIssueDateTime", day, "qdt")


def _tax(parent: Node, tax: Tax) -> None:
    node = _put(parent, "ApplicableTradeTax")
    _put(node, "CalculatedAmount", str(tax.vat))
    _put(node, "TypeCode", "VAT")
    if tax.reason:
        _put(node, "ExemptionReason", tax.reason)
    _put(node, "BasisAmount", str(tax.net))
    _put(node, "CategoryCode", tax.category)
    if tax.reason_code:
        _put(node, "ExemptionReasonCode", tax.reason_code)
    if tax.category != OUTSIDE:
        _put(node, "RateApplicablePercent", plain(tax.rate))


def _totals(node: Node, invoice: Invoice) -> None:
    _put(node, "LineTotalAmount", str(invoice.net))
    _put(node, "TaxBasisTotalAmount", str(invoice.net))
    _put(node, "TaxTotalAmount", str(invoice.vat), currencyID=invoice.currency)
    if invoice.home_vat is not None:
        _put(node, "TaxTotalAmount", str(invoice.home_vat), currencyID=invoice.home_currency)
    _put(node, "GrandTotalAmount", str(invoice.gross))
    _put(node, "TotalPrepaidAmount", str(invoice.prepaid))
    _put(node, "DuePayableAmount", str(invoice.due))


def plain(value: Decimal) -> str:
    """A number without an exponent and without noughts at its end."""
    return format(value.normalize(), "f")


def _day(parent: Node, path: str, day: date, space: str = "udt") -> None:
    _put(parent, f"{path}/{space}:DateTimeString", day.strftime("%Y%m%d"), format="102")


def _put(parent: Node, path: str, text: str | None = None, **attributes: str) -> Node:
    """New elements down a path; those without a prefix are ``ram``."""
    node = parent
    for name in path.split("/"):
        node = etree.SubElement(node, _name(name))
    node.text = text
    for name, value in attributes.items():
        node.set(name, value)
    return node


def _name(name: str) -> str:
    space, _, local = name.rpartition(":")
    return f"{{{_SPACES[space or 'ram']}}}{local}"
