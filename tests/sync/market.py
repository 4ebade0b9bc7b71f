"""A marketplace in memory that gives money and its commission back, and loses answers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from oms_connector import (
    Connector,
    FeeClaimTold,
    Manifest,
    OutcomeUnknown,
    RefundTold,
)

from oms_web.core.actor import SYSTEM
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync.registry import Registry
from tests.after_sale import AfterSale


class Market(Connector):
    """``says``: what it raises next; what is no ``ChannelError`` of before is raised after it did.

    ``lost``: how many answers are lost after the deed.
    """

    manifest = Manifest(key="demo", name="Targ", letters="Ta", version="1.0")
    back: dict = {}
    claims: dict = {}
    asked: list = []
    says: list = []
    state = "done"

    def pull_orders(self, cursor, limit):
        raise NotImplementedError

    def refund(self, ask):
        self.asked.append(ask)
        when, error = self.says.pop(0) if self.says else ("", None)
        if when == "before":
            raise error
        self.back.setdefault(ask.key, RefundTold(
            f"R{len(self.back)}", ask.amount, self.state, ask.key))
        if when == "after":
            raise error
        return self.back[ask.key]

    def find_refund(self, ask, reference=""):
        return self.back.get(ask.key)

    def claim_fee(self, claim):
        self.asked.append(claim)
        when, error = self.says.pop(0) if self.says else ("", None)
        if when == "before":
            raise error
        self.claims.setdefault(claim.key, FeeClaimTold(
            f"C{len(self.claims)}", "open", claim.quantity))
        if when == "after":
            raise error
        return self.claims[claim.key]

    def find_fee_claim(self, claim, reference=""):
        return self.claims.get(claim.key)

    def withdraw_fee_claim(self, reference):
        self.decide(state="withdrawn")

    def decide(self, **values):
        """The marketplace decides all claims."""
        for key in self.claims:
            self.claims[key] = replace(self.claims[key], **values)


LOST = OutcomeUnknown("cut")


class MarketShop(AfterSale):
    """A shop after the sale whose channel is the market."""

    def __init__(self, oms) -> None:
        Market.back, Market.claims, Market.asked, Market.says = {}, {}, [], []
        Market.state = "done"
        oms.__dict__["registry"] = Registry({"demo": Market})
        oms.works.ports["children"] = None
        super().__init__(oms)
        self.market = Market

    def run(self):
        """Do what is due of refunds and claims, and what follows from it."""
        drain(self.oms)
        rings.ring_refunds(self.oms)
        rings.ring_fee_claims(self.oms)
        drain(self.oms)

    def later(self, table, **span):
        """As if time had passed: what is due later is due now."""
        from datetime import timedelta

        from sqlalchemy import update

        column = table.sent_at if hasattr(table, "sent_at") else table.due_at
        with self.works.writing(SYSTEM) as work:
            for row in work.session.query(table).all():
                moment = getattr(row, column.key)
                if moment is not None:
                    work.session.execute(update(table).where(table.id == row.id).values(
                        {column.key: moment - timedelta(**span)}))
        self.run()


def money(minor: int) -> Decimal:
    """Minor units as an amount."""
    return Decimal(minor) / 100
