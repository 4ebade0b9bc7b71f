"""Payments in words: how a link stands, how a refund stands, what asks for them."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from oms_web.domain.payments import refund_states
from oms_web.domain.payments.models import Refund

REQUESTS: dict[str, Any] = {
    "asked": _l("being asked for"), "sending": _l("being asked for"),
    "unknown": _l("answer lost"), "waiting": _l("waiting for the buyer"), "paid": _l("paid"),
    "withdrawn": _l("withdrawn"), "ended": _l("ended unpaid"), "refused": _l("refused"),
}
REQUEST_TONES = {"waiting": "warn", "paid": "ok", "refused": "bad", "unknown": "warn"}

REFUNDS: dict[str, Any] = {
    "planned": _l("planned"), "approved": _l("approved"), "sent": _l("on its way"),
    "unknown": _l("answer lost"), "done": _l("given back"), "refused": _l("not given back"),
}
REFUND_TONES = {"done": "ok", "refused": "bad", "unknown": "warn", "approved": "warn",
                "sent": "warn"}



def refund_state(refund: Refund) -> Any:
    """How a refund stands, in words; a credit is given by no money."""
    if (refund.method, refund.state) == (refund_states.CREDIT, refund_states.DONE):
        return lazy_pgettext("refund", "credited")
    return REFUNDS[refund.state]


REPORTS: dict[str, Any] = {
    "inpost": _l("InPost: cash on delivery"), "allegro_billing": _l("Allegro: fees"),
    "allegro": _l("Allegro: payouts"), "amazon": _l("Amazon: settlement (V2)"),
}

WAYS: dict[str, Any] = {
    "provider": _l("by the payment provider"), "transfer": lazy_pgettext("refund", "bank transfer"),
    "cash": lazy_pgettext("refund", "cash"), "channel": lazy_pgettext("refund", "on the channel"),
    "pages": _l("on the channel's own pages"),
    "credit": lazy_pgettext("refund", "credit or voucher"),
}
"""How money goes back, within a sentence; ``case_words.METHODS`` names it on its own."""

CLAIMS: dict[str, Any] = {
    "asked": lazy_pgettext("claim", "to be claimed"),
    "sent": lazy_pgettext("claim", "being claimed"),
    "unknown": _l("answer lost"), "open": lazy_pgettext("claim", "the marketplace decides"),
    "leaving": lazy_pgettext("claim", "being withdrawn"),
    "granted": lazy_pgettext("claim", "granted"), "rejected": lazy_pgettext("claim", "refused"),
    "withdrawn": lazy_pgettext("claim", "withdrawn"),
}
CLAIM_TONES = {"open": "acc", "granted": "ok", "rejected": "bad", "unknown": "warn"}
