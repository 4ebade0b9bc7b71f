"""Another thing instead of what comes back: the difference, what comes next, what is left. Pure.

What comes back is worth what the buyer paid for it (``refund_plan.py``). As far as the new order
costs that much it is carried over to it as a credit; the rest of either side is paid, or goes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from oms_web.domain.returns import kinds, tracks

KEY = "exchange:"
"""How the keys of refunds begin that an exchange makes."""
MAKE, COLLECT, WAIT, RELEASE, UNDO, NOTHING = (
    "exchange", "collect", "arrive", "release", "undo", "")
"""What comes next: the new order, the buyer's money, the goods (``arrive`` is the act of a case), a
word whether the held new order goes, and calling off what came to nothing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What comes back is ``worth``, what goes out ``costs``; minor units of one currency."""

    worth: int
    costs: int

    @property
    def carried(self) -> int:
        """What of the worth pays for the new order."""
        return max(0, min(self.worth, self.costs))

    @property
    def due(self) -> int:
        """What the buyer pays."""
        return max(0, self.costs - self.worth)

    @property
    def back(self) -> int:
        """What goes back to the buyer."""
        return max(0, self.worth - self.costs)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an exchange stands whose new order is made; amounts in minor units.

    ``carried`` came over to the new order, ``back`` goes back or went, ``went`` is what of it has
    gone, ``worn`` was taken off for use; ``paid`` is what the buyer paid for the new order
    themselves, ``due`` what is missing. ``owes``: the new order waits for it. ``left``: the new
    order has gone out. ``held``: it has not, and something keeps it.
    """

    order_id: int
    costs: int
    carried: int
    back: int
    paid: int
    due: int
    owes: bool
    left: bool
    cancelled: bool
    held: bool = False
    went: int = 0
    worn: int = 0

    @property
    def worth(self) -> int:
        """What comes back was worth."""
        return self.carried + self.back


def fits(kind: str, outcome: str) -> bool:
    """Whether a case may have another thing instead: an exchange, or a complaint answered so."""
    return kind == kinds.EXCHANGE or (kind == kinds.COMPLAINT and outcome == kinds.REPLACE)


def step(kind: str, outcome: str, phase: str, goods: str, money: str, now: Standing | None) -> str:
    """What comes next of an exchange, apart from judging goods and paying back."""
    if phase in tracks.ENDED or phase == tracks.REFUSED:
        return NOTHING
    if now is None:
        ready = kind == kinds.EXCHANGE or phase == tracks.ACCEPTED
        return MAKE if fits(kind, outcome) and ready and money == tracks.MONEY_NONE else NOTHING
    if now.cancelled:
        return UNDO
    if now.owes:
        return COLLECT
    if goods in (tracks.EXPECTED, tracks.ON_WAY):
        return WAIT
    return RELEASE if now.held else NOTHING


def open_ends(kind: str, goods: str, money: str, now: Standing | None) -> tuple[str, ...]:
    """What a case would be closed over: ``order``, ``cancelled``, ``payment``, ``held``, ``goods``.
    It needs a word why.
    """
    if now is None:
        return ("order",) if kind == kinds.EXCHANGE and money == tracks.MONEY_NONE else ()
    found = [name for name, is_so in (
        ("cancelled", now.cancelled), ("payment", now.due), ("held", now.held)) if is_so]
    if goods in (tracks.EXPECTED, tracks.ON_WAY):
        found.append("goods")
    return tuple(found)


def may_go(dispositions: Iterable[str]) -> bool:
    """Whether what came back is as it should be, so that the new order need not wait any more."""
    found = list(dispositions)
    return bool(found) and all(one == "restock" for one in found)
