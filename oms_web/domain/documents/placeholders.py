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

_FIELD = re.compile(r"\{([^{}\n]*)\}")


def check_text(text: str, field: str, limit: int = 600) -> str:
    """A seller's text with known fields only, tidied.

    Raises:
        Invalid: at ``field``, naming the unknown one.
    """
    text = "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
    if len(text) > limit:
        raise Invalid("This text is longer than %(n)s characters.", field, n=limit)
    for name in _FIELD.findall(text):
        if name not in FIELDS:
            raise Invalid("{%(name)s} is unknown. You can use: %(known)s.", field, name=name,
                          known=", ".join(f"{{{known}}}" for known in FIELDS))
    return text


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields replaced; a field without a value becomes nothing."""
    return _FIELD.sub(lambda match: values.get(match[1], "") if match[1] in FIELDS else match[0],
                      text)
