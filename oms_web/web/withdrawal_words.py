"""Why goods cannot be withdrawn from, in words: for sellers a choice, for buyers a sentence."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from oms_web.domain.catalog.no_withdrawal import POINTS

REASONS: dict[str, Any] = {
    "custom": _l("made or personalised to order"), "perishable": _l("perishes quickly"),
    "hygiene": _l("sealed for hygiene or health"), "mixed": _l("mixed for good with other things"),
    "media": _l("sealed recordings or software"), "press": _l("newspapers and magazines"),
    "digital": _l("digital content without a carrier"),
}
TO_BUYERS: dict[str, Any] = {
    "custom": _l("It was made or personalised for you, so the law knows no withdrawal from it."),
    "perishable": _l("It perishes quickly, so the law knows no withdrawal from it."),
    "hygiene": _l("You can withdraw only as long as its seal is unbroken (health and hygiene)."),
    "mixed": _l("It cannot be parted from other things any more, so the law knows no withdrawal "
                "from it."),
    "media": _l("You can withdraw only as long as its seal is unbroken (recordings, software)."),
    "press": _l("The law knows no withdrawal from newspapers and magazines."),
    "digital": _l("It is digital content that was delivered, so the law knows no withdrawal from "
                  "it."),
}


def as_option(reason: str) -> str:
    """A reason as sellers choose it, with its point of the law."""
    return gettext("none: %(reason)s (art. 38 (1)(%(point)s))", reason=REASONS[reason],
                   point=POINTS[reason])
