"""From an order to an invoice without a number: what it would say, and what stands in its way.

The issue page shows the draft, the flow issues the very same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, NotAllowedNow, OmsError
from oms_web.core.money import line_total, spread
from oms_web.core.work import Work
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.company.models import Company
from oms_web.domain.company.service import home_of
from oms_web.domain.documents import (
    buyers,
    dating,
    exchange,
    kinds,
    settling,
    snapshot,
    treatment,
    vat,
)
from oms_web.domain.documents.charges import GOODS, Charge, charges
from oms_web.domain.documents.labels import LANGUAGES
from oms_web.domain.documents.queries import advances_of
from oms_web.domain.documents.snapshot import Exchange, Settlement, Terms
from oms_web.domain.documents.tax_ids import is_union_number
from oms_web.domain.documents.treatment import Sale
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.service import order_lines

PAYMENT_DAYS = 7
CREDIT_DAYS = 14
# From this gross amount on, invoices between companies may fall under split payment (art. 108a).
SPLIT_PAYMENT_FROM = 15_000_00

_SELLER_ADDRESS = ("street", "postcode", "city", "country")
_SELLER_FIELDS = ("tax_id", "email", "phone", "website", "bank_account", "bank_name")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person may decide when issuing; everything has a sensible default.

    Attributes:
        buyer: Replaces the order's buyer on the document: address fields and ``tax_id``.
        rates: Line id -> VAT rate, for lines whose product says none.
        unpaid: Issue although a prepaid order is not paid; the document then asks for payment.
        treatment: How the sale is taxed, where it is not as proposed (``treatment.py``).
        receipt: The number of the fiscal receipt that the invoice belongs to.
        receipt_named: That receipt bears the buyer's tax number.
    """

    series_id: int | None = None
    language: str = ""
    method: str = ""
    issue_date: date | None = None
    sale_date: date | None = None
    due_date: date | None = None
    buyer: Mapping[str, str] | None = None
    rates: Mapping[int, str] = field(default_factory=dict)
    exchange: Exchange | None = None
    unpaid: bool = False
    split_payment: bool = False
    exempt_basis: str = ""
    remark: str = ""
    treatment: str = ""
    receipt: str = ""
    receipt_named: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """``snapshot`` is None when not even sums can be shown; ``problems`` are keyed by field;
    ``proposed`` is the treatment that the facts call for.
    """

    snapshot: dict[str, Any] | None
    problems: dict[str, OmsError]
    goods: list[Charge]
    buyer: dict[str, str]
    proposed: str


def draft_invoice(work: Work, order: Order, ask: Ask, kind: str = kinds.INVOICE) -> Draft:
    """The invoice of an order as it would be issued now, or its pro forma or advance invoice.

    An order with advance invoices gets a final one that settles them.

    Raises:
        NotAllowedNow: the order is a draft or cancelled: there is nothing to document.
    """
    if order.phase == phases.DRAFT:
        raise NotAllowedNow("This order is a draft: there is nothing to invoice yet.",
                            phases.allowed(order.phase))
    if order.phase == phases.CANCELLED:
        raise NotAllowedNow("This order is cancelled: there is nothing to invoice.")
    company = work.session.get(Company, 1)
    problems: dict[str, OmsError] = {}
    _check_company(company, problems)
    buyer = buyers.tidy(ask.buyer) if ask.buyer else buyers.of_order(order)
    taxing = _taxing(order, company, buyer, ask, problems)
    proposed = treatment.proposed(taxing.sale)
    goods = _goods(work, order, ask, taxing, problems)
    problems |= buyers.problems_of(buyer)
    _check_receipt(ask, buyer, problems)
    if kind == kinds.INVOICE:
        _check_payment(order, ask, problems)
    if any(not line.rate for line in goods):
        return Draft(None, problems, goods, buyer, proposed)
    try:
        lines = charges(goods, order.shipping_total, _discount_left(order, goods))
    except OmsError as refusal:
        return Draft(None, {**problems, "order": refusal}, goods, buyer, proposed)
    home = company.currency if company else "PLN"
    terms = replace(_terms(work, order, ask, buyer, home, company), kind=kind,
                    treatment=taxing.treatment)
    terms = _at_home(work.session, terms, lines, problems)
    if kind != kinds.PROFORMA:
        _check_law(terms, lines, problems)
        _check_days(terms, local_day(work.now), problems)
    made = snapshot.invoice(
        terms, seller_of(company), buyer, _recipient_of(order, buyer), lines,
        _settlement(work, order, ask, terms), design_of(company, terms.language),
    )
    _check_said(ask, terms, problems)
    if made["total"]["gross"] <= 0:
        problems["order"] = Invalid("The total is nought: there is nothing to invoice.")
    if kind != kinds.PROFORMA:
        made = _settled(work.session, order, made, problems)
    return Draft(made, problems, goods, buyer, proposed)


