"""What speaks against a claim as it is about to be written. Pure; whoever writes it may go on."""

from __future__ import annotations

from datetime import date

ABOVE_GOODS, ABOVE_DECLARED, TOO_LATE = DOUBTS = ("above_goods", "above_declared", "too_late")


def doubts(amount: int, goods: int, declared: int | None, due_on: date, today: date
           ) -> tuple[str, ...]:
    """Why a courier may refuse, or pay less.

    Args:
        amount: claimed, minor units.
        goods: what the buyers paid for the goods in the parcel, minor units.
        declared: what the label told the courier that they are worth, minor units; it is liable for
            no more (art. 80 ust. 3 Prawo przewozowe, art. 88 Prawo pocztowe). None: nothing.
        due_on: the last day to tell the courier.
        today: the seller's day.
    """
    found = []
    if amount > goods:
        found.append(ABOVE_GOODS)
    if declared is not None and amount > declared:
        found.append(ABOVE_DECLARED)
    if due_on < today:
        found.append(TOO_LATE)
    return tuple(found)
