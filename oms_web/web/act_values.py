"""What was changed, in words: the values of the audit trail as people say them.

Services write down what they keep: minor units, short names, whole profiles. Here an amount gets
its currency, a short name its word, a moment its day, and what nobody reads is only said to be
another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from oms_web.web import (
    api_keys,
    channel_words,
    formats,
    going,
    order_words,
    webhook_words,
    withdrawal_words,
)
from oms_web.web.door import oms
from oms_web.web.forms import LANGUAGES
from oms_web.web.numbering import RESETS
from oms_web.web.shell import THEMES

# What only the program needs: the key of a form.
HIDDEN = frozenset({"form"})
# Too long to be read, or a name made of its content: only that it is another one.
_OTHER = frozenset({"spec", "logo", "description", "footer_pl", "footer_en"})
_MINOR = frozenset({"amount", "gross", "items_total", "net", "paid", "paid_total", "price",
                    "refunded", "shipping_total", "discount_total", "total", "vat",
                    "cheapest_delivery", "change_money", "expected", "counted_cash", "difference",
                    "lowered"})
_MICRO = frozenset({"cost", "unit_price"})
# Numbers that name something: no thousands are set apart in them.
_NAMES = frozenset({"new_order", "order"})
_LONGEST = 120
_HASH = re.compile(r"[0-9a-f]{32,}(\.\w+)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SHORT_NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")

LABELS: Mapping[str, Any] = {
    "ksef_number": _l("KSeF number"), "offline": _l("issued offline"),
    "deadline": _l("last day for KSeF"),
    "account_id": _l("channel"), "amount": _l("amount"), "read": _l("rows read"),
    "added": _l("added"), "changed": _l("changed"), "same": _l("without a change"),
    "quarantined": _l("not read"), "tracking": _l("tracking number"), "refunded": _l("refunded"),
    "cost": _l("cost"), "price": _l("price"), "gross": _l("gross"),
    "recall_seconds": _l("seconds until channels are told"),
    "publish_stock": _l("quantities are sent"), "send_invoices": _l("invoices are sent"),
    "ship_days": _l("days to ship"), "exempt_basis": _l("basis of VAT exemption"),
    "eu_vat": _l("trade within the Union"), "oss": _l("one-stop shop"), "gtu": _l("GTU code"),
    "no_withdrawal": _l("no withdrawal"),
    "language": _l("language"), "theme": _l("colours"), "warehouses": _l("warehouses"),
    "free": _l("available"),
    "note": _l("note"), "what": _l("of what"), "region": _l("region"), "is_bundle": _l("bundle"),
    "archived_at": _l("archived"), "mapped_by": _l("linked by"), "title": _l("name"),
}

_TOLD: Mapping[str, Any] = {
    "waiting": _l("not yet"), "done": _l("yes"), "retry": _l("not yet, tried again"),
    "failed": _l("no, it cannot be told"), "unknown": _l("no answer"),
    "partly": _l("only some of the channels"),
}
# Short names of ours: field -> name -> words.
WORDS: Mapping[str, Mapping[str, Any]] = {
    "told": _TOLD, "reset": RESETS, "no_withdrawal": withdrawal_words.REASONS,
    "what": {kind: words for kind, (words, _) in channel_words.FIXES.items()}
    | {"invoice": _l("invoice")} | {kind: words for kind, (_, words) in going.KINDS.items()},
    "feed": channel_words.FEED_NAMES, "language": LANGUAGES,
    "theme": dict(THEMES), "format": {"csv": "CSV", "xlsx": "XLSX"},
    "scopes": {
        f"{name}:{what}": words for name, (_, *both) in api_keys.RESOURCES.items()
        for what, words in zip(("read", "write"), both, strict=False) if words
    },
    "kinds": {name: words for name, (words, _) in webhook_words.KINDS.items()},
}


def label(name: str) -> str:
    """What a field is called when the trail's own list does not say."""
    known = LABELS.get(name)
    if known is not None:
        return str(known)
    words = order_words.field(name)
    return _settings().get(name, words.replace("_", " ")) if words == name else words


def _settings() -> dict[str, str]:
    """The settings of all connectors: name -> label."""
    return {field.name: gettext(field.label) for connector in oms().registry.connectors.values()
            for field in connector.manifest.settings}


def pair(field: str, before: Any, after: Any, words: Mapping[str, Any], currency: str,
         called: Callable[[str], str]) -> tuple[str, str]:
    """Both sides of a change. ``words`` are the field's short names; ``called`` names a field."""
    if field in _OTHER:
        return "", gettext("changed") if after else gettext("taken away")
    known = {**WORDS.get(field, {}), **words}
    return (_said(field, before, known, currency, called),
            _said(field, after, known, currency, called))


def _said(field: str, value: Any, words: Mapping[str, Any], currency: str,
          called: Callable[[str], str]) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int):
        return _number(field, value, currency)
    if isinstance(value, Mapping):
        return _cut(", ".join(
            f"{called(str(key))}: {_said(str(key), one, {}, currency, called)}"
            for key, one in value.items() if one not in (None, "")))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _cut(", ".join(_said(field, one, words, currency, called) for one in value))
    return _text(str(value), words)


def _number(field: str, value: int, currency: str) -> str:
    if field in _MINOR:
        return formats.amount(value, currency, always=True)
    if field in _MICRO:
        return formats.named(formats.price(value, currency), currency)
    return str(value) if field in _NAMES else formats.number(value)


def _text(value: str, words: Mapping[str, Any]) -> str:
    if value in words:
        return str(words[value])
    if _HASH.fullmatch(value):
        return f"{value[:8]}…"
    if _DAY.fullmatch(value):
        try:
            return formats.calendar_day(value)
        except ValueError:
            return value
    if _MOMENT.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return _cut(value)
        return f"{formats.day(moment)} {formats.clock(moment)}" if moment.tzinfo else _cut(value)
    return value.replace("_", " ") if _SHORT_NAME.fullmatch(value) else _cut(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST - 1] + "…"
