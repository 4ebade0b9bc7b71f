"""Cases after a sale in words for people: kinds, phases, tracks, reasons, terms, refunds."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_babel.speaklater import LazyString

from oms_web.domain.payments import refund_states
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import clocks, ending, tracks
from oms_web.domain.returns.models import CaseClock, Return
from oms_web.web import formats

KINDS: dict[str, Any] = {
    "return": _l("Return"), "exchange": _l("Exchange"), "withdrawal": _l("Withdrawal"),
    "complaint": _l("Complaint"),
}
PHASES: dict[str, Any] = {
    "new": _l("to decide"), "asked": _l("waits for the buyer"), "accepted": _l("accepted"),
    "refused": _l("refused"), "closed": lazy_pgettext("case", "closed"),
    "off": _l("called off"),
}
PHASE_TONES = {"new": "warn", "asked": "", "accepted": "ok", "refused": "bad", "closed": "",
               "off": ""}
ACTS: dict[str, Any] = {
    "accept": _l("Accept"), "ask": _l("Wait for the buyer"), "answered": _l("The buyer answered"),
    "refuse": _l("Refuse"), "call_off": _l("Call off"), "close": _l("Close the case"),
    "reopen": _l("Open again"),
}
GOODS: dict[str, Any] = {
    "none": _l("nothing comes back"), "expected": _l("expected"), "on_way": _l("on the way"),
    "arrived": _l("arrived, to be judged"), "judged": _l("judged"),
}
GOODS_STEPS: dict[str, Any] = {
    "expected": _l("Expected"), "on_way": _l("On the way"), "arrived": _l("Arrived"),
    "judged": _l("Judged"),
}
MONEY: dict[str, Any] = {
    "none": _l("nothing planned"), "planned": _l("planned"), "sent": _l("sent"),
    "unknown": _l("outcome unknown"), "refunded": _l("paid back"), "credit": _l("credited"),
}
IN_PART, IN_PART_STEP = _l("paid back in part"), _l("Paid back in part")
MONEY_STEPS: dict[str, Any] = {
    "planned": _l("Planned"), "sent": _l("Sent"), "refunded": _l("Paid back"),
}
TRACK_TONES = {"arrived": "warn", "judged": "ok", "planned": "warn", "unknown": "bad",
               "refunded": "ok", "credit": "ok", "sent": "acc"}
REASONS: dict[str, Any] = {
    "changed_mind": _l("Changed their mind"), "too_small": _l("Too small"),
    "too_large": _l("Too large"), "not_described": _l("Not as described"),
    "wrong_item": _l("Wrong goods"), "damaged": _l("Damaged on the way"), "defect": _l("Faulty"),
    "incomplete": _l("Parts are missing"), "late": _l("Came too late"),
    "not_collected": _l("Refused or not collected"), "other": _l("Another reason"),
}
WISHES: dict[str, Any] = {
    "repair": _l("Repair"), "replace": _l("Replacement"), "reduce": _l("A lower price"),
    "refund": _l("The money back"),
}
OUTCOMES: dict[str, Any] = {
    "repair": _l("Accepted: repair"), "replace": _l("Accepted: replacement"),
    "reduce": _l("Accepted: a lower price"), "refund": _l("Accepted: the money back"),
    "": _l("Refused"),
}
GRADES: dict[str, Any] = {
    "A": _l("as new"), "B": _l("opened, whole"), "C": _l("used or marked"),
    "D": _l("does not work"),
}
DISPOSITIONS: dict[str, Any] = {
    "restock": _l("Sell again"), "quarantine": _l("Put aside"), "repair": _l("Repair"),
    "scrap": _l("Scrap"), "supplier": _l("Back to the supplier"),
}
CLOCKS: dict[str, Any] = {
    "withdraw": _l("Withdrawal declared by"), "send_back": _l("The buyer sends back by"),
    "repay": _l("Pay back by"), "answer": _l("Answer by"),
}
METHODS: dict[str, Any] = {
    "transfer": _l("Bank transfer"), "cash": _l("Cash"), "provider": _l("Payment provider"),
    "channel": _l("On the channel"), "pages": _l("On the channel's own pages, by hand"),
    "credit": _l("Credit or voucher"),
}
REFUND_STATES: dict[str, Any] = {
    "planned": _l("to be approved"), "approved": _l("approved, to be sent"),
    "sent": _l("sent"), "unknown": _l("outcome unknown"), "done": _l("paid back"),
    "refused": lazy_pgettext("refund", "not paid"),
}
CREDIT_STATES: dict[str, Any] = {
    "done": MONEY["credit"], "refused": lazy_pgettext("refund", "taken back"),
}
"""States of a credit, which is no money that is paid: given, and the old order's again."""
REFUND_TONES = {"planned": "warn", "approved": "acc", "sent": "acc", "unknown": "bad",
                "done": "ok", "refused": ""}
