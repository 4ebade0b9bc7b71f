"""Vendure 3 for real: node and SQLite on this machine, no dashboard, no worker.

The empty shop is made once and lies beside the installed packages; each run begins with a copy.
Buyers use the shop API, the seller the admin API with a session of a person's, and the connector
an API key with just the rights that it asks sellers for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2

from tests.live import machine
from tests.live.machine import Program, Trouble
from tests.live.shop import GOODS, Bought, LiveShop

FILES = Path(__file__).with_name("vendure_shop")
PERSON = {"username": "seller@example.test", "password": "a-long-password-1"}
SUPER = {**os.environ, "LIVE_USER": PERSON["username"], "LIVE_PASSWORD": PERSON["password"]}
EMPTY = "empty.sqlite"
RIGHTS = ("ReadOrder", "UpdateOrder", "ReadCatalog", "UpdateCatalog", "ReadSettings")
BUYER = {"emailAddress": "buyer@example.test", "firstName": "Łucja", "lastName": "Żółć",
         "phoneNumber": "+48600100200"}
ADDRESS = {"fullName": "Łucja Żółć", "streetLine1": "Święty Marcin 1/2", "city": "Poznań",
           "postalCode": "61-001", "countryCode": "PL", "phoneNumber": "+48600100200"}
NO = "__typename ... on ErrorResult { errorCode message }"


class Vendure(LiveShop):
    """One channel with tax in its prices, one stock location, money that is taken later."""

    name = "vendure"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.address = ""
        self._home = Path()
        self._client = httpx2.Client(trust_env=False, timeout=60)
        self._variants: dict[str, str] = {}
        self._key = ""
        self._session = ""

    # LiveShop

    def install(self) -> None:
        """The packages (SQLite's is built here), and the empty shop."""
        self._home = machine.installed(FILES, scripts=True)
        if not (self._home / EMPTY).exists():
            self._make()

    def start(self) -> None:
        """The server with a copy of the empty shop, and a seller's first hour in the panel."""
        shutil.copy(self._home / EMPTY, self.folder / "shop.sqlite")
        self._run(self.folder / "shop.sqlite")
        self._open()

    def stop(self) -> None:
        """The server."""
        super().stop()
        self._client.close()

    @property
    def settings(self) -> Mapping[str, Any]:
        how = {"username": PERSON["username"]} if _by_login() else {}
        return {"url": self.address, **how}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"password": PERSON["password"]} if _by_login() else {"api_key": self._key}

    def buy(self, *wanted: tuple[str, int]) -> Bought:
        buyer = Buyer(self._client)
        for sku, count in wanted:
            buyer.do(f"addItemToOrder(productVariantId: $id, quantity: $count) {{ {NO} }}",
                     id=("ID!", self._variants[sku]), count=("Int!", count))
        buyer.do(f"setCustomerForOrder(input: $it) {{ {NO} }}",
                 it=("CreateCustomerInput!", BUYER))
        buyer.do(f"setOrderShippingAddress(input: $it) {{ {NO} }}",
                 it=("CreateAddressInput!", ADDRESS))
        [delivery] = buyer.ask("{ found: eligibleShippingMethods { id } }")["found"]
        buyer.do(f"setOrderShippingMethod(shippingMethodId: $ids) {{ {NO} }}",
                 ids=("[ID!]!", [delivery["id"]]))
        buyer.do(f'transitionOrderToState(state: "ArrangingPayment") {{ {NO} }}')
        [paying] = buyer.ask("{ found: eligiblePaymentMethods { code } }")["found"]
        order = buyer.do(
            f"addPaymentToOrder(input: $it) {{ {NO} ... on Order {{ id totalWithTax }} }}",
            it=("PaymentInput!", {"method": paying["code"], "metadata": {}}))
        return Bought(order["id"], Decimal(order["totalWithTax"]) / 100)

    def pay(self, ref: str) -> None:
        for payment in self._order(ref)["payments"]:
            self._do(f"settlePayment(id: $id) {{ {NO} }}", id=("ID!", payment["id"]))

    def cancel(self, ref: str) -> None:
        self._do(f"cancelOrder(input: $it) {{ {NO} }}", it=("CancelOrderInput!", {
            "orderId": ref, "reason": "mind changed", "cancelShipping": True}))

    def announce_return(self, ref: str, sku: str, count: int) -> None:
        [line] = [one for one in self._order(ref)["lines"] if one["productVariant"]["sku"] == sku]
        self._do(f"cancelOrder(input: $it) {{ {NO} }}", it=("CancelOrderInput!", {
            "orderId": ref, "reason": "too large",
            "lines": [{"orderLineId": line["id"], "quantity": count}]}))

    def quantity(self, sku: str) -> int:
        found = self._ask("query($id: ID!) { found: productVariant(id: $id) { stockLevels { "
                          "stockOnHand stockAllocated } } }", {"id": self._variants[sku]})["found"]
        return sum(one["stockOnHand"] - one["stockAllocated"] for one in found["stockLevels"])

    def price(self, sku: str) -> Decimal:
        found = Buyer(self._client).ask("{ products { items { variants { sku priceWithTax } } } }")
        [price] = [one["priceWithTax"] for product in found["products"]["items"]
                   for one in product["variants"] if one["sku"] == sku]
        return Decimal(price) / 100

    def tracking(self, ref: str) -> Sequence[str]:
        """As a guest sees it with the code of the order."""
        found = Buyer(self._client).ask(
            "query($code: String!) { orderByCode(code: $code) { fulfillments { trackingCode } } }",
            {"code": self._order(ref)["code"]})["orderByCode"]
        return [one["trackingCode"] for one in found["fulfillments"]]

    def is_cancelled(self, ref: str) -> bool:
        return bool(self._order(ref)["state"] == "Cancelled")

    # The first hour

    def _make(self) -> None:
        """An empty shop, as the server makes one when there is none."""
        making = self._home / f"{EMPTY}.{os.getpid()}"
        done = subprocess.run(self._server(machine.free_port(), making), cwd=self._home,
                              capture_output=True, text=True, check=False, env=SUPER)
        if done.returncode:
            raise Trouble(f"no empty shop:\n{done.stdout}{done.stderr}"[-4000:])
        making.rename(self._home / EMPTY)

    def _run(self, database: Path) -> None:
        port = machine.free_port()
        self._client.base_url = self.address = f"http://127.0.0.1:{port}"
        program = Program(self._server(port, database), self._home, self.folder / "vendure.log",
                          SUPER)
        self.programs.append(program)
        program.wait_for(f"{self.address}/health")

    def _server(self, port: int, database: Path) -> list[str]:
        return ["node", "server.js", str(port), str(database)]

    def _open(self) -> None:
        self._do(f"login(username: $username, password: $password) {{ {NO} }}",
                 **{name: ("String!", told) for name, told in PERSON.items()})
        found = self._ask("{ activeChannel { id } zones { items { id name } } }")
        [zone] = [one["id"] for one in found["zones"]["items"] if one["name"] == "Europe"]
        self._do(f"updateChannel(input: $it) {{ {NO} }}", it=("UpdateChannelInput!", {
            "id": found["activeChannel"]["id"], "defaultTaxZoneId": zone,
            "defaultShippingZoneId": zone, "defaultCurrencyCode": "PLN",
            "availableCurrencyCodes": ["PLN"], "pricesIncludeTax": True}))
        role = self._do("createRole(input: $it) { id }", it=("CreateRoleInput!", {
            "code": "oms", "description": "OMS", "permissions": list(RIGHTS)}))
        self._key = self._do("createApiKey(input: $it) { apiKey }", it=("CreateApiKeyInput!", {
            "roleIds": [role["id"]],
            "translations": [{"languageCode": "en", "name": "OMS"}]}))["apiKey"]
        for sku, price in GOODS.items():
            self._variants[sku] = self._sell(sku, price)

    def _sell(self, sku: str, price: Decimal) -> str:
        text = {"languageCode": "en", "name": f"Product {sku}"}
        product = self._do("createProduct(input: $it) { id }", it=("CreateProductInput!", {
            "enabled": True, "translations": [{**text, "slug": sku.lower(), "description": ""}]}))
        [variant] = self._do(
            "createProductVariants(input: $it) { id }",
            it=("[CreateProductVariantInput!]!", [{
                "productId": product["id"], "sku": sku, "price": int(price * 100),
                "stockOnHand": 0, "translations": [text]}]))
        return str(variant["id"])

    # Requests

    def _order(self, ref: str) -> Any:
        return self._ask("query($id: ID!) { found: order(id: $id) { code state payments { id } "
                         "lines { id productVariant { sku } } } }", {"id": ref})["found"]

    def _do(self, act: str, **told: tuple[str, Any]) -> Any:
        return _result(self._ask(*_mutation(act, told)))

    def _ask(self, document: str, variables: Mapping[str, Any] | None = None) -> Any:
        data, token = _sent(self._client, "/admin-api", document, variables, self._session)
        self._session = token or self._session
        return data


