"""What stands in the fields of a message about an order, in the buyer's language.

Only what the words name is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from babel.dates import format_date
from babel.numbers import format_currency
from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.clock import local_day
from oms_web.core.money import from_minor
from oms_web.domain.company.models import Company
from oms_web.domain.documents import kinds
from oms_web.domain.documents.models import Document, is_annulled
from oms_web.domain.messages import case_letters
from oms_web.domain.orders import lineage
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refunds, requests
from oms_web.domain.returns import exchange_facts, exchange_goods
from oms_web.domain.returns import queries as cases
from oms_web.domain.returns import settings as return_settings
from oms_web.domain.returns.exchange import Standing
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.service import lines_of
from oms_web.domain.shipping import tracking
from oms_web.domain.shipping.boxes import with_goods_of
from oms_web.domain.shipping.models import Parcel, Shipment
from oms_web.domain.shipping.service import LEFT

MOST_LINES = 40
_BABEL = {"pl": "pl_PL", "en": "en_GB"}


def gather(session: Session, order: Order, names: Collection[str], language: str, link: str,
           case: Return | None = None) -> dict[str, str]:
    """Field -> what stands there, for the names that are wanted.

    Args:
        case: the case it is written about; None: the order's newest one, if it has any.
    """
    facts = _Facts(session, order, language, link, case)
    return {name: _FOUND[name](facts) or "" for name in names if name in _FOUND}


@dataclass
class _Facts:
    session: Session
    order: Order
    language: str
    link: str
    known_case: Return | None = None

    @cached_property
    def case(self) -> Return | None:
        return self.known_case or next(iter(cases.of_order(self.session, self.order.id)), None) \
            or exchange_facts.of_new_order(self.session, self.order.id)

    @cached_property
    def shop(self) -> Company | None:
        return self.session.get(Company, 1)

    @cached_property
    def parcels(self) -> list[tuple[str, str]]:
        """Carrier and number of each parcel that left."""
        rows = self.session.execute(
            select(Parcel.carrier, Shipment.carrier, Parcel.tracking)
            .join(Shipment, Shipment.id == Parcel.shipment_id)
            .where(with_goods_of(self.order.id), Shipment.state.in_(LEFT),
                   Parcel.tracking != "")
            .order_by(Shipment.id, Parcel.position))
        return [(own or shared or self.order.carrier, number) for own, shared, number in rows]

    def money(self, minor: int) -> str:
        return money(minor, self.order.currency, self.language)

    def lines(self) -> str:
        found = [f"{line.quantity - line.cancelled} × {line.title}"
                 for line in orders.order_lines(self.session, self.order.id)
                 if line.quantity > line.cancelled]
        return "\n".join(found[:MOST_LINES] + (["…"] if len(found) > MOST_LINES else []))

    def document(self) -> str:
        return self.session.scalar(
            select(Document.number).where(Document.order_id == self.order.id,
                                          Document.kind.in_(kinds.FOR_BUYERS), ~is_annulled())
            .order_by(Document.id.desc()).limit(1)) or ""

    def owed(self) -> str:
        left = self.order.total - lineage.paid_of(self.session, self.order)
        return self.money(left) if left > 0 else ""

    def day(self) -> str:
        return self.dated(self.order.ship_by)

    def dated(self, moment: datetime | None) -> str:
        if moment is None:
            return ""
        return format_date(local_day(moment), "long", locale=_BABEL[self.language])

    def coming_back(self) -> str:
        if self.case is None:
            return ""
        return "\n".join(f"{line.quantity} × {line.title}"
                         for line in lines_of(self.session, self.case.id)[:MOST_LINES])

    def refusal(self) -> str:
        return cases.refusal(self.session, self.case.id, self.language) \
            if self.case is not None else ""

    def answer(self) -> str:
        """The answer to a complaint with its outcome."""
        case = self.case
        if case is None or not case.answer:
            return ""
        lowered = self.money(case.lowered) if case.lowered else ""
        return case_letters.answer(case.outcome, lowered, case.answer, self.language)

    def how(self) -> str:
        said = return_settings.current(self.session)
        return said.how_en if self.language == "en" else said.how_pl

    def paid_back(self) -> str:
        """What an exchange carried over did not go back."""
        if self.case is None:
            return ""
        total = sum(one.amount for one in refunds.of_case(self.session, self.case.id)
                    if one.state != "refused" and not exchange_facts.is_carried(one))
        return self.money(total) if total else ""


    def case_link(self) -> str:
        mine = self.case is not None and self.case.order_id == self.order.id
        return f"{self.link}/cases/{self.case.id}" if self.link and mine and self.case else ""

    @cached_property
    def swap(self) -> Standing | None:
        """How the exchange of the case stands."""
        return exchange_facts.standing(self.session, self.case) if self.case else None

    def pay_link(self) -> str:
        """Where the order is paid; an exchange's new one only once it is decided."""
        mine = self.swap is not None and self.swap.order_id == self.order.id
        return "" if mine and self.undecided else requests.open_link(self.session, self.order.id)

    def sent_instead(self) -> str:
        return "" if self.swap is None else "\n".join(
            f"{line.quantity - line.cancelled} × {line.title}"
            for line in orders.order_lines(self.session, self.swap.order_id)[:MOST_LINES]
            if line.quantity > line.cancelled)

    def swap_link(self) -> str:
        """Where the exchange is paid: by the buyer's page of the case, which leads on only as long
        as it is to be paid; the provider's own address where buyers have no page.
        """
        if self.swap is None or not self.swap.due or self.undecided:
            return ""
        found, page = requests.open_link(self.session, self.swap.order_id), self.case_link()
        has_page = page and return_settings.current(self.session).portal
        return f"{page}/pay" if found and has_page else found

    @cached_property
    def undecided(self) -> bool:
        """Whether the seller still decides how the exchange goes on: nobody pays before."""
        return self.case is not None and exchange_goods.undecided(self.session, self.case)

    def swap_account(self) -> str:
        """Our account, where there is something to pay and no other way to pay it is open."""
        if self.swap is None or not self.swap.due or self.shop is None or self.undecided \
                or requests.is_open(self.session, self.swap.order_id):
            return ""
        return self.shop.bank_account


