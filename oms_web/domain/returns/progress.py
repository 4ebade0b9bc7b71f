"""What the buyer of a case is told that comes next. Pure; the words are in ``web/buyer_words.py``.

One answer for each way a case can stand, so that nobody who sent their goods long ago, or has their
money already, is told to send them, and nothing is said to be on its way that waits for something.
"""

from __future__ import annotations

from oms_web.domain.returns import exchange, kinds, tracks

SWAPS = ("swap_both", "swap_pay", "swap_wait", "swap_decide", "swap_ready", "swap_send", "swapped")
"""How an exchange stands whose new order is made."""
NEXT = (
    "off", "refused", "ask", "judge", "paying", "approved", "ordered", "unsure", "paid_send",
    "paid", *SWAPS, "send", "on_way", "judged", "decide", "answer", "repair", "replace", "reduce",
    "refund", "closed",
)
SENDING = frozenset({"send", "paid_send", "swap_send"})
"""The words for it ask for the goods already."""


def next_of(kind: str, phase: str, goods: str, money: str, outcome: str = "", *,
            approved: bool = False, swap: str = "") -> str:
    """What comes next, one of ``NEXT``; the words of ``tracks`` and ``kinds`` decide.

    Args:
        approved: what is planned to go back was approved.
        swap: how the exchange stands (``of_swap``); empty where no new order is made.
    """
    if phase in (tracks.OFF, tracks.REFUSED):
        return "off" if phase == tracks.OFF else "refused"
    if phase == tracks.ASKED:
        return "ask"
    if goods == tracks.ARRIVED:
        return "judge"
    if swap:
        return swap
    if money != tracks.MONEY_NONE:
        return _by_money(kind, phase, goods, money, approved=approved)
    if phase == tracks.CLOSED:
        return "closed"
    if kind == kinds.COMPLAINT and phase == tracks.NEW:
        return "answer"
    if goods in (tracks.EXPECTED, tracks.ON_WAY):
        return "send" if goods == tracks.EXPECTED else "on_way"
    if kind == kinds.COMPLAINT and outcome:
        return outcome
    return "judged" if goods == tracks.JUDGED else "decide"


def _by_money(kind: str, phase: str, goods: str, money: str, *, approved: bool) -> str:
    if money == tracks.PLANNED:
        return "approved" if approved else "paying"
    if money in (tracks.SENT, tracks.UNKNOWN):
        return "ordered" if money == tracks.SENT else "unsure"
    if goods == tracks.EXPECTED and phase != tracks.CLOSED and kind != kinds.COMPLAINT:
        return "paid_send"
    return "paid"


def of_swap(now: exchange.Standing | None, goods: str, *, held: bool) -> str:
    """How an exchange stands: what its new order waits for, or that it left. Empty without one.

    Args:
        held: the new order waits until what comes back was judged and decided on.
    """
    if now is None or now.cancelled:
        return ""
    if now.left:
        return "swap_send" if goods == tracks.EXPECTED else "swapped"
    waits = held and goods in (tracks.EXPECTED, tracks.ON_WAY)
    if now.owes:
        return "swap_both" if waits else "swap_pay"
    if waits:
        return "swap_wait"
    return "swap_decide" if held else "swap_ready"


def to_send(phase: str, goods: str, next_: str) -> bool:
    """Whether goods are still expected of the buyer: the page shows where to, and the slip."""
    return goods == tracks.EXPECTED and phase in (tracks.NEW, tracks.ACCEPTED) \
        and next_ not in ("answer", "paid")
