"""The file of a parcel as one PDF: what was written down of it, photos, and the carrier's label."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from oms_web.adapters import label_sheets
from oms_web.adapters.pdf import PdfFailed, PdfPool, merge
from oms_web.adapters.print_pages import Look, PrintPages
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotFound
from oms_web.core.ports import FileStore
from oms_web.core.work import Works
from oms_web.domain.documents import dispute_kits
from oms_web.domain.documents.dispute_kits import Kit, Letter, Photo
from oms_web.domain.messages import queries as messages
from oms_web.domain.returns import photos as case_photos
from oms_web.domain.returns import queries as returns
from oms_web.domain.shipping import claims, service

log = logging.getLogger(__name__)

TOLD = ("sent", "delivered")
"""States of a message that reached its buyer, as far as is known."""
MOST_PHOTOS = 12


@dataclass(frozen=True, slots=True)
class CaseSaid:
    """What a buyer said in a case."""

    number: str
    at: datetime
    subject: str
    text: str


def draw(works: Works, files: FileStore, pages: PrintPages, pdf: PdfPool, look: Look,
         shipment_id: int, language: str) -> bytes:
    """The file of a shipment.

    Raises:
        NotFound: there is no such shipment.
        PdfUnavailable, PdfFailed: it cannot be made now.
    """
    with works.reading(SYSTEM) as work:
        session = work.session
        claim = claims.of_shipments(session, [shipment_id]).get(shipment_id)
        kit = dispute_kits.of_shipment(session, shipment_id, claim)
        letters, said, photos = _beside(session, kit)
    label = _label(files, kit)
    drawn = pdf.render([pages.dispute(kit, look, language, letters, said,
                                      [*kit.photos, *photos][:MOST_PHOTOS], label is not None)])
    return merge([drawn, label]) if label is not None else drawn


def _beside(session: Session, kit: Kit) -> tuple[list[Letter], list[CaseSaid], list[Photo]]:
    """What nouns above shipping know: letters, cases and photos of what came back."""
    letters: list[Letter] = []
    said: list[CaseSaid] = []
    photos: list[Photo] = []
    for order_id in service.owners(session, kit.shipment):
        letters += [Letter(one.created_at, one.subject, one.text)
                    for one in messages.of_order(session, order_id, TOLD)]
        for case in returns.of_order(session, order_id):
            if case.shipment_id not in (None, kit.shipment.id):
                continue
            said.append(CaseSaid(case.number, case.created_at, case.reason, case.story))
            photos += [Photo("returned", one.file, one.at, one.actor)
                       for one in case_photos.of_case(session, case.id)]
    return sorted(letters, key=lambda one: one.at), said, photos


def _label(files: FileStore, kit: Kit) -> bytes | None:
    """The label's pages; None where there is none that can be read."""
    name = kit.label.files.get("pdf_a6") if kit.label is not None else None
    if not name:
        return None
    try:
        found: Sequence[object] = label_sheets.pages_of(files.path(name).read_bytes())
        return label_sheets.one_after_another(found)
    except (NotFound, PdfFailed) as error:
        log.warning("the label of shipment %s is left out: %s", kit.shipment.id, error)
        return None
