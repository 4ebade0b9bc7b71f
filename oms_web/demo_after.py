"""What happened in the demo shop before today: invoices, corrections, cases, refunds, fees, a link.

Each story is told by the flows a person would set off, at the moments at which it happened; so the
ledger, the documents and the trail agree. Everybody in it is invented.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from oms_demo import DemoConnector, SkarbonkaConnector
from sqlalchemy import select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.clock import local_day, utc_now
from oms_web.core.money import to_micro
from oms_web.core.work import Work, Works
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents.drafting import Ask
from oms_web.domain.documents.snapshot import Exchange
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import order_lines
from oms_web.domain.orders.taking import Position, Taken
from oms_web.domain.payments import fees
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import correcting
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping import claim_terms, claims
from oms_web.domain.shipping.claims import Asked as Claimed
from oms_web.domain.users.models import User
from oms_web.flows import (
    correct_document,
    issue_document,
    order_ask_payment,
    order_create,
    return_bench,
    return_case,
    return_parcel,
    return_refund,
    ship,
)

PHONE = "600100200"
ACCOUNT = "PL67999999990000000000000017"
EURO = (Decimal("4.2615"), "A/NBP (pokaz)")
GOODS = frozenset({
    "CZA-12-GRA", "KUB-03-BIA", "KUB-05-GRA", "KUB-05-ZIE", "MAN-STA-070", "TER-STA-050",
    "TER-STA-100",
})
"""What the stories are about. A shop without one of them, cut down for a test, has none to tell."""
FEES = (  # what for, percent in hundredths, fixed in grosze, of which channel
    (fees.CHANNEL, 1100, 0, True), (fees.PAYMENT, 120, 30, False),
    (fees.COURIER, 0, 1190, False), (fees.PACKING, 0, 180, False),
)


@dataclass(frozen=True, slots=True)
class Sale:
    """An order as it is told: who, what, and how many days ago."""

    name: str
    email: str
    goods: tuple[tuple[str, int, str], ...]  # SKU, units, price of one
    days: int
    street: str = "ul. Jodłowa 3"
    postcode: str = "30-001"
    city: str = "Kraków"
    country: str = "PL"
    currency: str = "PLN"
    paid: bool = True
    origin: str = "tel."
    company: tuple[str, str] = ("", "")  # its name and tax number
    kind: str = "prepaid"
    wants_invoice: bool = True


def seed(works: Works) -> None:
    """Tell the stories that were not told yet; each in a transaction."""
    with works.reading(SYSTEM) as work:
        here = set(work.session.scalars(select(Variant.sku).where(Variant.sku.in_(GOODS))))
        found = work.session.execute(
            select(User.name, User.id).where(User.role == "manager").limit(1)).first()
    if here != GOODS:
        return
    who = Actor("user", found.name, found.id) if found else SYSTEM
    for email, story in STORIES.items():
        with works.writing(who) as work:
            told = select(Order.id).where(Order.buyer_email == email).limit(1)
            if work.session.scalar(told) is None:
                story(work, email)
    with works.writing(SYSTEM) as work:
        _fees(work)
        if work.session.scalar(select(Return.id).where(Return.order_id.is_(None))) is None:
            return_bench.orphan(work, "PX0042719955", "demo:orphan")


def sell(work: Work, sale: Sale) -> int:
    """Take an order down at the work's moment."""
    wanted = [sku for sku, _, _ in sale.goods]
    ids = dict(work.session.execute(
        select(Variant.sku, Variant.id).where(Variant.sku.in_(wanted))).all())
    order_id, _ = order_create.create(work, Taken(
        [Position(ids[sku], units, to_micro(Decimal(price))) for sku, units, price in sale.goods],
        {"name": sale.name, "street": sale.street, "postcode": sale.postcode, "city": sale.city,
         "country": sale.country, "phone": PHONE, "email": sale.email},
        {"buyer_name": sale.name, "buyer_email": sale.email, "buyer_phone": PHONE,
         "buyer_company": sale.company[0], "tax_id": sale.company[1]},
        sale.currency, shipping=1490, payment_kind=sale.kind,
        delivery={"delivery_method": "Kurier DPD", "carrier": "DPD"},
        payment_method="przelew" if sale.kind == "prepaid" else "za pobraniem",
        origin=sale.origin, wants_invoice=sale.wants_invoice,
    ), confirm=True, form_key=f"demo:{sale.email}", paid=sale.paid)
    return order_id


