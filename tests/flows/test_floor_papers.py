"""Papers of the floor: slips for gifts, return forms, what a courier signs."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from oms_web.core.errors import Invalid
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.shipping.models import Parcel, Shipment, ShipmentLine
from oms_web.domain.stock.models import Location, Warehouse
from tests import paper
from tests.printed import ANNA, NOW, codes_on, make, pool, shop, text_of

__all__ = ["pool", "shop"]

COD = {"payment_kind": "cod", "payment_state": "cod", "paid_total": 0}


def test_a_gift_slip_tells_nobody_a_price(shop):
    order_id = make(shop, [("Kubek", 2, "39.90", "23")], **COD)
    with shop.works.writing(ANNA) as work:
        paper.company(work, slip_prices=True)
    plain = text_of(shop.printing.for_order("slip", order_id, ANNA, "pl"))
    gift = text_of(shop.printing.for_order("gift", order_id, ANNA, "pl"))
    assert "39,90" in plain
    assert "Pobranie" in plain
    assert "Kubek" in gift
    assert not any(word in gift for word in ("39,90", "79,80", "Pobranie", "Wartość"))


def test_a_return_form_asks_what_the_law_wants_and_names_the_whole_order(shop):
    order_id = make(shop, [("Kubek", 3, "39.90", "23"), ("Koc", 1, "100", "23")])
    sent(shop, order_id, 2)  # two parcels: still one form, with all units
    pdf = shop.printing.for_order("return", order_id, ANNA, "pl")
    text = text_of(pdf)
    for words in ("Formularz zwrotu", "Leśna Sowa Sp. z o.o.", "ul. Mokra 5", "91-001 Łódź",
                  "Żaneta Łęcka", "Odstępuję od umowy", "Kubek", "Koc", "20.11.2026",
                  "Podpis"):
        assert words in text, words
    assert "39,90" not in text
    assert text.count("Formularz zwrotu") == 1
    assert str(order_id) in codes_on(pdf)


def sent(shop, order_id, parcels) -> int:
    """A shipment of the order with so many parcels."""
    with shop.works.writing(ANNA) as work:
        product = Product(name="P", created_at=NOW)
        house = Warehouse(code="L", name="Łódź", address={})
        work.session.add_all([product, house])
        work.session.flush()
        part = Variant(product_id=product.id, sku="K", title="Kubek", created_at=NOW)
        place = Location(warehouse_id=house.id, kind="bin", code="A-1")
        made = Shipment(order_id=order_id, warehouse_id=house.id, created_at=NOW, carrier="DPD",
                        state="packed")
        work.session.add_all([part, place, made])
        work.session.flush()
        line = work.session.scalars(select(OrderLine.id).where(
            OrderLine.order_id == order_id).order_by(OrderLine.position)).first()
        work.session.add(ShipmentLine(shipment_id=made.id, line_id=line, variant_id=part.id,
                                      location_id=place.id, quantity=1))
        for position in range(1, parcels + 1):
            work.session.add(Parcel(shipment_id=made.id, position=position, carrier="DPD",
                                    tracking=f"TRACK{position}", weight_g=1250))
        return made.id


def test_a_courier_signs_for_every_parcel(shop):
    order_id = make(shop, [("Kubek", 2, "39.90", "23")], **COD)
    shipment = sent(shop, order_id, 2)
    text = text_of(shop.printing.handover([shipment], ANNA, "pl"))
    for words in ("Protokół przekazania", "DPD", "TRACK1", "TRACK2", "1,25", "Żaneta Łęcka",
                  "Razem paczek: 2", "Odebrał kurier", "Anna Nowak"):
        assert words in text, words
    assert text.count("79,80") == 1, "one shipment is collected for once"
    with pytest.raises(Invalid):
        shop.printing.handover([404], ANNA, "pl")
