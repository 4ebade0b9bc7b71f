"""Looking cases up: the queue in its views, what one card shows, why products come back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, union
from sqlalchemy.orm import Session, aliased

from oms_web.core.columns import UtcDateTime
from oms_web.core.paging import Page, seal, unseal_as
from oms_web.core.text import squeeze
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import clocks, ending, kinds, tracks
from oms_web.domain.returns.models import CaseClock, Return, ReturnLine, ReturnUnit
from oms_web.domain.shipping import tracking

SIZE = 50
MOST = 999
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Where a case without a term stands in the queue: after all that have one."""

OPEN = Return.closed_at.is_(None)
_PAID = aliased(Order)
_OWED = and_(Return.owed, exists(
    select(_PAID.id).join(Order, or_(Order.id == _PAID.id, Order.purchase_id == _PAID.purchase_id))
    .where(_PAID.id == Return.order_id, Order.paid_total > Order.refund_pending)))
"""``tracks.owes`` of every case: what it promises, where money of its purchase is there."""

VIEWS: dict[str, tuple[ColumnElement[bool], ...]] = {
    "decide": (OPEN, Return.phase.in_(tracks.UNDECIDED)),
    "coming": (OPEN, Return.goods.in_((tracks.EXPECTED, tracks.ON_WAY))),
    "here": (OPEN, Return.goods == tracks.ARRIVED),
    "money": (OPEN, or_(Return.money.in_((tracks.PLANNED, tracks.SENT, tracks.UNKNOWN)), _OWED)),
    "complaints": (OPEN, Return.kind == kinds.COMPLAINT),
    "orphans": (OPEN, Return.order_id.is_(None)),
    "open": (OPEN,),
    "over": (Return.closed_at.is_not(None),),
}
"""What waits for whom; a case may be in several views, since its tracks are two."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the queue is asked for: a view, a kind, or a number somebody typed."""

    view: str = "decide"
    kind: str = ""
    q: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A case in the queue, with the units that are meant to come and that came, and whether it
    still owes money (``tracks.owes``).
    """

    case: Return
    meant: int
    arrived: int
    title: str
    lines: int
    owes: bool = False


def listed(session: Session, asked: Asked, after: str | None = None, limit: int = SIZE
           ) -> Page[Row]:
    """A page of cases: open ones by the term that ends first, closed ones from the newest."""
    query = select(Return).where(*_conditions(asked))
    over = asked.view == "over" or asked.q
    rank = func.coalesce(Return.due_at, literal(NEVER, UtcDateTime()))
    if over:
        query = query.order_by(Return.id.desc())
        if after:
            query = query.where(Return.id < unseal_as(after, int)[0])
    else:
        query = query.order_by(rank, Return.id)
        if after:
            due, last = unseal_as(after, datetime, int)
            moment = literal(due, UtcDateTime())
            query = query.where(or_(rank > moment, and_(rank == moment, Return.id > last)))
    found = session.scalars(query.limit(limit + 1)).all()
    page = found[:limit]
    token = None
    if len(found) > limit:
        last_row = page[-1]
        token = seal(last_row.id) if over else seal(last_row.due_at or NEVER, last_row.id)
    return Page(_rows(session, page), token)


def newest(session: Session, after: str | None = None, limit: int = SIZE) -> Page[Return]:
    """A page of all cases, the newest first."""
    query = select(Return).order_by(Return.id.desc())
    if after:
        query = query.where(Return.id < unseal_as(after, int)[0])
    found = session.scalars(query.limit(limit + 1)).all()
    return Page(found[:limit], seal(found[limit - 1].id) if len(found) > limit else None)


def lines_of_many(session: Session, ids: Collection[int]) -> dict[int, list[ReturnLine]]:
    """The lines of each case."""
    found: dict[int, list[ReturnLine]] = defaultdict(list)
    for line in session.scalars(
        select(ReturnLine).where(ReturnLine.return_id.in_(ids)).order_by(ReturnLine.id)
    ):
        found[line.return_id].append(line)
    return dict(found)


def _conditions(asked: Asked) -> list[ColumnElement[bool]]:
    if asked.q:
        return [_named(asked.q)]
    where = list(VIEWS.get(asked.view, VIEWS["decide"]))
    if asked.kind in kinds.KINDS:
        where.append(Return.kind == asked.kind)
    return where


def _named(text: str) -> ColumnElement[bool]:
    """The cases a typed or scanned text names: a number of ours, a channel's, an order, a box."""
    plain = text.strip()
    named = [Return.number == plain.upper(), Return.external_number == plain,
             Return.external_id == plain, Return.box == plain,
             Return.buyer_email == plain.lower()]
    number = from_barcode(plain)
    if number is not None:
        named.append(Return.id == number)
    if plain.isascii() and plain.isdigit() and len(plain) < 18:
        named.append(Return.order_id == int(plain))
    return or_(*named)


