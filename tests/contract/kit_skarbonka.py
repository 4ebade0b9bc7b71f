"""Skarbonka as a stand-in: the provider that comes with the demo, behind the kit's verbs."""

from __future__ import annotations

import itertools
import json

from oms_connector.testing import Delivery
from oms_demo import SkarbonkaConnector
from oms_demo.market import purse, rings
from oms_demo.market.store import stamp

from tests.contract.kit_demo import URL, Targowisko, _money
from tests.contract.paying_standin import KEY


class Skarbonka(Targowisko):
    """The provider beside the marketplace."""

    connector = SkarbonkaConnector
    samples = None
    unknown = "SK-999999"
    _events = itertools.count(1)

    @property
    def secrets(self):
        token = self._open.token
        return {"token": token, "signing_key": purse.signing_key(token)}

    def place(self, basket, count=1):
        with self.market.store.transaction() as db:
            wanted = dict.fromkeys(("description", "return_url", "notify_url"), "")
            return [purse.ask(db, self.now, f"{KEY}-{next(self._events)}", 4999,
                              {**wanted, "currency": "PLN"}, "")[0]["ref"] for _ in range(count)]

    def payments(self, key):
        return [_money(row["amount"]) for row in self._rows(
            "SELECT amount FROM purse_payment WHERE key = ?", key)]

    def buyer_pays(self, ref):
        with self.market.store.transaction() as db:
            purse.decide(db, self.now, ref, True)

    def given_back(self, ref):
        return [_money(row["amount"]) for row in self._rows(
            "SELECT amount FROM purse_refund WHERE payment_ref = ? ORDER BY ref", ref)]

    def ring(self, ref):
        event = f"{ref}-{next(self._events)}"
        return self._signed({"event": event, "kind": "payment", "ref": ref, "at": stamp(self.now)})

    def _signed(self, said):
        key = self.secrets["signing_key"]
        post = rings.Post(URL, key, said["event"], json.dumps(said).encode())
        return Delivery(post.body, rings.headers(post, self.now))

    def ping(self):
        return self._signed({"event": "ping", "kind": "ping"})