REFUND_ACTS: dict[str, Any] = {
    "approve": _l("Approve"), "send": _l("It is ordered"), "done": _l("The money has gone"),
    "lose": _l("Nobody knows whether it went"), "refuse": _l("It did not go"), "drop": _l("Drop"),
}
ITEMS: dict[str, Any] = {
    "goods": _l("goods"), "delivery": _l("delivery"), "wear": _l("used more than to try it"),
    "other": _l("another amount"), "reduced": _l("lower price"),
}
ENDS: dict[str, Any] = {
    "money": _l("money that was promised has not gone back"),
    "goods": _l("what was to come back is not here"),
    "missing": _l("what did not come back is not paid back; it is once it comes, or the buyer "
                  "proves that it was sent"),
    "repair": _l("the goods are to be repaired and sent back to the buyer"),
    "replace": _l("no new order was made"),
}
"""What a case would be closed over (``return_case.left_open``)."""
GROUNDS: dict[str, Any] = {
    ground: LazyString(lambda ground: ending.words(ground, formats.language()), ground)
    for ground in ending.GROUNDS
}
TAKEN_BACK: dict[str, Any] = {
    "buyer": _l("The buyer took it back"), "mistake": _l("It was opened by mistake"),
}
SOURCES: dict[str, Any] = {
    "desk": _l("taken down here"), "bench": _l("opened at the bench"),
    "buyer": _l("said by the buyer"), "channel": _l("told by the channel"),
    "file": _l("read from a file"), "carrier": _l("told by the carrier"),
}
TOLD: dict[str, Any] = {
    "announced": _l("announced"), "sent": _l("sent"), "arrived": _l("arrived"),
    "closed": _l("settled"), "refused": _l("refused"),
}
VIEWS: dict[str, Any] = {
    "decide": _l("To decide"), "here": _l("At the bench"), "money": _l("Money"),
    "coming": _l("On their way"), "complaints": _l("Complaints"),
    "orphans": _l("Without an order"), "open": _l("All open"),
    "over": lazy_pgettext("case", "Closed"),
}
VIEW_ICONS = {"decide": "eye-check", "here": "package-import", "money": "cash-banknote",
              "coming": "truck-return", "complaints": "heart-broken", "orphans": "zoom-question",
              "open": "inbox", "over": "archive"}
KIND_ICONS = {"return": "truck-return", "exchange": "replace", "withdrawal": "arrow-back-up",
              "complaint": "heart-broken"}
EFFECTS: dict[str, Any] = {
    "turned": _l("This case became a withdrawal by it."),
    "held": _l("Its goods were in this case already: no second case, no second term."),
    "excepted": _l("The law knows no withdrawal from its goods, so no term runs. Refuse it, or "
                   "take them back by your leave."),
    "nothing": _l("All of it was paid back or cancelled before, so no term runs."),
}
"""What became of a statement of withdrawal (``return_portal.withdraw``), to the desk."""


def money(case: Return, *, owes: bool) -> tuple[Any, str]:
    """Where the money of a case is, and its tone; ``owes``: more of it is to go (``tracks.owes``).
    """
    if owes and case.money in tracks.PAID:
        return IN_PART, "warn"
    return MONEY[case.money], TRACK_TONES.get(case.money, "")


def refund_state(refund: Refund) -> Any:
    """How a refund stands, in words."""
    own = CREDIT_STATES if refund.method == refund_states.CREDIT else {}
    return own.get(refund.state) or REFUND_STATES[refund.state]


def ended_with_case(case: Return, term: CaseClock) -> bool:
    """Whether a term that runs no more was stopped by the end of its case and by no deed."""
    return clocks.ended_with_case(
        term.what, answered=case.answered_at is not None, here=case.received_at is not None,
        paid=case.money in tracks.PAID)
