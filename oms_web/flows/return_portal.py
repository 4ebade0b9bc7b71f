"""What a buyer does without an account: asks for the link, withdraws, sends back, complains.

A withdrawal counts when it is declared, also with a mistake in the number of the order: it is kept
word for word with its time and hash, and acknowledged by e-mail at once. What is answered to a
stranger never says whether an order exists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from babel.dates import format_date, format_datetime
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.clock import SHOP_ZONE, local_day
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import no_withdrawal
from oms_web.domain.company.models import Company
from oms_web.domain.messages import case_letters, pages, service, wording
from oms_web.domain.messages import settings as mail
from oms_web.domain.messages.models import Message
from oms_web.domain.messages.wording import EMAIL
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.returns import (
    clocks,
    kinds,
    settings,
    statements,
    tracks,
    turning,
    withdrawing,
)
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.models import Return, Statement
from oms_web.domain.returns.service import Opening
from oms_web.domain.returns.withdrawing import Standing

LINK_PAUSE = 300
"""Seconds in which an order's link is sent once, however often it is asked for."""
MOST_LETTERS = 5
"""Acknowledgements a day to one address that belongs to no order it names."""
NEW, TURNED, HELD, EXCEPTED, NOTHING = "new", "turned", "held", "excepted", "nothing"
"""What becomes of a statement of withdrawal; see ``withdraw``."""
_BABEL = {"pl": "pl_PL", "en": "en_GB"}


@dataclass(frozen=True, slots=True)
class Declared:
    """A withdrawal as it is declared. ``order_id``: known by the key of a page; else ``number`` is
    what was typed. ``lines``: order line -> units; empty: all of it. ``account``: a bank account,
    where money cannot go back the way it came.
    """

    name: str
    email: str
    number: str
    key: str
    order_id: int | None = None
    lines: Mapping[int, int] = field(default_factory=dict)
    what: str = ""
    language: str = "pl"
    account: str = ""


def is_open(session: Session) -> bool:
    """Whether buyers may come at all: it is turned on, and what they declare is acknowledged."""
    return settings.current(session).portal and mail.reaches(session)


def find(session: Session, number: str, email: str) -> Order | None:
    """The order of a number, ours or a channel's, if it is one of this address."""
    plain, wanted = tidy(number).lstrip("#"), email.strip().lower()
    if not plain or not wanted:
        return None
    matches = (Order.external_number == plain) & Order.account_id.is_not(None)
    if plain.isascii() and plain.isdigit() and len(plain) < 16:
        matches = matches | (Order.id == int(plain))
    rows = session.scalars(select(Order).where(matches).order_by(Order.id.desc()).limit(10))
    return next((one for one in rows if one.buyer_email.strip().lower() == wanted), None)


def number_of(order: Order) -> str:
    """The number that its buyer knows: its channel's, else ours. Where an order was taken down by
    hand, that field says where it came from, which is no number.
    """
    return order.external_number if order.account_id and order.external_number else str(order.id)


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
        "number": number_of(order), "link": f"{address}/return",
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

    Every statement is kept and acknowledged. What becomes of it stands in the record (``effect``):
    ``new``, a case of its own; ``turned``, a case that its goods are in goes on as a withdrawal
    (cases that turn beside another are named in ``turned``, and the statement stands there, too);
    ``held``, they are in a case that is one, or whose money went back: it stays as it is;
    ``excepted``, the law knows no withdrawal from them, so the desk decides and no term runs;
    ``nothing``, all of it was paid back or cancelled.

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
    stated = _stated(declared, lines)
    known = _known(work.session, order, declared.key)
    if known is not None:
        return cases.get(work.session, known.return_id), known, False
    standings = withdrawing.of_order(work.session, order, lines) if order else {}
    case, effect, about, beside = _case_of(work, order, lines, standings, stated, declared)
    named = {line.id: line.title for line in lines}
    content = {
        "name": tidy(declared.name)[:200], "email": declared.email.strip()[:200],
        "order": order.id if order else 0, "number": tidy(declared.number)[:120],
        "goods": [[units, named[one]] for one, units in stated.items()],
        "units": [[one, units] for one, units in about.items()], "effect": effect,
        "turned": [one.number for one in beside],
        "held": _held(stated, about) if effect == HELD else [],
        "what": tidy(declared.what)[:1000], "confirmed": 1, "key": declared.key}
    record = statements.record(work, case.id, kinds.WITHDRAWAL, content)
    for one in beside:
        statements.record(work, one.id, kinds.WITHDRAWAL,
                          content | {"units": [], "effect": TURNED, "turned": []})
    also = _exchanges(standings, stated, about, {case.id, *(one.id for one in beside)})
    for one in also:
        statements.record(work, one.id, kinds.WITHDRAWAL, content | {
            "units": [], "effect": HELD, "turned": [], "held": _held(stated, about)})
    for one in (*beside, *also) if effect == NEW else (case, *beside, *also):
        audit.record(work, "returns.declared", "return", one.id, {}, order_id=one.order_id)
    excepted = [named[line] for line in stated
                if line in standings and no_withdrawal.excludes(standings[line].reason)]
    _acknowledge(work, case, order, record, declared, excepted)
    return case, record, True


def _stated(declared: Declared, lines: Sequence[OrderLine]) -> dict[int, int]:
    """Order line -> units that a statement names; one that names none is about all of it."""
    if set(declared.lines) - {line.id for line in lines}:
        raise Invalid("This is no line of the order.", "units")
    return {one: units for one, units in declared.lines.items() if units > 0} or \
        {line.id: line.quantity - line.cancelled for line in lines
         if line.quantity > line.cancelled}


