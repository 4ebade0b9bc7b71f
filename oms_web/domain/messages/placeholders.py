"""Fields a seller may put into a message: ``{{order.number}}``. Pure.

Only plain replacement: no conditions, no expressions, no attribute access. What a buyer typed is
filled in afterwards and never read for fields again. A line all of whose fields are empty is left
out, so that ``Follow it: {{tracking.url}}`` says nothing before there is something to follow, and
no gap stays where it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from oms_web.core.errors import Invalid

# name -> what it stands for (English gettext key, shown beside the editor)
FIELDS = {
    "order.number": "our number of the order",
    "order.channel_number": "the channel's number of the order",
    "order.lines": "what was ordered, a line for each",
    "order.total": "what the order costs",
    "order.to_pay": "what is still to be paid",
    "order.ship_by": "the day by which it leaves",
    "order.link": "the buyer's own page of the order",
    "payment.link": "where the buyer can pay, if a link is open",
    "buyer.name": "the buyer's name",
    "buyer.first_name": "the buyer's first name",
    "delivery.method": "how it is delivered",
    "delivery.carrier": "the courier",
    "delivery.point": "the pick-up point",
    "tracking.number": "the tracking number, of several parcels all",
    "tracking.url": "where the parcel can be followed",
    "document.number": "the number of the newest document",
    "case.number": "the number of the return or complaint",
    "case.lines": "what comes back, a line for each",
    "case.due": "the day by which we answer or pay back",
    "case.refund": "what was paid back, or is about to be",
    "case.answer": "our answer to the complaint",
    "case.refusal": "why the case was refused",
    "case.reason": "why the goods come back, in the buyer's words",
    "case.address": "where the goods are sent back to",
    "case.how": "how to send back, from the settings of returns",
    "case.link": "the buyer's own page of the case",
    "exchange.number": "the number of the new order of an exchange",
    "exchange.lines": "what is sent instead, a line for each",
    "exchange.to_pay": "what the buyer has still to pay for the exchange",
    "exchange.refund": "what goes back to the buyer after the exchange",
    "exchange.link": "where the buyer can pay for the exchange, if a link is open",
    "exchange.account": "our account, where something is to be paid and no link is open",
    "exchange.title": "the title of that transfer",
    "shop.name": "the name of the shop",
    "shop.email": "the e-mail of the shop",
    "shop.phone": "the phone of the shop",
    "shop.website": "the website of the shop",
}

_FIELD = re.compile(r"\{\{[ \t]*([^{}\n]*?)[ \t]*\}\}")
_GAP = re.compile(r"\n{3,}")
_HALF = re.compile(r"\{\{|\}\}")


def check(text: str, field: str) -> None:
    """See that a text names known fields only.

    Raises:
        Invalid: at ``field``: an unknown name, with the one that was probably meant, or braces that
            do not belong together.
    """
    for name in _FIELD.findall(text):
        if name in FIELDS:
            continue
        meant = get_close_matches(name, FIELDS, 1)
        if meant:
            raise Invalid("There is no field %(name)s. Did you mean %(meant)s?", field,
                          name=f"{{{{{name}}}}}", meant=f"{{{{{meant[0]}}}}}")
        raise Invalid("There is no field %(name)s.", field, name=f"{{{{{name}}}}}")
    if _HALF.search(_FIELD.sub("", text)):
        raise Invalid("A field begins with {{ and ends with }}, on one line.", field)


def named(*texts: str) -> frozenset[str]:
    """The fields that texts name."""
    return frozenset(name for text in texts for name in _FIELD.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields replaced; lines whose fields are all empty are left out."""
    kept = []
    for line in text.splitlines():
        names = _FIELD.findall(line)
        if names and not any(values.get(name) for name in names):
            continue
        kept.append(_FIELD.sub(lambda match: values.get(match[1], ""), line).rstrip())
    return _GAP.sub("\n\n", "\n".join(kept))


def fill_line(text: str, values: Mapping[str, str]) -> str:
    """One line with its fields replaced: a subject. No value can make a second line of it."""
    filled = _FIELD.sub(lambda match: values.get(match[1], ""), text)
    return " ".join("".join(ch if ch.isprintable() else " " for ch in filled).split())
