"""What the shop's statuses mean.

PrestaShop has some of its own, modules bring theirs, and people make more; each is ticked as paid
or sent, or as nothing. Nothing, in a status that somebody made, may mean anything: the account's
settings say what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from oms_connector import Word
from oms_connector.reading import Puzzling, value

from oms_prestashop import words
from oms_prestashop.calls import Api
from oms_prestashop.reading import is_on, ref, shown
from oms_prestashop.shop import Shop

State = Literal["unpaid", "ready", "shipped", "delivered", "cancelled"]
SETTINGS: Mapping[str, State] = {
    "ready_statuses": "ready", "shipped_statuses": "shipped", "waiting_statuses": "unpaid",
    "cancelled_statuses": "cancelled",
}
DISPLAY = "[id,name,paid,shipped,deleted,unremovable,module_name]"
LEFT = frozenset({"shipped", "delivered"})


@dataclass(frozen=True, slots=True)
class Own:
    """What the seller says: name or number of a status -> meaning; which one is set when sent."""

    means: Mapping[str, State] = field(default_factory=dict)
    sent: str = ""


def own(settings: Mapping[str, Any]) -> Own:
    """What the account's settings say of statuses."""
    means = {name: state for setting, state in SETTINGS.items()
             for one in str(settings.get(setting) or "").split(",") if (name := _folded(one))}
    return Own(means, str(settings.get("sent_status") or "").strip())


def rows(api: Api) -> list[Any]:
    """All statuses of the shop, those that were deleted too: old orders have them."""
    return api.rows("order_states", DISPLAY, {"sort": "[id_ASC]"})


@dataclass(frozen=True, slots=True)
class States:
    """Number of a status -> its row; what the seller and the shop say of them."""

    rows: Mapping[str, Any]
    own: Own
    shop: Shop

    def of(self, number: str) -> State:
        """What a status means.

        Raises:
            Puzzling: nobody has said so.
        """
        row = self.rows.get(number)
        if row is None:
            raise Puzzling(words.NOT_KNOWN, "current_state", number)
        told = self.own.means.get(number) or self.own.means.get(_folded(shown(row, "name")))
        if told:
            return told
        fixed: Mapping[str, State] = {
            self.shop.status("CANCELED"): "cancelled", self.shop.status("REFUND"): "cancelled",
            self.shop.status("ERROR"): "unpaid", self.shop.status("DELIVERED"): "delivered",
        }
        if number in fixed:
            return fixed[number]
        if is_on(row, "shipped"):
            return "shipped"
        if is_on(row, "paid"):
            return "ready"
        if is_on(row, "unremovable") or value(row, "module_name"):
            return "unpaid"
        raise Puzzling(words.NEW_STATUS, "current_state", shown(row, "name"))

    def has_left(self, number: str) -> bool:
        """Whether the goods of an order with this status have left, as far as anybody said."""
        try:
            return self.of(number) in LEFT
        except Puzzling:
            return False


def states(found: Sequence[Any], own_: Own, shop: Shop) -> States:
    """The shop's statuses as they are."""
    return States({str(value(row, "id")): row for row in found}, own_, shop)


def sent_number(found: Sequence[Any], own_: Own, standard: str) -> str | None:
    """The number of the status to set when the parcels have left; None where it is not there."""
    wanted = _folded(own_.sent) or standard
    return next((ref(row) for row in found if not is_on(row, "deleted")
                 and wanted in (str(value(row, "id")), _folded(shown(row, "name")))), None)


def in_words(found: Sequence[Any]) -> list[Word]:
    """Statuses that can be set."""
    return [Word(ref(row), shown(row, "name") or ref(row)) for row in found
            if not is_on(row, "deleted")]


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
