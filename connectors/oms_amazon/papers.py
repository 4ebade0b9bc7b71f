"""What a feed says of one order: that it is called off, or what its invoice is.

Amazon takes such a feed in and works on it for minutes. That an order was called off is seen when
it comes back as cancelled; whether buyers got a document Amazon shows nowhere but in the feed's own
report, which nobody is there to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from oms_connector import Invoice, NotFound, NotSupported, Refused
from oms_connector.reading import Puzzling, children, text

from oms_amazon import feeds, mapping, sums, words
from oms_amazon.calls import Api
from oms_amazon.pulling import get_order
from oms_amazon.reading import whole

NO_STOCK, BUYER = "NoInventory", "BuyerCanceled"
BY_BUYER = re.compile(r"buyer|customer|client|kupuj|klient", re.IGNORECASE)
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def cancel_order(api: Api, seller: str, external_id: str, lines: Mapping[str, int], reason: str
                 ) -> None:
    """Call an order off that has not left ("order acknowledgement" that says *failure*).

    Raises:
        NotFound: there is no such order.
        NotSupported: only a part of it is to be called off.
        Refused: it was sent, is Amazon's to send, or is not confirmed yet.
    """
    order = _order(api, external_id, "FULFILLMENT")
    try:
        entries = {text(entry, "orderItemId"): whole(entry, "quantityOrdered")
                   for entry in children(order, "orderItems")}
        state, sender = mapping.state_of(order), mapping.sender(order)
    except Puzzling as puzzle:
        raise Refused(str(puzzle), field=puzzle.field) from puzzle
    if lines and any(lines.get(ref, 0) < count for ref, count in entries.items()):
        raise NotSupported(words.NO_PARTS)
    if state == "cancelled":
        return
    if sender == "channel":
        raise Refused(words.AMAZON_SENDS)
    if state != "ready":
        raise Refused(words.STILL_PENDING if state == "unpaid" else words.SENT_ALREADY)
    feeds.submit(api, feeds.CANCELLATIONS, called_off(seller, external_id, entries, reason),
                 feeds.XML, [sums.marketplace(order)])


def upload_invoice(api: Api, invoice: Invoice) -> str:
    """Show a document to the buyer; the feed's id. Amazon knows it again by its number.

    Raises:
        NotFound: there is no such order.
    """
    order = _order(api, invoice.external_id)
    return feeds.submit(api, feeds.INVOICES, invoice.pdf, feeds.PDF, [sums.marketplace(order)], {
        "metadata:orderid": invoice.external_id, "metadata:invoicenumber": invoice.number,
        "metadata:documenttype": "Invoice",
    })


def called_off(seller: str, external_id: str, entries: Mapping[str, int], reason: str) -> bytes:
    """The document that calls all lines of an order off."""
    root = ElementTree.Element("AmazonEnvelope", {
        "xmlns:xsi": XSI, "xsi:noNamespaceSchemaLocation": "amzn-envelope.xsd"})
    header = ElementTree.SubElement(root, "Header")
    _put(header, "DocumentVersion", "1.01")
    _put(header, "MerchantIdentifier", seller)
    _put(root, "MessageType", "OrderAcknowledgement")
    message = ElementTree.SubElement(root, "Message")
    _put(message, "MessageID", "1")
    said = ElementTree.SubElement(message, "OrderAcknowledgement")
    _put(said, "AmazonOrderID", external_id)
    _put(said, "StatusCode", "Failure")
    for ref in entries:
        item = ElementTree.SubElement(said, "Item")
        _put(item, "AmazonOrderItemCode", ref)
        _put(item, "CancelReason", BUYER if BY_BUYER.search(reason) else NO_STOCK)
    found: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return found


def _order(api: Api, external_id: str, *data: str) -> Any:
    order = get_order(api, external_id, *data)
    if order is None:
        raise NotFound(words.NO_ORDER)
    return order


def _put(parent: ElementTree.Element, name: str, text_: str) -> None:
    ElementTree.SubElement(parent, name).text = text_
