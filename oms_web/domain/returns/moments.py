"""The turns of a case that its buyer may be told of. Pure.

A complaint is accepted or refused by its answer, so that it has no letter of its own for that.
"""

from __future__ import annotations

from oms_web.domain.returns import kinds, tracks

RECEIVED, UNCOLLECTED, ACCEPTED, REFUSED, ANSWERED, SWAPPED, ARRIVED, REFUNDED = MOMENTS = (
    "received", "backhome", "accepted", "refused", "answered", "swapped", "arrived", "refunded",
)
ANY = "case"
"""What a template is about that suits any case."""

PAID = tracks.PAID
HERE = (tracks.ARRIVED, tracks.JUDGED)


def opened(source: str, reason_code: str) -> str:
    """The turn that a new case is; empty where its buyer is told otherwise, or told it us.

    What buyers declare on their own page is acknowledged at once, in words that the law asks for.
    """
    if reason_code == "not_collected":
        return UNCOLLECTED
    return "" if source == "buyer" else RECEIVED


def decided(kind: str, act: str) -> str:
    """The turn that an act of the phase table is; empty if none."""
    if kind == kinds.COMPLAINT:
        return ""
    return {"accept": ACCEPTED, "refuse": REFUSED}.get(act, "")


def moved(goods: tuple[str, str], money: tuple[str, str], *, swapped: bool = False) -> list[str]:
    """The turns that tracks made: each is (before, now).

    Args:
        swapped: another thing is sent instead: what is credited to it did not go back.
    """
    found = []
    if goods[0] not in HERE and goods[1] in HERE:
        found.append(ARRIVED)
    paid = (tracks.REFUNDED,) if swapped else PAID
    if money[0] not in paid and money[1] in paid:
        found.append(REFUNDED)
    return found


def holds(moment: str, phase: str, goods: str, money: str) -> bool:
    """Whether a case still is where a turn took it, so that its letter is true."""
    if phase == tracks.OFF:
        return False
    return {
        ACCEPTED: phase in (tracks.ACCEPTED, tracks.CLOSED),
        REFUSED: phase in (tracks.REFUSED, tracks.CLOSED),
        ARRIVED: goods in HERE, REFUNDED: money in PAID,
    }.get(moment, True)


def latest(kind: str, phase: str, goods: str, money: str, answer: str, *, swapped: bool = False
           ) -> str:
    """The turn that there is to be written about now."""
    if kind == kinds.COMPLAINT and answer:
        return ANSWERED
    if phase == tracks.REFUSED:
        return REFUSED
    if money == tracks.REFUNDED or (money in PAID and not swapped):
        return REFUNDED
    if goods in HERE:
        return ARRIVED
    if swapped:
        return SWAPPED
    return ACCEPTED if phase == tracks.ACCEPTED else RECEIVED