def _settled(session: Session, order: Order, made: dict[str, Any], problems: dict[str, OmsError]
             ) -> dict[str, Any]:
    """The advance invoice of what was paid, or the invoice less its advances."""
    advances = advances_of(session, order.id)
    given = sum(one["gross"] for one in advances)
    if made["kind"] == kinds.ADVANCE:
        whole = made["total"]["gross"]
        try:
            return settling.advance(made, min(made["payment"]["paid"], whole) - given, advances)
        except Invalid as refusal:
            problems["order"] = refusal
            return made
    if not advances:
        return made
    final = settling.final(made, advances)
    if final["total"]["gross"] <= 0:
        problems["order"] = NotAllowedNow(
            "Its advance invoices cover this order: no other invoice follows.")
    return final


@dataclass(frozen=True, slots=True)
class _Taxing:
    """How a sale is taxed, and the facts it was decided by."""

    treatment: str
    sale: Sale


def _taxing(order: Order, company: Company | None, buyer: Mapping[str, str], ask: Ask,
            problems: dict[str, OmsError]) -> _Taxing:
    home = home_of(company)
    sale = Sale(
        home, bool(company and company.eu_vat), bool(company and company.oss),
        is_union_number(buyer["tax_id"], buyer["country"], home),
        str((order.ship_to or {}).get("country") or ""),
    )
    if not ask.treatment:
        return _Taxing(treatment.proposed(sale), sale)
    try:
        return _Taxing(treatment.check(ask.treatment, sale), sale)
    except Invalid as refusal:
        problems["treatment"] = refusal
        return _Taxing(treatment.DOMESTIC, sale)


def seller_of(company: Company | None) -> dict[str, Any]:
    """The company as documents name it; what is not filled in is empty text."""
    address = (company.address or {}) if company else {}
    return {
        "name": (company.legal_name or company.name) if company else "",
        "address": {part: str(address.get(part) or "") for part in _SELLER_ADDRESS},
    } | {
        name: getattr(company, name, "") or "" for name in _SELLER_FIELDS
    }


def design_of(company: Company | None, language: str) -> dict[str, Any]:
    """How documents look now: accent, logo, and the footer with its fields unfilled."""
    if company is None:
        return {"accent": "#3350D4", "logo": None, "footer": ""}
    footer = company.footer_pl if language == "pl" else company.footer_en
    return {"accent": company.accent, "logo": company.logo_file, "footer": footer}


def language_for(country: str) -> str:
    """The language a buyer's documents are in unless somebody chooses."""
    return "pl" if country in ("", "PL") else "en"


def _check_company(company: Company | None, problems: dict[str, OmsError]) -> None:
    address = (company.address or {}) if company else {}
    named = company and (company.legal_name or company.name) and company.tax_id
    if not named or not all(address.get(part) for part in ("street", "postcode", "city")):
        problems["company"] = NotAllowedNow(
            "An invoice needs your company's name, tax number and address. Complete them in "
            "Settings."
        )


