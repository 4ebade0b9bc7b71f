"""PDFs: what they never do. Whatever is typed stays text, and reaches neither network nor files."""

from __future__ import annotations

import http.server
import io
import re
import time
from pathlib import Path

import pypdf
import pytest

from oms_web.adapters.pdf import PdfPool
from oms_web.adapters.print_pages import CSS, FONTS
from oms_web.flows.issue_document import issue_invoice
from tests import paper
from tests.printed import ANNA, make, pool, shop, text_of
from tests.serving import serving

__all__ = ["pool", "shop"]


@pytest.fixture
def trap():
    """A web server on loopback that counts who comes."""
    hits: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"trap")

        def log_message(self, *_args) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}", hits


def hostile(url: str, canary: Path) -> str:
    """Everything a document could try to fetch with."""
    file = canary.as_uri()
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
           f'<image href="{url}/svg"/><image xlink:href="{file}"/><use href="{url}/use#x"/></svg>')
    import base64

    packed = base64.b64encode(svg.encode()).decode()
    return f"""<html><head>
      <base href="{url}/">
      <link rel="stylesheet" href="{url}/css"><link rel="stylesheet" href="relative.css">
      <link rel="attachment" href="{file}"><link rel="attachment" href="{url}/attach">
      <link rel="icon" href="{url}/icon">
      <meta http-equiv="refresh" content="0;url={url}/meta">
      <style>@import url({url}/import); @import "{file}";
        @font-face {{ font-family: trap; src: url({url}/font.woff2), url({file}) }}
        body {{ background: url({url}/bg); font-family: trap; cursor: url({url}/cursor) }}
        li {{ list-style-image: url({url}/list) }} p::before {{ content: url({url}/content) }}
        @page {{ @top-left {{ content: url({file}); background: url({url}/margin) }} }}
      </style></head><body>
      <img src="{url}/img"><img src="{file}"><img srcset="{url}/set 2x"><img src="//127.0.0.1/x">
      <img src="data:image/svg+xml;base64,{packed}">{svg}
      <object data="{url}/object"></object><embed src="{file}"><iframe src="{url}/frame"></iframe>
      <a rel="attachment" href="{file}">x</a><a href="{url}/link">a link is not followed</a>
      <script src="{url}/js"></script><video src="{url}/video" poster="{url}/poster"></video>
      <img src="ftp://127.0.0.1/x"><img src="data:text/html,<b>x</b>"><img src="FILE://{canary}">
      <p>still here</p><li>x</li></body></html>"""


CANARY = "canary-7f3a-never-to-be-printed"


def unpacked(pdf: bytes) -> bytes:
    """All of a PDF, its streams and attachments decompressed."""
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    found = [pdf]
    for number in range(1, len(reader.xref[0]) + 200):
        try:
            thing = reader.get_object(number)
        except Exception:
            continue
        if hasattr(thing, "get_data"):
            found.append(thing.get_data())
    return b"\n".join(found)


def test_a_hostile_document_reaches_neither_network_nor_files(pool, trap, tmp_path):
    url, hits = trap
    canary = tmp_path / "secret.txt"
    canary.write_text(CANARY)
    pdf = pool.render([hostile(url, canary)])
    time.sleep(0.2)
    assert hits == []
    assert CANARY.encode() not in unpacked(pdf)
    assert "still here" in text_of(pdf)
    assert "/EmbeddedFiles" not in str(pypdf.PdfReader(io.BytesIO(pdf)).trailer["/Root"])


def test_control_the_same_document_does_reach_them_in_an_open_engine(trap, tmp_path):
    """The trap and the canary work: without our fetcher the document finds both."""
    from weasyprint import HTML

    url, hits = trap
    canary = tmp_path / "secret.txt"
    canary.write_text(CANARY)
    pdf = HTML(string=hostile(url, canary)).write_pdf()
    assert len(hits) >= 5
    assert CANARY.encode() in unpacked(pdf)


def test_what_buyers_type_stays_text(shop, trap, tmp_path):
    url, hits = trap
    canary = tmp_path / "secret.txt"
    canary.write_text(CANARY)
    evil = (f"</style><img src='{url}/x'><link rel=attachment href='{canary.as_uri()}'>"
            "{{ 7*7 }}{% raw %}<script>")
    order_id = make(
        shop, [(evil[:400], 1, "10", "23")], buyer_note=evil, external_number=evil[:100],
        ship_to=paper.POLISH_HOME | {"name": evil, "street": evil, "city": evil},
        delivery_method=evil[:100], payment_method=evil[:80], pickup_point=evil[:60])
    with shop.works.writing(ANNA) as work:
        document_id = issue_invoice(work, order_id)[0].id
    for pdf in (shop.printing.for_order("slip", order_id, ANNA, "pl"),
                shop.printing.document(document_id)):
        said = re.sub(r"\s", "", text_of(pdf))
        assert "{{7*7}}" in said
        assert "<script>" in said
        assert CANARY.encode() not in unpacked(pdf)
    assert hits == []


def test_a_picture_among_letters_is_left_off_paper(shop):
    order_id = make(
        shop, [("Kubek 🎁 zielony", 1, "10", "23")], buyer_note="dzięki ❤️ bardzo 👩‍🔧",
        ship_to=paper.POLISH_HOME | {"name": "Zażółć 🦉 Gęślą", "city": "Łódź 🏭"})
    with shop.works.writing(ANNA) as work:
        document_id = issue_invoice(work, order_id)[0].id
    for pdf in (shop.printing.for_order("slip", order_id, ANNA, "pl"),
                shop.printing.document(document_id)):
        said = " ".join(text_of(pdf).split())
        assert "Zażółć Gęślą" in said
        assert "Łódź" in said
        assert not re.search("[\U0001f000-\U0001faff\u2764\ufe0f\u200d]", said)


def test_the_second_wall_holds_when_the_first_is_gone(trap, tmp_path):
    """Even code running inside the worker opens no socket, no file and no process."""
    import subprocess
    import sys

    from oms_web.adapters import pdf_worker

    url, hits = trap
    canary = tmp_path / "secret.txt"
    canary.write_text(CANARY)
    attack = f"""
import importlib.util, os, socket, subprocess, urllib.request
spec = importlib.util.spec_from_file_location("pdf_worker", {pdf_worker.__file__!r})
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)
worker.close_doors()
tries = [
    lambda: urllib.request.urlopen({url!r}),
    lambda: socket.create_connection(("127.0.0.1", {int(url.rsplit(":", 1)[1])})),
    lambda: open({str(canary)!r}).read(),
    lambda: open("/etc/passwd").read(),
    lambda: open({str(tmp_path / "new")!r}, "w"),
    lambda: os.remove({str(canary)!r}),
    lambda: subprocess.run(["/bin/true"]),
    lambda: os.system("true"),
    lambda: os.fork(),
]
for number, attempt in enumerate(tries):
    try:
        attempt()
    except PermissionError:
        print("refused", number)
import json.tool
print("own code still loads")
"""
    done = subprocess.run([sys.executable, "-c", attack], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.stdout.split("\n")[:-1] == [
        *(f"refused {number}" for number in range(9)), "own code still loads"], done.stderr
    assert hits == []
    assert canary.exists()


def test_the_worker_knows_no_secrets(monkeypatch, pool):
    monkeypatch.setenv("OMS_SECRET_KEY", CANARY)
    made = PdfPool(CSS, FONTS, size=1)
    made.render(["<p>x"])
    environment = Path(f"/proc/{made.pids()[0]}/environ").read_bytes()
    made.close()
    assert CANARY.encode() not in environment
    assert b"OMS_" not in environment
