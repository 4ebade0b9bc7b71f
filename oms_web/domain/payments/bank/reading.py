"""A bank's file, whatever it is: MT940, CAMT.053 or CSV. Pure."""

from __future__ import annotations

from oms_web.core.errors import Invalid
from oms_web.domain.payments.bank import camt, csv_lines, mt940
from oms_web.domain.payments.bank.lines import MOST_BYTES, Statement


def read(content: bytes) -> list[Statement]:
    """The statements of a file, in whatever of the known kinds it is.

    Raises:
        Invalid: at ``file``: too large, empty, of an unknown kind, or cut.
    """
    if not content.strip():
        raise Invalid("The file is empty.", "file")
    if len(content) > MOST_BYTES:
        raise Invalid("The file is larger than %(size)s MB.", "file", size=MOST_BYTES >> 20)
    if camt.looks_like(content):
        return _some(list(camt.read(content)))
    text = decoded(content)
    if mt940.looks_like(text):
        return _some(list(mt940.read(text)))
    return _some(list(csv_lines.read(text)))


def _some(statements: list[Statement]) -> list[Statement]:
    if not any(one.lines for one in statements):
        raise Invalid("The statement has no lines.", "file")
    return statements


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, else as Polish Windows writes it."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1250", "replace")