def _sell(work: Work, sale: Sale) -> int:
    """Take an order down as many days ago as it says."""
    ago(work, days=sale.days)
    return sell(work, sale)


def ago(work: Work, **span: int) -> None:
    """Go on at a moment before now."""
    work.now = utc_now() - timedelta(**span)


def _sent(work: Work, order_id: int, days: int, *, arrives: bool = True) -> int:
    """The parcel leaves so many days ago, and is there two days later; the shipment."""
    ago(work, days=days)
    [shipment_id] = ship.ship_order(work, order_id, carrier="DPD", number=f"10004200{order_id:05}U")
    issue_document.issue_invoice(work, order_id)
    if arrives:
        ago(work, days=days - 2)
        ship.arrived(work, shipment_id)
    return shipment_id


def _lines(work: Work, order_id: int) -> dict[str, int]:
    return {line.sku: line.id for line in order_lines(work.session, order_id)}


def _open(work: Work, order_id: int, kind: str, sku: str, units: int, reason_code: str = "",
          wish: str = "", story: str = "", instead: str = "") -> Return:
    return return_case.open_for(work, order_id, Opening(
        kind, source="buyer", lines={_lines(work, order_id)[sku]: units},
        reason_code=reason_code, wish=wish, story=story, instead=instead))[0]


def _judge(work: Work, case: Return, grade: str, disposition: str) -> None:
    return_bench.arrive(work, case.id)
    for line in cases.lines_of(work.session, case.id):
        return_bench.judge(work, case.id, Judgement(
            line.id, grade, disposition, f"demo:{case.id}:{line.id}", line.quantity))


def _withdrawn(work: Work, email: str) -> None:
    """A withdrawal from the statement to the correction of the invoice."""
    order_id = _sell(work, Sale("Anna Zięba", email, (
        ("KUB-05-GRA", 3, "39.90"), ("TER-STA-050", 1, "99.00")), 16))
    _sent(work, order_id, 15)
    ago(work, days=6)
    case = _open(work, order_id, "withdrawal", "KUB-05-GRA", 1)
    ago(work, days=3)
    _judge(work, case, "A", "restock")
    line = _lines(work, order_id)["KUB-05-GRA"]
    [refund] = return_refund.ask(work, case.id, Wish({line: 1}), "transfer", f"demo:{email}",
                                 account=ACCOUNT)
    for act in ("approve", "done"):
        return_refund.act(work, refund.id, act)
    done = work.session.get_one(Refund, refund.id)
    correct_document.correct_invoice(work, *correcting.wanted(work.session, done))
    return_case.decide(work, case.id, "close")


def _complaint(work: Work, email: str) -> None:
    """A complaint whose answer is due today."""
    order_id = _sell(work, Sale("Piotr Wrona", email, (("CZA-12-GRA", 1, "109.00"),), 30))
    _sent(work, order_id, 29)
    ago(work, days=14)
    _open(work, order_id, "complaint", "CZA-12-GRA", 1, reason_code="defect", wish="repair",
          story="Po tygodniu odpryskuje emalia przy dzióbku. Czajnik był używany tylko na kuchence "
                "gazowej, zgodnie z instrukcją.")


def _exchange(work: Work, email: str) -> None:
    """An exchange on its way."""
    order_id = _sell(work, Sale("Kasia Bąk", email, (("KUB-03-BIA", 2, "32.90"),), 12))
    _sent(work, order_id, 11)
    ago(work, days=2)
    case = _open(work, order_id, "exchange", "KUB-03-BIA", 2, reason_code="changed_mind",
                 instead="0,3 l granatowy", story="Wolę granatowe.")
    return_case.decide(work, case.id, "accept")


def _planned(work: Work, email: str) -> None:
    """A return that was judged; its refund waits for somebody who approves it."""
    order_id = _sell(work, Sale("Marek Dudek", email, (("TER-STA-100", 1, "139.00"),), 14))
    _sent(work, order_id, 13)
    ago(work, days=4)
    case = _open(work, order_id, "return", "TER-STA-100", 1, reason_code="damaged",
                 story="Wgniecenie przy podstawie, paczka przyszła rozdarta.")
    return_case.decide(work, case.id, "accept")
    ago(work, hours=20)
    _judge(work, case, "C", "quarantine")
    return_refund.ask(work, case.id, Wish({_lines(work, order_id)["TER-STA-100"]: 1}), "transfer",
                      f"demo:{email}", account=ACCOUNT)


