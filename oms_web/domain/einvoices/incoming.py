"""Invoices that others issued to the company, as KSeF hands them out; and one of them to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oms_web.core.db import upsert
from oms_web.core.work import Work
from oms_web.domain.einvoices import settings
from oms_web.domain.einvoices.models import EInvoiceSettings, IncomingInvoice
from oms_web.domain.einvoices.office import Listing
from oms_web.domain.einvoices.schema import safe_parser

EVERY = timedelta(minutes=15)
"""KSeF asks that its list is not read more often ("Pobieranie faktur przyrostowe")."""
FIRST_SPAN = timedelta(days=30)
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands in the file: text, since nothing is counted with it."""

    name: str
    quantity: str
    unit: str
    price: str
    value: str
    rate: str


@dataclass(frozen=True, slots=True)
class Readable:
    """What a person wants to see of an invoice's file."""

    seller: Sequence[str]
    buyer: Sequence[str]
    lines: Sequence[Line]
    sums: Sequence[tuple[str, str]]
    due: str
    account: str
    sold_on: str


def is_due(session: Session, now: datetime) -> bool:
    """Whether KSeF's list is to be read, or the file of an invoice fetched."""
    row = settings.get(session)
    if row is None or not settings.is_on(row) or not row.reads_incoming:
        return False
    if row.paused_until and row.paused_until > now:
        return False
    return row.incoming_at is None or row.incoming_at + EVERY <= now


def since(row: EInvoiceSettings, now: datetime) -> datetime:
    """From when on invoices are not known yet."""
    return row.incoming_mark or now - FIRST_SPAN


def begin(work: Work) -> None:
    """Write down that the list is read now; it is not read again for a while."""
    row = settings.get(work.session)
    if row is not None:
        row.incoming_at = work.now


def take_in(work: Work, listing: Listing) -> int:
    """Keep what is new of a listing and how far it went; how many are new."""
    new = 0
    for one in listing.invoices:
        new += work.session.execute(
            upsert(work.session, IncomingInvoice).values(
                ksef_number=one.ksef_number, number=one.number[:256], kind=one.kind,
                seller_nip=one.seller_nip, seller_name=one.seller_name[:512],
                issue_date=one.issue_date, stored_at=one.stored_at, currency=one.currency,
                net=one.net, vat=one.vat, gross=one.gross, hash=one.hash, seen_at=work.now,
            ).on_conflict_do_nothing(index_elements=["ksef_number"])
            .returning(IncomingInvoice.id)).scalar() is not None
    row = settings.get(work.session)
    if row is not None:
        row.incoming_mark = listing.mark
    return new


def without_file(session: Session) -> Sequence[tuple[int, str, str]]:
    """(id, KSeF number, hash) of the oldest invoices whose file is not here yet."""
    return [(row.id, row.ksef_number, row.hash) for row in session.execute(
        select(IncomingInvoice.id, IncomingInvoice.ksef_number, IncomingInvoice.hash)
        .where(IncomingInvoice.file.is_(None)).order_by(IncomingInvoice.id).limit(AT_ONCE))]


def note_file(work: Work, invoice_id: int, xml: bytes) -> None:
    """Keep the file of an invoice."""
    work.session.execute(
        update(IncomingInvoice).where(IncomingInvoice.id == invoice_id)
        .values(file=work.ports["files"].put(xml, ".xml"))
        .execution_options(synchronize_session=False))


def readable(xml: bytes) -> Readable | None:
    """What a file says, whatever version of the form it is; None when it is no invoice."""
    try:
        document = etree.fromstring(xml, safe_parser())
    except etree.XMLSyntaxError:
        return None
    fa = document.find("{*}Fa")
    if fa is None:
        return None
    return Readable(
        _party(document.find("{*}Podmiot1")), _party(document.find("{*}Podmiot2")),
        [_line(node) for node in fa.iterfind("{*}FaWiersz")],
        [(etree.QName(node).localname, node.text or "") for node in fa
         if etree.QName(node).localname.startswith(("P_13_", "P_14_", "P_15"))],
        _text(fa, "Platnosc", "TerminPlatnosci", "Termin"),
        _text(fa, "Platnosc", "RachunekBankowy", "NrRB"), _text(fa, "P_6"),
    )


def _party(node: etree._Element | None) -> list[str]:
    if node is None:
        return []
    wanted = (("DaneIdentyfikacyjne", "Nazwa"), ("Adres", "AdresL1"), ("Adres", "AdresL2"),
              ("DaneIdentyfikacyjne", "NIP"))
    return [text for path in wanted if (text := _text(node, *path))]


def _line(node: etree._Element) -> Line:
    return Line(
        _text(node, "P_7"), _text(node, "P_8B"), _text(node, "P_8A"),
        _text(node, "P_9A") or _text(node, "P_9B"), _text(node, "P_11") or _text(node, "P_11A"),
        _text(node, "P_12") or _text(node, "P_12_XII"))


def _text(node: etree._Element, *path: str) -> str:
    found = node.find("/".join(f"{{*}}{name}" for name in path))
    return (found.text or "").strip() if found is not None else ""
