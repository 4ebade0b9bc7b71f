"""Goods whose sale at a distance cannot be withdrawn from: the reasons of the law. Pure.

Source: ustawa o prawach konsumenta, art. 38 ust. 1; directive 2011/83/EU, art. 16. What the law
excepts for services, auctions, repairs at home and lodging is no matter of goods on a shelf.
"""

from __future__ import annotations

from oms_web.core.errors import Invalid

CUSTOM, PERISHABLE, HYGIENE, MIXED, MEDIA, PRESS, DIGITAL = REASONS = (
    "custom", "perishable", "hygiene", "mixed", "media", "press", "digital",
)
POINTS = {CUSTOM: 3, PERISHABLE: 4, HYGIENE: 5, MIXED: 6, MEDIA: 9, PRESS: 10, DIGITAL: 13}
"""Reason -> point of art. 38 ust. 1."""
WHILE_SEALED = frozenset({HYGIENE, MEDIA})
"""Only who has broken the seal cannot withdraw, and that is seen at the bench, not before."""


def check(reason: str, name: str = "no_withdrawal") -> str:
    """A reason, or none.

    Raises:
        Invalid: none of the law's.
    """
    if reason and reason not in REASONS:
        raise Invalid("%(reason)s is no reason of art. 38.", name, reason=reason[:40])
    return reason


def excludes(reason: str) -> bool:
    """Whether goods of this reason are never offered for withdrawal."""
    return bool(reason) and reason not in WHILE_SEALED
