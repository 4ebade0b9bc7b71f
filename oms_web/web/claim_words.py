"""Claims against couriers in words: why, and how far they got."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from oms_web.domain.shipping import claim_doubts, claim_terms, claims

REASONS: dict[str, Any] = {
    claim_terms.LOST: _l("The parcel is lost"), claim_terms.DAMAGED: _l("It came damaged"),
    claim_terms.MISSING: _l("Goods were missing in it"), claim_terms.LATE: _l("It came late"),
}
DOUBTS: dict[str, Any] = {
    claim_doubts.ABOVE_GOODS: _l("It is more than the goods in the parcel cost: %(goods)s."),
    claim_doubts.ABOVE_DECLARED: _l(
        "It is more than was declared on the label: %(declared)s. The courier is liable for no "
        "more than that."),
    claim_doubts.TOO_LATE: _l(
        "The last day to tell the courier was %(day)s: it may refuse for that alone."),
}
CASE_REASONS = {"damaged": claim_terms.DAMAGED, "incomplete": claim_terms.MISSING,
                "late": claim_terms.LATE}
"""What a buyer's case is about -> what is claimed of the courier."""
STATES: dict[str, Any] = {
    claims.OPEN: _l("to be sent to the courier"), claims.SENT: _l("waits for the courier"),
    claims.PAID: _l("the courier paid"), claims.REFUSED: _l("the courier refused"),
    claims.DROPPED: _l("dropped"),
}
TONES = {claims.OPEN: "warn", claims.SENT: "acc", claims.PAID: "ok", claims.REFUSED: "bad"}
