"""A label's file as it came from its carrier: whole, or not to be printed."""

from __future__ import annotations

from base64 import b64decode

from oms_connector.carrying import LabelFormat
from oms_connector.errors import ChannelDown
from oms_connector.marking import N_

NOT_WHOLE = N_("the carrier gave a label that is not whole")
_ENDS = {"pdf_a6": (b"%PDF-", b"%%EOF"), "zpl": (b"^XA", b"^XZ")}
_TAIL = 1024
"""Bytes from the end in which a PDF's last mark stands."""


def label_from(base64: str, format: LabelFormat) -> bytes:
    """The file that was sent as base64.

    Raises:
        ChannelDown: it is no file of this format, or it was cut off.
    """
    try:
        content = b64decode(base64)
    except ValueError:
        content = b""
    if not is_whole(content, format):
        raise ChannelDown(NOT_WHOLE)
    return content


def is_whole(content: bytes, format: LabelFormat) -> bool:
    """Whether it is a file of this format, and was not cut off."""
    begin, end = _ENDS[format]
    return content.lstrip().startswith(begin) and end in content.rstrip()[-_TAIL:]
