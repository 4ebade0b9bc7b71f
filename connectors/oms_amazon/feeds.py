"""Feeds: documents that Amazon takes in and works on, and what it says of them afterwards.

Source: developer-docs.amazon.com, "Feeds API v2021-06-30 use case guide". First an address in the
file store is asked for, then the document is put there, then the feed is made of it: only that last
step has an effect.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from oms_connector import ChannelDown
from oms_connector.reading import value

from oms_amazon import words
from oms_amazon.calls import DOCUMENT, FEED, FEED_RESULT, FEED_STATE, Api

PATH = "/feeds/2021-06-30"
LISTINGS, CANCELLATIONS, INVOICES = (
    "JSON_LISTINGS_FEED", "POST_ORDER_ACKNOWLEDGEMENT_DATA", "UPLOAD_VAT_INVOICE")
JSON, XML, PDF = "application/json; charset=UTF-8", "text/xml; charset=UTF-8", "application/pdf"
AT_WORK = ("IN_QUEUE", "IN_PROGRESS")
LARGEST = 32 * 1024 * 1024


def submit(api: Api, kind: str, body: bytes, media: str, marketplaces: Sequence[str],
           options: Mapping[str, str] | None = None) -> str:
    """Hand a document over; the feed's id.

    Raises:
        OutcomeUnknown: it may have been taken in.
    """
    made = api.prepare(f"{PATH}/documents", {"contentType": media}, "feedDocumentId", "url",
                       bucket=DOCUMENT)
    api.store(str(made["url"]), body, media)
    asked = {"feedType": kind, "marketplaceIds": list(marketplaces),
             "inputFeedDocumentId": made["feedDocumentId"]}
    answer = api.send("POST", f"{PATH}/feeds", asked | ({"feedOptions": options} if options
                      else {}), "feedId", bucket=FEED)
    return str(answer["feedId"])


def report(api: Api, feed_id: str) -> Any:
    """What Amazon says of a feed, decoded; None while it works, empty where it says nothing."""
    told = api.get(f"{PATH}/feeds/{quote(feed_id, safe='')}", "processingStatus",
                   bucket=FEED_STATE)
    if told["processingStatus"] in AT_WORK:
        return None
    document = value(told, "resultFeedDocumentId")
    if not document:
        return {}
    found = api.get(f"{PATH}/documents/{quote(str(document), safe='')}", "url",
                    bucket=FEED_RESULT)
    try:
        return json.loads(content(api, found))
    except ValueError:
        raise ChannelDown(words.BAD_DOCUMENT) from None


def content(api: Api, document: Any) -> bytes:
    """The bytes of a document, unpacked.

    Raises:
        ChannelDown: it cannot be had or unpacked, or is too large.
    """
    packed = api.fetch(str(document["url"]))
    if value(document, "compressionAlgorithm") != "GZIP":
        return packed
    unpacking = zlib.decompressobj(wbits=31)
    try:
        found = unpacking.decompress(packed, LARGEST)
    except zlib.error:
        raise ChannelDown(words.BAD_DOCUMENT) from None
    if unpacking.unconsumed_tail:
        raise ChannelDown(words.LARGE_DOCUMENT)
    if not unpacking.eof:
        raise ChannelDown(words.BAD_DOCUMENT)
    return found
