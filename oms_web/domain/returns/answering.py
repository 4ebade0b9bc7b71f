"""What may be answered to a complaint, and what may follow an answer. Pure.

An answer is a fact with legal effect. To a consumer an acceptance binds, and so does silence until
the end of the term (ustawa o prawach konsumenta, art. 7a): after either only what is clearer, or
more favourable to the buyer, may follow. A refusal may always become an acceptance.
"""

from __future__ import annotations

from dataclasses import dataclass

from oms_web.core.errors import Invalid
from oms_web.domain.returns import kinds

LONGEST = 5000


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: ``outcome`` is one of ``kinds.WISHES``, or empty, a refusal. ``lowered`` is by how
    much the price is reduced, in minor units of the case's currency; None where it is not.
    """

    outcome: str
    text: str
    lowered: int | None = None

    @property
    def accepts(self) -> bool:
        """Whether something is done about the complaint."""
        return self.outcome != ""


def check(answer: Answer, before: Answer | None, *, most: int | None, late: bool) -> None:
    """Whether an answer makes sense and may follow the one before.

    Args:
        most: what was paid for the goods of the case, minor units; None where nobody knows.
        late: the term has passed without an answer, and silence counts as acceptance.

    Raises:
        Invalid: naming the field.
    """
    if answer.outcome and answer.outcome not in kinds.WISHES:
        raise Invalid("Choose what is done about it.", "outcome")
    if not answer.text:
        raise Invalid("Say in words what the buyer is answered.", "text")
    if answer.outcome == kinds.REDUCE:
        _check_amount(answer, before, most)
    if answer.accepts:
        return
    if before is not None and before.accepts:
        raise Invalid("This complaint was accepted, and an acceptance cannot be taken back. "
                      "Correct its words, or offer more.", "outcome")
    if late:
        raise Invalid("The time for the answer is over: the complaint counts as accepted and "
                      "cannot be refused any more. If it was answered in time, say on which day.",
                      "outcome")


def _check_amount(answer: Answer, before: Answer | None, most: int | None) -> None:
    if answer.lowered is None or answer.lowered <= 0:
        raise Invalid("Say by how much the price is lowered.", "lowered")
    if most is not None and answer.lowered > most:
        raise Invalid("The price cannot be lowered by more than was paid for the goods.", "lowered")
    if before is not None and before.outcome == kinds.REFUND:
        raise Invalid("The money back was promised. A lower price is less than that.", "outcome")
    promised = before.lowered if before is not None else None
    if promised is not None and answer.lowered < promised:
        raise Invalid("A larger reduction was promised. It can be raised, not lowered.", "lowered")
