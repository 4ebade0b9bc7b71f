"""What a buyer does without an account: asks for the link, withdraws, sends back, complains.

A withdrawal counts when it is declared, also with a mistake in the number of the order: it is kept
word for word with its time and hash, and acknowledged by e-mail at once. What is answered to a
stranger never says whether an order exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from babel.dates import format_date, format_datetime
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.clock import SHOP_ZONE, local_day
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.company.models import Company
from oms_web.domain.messages import case_letters, pages, service, wording
from oms_web.domain.messages import settings as mail
from oms_web.domain.messages.models import Message
from oms_web.domain.messages.wording import EMAIL
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import clocks, kinds, settings, statements, tracks
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.models import Return, Statement
from oms_web.domain.returns.service import Opening

LINK_PAUSE = 300
"""Seconds in which an order's link is sent once, however often it is asked for."""
MOST_LETTERS = 5
"""Acknowledgements a day to one address that belongs to no order it names."""
_BABEL = {"pl": "pl_PL", "en": "en_GB"}


@dataclass(frozen=True, slots=True)
class Declared:
    """A withdrawal as it is declared. ``order_id``: known by the key of a page; else ``number`` is
    what was typed. ``lines``: order line -> units; empty: all of it.
    """

    name: str
    email: str
    number: str
    key: str
    order_id: int | None = None
    lines: Mapping[int, int] = field(default_factory=dict)
    what: str = ""
    language: str = "pl"


def is_open(session: Session) -> bool:
    """Whether buyers may come at all: it is turned on, and letters can be sent."""
    row = mail.get(session)
    return settings.current(session).portal and mail.is_mailing(row)


def find(session: Session, number: str, email: str) -> Order | None:
    """The order of a number, ours or a channel's, if it is one of this address."""
    plain, wanted = tidy(number).lstrip("#"), email.strip().lower()
    if not plain or not wanted:
        return None
    matches = Order.external_number == plain
    if plain.isascii() and plain.isdigit() and len(plain) < 16:
        matches = matches | (Order.id == int(plain))
    rows = session.scalars(select(Order).where(matches).order_by(Order.id.desc()).limit(10))
    return next((one for one in rows if one.buyer_email.strip().lower() == wanted), None)


def send_link(work: Work, number: str, email: str) -> None:
    """Send the link to an order's page to its own address, if number and address fit.

    The same whether they do or not, as far as anybody can see.
    """
    order = find(work.session, number, email)
    if order is None or order.phase == "draft":
        return
    address = pages.link(work, order.id)
    if not address:
        return
    language = wording.language_of(order.country)
    rendered = case_letters.render(case_letters.LINK, language, {
        "number": order.external_number or str(order.id), "link": f"{address}/return",
        "shop": _shop(work.session)})
    service.put(work, EMAIL, order.buyer_email.strip(), rendered,
                name=case_letters.NAMES[case_letters.LINK], order_id=order.id,
                key=f"case:link:{order.id}:{int(work.now.timestamp()) // LINK_PAUSE}")


# Withdrawal -------------------------------------------------------------------------------------


def check(declared: Declared) -> None:
    """See that a statement says who, what contract, and where to answer.

    Raises:
        InvalidForm: naming the fields that are missing.
    """
    problems: dict[str, OmsError] = {}
    if not tidy(declared.name):
        problems["name"] = Invalid("Fill this in.", "name")
    if not tidy(declared.number) and declared.order_id is None:
        problems["number"] = Invalid("Fill this in.", "number")
    if not mail.ADDRESS.fullmatch(declared.email.strip()):
        problems["email"] = Invalid("This is not an e-mail address.", "email")
    if problems:
        raise InvalidForm(problems)


def withdraw(work: Work, declared: Declared) -> tuple[Return, Statement, bool]:
    """Take a confirmed statement of withdrawal; returns its case, its record, whether it is new.

    Raises:
        InvalidForm: name, number or e-mail is missing.
        Invalid: units that the order does not have.
    """
    check(declared)
    order = orders.lock_order(work.session, declared.order_id) if declared.order_id else None
    if order is None:
        found = find(work.session, declared.number, declared.email)
        order = orders.lock_order(work.session, found.id) if found else None
    lines = orders.order_lines(work.session, order.id) if order else []
    named = {line.id: line.title for line in lines}
    if set(declared.lines) - set(named):
        raise Invalid("This is no line of the order.", "units")
    left = cases.returnable(work.session, lines) if lines else {}
    wanted = {one: units for one, units in declared.lines.items() if units > 0} or \
        {line.id: line.quantity - line.cancelled for line in lines}
    goods = [(units, named[one]) for one, units in wanted.items() if units]
    case, fresh = cases.open_case(work, order, lines, Opening(
        kinds.WITHDRAWAL, source="buyer", reason_code="changed_mind",
        lines={one: min(units, left.get(one, 0)) for one, units in wanted.items()},
        story=case_letters.goods(goods) or tidy(declared.what)[:1000],
        buyer_name=declared.name, buyer_email=declared.email.strip(),
        reason="" if order else f"{tidy(declared.number)[:80]}",
        form_key=f"buyer:{declared.key}"))
    if not fresh:
        return case, statements.of_case(work.session, case.id)[0], False
    record = statements.record(work, case.id, kinds.WITHDRAWAL, {
        "name": tidy(declared.name)[:200], "email": declared.email.strip()[:200],
        "order": order.id if order else 0, "number": tidy(declared.number)[:120],
        "goods": [[units, title] for units, title in goods],
        "what": tidy(declared.what)[:1000], "confirmed": 1})
    _acknowledge(work, case, order, record, case_letters.goods(goods) or tidy(declared.what),
                 declared)
    return case, record, True


