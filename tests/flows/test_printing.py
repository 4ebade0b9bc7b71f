"""PDFs: what they say."""

from __future__ import annotations

import io
import itertools
import re
from datetime import date
from decimal import Decimal

import pypdf
import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import select

from oms_web.adapters.print_pages import Look, Say
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.domain.catalog.models import Barcode, Product, Variant
from oms_web.domain.documents import picksheets
from oms_web.domain.documents.drafting import Ask, Exchange
from oms_web.domain.documents.models import DocumentFile
from oms_web.domain.documents.slips import slips
from oms_web.domain.einvoices import settings
from oms_web.domain.fulfilment import service
from oms_web.domain.fulfilment.models import PickList, PickTask
from oms_web.domain.orders.models import OrderLine, OrderLinePart
from oms_web.domain.shipping.models import Parcel, Shipment, ShipmentLine
from oms_web.domain.stock.models import Location, Reservation, Warehouse
from tests import paper
from tests.printed import ANNA, NOW, codes_on, invoiced, make, page_count, pool, shop, text_of
from tests.sync.ksef import pair
from tests.sync.ksef import shop as sending_shop

__all__ = ["pool", "shop"]


def test_an_invoice_in_polish_reads_back(shop):
    document_id = invoiced(
        shop, [("Źdźbło żółte, „gęś”", 3, "1148.00", "23"), ("Książka", 1, "52.50", "5"),
               ("Usługa", 1, "100", "zw")],
        shipping=1500, discount=1000, tax_id="5252248481", bill_to=paper.COMPANY_HOME,
        ask=Ask(exempt_basis="art. 43 ust. 1 pkt 26", split_payment=True, remark="Do rąk Ewy"))
    text = text_of(shop.printing.document(document_id)).replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "Faktura FV 1/11/2026", "22.11.2026", "20.11.2026", "Leśna Sowa Sp. z o.o.", "5252248481",
        "Źródło Sp. z o.o.", "Odbiorca", "Żaneta Łęcka", "Źdźbło żółte, „gęś”", "1 148,00",
        "23%", "zw.", "Dostawa: InPost Kurier", "PL61 1090 1014 0000 0712 1981 2874",
        "mechanizm podzielonej płatności", "art. 43 ust. 1 pkt 26", "Do rąk Ewy",
        "trzy tysiące sześćset jeden złotych 50/100", "Zapłacono", "3 601,50 zł", "0,00 zł",
        "Dziękujemy,", "Anna Nowak", "1 / 1",
    ):
        assert words in text, words


def test_an_invoice_in_english_reads_back(shop):
    rate = Exchange(Decimal("4.2537"), "225/A/NBP/2026", date(2026, 11, 19))
    document_id = invoiced(
        shop, [("Mug", 3, "33.33", "23")], currency="EUR", country="DE",
        payment_state="credit", payment_kind="credit", paid_total=0,
        ship_to=paper.POLISH_HOME | {"name": "Jürgen Straßmann", "country": "DE"},
        ask=Ask(exchange=rate))
    text = text_of(shop.printing.document(document_id)).replace("\N{NO-BREAK SPACE}", " ")
    for words in ("Invoice FV 1/11/2026", "22 Nov 2026", "Jürgen Straßmann", "Germany", "99.99",
                  "VAT in PLN", "79.54", "Rate 1 EUR = 4.2537 PLN, 225/A/NBP/2026 of 19 Nov 2026",
                  "ninety-nine euros 99/100", "To pay", "EUR 99.99", "Payment due", "6 Dec 2026",
                  "Thank you"):
        assert words in text, words