def _goods(work: Work, order: Order, ask: Ask, taxing: _Taxing, problems: dict[str, OmsError]
           ) -> list[Charge]:
    session = work.session
    lines = [line for line in order_lines(session, order.id) if line.quantity > line.cancelled]
    known = _of_products(session, lines)
    day = _supplied(work, order, ask)
    goods = []
    for line in lines:
        left = line.quantity - line.cancelled
        amount = line.total if not line.cancelled \
            else line_total(line.unit_price, left, order.currency)
        rate, gtu = known.get(line.variant_id or 0, ("", ""))
        usual = treatment.rate_for(taxing.treatment, line.vat_rate or rate, taxing.sale, day)
        goods.append(Charge(
            GOODS, _rate(ask.rates.get(line.id) or usual, line, taxing, day, problems), amount,
            left,
            line.unit_price, title=line.title, sku=line.sku, line_id=line.id, gtu=gtu,
        ))
    return goods


def _rate(said: str, line: OrderLine, taxing: _Taxing, day: date, problems: dict[str, OmsError]
          ) -> str:
    """The rate of a line; empty, with a problem, where it is missing or in force nowhere: a channel
    or a file may say anything, and what it says wrong is a question, not an invoice."""
    where = f"rate_{line.id}"
    if not said:
        problems[where] = Invalid("Choose the VAT rate of %(title)s.", where, title=line.title)
        return ""
    try:
        return treatment.check_rate(vat.tidy_rate(said), taxing.treatment, taxing.sale, day, where)
    except Invalid as refusal:
        problems[where] = refusal
        return ""


def _of_products(session: Session, lines: list[OrderLine]) -> dict[int, tuple[str, str]]:
    """Variant -> VAT rate and code of goods of its product."""
    wanted = {line.variant_id for line in lines if line.variant_id}
    if not wanted:
        return {}
    return {
        variant_id: (rate, gtu)
        for variant_id, rate, gtu in session.execute(
            select(Variant.id, Product.vat_rate, Product.gtu)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.id.in_(wanted))
        )
    }


def _discount_left(order: Order, goods: list[Charge]) -> int:
    """The share of the order's discount that falls on what was not cancelled."""
    kept = sum(line.amount for line in goods)
    gone = max(order.items_total - kept, 0)
    return spread(order.discount_total, [kept, gone])[0] if gone else order.discount_total


def _recipient_of(order: Order, buyer: Mapping[str, str]) -> dict[str, str] | None:
    if not order.bill_to:
        return None
    ship_to = {name: str(order.ship_to.get(name) or "") for name in snapshot.ADDRESS_FIELDS}
    same = all(ship_to[name] == buyer[name] for name in snapshot.ADDRESS_FIELDS)
    return None if same or not snapshot.party_name(ship_to) else ship_to


def _check_receipt(ask: Ask, buyer: Mapping[str, str], problems: dict[str, OmsError]) -> None:
    if ask.receipt.strip() and buyer["tax_id"] and not ask.receipt_named:
        problems["receipt_named"] = NotAllowedNow(
            "A company gets an invoice to a receipt only if its tax number is on the receipt "
            "(art. 106b ust. 5)."
        )


def _check_payment(order: Order, ask: Ask, problems: dict[str, OmsError]) -> None:
    if order.payment_state in ("unpaid", "part") and not ask.unpaid:
        problems["unpaid"] = NotAllowedNow(
            "This order is not paid yet. Say so if the invoice shall go out with a request to pay."
        )


def _check_said(ask: Ask, terms: Terms, problems: dict[str, OmsError]) -> None:
    """What was typed, and would be printed as it is."""
    for name, said, most in (("exempt_basis", ask.exempt_basis, snapshot.LONGEST_BASIS),
                             ("remark", ask.remark, snapshot.LONGEST_REMARK)):
        if len(said.strip()) > most:
            problems[name] = Invalid("At most %(limit)s characters.", name, limit=most)
    if ask.due_date is not None and abs((ask.due_date - terms.issue_date).days) > 366:
        problems["due_date"] = Invalid("This is more than a year from the issue date.", "due_date")


