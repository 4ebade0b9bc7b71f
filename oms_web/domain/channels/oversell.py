"""Why a channel sold what was not there: the cause, read off the journal's moments. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

CAUSES = (
    "not_published", "never_sent", "refused", "on_its_way", "sold_elsewhere", "lost_here",
    "more_than_said", "unknown",
)


@dataclass(frozen=True, slots=True)
class Value:
    """A quantity that was sent: when we wanted it shown, when the channel had answered, what."""

    wanted_at: datetime
    answered_at: datetime
    quantity: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Taking:
    """Units that went to somebody else: ``what`` is ``order`` (with its number) or ``lost``."""

    at: datetime
    units: int
    what: str
    order_id: int | None = None
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``shown`` is what buyers saw when this was bought, as far as the channel had told us;
    ``gap_ms`` the milliseconds during which it could be sold too often; ``buffer`` the units which,
    held back, would have been enough.
    """

    cause: str
    shown: int | None = None
    gap_ms: int | None = None
    buffer: int = 0


def judge(
    *, publishes: bool, placed_at: datetime, arrived_at: datetime, units: int, missing: int,
    values: Sequence[Value], takings: Sequence[Taking],
) -> Verdict:
    """The cause of ``missing`` units of a line that wanted ``units``.

    Args:
        placed_at: when the buyer bought; ``arrived_at``: when we heard of it.
        values: what was sent of the listing, in the order of the answers.
        takings: who else took units of the same variant between what was shown and the arrival.
    """
    if not publishes:
        return Verdict("not_published")
    if not values:
        return Verdict("never_sent")
    shown = _last(value for value in values
                  if value.outcome == "applied" and value.answered_at <= placed_at)
    on_its_way = _last(
        value for value in values
        if value.wanted_at <= placed_at < value.answered_at and value.outcome != "drift")
    refused = _last(value for value in values
                    if value.outcome == "rejected" and value.answered_at <= placed_at)
    quantity = shown.quantity if shown else None
    if on_its_way is not None and (shown is None or on_its_way.quantity < shown.quantity):
        return Verdict("on_its_way", quantity, _span(on_its_way.wanted_at, on_its_way.answered_at),
                       missing)
    if refused is not None and (shown is None or refused.answered_at > shown.answered_at):
        return Verdict("refused", quantity)
    if shown is not None and shown.quantity < units:
        return Verdict("more_than_said", quantity)
    elsewhere = [taking for taking in takings if taking.what == "order"]
    if elsewhere:
        return Verdict("sold_elsewhere", quantity, _span(placed_at, arrived_at), missing)
    if takings:
        return Verdict("lost_here", quantity)
    return Verdict("unknown", quantity)


def _last(found: Iterable[Value]) -> Value | None:
    return max(found, key=lambda value: value.answered_at, default=None)


def _span(start: datetime, end: datetime) -> int:
    return max((end - start) // timedelta(milliseconds=1), 0)
