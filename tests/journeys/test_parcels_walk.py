"""Orders from the list to the courier in a browser: labels and invoices many at once, one parcel
packed by scans whose papers come out of a printer, the rest packed beside it, all papers as files
that are read back by machine, and the hand-over.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pypdf
import pytest
from oms_connector.testing import Clock
from playwright.sync_api import expect
from sqlalchemy import func, select, update

from oms_web.core.actor import SYSTEM
from oms_web.domain.catalog.models import Product
from oms_web.domain.documents.models import Document
from oms_web.domain.printers import service as printers
from oms_web.domain.shipping import sending
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.models import Shipment
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import labels
from tests import paper
from tests.contract.kit_golab import Golab
from tests.floor import EANS, Floor, broken
from tests.journeys.looking import VIEWS, Walk
from tests.journeys.outside import plug
from tests.printed import codes_on
from tests.running.test_print_agent import PACKAGE
from tests.sizes import size

pytestmark = pytest.mark.browser

MANY = size(20, 200)
STATION = "1"
SOON = size(15_000, 90_000)  # ms: two hundred parcels leave in one click
RULE = {"kind": "carrier", "service": "kurier", "size": "", "packaging_id": None,
        "channel_id": None, "method": "", "country": "", "heaviest_g": None, "least": None,
        "most": None, "cod": ""}


class Patient(Golab):
    """Time passes between requests, so that the carrier's pace is kept."""

    def exchange(self, request):
        self.clock.forward(0.1)
        return super().exchange(request)


@pytest.fixture
def golab():
    """The demo's carrier."""
    made = Patient(Clock())
    yield made
    made.close()


@pytest.fixture(params=VIEWS)
def shop(request, oms, works, golab, open_page):
    """Paid orders that want an invoice, a carrier, somebody at the desk."""
    works.clock = lambda: golab.clock.now
    floor = Floor(works, cups=(MANY, MANY))
    floor.oms = oms
    account = plug(oms, golab, "Gołąb")
    with works.writing(SYSTEM) as work:
        paper.company(work)
        work.session.execute(update(Product).values(vat_rate="23"))
        labels.keep_services(work, account, golab.connector.services(None))
        sending.add_rule(work, {**RULE, "account_id": account})
        sending.change(work, {"buy_when": sending.ASKED, "label_format": "pdf_a6",
                              "default_g": 1000, "insures": False})
    floor.orders = [floor.order(f"P{n}", {"KUB": 1}, wants_invoice=True) for n in range(MANY)]
    language, dimensions, scheme = request.param
    floor.walk = Walk(open_page("owner", language, size=dimensions, scheme=scheme),
                      f"parcels-{language}")
    floor.walk.page.set_default_timeout(SOON)
    return floor


def turn(shop):
    """Let clock and workers do what is due."""
    rings.ring_labels(shop.oms)
    drain(shop.oms)


def bulk(shop, key):
    """Tick all that the list shows, or matches, and start a change of many."""
    page = shop.walk.page
    page.goto("/orders")
    page.locator("[data-select-all]").first.evaluate("(box) => box.click()")  # not on a phone
    if (whole := page.locator("[data-select-whole]")).count():
        whole.evaluate("(box) => box.click()")
    page.locator(f"button[formaction='/orders/bulk/{key}']").first.evaluate(
        "(button) => button.form.requestSubmit(button)")
    expect(page.locator("#change-band")).to_be_visible()
    turn(shop)


def printed(shop, kind):
    """Tick every order, print one kind of paper as a file, and fetch it."""
    page = shop.walk.page
    page.goto("/orders")
    while (more := page.locator(".pager a")).count():
        rows = page.locator("[data-row]").count()
        more.first.evaluate("(link) => link.click()")
        expect(page.locator("[data-row]")).not_to_have_count(rows)
    assert page.locator("[data-row]").count() == MANY
    page.locator("[data-select-all]").first.evaluate("(box) => box.click()")
    with page.expect_navigation(url=re.compile(r"/tasks/\d+$")):
        page.locator(f"button[name=kind][value={kind}][form=orders-form]").first.evaluate(
            "(button) => button.form.requestSubmit(button)")
    shop.walk.see("printing many")
    drain(shop.oms)
    page.reload()
    shop.walk.see("printed many")
    link = page.locator("a[href$='/file.pdf']").first.get_attribute("href")
    answer = page.request.get(link)
    assert answer.ok
    return answer.body()


