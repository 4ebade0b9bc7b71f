"""Fields a seller may put into the texts of their documents: ``{order_number}``. Pure.

Only plain replacement: no conditions, no expressions, no attribute access. What a buyer typed
is filled in afterwards and never read for fields again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from oms_web.core.errors import Invalid

# name -> what it stands for (English gettext key, shown in the design page)
FIELDS = {
    "company": "your company's name",
    "tax_id": "your tax number",
    "website": "your website",
    "email": "your e-mail",
    "phone": "your phone",
    "order_number": "the order's number",
    "channel_number": "the channel's number of the order",
    "document_number": "the document's number",
    "buyer": "the buyer's name",
}

_FIELD = re.compile(r"\{([^{}\n]*)\}(\.(?!\.))?")


MOST_LETTERS, MOST_LINES = 600, 8


def check_text(text: str, field: str) -> str:
    """A seller's text with known fields only, tidied; short enough for the foot of a page.

    Raises:
        Invalid: at ``field``, naming the unknown one.
    """
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    text = "\n".join(lines)
    if len(text) > MOST_LETTERS:
        raise Invalid("This text is longer than %(n)s characters.", field, n=MOST_LETTERS)
    if len(lines) > MOST_LINES:
        raise Invalid("This text has more than %(n)s lines.", field, n=MOST_LINES)
    for name, _ in _FIELD.findall(text):
        if name not in FIELDS:
            raise Invalid("{%(name)s} is unknown. You can use: %(known)s.", field, name=name,
                          known=", ".join(f"{{{known}}}" for known in FIELDS))
    return text


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields replaced; a field without a value becomes nothing.

    A value that ends a sentence by itself (``Sp. z o.o.``) takes the full stop after it along.
    """
    def value(match: re.Match[str]) -> str:
        if match[1] not in FIELDS:
            return match[0]
        found = values.get(match[1], "")
        return found.removesuffix(".") + match[2] if match[2] else found

    return _FIELD.sub(value, text)