def _acknowledge(work: Work, case: Return, order: Order | None, record: Statement, goods: str,
                 declared: Declared) -> None:
    recipient = declared.email.strip()
    if order is None and _letters_today(work, recipient) >= MOST_LETTERS:
        return
    language = declared.language
    values = {
        "case": case.number, "at": _moment(record.at, language), "name": tidy(declared.name)[:200],
        "number": tidy(declared.number)[:120] or str(case.order_id or ""), "lines": goods,
        "email": recipient, "digest": record.digest, **_way_back(work.session, language)}
    service.put(work, EMAIL, recipient,
                case_letters.render(case_letters.WITHDRAWN, language, values),
                name=case_letters.NAMES[case_letters.WITHDRAWN],
                key=f"case:{case.id}:withdrawn", order_id=case.order_id)


def _letters_today(work: Work, recipient: str) -> int:
    return work.session.scalar(
        select(func.count()).select_from(Message)
        .where(Message.recipient == recipient, Message.order_id.is_(None),
               Message.created_at > work.now - timedelta(days=1))) or 0


# Returns and complaints ---------------------------------------------------------------------------


def request(work: Work, order_id: int, opening: Opening, language: str) -> tuple[Return, bool]:
    """Take what a buyer asks for on the page of their order; returns it, whether it is new.

    Raises:
        Invalid: naming the field: nothing chosen, more than was sent, a complaint without words.
        NotAllowedNow: nothing of the order has left yet.
    """
    order = orders.lock_order(work.session, order_id)
    lines = orders.order_lines(work.session, order_id)
    if opening.kind == kinds.WITHDRAWAL:
        raise Invalid("Choose what kind of case it is.", "kind")
    if not any(opening.lines.values()):
        raise Invalid("Choose what it is about.", "units")
    if not any(line.shipped for line in lines):
        raise NotAllowedNow("Nothing of this order has left yet.")
    case, fresh = cases.open_case(work, order, lines, opening)
    if not fresh:
        return case, False
    titles = {line.id: line.title for line in lines}
    goods = [(units, titles[one]) for one, units in opening.lines.items() if units]
    record = statements.record(work, case.id, opening.kind, {
        "order": order.id, "goods": [[units, title] for units, title in goods],
        "story": opening.story[:5000], "wish": opening.wish, "reason": opening.reason_code,
        **({"instead": case.instead} if case.instead else {})})
    due = next((one.due_at for one in cases.clocks_of(work.session, case.id)
                if one.what == clocks.ANSWER), None)
    service.put(
        work, EMAIL, order.buyer_email.strip(),
        case_letters.render(case_letters.RECEIVED, language, {
            "case": case.number, "at": _moment(record.at, language), "number": str(order.id),
            "lines": case_letters.goods(goods), "story": opening.story[:5000],
            "instead": case.instead,
            "due": "" if due is None else format_date(local_day(due), "long",
                                                      locale=_BABEL[language]),
            **({} if opening.goods == tracks.GOODS_NONE else _way_back(work.session, language)),
            "shop": _shop(work.session)}),
        name=case_letters.NAMES[case_letters.RECEIVED], key=f"case:{case.id}:received",
        order_id=order.id)
    return case, True


def _way_back(session: Session, language: str) -> dict[str, str]:
    said = settings.current(session)
    return {"address": "\n".join(settings.address(session)),
            "how": said.how_en if language == "en" else said.how_pl, "shop": _shop(session)}


def _moment(at: datetime, language: str) -> str:
    return format_datetime(at.astimezone(SHOP_ZONE), "d MMMM y, HH:mm:ss",
                           locale=_BABEL[language])


def _shop(session: Session) -> str:
    shop = session.get(Company, 1)
    return shop.name if shop else ""