def money(minor: int, currency: str, language: str) -> str:
    """An amount in minor units, as a letter in a language says it."""
    return format_currency(from_minor(minor, currency), currency, locale=_BABEL[language])


def first_name(name: str) -> str:
    """The first name of a person's name; empty where it cannot be told from initials."""
    words = name.split()
    return words[0] if len(words) > 1 and len(words[0].rstrip(".")) > 1 else ""


_FOUND: dict[str, Callable[[_Facts], str | None]] = {
    "order.number": lambda f: str(f.order.id),
    "order.channel_number": lambda f: f.order.external_number,
    "order.lines": _Facts.lines,
    "order.total": lambda f: f.money(f.order.total),
    "order.to_pay": _Facts.owed,
    "order.ship_by": _Facts.day,
    "order.link": lambda f: f.link,
    "payment.link": _Facts.pay_link,
    "buyer.name": lambda f: f.order.buyer_name or f.order.buyer_company,
    "buyer.first_name": lambda f: first_name(f.order.buyer_name),
    "delivery.method": lambda f: f.order.delivery_method,
    "delivery.carrier": lambda f: f.parcels[0][0] if f.parcels else f.order.carrier,
    "delivery.point": lambda f: f.order.pickup_point,
    "tracking.number": lambda f: ", ".join(number for _, number in f.parcels),
    "tracking.url": lambda f: " ".join(filter(None, (
        tracking.follow(carrier, number) for carrier, number in f.parcels))),
    "document.number": _Facts.document,
    "case.number": lambda f: f.case.number if f.case else "",
    "case.lines": _Facts.coming_back,
    "case.due": lambda f: f.dated(f.case.due_at if f.case else None),
    "case.refund": _Facts.paid_back,
    "case.answer": _Facts.answer,
    "case.refusal": _Facts.refusal,
    "case.reason": lambda f: (f.case.reason or f.case.story) if f.case else "",
    "case.address": lambda f: "\n".join(return_settings.address(f.session)),
    "case.how": _Facts.how,
    "case.link": _Facts.case_link,
    "exchange.number": lambda f: str(f.swap.order_id) if f.swap else "",
    "exchange.lines": _Facts.sent_instead,
    "exchange.to_pay": lambda f: f.money(f.swap.due) if f.swap and f.swap.due else "",
    "exchange.refund": lambda f: f.money(f.swap.back) if f.swap and f.swap.back else "",
    "exchange.link": _Facts.swap_link,
    "exchange.account": _Facts.swap_account,
    "exchange.title": lambda f: str(f.swap.order_id) if f.swap and f.swap_account() else "",
    "shop.name": lambda f: f.shop.name if f.shop else "",
    "shop.email": lambda f: f.shop.email if f.shop else "",
    "shop.phone": lambda f: f.shop.phone if f.shop else "",
    "shop.website": lambda f: f.shop.website if f.shop else "",
}
