"""Products on screen: the list, the card, codes, bundles, prices, pictures."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from sqlalchemy import select

from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog.models import Barcode, BundlePart, Product, ProductImage, Variant
from tests.screens.shelves import BLANKET, MUG, PART, SET, open_shop, text_of


@pytest.fixture
def shop(works):
    return open_shop(works)


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


def names(answer):
    return re.findall(r'<a class="name" href="/products/\d+" data-open title="([^"]*)"',
                      answer.get_data(as_text=True))


def product_of(shop, sku):
    return shop.ask(select(Variant.product_id).where(Variant.sku == sku))[0]


def test_products_are_listed_and_found(owner):
    assert names(owner.get("/products")) == [
        "Koc &lt;merino&gt;", "Kubek emaliowany", "Zestaw kubków"]
    assert names(owner.get("/products?q=5900012003196")) == ["Kubek emaliowany"]
    assert names(owner.get("/products?category=Tekstylia")) == ["Koc &lt;merino&gt;"]
    assert names(owner.get("/products?archived=1")) == []
    part = owner.get("/products", headers=PART).get_data(as_text=True)
    assert part.lstrip().startswith("<tbody")
    assert "Nothing fits these filters" in text_of(owner.get("/products?q=nic-takiego"))


def test_the_card_shows_the_sum_the_places_the_offers_and_the_ledger(owner, shop):
    answer = owner.get(f"/products/variant/{shop.ids[MUG]}", follow_redirects=True)
    words = text_of(answer)
    assert "12 on hand − 7 reserved = 5 available minimum 6" in words
    assert "LDZ A-01 12 7 5" in words
    assert re.search(r"Kubek emaliowany Targ · of-mug 3 / 5", words)
    assert re.search(r"\+12 12 receipt supplier → LDZ A-01", words)
    assert "5900012003196" in words
    assert owner.get("/products/999").status_code == 404
    assert owner.get("/products/variant/999").status_code == 404


def test_names_from_outside_are_shown_as_text(owner, shop):
    page = owner.get(f"/products/{product_of(shop, BLANKET)}").get_data(as_text=True)
    assert "<merino>" not in page
    assert "Koc &lt;merino&gt;" in page


def test_a_product_is_added_with_its_first_sku(owner, shop):
    answer = owner.post("/products/new", data={
        "name": "Termos", "brand": "Sowa", "vat_rate": "23", "sku": "TER-1", "price": "1 119,90",
        "cost": "55.5", "currency": "PLN", "code": "5900012004858", "weight_g": "700",
        "minimum": "", "sell_without_stock": "y"})
    assert answer.status_code == 303
    row = shop.ask(select(Variant).where(Variant.sku == "TER-1"))[0]
    assert (row.price, row.cost, row.weight_g, row.minimum, row.sell_without_stock) == (
        111990, 55_500_000, 700, 0, True)
    further = owner.post("/products/new", data={
        "product": row.product_id, "sku": "TER-2", "option": "duży", "currency": "PLN"})
    assert further.status_code == 303
    assert shop.ask(select(Variant.title).where(Variant.sku == "TER-2")) == ["Termos duży"]


def test_all_that_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(owner, shop):
    answer = owner.post("/products/new", data={
        "name": "Nowy", "vat_rate": "23", "sku": "NOW-1", "price": "dużo", "weight_g": "pół",
        "currency": "PLN"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="price-error"' in page
    assert 'id="weight_g-error"' in page
    assert 'value="NOW-1"' in page
    assert 'value="dużo"' in page
    again = owner.post("/products/new", data={
        "name": "", "vat_rate": "23", "sku": MUG, "currency": "PLN"})
    assert 'id="name-error"' in again.get_data(as_text=True)
    taken = owner.post("/products/new", data={
        "name": "x", "vat_rate": "23", "sku": MUG, "currency": "PLN"})
    assert f"There is already a SKU {MUG}." in text_of(taken)
    assert shop.ask(select(Product.name).where(Product.name.in_(["Nowy", "x"]))) == []


def test_one_look_tells_all_that_is_wrong_with_a_new_product(owner, shop):
    page = owner.post("/products/new", data={
        "name": "", "vat_rate": "23", "sku": MUG, "cost": "drogo", "weight_g": "-1",
        "minimum": "9999999999", "code": "5900012004859", "currency": "PLN"}).get_data(
        as_text=True)
    for name in ("name", "sku", "cost", "weight_g", "minimum", "code"):
        assert f'id="{name}-error"' in page, name
    assert page.count("A product needs a name.") == 1
    assert re.search(r"A number from 0 to \d+\.", page)


def test_a_number_that_is_no_ean_is_kept_with_a_warning(owner, shop):
    answer = owner.post("/products/new", data={
        "name": "Termos", "vat_rate": "23", "sku": "TER-9", "code": "123", "currency": "PLN"})
    assert "123 is no EAN" in text_of(owner.get(answer.location))
    more = owner.post(f"/products/variant/{shop.ids[MUG]}/codes", data={"code": "12345678"})
    assert "12345678 is no EAN" in text_of(owner.get(more.location))
    fine = owner.post(f"/products/variant/{shop.ids[MUG]}/codes", data={"code": "PAKIET-A"})
    assert "is no EAN" not in text_of(owner.get(fine.location))


def test_a_part_of_no_units_is_refused_and_not_forgotten(owner, shop):
    answer = owner.post(f"/products/variant/{shop.ids[MUG]}/parts", data={
        "variant_id": shop.ids[BLANKET], "units": "0"})
    assert answer.status_code == 422
    assert "At least one unit." in text_of(answer)


def test_a_sku_is_edited_and_the_trail_remembers(owner, shop):
    owner.post(f"/products/variant/{shop.ids[MUG]}", data={
        "sku": MUG, "option": "biały", "price": "52,00", "currency": "PLN", "cost": "12,50",
        "minimum": "10"})
    row = shop.ask(select(Variant).where(Variant.sku == MUG))[0]
    assert (row.price, row.cost, row.minimum) == (5200, 12_500_000, 10)
    last = shop.ask(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))[0]
    assert (last.act, last.change) == ("catalog.edit", {"price": [4900, 5200], "minimum": [6, 10]})
    bad = owner.post(f"/products/variant/{shop.ids[MUG]}", data={
        "sku": BLANKET, "price": "1", "currency": "PLN"})
    assert bad.status_code == 422
    assert f"There is already a SKU {BLANKET}." in text_of(bad)


def test_a_product_is_edited_and_titles_follow(owner, shop):
    id_ = product_of(shop, MUG)
    owner.post(f"/products/{id_}?variant={shop.ids[MUG]}", data={
        "name": "Garnek", "brand": "", "category": "Kuchnia", "vat_rate": "8", "description": "x"})
    assert shop.ask(select(Variant.title).where(Variant.sku == MUG)) == ["Garnek biały"]
    bad = owner.post(f"/products/{id_}", data={"name": " ", "vat_rate": "8"})
    assert bad.status_code == 422
    assert "A product needs a name." in text_of(bad)


def test_an_archived_sku_can_be_brought_back(owner, shop):
    answer = owner.post(f"/products/variant/{shop.ids[BLANKET]}/archive")
    page = owner.get(answer.headers["Location"]).get_data(as_text=True)
    assert f"{BLANKET} is archived." in page
    assert f"/products/variant/{shop.ids[BLANKET]}/restore" in page
    assert names(owner.get("/products?archived=1")) == ["Koc &lt;merino&gt;"]
    owner.post(f"/products/variant/{shop.ids[BLANKET]}/restore")
    assert names(owner.get("/products?archived=1")) == []


def test_codes_are_put_on_and_taken_off(owner, shop):
    address = f"/products/variant/{shop.ids[BLANKET]}/codes"
    for code, says in (("5900012003196", f"already belongs to SKU {MUG}"),
                       ("5900012003197", "its last digit should be 6"), ("", "Type or scan")):
        answer = owner.post(address, data={"code": code})
        assert answer.status_code == 422
        assert says in text_of(answer)
    owner.post(address, data={"code": "036000291452"})
    assert "0036000291452" in shop.ask(select(Barcode.code))
    owner.post(f"{address}/remove", data={"code": "0036000291452"})
    assert "0036000291452" not in shop.ask(select(Barcode.code))


def test_a_bundle_is_made_of_parts(owner, shop):
    address = f"/products/variant/{shop.ids[SET]}/parts"
    owner.post(address, data={"code": BLANKET, "units": "1"})
    parts = dict(zip(shop.ask(select(BundlePart.part_id).order_by(BundlePart.part_id)),
                     shop.ask(select(BundlePart.quantity).order_by(BundlePart.part_id)),
                     strict=True))
    assert parts == {shop.ids[MUG]: 2, shop.ids[BLANKET]: 1}
    owner.post(address, data={"variant_id": shop.ids[BLANKET], "units": "0"})
    assert shop.ask(select(BundlePart.part_id)) == [shop.ids[MUG]]
    unclear = owner.post(address, data={"code": "kubek"})
    assert unclear.status_code == 404
    assert f'name="variant_id" value="{shop.ids[MUG]}"' in unclear.get_data(as_text=True)
    stocked = owner.post(f"/products/variant/{shop.ids[MUG]}/parts", data={"code": BLANKET})
    assert stocked.status_code == 409
    assert "lie on a shelf" in text_of(stocked)
    words = text_of(owner.get(f"/products/variant/{shop.ids[SET]}", follow_redirects=True))
    assert "2 whole bundles from the scarcest part" in words


def test_suggestions_are_buttons_of_the_form_around_them(owner, shop):
    page = owner.get("/products/suggest?code=kub", headers=PART).get_data(as_text=True)
    assert f'<button name="variant_id" value="{shop.ids[MUG]}"' in page
    assert "No product is like this." in text_of(owner.get("/products/suggest?code=zzz",
                                                           headers=PART))
    assert "<button" not in owner.get("/products/suggest?code=", headers=PART).get_data(
        as_text=True)


def upload(client, product_id, content, name="a.jpg"):
    return client.post(f"/products/{product_id}/pictures",
                       data={"image": (io.BytesIO(content), name)},
                       content_type="multipart/form-data")


def picture():
    out = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(out, "JPEG")
    return out.getvalue()


def test_pictures_are_taken_served_and_kept_by_browsers(owner, shop):
    id_ = product_of(shop, MUG)
    assert upload(owner, id_, picture()).status_code == 303
    row = shop.ask(select(ProductImage))[0]
    with owner.get(f"/products/picture/{row.thumb}") as answer:
        assert answer.status_code == 200
        assert answer.mimetype == "image/webp"
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert row.thumb in owner.get("/stock").get_data(as_text=True)
    upload(owner, id_, picture())  # the same again is the same picture
    assert len(shop.ask(select(ProductImage.id))) == 1
    owner.post(f"/products/{id_}/pictures/{row.id}/remove")
    assert shop.ask(select(ProductImage.id)) == []


@pytest.mark.parametrize("content", [b"", b"<svg onload='alert(1)'/>", b"%PDF-1.7", b"MZ\x90"])
def test_what_is_no_picture_is_refused_in_words(owner, shop, content):
    answer = upload(owner, product_of(shop, MUG), content)
    assert answer.status_code == 422
    assert "not a picture we can read" in text_of(answer)
    assert shop.ask(select(ProductImage.id)) == []


@pytest.mark.parametrize("name", [
    "../../secret", "..%2f..%2fsecret", "a.webp", "0" * 64 + ".webp", "0" * 64 + ".pdf"])
def test_only_stored_pictures_are_served(owner, name):
    assert owner.get(f"/products/picture/{name}").status_code == 404


def test_other_stored_files_are_no_pictures(owner, works):
    invoice = works.ports["files"].put(b"%PDF-1.7 somebody's invoice", ".pdf")
    assert owner.get(f"/products/picture/{invoice}").status_code == 404


@pytest.mark.parametrize("role", ["sales", "warehouse", "accountant", "reader"])
def test_only_managers_change_the_catalogue(shop, browser_as, role):
    client = browser_as(role)
    page = client.get(f"/products/{product_of(shop, MUG)}")
    assert page.status_code == 200
    assert "Save the SKU" not in text_of(page)
    assert "12.50" not in text_of(page)  # what it cost
    assert client.get("/products/new").status_code == 403
    for address in (f"/products/variant/{shop.ids[MUG]}", f"/products/{product_of(shop, MUG)}",
                    f"/products/variant/{shop.ids[MUG]}/codes",
                    f"/products/variant/{shop.ids[MUG]}/archive"):
        assert client.post(address, data={"name": "x", "sku": "x"}).status_code == 403
    assert shop.ask(select(Variant.archived_at).where(Variant.sku == MUG)) == [None]
