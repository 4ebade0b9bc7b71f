"""The process that turns HTML into PDF, locked up: it knows no database, no network and no secrets.

Run by path (``python -P pdf_worker.py CONFIG``) with next to no environment; needs the standard
library and WeasyPrint only. Three walls, each enough by itself against a hostile document:

1. the fetcher reads ``data:`` addresses of pictures and fonts and opens nothing else;
2. an audit hook refuses sockets, child processes and files outside Python's own folders, once
   everything is loaded (decoders of pictures included);
3. the kernel limits memory, file size and open files, and an alarm ends what works too long.

Wire format, both ways: four bytes of length, then the bytes. A request is JSON
``{"pages": [html, ...], "seconds": n, "data": null, "tagged": true}``; the answer is ``+`` and the
PDF, or ``-`` and why not. With ``data`` (``{"xml": text, "day": "2026-11-22"}``) the PDF is a
Factur-X: PDF/A-3 with the XML of the invoice inside.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import select
import signal
import struct
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

IDLE_EXIT = 75
_CLOSED_AT_ONCE = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system",
                   "os.startfile", "ctypes.dlopen", "pty.", "ftplib.", "http.", "urllib.Request",
                   "webbrowser.", "shutil.", "os.remove", "os.rename", "os.mkdir", "os.symlink",
                   "os.link", "os.truncate", "os.chmod")
_FONTS = ("woff2", "woff", "ttf", "otf")
_PICTURES = ("PNG", "JPEG", "WEBP")
_KINDS = re.compile(r"image/(png|jpeg|webp)|font/[a-z0-9]+")


def main() -> None:
    """Load, close the doors, then serve requests from standard input until it ends."""
    config: dict[str, Any] = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not get between the answers
    logging.disable(logging.CRITICAL)
    try:
        limit(config["memory_mb"])
        engine = Engine(config)
        engine.warm_up()
        close_doors()
    except (ImportError, OSError) as error:
        send(answers, b"-" + str(error).encode())
        return
    send(answers, b"+ready")
    serve(engine, sys.stdin.buffer, answers, config["idle_seconds"])


def serve(engine: Engine, requests: BinaryIO, answers: BinaryIO, idle_seconds: int) -> None:
    """Answer one request after another; leave when nothing came for a while."""
    while True:
        if not select.select([requests], [], [], idle_seconds)[0]:
            os._exit(IDLE_EXIT)
        message = receive(requests)
        if message is None:
            return
        request = json.loads(message)
        # The default action of the alarm ends the process, whatever it is stuck in. It counts what
        # the process itself works: a machine that is busy with other things is no document's fault.
        signal.setitimer(signal.ITIMER_PROF, request["seconds"])
        try:
            answer = b"+" + engine.pdf(request["pages"], request["data"],
                                       tagged=request["tagged"])
        except MemoryError:
            answer = b"-memory"
        except Exception as error:
            answer = b"-" + f"{type(error).__name__}: {error}".encode()[:500]
        signal.setitimer(signal.ITIMER_PROF, 0)
        send(answers, answer)


class Engine:
    """WeasyPrint with what documents share: fetcher, fonts, style sheet."""

    def __init__(self, config: dict[str, Any]) -> None:
        from weasyprint import CSS, HTML, Attachment
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import URLFetcher, URLFetcherResponse

        class Sealed(URLFetcher):
            """Reads what the document itself carries; there is no outside."""

            def __init__(self) -> None:
                super().__init__(allowed_protocols=frozenset({"data"}), allow_redirects=False)

            def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
                kind, content = read_data_address(url)
                return URLFetcherResponse(url, content, {"Content-Type": kind})

        self.fetcher = Sealed()
        self.fonts = FontConfiguration()
        self.html = HTML
        self.attachment = Attachment
        faces = [font_face(name, file) for name, file in config["fonts"]]
        with open(config["css"], encoding="utf-8") as sheet:
            self.css = CSS(
                string="".join(faces) + sheet.read(), font_config=self.fonts,
                url_fetcher=self.fetcher, base_url="about:blank",
            )

    def pdf(self, pages: list[str], data: dict[str, str] | None = None, *, tagged: bool = True
            ) -> bytes:
        """Several documents as one PDF, each with its own page count; fonts are embedded once.

        Tagged for screen readers (PDF/UA-1): headings, tables with their headers, the language;
        unless it is only to be put together with others, which loses that anyhow.
        With ``data`` it is PDF/A-3, as tagged, with that file inside.
        """
        pictures: dict[str, Any] = {}
        made = [
            self.html(string=page, url_fetcher=self.fetcher, base_url="about:blank")
            .render(stylesheets=[self.css], font_config=self.fonts, cache=pictures)
            for page in pages
        ]
        document = made[0].copy([page for one in made for page in one.pages])
        # The identifier makes the same documents give the same bytes.
        same: dict[str, Any] = {"pdf_identifier": b"0" * 16}
        if not tagged:
            return document.write_pdf(**same)
        if data is None:
            return document.write_pdf(**same, pdf_variant="pdf/ua-1", finisher=head_columns)
        day = datetime.fromisoformat(data["day"])
        document.metadata.generate_rdf_metadata = in_one_rdf(
            document.metadata.generate_rdf_metadata)
        return document.write_pdf(
            **same, pdf_variant="pdf/a-3a", finisher=finished, attachments=[self.attachment(
                string=data["xml"], base_url="about:blank", url_fetcher=self.fetcher,
                name=DATA_FILE, description="Invoice data", created=day, modified=day,
                relationship="Alternative")])

    def warm_up(self) -> None:
        """Make the engine load all it loads late, while the doors are open."""
        from PIL import Image

        # Formats that nobody prints are where decoders' holes are.
        Image.init()
        Image.ID[:] = [name for name in Image.ID if name in _PICTURES]
        dot = base64.b64encode(_PNG).decode()
        self.pdf([
            "<html lang=pl><title>x</title><style>i{transform:rotate(1deg)}</style>"
            f"<p>Zażółć <b>gęślą</b> <i>jaźń</i> 中 <img src='data:image/png;base64,{dot}'>"
            "<svg viewBox='0 0 9 9' width=9 height=9><path d='M0 0h1v9h-1z'/></svg>"
            "<table><thead><tr><th>a<tbody><tr><td>b</table>"
        ])
        self.pdf(["<html lang=pl><title>x</title><p>x"], {"xml": "<x/>", "day": "2026-11-22"})
        self.pdf(["<html lang=pl><title>x</title><p>x"], tagged=False)


_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

DATA_FILE = "factur-x.xml"
_FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_FX_FIELDS = {
    "DocumentFileName": (DATA_FILE, "The name of the embedded XML document"),
    "DocumentType": ("INVOICE", "The type of the hybrid document"),
    "Version": ("1.0", "The version of the standard applying to the embedded XML document"),
    "ConformanceLevel": ("EN 16931", "The conformance level of the embedded XML document"),
}


def in_one_rdf(generate: Callable[..., bytes]) -> Callable[..., bytes]:
    """The engine's metadata with what Factur-X wants to be said, in the one RDF there may be.

    Metadata that the engine is given is written as a second RDF, which readers refuse. What must
    be said: Factur-X 1.0, "XMP extension schema".
    """

    def both(*args: Any) -> bytes:
        head, end, tail = generate(*args).rpartition(b"</rdf:RDF>")
        return head + factur_x_metadata() + end + tail

    return both


def factur_x_metadata() -> bytes:
    """What the file inside is, and the description of these words that PDF/A asks for."""
    said = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, (value, _) in _FX_FIELDS.items())
    described = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{words}</pdfaProperty:description></rdf:li>"
        for name, (_, words) in _FX_FIELDS.items())
    return (
        f'<rdf:Description xmlns:fx="{_FX}" rdf:about="">{said}</rdf:Description>'
        '<rdf:Description xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
        ' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"'
        ' xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#" rdf:about="">'
        '<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">'
        "<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>"
        f"<pdfaSchema:namespaceURI>{_FX}</pdfaSchema:namespaceURI>"
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{described}</rdf:Seq></pdfaSchema:property>"
        "</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
    ).encode()


def head_columns(_document: Any, pdf: Any) -> None:
    """Say of each head cell that it heads its column: ours head nothing else.

    The engine names the heads at each cell instead, by identifiers for which it writes no table to
    look them up in (ISO 32000-1, 14.7.2, IDTree); ISO 14289-1, 7.5 wants heads to be found.
    """
    for thing in pdf.objects:
        if isinstance(thing, dict) and thing.get("S") == "/TH":
            thing["A"]["Scope"] = "/Column"


def finished(document: Any, pdf: Any) -> None:
    """Both of what the engine leaves to be done of a Factur-X."""
    head_columns(document, pdf)
    name_files_once(document, pdf)


def name_files_once(_document: Any, pdf: Any) -> None:
    """Each file inside once in the list of associated files; the engine lists it twice."""
    files = pdf.catalog["AF"]
    files[:] = list(dict.fromkeys(files))


def read_data_address(url: str) -> tuple[str, bytes]:
    """Type and content of a ``data:`` address.

    Raises:
        ValueError: another kind of address, or neither picture nor font.
    """
    head, comma, data = url.partition(",")
    scheme, _, kind = head.partition(":")
    kind, _, coding = kind.partition(";")
    if scheme.lower() != "data" or not comma or not _KINDS.fullmatch(kind):
        raise ValueError("only pictures inside the document are shown")
    return kind, base64.b64decode(data) if coding == "base64" else unquote_to_bytes(data)


def font_face(name: str, file: str) -> str:
    """A ``@font-face`` that carries the font in itself; nothing when the file is missing."""
    kind = file.rpartition(".")[2]
    if kind not in _FONTS or not os.path.isfile(file):
        return ""
    with open(file, "rb") as font:
        data = base64.b64encode(font.read()).decode()
    return (f"@font-face{{font-family:'{name}';"
            f"src:url(data:font/{kind};base64,{data})}}")


def limit(memory_mb: int) -> None:
    """Ask the kernel to keep this process small."""
    try:
        import resource
    except ImportError:  # not a Unix: the deadline and the other walls remain
        return
    size = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def close_doors() -> None:
    """From here on: no sockets, no processes, no files but Python's own code, to read."""
    code = {os.path.dirname(os.__file__), *(
        folder for folder in sys.path if "site-packages" in folder or "dist-packages" in folder
    )}
    allowed = tuple(os.path.realpath(folder) + os.sep for folder in code)
    flags = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def guard(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, how = args
            if isinstance(path, int):
                return
            real = os.path.realpath(os.fsdecode(path)) + os.sep
            if not real.startswith(allowed) or (how or 0) & flags:
                raise PermissionError("files are closed here")
        elif event.startswith(_CLOSED_AT_ONCE):
            raise PermissionError(f"{event} is closed here")

    sys.addaudithook(guard)
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    except ImportError:
        return


def receive(source: BinaryIO) -> bytes | None:
    """One message; None at the end of the stream."""
    head = source.read(4)
    if len(head) < 4:
        return None
    return source.read(struct.unpack(">I", head)[0])


def send(target: BinaryIO, message: bytes) -> None:
    """One message."""
    target.write(struct.pack(">I", len(message)) + message)
    target.flush()


if __name__ == "__main__":
    main()
