"""Tagged PDFs of ours put together as one that can still be read out.

Merging with pypdf leaves the structure behind, since it belongs to no page. Here the trees of the
parts become branches of one, and the marks of their pages are counted on (ISO 32000-1, 14.7.4.4).
It costs a sixth of the time of layout and triples the file, so it is for as many papers as
somebody might read, not for what goes to a printer (docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
)

_XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><pdfuaid:part>1</pdfuaid:part>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>"""


def merge_tagged(parts: Sequence[bytes | Path]) -> bytes:
    """PDFs that the engine tagged, one after another as one; titled like the first."""
    writer, branches, marks = PdfWriter(), ArrayObject(), ArrayObject()
    trunk = writer._add_object(DictionaryObject({NameObject("/Type"): NameObject(
        "/StructTreeRoot")}))
    for number, part in enumerate(parts):
        reader = PdfReader(part if isinstance(part, Path) else BytesIO(part))
        first = len(writer.pages)
        writer.append(reader, import_outline=False)
        if not number:
            _entitle(writer, reader)
        if "/StructTreeRoot" in reader.root_object:
            _graft(writer, reader, first, trunk, branches, marks)
    tree: Any = trunk.get_object()
    tree[NameObject("/K")] = branches
    tree[NameObject("/ParentTree")] = writer._add_object(
        DictionaryObject({NameObject("/Nums"): marks}))
    writer.root_object[NameObject("/StructTreeRoot")] = trunk
    writer.root_object[NameObject("/MarkInfo")] = DictionaryObject(
        {NameObject("/Marked"): BooleanObject(True)})
    whole = BytesIO()
    writer.write(whole)
    return whole.getvalue()


def _graft(writer: PdfWriter, reader: PdfReader, first: int, trunk: Any, branches: ArrayObject,
           marks: ArrayObject) -> None:
    """A part's tree as branches of the whole, in the part's language; its marks counted on."""
    tree: Any = reader.root_object["/StructTreeRoot"].get_object().clone(writer)  # type: ignore
    language = reader.root_object.get("/Lang")
    kids = tree["/K"] if isinstance(tree["/K"], ArrayObject) else [tree.raw_get("/K")]
    for branch in kids:
        node = branch.get_object()
        node[NameObject("/P")] = trunk
        if language is not None:
            node[NameObject("/Lang")] = language
        branches.append(branch)
    shift = 1 + max((int(key) for key in marks[::2]), default=-1)
    own = tree["/ParentTree"]["/Nums"]
    for key, owner in zip(own[::2], own[1::2], strict=True):
        marks.extend([NumberObject(int(key) + shift), owner])
    page: Any
    was: Any
    for page, was in zip(writer.pages[first:], reader.pages, strict=True):
        if "/StructParents" in was:  # pypdf leaves it out, since it drops what it points at
            page[NameObject("/StructParents")] = NumberObject(int(was["/StructParents"]) + shift)
        for note in (one.get_object() for one in page.get("/Annots", ())):
            if "/StructParent" in note:
                note[NameObject("/StructParent")] = NumberObject(
                    int(note["/StructParent"]) + shift)


def _entitle(writer: PdfWriter, reader: PdfReader) -> None:
    """Language, title, and the word that it is PDF/UA."""
    title = str((reader.metadata and reader.metadata.title) or "")
    writer.add_metadata({"/Title": title})
    for name in ("/Lang", "/ViewerPreferences"):
        if name in reader.root_object:
            writer.root_object[NameObject(name)] = reader.root_object[name].clone(writer)
    said = StreamObject()
    said.set_data((_XMP % escape(title)).encode())
    said.update({NameObject("/Type"): NameObject("/Metadata"),
                 NameObject("/Subtype"): NameObject("/XML")})
    writer.root_object[NameObject("/Metadata")] = writer._add_object(said)
