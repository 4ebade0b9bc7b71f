"""The connector to Targowisko: calls become requests, answers become the SDK's data classes.

Everything that takes judgement about a document is in ``mapping.py``. The engine owns the network,
retries, pace and secrets; 401 and 429 never reach this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from oms_connector import (
    AccessRefused,
    Capabilities,
    ChannelDown,
    ChannelError,
    Conflict,
    Connector,
    CursorExpired,
    Field,
    ItemResult,
    Manifest,
    NotFound,
    Offer,
    Order,
    OrderRef,
    OutcomeUnknown,
    Page,
    Refused,
    Response,
    Shipment,
    StockItem,
    Unreadable,
)

from oms_demo import mapping, words

API = "/api/v1"
BATCH = 100
"""Orders by id, items of a page, quantities in a push: the marketplace takes a hundred at most."""


class DemoConnector(Connector):
    """Orders by journal and by list, offers, stock, shipments."""

    manifest = Manifest(
        key="demo",
        name="Targowisko",
        letters="Ta",
        hue=14,
        version="1.0",
        settings=(
            Field("url", words.URL, "url", default="http://127.0.0.1:8001", help=words.URL_HELP),
            Field("token", words.TOKEN, secret=True, help=words.TOKEN_HELP),
        ),
        capabilities=Capabilities(
            min_poll_s=10, history_days=30, page_max=BATCH, stock_batch=BATCH,
        ),
        help=words.HELP,
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """All paths lie under the first version of the API."""
        return f"{str(settings.get('url', '')).rstrip('/')}{API}"

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The seller's token."""
        return {"Authorization": f"Bearer {secrets.get('token', '')}"}

    # VerifiesAccess

    def verify(self) -> str:
        """The seller's name; says which of the two settings is wrong."""
        try:
            return str(self._get("me", ("seller",))["seller"])
        except AccessRefused as refusal:
            raise AccessRefused(words.TOKEN_REFUSED, "token") from refusal
        except NotFound as missing:
            raise AccessRefused(words.NOT_THE_MARKETPLACE, "url") from missing

    # PullsOrders, SweepsOrders, FetchesOrders

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        """The journal names orders, oldest change first; they are fetched as they are now."""
        journal = self._get("events", ("events", "last", "more"),
                            after=(cursor or {}).get("event", 0), limit=_page(limit))
        # One order may be named many times, and kinds of events may be added that name none.
        named = dict.fromkeys(
            event["order_id"] for event in journal["events"] if event.get("order_id")
        )
        found = self.fetch_orders(list(named))
        items = [
            order or Unreadable(ref, "", words.GONE)
            for ref, order in zip(named, found, strict=True)
        ]
        return Page(items, {"event": journal["last"]}, bool(journal["more"]))

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        """Orders changed within a span, by the moment of the change and the number."""
        page = self._get(
            "orders", ("orders", "next"),
            updated_since=since.isoformat(), updated_until=until.isoformat(),
            after=(cursor or {}).get("after", ""), limit=_page(limit),
        )
        return Page([mapping.order(document) for document in page["orders"]],
                    {"after": page["next"] or ""}, page["next"] is not None)

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        """Orders by number, a batch at a time."""
        found: dict[str, Order | Unreadable] = {}
        for batch in _batches(refs):
            answer = self._get("orders", ("orders",), ids=",".join(batch))
            orders = [mapping.order(document) for document in answer["orders"]]
            found |= {order.external_id: order for order in orders}
        return [found.get(ref) for ref in refs]

    # ListsOffers, PushesStock

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        """All offers, by number."""
        page = self._get("offers", ("offers", "next"),
                         after=(cursor or {}).get("after", ""), limit=_page(limit))
        return Page([mapping.offer(entry) for entry in page["offers"]],
                    {"after": page["next"] or ""}, page["next"] is not None)

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Absolute quantities; the marketplace answers for each."""
        results: list[ItemResult] = []
        for batch in _batches(items):
            wanted = {"items": [mapping.stock_out(item) for item in batch]}
            answer = self._send("PUT", "stock", ("results",), wanted)
            results += mapping.stock_results(batch, answer["results"])
        return results

    # PushesShipments

    def push_shipment(self, shipment: Shipment) -> str:
        """Tell of a shipment. The key makes the second telling harmless."""
        path = f"orders/{quote(shipment.external_id, safe='')}/shipments"
        answer = self._send("POST", path, ("id",), mapping.shipment_out(shipment),
                            {"Idempotency-Key": shipment.key})
        return str(answer["id"])

    # The two kinds of request: one may fail freely, of the other it matters whether it arrived

    def _get(self, path: str, needs: Sequence[str], **params: Any) -> Any:
        response = self.context.http.request("GET", path, params=params)
        if response.status >= 500:
            raise ChannelDown(words.STATUS % {"status": response.status})
        return _answer(response, needs)

    def _send(
        self, method: str, path: str, needs: Sequence[str], body: Any,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        response = self.context.http.request(method, path, json=body, headers=headers)
        if response.status == 503:
            raise ChannelDown(words.CLOSED)
        if response.status >= 500:
            raise OutcomeUnknown(words.STATUS % {"status": response.status})
        try:
            return _answer(response, needs)
        except ChannelDown as error:  # it was done, but what came back cannot be read
            raise OutcomeUnknown(str(error)) from error


def _answer(response: Response, needs: Sequence[str]) -> Any:
    """The body of an answer, or the error that its status stands for."""
    body = response.json()
    if response.status >= 300:
        raise _error(response.status, body)
    missing = [name for name in needs if not isinstance(body, dict) or name not in body]
    if missing:
        raise ChannelDown(words.LACKS % {"names": ", ".join(missing)})
    return body


def _error(status: int, body: Any) -> ChannelError:
    told = body.get("error") if isinstance(body, dict) else None
    told = told if isinstance(told, dict) else {}
    message = str(told.get("message") or words.STATUS % {"status": status})
    code = str(told.get("code", ""))
    if code in ("changed", "different_number"):
        return Conflict(message, str(told.get("revision", "")))
    if status == 404:
        return NotFound(message, code)
    if status == 410:
        return CursorExpired(message)
    return Refused(message, code, str(told.get("field", "")))


def _page(limit: int) -> int:
    return max(1, min(limit, BATCH))


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), BATCH):
        yield items[start:start + BATCH]
