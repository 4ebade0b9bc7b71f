"""Claims against couriers: one under way for a parcel, what is owed, and the parcel's file."""

from __future__ import annotations

import io

import pypdf
import pytest
from oms_connector import LabelFile
from PIL import Image
from sqlalchemy import update

from oms_web.adapters import images
from oms_web.adapters.pdf import PdfPool
from oms_web.adapters.print_pages import CSS, FONTS
from oms_web.core.actor import SYSTEM
from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.catalog.models import Variant
from oms_web.domain.company.models import Company
from oms_web.domain.documents import dispute_kits
from oms_web.domain.messages import service as messages
from oms_web.domain.messages.models import Message
from oms_web.domain.messages.wording import Rendered
from oms_web.domain.orders.service import get_order
from oms_web.domain.shipping import claims
from oms_web.domain.shipping.claims import Asked
from oms_web.domain.shipping.models import ParcelPhoto
from oms_web.flows import ship
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from tests.floor import KUBA
from tests.sync.carrier import Counting, Depot

LOST = Asked("lost", 2000, "Not seen since Monday.")


@pytest.fixture
def depot(oms):
    return Depot(oms)


@pytest.fixture(scope="module")
def pool():
    made = PdfPool(CSS, FONTS)
    if reason := made.available():
        pytest.skip(f"PDF is unavailable here: {reason}")
    yield made
    made.close()


def left(depot, name="A"):
    shipment_id = depot.bought(depot.order(name, {"KUB": 2}))
    depot.do(ship.leave, shipment_id)
    return shipment_id


def owed(depot):
    with depot.works.reading(SYSTEM) as work:
        return claims.owed(work.session)


def test_a_parcel_has_one_claim_under_way(depot):
    waiting = depot.bought(depot.order("B", {"KUB": 1}))
    with pytest.raises(NotAllowedNow, match="not left"):
        depot.do(claims.write, waiting, LOST)
    shipment_id = left(depot)
    for wrong in (Asked("lost", 0), Asked("stolen", 5)):
        with pytest.raises(Invalid):
            depot.do(claims.write, shipment_id, wrong)
    claim, fresh = depot.do(claims.write, shipment_id, LOST)
    again, second = depot.do(claims.write, shipment_id, Asked("damaged", 500))
    assert (fresh, second, again.id) == (True, False, claim.id)
    assert owed(depot) == {}, "the courier knows nothing of it yet"
    with pytest.raises(NotAllowedNow, match="Send this claim"):
        depot.do(claims.settle, claim.id, 100)
    assert [depot.do(claims.send, claim.id, "R/1") for _ in range(2)] == [True, False]
    assert owed(depot) == {"PLN": 2000}
    assert [depot.do(claims.settle, claim.id, 1500) for _ in range(2)] == [True, False]
    assert owed(depot) == {}
    with pytest.raises(NotAllowedNow, match="over"):
        depot.do(claims.drop, claim.id)
    other, fresh = depot.do(claims.write, shipment_id, Asked("damaged", 500))
    assert fresh
    assert [depot.do(claims.drop, other.id) for _ in range(2)] == [True, False]


def test_what_was_delivered_cannot_be_lost(depot):
    shipment_id = left(depot)
    depot.do(ship.arrived, shipment_id)
    with pytest.raises(Invalid, match="list"):
        depot.do(claims.write, shipment_id, LOST)


def test_the_file_says_who_did_what_and_what_a_parcel_should_weigh(depot):
    """Also of a parcel that nobody packed at the station."""
    order_id = depot.order("U", {"KUB": 2})
    [shipment_id] = depot.do(ship.ship_order, order_id, carrier="DPD", number="1000U")
    depot.do(ship.arrived, shipment_id)
    with depot.works.writing(SYSTEM) as work:
        work.session.execute(update(Variant).values(weight_g=400))
    with depot.works.reading(SYSTEM) as work:
        kit = dispute_kits.of_shipment(work.session, shipment_id, None)
        empty = work.session.get_one(Company, 1).packaging_g
    assert [(one.what, one.who) for one in kit.steps] == [
        ("left_at", KUBA.name), ("delivered_at", KUBA.name)]
    assert [one.expected_g for one in kit.boxes] == [800 + empty]


def test_what_is_late_is_seen(depot):
    claim, _ = depot.do(claims.write, left(depot), Asked("damaged", 500))
    assert claim.term == "pl-carriage-damage"

    def waiting():
        today = local_day(depot.moment)
        with depot.works.reading(SYSTEM) as work:
            n, _first, silent = claims.waiting(work.session, today, today)
            return n, silent

    assert waiting() == (0, 0)
    depot.forward(days=7)
    assert waiting() == (1, 0)
    depot.do(claims.send, claim.id, "")
    assert waiting() == (0, 0)
    depot.forward(days=31)
    assert waiting() == (0, 1)


def test_the_file_of_a_parcel_says_all_that_is_known(depot, pool, monkeypatch):
    label = pypdf.PdfWriter()
    label.add_blank_page(298, 420)
    whole = io.BytesIO()
    label.write(whole)
    monkeypatch.setattr(Counting, "label", lambda *given: LabelFile("pdf_a6", whole.getvalue()))
    depot.oms.printing.pdf = pool
    shipment_id = left(depot)
    order_id = depot.shipment(shipment_id).order_id
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(picture, "PNG")
    made = images.prepare(picture.getvalue())
    files = depot.works.ports["files"]
    with depot.works.writing(KUBA) as work:
        work.session.add(ParcelPhoto(
            shipment_id=shipment_id, file=files.put(made.content, ".webp"),
            thumb=files.put(made.thumb, ".webp"), at=work.now, actor=KUBA.name))
        get_order(work.session, order_id)
    [number] = [one.tracking for one in depot.parcels(shipment_id)]
    depot.scanned(number, "moving", "SORT-7")
    depot.forward(minutes=40)
    rings.ring_labels(depot.oms)
    drain(depot.oms)
    depot.do(claims.write, shipment_id, LOST)
    pdf = pypdf.PdfReader(io.BytesIO(depot.oms.printing.dispute(shipment_id, "pl")))
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    for known in (number, "SORT-7", "KUB", KUBA.name, "zaginięcie przesyłki", "20,00 zł",
                  "Not seen since Monday.", "Anna", "włożono", "w drodze"):
        assert known in text, known
    assert [round(float(page.mediabox.width)) for page in pdf.pages][-1] == 298, "the label"
    assert any(page.images for page in pdf.pages)


def test_a_letter_in_the_file_of_a_parcel_stands_on_one_sheet(depot, pool):
    """Not greeted at the foot of one sheet and spoken to on the next."""
    depot.oms.printing.pdf = pool
    shipment_id = left(depot)
    order_id = depot.shipment(shipment_id).order_id
    text = "\n\n".join(("Dzień dobry,", *("Paczka jest w drodze.",) * 14, "Pozdrawiamy"))
    with depot.works.writing(KUBA) as work:
        made = messages.put(work, "email", "anna@example.com", Rendered("pl", "W drodze", text),
                            key="k", name="x", order_id=order_id)
        work.session.get_one(Message, made).state = "sent"
    pages = [page.extract_text() for page in
             pypdf.PdfReader(io.BytesIO(depot.oms.printing.dispute(shipment_id, "pl"))).pages]
    assert [("Dzień dobry," in page, "Pozdrawiamy" in page) for page in pages] == [
        (False, False), (True, True)]
