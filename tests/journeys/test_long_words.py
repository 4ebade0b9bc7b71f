"""What somebody typed without a single space breaks no page; a chosen logo is seen at once."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import expect
from sqlalchemy import update

from oms_web.core.actor import SYSTEM
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.orders.models import OrderLine
from oms_web.flows import order_edit
from tests.floor import Floor
from tests.journeys.looking import wide

WORD = "Ż" + "abcdefghij" * 20


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_a_word_of_two_hundred_letters_makes_no_page_wider(works, open_page, size):
    floor = Floor(works)
    number = floor.order("A", {"KUB": 1}, buyer_name=WORD, buyer_company=WORD, buyer_note=WORD,
                         delivery_method=WORD[:120], pickup_point=WORD[:60])
    with works.writing(SYSTEM) as work:
        order_edit.add_note(work, number, WORD)
        work.session.execute(update(OrderLine).values(title=WORD))
        work.session.execute(update(Product).values(name=WORD, brand=WORD[:120]))
        work.session.execute(update(Variant).values(title=WORD, option=WORD[:80]))
        product = work.session.query(Product.id).first()[0]
    page = open_page(size=size)
    found = []
    for path in (f"/orders/{number}", f"/orders/{number}/edit", f"/products/{product}", "/orders",
                 "/products", "/stock", "/audit"):
        page.goto(path)
        found += wide(page, path)
    assert found == []


def test_a_chosen_logo_is_shown_before_it_is_sent(works, open_page):
    Floor(works)
    page = open_page()
    page.goto("/documents/design")
    out = io.BytesIO()
    Image.new("RGB", (300, 80), "navy").save(out, "PNG")
    page.set_input_files("input[data-preview]", {
        "name": "logo.png", "mimeType": "image/png", "buffer": out.getvalue()})
    expect(page.locator("#logo-picture")).to_be_visible()
    expect(page.locator("#logo-picture")).to_have_js_property("naturalWidth", 300)
