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
    "delivery", "in_part", "paid_part", "paid", *SWAPS, "send", "on_way", "judged", "decide",
    "answer", "repair", "replace", "reduce", "refund", "closed",
)
SENDING = frozenset({"send", "paid_send", "paid_part", "swap_send"})
"""The words for it ask for the goods already."""


def next_of(kind: str, phase: str, goods: str, money: str, outcome: str = "", *,
            approved: bool = False, swap: str = "", short: bool = False,
            delivery: bool = False, owed: bool = False) -> str:
    """What comes next, one of ``NEXT``; the words of ``tracks`` and ``kinds`` decide.

    Args:
        approved: what is planned to go back was approved.
        swap: how the exchange stands (``of_swap``); empty where no new order is made.
        short: some goods did not come and were not paid for (``lacks``).
        delivery: what went is all but the delivery, and that is still to go.
        owed: there is money to go back that is not planned yet.
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
        return _by_money(kind, phase, goods, money, approved=approved, short=short,
                         delivery=delivery, owed=owed)
    if phase == tracks.CLOSED:
        return "closed"
    if kind == kinds.COMPLAINT and phase == tracks.NEW:
        return "answer"
    if goods in (tracks.EXPECTED, tracks.ON_WAY):
        return "send" if goods == tracks.EXPECTED else "on_way"
    if kind == kinds.COMPLAINT and outcome:
        return outcome
    return "judged" if goods == tracks.JUDGED else "decide"


def _by_money(kind: str, phase: str, goods: str, money: str, *, approved: bool, short: bool,
              delivery: bool, owed: bool) -> str:
    if delivery and money in (tracks.PLANNED, tracks.SENT):
        return "delivery"
    if money == tracks.PLANNED:
        return "approved" if approved else "paying"
    if money in (tracks.SENT, tracks.UNKNOWN):
        return "ordered" if money == tracks.SENT else "unsure"
    if owed:
        return "in_part"
    if goods == tracks.EXPECTED and phase != tracks.CLOSED and kind != kinds.COMPLAINT:
        return "paid_send"
    return "paid_part" if short and kind != kinds.COMPLAINT else "paid"


def lacks(meant: int, missing: int, paid: int) -> int:
    """Units of a line that did not come and were not paid for. The law lets them wait until they
    come or their sending is proved (ustawa o prawach konsumenta, art. 32 ust. 3). Pure.

    Args:
        paid: units of it that money went back for, or is about to.
    """
    return max(0, min(missing, meant - paid))


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
    if held and not waits:
        return "swap_decide"  # nobody pays for what the seller may yet decide otherwise
    if now.owes:
        return "swap_both" if waits else "swap_pay"
    return "swap_wait" if waits else "swap_ready"


def to_send(phase: str, goods: str, next_: str) -> bool:
    """Whether goods are still expected of the buyer: the page shows where to, and the slip."""
    if next_ == "paid_part":
        return True
    return goods == tracks.EXPECTED and phase in (tracks.NEW, tracks.ACCEPTED) \
        and next_ not in ("answer", "paid")