def check_papers(shop):
    """Every slip's order, every label's tracking and every invoice's number are on paper."""
    slips, labels_ = printed(shop, "slip"), printed(shop, "label")
    assert sorted(codes_on(slips)) == sorted(map(str, shop.orders))
    with shop.works.reading(SYSTEM) as work:
        bought = [number for numbers in work.session.scalars(select(LabelBooking.tracking))
                  for number in numbers]
        issued = list(work.session.scalars(select(Document.number)))
    assert len(bought) == MANY
    assert sorted(codes_on(labels_)) == sorted(bought)
    pages = pypdf.PdfReader(io.BytesIO(printed(shop, "invoice"))).pages
    assert len(pages) == MANY
    said = [" ".join(page.extract_text().split()) for page in pages]
    assert all(any(number in one for one in said) for number in issued)


def agent(page, live, folder):
    """The print agent, with a key that is made on the screen and given to nobody else."""
    if not hasattr(page, "agents_key"):
        page.goto("/settings/api/new")
        page.fill("[name=name]", "Agent")
        for scope in ("printing:read", "printing:write"):
            page.check(f"[name=scopes][value='{scope}']")
        page.locator("main form").last.locator("button").last.press("Enter")
        page.agents_key = page.locator(".secret.key").inner_text()
    done = subprocess.run(
        [sys.executable, "-m", "oms_print_agent", "--url", live, "--station", STATION, "--once",
         "--printer", f"a4=folder:{folder}"], cwd=PACKAGE,
        env={"OMS_KEY": page.agents_key, "PATH": ""}, capture_output=True, text=True, timeout=60,
        check=False)
    assert done.returncode == 0, done.stderr


def test_from_the_list_to_the_courier(shop, live, tmp_path, golab):
    walk, page = shop.walk, shop.walk.page
    paper_tray = tmp_path / "printed"
    paper_tray.mkdir()
    agent(page, live, paper_tray)
    with shop.works.writing(SYSTEM) as work:
        [printer] = printers.every(work.session)
        for kind in ("slip", "label"):
            printers.set_route(work, STATION, kind, printer.id, automatic=True)
    walk.go("/orders", "list")
    bulk(shop, "label")
    walk.go("/labels?view=today", "labels bought")
    assert sum(len(golab.bookings(key)) for key in keys(shop)) == MANY

    page.context.add_cookies([{"name": "oms_station", "value": STATION, "url": live}])
    page.goto("/packing")
    first = shop.orders[0]
    for code in (first, EANS["KUB"]):
        page.keyboard.type(str(code), delay=4)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/packing/\d+$"))
    expect(page.locator("[name=number-1]")).not_to_have_value("")
    expect(page.locator("[name=number-1]")).to_be_visible()
    walk.see("packed")
    turn(shop)
    agent(page, live, paper_tray)
    printed = sorted(one.name for one in paper_tray.iterdir())
    assert printed == [f"Gołąb {first}.pdf", f"PS {first}.pdf"]
    assert all(one.read_bytes().startswith(b"%PDF") for one in paper_tray.iterdir())
    walk.go("/printing", "printed")
    with shop.works.writing(SYSTEM) as work:  # what comes out by itself was seen once
        for kind in ("slip", "label"):
            printers.set_route(work, STATION, kind, printer.id, automatic=False)
    for order_id in shop.orders[1:]:
        shop.pack(order_id)

    bulk(shop, "invoice")
    walk.go("/documents?view=issued", "invoices")
    with shop.works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(Document)) == MANY
        assert work.session.scalar(select(func.max(Document.sequence))) == MANY  # no gap

    check_papers(shop)
    walk.go("/labels/hand-over", "hand-over")
    form = page.locator("form[action='/labels/hand-over']")
    form.locator("[name=leave]").check()
    if (calls := form.locator("[name=calls]")).count():
        calls.uncheck()
    walk.send("/labels/hand-over")
    turn(shop)
    walk.go("/labels/hand-over", "handed over")
    walk.go("/shipments", "on the road")
    with shop.works.reading(SYSTEM) as work:
        assert work.session.execute(
            select(Shipment.state, func.count()).group_by(Shipment.state)).all() == [
                ("shipped", MANY)]
        assert broken(work.session) == []
    assert walk.wrong == []


def keys(shop):
    """The keys that the carrier was told."""
    with shop.works.reading(SYSTEM) as work:
        return list(work.session.scalars(select(LabelBooking.key)))
