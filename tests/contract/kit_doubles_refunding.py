"""Doubles that break what is promised of money back by the channel."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from oms_connector import ChannelError, Refused

from tests.contract.kit_double import breaks
from tests.contract.kit_shop import KitShop


def _is_order(ask):
    return not ask.payment.startswith("P")


@breaks(74)
class ForgetsTheKeysOfOrders(KitShop):
    """What it gave back of an order it cannot find."""

    def find_refund(self, ask, reference=""):
        found = super().find_refund(ask, reference)
        return None if _is_order(ask) and not reference else found


@breaks(75)
class GivesTheWholeUnitBack(KitShop):
    """That a unit lost some of its worth is not looked at."""

    def refund(self, ask):
        if ask.lines and ask.amount == Decimal("19.96"):
            ask = replace(ask, amount=Decimal("19.99"))
        return super().refund(ask)


@breaks(76)
class SaysPendingToARefusal(KitShop):
    """It will be done somehow."""

    def refund(self, ask):
        try:
            return super().refund(ask)
        except Refused as refusal:
            if _is_order(ask):
                raise ChannelError("not now") from refusal
            raise


@breaks(77)
class ClaimsTheSecondUnitAsTheFirst(KitShop):
    """One claim of a line is enough, it thinks."""

    def claim_fee(self, claim):
        known = self._get(f"orders/{claim.order_ref}/claims", "claims")["claims"]
        if claim.known and known:
            claim = replace(claim, key=known[0]["key"])
        return super().claim_fee(claim)
