"""The cases of the first screen that are about KSeF."""

from __future__ import annotations

from collections.abc import Iterator

from flask import url_for
from flask_babel import gettext, ngettext

from oms_web.core.clock import day_bounds
from oms_web.domain.einvoices import notices, queries
from oms_web.web.einvoice_words import announced_text, announced_title
from oms_web.web.inbox_case import Asked, Case


def rejections(asked: Asked) -> Iterator[Case]:
    """Documents that KSeF refused, and those that it must have by now."""
    found = queries.needing_a_person(asked.session, asked.now)
    if found.rejected:
        yield Case("bad", "file-off", gettext("Rejected by KSeF"),
                   ngettext("%(num)s document", "%(num)s documents", found.rejected),
                   _rejected_text(found.held),
                   url_for("documents.index", view="issued", ksef="rejected"),
                   gettext("See why"))
    if found.near and found.deadline is not None:
        yield Case("bad", "clock-exclamation", gettext("KSeF must have them today"),
                   ngettext("%(num)s document", "%(num)s documents", found.near),
                   gettext("They are sent by themselves once KSeF answers; see what is in the "
                           "way."),
                   url_for("documents.index", view="issued", ksef="near"), gettext("Look at it"),
                   due=day_bounds(found.deadline)[1])


def _rejected_text(held: int) -> str:
    text = gettext("They are not issued as long as KSeF does not take them.")
    if not held:
        return text
    return text + " " + ngettext(
        "%(num)s document names one of them and waits.",
        "%(num)s documents name one of them and wait.", held)


def announcements(asked: Asked) -> Iterator[Case]:
    """What the Ministry announces of KSeF, now or soon."""
    told = notices.to_tell(asked.session, asked.now)
    if told:
        yield Case("bad" if told.covers(asked.now) else "warn", "cloud-off",
                   announced_title(told, asked.now), "", announced_text(told),
                   url_for("documents.index", view="issued", ksef="waiting"),
                   gettext("See what waits"), since=told.begins)
