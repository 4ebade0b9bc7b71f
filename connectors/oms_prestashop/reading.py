"""Reading the webservice's JSON, with a complaint that names the field. Pure.

Numbers come as numbers or as text, by the field and by the version; a text in several languages
comes as a list of them; what is empty may be missing altogether.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from oms_connector import reading as shared
from oms_connector.reading import (
    Puzzling,
    decimal,
    value,
)

from oms_prestashop import words

_WHOLE = re.compile(r"-?\d{1,18}")


def children(document: Any, name: str) -> Sequence[Any]:
    """The rows of an association; none where it is missing, which is how an empty one is told."""
    found = value(document, "associations")
    if found in (None, [], {}):
        return ()
    if not isinstance(found, dict):
        raise Puzzling(shared.NOT_AN_OBJECT, "associations", found)
    rows = found.get(name)
    if rows in (None, [], ""):
        return ()
    if not isinstance(rows, list):
        raise Puzzling(shared.NOT_A_LIST, name, rows)
    return rows


def shown(document: Any, name: str) -> str:
    """A text for people that may be missing; of several languages the first that says anything."""
    found = value(document, name)
    if isinstance(found, list):
        said = [one.get("value") for one in found if isinstance(one, dict)]
        found = next((one for one in said if isinstance(one, str) and one), "")
    if found in (None, "", False):
        return ""
    if not isinstance(found, str):
        raise Puzzling(shared.NOT_A_TEXT, name, found)
    return found.strip()


def ref(document: Any, name: str = "id") -> str:
    """The number of a thing, as text."""
    found = ref_or_empty(document, name)
    if not found:
        raise Puzzling(words.NOT_A_NUMBER, name, value(document, name))
    return found


def ref_or_empty(document: Any, name: str) -> str:
    """The number of a thing that may not be there: 0 or nothing is written then."""
    found = value(document, name)
    if found in (None, "", 0, "0", False):
        return ""
    if isinstance(found, bool) or not isinstance(found, int | str) or \
            not str(found).isascii() or not str(found).isdigit():
        raise Puzzling(words.NOT_A_NUMBER, name, found)
    return str(int(found))


def whole(document: Any, name: str) -> int:
    """A whole number."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int | str) or \
            not _WHOLE.fullmatch(str(found)):
        raise Puzzling(shared.NOT_WHOLE, name, found)
    return int(found)


def is_on(document: Any, name: str) -> bool:
    """Whether something is ticked."""
    return value(document, name) in (1, "1", True)


def amount(document: Any, name: str) -> Decimal:
    """An amount: text with six places, sometimes a number."""
    return decimal(value(document, name), name)


def amount_or_zero(document: Any, name: str) -> Decimal:
    """An amount that may be missing or empty."""
    return Decimal(0) if value(document, name) in (None, "") else amount(document, name)
