"""The calls of the engine, one of each kind, ready to be made and to be looked at afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from oms_connector import (
    AcknowledgesOrders,
    AnswersLater,
    AsksForPayments,
    CancelsOrders,
    ClaimsFees,
    FeeClaim,
    FetchesOrders,
    Invoice,
    KnowsWords,
    ListsOffers,
    OrdersWebhooks,
    ParcelInfo,
    PaymentAsk,
    PriceItem,
    PullsOrders,
    PullsReturns,
    PushesPrices,
    PushesShipments,
    PushesStatus,
    PushesStock,
    RefundAsk,
    RefundLine,
    RefundsPayments,
    ReportsSms,
    SendsSms,
    Shipment,
    Sms,
    StockItem,
    SweepsOrders,
    TellsPayments,
    UploadsInvoices,
    VerifiesAccess,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.facts import Shown
from oms_connector.testing.papers import book_reads, book_writes
from oms_connector.testing.parcels import parcel_reads, parcel_writes
from oms_connector.testing.pulling import current
from oms_connector.testing.standin import Absent
from oms_connector.testing.talks import talk_reads, talk_writes
from oms_connector.testing.write import NUMBERS, Maker, Reader, Write, new_key


def reads(bench: Bench) -> Mapping[str, Reader]:
    """Calls that only read, by name. Something is there to be read."""
    found: dict[str, Reader] = {}
    size = bench.standin.page
    since = bench.clock.now
    able = bench.can
    if able(PullsOrders):
        refs = bench.place_apart(size + 1)
        until = bench.clock.now
        found["pull_orders"] = lambda c: c.pull_orders(None, size)
        if able(SweepsOrders):
            found["sweep_orders"] = lambda c: c.sweep_orders(since, until, None, size)
        if able(FetchesOrders):
            found["fetch_orders"] = lambda c: c.fetch_orders(refs[:2])
    if able(VerifiesAccess):
        found["verify"] = lambda c: c.verify()
    if able(ListsOffers):
        found["list_offers"] = lambda c: c.list_offers(None, size)
    if able(PullsReturns):
        [ref] = bench.place_apart(1)
        bench.standin.ship(ref)
        bench.standin.announce_return(ref)
        bench.settle()
        found["pull_returns"] = lambda c: c.pull_returns(None, size)
    if able(KnowsWords):
        found["words"] = lambda c: [c.words("statuses"), c.words("carriers")]
    if able(RefundsPayments) and able(PullsOrders):
        asked = order_refund(bench, paid_order(bench))
        found["find_refund"] = lambda c: c.find_refund(asked)
    if able(ClaimsFees):
        claim = fee_claim(bench)
        found["find_fee_claim"] = lambda c: c.find_fee_claim(claim)
    return {**found, **_follow_ups(bench), **parcel_reads(bench), **book_reads(bench),
            **talk_reads(bench)}


def _follow_ups(bench: Bench) -> Mapping[str, Reader]:
    """Calls that ask what became of something that was sent."""
    found: dict[str, Reader] = {}
    if bench.can(ReportsSms):
        ref = bench.call(lambda c: c.send_sms(new_sms("Paczka")))
        found["sms_reports"] = lambda c: c.sms_reports([ref])
    if bench.can(TellsPayments) and bench.can(AsksForPayments):
        paid = paid_up(bench, Decimal("19.99"))
        bench.call(lambda c: c.payment(paid))  # the first look may confirm it
        found["payment"] = lambda c: c.payment(paid)
    if bench.can(AnswersLater):
        [result] = bench.call(lambda c: c.push_stock(stock_items(bench)[:1]))
        if result.outcome == "accepted":
            bench.standin.finish_pushes()
            found["results"] = lambda c: c.results(result.handle)
    return found


def writes(bench: Bench) -> Mapping[str, Maker]:
    """Makers of writes that the connector can do; each write is of something of its own."""
    zero_ok = PushesStock  # a channel without zero ends the offer instead: the same call
    makers: tuple[tuple[str, type[Any], Maker], ...] = (
        ("push_stock", PushesStock, stock), ("push_stock of nothing", zero_ok, no_stock),
        ("push_prices", PushesPrices, price), ("push_shipment", PushesShipments, shipment),
        ("push_status", PushesStatus, status), ("cancel_order", CancelsOrders, cancelling),
        ("upload_invoice", UploadsInvoices, invoice),
        ("acknowledge", AcknowledgesOrders, acknowledgement),
        ("subscribe", OrdersWebhooks, subscription), ("send_sms", SendsSms, sms),
        ("ask_payment", AsksForPayments, payment), ("claim_fee", ClaimsFees, claiming),
    )
    found = {name: maker for name, capability, maker in makers if bench.can(capability)}
    if bench.can(RefundsPayments) and bench.can(AsksForPayments):
        found["refund"] = refund
    if bench.can(RefundsPayments) and bench.can(PullsOrders):
        found["refund of an order"] = refunding
    return found | dict(parcel_writes(bench)) | dict(book_writes(bench)) \
        | dict(talk_writes(bench))


def shown(bench: Bench, ref: str) -> Shown:
    """An offer as it is now, once the channel has worked off what it took in."""
    bench.standin.finish_pushes()
    return next(offer for offer in bench.standin.offers() if offer.offer_ref == ref)


def stock_items(bench: Bench, quantity: int | None = None) -> list[StockItem]:
    """An item for each offer of the first one's SKU shape: another quantity than it shows."""
    offers = bench.standin.offers()
    value = max(offer.quantity for offer in offers) + 1 if quantity is None else quantity
    return [StockItem(offer.offer_ref, offer.sku, value, next(NUMBERS), new_key("stock"))
            for offer in offers]