BARCODE = "RET"


def barcode(case_id: int) -> str:
    """What stands as bars on the form a buyer puts into the parcel."""
    return f"{BARCODE}{case_id}"


def from_barcode(text: str) -> int | None:
    """The case a scanned form names; None when it is no such code."""
    key = squeeze(text).upper()
    digits = key.removeprefix(BARCODE)
    return int(digits) if key.startswith(BARCODE) and digits.isdigit() and len(digits) < 16 \
        else None


def by_tracking(session: Session, text: str, limit: int = 5) -> list[Return]:
    """Open cases that a channel said travel under a tracking number."""
    wanted = tracking.key(text)
    if len(wanted) < 6:
        return []
    rows = session.scalars(
        select(Return).where(OPEN, Return.goods.in_((tracks.EXPECTED, tracks.ON_WAY,
                                                     tracks.ARRIVED)))
        .order_by(Return.id.desc()).limit(2000))
    return [one for one in rows
            if any(tracking.key(str(box.get("tracking") or "")) == wanted
                   for box in one.parcels)][:limit]


def of_order(session: Session, order_id: int) -> list[Return]:
    """The cases of an order, the newest first."""
    return list(session.scalars(
        select(Return).where(Return.order_id == order_id).order_by(Return.id.desc())))


def to_try_on(session: Session, typed: str) -> Return | None:
    """The newest case with an order that a number names; without one the newest of all."""
    query = select(Return).where(Return.order_id.is_not(None))
    if typed.strip():
        query = query.where(_named(typed))
    return session.scalar(query.order_by(Return.id.desc()).limit(1))


def in_box(session: Session, case: Return) -> list[Return]:
    """The other cases whose goods came in the same parcel."""
    if not case.box:
        return []
    return list(session.scalars(
        select(Return).where(Return.box == case.box, Return.id != case.id).order_by(Return.id)
        .limit(50)))


def _rows(session: Session, cases: Sequence[Return]) -> list[Row]:
    """Cases with their units and what they owe: two statements for a page."""
    ids = [case.id for case in cases]
    found = lines_of_many(session, ids)
    owing = set(session.scalars(select(Return.id).where(Return.id.in_(ids), _OWED)))
    return [
        Row(case, sum(one.quantity for one in lines), sum(one.arrived for one in lines),
            lines[0].title if lines else "", len(lines), case.id in owing)
        for case in cases for lines in (found.get(case.id, []),)
    ]


def counts(session: Session) -> dict[str, int]:
    """How many cases each view has, counted to ``MOST`` + 1 at most."""
    return _capped(session, {name: where for name, where in VIEWS.items() if name != "over"})


def waiting(session: Session, urgent_before: datetime) -> dict[str, int]:
    """What the first screen tells of, counted to ``MOST`` + 1 at most: cases ``here`` on the bench,
    ``orphans``, and those that wait for a decision (``undecided``) without those that are to be
    answered before a moment and those without an order, which are cases of their own.
    """
    urgent = select(CaseClock.return_id).where(
        CaseClock.what == clocks.ANSWER, CaseClock.stopped_at.is_(None),
        CaseClock.due_at < urgent_before)
    return _capped(session, {
        "here": VIEWS["here"], "orphans": VIEWS["orphans"],
        "undecided": (*VIEWS["decide"], Return.order_id.is_not(None), Return.id.not_in(urgent)),
    })


def _capped(session: Session, views: Mapping[str, Sequence[ColumnElement[bool]]]) -> dict[str, int]:
    """How many cases meet the conditions of each view, in one statement."""
    counts = [
        select(func.count()).select_from(
            select(Return.id).where(*where).limit(MOST + 1).subquery()).scalar_subquery()
        for where in views.values()
    ]
    return dict(zip(views, session.execute(select(*counts)).one(), strict=True))


def terms_ending(session: Session, before: datetime) -> dict[str, tuple[int, datetime]]:
    """Running terms that end before a moment: what they are for -> how many, and when the first."""
    return {what: (int(n), first) for what, n, first in session.execute(
        select(CaseClock.what, func.count(), func.min(CaseClock.due_at))
        .join(Return, Return.id == CaseClock.return_id)
        .where(OPEN, CaseClock.stopped_at.is_(None), CaseClock.due_at < before)
        .group_by(CaseClock.what))}


