"""Issuing the documents of an order: number, snapshot, mark and notice, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from oms_web.core.errors import InvalidForm, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.accounting import entries
from oms_web.domain.documents import kinds, service
from oms_web.domain.documents.drafting import Ask, draft_invoice
from oms_web.domain.documents.events import DocumentIssued
from oms_web.domain.documents.models import Document, is_annulled
from oms_web.domain.documents.queries import advances_of
from oms_web.domain.einvoices import service as einvoices
from oms_web.domain.orders import outgoing
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import lock_order, refile
from oms_web.domain.orders.telling import tell_invoice


def issue_invoice(work: Work, order_id: int, ask: Ask | None = None) -> tuple[Document, bool]:
    """Issue the invoice of an order; the one it has already when it has one. An order that was paid
    in advance in part gets a final invoice.

    A prepaid order that is not paid is refused unless the seller says ``unpaid``: an invoice
    cannot be taken back, and most unpaid orders are never paid. Cash on delivery and trade
    credit are invoiced unpaid as a matter of course.

    Returns:
        The document, and whether it is new.

    Raises:
        NotFound: there is no such order.
        NotAllowedNow: the order is a draft or cancelled, or the series gives no numbers.
        InvalidForm: everything that is missing or wrong, by field.
        Invalid: it goes to KSeF, which would refuse it.
    """
    ask = ask or Ask()
    order = lock_order(work.session, order_id)
    present = work.session.scalar(
        select(Document)
        .where(Document.order_id == order_id, Document.kind.in_(kinds.SALES), ~is_annulled())
        .order_by(Document.id.desc())
        .limit(1)
    )
    if present is not None:
        return present, False
    draft = _drafted(work, order, ask, kinds.INVOICE)
    series = service.chosen_series(work, draft["kind"], ask.series_id)
    document = service.issue(work, series, draft, order_id)
    order.is_documented = True
    _show(work, document, order_id)
    return document, True


def issue_proforma(work: Work, order_id: int, ask: Ask | None = None) -> tuple[Document, bool]:
    """Ask for the payment of an order by a pro forma, which documents nothing.

    As long as the order says the same to the same buyer, so does its pro forma: the present one is
    the answer.

    Raises:
        NotFound: there is no such order.
        NotAllowedNow: the order is a draft or cancelled, or the series gives no numbers.
        InvalidForm: everything that is missing or wrong, by field.
    """
    ask = ask or Ask()
    draft = _drafted(work, lock_order(work.session, order_id), ask, kinds.PROFORMA)
    cause = f"proforma:{order_id}:{_digest(draft)}"
    present = work.session.scalar(select(Document).where(Document.cause == cause))
    if present is not None:
        return present, False
    series = service.chosen_series(work, kinds.PROFORMA, ask.series_id)
    document = service.issue(work, series, draft, order_id, cause=cause)
    entries.queue(work, document)
    work.announce(DocumentIssued(document.id, order_id, document.kind, document.number))
    return document, True


def issue_advance(work: Work, order_id: int, ask: Ask | None = None) -> tuple[Document, bool]:
    """Document what was paid for an order before it is fulfilled and is in no advance invoice yet.

    An order that its advances cover is documented by them: no other invoice follows (ustawa o VAT,
    art. 106f ust. 4).

    Raises:
        NotFound: there is no such order.
        NotAllowedNow: the order is a draft or cancelled or has its invoice already.
        InvalidForm: everything that is missing or wrong, by field; ``order`` where nothing is paid.
    """
    ask = ask or Ask()
    order = lock_order(work.session, order_id)
    if order.is_documented:
        raise NotAllowedNow("This order has its invoice already.")
    draft = _drafted(work, order, ask, kinds.ADVANCE)
    series = service.chosen_series(work, kinds.ADVANCE, ask.series_id)
    document = service.issue(work, series, draft, order_id)
    given = sum(one["gross"] for one in advances_of(work.session, order_id))
    order.is_documented = given >= draft["ordered"]["total"]["gross"]
    _show(work, document, order_id)
    return document, True


def _drafted(work: Work, order: Order, ask: Ask, kind: str) -> dict[str, Any]:
    draft = draft_invoice(work, order, ask, kind)
    if draft.problems or draft.snapshot is None:
        raise InvalidForm(draft.problems)
    return draft.snapshot


def _show(work: Work, document: Document, order_id: int) -> None:
    """Let the order, KSeF, the books and the channels that show documents to buyers know it."""
    einvoices.queue(work, document)
    entries.queue(work, document)
    with outgoing.deciding(work, outgoing.INVOICE, order_id, document.id, {}):
        tell_invoice(work, order_id, document.id)
    work.announce(DocumentIssued(document.id, order_id, document.kind, document.number))
    refile(work, [order_id])


def _digest(said: Mapping[str, Any]) -> str:
    """What a document says beside its days and its author."""
    kept = {name: said[name] for name in ("buyer", "lines", "total", "language", "remark")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:32]


def hold_back(work: Work, decided: outgoing.Outgoing) -> None:
    """Keep an issued document from its buyer: no channel shows it, until somebody sends it.

    It stays issued: its number is taken.

    Raises:
        NotAllowedNow: a channel is being told.
    """
    lock_order(work.session, decided.order_id)
    outgoing.take_back(work, decided)