def test_sixty_lines_run_over_pages_with_head_number_and_sum_on_each(shop):
    document_id = invoiced(shop, [(f"Towar {n}", n, "12.30", "23") for n in range(1, 61)])
    reader = pypdf.PdfReader(io.BytesIO(shop.printing.document(document_id)))
    pages = [page.extract_text().replace("\N{NO-BREAK SPACE}", " ") for page in reader.pages]
    assert len(pages) >= 3
    for number, (page, following) in enumerate(itertools.pairwise(pages), start=1):
        last = max(int(n) for n in re.findall(r"Towar (\d+)", page))
        so_far = shop_amount(sum(range(1, last + 1)) * 1230)
        assert f"Do przeniesienia: {so_far}" in page, number
        assert f"Z przeniesienia: {so_far}" in following, number
    assert "Z przeniesienia" not in pages[0]
    assert "Do przeniesienia" not in pages[-1]
    for number, page in enumerate(pages, start=1):
        assert f"{number} / {len(pages)}" in page
        assert "FV 1/11/2026" in page
        assert ("Nazwa towaru" in page) == ("Towar " in page)
    assert all(f"Towar {n}" in "".join(pages) for n in range(1, 61))


def shop_amount(minor: int) -> str:
    return Say("pl").money(minor, "PLN").replace("\N{NO-BREAK SPACE}", " ")


def test_sums_and_signature_never_stand_alone_on_a_page(shop):
    lines = 17  # as many as fill a page to its last line
    document_id = invoiced(shop, [(f"Towar {n}", 1, "1.00", "23") for n in range(1, lines + 1)])
    reader = pypdf.PdfReader(io.BytesIO(shop.printing.document(document_id)))
    last = reader.pages[-1].extract_text()
    assert len(reader.pages) == 2
    assert f"Towar {lines}" in last
    assert "Do zapłaty" in last
    assert "Anna Nowak" in last


def test_a_long_footer_gets_its_room(shop):
    with shop.works.writing(ANNA) as work:
        paper.company(work, footer_pl=("stopka o zwrotach " * 33)[:580] + " KONIEC")
    made = shop.printing.document(invoiced(shop))
    page = pypdfium2.PdfDocument(made)[0].get_textpage()
    boxes = [page.get_rect(at) for at in range(page.count_rects())]
    assert min(bottom for _, bottom, _, _ in boxes) > 15
    assert "KONIEC" in text_of(made)


def test_no_figure_touches_another(shop):
    """Large amounts widen their columns: between two texts of a row there is always white."""
    document_id = invoiced(shop, [("Zestaw", 12345, "12345.67", "23"), ("Kubek", 1, "1", "5")],
                           discount=12345, prices_include_tax=False,
                           ask=Ask(method="net_line"))
    page = pypdfium2.PdfDocument(shop.printing.document(document_id))[0].get_textpage()
    boxes = sorted(page.get_rect(at) for at in range(page.count_rects()))
    for left, bottom, right, top in boxes:
        assert right <= 595 - 42
        for other in boxes:
            same_row = other[1] < top - 2 and other[3] > bottom + 2
            assert not (same_row and left < other[0] < right - 1), (left, other)


def test_readers_of_screens_find_their_way(shop):
    """PDF/UA: the language, a title, headings, tables with heads, words for what is drawn."""
    order_id = make(shop)
    slip = shop.printing.for_order("slip", order_id, ANNA, "pl")
    for pdf, title in ((shop.printing.document(invoiced(shop)), "Faktura FV 1/11/2026"),
                       (slip, f"List pakowy {order_id}")):
        reader = pypdf.PdfReader(io.BytesIO(pdf))
        root = reader.trailer["/Root"]
        assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("pl", True)
        assert b"pdfuaid" in root["/Metadata"].get_data()
        assert reader.metadata.title == title
        tags = list(tagged(root["/StructTreeRoot"]["/K"]))
        assert {"/H1", "/Table", "/TH", "/TD"} <= {tag["/S"] for tag in tags}
        assert all(tag.get("/Alt") for tag in tags if tag["/S"] == "/Figure")
        assert len(pdf) < 60_000
    assert any(tag.get("/Alt") == str(order_id) for tag in tags)


