"""The demo shop: "Leśna Sowa", with a catalogue, stock, staff, and an account at the marketplace.

Everything in it is invented. ``seed`` goes through the same services and flows as a person would,
so the audit trail and the ledger tell how it came to be. What is there already is left alone, so
an interrupted seeding is simply done again.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from oms_demo import DemoConnector, GolabConnector, SkarbonkaConnector, catalog, courier, pictures
from oms_demo.market.purse import signing_key
from oms_demo.market.store import seller_token
from sqlalchemy import select

from oms_web import demo_after, demo_day, demo_routine
from oms_web.adapters import images
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.core.money import to_micro, to_minor
from oms_web.core.work import Work, Works
from oms_web.domain.catalog import pictures as product_pictures
from oms_web.domain.catalog.models import ProductImage, Variant
from oms_web.domain.catalog.records import VariantInput
from oms_web.domain.catalog.service import put_variants
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company import service as company
from oms_web.domain.company.models import Company
from oms_web.domain.documents import kinds
from oms_web.domain.documents import service as documents
from oms_web.domain.messages import pages
from oms_web.domain.messages import settings as mail
from oms_web.domain.orders import labels
from oms_web.domain.orders.models import Order, Status
from oms_web.domain.shipping import sending
from oms_web.domain.stock import warehouses
from oms_web.domain.stock.models import Location, StockDocument, Warehouse
from oms_web.domain.users import service as users
from oms_web.domain.users.models import User
from oms_web.flows import stock_receipt
from oms_web.settings import Settings
from oms_web.sync import accounts
from oms_web.sync import labels as carriers
from oms_web.wiring import Oms

ACCOUNT = "Targowisko"
CARRIER = "Gołąb"
PROVIDER = "Skarbonka"
TO_LOCKERS = ("InPost Paczkomat 24/7", "InPost Paczkomat 24/7 za pobraniem", "ORLEN Paczka")
"""Ways to deliver that buyers at the marketplace choose, and that end at a locker."""
BOXES = (("Karton M", 380, 300, 180, 160), ("Koperta bąbelkowa", 320, 240, 40, 45))
OPENING = "BO/1"
"""The supplier's document of the receipts that fill the shelves: once per warehouse."""

COMPANY = {
    "name": "Leśna Sowa", "legal_name": "Leśna Sowa sp. z o.o.", "tax_id": "9990002007",
    "street": "ul. Świerkowa 12", "postcode": "90-001", "city": "Łódź", "country": "PL",
    "email": "biuro@lesnasowa.example", "phone": "422000100", "website": "https://lesnasowa.example",
    "bank_account": "PL67999999990000000000000017", "bank_name": "Bank Przykładowy",
    "footer_pl": "Dziękujemy za zakupy w Leśnej Sowie. Zwroty przyjmujemy przez 30 dni.",
    "footer_en": "Thank you for shopping at Leśna Sowa. Returns are accepted for 30 days.",
}
STATUSES = (  # name, what the buyer reads in both languages, group, colour, phase
    ("Szkic", "", "", "", "#64748B", "draft"),
    ("Nowe", "Przyjęte", "Taken in", "", "#64748B", "open"),
    ("Opłacone", "Opłacone", "Paid", "", "#1F8A84", "open"),
    ("Grawer: czeka na wzór", "Czekamy na wzór graweru", "We wait for your engraving", "",
     "#8A4FBF", "open"),
    ("Przedsprzedaż", "Przedsprzedaż", "Pre-order", "", "#9C3F74", "open"),
    ("Hurt", "Przyjęte", "Taken in", "", "#4A7D3F", "open"),
    ("W pakowaniu", "W pakowaniu", "Being packed", "Pakowanie", "#B97A1B", "packing"),
    ("Pakowanie: prezent", "W pakowaniu", "Being packed", "Pakowanie", "#3B7BD4", "packing"),
    ("Wysłane", "Wysłane", "Sent", "", "#5B6B80", "shipped"),
    ("Doręczone", "Doręczone", "Delivered", "", "#17693F", "done"),
    ("Anulowane", "Anulowane", "Cancelled", "", "#9A3B32", "cancelled"),
)
TAGS = ("prezent", "pilne", "adres", "dzwonić", "B2B", "grawer")
WAREHOUSES = (
    (warehouses.WarehouseEdit("LDZ", "Łódź", 0, {
        "street": "ul. Świerkowa 12", "postcode": "90-001", "city": "Łódź", "country": "PL"}),
     tuple(f"{row}-{rack:02d}-{shelf}" for row in "ABCD" for rack in range(1, 9)
           for shelf in range(1, 4))),
    (warehouses.WarehouseEdit("GDY", "Gdynia", 1, {
        "street": "ul. Portowa 4", "postcode": "81-350", "city": "Gdynia", "country": "PL"}),
     tuple(f"G-{rack:02d}" for rack in range(1, 21))),
)
UNSELLABLE = "ZWROTY"
"""A bin for goods that came back and have not been looked at."""
STAFF = (
    ("marta", "Marta Kalinowska", "manager"), ("szymon", "Szymon Bielik", "sales"),
    ("ola", "Ola Nowicka", "warehouse"), ("kuba", "Kuba Sójka", "warehouse"),
    ("irena", "Irena Groszek", "accountant"), ("gosc", "Gość", "reader"),
)
BUFFER = 2