def _not_collected(work: Work, email: str) -> None:
    """A parcel that nobody collected comes back."""
    order_id = _sell(work, Sale("Ola Gajda", email, (("MAN-STA-070", 1, "119.00"),), 10))
    shipment_id = _sent(work, order_id, 9, arrives=False)
    ago(work, days=1)
    ship.came_to_nothing(work, shipment_id, "The parcel is on its way back.")
    return_parcel.comes_back(work, shipment_id)


def _abroad(work: Work, email: str) -> None:
    """A sale to Berlin in euros, invoiced in two currencies."""
    order_id = _sell(work, Sale(
        "Lukas Brandt", email, (("TER-STA-050", 2, "24.90"),), 8, "Tannenweg 4", "10115", "Berlin",
        "DE", "EUR"))
    ago(work, days=7)
    [shipment_id] = ship.ship_order(work, order_id, carrier="DPD", number="10004277123456U")
    rate, table = EURO
    issue_document.issue_invoice(work, order_id, Ask(
        language="en", exchange=Exchange(rate, table, _weekday(local_day(work.now)))))
    ago(work, days=4)
    ship.arrived(work, shipment_id)


def _weekday(day: date) -> date:
    """The last working day before one: rates are of the day before (ustawa o VAT, art. 31a)."""
    before = day - timedelta(days=1)
    return before - timedelta(days=max(0, before.weekday() - 4))


def _link(work: Work, email: str) -> None:
    """An order that waits for its payment by a link; the provider gives it once it is served."""
    order_id = _sell(work, Sale("Ewa Lis", email, (("KUB-05-ZIE", 2, "39.90"),), 0, paid=False))
    provider = work.session.scalar(select(ChannelAccount.id).where(
        ChannelAccount.connector == SkarbonkaConnector.manifest.key,
        ChannelAccount.archived_at.is_(None)))
    if provider is not None:
        total = work.session.get_one(Order, order_id).total
        order_ask_payment.ask(work, order_id, provider, total, f"demo:{email}")


def _damaged(work: Work, email: str) -> None:
    """A parcel that came damaged: the buyer complains, the claim against the courier is written."""
    order_id = _sell(work, Sale("Zofia Maj", email, (("TER-STA-100", 1, "139.00"),), 6))
    shipment_id = _sent(work, order_id, 5)
    ago(work, days=2)
    case = _open(work, order_id, "complaint", "TER-STA-100", 1, reason_code="damaged",
                 wish="refund", story="Karton był zgnieciony z boku, a termos ma wgniecenie.")
    ago(work, days=1)
    amount = claims.goods_value(work.session, shipment_id)
    claims.write(work, shipment_id, Claimed(
        claim_terms.DAMAGED, amount, "Karton zgnieciony z boku, wgniecenie na termosie.",
        case_id=case.id))


def _lost(work: Work, email: str) -> None:
    """A parcel that never arrived; the courier was told and has to answer."""
    order_id = _sell(work, Sale("Jan Sikora", email, (("MAN-STA-070", 1, "119.00"),), 21))
    shipment_id = _sent(work, order_id, 20, arrives=False)
    ago(work, days=9)
    ship.came_to_nothing(work, shipment_id, "Przesyłka zaginęła w sortowni.")
    amount = claims.goods_value(work.session, shipment_id)
    claim, _ = claims.write(work, shipment_id, Claimed(
        claim_terms.LOST, amount, "Ostatni skan w sortowni, od tego czasu cisza."))
    ago(work, days=8)
    claims.send(work, claim.id, "REK/DPD/4471")


def _fees(work: Work) -> None:
    """What selling costs, so that the profit of orders shows."""
    if work.session.scalar(select(fees.FeeRate.id).limit(1)):
        return
    channel = work.session.scalar(select(ChannelAccount.id).where(
        ChannelAccount.connector == DemoConnector.manifest.key))
    since = local_day(work.now) - timedelta(days=90)
    for kind, percent_bp, fixed, of_channel in FEES:
        fees.add(work, kind, channel if of_channel else None, "", percent_bp, fixed, "PLN", since)


STORIES: dict[str, Callable[[Work, str], None]] = {  # by the days of their invoices
    "piotr.wrona@poczta.example": _complaint, "jan.sikora@poczta.example": _lost,
    "anna.zieba@poczta.example": _withdrawn, "marek.dudek@poczta.example": _planned,
    "kasia.bak@poczta.example": _exchange, "ola.gajda@poczta.example": _not_collected,
    "lukas.brandt@post.example": _abroad, "zofia.maj@poczta.example": _damaged,
    "ewa.lis@poczta.example": _link,
}
