"""Enter issued documents into the books of accounting systems, and tell that they were paid.

Said, done, noted (``domain/accounting/entries.py``). No transaction is open while a system is
asked. One task for each account (``core/claims.py``), rung when something is due. What may stand
there already is looked for by its number before it is entered again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from oms_connector import (
    AccessRefused,
    BookDocument,
    ChannelDown,
    ChannelError,
    Entered,
    KeepsBooks,
    OutcomeUnknown,
    RateLimited,
    Refused,
)
from oms_connector.marking import N_

from oms_web.core.actor import SYSTEM
from oms_web.core.clock import local_day
from oms_web.core.errors import NotAllowedNow
from oms_web.core.ringing import of_account, queue_due
from oms_web.core.work import Work, Works
from oms_web.domain.accounting import entries, entry_queries
from oms_web.domain.accounting.entries import PAID_LATER, Taken
from oms_web.domain.accounting.models import BookEntry
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents.models import Document
from oms_web.domain.orders.models import Order
from oms_web.sync import feeds
from oms_web.sync.accounts import able
from oms_web.sync.book_documents import KINDS, Money, difference, told
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected

log = logging.getLogger(__name__)

TASK = "keep_books"
TURN = 100
NOT_TAKEN = N_("The program does not take documents of this kind. Enter it there by hand.")

Beat = Callable[[int, int], None]


def programs(work: Work, registry: Registry) -> list[ChannelAccount]:
    """The connected accounts that keep books, the first one first."""
    return able(work, registry, KeepsBooks)


def ring(works: Works) -> int:
    """Queue the work of accounts that have something due; how many were queued."""
    return queue_due(works, lambda work: entry_queries.due_accounts(work.session, work.now),
                     of_account(TASK))


def run(engine: Engine, account_id: int, beat: Beat = lambda _a, _b: None) -> int:
    """Enter what is due into one account's books, then tell what was paid; how many came to an end.

    Raises:
        ChannelError: access was refused, the system is down or asks to slow down; what was not
            asked stays due.
        NotAllowedNow: the account's connector keeps no books.
    """
    done = 0
    with connected(engine, account_id) as (account, connector):
        if not isinstance(connector, KeepsBooks):
            raise NotAllowedNow("The connector %(key)s keeps no books.", key=account.connector)
        with engine.works.reading(SYSTEM) as work:
            due = entry_queries.due_entries(work.session, account_id, work.now, TURN)
        for number, entry_id in enumerate(due, 1):
            done += enter(engine, account, connector, entry_id)
            beat(number, len(due))
        with engine.works.reading(SYSTEM) as work:
            paid = entry_queries.due_payments(work.session, account_id, work.now, TURN)
        for entry_id in paid:
            done += _tell_paid(engine, account, connector, entry_id)
    return done


def enter(engine: Engine, account: ChannelAccount, books: KeepsBooks, entry_id: int) -> bool:
    """Enter one document, or find out that it stands there; False where it is not settled now.

    Raises:
        ChannelError: what concerns the whole account.
    """
    with engine.works.writing(engine.actor(account)) as work:
        taken = entries.take(work, entry_id)
        document = _document(work, entry_id) if taken else None
    if taken is None:
        return False
    if document is None or document.kind not in books.takes():
        return _refuse(engine, account, taken, NOT_TAKEN)
    sent = taken.doubtful  # until the books were looked at
    is_new = False
    try:
        found = books.find_entry(document) if taken.doubtful else None
        if found is None:
            sent, is_new = False, True
            found = books.enter(document)
    except OutcomeUnknown as error:
        return _fail(engine, account, taken, str(error), sent=True)
    except AccessRefused as error:
        _fail(engine, account, taken, str(error), sent=sent)
        return _stop(engine, account, error)
    except Refused as error:
        if sent:  # that it cannot be looked for says nothing of whether it is there
            return _fail(engine, account, taken, str(error), sent=True)
        return _refuse(engine, account, taken, str(error))
    except ChannelError as error:
        _fail(engine, account, taken, str(error), sent=sent)
        return _stop(engine, account, error)
    except Exception as error:  # a fault of the connector: it may have been entered
        return _fail(engine, account, taken, feeds.describe(error), sent=True)
    # One that stood there may have been entered before it was paid.
    is_paid = is_new and document.payment.paid >= document.gross
    return _entered(engine, account, taken, difference(document, found), found, paid=is_paid)


def _document(work: Work, entry_id: int) -> BookDocument | None:
    """What an entry enters; None where it is of a kind that no system is told of."""
    entry = work.session.get_one(BookEntry, entry_id)
    document = work.session.get_one(Document, entry.document_id)
    if document.kind not in KINDS:
        return None
    known = entry_queries.entry_of(work.session, entry.account_id, document.corrects_id) \
        if document.corrects_id else ""
    return told(document.snapshot, _money(work, document), known)


def _money(work: Work, document: Document) -> Money:
    """What was paid of a document by now: as it says, or as the order was paid since."""
    if document.kind not in PAID_LATER:
        return Money()
    paid, paid_on = int(document.snapshot["payment"]["paid"]), document.issue_date
    order = work.session.get(Order, document.order_id) if document.order_id else None
    if order is not None:
        paid = max(paid, min(order.paid_total, document.gross))
        if order.paid_at is not None:
            paid_on = local_day(order.paid_at)
    return Money(min(max(paid, 0), document.gross), paid_on)


def _entered(engine: Engine, account: ChannelAccount, taken: Taken, wrong: str, found: Entered, *,
             paid: bool) -> bool:
    """Note what stands in the books: the document as it was issued, or something else."""
    with engine.works.writing(engine.actor(account)) as work:
        if wrong:
            return entries.note_refused(work, taken, wrong, found.reference, _link(found.url))
        return entries.note_entered(work, taken, found.reference, _link(found.url), paid=paid)


def _link(url: str) -> str:
    """An address that a person can be sent to."""
    return url if url.startswith("https://") and len(url) <= 300 else ""


def _refuse(engine: Engine, account: ChannelAccount, taken: Taken, why: str) -> bool:
    with engine.works.writing(engine.actor(account)) as work:
        return entries.note_refused(work, taken, why)


def _fail(engine: Engine, account: ChannelAccount, taken: Taken, why: str, *, sent: bool) -> bool:
    log.warning("entry %s of %s waits: %s", taken.id, account.name, why)
    with engine.works.writing(engine.actor(account)) as work:
        entries.note_failed(work, taken, why, sent=sent)
    return False


def _stop(engine: Engine, account: ChannelAccount, error: ChannelError) -> bool:
    """What concerns the whole account ends the turn; what concerns one document does not."""
    if isinstance(error, AccessRefused):
        with engine.works.writing(engine.actor(account)) as work:
            feeds.break_account(work, account.id, str(error))
        raise error
    if isinstance(error, RateLimited | ChannelDown):
        raise error
    return False


def _tell_paid(engine: Engine, account: ChannelAccount, books: KeepsBooks, entry_id: int) -> bool:
    """Tell that one document has been paid."""
    with engine.works.writing(engine.actor(account)) as work:
        row = entries.take_payment(work, entry_id)
        document = _document(work, entry_id) if row else None
        reference = row.reference if row else ""
    if document is None:
        return False
    why = ""
    try:
        books.tell_paid(reference, document)
    except AccessRefused as error:
        _pay_later(engine, account, entry_id)
        return _stop(engine, account, error)
    except Refused as error:
        why = str(error)
    except ChannelError as error:
        _pay_later(engine, account, entry_id)
        return _stop(engine, account, error)
    except Exception as error:
        why = feeds.describe(error)
    with engine.works.writing(engine.actor(account)) as work:
        entries.note_paid(work, entry_id, why)
    return True


def _pay_later(engine: Engine, account: ChannelAccount, entry_id: int) -> None:
    with engine.works.writing(engine.actor(account)) as work:
        entries.note_payment_failed(work, entry_id)
