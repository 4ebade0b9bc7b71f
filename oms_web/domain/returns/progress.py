"""What the buyer of a case is told that comes next. Pure; the words are in ``web/buyer_words.py``.

One answer for each way a case can stand, so that nobody who sent their goods long ago, or has their
money already, is told to send them.
"""

from __future__ import annotations

from oms_web.domain.returns import kinds, tracks

NEXT = (
    "off", "refused", "ask", "judge", "paying", "ordered", "paid_send", "paid", "swap_send",
    "swapped", "send", "on_way", "judged", "decide", "answer", "repair", "replace", "reduce",
    "refund", "closed",
)
SENDING = frozenset({"send", "paid_send", "swap_send"})
"""The goods are still with the buyer: the page shows where to send them, and the slip."""


def next_of(kind: str, phase: str, goods: str, money: str, outcome: str = "") -> str:
    """What comes next, one of ``NEXT``; the words of ``tracks`` and ``kinds`` decide."""
    if phase in (tracks.OFF, tracks.REFUSED):
        return "off" if phase == tracks.OFF else "refused"
    if phase == tracks.ASKED:
        return "ask"
    if goods == tracks.ARRIVED:
        return "judge"
    if money != tracks.MONEY_NONE:
        return _by_money(kind, phase, goods, money)
    if phase == tracks.CLOSED:
        return "closed"
    if kind == kinds.COMPLAINT and phase == tracks.NEW:
        return "answer"
    if goods in (tracks.EXPECTED, tracks.ON_WAY):
        return "send" if goods == tracks.EXPECTED else "on_way"
    if kind == kinds.COMPLAINT and outcome:
        return outcome
    return "judged" if goods == tracks.JUDGED else "decide"


def _by_money(kind: str, phase: str, goods: str, money: str) -> str:
    if money in (tracks.PLANNED, tracks.SENT, tracks.UNKNOWN):
        return "paying" if money == tracks.PLANNED else "ordered"
    swapped = kind == kinds.EXCHANGE and money == tracks.CREDIT  # it pays for what comes instead
    if goods == tracks.EXPECTED and phase != tracks.CLOSED and kind != kinds.COMPLAINT:
        return "swap_send" if swapped else "paid_send"
    return "swapped" if swapped else "paid"