def tagged(node):
    """The structure of a tagged PDF, every element."""
    node = node.get_object()
    for one in node if isinstance(node, list) else [node]:
        one = one.get_object()
        if isinstance(one, dict) and "/S" in one:
            yield one
            if "/K" in one:
                yield from tagged(one["/K"])


def test_the_letters_are_ours_and_embedded(shop):
    fonts = set()
    for page in pypdf.PdfReader(io.BytesIO(shop.printing.document(invoiced(shop)))).pages:
        for font in page["/Resources"]["/Font"].values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor.get_object())
            fonts.add(str(font.get_object()["/BaseFont"]))
    assert any("Inter" in name for name in fonts), fonts


def test_the_same_document_gives_the_same_bytes_for_ever(shop):
    document_id = invoiced(shop)
    first = shop.printing.document(document_id)
    with shop.works.writing(ANNA) as work:
        paper.company(work, legal_name="Inna", accent="#FF0000", footer_pl="inna")
        name = work.session.scalars(select(DocumentFile.file)).one()
    assert shop.printing.document(document_id) == first
    # Even when the file is lost: the snapshot draws it again, byte for byte.
    shop.works.ports["files"].path(name).unlink()
    assert shop.printing.document(document_id) == first
    assert shop.works.ports["files"].path(name).read_bytes() == first


def test_a_logo_is_drawn_and_a_lost_one_leaves_the_name(shop):
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (300, 80), (10, 120, 60)).save(picture, "PNG")
    name = shop.works.ports["files"].put(picture.getvalue(), ".png")
    with shop.works.writing(ANNA) as work:
        paper.company(work, logo_file=name)
    first = pypdf.PdfReader(io.BytesIO(shop.printing.document(invoiced(shop))))
    assert len(first.pages[0].images) == 1
    with shop.works.writing(ANNA) as work:
        paper.company(work, logo_file="0" * 64 + ".png")
    second = pypdf.PdfReader(io.BytesIO(shop.printing.document(invoiced(shop))))
    assert len(second.pages[0].images) == 0


def test_a_slip_says_what_the_packer_needs_and_scans(shop):
    order_id = make(shop, [("Kubek", 3, "39.90", "23"), ("Koc", 1, "164.90", "23")],
                    buyer_note="Proszę osobno", pickup_point="WAW123M", payment_kind="cod",
                    payment_state="cod", paid_total=0)
    pdf = shop.printing.for_order("slip", order_id, ANNA, "en")
    text = text_of(pdf).replace("\N{NO-BREAK SPACE}", " ")
    for words in ("List pakowy", str(order_id), "4f1c09be", "Żaneta Łęcka", "WAW123M",
                  "Proszę osobno", "SKU-002", "5900000000001", "Razem sztuk: 4",
                  "Pobranie: 284,60 zł"):
        assert words in text, words
    assert "39,90" not in text
    assert str(order_id) in codes_on(pdf)
    with shop.works.writing(ANNA) as work:
        paper.company(work, slip_prices=True)
    assert "39,90" in text_of(shop.printing.for_order("slip", order_id, ANNA, "en"))