def seed(oms: Oms) -> None:
    """Fill the demo shop.

    Raises:
        NotAllowedNow: this installation has a shop of its own.
    """
    with oms.works.writing(SYSTEM) as work:
        _company(work)
        _labels(work)
        _warehouses(work)
        _staff(work)
        demo_routine.seed(work)
    with oms.works.writing(SYSTEM) as work:
        ids = _catalogue(work)
        _opening_stock(work, ids)
    _hang_pictures(oms.works, ids)
    with oms.works.writing(SYSTEM) as work:
        _account(work, oms.settings)
        _carrier(work, oms.settings)
        _provider(work, oms.settings)
    demo_after.seed(oms.works)
    demo_day.seed(oms.works)
    with oms.works.writing(SYSTEM) as work:
        _buyers_pages(work, oms.settings)


def market_folder(settings: Settings) -> Path:
    """Where the marketplace of this installation keeps its state."""
    return settings.instance / "demo"


def market_address(settings: Settings) -> str:
    """Where the marketplace of this installation is reached."""
    return f"http://127.0.0.1:{settings.demo_port}"


def _company(work: Work) -> None:
    found = work.session.get(Company, 1)
    if found is not None:
        if not found.is_demo:
            raise NotAllowedNow("This is not the demo shop: its own data stay as they are.")
        return
    company.set_up(work, COMPANY["name"], is_demo=True)
    company.change(work, COMPANY)
    documents.default_series(work, kinds.INVOICE)


def _labels(work: Work) -> None:
    if work.session.scalar(select(Status.id).limit(1)) is None:
        for name, pl, en, group, color, phase in STATUSES:
            labels.create_status(work, {"name": name, "buyer_name": pl, "buyer_name_en": en,
                                        "group": group, "color": color, "phase": phase})
    for tag in TAGS:
        labels.ensure_tag(work, tag)


def _warehouses(work: Work) -> None:
    for edit, bins in WAREHOUSES:
        if work.session.scalar(select(Warehouse.id).where(Warehouse.code == edit.code)):
            continue
        warehouse_id = warehouses.add_warehouse(work, edit)
        warehouses.add_bins(work, warehouse_id, bins)
        warehouses.add_bins(work, warehouse_id, [UNSELLABLE], sellable=False)


def _staff(work: Work) -> None:
    for login, name, role in STAFF:
        email = f"{login}@lesnasowa.example"
        if work.session.scalar(select(User.id).where(User.email == email)) is None:
            # Nobody knows these passwords: the owner sets one for whom they let in.
            users.create_user(work, email, name, role, secrets.token_urlsafe(24))


def _catalogue(work: Work) -> dict[str, int]:
    """The variants by SKU."""
    return put_variants(work, [_record(item) for item in catalog.items()]).ids


def _record(item: catalog.Item) -> VariantInput:
    length, width, height = item.size_mm or (None, None, None)
    return VariantInput(
        sku=item.sku, name=item.name, option=item.option, brand=item.brand,
        category=item.category, description=item.description, vat_rate=item.vat_rate,
        no_withdrawal=item.no_withdrawal,
        eans=(item.ean,), weight_g=item.weight_g, length_mm=length, width_mm=width,
        height_mm=height, cost=None if item.cost is None else to_micro(item.cost),
        price=to_minor(item.price, "PLN"), currency="PLN", minimum=item.minimum,
        parts=item.parts,
    )


def _opening_stock(work: Work, ids: dict[str, int]) -> None:
    """Goods on the shelves: most in Łódź, the rest in Gdynia, so that some orders need both."""
    stocked = [item for item in catalog.items() if item.stock]
    shares = [_in_gdynia(item.stock, place) for place, item in enumerate(stocked)]
    _receive(work, ids, WAREHOUSES[0][0].code, [
        (item, item.stock - share) for item, share in zip(stocked, shares, strict=True)
    ])
    _receive(work, ids, WAREHOUSES[1][0].code, list(zip(stocked, shares, strict=True)))


def _in_gdynia(units: int, place: int) -> int:
    """Every third SKU lies in both warehouses."""
    return units // 4 if place % 3 == 0 else 0