def _check_law(terms: Terms, lines: list[Charge], problems: dict[str, OmsError]) -> None:
    needs = snapshot.needs_exchange(terms.method, lines, terms.currency, terms.home_currency)
    if needs and terms.exchange is None:
        problems["exchange_rate"] = exchange.missing(terms.sale_date, terms.issue_date) \
            if terms.home_currency == exchange.HOME else Invalid(
            "VAT must also be given in %(home)s: type the rate of %(currency)s.",
            "exchange_rate", home=terms.home_currency, currency=terms.currency,
        )
    if any(line.rate == vat.EXEMPT for line in lines) and not terms.exempt_basis:
        problems["exempt_basis"] = Invalid("Name the provision that exempts these goods.",
                                           "exempt_basis")


def _check_days(terms: Terms, today: date, problems: dict[str, OmsError]) -> None:
    try:
        dating.check(terms.kind, terms.issue_date, terms.sale_date, today)
    except Invalid as refusal:
        problems[refusal.field] = refusal


def _terms(work: Work, order: Order, ask: Ask, buyer: Mapping[str, str], home: str,
           company: Company | None) -> Terms:
    issue_date = ask.issue_date or local_day(work.now)
    methods = vat.methods_for(order.prices_include_tax)
    language = ask.language if ask.language in LANGUAGES else language_for(buyer["country"])
    return Terms(
        language=language,
        currency=order.currency,
        home_currency=home,
        issue_date=issue_date,
        sale_date=_supplied(work, order, ask),
        method=ask.method if ask.method in methods else methods[0],
        order_number=str(order.id),
        channel_number=order.external_number,
        delivery_method=order.delivery_method,
        exchange=ask.exchange,
        split_payment=ask.split_payment,
        exempt_basis=ask.exempt_basis or (company.exempt_basis if company else ""),
        remark=ask.remark.strip(),
        issued_by=work.actor.signature,
        receipt=ask.receipt.strip()[:60],
    )


def _at_home(session: Session, terms: Terms, lines: list[Charge],
             problems: dict[str, OmsError]) -> Terms:
    """With the bank's rate of the day that counts, where VAT has to be said at home too."""
    if terms.home_currency != exchange.HOME or \
            not snapshot.needs_exchange(terms.method, lines, terms.currency, terms.home_currency):
        return terms
    of_sale = terms.sale_date, terms.issue_date
    if terms.exchange is None:
        return replace(terms, exchange=exchange.find(session, terms.currency, *of_sale))
    try:
        exchange.check(session, terms.currency, terms.exchange, *of_sale)
    except Invalid as refusal:
        problems[refusal.field] = refusal
    return terms


def _supplied(work: Work, order: Order, ask: Ask) -> date:
    """The day of the sale: when the goods left, else when they were paid, else today."""
    supplied = order.shipped_at or order.paid_at
    issue_date = ask.issue_date or local_day(work.now)
    return ask.sale_date or (local_day(supplied) if supplied else issue_date)


def _settlement(work: Work, order: Order, ask: Ask, terms: Terms) -> Settlement:
    due = ask.due_date
    if due is None and order.payment_state in ("unpaid", "part", "credit"):
        days = CREDIT_DAYS if order.payment_kind == "credit" else PAYMENT_DAYS
        due = terms.issue_date + timedelta(days=days)
    paid = lineage.paid_of(work.session, order)
    return Settlement(order.payment_kind, order.payment_method, paid, due)


def may_need_split_payment(made: Mapping[str, Any]) -> bool:
    """Whether amount and buyer are of the kind that split payment is about (zloty only)."""
    return bool(made["buyer"]["tax_id"]) and made["currency"] == "PLN" \
        and made["total"]["gross"] > SPLIT_PAYMENT_FROM
