"""Our papers for those who do not see them: tagged as PDF/UA-1 (ISO 14289-1) wants it.

What a machine can check of it, on one of each kind: language and title, headings in order, tables
whose heads are found and whose rows are of one width, words for what is drawn, text in its place
in the structure or marked as decoration, letters that can be read out.
"""

from __future__ import annotations

import io
import re
from itertools import pairwise

import pypdf
from pypdf.generic import ContentStream

from oms_web.adapters.printing import CHUNK
from oms_web.domain.documents.correcting import Ask
from oms_web.domain.documents.drafting import Ask as IssueAsk
from oms_web.domain.orders.models import Order
from oms_web.flows.correct_document import correct_invoice
from oms_web.flows.issue_document import issue_advance, issue_invoice, issue_proforma
from tests import paper
from tests.flows.test_floor_papers import sent
from tests.flows.test_printing import ANNA, invoiced, make, pool, shop, tagged

__all__ = ["pool", "shop"]

LINES = [("Kubek emaliowany", 3, "39.90", "23"), ("Książka", 1, "52.50", "5")]
SHOWN = ("Tj", "TJ", "'", '"')


def papers(shop) -> dict[str, bytes]:
    """One of each."""
    printing = shop.printing
    document_id = invoiced(shop, LINES, shipping=1500, discount=1000)
    order_id = make(shop, LINES, buyer_note="Proszę osobno")
    shipment = sent(shop, order_id, 2)
    with shop.works.writing(ANNA) as work:
        early = paper.order(work, LINES, paid_total=5000, payment_state="part")
        others = [issue_proforma(work, early.id)[0].id, issue_advance(work, early.id)[0].id]
        others.append(correct_invoice(work, document_id, Ask(lowered=500, reason="rabat"))[0].id)
    return {
        "invoice": printing.document(document_id),
        "long": printing.document(invoiced(
            shop, [(f"Towar {n}", n, "12.30", "23") for n in range(1, 61)], country="DE",
            ask=IssueAsk(language="en"))),
        **{str(one): printing.document(one) for one in others},
        **{kind: printing.for_order(kind, order_id, ANNA, "pl")
           for kind in ("slip", "gift", "return")},
        "handover": printing.handover([shipment], ANNA, "en"),
    }


def test_every_paper_can_be_read_out(shop):
    found = papers(shop)
    assert len(found) == 9
    for name, pdf in found.items():
        assert wrong(pdf) == [], name
    with shop.works.reading(ANNA) as work:
        assert work.session.query(Order).count() == 4


def test_some_papers_in_one_file_can_be_read_out_too(shop):
    ids = [make(shop, LINES, buyer_note="Proszę osobno") for _ in range(CHUNK + 2)]
    many = shop.printing.batch("slip", ids, ANNA, "pl", lambda *_: None)
    assert (many.printed, wrong(many.pdf)) == (CHUNK + 2, [])
    orders = [invoiced_order(shop, country) for country in ("PL", "DE", "PL")]
    invoices = shop.printing.batch("invoice", orders, ANNA, "pl", lambda *_: None).pdf
    assert wrong(invoices) == []
    root = pypdf.PdfReader(io.BytesIO(invoices)).trailer["/Root"]["/StructTreeRoot"]
    assert [branch.get_object()["/Lang"] for branch in root["/K"]] == ["pl", "en", "pl"]
    for page, owners in zip(pypdf.PdfReader(io.BytesIO(invoices)).pages,
                            owners_of(invoices), strict=True):
        assert owners == {page.indirect_reference.idnum}


def invoiced_order(shop, country: str) -> int:
    with shop.works.writing(ANNA) as work:
        order = paper.order(work, LINES, country=country)
        issue_invoice(work, order.id, IssueAsk(language="pl" if country == "PL" else "en"))
        return order.id