def test_slips_follow_shipments_and_parcels(shop):
    order_id = make(shop, [("Kubek", 4, "10", "23"), ("Zestaw", 2, "50", "23")])
    with shop.works.writing(ANNA) as work:
        product = Product(name="P", created_at=NOW)
        house = Warehouse(code="L", name="Łódź", address={})
        work.session.add_all([product, house])
        work.session.flush()
        part = Variant(product_id=product.id, sku="CZ-1", title="Część", created_at=NOW)
        place = Location(warehouse_id=house.id, kind="bin", code="A-1")
        work.session.add_all([part, place])
        work.session.flush()
        mug, kit = work.session.scalars(select(OrderLine).order_by(OrderLine.position))
        work.session.add(OrderLinePart(line_id=kit.id, variant_id=part.id, quantity=3))
        made = []
        for _ in range(2):
            made.append(Shipment(order_id=order_id, warehouse_id=house.id, created_at=NOW))
        gone = Shipment(order_id=order_id, warehouse_id=house.id, created_at=NOW,
                        state="cancelled")
        work.session.add_all([*made, gone])
        work.session.flush()
        for shipment, line, units in ((made[0], mug, 4), (made[1], kit, 6), (gone, mug, 1)):
            work.session.add(ShipmentLine(shipment_id=shipment.id, line_id=line.id,
                                          variant_id=part.id, location_id=place.id,
                                          quantity=units))
        for position in (1, 2):
            work.session.add(Parcel(shipment_id=made[0].id, position=position,
                                    tracking=f"T{position}"))
    with shop.works.reading(ANNA) as work:
        found = slips(work.session, [order_id])[order_id]
    assert [(s.parcel, s.parcels, s.tracking, [(x.title, x.quantity) for x in s.lines])
            for s in found] == [
        (1, 3, "T1", [("Kubek", 4)]), (2, 3, "T2", [("Kubek", 4)]), (3, 3, "", [("Zestaw", 2)]),
    ]
    assert [(p.title, p.quantity) for p in found[2].lines[0].parts] == [("Część", 6)]
    pdf = shop.printing.for_order("slip", order_id, ANNA, "pl")
    assert page_count(pdf) == 3
    assert "Paczka 2 z 3" in text_of(pdf)


@pytest.fixture
def shelves(shop):
    """Two orders with reservations on two shelves, and a pick list over them."""
    orders = [make(shop, [("Kubek", 2, "10", "23")]), make(shop, [("Kubek", 3, "10", "23")])]
    with shop.works.writing(ANNA) as work:
        product = Product(name="P", created_at=NOW)
        house = Warehouse(code="L", name="Łódź", address={})
        work.session.add_all([product, house])
        work.session.flush()
        variant = Variant(product_id=product.id, sku="KUB-1", title="Kubek zielony",
                          created_at=NOW)
        far = Location(warehouse_id=house.id, kind="bin", code="A-02", path_order=9)
        near = Location(warehouse_id=house.id, kind="bin", code="B-01", path_order=1)
        work.session.add_all([variant, far, near])
        work.session.flush()
        work.session.add_all([Barcode(variant_id=variant.id, code="own-1"),
                              Barcode(variant_id=variant.id, code="5901234123457")])
        lines = work.session.scalars(select(OrderLine).order_by(OrderLine.id)).all()
        walk = PickList(warehouse_id=house.id, created_by="Ola", created_at=NOW)
        work.session.add(walk)
        work.session.flush()
        for basket, (line, units, place) in enumerate(
            [(lines[0], 2, far), (lines[1], 1, far), (lines[1], 1, near)], start=1
        ):
            line.variant_id = variant.id
            line.reserved += units
            work.session.add_all([
                Reservation(demand_kind="order_line", demand_id=line.id, variant_id=variant.id,
                            location_id=place.id, quantity=units, created_at=NOW),
                PickTask(pick_list_id=walk.id, order_id=line.order_id, line_id=line.id,
                         variant_id=variant.id, location_id=place.id, basket=basket,
                         quantity=units),
            ])
        return orders, walk.id


def test_a_pick_list_is_sorted_as_one_walks(shop, shelves):
    orders, walk_id = shelves
    with shop.works.reading(ANNA) as work:
        (sheet,) = picksheets.of_orders(work.session, orders, NOW, "Anna")
        by_list = picksheets.of_pick_list(work.session, walk_id)
    assert [(r.place, r.quantity, r.ean, r.orders) for r in sheet.rows] == [
        ("B-01", 1, "5901234123457", [(orders[1], 1, 0)]),
        ("A-02", 3, "5901234123457", [(orders[0], 2, 0), (orders[1], 1, 0)]),
    ]
    assert [(s.order_number, s.quantity) for s in sheet.shorts] == [(orders[1], 1)]
    assert (sheet.units, sheet.order_numbers) == (4, orders)
    assert [(r.place, r.orders) for r in by_list.rows] == [
        ("B-01", [(orders[1], 1, 3)]), ("A-02", [(orders[0], 2, 1), (orders[1], 1, 2)])]
    with pytest.raises(NotFound), shop.works.reading(ANNA) as work:
        picksheets.of_pick_list(work.session, 999)


