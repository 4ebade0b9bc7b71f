"""Lines of statements: stored once, and the orders that they may be meant for."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.clock import day_bounds
from oms_web.core.db import upsert
from oms_web.core.errors import NotFound
from oms_web.core.text import squeeze
from oms_web.core.work import Work
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders.models import Order, OrderKey
from oms_web.domain.payments.bank import matching
from oms_web.domain.payments.bank.lines import BankLine, Statement
from oms_web.domain.payments.bank.matching import Candidate, Match
from oms_web.domain.payments.bank.models import IGNORED, OFFERED, UNKNOWN, BankEntry
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.refund_states import APPROVED, SENT, TRANSFER

BY_AMOUNT = 40
MOST_REFUNDS = 5
UNPAID = ("unpaid", "part")


def fingerprints(statement: Statement) -> Iterator[tuple[str, BankLine]]:
    """Each line with what it is known by. Lines that say the same are told apart by their count;
    of one day a statement has all of them, so the same file counts them the same.
    """
    seen: Counter[str] = Counter()
    for line in statement.lines:
        text = "\x1f".join([statement.account, *map(str, asdict(line).values())])
        seen[text] += 1
        yield hashlib.sha256(f"{text}\x1f{seen[text]}".encode()).hexdigest(), line


def store(work: Work, account: str, mark: str, line: BankLine) -> BankEntry | None:
    """Keep a line; None if it was kept before."""
    found = work.session.execute(
        upsert(work.session, BankEntry).values(
            fingerprint=mark, own_account=account[:40], booked_on=line.booked_on,
            amount=line.amount, currency=line.currency, title=line.title, party=line.party,
            account=line.account, reference=line.reference, state=UNKNOWN, matches=[], bookings=0,
            taken_at=work.now, ended_by="",
        ).on_conflict_do_nothing(index_elements=["fingerprint"]).returning(BankEntry.id)).scalar()
    return work.session.get(BankEntry, found) if found is not None else None


def lock(work: Work, entry_id: int) -> BankEntry:
    """A line that nobody else changes until the end of the transaction.

    Raises:
        NotFound: there is none.
    """
    found = work.session.scalar(
        select(BankEntry).where(BankEntry.id == entry_id).with_for_update()
        .execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such line of a statement.")
    return found


def as_line(entry: BankEntry) -> BankLine:
    """A kept line as it was read."""
    return BankLine(entry.booked_on, entry.amount, entry.currency, entry.title, entry.party,
                    entry.account, entry.reference)


def note_matches(entry: BankEntry, found: Sequence[Match]) -> None:
    """Write beside a line which orders may be meant."""
    entry.matches = [{"order": one.order_id, "reasons": list(one.reasons)} for one in found]
    entry.state = OFFERED if found else UNKNOWN


def note_refunds(entry: BankEntry, found: Sequence[Refund]) -> None:
    """Write beside a line that went out whose refunds it may be; with none it is put aside."""
    entry.matches = [{"order": order_id, "reasons": [matching.ACCOUNT]}
                     for order_id in dict.fromkeys(one.order_id for one in found)]
    entry.state = OFFERED if found else IGNORED


def candidates(session: Session, line: BankLine, also: Collection[int] = ()) -> list[Candidate]:
    """Orders that a line may be meant for: named in its title, or with just this amount due.

    Args:
        also: orders that somebody else found, by what their documents say.
    """
    from_title = matching.digits_of(line.title)
    keys = [squeeze(one) for one in matching.words_of(line.title)]
    ids = {*also, *from_title}
    if keys:
        ids |= set(session.scalars(
            select(OrderKey.order_id).where(OrderKey.key.in_(keys)).limit(BY_AMOUNT)))
    ids |= set(session.scalars(
        select(Order.id)
        .where(Order.payment_state.in_(UNPAID), Order.phase != phases.CANCELLED,
               Order.currency == line.currency, Order.total - Order.paid_total == line.amount)
        .order_by(Order.id.desc()).limit(BY_AMOUNT)))
    rows = session.scalars(select(Order).where(Order.id.in_(ids))).all() if ids else []
    return [Candidate(
        one.id, lineage.due(session, one), one.total, one.currency,
        [name for name in (one.buyer_name, one.buyer_company) if name],
        [one.external_number] if one.external_number else []) for one in rows]


def with_documents(found: Sequence[Candidate], numbers: dict[int, list[str]]) -> list[Candidate]:
    """The candidates with the numbers of their documents, which a higher noun knows."""
    return [replace(one, documents=numbers.get(one.order_id, [])) for one in found]


def refunds_of(session: Session, entry: BankEntry) -> Sequence[Refund]:
    """The refunds by transfer that a line which went out may carry out: to its account, of its
    amount.
    """
    return session.scalars(
        select(Refund).where(
            Refund.method == TRANSFER, Refund.state.in_((APPROVED, SENT)),
            Refund.amount == -entry.amount, Refund.currency == entry.currency,
            Refund.bank_account == entry.account, Refund.bank_account != "",
            Refund.approved_at < day_bounds(entry.booked_on)[1])
        .order_by(Refund.id).limit(MOST_REFUNDS)).all()

