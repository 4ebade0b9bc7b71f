"""The demo shop's day so far, and the same day a week ago: without it the first screen has no day.

Parcels were packed since the morning, some have left, orders came by phone and from Instagram, and
the bank sent its statement. Everybody in it is invented.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.clock import local_day
from oms_web.core.work import Work, Works
from oms_web.demo_after import ACCOUNT, Sale, ago, sell
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import order_lines
from oms_web.domain.payments.bank import service as bank
from oms_web.domain.payments.bank.lines import BankLine, Statement
from oms_web.domain.shipping import service as shipping
from oms_web.domain.users.models import User
from oms_web.flows import bank_in, ship
from oms_web.flows.bank_in import TakenIn
from oms_web.flows.pack import opening, scanning

BASKETS = (  # what people buy: SKU, units, price of one
    (("KUB-03-GRA", 2, "32.90"),), (("KSI-GRZ-01", 1, "59.90"), ("KSI-BAJ-01", 1, "44.90")),
    (("CZO-350-CZA", 1, "99.00"),), (("CZP-SZA-MUS", 1, "69.90"), ("KUB-03-GRA", 1, "32.90")),
    (("BUD-SIK-28", 1, "94.90"),), (("KUB-03-GRA", 4, "32.90"), ("KSI-GRZ-01", 1, "59.90")),
)
PEOPLE = (
    ("Alicja Borowik", "ul. Lipowa 7", "15-001", "Białystok"),
    ("Bartosz Jagoda", "ul. Klonowa 21/4", "61-101", "Poznań"),
    ("Celina Paproć", "ul. Sosnowa 2", "35-002", "Rzeszów"),
    ("Damian Żuraw", "os. Leśne 14/9", "31-930", "Kraków"),
    ("Eliza Modrzew", "ul. Polna 33", "20-003", "Lublin"),
    ("Filip Trznadel", "ul. Jesionowa 5", "80-002", "Gdańsk"),
    ("Gabriela Kania", "ul. Wiązowa 18", "50-004", "Wrocław"),
    ("Hubert Osika", "ul. Dębowa 40/2", "40-005", "Katowice"),
    ("Iga Rokita", "ul. Brzozowa 9", "10-006", "Olsztyn"),
    ("Jan Kruk", "ul. Grabowa 11", "70-007", "Szczecin"),
    ("Klara Wrzos", "ul. Cisowa 3", "25-008", "Kielce"),
    ("Leon Buk", "ul. Olchowa 27", "85-009", "Bydgoszcz"),
)
PACKED = (  # minutes ago, by whom, whether it has left
    (392, "ola", True), (371, "kuba", True), (344, "ola", True), (331, "kuba", True),
    (292, "ola", True), (275, "kuba", True), (241, "ola", True), (214, "ola", False),
    (178, "kuba", False), (143, "ola", False), (96, "kuba", False), (38, "ola", False),
)
WEEK_AGO = 15  # orders, one each twenty minutes before this time of the day
BY_HAND = (  # the first one should have left by now
    Sale("Stanisław Mazur", "stanislaw.mazur@poczta.example", (
        ("CZO-350-CZA", 2, "99.00"), ("KSI-GRZ-01", 1, "59.90")), 4, "ul. Akacjowa 6", "90-010",
         "Łódź", paid=False, kind="cod", wants_invoice=False),
    Sale("Zosia Wilk", "zosia.wilk@poczta.example", (("CZP-SZA-MUS", 1, "69.90"),), 0,
         "ul. Świerkowa 30", "60-011", "Poznań", paid=False, origin="Instagram",
         wants_invoice=False),
    Sale("Adam Jodła", "biuro@pensjonat-jodla.example", (
        ("KUB-03-GRA", 12, "29.90"), ("KSI-BAJ-01", 4, "44.90")), 0, "ul. Zakopiańska 8", "34-500",
         "Zakopane", origin="e-mail", company=("Pensjonat Jodła s.c.", "9997001123")),
)
GOODS = frozenset(sku for basket in BASKETS for sku, _, _ in basket)


def seed(works: Works) -> None:
    """Tell what was not told yet. A shop cut down for a test has not the goods, and no such day."""
    with works.reading(SYSTEM) as work:
        here = set(work.session.scalars(select(Variant.sku).where(Variant.sku.in_(GOODS))))
        crew = {email.partition("@")[0]: Actor("user", name, key) for email, name, key in
                work.session.execute(select(User.email, User.name, User.id))}
        told = work.session.scalar(select(Order.id).where(Order.buyer_email == BY_HAND[0].email))
    if here != GOODS or not {"ola", "kuba", "szymon"} <= crew.keys() or told is not None:
        return
    with works.writing(crew["szymon"]) as work:
        _week_ago(work)
        waiting = [_yesterday(work, number) for number in range(len(PACKED))]
    for order_id, (minutes, who, left) in zip(waiting, PACKED, strict=True):
        with works.writing(crew[who]) as work:
            _pack(work, order_id, minutes, left)
    with works.writing(crew["szymon"]) as work:
        _by_hand(work)


def _sale(number: int, when: str) -> Sale:
    """One of those who buy, with one of the baskets."""
    name, street, postcode, city = PEOPLE[number % len(PEOPLE)]
    return Sale(name, f"{when}-{number}@poczta.example", BASKETS[number % len(BASKETS)], 0, street,
                postcode, city, wants_invoice=False)


def _week_ago(work: Work) -> None:
    """Orders of the same day a week ago, which have arrived."""
    for number in range(WEEK_AGO):
        ago(work, days=7, minutes=20 * number + 10)
        order_id = sell(work, _sale(number, "tydzien"))
        ago(work, days=6)
        [shipment_id] = ship.ship_order(work, order_id, carrier="DPD",
                                        number=f"10004300{order_id:05}U")
        ago(work, days=4)
        ship.arrived(work, shipment_id)


def _yesterday(work: Work, number: int) -> int:
    """An order of last evening."""
    ago(work, hours=18, minutes=9 * number)
    return sell(work, _sale(number, "wieczor"))


def _pack(work: Work, order_id: int, minutes: int, left: bool) -> None:
    """Pack an order at the station so many minutes ago; the courier took what was ready first."""
    ago(work, minutes=minutes)
    shipment = opening.open_order(work, order_id, "Stół 1")
    for line in order_lines(work.session, order_id):
        if line.variant_id is not None:
            scanning.by_hand(work, shipment.id, line.id, line.variant_id, f"demo:{line.id}",
                             line.quantity)
    if left:
        shipping.describe_parcel(work, shipment, 1, carrier="DPD",
                                 number=f"10004400{order_id:05}U")
        ago(work, minutes=minutes - 30)
        ship.leave(work, shipment.id)


def _by_hand(work: Work) -> None:
    """Orders that were taken down today, and what the bank says of one of them."""
    for number, sale in enumerate(BY_HAND):
        ago(work, days=sale.days, minutes=25 + 50 * number)
        made = sell(work, sale)
        if sale.kind == "prepaid" and not sale.paid:
            _statement(work, made)


def _statement(work: Work, order_id: int) -> None:
    """A statement: money for an order, for one that is not named, for nobody's, and a charge."""
    today = local_day(work.now)
    unpaid = work.session.scalar(select(Order).where(Order.buyer_email == "ewa.lis@poczta.example"))
    due = work.session.get_one(Order, order_id).total
    lines = [
        BankLine(today, due, "PLN", f"Zamówienie {order_id}", "ZOFIA WILK"),
        BankLine(today, 12_900, "PLN", "za czapkę, dziękuję", "TOMASZ NIEZNANY"),
        BankLine(today - timedelta(days=1), -2_400, "PLN", "Opłata za prowadzenie rachunku"),
    ]
    if unpaid is not None:
        lines.append(BankLine(today, unpaid.total, "PLN", "kubki zielone", "EWA LIS"))
    bank_in.take(work, ACCOUNT, list(bank.fingerprints(Statement(ACCOUNT, lines))), TakenIn())
