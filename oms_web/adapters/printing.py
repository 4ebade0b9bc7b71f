"""Printing: documents, slips and lists of orders as PDF, one or many as one file.

Reads happen in short snapshots, drawing and layout outside of any transaction. Many are laid out
in small requests side by side and put together at the end, so memory does not grow with the
number of orders, and one document that cannot be printed does not take the others along.
"""

from __future__ import annotations

import logging
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from oms_web.adapters import label_sheets, print_dispute
from oms_web.adapters.invoice_data import data_of, inside
from oms_web.adapters.pdf import PdfFailed, PdfPool, merge
from oms_web.adapters.pdf_tags import merge_tagged
from oms_web.adapters.print_pages import Look, PrintPages, look_of
from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound, OmsError
from oms_web.core.ports import FileStore
from oms_web.core.work import Works
from oms_web.domain.company.models import Company
from oms_web.domain.documents import handovers, kinds, picksheets, service
from oms_web.domain.documents.models import Document, DocumentFile, is_annulled
from oms_web.domain.documents.slips import Slip, slips
from oms_web.domain.documents.snapshot import numbered
from oms_web.domain.einvoices import queries as einvoices
from oms_web.domain.einvoices.marks import AwaitsNumber, mark_of
from oms_web.domain.einvoices.states import ANNULLED
from oms_web.domain.shipping import label_queries
from oms_web.domain.shipping.label_models import HandOver

log = logging.getLogger(__name__)

INVOICE, SLIP, PICKLIST = "invoice", "slip", "picklist"
GIFT, RETURN = "gift", "return"
"""A packing slip that tells nobody a price, and a form to send goods back by."""
LABEL, LABEL_A4 = "label", "label_a4"
KINDS = (INVOICE, SLIP, PICKLIST, GIFT, RETURN, LABEL, LABEL_A4)

CHUNK = 10
READ_OUT = 30
"""So many papers in one file can be read out, as one can; more are for a printer."""
MOST_ORDERS = 2000

Beat = Callable[[int, int], None]


@dataclass(slots=True)
class Batch:
    """What became of a print job. ``failed``: order number -> why."""

    pdf: bytes = b""
    printed: int = 0
    failed: dict[int, OmsError] = field(default_factory=dict)


@dataclass(slots=True)
class _Piece:
    """HTML of some orders that is laid out in one request."""

    pages: dict[int, list[str]]
    done: int