def stock(bench: Bench) -> Write:
    """Another quantity for an offer."""
    item = stock_items(bench)[next(NUMBERS) % 3]
    return Write("push_stock", lambda c: c.push_stock([item]),
                 lambda: shown(bench, item.offer_ref).quantity, item.quantity)


def no_stock(bench: Bench) -> Write:
    """Nothing left of an offer that shows something."""
    raised = stock(bench)
    bench.call(raised.do)
    ref = next(offer.offer_ref for offer in bench.standin.offers()
               if shown(bench, offer.offer_ref).quantity == raised.wanted)
    item = next(item for item in stock_items(bench, 0) if item.offer_ref == ref)
    return Write("push_stock of nothing", lambda c: c.push_stock([item]),
                 lambda: shown(bench, ref).quantity, 0)


def price(bench: Bench) -> Write:
    """Another price for an offer."""
    offers = bench.standin.offers()
    offer = offers[next(NUMBERS) % len(offers)]
    wanted = Decimal(1000 + next(NUMBERS)) + Decimal("0.07")
    item = PriceItem(offer.offer_ref, offer.sku, wanted, offer.currency, next(NUMBERS),
                     new_key("price"))
    return Write("push_prices", lambda c: c.push_prices([item]),
                 lambda: shown(bench, offer.offer_ref).price, wanted)


def parcel_left(bench: Bench) -> Shipment:
    """A new order left in one parcel, with everything that was ordered."""
    [ref] = bench.place_apart(1)
    parcel = ParcelInfo(bench.standin.carrier, f"6280{next(NUMBERS):020d}")
    return Shipment(ref, new_key("shipment"), bench.clock.now, [parcel],
                    dict(bench.standin.truth(ref).units))


def shipment(bench: Bench) -> Write:
    """One parcel with everything that was ordered."""
    told = parcel_left(bench)
    return Write("push_shipment", lambda c: c.push_shipment(told),
                 lambda: list(bench.standin.shipments(told.external_id)),
                 [told.parcels[0].tracking])


def status(bench: Bench) -> Write:
    """The next status of an order."""
    [ref] = bench.place_apart(1)
    seen = current(bench, ref)
    wanted = bench.standin.next_status(ref)
    return Write("push_status", lambda c: c.push_status(ref, wanted, seen.revision),
                 lambda: bench.standin.status(ref), wanted)


def cancelling(bench: Bench) -> Write:
    """A whole order called off."""
    [ref] = bench.place_apart(1)
    return Write("cancel_order", lambda c: c.cancel_order(ref, {}, "out of stock"),
                 lambda: bench.standin.truth(ref).state, "cancelled")


def invoice(bench: Bench) -> Write:
    """A document for an order."""
    [ref] = bench.place_apart(1)
    pdf = b"%PDF-1.7 kit " + str(next(NUMBERS)).encode()
    told = Invoice(ref, new_key("invoice"), f"FV {next(NUMBERS)}/2026", bench.clock.now, pdf)
    return Write("upload_invoice", lambda c: c.upload_invoice(told),
                 lambda: list(bench.standin.documents(ref)), [pdf])