class Buyer:
    """Somebody with a cart of their own."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self._session = ""

    def do(self, act: str, **told: tuple[str, Any]) -> Any:
        """A mutation; what it gave. ``told``: name -> its type and value."""
        return _result(self.ask(*_mutation(act, told)))

    def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> Any:
        """A document; its data."""
        data, token = _sent(self._client, "/shop-api", document, variables, self._session)
        self._session = token or self._session
        return data


def _mutation(act: str, told: Mapping[str, tuple[str, Any]]) -> tuple[str, dict[str, Any]]:
    named = ", ".join(f"${name}: {kind}" for name, (kind, _) in told.items())
    return (f"mutation{f'({named})' if named else ''} {{ done: {act} }}",
            {name: one for name, (_, one) in told.items()})


def _result(data: Any) -> Any:
    done = data["done"]
    if isinstance(done, dict) and done.get("errorCode"):
        raise Trouble(f"the shop says {done}")
    return done


def _sent(client: httpx2.Client, path: str, document: str, variables: Mapping[str, Any] | None,
          session: str) -> tuple[Any, str]:
    answer = client.post(path, json={"query": document, "variables": variables or {}},
                         headers={"Authorization": f"Bearer {session}"} if session else {})
    body = answer.json() if answer.status_code < 500 else {"errors": answer.text}
    if body.get("errors"):
        raise Trouble(f"{document[:120]} -> {answer.status_code} {body['errors']}"[:1200])
    return body["data"], answer.headers.get("vendure-auth-token", "")


def _by_login() -> bool:
    """Whether the connector logs in with a user instead of a key (``OMS_LIVE_LOGIN=1``)."""
    return bool(os.environ.get("OMS_LIVE_LOGIN"))


SHOP = Vendure
