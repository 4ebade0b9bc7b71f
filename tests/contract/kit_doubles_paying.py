"""Doubles that break what is promised of payments."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from oms_connector import PaymentLink

from tests.contract.kit_double import breaks
from tests.contract.kit_shop import KitShop


@breaks(66)
class RoundsToWholeZlotys(KitShop):
    """Ninety-nine grosz are nearly one zloty."""

    def ask_payment(self, ask):
        if ask.amount == Decimal("1234567.89"):
            ask = replace(ask, amount=Decimal("1234568"))
        return super().ask_payment(ask)


@breaks(66)
class SendsBuyersAnywhere(KitShop):
    """The link is no address of the web's safe part."""

    def ask_payment(self, ask):
        link = super().ask_payment(ask)
        return PaymentLink(link.reference, link.url.replace("https", "http"))


@breaks(67)
class TakesAnOpenPaymentForPaid(KitShop):
    """Who has the link will pay."""

    def payment(self, reference):
        told = super().payment(reference)
        return told and replace(told, state="paid", paid=told.amount)


@breaks(67)
class KnowsEveryPayment(KitShop):
    """What is not there waits, it thinks."""

    def payment(self, reference):
        found = super().payment(reference)
        return found or super().payment("P1")


@breaks(68)
class GivesAllBack(KitShop):
    """The second part is whatever is left, and the one after it nothing."""

    def refund(self, ask):
        if ask.amount == Decimal("0.01"):
            return super().find_refund(replace(ask, key=""), "P1-1")
        return super().refund(ask)


@breaks(69)
class LooksForNothing(KitShop):
    """What it has sent it cannot find."""

    def find_refund(self, ask, reference=""):
        if not ask.payment.startswith("P"):
            return super().find_refund(ask, reference)
        return None