class Printing:
    """Prints for one installation."""

    def __init__(self, works: Works, files: FileStore, pdf: PdfPool) -> None:
        self.pdf = pdf
        self._works = works
        self._files = files
        self._pages = PrintPages(files)

    def available(self) -> str | None:
        """Why nothing can be printed here; None when it can."""
        return self.pdf.available()

    def document(self, document_id: int) -> bytes:
        """The PDF of an issued document: made once, the same bytes ever after.

        One that goes to KSeF is kept only from when it has its number there. Whose PDFs carry
        their data as well is a setting of the company.

        Raises:
            NotFound: there is no such document.
            PdfUnavailable, PdfFailed: it has never been printed and cannot be now.
        """
        with self._works.reading(SYSTEM) as work:
            mark = mark_of(einvoices.of(work.session, document_id))
            company = work.session.get(Company, 1)
            setting = company.invoice_data if company else "off"
            row = work.session.execute(
                select(Document.snapshot, DocumentFile.file)
                .outerjoin(DocumentFile, DocumentFile.document_id == Document.id)
                .where(Document.id == document_id)
            ).one_or_none()
        if row is None:
            raise NotFound("There is no such document.")
        if row.file is not None:
            try:
                return self._files.path(row.file).read_bytes()
            except NotFound:
                # The same snapshot gives the same bytes, so the file comes back under its name
                # unless the templates have changed since; then this is the best there is.
                log.warning("the file of document %s is missing; made anew", document_id)
        made = self.pdf.render([self._pages.document(row.snapshot, mark)],
                               data_of(row.snapshot, setting))
        if mark is not None and not mark.is_final:
            return made
        name = self._files.put(made, ".pdf")
        with self._works.writing(SYSTEM) as work:
            kept = service.note_file(work, document_id, name)
        return made if kept == name or row.file is not None else self._files.path(kept).read_bytes()

    def factur_x(self, document_id: int) -> bytes:
        """An issued document as a PDF with its data inside, whatever the company's setting is;
        nothing is stored.

        Raises:
            Invalid: the European norm cannot say what it says.
            NotFound, PdfUnavailable, PdfFailed: as for ``document``.
        """
        with self._works.reading(SYSTEM) as work:
            mark = mark_of(einvoices.of(work.session, document_id))
            said = work.session.scalar(
                select(Document.snapshot).where(Document.id == document_id))
        if said is None:
            raise NotFound("There is no such document.")
        return self.pdf.render([self._pages.document(said, mark)], inside(said))

    def for_buyer(self, document_id: int) -> bytes:
        """The PDF of a document as a buyer may be given it.

        Raises:
            AwaitsNumber: it has neither a number in KSeF yet, nor was it issued offline.
            NotAllowedNow: it was annulled.
            NotFound, PdfUnavailable, PdfFailed: as for ``document``.
        """
        with self._works.reading(SYSTEM) as work:
            mark = mark_of(einvoices.of(work.session, document_id))
        if mark is not None and mark.label == ANNULLED:
            raise NotAllowedNow("This document was annulled.")
        if mark is not None and mark.link is None:
            raise AwaitsNumber("This document waits for its number from KSeF.")
        return self.document(document_id)

    def draft(self, snapshot: dict[str, Any]) -> bytes:
        """The PDF of an invoice as it would look; nothing is stored."""
        shown = {**numbered(snapshot, ""), "number": None}
        return self.pdf.render([self._pages.invoice(shown)])

    def for_order(self, kind: str, order_id: int, actor: Actor, language: str) -> bytes:
        """One kind of paper for one order.

        Args:
            language: The reader's; slips and invoices speak the buyer's.

        Raises:
            NotFound: no such order, or it has no such document.
        """
        batch = self.batch(kind, [order_id], actor, language, lambda done, total: None,
                           patient=False)
        return batch.pdf

    def pick_list(self, pick_list_id: int, language: str) -> bytes:
        """The paper of a pick list."""
        with self._works.reading(SYSTEM) as work:
            sheet = picksheets.of_pick_list(work.session, pick_list_id)
            look = look_of(work.session.get(Company, 1))
        return self._render_each(self._pages.picklist(sheet, look, language))

    def handover(self, shipment_ids: Sequence[int], actor: Actor, language: str) -> bytes:
        """The protocol of the parcels that a courier takes.

        Raises:
            Invalid: there are none.
        """
        with self._works.reading(actor) as work:
            sheet = handovers.handover(work.session, shipment_ids, work.now, actor.name)
            look = look_of(work.session.get(Company, 1))
        if not sheet.parcels:
            raise Invalid("Choose at least one shipment.", "shipment")
        return self.pdf.render([self._pages.handover(sheet, look, language)])

    def dispute(self, shipment_id: int, language: str) -> bytes:
        """All that is known of a shipment's parcels, to argue with; see ``print_dispute.draw``."""
        with self._works.reading(SYSTEM) as work:
            look = look_of(work.session.get(Company, 1))
        return print_dispute.draw(self._works, self._files, self._pages, self.pdf, look,
                                  shipment_id, language)

    def slip_preview(self, slip: Slip, look: Look, *, with_prices: bool) -> bytes:
        """A slip that no order stands behind: for the design page."""
        return self.pdf.render([self._pages.slip(slip, look, with_prices=with_prices)])

    def batch(self, kind: str, order_ids: Sequence[int], actor: Actor, language: str, beat: Beat,
              *, patient: bool = True) -> Batch:
        """One kind of paper for many orders, as one PDF in the order asked for.

        Args:
            language: of pick lists; slips and invoices speak their buyer's.
            beat: Called with (orders done, orders in all) after each piece.
            patient: Note what fails and go on; else the first failure is raised.

        Raises:
            Invalid: an unknown kind, no orders, or too many at once.
            OmsError: not one of them can be printed; the reason of the first.
        """
        order_ids = list(dict.fromkeys(order_ids))
        if kind not in KINDS:
            raise Invalid("Choose what to print.", "kind")
        if not 0 < len(order_ids) <= MOST_ORDERS:
            raise Invalid("Choose from 1 to %(n)s orders.", "order_ids", n=MOST_ORDERS)
        batch = Batch()
        if kind in (LABEL, LABEL_A4):
            batch.pdf = self._labels(kind, order_ids, beat, batch)
            return batch
        with tempfile.TemporaryDirectory(prefix="oms-print-") as folder:
            parts: list[Path] = []
            for number, pdf in enumerate(
                self._parts(kind, order_ids, actor, language, beat, batch, patient)
            ):
                part = Path(folder, f"{number}.pdf")
                part.write_bytes(pdf)
                parts.append(part)
            if not parts:
                raise next(iter(batch.failed.values()), NotFound("There is nothing to print."))
            batch.pdf = _together(parts, len(order_ids))
        return batch

    def protocol(self, hand_over_id: int, language: str) -> bytes:
        """What a courier signs who takes these parcels, in our own form.

        Raises:
            NotFound: there is no such hand-over.
        """
        with self._works.reading(SYSTEM) as work:
            row = work.session.get(HandOver, hand_over_id)
            if row is None:
                raise NotFound("There is no such hand-over.")
            inside = label_queries.inside(work.session, hand_over_id)
            sheet = handovers.handover(
                work.session, [one.shipment_id for one in inside if one.shipment_id],
                row.created_at, row.by_name, row.id)
            look = look_of(work.session.get(Company, 1))
        return self.pdf.render([self._pages.handover(sheet, look, language)])

    def _labels(self, kind: str, order_ids: Sequence[int], beat: Beat, batch: Batch) -> bytes:
        """Carriers' labels, as they drew them or four on a sheet."""
        with self._works.reading(SYSTEM) as work:
            files = label_queries.newest_files(work.session, order_ids)
        pages: list[Any] = []
        for done, order_id in enumerate(order_ids, start=1):
            try:
                if order_id not in files:
                    raise NotFound("This order has no label yet.")
                pages += label_sheets.pages_of(self._files.path(files[order_id]).read_bytes())
                batch.printed += 1
            except OmsError as why:
                batch.failed[order_id] = why
            if done % CHUNK == 0 or done == len(order_ids):
                beat(done, len(order_ids))
        if not pages:
            raise next(iter(batch.failed.values()))
        lay = label_sheets.four_on_a4 if kind == LABEL_A4 else label_sheets.one_after_another
        return lay(pages)

    # -- pieces ---------------------------------------------------------------------------

    def _parts(self, kind: str, order_ids: Sequence[int], actor: Actor, language: str, beat: Beat,
               batch: Batch, patient: bool) -> Iterator[bytes]:
        if kind == INVOICE:
            yield from self._invoices(order_ids, beat, batch, patient)
        elif kind == PICKLIST:
            yield from self._walks(order_ids, actor, language, beat, batch)
        else:
            yield from self._slips(kind, order_ids, beat, batch, patient)

    def _slips(self, kind: str, order_ids: Sequence[int], beat: Beat, batch: Batch, patient: bool
               ) -> Iterator[bytes]:
        def pieces() -> Iterator[_Piece]:
            done = 0
            for some in _chunks(order_ids, CHUNK):
                with self._works.reading(SYSTEM) as work:
                    company = work.session.get(Company, 1)
                    found = slips(work.session, some, whole=kind == RETURN)
                look, prices = look_of(company), bool(company and company.slip_prices)
                for order_id in some:
                    if not found.get(order_id):
                        batch.failed[order_id] = NotFound("There is no such order.")
                done += len(some)
                yield _Piece({
                    order_id: [self._slip(kind, slip, look, with_prices=prices)
                               for slip in sheets]
                    for order_id, sheets in found.items() if sheets
                }, done)

        lay_out = self._lay_out(batch, patient, tagged=len(order_ids) <= READ_OUT)
        for piece, pdf in self._side_by_side(pieces(), lay_out):
            yield from pdf
            batch.printed += sum(order_id not in batch.failed for order_id in piece.pages)
            beat(piece.done, len(order_ids))

    def _slip(self, kind: str, slip: Slip, look: Look, *, with_prices: bool) -> str:
        if kind == RETURN:
            return self._pages.return_form(slip, look)
        if kind == GIFT:
            return self._pages.slip(replace(slip, collect=0), look, with_prices=False)
        return self._pages.slip(slip, look, with_prices=with_prices)

    def _lay_out(self, batch: Batch, patient: bool, *, tagged: bool
                 ) -> Callable[[_Piece], list[bytes]]:
        """A piece in one request; when that fails, order by order to find the one to blame."""

        def lay_out(piece: _Piece) -> list[bytes]:
            pages = [page for found in piece.pages.values() for page in found]
            if not pages:
                return []
            try:
                return [self.pdf.render(pages, tagged=tagged)]
            except PdfFailed:
                if not patient:
                    raise
            good = []
            for order_id, found in piece.pages.items():
                try:
                    good.append(self.pdf.render(found, tagged=tagged))
                except PdfFailed as failed:
                    batch.failed[order_id] = failed
            return good

        return lay_out

    def _invoices(self, order_ids: Sequence[int], beat: Beat, batch: Batch, patient: bool
                  ) -> Iterator[bytes]:
        with self._works.reading(SYSTEM) as work:
            documents = dict(work.session.execute(
                select(Document.order_id, func.max(Document.id))
                .where(Document.order_id.in_(order_ids), Document.kind.in_(kinds.SALES),
                       ~is_annulled())
                .group_by(Document.order_id)
            ).all())
        for order_id in order_ids:
            if order_id not in documents:
                batch.failed[order_id] = NotFound("This order has no invoice yet.")

        def one(order_id: int) -> bytes | None:
            try:
                return self.document(documents[order_id])
            except PdfFailed as failed:
                if not patient:
                    raise
                batch.failed[order_id] = failed
                return None

        wanted = [order_id for order_id in order_ids if order_id in documents]
        for done, (_, pdf) in enumerate(self._side_by_side(iter(wanted), one), start=1):
            if pdf is not None:
                batch.printed += 1
                yield pdf
            if done % CHUNK == 0 or done == len(wanted):
                beat(done, len(wanted))

    def _walks(self, order_ids: Sequence[int], actor: Actor, language: str, beat: Beat,
               batch: Batch) -> Iterator[bytes]:
        with self._works.reading(SYSTEM) as work:
            sheets = picksheets.of_orders(work.session, order_ids, work.now, actor.name)
            look = look_of(work.session.get(Company, 1))
        pages = [page for sheet in sheets
                 for page in self._pages.picklist(sheet, look, language)]
        batch.printed = len({number for sheet in sheets for number in sheet.order_numbers})
        tagged = len(order_ids) <= READ_OUT
        for done, (_, pdf) in enumerate(self._side_by_side(
                iter(pages), lambda page: self.pdf.render([page], tagged=tagged)), start=1):
            yield pdf
            beat(len(order_ids) * done // len(pages), len(order_ids))

    def _render_each(self, pages: Sequence[str]) -> bytes:
        tagged = len(pages) <= READ_OUT
        return _together([self.pdf.render([page], tagged=tagged) for page in pages], len(pages))

    def _side_by_side(self, items: Iterator[Any], work: Callable[[Any], Any]
                      ) -> Iterator[tuple[Any, Any]]:
        """Results in order, as many at work as there are PDF workers, few waiting."""
        with ThreadPoolExecutor(self.pdf.size, thread_name_prefix="print") as threads:
            running: deque[tuple[Any, Future[Any]]] = deque()
            for item in islice(items, self.pdf.size + 1):
                running.append((item, threads.submit(work, item)))
            while running:
                item, future = running.popleft()
                result = future.result()
                for following in islice(items, 1):
                    running.append((following, threads.submit(work, following)))
                yield item, result


def _chunks(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for at in range(0, len(items), size):
        yield items[at:at + size]


def _together(parts: Sequence[bytes | Path], papers: int) -> bytes:
    return merge_tagged(parts) if len(parts) > 1 and papers <= READ_OUT else merge(parts)