def _receive(
    work: Work, ids: dict[str, int], code: str, wanted: Sequence[tuple[catalog.Item, int]]
) -> None:
    warehouse_id = work.session.scalar(select(Warehouse.id).where(Warehouse.code == code))
    done = select(StockDocument.id).where(
        StockDocument.kind == stock_receipt.KIND, StockDocument.reference == OPENING,
        StockDocument.warehouse_id == warehouse_id,
    )
    if warehouse_id is None or work.session.scalar(done):
        return
    bins = work.session.scalars(
        select(Location.id).where(
            Location.warehouse_id == warehouse_id, Location.sellable,
            Location.code != warehouses.FIRST_BIN,
        ).order_by(Location.path_order)
    ).all()
    receipt = stock_receipt.start(work, warehouse_id, partner="Bilans otwarcia",
                                  reference=OPENING)
    there = [(item, units) for item, units in wanted if units]
    for place, (item, units) in enumerate(there):
        stock_receipt.add(work, receipt, ids[item.sku], units, bins[place % len(bins)],
                          to_micro(item.cost) if item.cost else None)
    stock_receipt.post(work, receipt)


def _hang_pictures(works: Works, ids: dict[str, int]) -> None:
    """Draw a picture of every variant that has none. Drawing takes no transaction."""
    with works.reading(SYSTEM) as work:
        has = set(work.session.scalars(select(ProductImage.variant_id)))
        products = {variant: product for variant, product in work.session.execute(
            select(Variant.id, Variant.product_id).where(Variant.id.in_(ids.values()))
        )}
    files = works.ports["files"]
    drawn = []
    for item in catalog.items():
        if ids[item.sku] not in has:
            picture = images.prepare(pictures.draw(item.motif, item.tone))
            drawn.append((ids[item.sku], product_pictures.StoredImage(
                files.put(picture.content, images.SUFFIX), files.put(picture.thumb, images.SUFFIX),
                picture.width, picture.height,
            )))
    with works.writing(SYSTEM) as work:
        for variant_id, image in drawn:
            product_pictures.add(work, products[variant_id], image, variant_id)


def _account(work: Work, settings: Settings) -> None:
    """Connect the marketplace. Its orders of the days before take their goods from our shelves."""
    known = select(ChannelAccount.id).where(
        ChannelAccount.connector == DemoConnector.manifest.key,
        ChannelAccount.archived_at.is_(None),
    )
    if work.session.scalar(known):
        return
    accounts.connect(
        work, DemoConnector, ACCOUNT,
        {"url": market_address(settings), "history_moves_stock": True},
        {"token": seller_token(market_folder(settings))}, buffer=BUFFER,
    )


def _provider(work: Work, settings: Settings) -> None:
    """Connect the payment provider beside the marketplace."""
    if work.session.scalar(select(ChannelAccount.id).where(
            ChannelAccount.connector == SkarbonkaConnector.manifest.key,
            ChannelAccount.archived_at.is_(None))):
        return
    token = seller_token(market_folder(settings))
    accounts.connect(
        work, SkarbonkaConnector, PROVIDER, {"url": market_address(settings)},
        {"token": token, "signing_key": signing_key(token)}, publish_stock=False)


def _buyers_pages(work: Work, settings: Settings) -> None:
    """Orders of before today have the page that their buyers see; nothing is mailed to anybody."""
    if mail.get(work.session) is not None:
        return
    mail.change(work, {
        "host": "", "port": 587, "security": "starttls", "username": "", "reply_to": "",
        "from_name": COMPANY["name"], "from_address": COMPANY["email"], "page_days": 60,
        "public_url": f"http://127.0.0.1:{settings.port}"})
    told = Order.buyer_email.in_(demo_after.STORIES)
    for order_id in work.session.scalars(select(Order.id).where(told)).all():
        pages.link(work, order_id)


def _carrier(work: Work, settings: Settings) -> None:
    """Connect the carrier beside the marketplace, with packaging and the rules it is chosen by."""
    if work.session.scalar(select(ChannelAccount.id).where(
            ChannelAccount.connector == GolabConnector.manifest.key,
            ChannelAccount.archived_at.is_(None))):
        return
    account = accounts.connect(
        work, GolabConnector, CARRIER, {"url": market_address(settings)},
        {"token": seller_token(market_folder(settings))}, publish_stock=False)
    carriers.keep_services(work, account.id, courier.SERVICES)
    for name, length, width, height, grams in BOXES:
        sending.add_packaging(work, {"name": name, "length_mm": length, "width_mm": width,
                                     "height_mm": height, "weight_g": grams})
    anything = {"kind": "carrier", "account_id": account.id, "size": "", "packaging_id": None,
                "channel_id": None, "country": "", "heaviest_g": None, "least": None,
                "most": None, "cod": ""}
    for method in TO_LOCKERS:
        sending.add_rule(work, {**anything, "method": method, "service": courier.LOCKER})
    # The pigeon does not fly abroad.
    sending.add_rule(work, {**anything, "method": "", "country": "PL", "service": courier.DOOR})
