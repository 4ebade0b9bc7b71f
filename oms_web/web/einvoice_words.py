"""E-invoices in words: how far one is, why KSeF refused it, what kind it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l

from oms_web.domain.einvoices import announced, queries, settings, states
from oms_web.domain.einvoices.announced import Announced
from oms_web.domain.einvoices.models import EInvoice
from oms_web.web import formats

STATES: dict[str, Any] = {
    states.AWAITING: _l("waits for another document's number"), states.READY: _l("waits"),
    states.SENDING: _l("is sent now"), states.SENT: _l("KSeF is looking at it"),
    states.UNKNOWN: _l("not known"), states.ACCEPTED: lazy_pgettext("ksef", "accepted"),
    states.REJECTED: lazy_pgettext("ksef", "rejected"),
    states.ANNULLED: lazy_pgettext("ksef", "annulled"),
}
TONES = {states.ACCEPTED: "ok", states.REJECTED: "bad", states.UNKNOWN: "warn"}
FILTERS: dict[str, Any] = {
    queries.WAITING: _l("on their way to KSeF"), queries.NEAR: _l("due in KSeF today or late"),
    queries.OFFLINE: _l("issued offline"), states.ACCEPTED: _l("in KSeF"),
    states.REJECTED: _l("rejected by KSeF"),
    queries.HELD: _l("waiting for one that KSeF rejected"),
}
TERMS: dict[str, Any] = {
    announced.OFFLINE24: _l("The working day after the day of issue (art. 106nda)."),
    announced.MAINTENANCE: _l("The working day after the announced maintenance (art. 106nh)."),
    announced.FAILURE: _l("Seven working days after the announced failure (art. 106nf)."),
    announced.TOTAL_FAILURE: _l("An announced total failure: no duty to send it (art. 106ng)."),
}
ENVIRONMENTS: dict[str, Any] = {
    settings.OFF: _l("nowhere: KSeF is not used"), settings.PRODUCTION: _l("KSeF"),
    settings.DEMO: _l("the demo environment of KSeF (real rights, no legal effect)"),
    settings.TEST: _l("the test environment of KSeF (anybody sees what is sent)"),
    settings.REHEARSAL: _l("a stand-in of your own"),
}
BUYERS: dict[str, Any] = {
    settings.COMPANIES: _l("to buyers with a tax number"),
    settings.EVERYBODY: _l("to everybody, consumers too"),
}
LOGINS: dict[str, Any] = {
    settings.CERTIFICATE: _l("KSeF certificate"),
    settings.TOKEN: _l("KSeF token (until the end of 2026)"),
}
KINDS: dict[str, Any] = {
    "vat": _l("invoice"), "kor": _l("correction"), "zal": _l("advance invoice"),
    "roz": _l("final invoice"), "upr": _l("simplified invoice"),
    "korzal": _l("correction of an advance invoice"),
    "korroz": _l("correction of a final invoice"),
}


def state(row: EInvoice) -> str:
    """How far a document is, in a few words."""
    if row.is_offline and row.state in states.OPEN:
        return gettext("issued offline, waits for KSeF")
    return str(STATES[row.state])


def tone(row: EInvoice) -> str:
    """The colour of that."""
    return TONES.get(row.state, "warn" if row.is_offline else "")


def why(row: EInvoice) -> str:
    """What a refusal means and what can be done; KSeF's own words stand beside it."""
    return {
        410: gettext("The certificate or token has no right to issue invoices for this NIP, or "
                     "the seller on the invoice is somebody else."),
        415: gettext("This company may not send attachments."),
        430: gettext("KSeF could not check the file."),
        435: gettext("KSeF could not decrypt the file."),
        440: gettext("KSeF has another invoice with this number from this seller."),
        450: gettext("KSeF found a mistake in what the invoice says."),
    }.get(row.code or 0, gettext("KSeF did not take it.") if row.state == states.REJECTED else "")


def announced_title(event: Announced, now: datetime) -> str:
    """What the Ministry announces, in a few words."""
    if event.begins > now:
        return gettext("KSeF will be unavailable from %(when)s",
                       when=formats.moment_title(event.begins))
    words = {
        announced.MAINTENANCE: gettext("KSeF is unavailable: announced maintenance"),
        announced.FAILURE: gettext("The Ministry announced a failure of KSeF"),
        announced.TOTAL_FAILURE: gettext("The Ministry announced a total failure of KSeF"),
    }[event.kind]
    if event.ends is None:
        return words
    return gettext("%(what)s, until %(when)s", what=words, when=formats.moment_title(event.ends))


def announced_text(event: Announced) -> str:
    """What that means for invoices."""
    return {
        announced.MAINTENANCE: gettext(
            "What is issued meanwhile is issued offline and must be in KSeF by the next working "
            "day after it. It is sent by itself."),
        announced.FAILURE: gettext(
            "What cannot be sent is issued offline. Seven working days after the failure's end "
            "are left to send it; that is done by itself."),
        announced.TOTAL_FAILURE: gettext(
            "Invoices may be issued outside KSeF, on paper too, and need not be sent there "
            "afterwards."),
    }[event.kind]


def kind(code: str) -> str:
    """A kind of invoice as KSeF's list names it."""
    return str(KINDS.get(code.lower().replace("_", ""), code))
