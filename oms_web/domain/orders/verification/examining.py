"""What is doubtful about an order, from what stands on it. Pure.

Whether the same order came from elsewhere is in ``doubles.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from oms_web.core.money import from_minor
from oms_web.domain.automation.triggers import NEWS_HOURS
from oms_web.domain.orders import checks
from oms_web.domain.orders.verification import kinds, plausible
from oms_web.domain.orders.verification.kinds import CHECKS, HOLD, OFF, Levels


@dataclass(frozen=True, slots=True)
class Found:
    """Something doubtful. ``ref`` keeps several of a kind apart."""

    kind: str
    level: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What the checks look at. Amounts in minor units of ``currency``."""

    ship_to: Mapping[str, Any]
    pickup_point: str
    tax_id: str
    buyer_phone: str
    payment_kind: str
    total: int
    paid_total: int
    currency: str

    @classmethod
    def of(cls, get: Callable[[str], Any]) -> Subject:
        """Of an order or a row of one; ``get`` gives a column's value."""
        return cls(get("ship_to") or {}, *(get(name) for name in cls.__slots__[1:]))


def is_history(placed_at: datetime, came_at: datetime) -> bool:
    """Whether an order had been placed long before it came: what it says is no news."""
    return placed_at + timedelta(hours=NEWS_HOURS) < came_at


def examine(subject: Subject, levels: Levels, *, history: bool = False) -> list[Found]:
    """Everything doubtful that can be seen on the order itself.

    Args:
        history: only what no parcel and no invoice can be made without.
    """
    return _weighed(_look(subject), levels, history)


def examine_totals(stated: str | None, computed: str, levels: Levels) -> list[Found]:
    """Whether the channel's total, if it stated one, is what its lines add up to."""
    return _weighed(((flaw.kind, flaw.detail) for flaw in checks.total_flaws(stated, computed)),
                    levels, False)


def _weighed(told: Iterator[tuple[str, Mapping[str, Any]]], levels: Levels, history: bool
             ) -> list[Found]:
    return [Found(kind, levels.of(kind), detail) for kind, detail in told
            if levels.of(kind) != OFF and (not history or CHECKS[kind].always)]


def _look(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from _address(subject.ship_to, subject.pickup_point)
    yield from _phone(subject)
    country = str(subject.ship_to.get("country") or "")
    if subject.tax_id and not checks.tax_id_valid(subject.tax_id, country):
        yield kinds.TAX_ID, {"tax_id": subject.tax_id}
    yield from _payment(subject)


def _address(ship_to: Mapping[str, Any], pickup_point: str
             ) -> Iterator[tuple[str, Mapping[str, Any]]]:
    missing = checks.address_gaps(ship_to, pickup_point)
    if missing:
        yield kinds.ADDRESS, {"missing": ", ".join(missing)}
    if pickup_point:
        return
    said = {name: str(ship_to.get(name) or "") for name in ("street", "postcode", "city")}
    if plausible.house_missing(ship_to):
        yield kinds.HOUSE, {"street": said["street"]}
    if plausible.postcode_odd(ship_to):
        yield kinds.POSTCODE, {"postcode": said["postcode"],
                               "country": str(ship_to.get("country") or "")}
    elif plausible.town_elsewhere(ship_to):
        yield kinds.TOWN, {"postcode": said["postcode"], "city": said["city"]}


def _phone(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    phone = str(subject.ship_to.get("phone") or "") or subject.buyer_phone
    if phone and plausible.phone_odd(phone, str(subject.ship_to.get("country") or "")):
        yield kinds.PHONE, {"phone": phone}
    elif not phone and subject.pickup_point:
        yield kinds.NO_PHONE, {"point": subject.pickup_point}


def _payment(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Paid in part or too much; or paid in full though it is paid on delivery."""
    paid, total = subject.paid_total, subject.total
    agrees = paid in (0, total) if subject.payment_kind == "prepaid" else paid <= total
    twice = subject.payment_kind == "cod" and 0 < total <= paid
    if not agrees or twice:
        yield kinds.PAYMENT, {
            name: f"{from_minor(minor, subject.currency)} {subject.currency}"
            for name, minor in (("paid", paid), ("total", total))}


def holding(found: list[Found]) -> list[checks.Flaw]:
    """The holds that findings ask for: one of a kind."""
    return list({one.kind: checks.Flaw(one.kind, one.detail)
                 for one in found if one.level == HOLD}.values())