def _known(session: Session, order: Order | None, key: str) -> Statement | None:
    """The statement that the same form made before."""
    mine = Return.form_key == f"buyer:{key}"
    rows = session.scalars(
        select(Statement).join(Return, Return.id == Statement.return_id)
        .where(mine if order is None else mine | (Return.order_id == order.id))
        .order_by(Statement.id))
    return next((one for one in rows if one.content.get("key") == key), None)


def _case_of(work: Work, order: Order | None, lines: Sequence[OrderLine],
             standings: Mapping[int, Standing], stated: Mapping[int, int], declared: Declared
             ) -> tuple[Return, str, dict[int, int], list[Return]]:
    """The case of a statement, what becomes of it, the units it takes effect on in a case of its
    own, and the other cases that go on as withdrawals by it.
    """
    about = {one: some for one, units in stated.items()
             if (some := min(units, standings[one].left)) > 0}
    left = Counter(about)
    turned, parts = _turn(work, order, standings, Counter(stated) - left)
    about = {one: some for one in stated
             if (some := left[one] + sum(taken[one] for _, taken in parts)) > 0}
    if about or order is None:
        case = _open(work, order, lines, about, declared)
        for one, taken in parts:
            turning.parted(work, one, case, taken.total(), agreed=not left)
        return case, NEW, about, turned
    if turned:
        return turned[0], TURNED, {}, turned[1:]
    held = withdrawing.holding(standings, stated)
    if held:
        return cases.lock(work.session, held[0].id), HELD, {}, []
    about = {one: some for one, units in stated.items()
             if (some := min(units, standings[one].excepted)) > 0}
    return (_open(work, order, lines, about, declared, lawful=False),
            EXCEPTED if about else NOTHING, about, [])


def _held(stated: Mapping[int, int], about: Mapping[int, int]) -> list[list[int]]:
    """Order line and units of what is stated and takes no effect in a case of its own."""
    return [[one, units] for one, units in (Counter(stated) - Counter(about)).items()]


def _exchanges(standings: Mapping[int, Standing], stated: Mapping[int, int],
               about: Mapping[int, int], known: Collection[int]) -> list[Return]:
    """The other exchanges that hold some of what is stated: the seller calls them off, so the
    statement stands there, too.
    """
    more = [one for one, units in stated.items() if units > about.get(one, 0) and one in standings]
    return [one for one in withdrawing.holding(standings, more)
            if one.id not in known and withdrawing.holds_statement(one)]


def _turn(work: Work, order: Order | None, standings: Mapping[int, Standing],
          wanted: Counter[int]) -> tuple[list[Return], list[tuple[Return, Counter[int]]]]:
    """Let the cases that hold these units by the seller's leave go on as withdrawals: the whole of
    them, or what is taken out of them for a case of its own.
    """
    found: list[Return] = []
    parts: list[tuple[Return, Counter[int]]] = []
    if order is None:
        return found, parts
    in_time = turning.in_time(work, order)
    for one in withdrawing.holding(standings, wanted):
        case = cases.lock(work.session, one.id)
        held = Counter({line: share.lines for line in wanted for share in standings[line].shares
                        if share.case.id == case.id}) & wanted
        if not held or not turning.turns(case, in_time=in_time):
            continue
        if taken := Counter(turning.part(work, case, wanted)):
            parts.append((case, taken))
        else:
            turning.turn(work, case, order)
            found.append(case)
        wanted = wanted - held
    return found, parts


def _open(work: Work, order: Order | None, lines: Sequence[OrderLine], about: Mapping[int, int],
          declared: Declared, *, lawful: bool = True) -> Return:
    named = {line.id: line.title for line in lines}
    sent = cases.returnable(work.session, lines) if lines else {}
    case, _ = cases.open_case(work, order, lines, Opening(
        kinds.WITHDRAWAL, source="buyer", lawful=lawful,
        lines={one: min(units, sent[one]) for one, units in about.items()},
        story=case_letters.goods([(units, named[one]) for one, units in about.items()])
        or tidy(declared.what)[:1000],
        buyer_name=declared.name, buyer_email=declared.email.strip(),
        bank_account=declared.account,
        reason="" if order else f"{tidy(declared.number)[:80]}",
        form_key=f"buyer:{declared.key}"))
    return case


def _acknowledge(work: Work, case: Return, order: Order | None, record: Statement,
                 declared: Declared, excepted: Sequence[str]) -> None:
    """Repeat the statement to whoever made it, with its moment, and say what follows from it."""
    recipient = declared.email.strip()
    if order is None and _letters_today(work, recipient) >= MOST_LETTERS:
        return
    language, said = declared.language, record.content
    counts = said["effect"] in (NEW, TURNED)
    unsent = said["effect"] == NEW and order is not None and case.goods == tracks.GOODS_NONE
    to_send = counts and not unsent and case.goods in (tracks.GOODS_NONE, tracks.EXPECTED)
    letter = case_letters.WITHDRAWN if to_send else case_letters.NOTED
    values = {
        "case": case.number, "at": _moment(record.at, language), "name": said["name"],
        "number": said["number"] or str(case.order_id or ""), "email": recipient,
        "lines": case_letters.goods(said["goods"]) or said["what"], "digest": record.digest,
        "excepted": ", ".join(excepted) if counts else "", "turned": ", ".join(said["turned"]),
        "follows": case_letters.follows("unsent" if unsent else said["effect"], language),
        **_way_back(work.session, language)}
    service.put(work, EMAIL, recipient, case_letters.render(letter, language, values),
                name=case_letters.NAMES[letter], key=f"case:{case.id}:withdrawn:{record.id}",
                order_id=case.order_id)


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
