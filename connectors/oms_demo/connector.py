"""The connector to Targowisko: calls become requests, answers become the SDK's data classes.

Everything that takes judgement about a document is in ``mapping.py``, how to ask in ``asking.py``,
who rings in ``bell.py``. The engine owns the network, retries, pace and secrets; 401 and 429 never
reach these files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from oms_connector import (
    BuyerMessage,
    Capabilities,
    ChannelDown,
    ChannelError,
    Dictionary,
    FeeClaim,
    FeeClaimTold,
    Invoice,
    ItemResult,
    Limit,
    Manifest,
    MessageOut,
    NotFound,
    Offer,
    Order,
    OrderRef,
    OutcomeUnknown,
    Page,
    PriceItem,
    RefundAsk,
    RefundTold,
    Return,
    Ring,
    Shipment,
    StockItem,
    Unreadable,
    Word,
)
from oms_connector.paying import in_minor
from oms_connector.reading import Puzzling

from oms_demo import bell, journal, mapping, talking, words
from oms_demo.asking import batches, path_to
from oms_demo.lodger import SETTINGS, Lodger

Told = TypeVar("Told")
BATCH = 100
"""Orders by id, items of a page, quantities in a push: the marketplace takes a hundred at most."""


class DemoConnector(Lodger):
    """Everything a marketplace can do: orders, offers, stock, prices, parcels, returns, rings."""

    manifest = Manifest(
        key="demo",
        name="Targowisko",
        letters="Ta",
        hue=14,
        version="1.1",
        quality="gold",
        settings=SETTINGS,
        capabilities=Capabilities(
            min_poll_s=10, history_days=30, page_max=BATCH, stock_batch=BATCH, price_batch=BATCH,
            message_chars=talking.MOST,
        ),
        limits=(Limit(per_second=20, burst=120),),
        help=words.HELP,
    )

    # PullsOrders, SweepsOrders, FetchesOrders

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        """The journal names orders, oldest change first; they are fetched as they are now.

        One that is named but not shown yet is awaited, in the cursor; see ``journal.py``.
        """
        place = journal.Place.from_cursor(cursor)
        told = self._market.get("events", ("events", "last", "more"),
                                after=place.event, limit=_page(limit))
        named = journal.named(told["events"])
        wanted = [*dict.fromkeys([*place.awaited, *named])]
        found = dict(zip(wanted, self.fetch_orders(wanted), strict=True))
        awaited, gone = journal.still_awaited(place.awaited, found, self.context.now)
        items = [found[ref] or Unreadable(ref, "", words.GONE)
                 for ref in wanted if found[ref] is not None or ref in gone]
        last = journal.last_of(told, place.event)
        return Page(items, journal.Place(last, awaited).as_cursor(), told["more"] is True)

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        """Orders changed within a span, by the moment of the change and the number."""
        page = self._market.page(
            "orders", "orders", cursor, limit=_page(limit),
            updated_since=since.isoformat(), updated_until=until.isoformat(),
        )
        return Page([mapping.order(document) for document in page.items], page.cursor, page.more)

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        """Orders by number, a batch at a time."""
        found: dict[str, Order | Unreadable] = {}
        for batch in batches(refs, BATCH):
            answer = self._market.get("orders", ("orders",), lists=("orders",), ids=",".join(batch))
            orders = [mapping.order(document) for document in answer["orders"]]
            found |= {order.external_id: order for order in orders}
        return [found.get(ref) for ref in refs]

    # ListsOffers, PushesStock, PushesPrices

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        """All offers, by number."""
        page = self._market.page("offers", "offers", cursor, limit=_page(limit))
        return Page([mapping.offer(entry) for entry in page.items], page.cursor, page.more)

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Absolute quantities; the marketplace answers for each."""
        return self._push("stock", items, [mapping.stock_out(item) for item in items])

    def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
        """Prices in PLN; the marketplace answers for each."""
        return self._push("prices", items, [mapping.price_out(item) for item in items])

    def _push(self, path: str, items: Sequence[StockItem | PriceItem],
              wanted: Sequence[Mapping[str, Any]]) -> Sequence[ItemResult]:
        results: list[ItemResult] = []
        for batch, told in zip(batches(items, BATCH), batches(wanted, BATCH), strict=True):
            answer = self._market.send("PUT", path, ("results",), {"items": list(told)})
            results += mapping.results(batch, answer["results"])
        return results

    # PushesShipments, PushesStatus, CancelsOrders, UploadsInvoices

    def push_shipment(self, shipment: Shipment) -> str:
        """Tell of a shipment. The key makes the second telling harmless."""
        answer = self._market.send(
            "POST", path_to("orders", shipment.external_id, "shipments"), ("id",),
            mapping.shipment_out(shipment), {"Idempotency-Key": shipment.key},
        )
        return str(answer["id"])

    def push_status(self, external_id: str, status: str, revision: str) -> None:
        """Say how far the seller is with an order."""
        body = {"status": status} | ({"expected_revision": int(revision)} if revision else {})
        self._market.send("PUT", path_to("orders", external_id, "status"), ("id",), body)

    def cancel_order(self, external_id: str, lines: Mapping[str, int], reason: str) -> None:
        """The seller will not deliver the order, or so many units of its lines in all."""
        body = {"reason": reason[:500], "lines": dict(lines)}
        self._market.send("POST", path_to("orders", external_id, "cancel"), ("id",), body)

    def upload_invoice(self, invoice: Invoice) -> str:
        """Show a document to the buyer. The key makes the second upload harmless."""
        answer = self._market.send(
            "POST", path_to("orders", invoice.external_id, "invoices"), ("id",), invoice.pdf,
            {"Idempotency-Key": invoice.key, "Content-Type": "application/pdf"},
            number=invoice.number, issued_at=invoice.issued_at.isoformat(),
        )
        return str(answer["id"])

    # RefundsPayments, ClaimsFees

    def refund(self, ask: RefundAsk) -> RefundTold:
        """Give money of an order back. The key makes the second time harmless."""
        in_minor(ask.amount)
        return self._told(mapping.refund_in, self._market.send(
            "POST", path_to("orders", ask.payment, "refunds"), ("id",), mapping.refund_out(ask),
            {"Idempotency-Key": ask.key}), OutcomeUnknown)

    def find_refund(self, ask: RefundAsk, reference: str = "") -> RefundTold | None:
        """The refund of our key, or of the marketplace's own number."""
        told = self._market.get(path_to("orders", ask.payment, "refunds"), ("refunds",),
                                lists=("refunds",))["refunds"]
        found = [self._told(mapping.refund_in, one, ChannelDown) for one in told]
        return next((one for one in found if one.key == ask.key
                     or (reference and one.reference == reference)), None)

    def claim_fee(self, claim: FeeClaim) -> FeeClaimTold:
        """Ask for the commission back. The key makes the second time harmless."""
        body = {"line_id": claim.line_ref, "quantity": claim.quantity}
        return self._told(mapping.claim_in, self._market.send(
            "POST", path_to("orders", claim.order_ref, "fee-claims"), ("id",), body,
            {"Idempotency-Key": claim.key}), OutcomeUnknown)

    def find_fee_claim(self, claim: FeeClaim, reference: str = "") -> FeeClaimTold | None:
        """The claim of our key, or of the marketplace's own number."""
        told = self._market.get(path_to("orders", claim.order_ref, "fee-claims"), ("claims",),
                                lists=("claims",))["claims"]
        mine = [one for one in told if isinstance(one, dict)
                and (one.get("key") == claim.key or (reference and one.get("id") == reference))]
        return self._told(mapping.claim_in, mine[0], ChannelDown) if mine else None

    def withdraw_fee_claim(self, reference: str) -> None:
        """Take a claim back."""
        self._market.send("DELETE", path_to("fee-claims", reference), (), None)

    def _told(self, read: Callable[[Any], Told], document: Any, failing: type[ChannelError]
              ) -> Told:
        try:
            return read(document)
        except Puzzling as puzzle:
            raise failing(str(puzzle)) from puzzle

    # PullsReturns

    def pull_returns(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
        """New and changed returns, oldest change first."""
        after = (cursor or {}).get("change", 0)
        told = self._market.get("returns", ("returns", "last", "more"), lists=("returns",),
                                after=after, limit=_page(limit))
        last = journal.last_of(told, after)
        return Page([mapping.return_in(document) for document in told["returns"]],
                    {"change": last}, told["more"] is True)

    # PullsMessages, SendsMessages, MarksRead

    def pull_messages(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[BuyerMessage]:
        """What buyers and the seller wrote."""
        return talking.pull(self._market, cursor, _page(limit))

    def send_message(self, message: MessageOut) -> BuyerMessage:
        """Write to a buyer."""
        return talking.send(self._market, message)

    def find_message(self, message: MessageOut) -> BuyerMessage | None:
        """What became of a message."""
        return talking.find(self._market, message)

    def mark_read(self, thread: str) -> None:
        """The seller has read a thread."""
        talking.mark_read(self._market, thread)

    # KnowsWords

    def words(self, kind: Dictionary) -> Sequence[Word]:
        """The marketplace's own lists; empty where it has none."""
        try:
            answer = self._market.get(f"dictionaries/{kind}", ("words",), lists=("words",))
        except NotFound:
            return []
        return [Word(str(entry["id"]), str(entry.get("name") or entry["id"]))
                for entry in answer["words"] if isinstance(entry, dict) and entry.get("id")]

    # HearsWebhooks, OrdersWebhooks

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        """What a ring says, once its signature and its moment are found good."""
        secret = self.context.secrets.get("webhook_secret", "")
        return bell.hear(body, headers, secret, self.context.now)

    def subscribe(self, url: str, secret: str) -> Sequence[str]:
        """Ask to be rung for orders and returns."""
        wanted = {"url": url, "secret": secret, "kinds": ["order", "return"]}
        return [str(ref) for ref in self._market.send("POST", "webhooks", ("ids",), wanted)["ids"]]

    def unsubscribe(self, refs: Sequence[str]) -> None:
        """End subscriptions; one that is gone already is as it should be."""
        for ref in refs:
            try:
                self._market.send("DELETE", path_to("webhooks", ref), (), None)
            except NotFound:
                continue


def _page(limit: int) -> int:
    return max(1, min(limit, BATCH))