def test_a_finished_pick_list_prints_what_was_taken(shop, shelves):
    orders, walk_id = shelves
    with shop.works.writing(ANNA) as work:
        first, second, third = work.session.scalars(select(PickTask).order_by(PickTask.id))
        first.picked, second.picked, third.short = 2, 1, 1
        service.finish_list(work, work.session.get_one(PickList, walk_id))
    with shop.works.reading(ANNA) as work:
        sheet = picksheets.of_pick_list(work.session, walk_id)
    assert [(r.place, r.orders) for r in sheet.rows] == [
        ("A-02", [(orders[0], 2, 1), (orders[1], 1, 2)])]
    words = text_of(shop.printing.pick_list(walk_id, "pl"))
    assert "Zebrano" in words
    assert "A-02" in words


def test_pick_lists_scan(shop, shelves):
    orders, walk_id = shelves
    pdf = shop.printing.pick_list(walk_id, "pl")
    assert set(codes_on(pdf)) == {"5901234123457", f"PL-{walk_id}"}
    assert "Lista zbierania" in text_of(pdf)
    english = text_of(shop.printing.batch("picklist", orders, ANNA, "en", lambda *_: None).pdf)
    assert "Pick list" in english
    assert "Short" in english


def test_a_wild_colour_is_not_taken(shop):
    page = shop.printing._pages.invoice
    with shop.works.reading(ANNA) as work:
        from oms_web.domain.documents.drafting import draft_invoice
        from oms_web.domain.orders.models import Order

        make(shop)
        order = work.session.scalars(select(Order)).first()
        said = draft_invoice(work, order, Ask()).snapshot
    said["design"]["accent"] = "red; } body { display: none"
    assert "--accent: #3350D4" in page(said)
    assert Look("x").accent == "#3350D4"


def codes_of(pdf: bytes) -> set[str]:
    """What a phone reads of the first page."""
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=200 / 72).to_pil()
    return {found.text for found in zxingcpp.read_barcodes(image)}


@pytest.fixture
def ksef(shop):
    with sending_shop(shop) as made:
        yield made


def test_a_document_bears_its_ksef_number_and_a_code_that_leads_there(ksef, shop):
    (document_id,) = ksef.issue()
    waiting = shop.printing.document(document_id)
    assert "Oczekuje na numer KSeF" in text_of(waiting)
    assert codes_of(waiting) == set()
    with pytest.raises(NotAllowedNow, match="waits for its number"):
        shop.printing.for_buyer(document_id)
    ksef.settle()
    row = ksef.row(document_id)
    made = shop.printing.for_buyer(document_id)
    assert row.ksef_number in text_of(made).replace("\n", "")
    safe = row.hash.replace("+", "-").replace("/", "_").rstrip("=")
    assert codes_of(made) == {
        f"https://qr-test.ksef.mf.gov.pl/invoice/5252248481/23-11-2026/{safe}"}
    assert shop.printing.document(document_id) == made  # kept from now on


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_an_offline_document_bears_both_codes(ksef, shop, kind):
    certificate, key = pair(kind)
    with shop.works.writing(ANNA) as work:
        settings.change(work, {"offline": certificate, "offline_key": key})
    (document_id,) = ksef.issue()
    ksef.ksef.is_down = True
    ksef.run()
    ksef.later(minutes=6)
    ksef.run()
    made = shop.printing.for_buyer(document_id)
    text = text_of(made)
    assert "OFFLINE" in text
    assert "CERTYFIKAT" in text
    row = ksef.row(document_id)
    safe = row.hash.replace("+", "-").replace("/", "_").rstrip("=")
    assert codes_of(made) == {
        f"https://qr-test.ksef.mf.gov.pl/invoice/5252248481/23-11-2026/{safe}", row.offline_link}
