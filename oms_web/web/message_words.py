"""Messages to buyers in words: how far one is, what it is, why it did not arrive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from oms_web.domain.messages.models import Message
from oms_web.domain.messages.segments import GSM, Size
from oms_web.domain.returns import moments
from oms_web.web.failures import said as refusal
from oms_web.web.outside_words import translated

STATES: dict[str, Any] = {
    "waiting": _l("waits"),
    "sending": _l("is sent now"),
    "sent": _l("sent"), "delivered": _l("arrived"),
    "failed": _l("not sent"),
    "unknown": _l("not known"),
    "dropped": _l("called off"),
}
TONES = {"waiting": "warn", "sending": "warn", "sent": "ok", "delivered": "ok", "failed": "bad",
         "unknown": "bad"}
KINDS: dict[str, Any] = {"email": _l("E-mail"), "sms": _l("SMS"),
                         "channel": _l("Through the channel")}
ICONS = {"email": "mail", "sms": "message", "channel": "plug-connected"}
MOMENTS: dict[str, Any] = {
    "": _l("An order"), moments.ANY: _l("A return or complaint"),
    moments.RECEIVED: _l("Case: received"), moments.UNCOLLECTED: _l("Case: parcel not collected"),
    moments.ACCEPTED: _l("Case: accepted"), moments.REFUSED: _l("Case: refused"),
    moments.ANSWERED: _l("Case: complaint answered"), moments.SWAPPED: _l("Case: exchange made"),
    moments.ARRIVED: _l("Case: goods arrived"), moments.REFUNDED: _l("Case: money went back"),
}
"""What a template is about."""
FILTERS: dict[str, Any] = {
    "": _l("All"), "wrong": _l("Need a person"), "waiting": _l("On their way"),
    "sent": _l("Sent"), "dropped": _l("Called off"),
}
LANGUAGES: dict[str, Any] = {"pl": _l("in Polish"), "en": _l("in English")}


FIXED: dict[str, Any] = {
    "case link": _l("Link to a return or complaint"),
    "withdrawal received": _l("Confirmation of a withdrawal"),
    "withdrawal noted": _l("Confirmation of a withdrawal"),
    "case received": _l("Case: received"), "complaint answered": _l("Case: complaint answered"),
    "return label": _l("Return label"), "exchange made": MOMENTS[moments.SWAPPED],
}
"""Letters in fixed words (``case_letters.NAMES``); others have the name of their template."""


def named(row: Message) -> str:
    """What a message is called."""
    return str(FIXED.get(row.name, row.name)) if row.template_id is None else row.name


def why(said: Sequence[Any] | None) -> str:
    """Why a message is where it is; what a server or a connector said is in its own words."""
    if not said:
        return ""
    return refusal(str(said[0]), {name: translated(str(value)) for name, value in said[1].items()})


def writer(row: Message) -> str:
    """Who wrote a message, where it was not a person."""
    return gettext("rule %(name)s", name=row.by_name) if row.by_kind == "rule" else ""


def size(found: Size) -> str:
    """How large an SMS is."""
    if found.parts <= 1:
        return gettext("%(used)s of %(room)s characters, %(encoding)s", used=found.used,
                       room=found.used + found.left, encoding=found.encoding)
    return gettext("%(used)s characters in %(parts)s parts, %(encoding)s", used=found.used,
                   parts=found.parts, encoding=found.encoding)


def is_wide(found: Size) -> bool:
    """Whether some letter makes it cost twice as much."""
    return found.encoding != GSM
