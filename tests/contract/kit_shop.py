"""A connector that keeps every promise of the SDK and has every capability: the kit's good example.

Kram is a shop that does not exist. What it looks like from the other side is in
``kit_shop_standin.py``; ``kit_doubles.py`` breaks one promise at a time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from oms_connector import (
    AccessRefused,
    Capabilities,
    ChannelDown,
    ChannelError,
    Conflict,
    Connector,
    CursorExpired,
    DeviceCode,
    Dictionary,
    Field,
    Invoice,
    ItemResult,
    Limit,
    Manifest,
    NotFound,
    Offer,
    Order,
    OrderRef,
    OutcomeUnknown,
    Page,
    PriceItem,
    RateLimited,
    Refused,
    Response,
    Return,
    Ring,
    Shipment,
    Sms,
    SmsReport,
    StockItem,
    Tokens,
    Unreadable,
    WebhookRefused,
    Word,
)

from tests.contract import kit_shop_mapping as mapping
from tests.contract.kit_shop_books import Keeping
from tests.contract.kit_shop_paying import Paying
from tests.contract.kit_shop_talking import MOST, Talking

LAG = 30
KEPT = 30
BATCH = 20
SOON = timedelta(minutes=5)
OUTCOMES = {"set": "applied", "unchanged": "applied", "refused": "rejected"}


class KitShop(Keeping, Paying, Talking, Connector):
    """Kram's API, one method a capability."""

    manifest = Manifest(
        key="kram", name="Kram", letters="Kr", version="1.0", hue=200,
        settings=(
            Field("url", "Address", "url"), Field("client", "Client"),
            Field("client_secret", "Client's secret", secret=True),
        ),
        capabilities=Capabilities(
            min_poll_s=60, settle_lag_s=LAG, history_days=KEPT, page_max=8, stock_batch=BATCH,
            stock_shape="same_value", zero_ok=False, updated_misses=frozenset({"payment"}),
            message_chars=MOST,
        ),
        limits=(Limit(per_second=50, burst=100),),
    )

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {secrets.get('access_token', '')}"}

    lost: type[ChannelError] = OutcomeUnknown
    """What a write ends in when the shop fell over it."""

    def read_order(self, document: Any) -> Order | Unreadable:
        return mapping.order(document)

    def settled(self, said: Mapping[str, Any]) -> datetime:
        """Until when the journal is complete: older events may still appear in front of younger."""
        return datetime.fromisoformat(said["time"]) - timedelta(seconds=LAG)

    # Access

    def verify(self) -> str:
        return str(self._get("me", "shop")["shop"])

    def authorize_url(self, redirect_uri: str, state: str, challenge: str) -> str:
        asked = {"client": self.context.settings["client"], "back": redirect_uri, "state": state,
                 "challenge": challenge}
        return f"{self.context.settings['url']}/consent?{urlencode(asked)}"

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        return self._tokens({"grant": "code", "code": code, "verifier": verifier})

    def start_device(self) -> DeviceCode:
        said = self._send("POST", "device", "user_code", {}, signed=False)
        return DeviceCode(said["user_code"], said["url"], said["device_code"], said["every"],
                          datetime.fromisoformat(said["until"]))

    def poll_device(self, device_code: str) -> Tokens | None:
        try:
            return self._tokens({"grant": "device", "device_code": device_code})
        except Refused as refusal:
            if refusal.code == "not_yet":
                return None
            raise

    def register_client(self, name: str, redirect_uri: str) -> Mapping[str, str]:
        said = self._send("POST", "register", "client", {"name": name, "back": redirect_uri},
                          signed=False)
        return {"client": said["client"], "client_secret": said["client_secret"]}

    def refresh(self) -> Tokens:
        return self._tokens({"grant": "refresh",
                             "refresh_token": self.context.secrets.get("refresh_token", "")})

    def _tokens(self, body: Mapping[str, str]) -> Tokens:
        try:
            said = self._send("POST", "token", "access", body, signed=False)
        except Refused as refusal:
            if refusal.code == "not_yet":
                raise
            raise AccessRefused(str(refusal)) from refusal
        return Tokens(said["access"], said["refresh"], datetime.fromisoformat(said["until"]))

    # Orders

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        after = (cursor or {}).get("after", 0)
        said = self._get("journal", "events", after=after, limit=limit)
        events = [event for event in said["events"]
                  if datetime.fromisoformat(event["at"]) <= self.settled(said)]
        named = list(dict.fromkeys(event["order"] for event in events if event.get("order")))
        found = self.fetch_orders(named)
        items = [order or Unreadable(ref, ref, "it is in the journal and nowhere else")
                 for ref, order in zip(named, found, strict=True)]
        last = events[-1]["id"] if events else after
        return Page(items, {"after": last}, said["more"] and len(events) == len(said["events"]))

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        said = self._get("orders", "orders", since=since.isoformat(), until=until.isoformat(),
                         after=(cursor or {}).get("after"), limit=limit)
        return Page([self.read_order(document) for document in said["orders"]],
                    {"after": said["next"]}, said["next"] is not None)

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        if not refs:
            return []
        said = self._get("orders", "orders", ids=",".join(refs))
        found = {order.external_id: order for order in map(self.read_order, said["orders"])}
        return [found.get(ref) for ref in refs]

    def acknowledge(self, refs: Sequence[str]) -> None:
        if refs:
            self._send("POST", "orders/read", "read", {"orders": list(refs)})

    def pull_returns(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
        after = (cursor or {}).get("after", 0)
        said = self._get("returns", "returns", after=after, limit=limit)
        return Page([mapping.returned(document) for document in said["returns"]],
                    {"after": said["last"]}, said["more"])

    # Offers

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        said = self._get("offers", "offers", after=(cursor or {}).get("after", ""), limit=limit)
        return Page([mapping.offer(document) for document in said["offers"]],
                    {"after": said["next"] or ""}, said["next"] is not None)

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        offers = [{"offer": item.offer_ref, "key": item.key} for item in items]
        if items and items[0].quantity == 0:  # there is no zero here: the offer ends
            said = self._send("POST", "endings", "results", {"offers": offers})
            return self._results(items, said["results"])
        said = self._send("POST", "quantities", "task",
                          {"offers": offers, "quantity": items[0].quantity})
        return [ItemResult("accepted", handle=said["task"])] * len(items)

    def results(self, handle: str) -> Mapping[str, ItemResult] | None:
        said = self._get(f"tasks/{quote(handle)}", "state")
        if said["state"] == "working":
            return None
        return {one["offer"]: _result(one) for one in said["results"]}

    def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
        wanted = [{"offer": item.offer_ref, "price": f"{item.price:.2f}",
                   "currency": item.currency, "key": item.key} for item in items]
        said = self._send("PUT", "prices", "results", {"items": wanted})
        return self._results(items, said["results"])

    def _results(self, items: Sequence[StockItem | PriceItem], told: Any) -> list[ItemResult]:
        found = {one["offer"]: _result(one) for one in told}
        return [found.get(item.offer_ref, ItemResult("unknown", "nothing was said of this offer"))
                for item in items]

    # What the channel is told

    def push_shipment(self, shipment: Shipment) -> str:
        refs = []
        for parcel in shipment.parcels:
            said = self._send("POST", f"orders/{quote(shipment.external_id)}/parcels", "id", {
                "key": shipment.key, "carrier": parcel.carrier or "other",
                "number": parcel.tracking, "lines": dict(shipment.lines),
                "last": shipment.complete,
            })
            refs.append(said["id"])
        return ",".join(refs)

    def push_status(self, external_id: str, status: str, revision: str) -> None:
        self._send("PUT", f"orders/{quote(external_id)}/status", "rev",
                   {"status": status, "rev": int(revision)})

    def cancel_order(self, external_id: str, lines: Mapping[str, int], reason: str) -> None:
        self._send("POST", f"orders/{quote(external_id)}/cancel", "rev",
                   {"lines": dict(lines), "reason": reason})

    def upload_invoice(self, invoice: Invoice) -> str:
        said = self._send(
            "POST", f"orders/{quote(invoice.external_id)}/documents", "id", body=invoice.pdf,
            headers={"Content-Type": "application/pdf", "X-Number": quote(invoice.number),
                     "Idempotency-Key": invoice.key})
        return str(said["id"])

    def words(self, kind: Dictionary) -> Sequence[Word]:
        said = self._get(f"words/{kind}", "words")
        return [Word(word["id"], word["name"]) for word in said["words"]]

    # SMS

    def send_sms(self, sms: Sms) -> str:
        said = self._send("POST", "sms", "id", {"key": sms.key, "to": sms.to, "text": sms.text})
        return str(said["id"])

    def sms_reports(self, refs: Sequence[str]) -> Sequence[SmsReport | None]:
        if not refs:
            return []
        said = self._get("sms", "sms", ids=",".join(refs))
        found = {one["id"]: SmsReport(one["id"], one["state"]) for one in said["sms"]}
        return [found.get(ref) for ref in refs]

    # Doorbells

    def subscribe(self, url: str, secret: str) -> Sequence[str]:
        return [str(self._send("PUT", "hooks", "id",
                               {"url": url, "secret": secret, "topic": topic})["id"])
                for topic in ("order", "return")]

    def unsubscribe(self, refs: Sequence[str]) -> None:
        for ref in refs:
            try:
                self._send("DELETE", f"hooks/{quote(ref)}", "ended")
            except NotFound:
                continue

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        secret = self.context.secrets.get("webhook_secret", "")
        stamp, given = headers.get("x-kram-time", ""), headers.get("x-kram-signature", "")
        wanted = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not secret or not hmac.compare_digest(wanted.encode(), given.encode()):
            raise WebhookRefused("the signature is wrong")
        if not stamp.isdigit() or abs(int(stamp) - self.context.now.timestamp()) \
                > SOON.total_seconds():
            raise WebhookRefused("it is too old")
        said = json.loads(body)
        if said["type"] == "ping":
            return []
        return [Ring("order", said["order"], said["event"])]

    # Requests: one that may fail freely, and one of which it matters whether it arrived

    def write(self, method: str, path: str, **more: Any) -> Response:
        return self.context.http.request(method, path, **more)

    def _get(self, path: str, needs: str, **params: Any) -> Any:
        response = self.context.http.request("GET", path, params=params)
        if response.status >= 500:
            raise ChannelDown(f"the shop answered {response.status}")
        return _understood(response, needs)

    def _send(self, method: str, path: str, needs: str, json: Any = None, *,
              body: bytes | None = None, headers: Mapping[str, str] | None = None,
              signed: bool = True) -> Any:
        response = self.write(method, path, json=json, body=body, headers=headers, signed=signed)
        if response.status == 503:
            raise ChannelDown("the shop is closed for maintenance")
        if response.status >= 500:
            raise self.lost(f"the shop answered {response.status}")
        try:
            return _understood(response, needs)
        except ChannelDown as error:
            raise OutcomeUnknown(str(error)) from error

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        return f"{settings['url']}/api"


def _result(one: Mapping[str, Any]) -> ItemResult:
    outcome = OUTCOMES.get(one.get("outcome", ""), "unknown")
    return ItemResult(outcome, one.get("message", ""), one.get("code", ""))  # type: ignore[arg-type]


def _understood(response: Response, needs: str) -> Any:
    """The body of an answer, or the error that it stands for."""
    said = response.json()
    if not isinstance(said, dict):
        raise ChannelDown("the answer is no object")
    error = said.get("error")
    if isinstance(error, dict):
        code, message = str(error.get("code", "")), str(error.get("message", ""))
        if code == "slow_down":
            raise RateLimited("the shop asks to slow down", float(error.get("wait", 60)))
        if response.status == 409:
            raise Conflict(message, str(error.get("rev", "")))
        if response.status == 410:
            raise CursorExpired(message)
        raise (NotFound if response.status == 404 else Refused)(
            message, code, str(error.get("field", "")))
    if needs not in said:
        raise ChannelDown(f"the answer lacks {needs}")
    return said


