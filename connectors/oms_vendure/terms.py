"""What words and numbers of one shop mean: its own states, fields and smallest units. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from oms_connector import ChannelDown
from oms_connector.reading import value

from oms_vendure import words
from oms_vendure.documents import OwnFields, own_fields

State = Literal["unpaid", "ready", "shipped", "delivered", "cancelled"]

# The default order process. What is not placed yet is never seen, unless the shop has a rule of
# its own for that; what is being modified is held until the seller is done with it.
STATES: Mapping[str, State] = {
    "Created": "unpaid", "Draft": "unpaid", "AddingItems": "unpaid", "ArrangingPayment": "unpaid",
    "PaymentAuthorized": "unpaid", "PaymentSettled": "ready", "PartiallyShipped": "ready",
    "Shipped": "shipped", "PartiallyDelivered": "shipped", "Delivered": "delivered",
    "Modifying": "unpaid", "ArrangingAdditionalPayment": "unpaid", "Cancelled": "cancelled",
}
COD = re.compile(r"(^|[^a-z])cod([^a-z]|$)|pobrani|cash.?on.?delivery", re.IGNORECASE)
FINEST = 4
"""Places behind the point that a shop may count in."""


@dataclass(frozen=True, slots=True)
class Terms:
    """``precision``: places behind the point of its amounts. ``cod``: codes of payment methods."""

    own: OwnFields
    states: Mapping[str, State]
    cod: frozenset[str] = frozenset()
    precision: int = 2

    def state(self, name: str) -> State | None:
        """What a state means; None where nobody said so."""
        return self.states.get(name) or STATES.get(name)

    def is_cod(self, method: str) -> bool:
        """Whether a payment method's code means cash on delivery."""
        return method.lower() in self.cod or bool(COD.search(method))

    def after(self, data: Any) -> Terms:
        """The same with the precision that an answer tells of.

        Raises:
            ChannelDown: it tells of none.
        """
        config = value(value(data, "settings"), "serverConfig")
        told = value(config, "moneyStrategyPrecision")
        if isinstance(told, bool) or not isinstance(told, int) or not 0 <= told <= FINEST:
            raise ChannelDown(words.LACKS % {"names": "moneyStrategyPrecision"})
        return replace(self, precision=told)


def terms(settings: Mapping[str, Any]) -> Terms:
    """What the account's settings say.

    Raises:
        AccessRefused: a field's name is none.
    """
    states: dict[str, State] = dict.fromkeys(_listed(settings, "ready_states"), "ready")
    states |= dict.fromkeys(_listed(settings, "shipped_states"), "shipped")
    return Terms(own_fields(settings), states,
                 frozenset(code.lower() for code in _listed(settings, "cod_methods")))


def _listed(settings: Mapping[str, Any], name: str) -> list[str]:
    return [word.strip() for word in str(settings.get(name) or "").split(",") if word.strip()]
