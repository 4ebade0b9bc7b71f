"""Warehouse papers: issuing them and opening their PDF, for who moves the goods."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import gettext

from oms_web.core.errors import NotFound
from oms_web.domain.documents import kinds, queries, warehouse_papers
from oms_web.domain.documents.queries import Found
from oms_web.domain.stock.models import StockDocument
from oms_web.extensions import db
from oms_web.flows import warehouse_paper
from oms_web.web.access import act, allowed
from oms_web.web.door import oms, writing
from oms_web.web.printing import file_name, pdf
from oms_web.web.render import go
from oms_web.web.toasts import say

screen = Blueprint("papers", __name__)


@screen.post("/shipments/<int:shipment_id>/wz")
@act("documents.print")
def of_shipment(shipment_id: int) -> Response:
    """Issue the WZ of a shipment that left; the present one again is quiet."""
    with writing() as work:
        made = warehouse_paper.issue_wz(work, shipment_id)
    say(gettext("%(number)s is issued.", number=made.number),
        href=url_for("papers.file", document_id=made.id), link=gettext("Open the PDF"))
    return go(url_for("order_card.show", order_id=made.order_id) if allowed("orders.see")
              else url_for("shipments.index"))


@screen.post("/stock/documents/<int:document_id>/papers")
@act("documents.print")
def of_stock(document_id: int) -> Response:
    """Issue the papers of a posted stock document; those that are there stay."""
    with writing() as work:
        made = warehouse_paper.issue_of_stock(work, document_id)
    say(gettext("%(number)s is issued.", number=", ".join(one.number for one in made)))
    return go(url_for("stock_documents.show", document_id=document_id))


@screen.get("/papers/<int:document_id>.pdf")
@act("documents.print")
def file(document_id: int) -> Response:
    """The PDF of a warehouse paper: the same bytes every time."""
    found = queries.get(db.session, document_id)
    if found.kind not in kinds.WAREHOUSE:
        raise NotFound("There is no such document.")
    return pdf(oms().printing.document(document_id), file_name(found.number))


@screen.app_template_global("papers_of")
def papers_of(document: StockDocument) -> list[Found]:
    """The papers that were issued of a stock document."""
    causes = [warehouse_papers.cause_of_stock(kind, document.id)
              for kind in warehouse_papers.KINDS_OF[document.kind]]
    return list(queries.of_causes(db.session, causes).values())