def acknowledgement(bench: Bench) -> Write:
    """An order that arrived here."""
    [ref] = bench.place_apart(1)
    return Write("acknowledge", lambda c: c.acknowledge([ref]),
                 lambda: ref in bench.standin.inbox(), False)


def subscription(bench: Bench) -> Write:
    """An address to be rung at."""
    other = bench.again()
    url, secret = f"{bench.standin.our_address}{next(NUMBERS)}", "kit-webhook-secret"
    other.call(lambda c: c.subscribe(url, secret))
    return Write("subscribe", lambda c: c.subscribe(url, secret),
                 lambda: sorted(bench.standin.subscriptions()),
                 sorted([*bench.standin.subscriptions(), *other.standin.subscriptions()]))


def new_sms(text: str) -> Sms:
    """An SMS to a phone that got none yet."""
    return Sms(new_key("sms"), f"+48600{next(NUMBERS):06d}", text)


def sms(bench: Bench) -> Write:
    """An SMS to a phone of its own."""
    told = new_sms("Paczka jedzie, będzie jutro")
    return Write("send_sms", lambda c: c.send_sms(told),
                 lambda: list(bench.standin.texts(told.to)), [told.text])


def new_ask(amount: Decimal, text: str = "Zamówienie 7") -> PaymentAsk:
    """Money that nobody was asked for yet."""
    return PaymentAsk(
        new_key("payment"), amount, "PLN", text, buyer_name="Zofia Kitowska",
        buyer_email="zofia@kit.example", return_url="https://oms.example/o/1",
        notify_url="https://oms.example/ring/1")


def payment(bench: Bench) -> Write:
    """A payment of its own."""
    ask = new_ask(Decimal("19.99"))
    return Write("ask_payment", lambda c: c.ask_payment(ask),
                 lambda: list(bench.standin.payments(ask.key)), [ask.amount])


def paid_up(bench: Bench, amount: Decimal) -> str:
    """A payment that the buyer has paid; its reference."""
    ref = str(bench.call(lambda c: c.ask_payment(new_ask(amount))).reference)
    bench.standin.buyer_pays(ref)
    return ref


def refund(bench: Bench) -> Write:
    """A part of a payment goes back."""
    ref = paid_up(bench, Decimal("50.00"))
    ask = RefundAsk(new_key("refund"), ref, Decimal("12.34"), "PLN", "Zwrot")
    return Write("refund", lambda c: c.refund(ask),
                 lambda: list(bench.standin.given_back(ref)), [ask.amount])


def paid_order(bench: Bench) -> str:
    """A paid order of two lines, three units each."""
    [ref] = bench.place_apart(1, lines=2, quantity=3)
    return ref


def order_refund(bench: Bench, ref: str) -> RefundAsk:
    """A unit of an order's dearest line goes back."""
    truth = bench.standin.truth(ref)
    line = max(truth.prices, key=lambda one: truth.prices[one])
    price = truth.prices[line]
    return RefundAsk(new_key("refund"), ref, price, truth.currency, "7",
                     lines=[RefundLine(line, 1, price)], reason="return")


def refunding(bench: Bench) -> Write:
    """Money of an order goes back."""
    ask = order_refund(bench, paid_order(bench))
    return Write("refund", lambda c: c.refund(ask),
                 lambda: list(bench.standin.given_back(ask.payment)), [ask.amount])


def fee_claim(bench: Bench) -> FeeClaim:
    """The commission of a unit of which two went back to the buyer."""
    ref = paid_order(bench)
    ask = order_refund(bench, ref)
    [line] = ask.lines
    bench.call(lambda c: c.refund(replace(ask, amount=2 * line.amount, lines=[
        RefundLine(line.line_ref, 2, 2 * line.amount)])))
    sold = next(one for one in current(bench, ref).lines if one.line_ref == line.line_ref)
    return FeeClaim(new_key("claim"), ref, line.line_ref, sold.offer_ref, 1)


def claiming(bench: Bench) -> Write:
    """The commission of a unit comes back."""
    claim = fee_claim(bench)
    return Write("claim_fee", lambda c: c.claim_fee(claim),
                 lambda: list(bench.standin.fee_claims(claim.order_ref)), [(claim.line_ref, 1)])


def everything(bench: Bench) -> Iterator[tuple[str, Reader]]:
    """One call of every kind, reads first."""
    yield from reads(bench).items()
    for name, make in writes(bench).items():
        try:
            yield name, make(bench).do
        except Absent as absent:
            bench.absent(absent)