def terms_of(session: Session, ids: Collection[int]) -> dict[int, CaseClock]:
    """The running term of each case that ends first; of two at one moment, the one that binds us.
    """
    rows = session.scalars(
        select(CaseClock).where(CaseClock.return_id.in_(ids), CaseClock.stopped_at.is_(None))
        .order_by(CaseClock.due_at.desc(), CaseClock.what.in_(clocks.OURS)))
    return {clock.return_id: clock for clock in rows}


def timeline(session: Session, case_id: int, limit: int = 100) -> list[AuditEntry]:
    """What happened to a case and its refunds, the newest first."""
    entry = aliased(AuditEntry)
    of_case = select(entry.id).where(entry.subject == "return", entry.subject_id == case_id)
    of_refunds = select(entry.id).join(Refund, Refund.id == entry.subject_id).where(
        entry.subject == "refund", Refund.case_id == case_id)
    return list(session.scalars(
        select(AuditEntry).where(AuditEntry.id.in_(union(of_case, of_refunds)))
        .order_by(AuditEntry.id.desc()).limit(limit)))


def refusal(session: Session, case_id: int, language: str) -> str:
    """Why a case was refused last, as its buyer is told: the ground of the law and the word beside
    it. Both stand in the trail.
    """
    entry = _last(session, case_id, "returns.refuse")
    if entry is None:
        return ""
    ground = (entry.change.get("ground") or [None, ""])[1]
    return "\n".join(filter(None, (ending.words(ground, language), entry.note)))


def called_off(session: Session, case_id: int) -> tuple[str, str]:
    """Who took back a case that was called off last (``ending.BY``), and the day on which its buyer
    said so (ISO); empty where it does not say.
    """
    entry = _last(session, case_id, "returns.call_off")
    said = entry.change if entry is not None else {}
    by, day = ((said.get(name) or [None, ""])[1] for name in ("by", "taken_back"))
    return by, day


def was_attached(session: Session, case_id: int) -> bool:
    """Whether somebody said which order a case belongs to, that came without one."""
    return _last(session, case_id, "returns.attach") is not None


def _last(session: Session, case_id: int, act: str) -> AuditEntry | None:
    return session.scalar(
        select(AuditEntry).where(
            AuditEntry.subject == "return", AuditEntry.subject_id == case_id,
            AuditEntry.act == act)
        .order_by(AuditEntry.id.desc()).limit(1))


def units(session: Session, case_id: int) -> dict[int, list[ReturnUnit]]:
    """What was judged, by line."""
    found: dict[int, list[ReturnUnit]] = defaultdict(list)
    for one in session.scalars(select(ReturnUnit).where(ReturnUnit.return_id == case_id)
                               .order_by(ReturnUnit.id)):
        found[one.line_id].append(one)
    return dict(found)


@dataclass(frozen=True, slots=True)
class Why:
    """Why a product comes back. ``sent``: units that left in the same span of time."""

    variant_id: int
    sku: str
    title: str
    returned: int
    sent: int
    reasons: dict[str, int]

    @property
    def share(self) -> int | None:
        """Returned of sent, in per cent, rounded half up; None where nothing was sent."""
        return (200 * self.returned + self.sent) // (2 * self.sent) if self.sent else None


def reasons(session: Session, since: datetime, limit: int = 50) -> list[Why]:
    """Products that came back since a moment, those with most units first."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    names: dict[int, tuple[str, str]] = {}
    code = func.coalesce(func.nullif(ReturnLine.reason_code, ""),
                         func.nullif(Return.reason_code, ""), "")
    for row in session.execute(
        select(ReturnLine.variant_id, code.label("code"), func.sum(ReturnLine.quantity).label("n"),
               func.max(ReturnLine.sku).label("sku"), func.max(ReturnLine.title).label("title"))
        .join(Return, Return.id == ReturnLine.return_id)
        .where(Return.created_at >= since, Return.phase != tracks.OFF,
               ReturnLine.variant_id.is_not(None))
        .group_by(ReturnLine.variant_id, code)
    ):
        found[row.variant_id][row.code] = int(row.n)
        names[row.variant_id] = (row.sku, row.title)
    most = sorted(found, key=lambda one: (-sum(found[one].values()), one))[:limit]
    sent = dict(session.execute(
        select(OrderLine.variant_id, func.sum(OrderLine.shipped))
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.variant_id.in_(most), Order.placed_at >= since)
        .group_by(OrderLine.variant_id)).all())
    return [
        Why(one, *names[one], sum(found[one].values()), int(sent.get(one) or 0),
            dict(sorted(found[one].items(), key=lambda pair: (-pair[1], pair[0]))))
        for one in most
    ]