def owners_of(pdf: bytes) -> list[set[int]]:
    """Of each page the pages that its marked content says it is on."""
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    nums = reader.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    known = dict(zip(map(int, nums[::2]), nums[1::2], strict=True))
    return [{one.get_object().raw_get("/Pg").idnum for one in known[int(page["/StructParents"])]
             if "/Pg" in one.get_object()} for page in reader.pages]


def test_control_what_is_not_tagged_is_found(pool):
    """Plain PDF of the same engine, and our own with a flaw of each kind."""
    from weasyprint import HTML

    bare = wrong(HTML(string="<p>x").write_pdf())
    assert {"no language", "not marked", "no structure"} <= set(bare)
    page = "<html lang=pl><title>x</title>"
    assert wrong(pool.render([page + "<h1>a</h1><h3>b</h3>"])) == ["a heading is left out"]
    assert wrong(pool.render([page + "<h2>a</h2>"])) == ["no first heading"]
    table = "<h1>a</h1><table><thead><tr><th>a<th>b</thead><tbody><tr><td>c</table>"
    assert wrong(pool.render([page + table])) == ["a row of another width"]


def wrong(pdf: bytes) -> list[str]:
    """What speaks against a paper, in the order of the standard's clauses."""
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    root = reader.trailer["/Root"]
    faults = [fault for fault, holds in (
        ("no language", str(root.get("/Lang", "")) in ("pl", "en")),
        ("not marked", bool(root.get("/MarkInfo", {}).get("/Marked"))),
        ("title not shown", bool(root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"))),
        ("no title", bool(reader.metadata and reader.metadata.title)),
        ("does not say that it is PDF/UA",
         "/Metadata" in root and b"pdfuaid:part" in root["/Metadata"].get_data()),
        ("no structure", "/StructTreeRoot" in root),
    ) if not holds]
    if "/StructTreeRoot" not in root:
        return faults
    tags = list(tagged(root["/StructTreeRoot"]["/K"]))
    return faults + _headings(tags) + _tables(tags) + _figures(tags) + [
        fault for page in reader.pages for fault in _page(page)]


def _headings(tags) -> list[str]:
    levels = [int(tag["/S"][2]) for tag in tags if re.fullmatch(r"/H[1-6]", tag["/S"])]
    if not levels or levels[0] != 1:
        return ["no first heading"]
    return ["a heading is left out"] if any(b > a + 1 for a, b in pairwise(levels)) else []


def _tables(tags) -> list[str]:
    faults = []
    for table in (tag for tag in tags if tag["/S"] == "/Table"):
        inside = list(tagged(table["/K"]))
        heads = [tag for tag in inside if tag["/S"] == "/TH"]
        if any(head["/A"].get("/Scope") not in ("/Column", "/Row") for head in heads):
            faults.append("a head that heads nothing")
        widths = {sum(int(cell.get("/A", {}).get("/ColSpan", 1)) for cell in cells(row))
                  for row in inside if row["/S"] == "/TR"}
        if len(widths) > 1:
            faults.append("a row of another width")
    return faults


def cells(row):
    return [cell for cell in tagged(row["/K"]) if cell["/S"] in ("/TH", "/TD")]


def _figures(tags) -> list[str]:
    return ["a picture without words" for tag in tags
            if tag["/S"] == "/Figure" and not tag.get("/Alt")]


def _page(page) -> list[str]:
    faults = []
    if page.get("/Tabs") != "/S" or "/StructParents" not in page:
        faults.append("a page out of the structure")
    depth = 0
    for values, name in ContentStream(page.get_contents(), page.pdf).operations:
        act = name.decode()
        depth += (act in ("BDC", "BMC")) - (act == "EMC")
        if act in SHOWN and not depth:
            faults.append(f"text out of the structure: {values}")
    fonts = page["/Resources"].get("/Font", {})
    faults += ["letters that cannot be read out" for font in fonts.values()
               if "/ToUnicode" not in font.get_object()]
    return faults
