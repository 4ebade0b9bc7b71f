"""KSeF beside documents: sending anew, the files, and the invoices that others issued to us."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext

from oms_web.core.errors import NotFound
from oms_web.domain.documents import queries as documents
from oms_web.domain.einvoices import en16931, queries, service, settings, ubl
from oms_web.domain.einvoices import incoming as others
from oms_web.extensions import db
from oms_web.flows import annul_document
from oms_web.sync import einvoicing
from oms_web.web import asked
from oms_web.web.access import act
from oms_web.web.door import oms, writing
from oms_web.web.einvoice_words import kind
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("einvoices", __name__)


@screen.post("/documents/<int:document_id>/ksef/again")
@act("documents.issue")
def again(document_id: int) -> Response:
    """Send a document to KSeF now: anew if it was rejected."""
    with writing() as work:
        service.again(work, document_id)
        einvoicing.ask(work)
    say(gettext("Sending it now."))
    return go(url_for("documents.show", document_id=document_id))


@screen.post("/documents/<int:document_id>/annul")
@act("documents.issue")
def annul(document_id: int) -> Response:
    """End a document that KSeF has not had."""
    with writing() as work:
        document = annul_document.annul(work, document_id, request.form.get("reason", ""))
    say(gettext("%(number)s is annulled.", number=document.number))
    return go(url_for("documents.show", document_id=document_id))


@screen.get("/documents/<int:document_id>/<any(ksef, upo):what>.xml")
@act("documents.see")
def file(document_id: int, what: str) -> Response:
    """What was sent to KSeF, byte for byte, or KSeF's receipt of it (UPO)."""
    row = queries.of(db.session, document_id)
    name = None if row is None else row.file if what == "ksef" else row.upo_file
    if row is None or name is None:
        raise NotFound("There is no such file.")
    number = documents.get(db.session, document_id).number
    return _xml(name, number if what == "ksef" else f"UPO {row.ksef_number}")


@screen.get("/documents/<int:document_id>/ubl.xml")
@act("documents.see")
def european(document_id: int) -> Response:
    """A document as a European invoice, UBL."""
    document = documents.get(db.session, document_id)
    return _download(ubl.write(en16931.invoice(document.snapshot)), document.number, "xml")


@screen.get("/documents/<int:document_id>/factur-x.pdf")
@act("documents.see")
def factur_x(document_id: int) -> Response:
    """A document as a PDF with its data inside."""
    number = documents.get(db.session, document_id).number
    return _download(oms().printing.factur_x(document_id), number, "pdf")


@screen.get("/documents/incoming")
@act("documents.see")
def incoming() -> Response:
    """Invoices that others issued to the company, as KSeF lists them."""
    text = asked.text("q", 120)
    page = queries.incoming(db.session, text, asked.text("after", 2000) or None)
    link = partial(asked.link, "einvoices.incoming", {"q": text} if text else {})
    return render("einvoices/incoming.html", "einvoices/_incoming.html", page=page, text=text,
                  next_url=link(after=page.after) if page.after else None, kind=kind,
                  settings=settings.get(db.session))


@screen.get("/documents/incoming/<int:invoice_id>")
@act("documents.see")
def show(invoice_id: int) -> Response:
    """One of them, readable."""
    row = queries.one_incoming(db.session, invoice_id)
    read = others.readable(_content(row.file)) if row.file else None
    return render("einvoices/show.html", row=row, read=read, kind=kind)


@screen.get("/documents/incoming/<int:invoice_id>.xml")
@act("documents.see")
def incoming_file(invoice_id: int) -> Response:
    """Its file as KSeF has it."""
    row = queries.one_incoming(db.session, invoice_id)
    if row.file is None:
        raise NotFound("There is no such file.")
    return _xml(row.file, row.ksef_number)


def _content(name: str) -> bytes:
    content: bytes = oms().works.ports["files"].path(name).read_bytes()
    return content


def _xml(name: str, called: str) -> Response:
    return _download(_content(name), called, "xml")


def _download(content: bytes, called: str, kind: str) -> Response:
    safe = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in called)
    answer = Response(content, mimetype=f"application/{kind}")
    answer.headers["Content-Disposition"] = f'attachment; filename="{safe}.{kind}"'
    return answer
