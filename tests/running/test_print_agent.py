"""The print agent against a shop that is really served, and printers that really listen."""

from __future__ import annotations

import re
import socket
import socketserver
import struct
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from oms_web.domain.printers import service
from oms_web.flows.pack import opening
from oms_web.jobs import worker
from tests.conftest import TESTER
from tests.floor import Floor
from tests.serving import serving

PACKAGE = Path(__file__).resolve().parents[2] / "connectors" / "oms_print_agent"
STATION = "Packing 1"
ZPL = b"^XA^FO50,50^FDHello^FS^XZ"
NO_PAPER = 0x0507


@pytest.fixture
def shop(app):
    """The shop's address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def key(browser_as):
    """A key that a person made on the screen, for printing only."""
    answer = browser_as().post("/settings/api/new", data={
        "name": "Agent", "scopes": ["printing:read", "printing:write"], "account_id": "",
        "lasts": ""})
    return re.search(r'class="secret key">([^<]+)<', answer.text)[1]


def agent(shop, key, *printers, station=STATION):
    """Let the agent print what waits; what it said."""
    command = [sys.executable, "-m", "oms_print_agent", "--url", shop, "--station", station,
               "--once"]
    for one in printers:
        command += ["--printer", one]
    return subprocess.run(command, cwd=PACKAGE, env={"OMS_KEY": key, "PATH": ""},
                          capture_output=True, text=True, timeout=60, check=False)


def wish(works, kind, name, content, title="PS 1"):
    with works.writing(TESTER) as work:
        file = work.ports["prints"].put(content, name)
        return service.ask(work, STATION, kind, title, file, f"{kind}:{title}")


def routed(works, **kinds):
    with works.writing(TESTER) as work:
        named = {one.name: one.id for one in service.every(work.session)}
        for kind, name in kinds.items():
            service.set_route(work, STATION, kind, named[name], automatic=True)


def outcome(works):
    with works.reading(TESTER) as work:
        return [(job.title, job.state, job.message) for job, _ in service.latest(work.session, 9)]


@pytest.fixture
def listener():
    """A label printer: what it was sent."""
    got: list[bytes] = []

    class Take(socketserver.BaseRequestHandler):
        def handle(self):
            parts = []
            while part := self.request.recv(4096):
                parts.append(part)
            got.append(b"".join(parts))

    server = socketserver.TCPServer(("127.0.0.1", 0), Take)
    with serving(server):
        yield server.server_address[1], got


@pytest.fixture
def office():
    """A network printer that speaks IPP: what it was sent, and what it answers."""
    asked: list[bytes] = []
    status = [0]

    class Take(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(struct.pack(">BBHI", 1, 1, status[0], 1) + b"\x03")

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Take)
    with serving(server):
        yield server.server_port, asked, status


def test_labels_and_slips_come_out_where_they_should(works, shop, key, listener, office):
    port, labels = listener
    ipp, papers, status = office
    printers = (f"zebra=raw:127.0.0.1:{port}", f"a4=ipp:127.0.0.1:{ipp}/ipp/print")
    assert agent(shop, key, *printers).returncode == 0
    routed(works, label="zebra", slip="a4")
    wish(works, "label", ".zpl", ZPL, "LBL 1")
    wish(works, "slip", ".pdf", b"%PDF-1.7 slip", "PS 1")
    said = agent(shop, key, *printers)
    assert said.returncode == 0, said.stderr
    assert labels == [ZPL]
    assert papers[0].endswith(b"%PDF-1.7 slip")
    assert papers[0][:8] == struct.pack(">BBHI", 1, 1, 2, 1)
    assert {one[:2] for one in outcome(works)} == {("LBL 1", "printed"), ("PS 1", "printed")}
    status[0] = NO_PAPER
    wish(works, "slip", ".pdf", b"%PDF-1.7 slip", "PS 2")
    agent(shop, key, *printers)
    assert outcome(works)[0][:2] == ("PS 2", "failed")
    assert "0x0507" in outcome(works)[0][2]


def test_a_printer_that_is_off_is_told_with_its_reason_and_can_be_printed_again(
    works, shop, key, tmp_path, browser_as
):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    agent(shop, key, f"zebra=raw:127.0.0.1:{closed}")
    routed(works, label="zebra")
    wish(works, "label", ".zpl", ZPL, "LBL 1")
    agent(shop, key, f"zebra=raw:127.0.0.1:{closed}")
    page = browser_as().get("/printing").text
    assert "not printed" in page
    assert "does not answer" in page
    browser_as().post("/printing/1/again")
    agent(shop, key, f"zebra=folder:{tmp_path},zpl")
    assert (tmp_path / "LBL 1.zpl").read_bytes() == ZPL
    assert outcome(works)[0][1] == "printed"


def test_what_is_set_up_wrongly_is_said_and_ends(shop, key):
    assert agent(shop, "oms_nothing", "a=folder:x").returncode == 1
    assert "401" in agent(shop, "oms_nothing", "a=folder:x").stderr
    assert agent(shop, key, "a=usb:1").returncode == 2
    assert agent(shop, "", "a=folder:x").returncode == 2


def test_a_slip_comes_out_by_itself_when_the_parcel_closes(
    oms, works, shop, key, tmp_path, browser_as
):
    floor = Floor(works)
    agent(shop, key, f"a4=folder:{tmp_path}")
    browser_as().post("/settings/printers", data={
        "station": STATION, "printer-slip": "1", "copies-slip": "1", "automatic-slip": "on"})
    order_id = floor.order("A", {"KUB": 1})
    with works.writing(TESTER) as work:
        shipment_id = opening.open_order(work, order_id, STATION).id
    floor.scan(shipment_id, "KUB")
    worker.drain(oms)
    agent(shop, key, f"a4=folder:{tmp_path}")
    [paper] = tmp_path.glob("*.pdf")
    assert paper.name == f"PS {order_id}.pdf"
    assert paper.read_bytes().startswith(b"%PDF")


def test_the_bench_and_the_card_offer_the_printer_of_their_station(oms, works, shop, key, tmp_path,
                                                                    browser_as):
    floor = Floor(works)
    agent(shop, key, f"a4=folder:{tmp_path}")
    routed(works, picklist="a4")
    order_id = floor.order("A", {"KUB": 1})
    desk = browser_as()
    assert "Pick list: a4" not in desk.get(f"/orders/{order_id}").text
    desk.set_cookie("oms_station", "Packing%201")
    assert "Pick list: a4" in desk.get(f"/orders/{order_id}").text
    desk.post("/print?to=printer", data={"kind": "picklist", "order": order_id})
    worker.drain(oms)
    agent(shop, key, f"a4=folder:{tmp_path}")
    assert [one.name for one in tmp_path.glob("*.pdf")] == [f"PL {order_id}.pdf"]
