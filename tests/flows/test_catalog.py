"""The catalogue: told many at a time, edited by hand, always with a trail and an announcement."""

from __future__ import annotations

import pytest
from oms_demo import catalog as demo_catalog
from sqlalchemy import event, func, select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, InvalidForm
from oms_web.core.events import OutboxEvent
from oms_web.demo import _record
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog import barcodes, composition, editing, pictures, queries
from oms_web.domain.catalog.editing import ProductEdit, VariantEdit
from oms_web.domain.catalog.models import PriceNote, Product, ProductImage, Variant
from oms_web.domain.catalog.service import VariantInput, put_variants
from oms_web.domain.company import service as company

MUGS = [
    VariantInput("KUB-BIA", "Kubek", "biały", "Leśna Sowa", "Kubki", vat_rate="23%",
                 eans=("5900012003196",), weight_g=350, price=4900, cost=12_500_000),
    VariantInput("KUB-GRA", "Kubek", "granatowy", "Leśna Sowa", price=5100),
]


def put(works, records):
    with works.writing(SYSTEM) as work:
        return put_variants(work, records)


def events(works):
    with works.reading(SYSTEM) as work:
        return [(e.name, e.payload) for e in work.session.scalars(select(OutboxEvent))]


def trail(works):
    with works.reading(SYSTEM) as work:
        return [(e.act, e.subject, e.change) for e in
                work.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def counts(outcome):
    return outcome.added, outcome.changed, outcome.same, len(outcome.refused)


def test_variants_of_one_name_and_brand_are_one_product(both):
    outcome = put(both.works, MUGS)
    assert counts(outcome) == (2, 0, 0, 0)
    with both.works.reading(SYSTEM) as work:
        product = work.session.scalars(select(Product)).one()
        assert (product.name, product.brand, product.category) == ("Kubek", "Leśna Sowa", "Kubki")
        white = queries.scanned(work.session, "5900012003196")
        assert (white.id, white.title, white.by) == (
            outcome.ids["KUB-BIA"], "Kubek biały", "barcode")
        prices = work.session.scalars(select(PriceNote.price).order_by(PriceNote.price)).all()
        assert prices == [4900, 5100]
    assert events(both.works) == [
        ("catalog.added", {"variant_ids": sorted(outcome.ids.values())})]


def test_the_same_again_changes_nothing_at_all(both):
    ids = put(both.works, MUGS).ids
    before = trail(both.works), events(both.works)
    again = put(both.works, MUGS)
    assert counts(again) == (0, 0, 2, 0)
    assert again.ids == ids
    assert (trail(both.works), events(both.works)) == before


def test_two_barcodes_of_one_name_keep_their_own_descriptions(both):
    told = [
        VariantInput("5900012003196", "Nektar", description="apple", eans=("5900012003196",)),
        VariantInput("5900012004858", "Nektar", description="pear"),
    ]
    assert counts(put(both.works, told)) == (2, 0, 0, 0)
    assert counts(put(both.works, told)) == (0, 0, 2, 0)
    for record in told:
        assert counts(put(both.works, [record])) == (0, 0, 1, 0)
    with both.works.reading(SYSTEM) as work:
        assert sorted(work.session.scalars(select(Product.description))) == ["apple", "pear"]


def test_what_is_told_changes_and_what_is_not_told_stays(works):
    ids = put(works, MUGS).ids
    outcome = put(works, [VariantInput("KUB-BIA", price=4500, minimum=3)])
    assert counts(outcome) == (0, 1, 0, 0)
    with works.reading(SYSTEM) as work:
        row = work.session.get(Variant, ids["KUB-BIA"])
        assert (row.title, row.price, row.cost, row.minimum) == (
            "Kubek biały", 4500, 12_500_000, 3)
    assert trail(works)[-1] == (
        "catalog.edit", "variant", {"price": [4900, 4500], "minimum": [0, 3]})
    assert events(works)[-1] == (
        "catalog.changed", {"variant_ids": [ids["KUB-BIA"]], "fields": ["minimum", "price"]})


def test_a_change_from_which_nothing_follows_is_not_announced(works):
    put(works, MUGS)
    before = events(works)
    assert put(works, [VariantInput("KUB-BIA", cost=1)]).changed == 1
    assert events(works) == before


def test_renaming_all_variants_renames_the_product_and_titles_follow(works):
    ids = put(works, MUGS).ids
    outcome = put(works, [VariantInput("KUB-BIA", "Kubek emaliowany"),
                          VariantInput("KUB-GRA", "Kubek emaliowany")])
    assert counts(outcome) == (0, 2, 0, 0)
    with works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Product.name)).all() == ["Kubek emaliowany"]
        assert work.session.get(Variant, ids["KUB-BIA"]).title == "Kubek emaliowany biały"
        assert [f.sku for f in queries.suggest(work.session, "emal gran")] == ["KUB-GRA"]


def test_a_variant_that_is_renamed_alone_leaves_and_takes_its_picture(works):
    ids = put(works, MUGS).ids
    with works.writing(SYSTEM) as work:
        product_id = work.session.get(Variant, ids["KUB-BIA"]).product_id
        pictures.add(work, product_id, pictures.StoredImage("a.webp", "t.webp", 9, 9),
                     ids["KUB-BIA"])
    put(works, [VariantInput("KUB-BIA", "Czajnik")])
    with works.reading(SYSTEM) as work:
        kettle = work.session.get(Variant, ids["KUB-BIA"])
        assert kettle.product_id != product_id
        assert [i.product_id for i in work.session.scalars(select(ProductImage))] == [
            kettle.product_id]
        new = work.session.get(Product, kettle.product_id)
        assert (new.brand, new.category) == ("Leśna Sowa", "Kubki")
    put(works, [VariantInput("KUB-GRA", "Czajnik")])
    with works.reading(SYSTEM) as work:
        assert work.session.get(Product, product_id).archived_at is not None
        assert work.session.get(Variant, ids["KUB-GRA"]).product_id == kettle.product_id


def test_wrong_records_are_refused_by_name_and_the_rest_goes_in(works):
    outcome = put(works, [
        VariantInput("", "Bez SKU"), MUGS[0], VariantInput("NIEZNANY"),
        VariantInput("Z", "Zły", vat_rate="dwadzieścia"),
        VariantInput("E", "Z kodem", eans=("5900012003197", "5900012003196", "OWN-1")),
    ])
    assert counts(outcome) == (2, 0, 0, 5)
    said = [(r.index, r.sku, r.whole, str(r.error)) for r in outcome.refused]
    assert said == [
        (0, "", True, "A SKU is missing."),
        (2, "NIEZNANY", True, "A new SKU needs a name."),
        (3, "Z", True, "dwadzieścia is not a VAT rate."),
        (4, "E", False, "5900012003197 is not an EAN: its last digit should be 6."),
        (4, "E", False, "Code 5900012003196 already belongs to SKU KUB-BIA."),
    ]
    with works.reading(SYSTEM) as work:
        assert barcodes.of(work.session, outcome.ids.values())[outcome.ids["E"]] == ["OWN-1"]


def test_of_a_sku_told_twice_the_later_word_holds_and_counts_where_it_differs(works):
    told = [VariantInput("A", "Kubek", price=1), VariantInput("A", price=2),
            VariantInput("A", "Kubek", price=2), VariantInput("B", "Talerz"),
            VariantInput("B", "Talerz")]
    outcome = put(works, told)
    assert counts(outcome) == (2, 1, 2, 0)
    assert counts(put(works, told)) == (0, 0, 5, 0)
    with works.reading(SYSTEM) as work:
        assert work.session.scalar(select(Variant.price)) == 2


def test_bundles_know_their_parts_even_from_the_same_page(both):
    outcome = put(both.works, [
        VariantInput("SET", "Zestaw", parts={"KUB-BIA": 2, "KUB-GRA": 1}), *MUGS,
        VariantInput("SETSET", "Zestaw zestawów", parts={"SET": 2}),
        VariantInput("X", "Z niczego", parts={"NIE-MA": 1}),
    ])
    assert counts(outcome) == (5, 0, 0, 2)
    assert [str(r.error) for r in outcome.refused] == [
        "A part cannot be a bundle itself. Add its parts instead.",
        "There is no SKU NIE-MA to make the bundle of.",
    ]
    ids = outcome.ids
    with both.works.reading(SYSTEM) as work:
        assert composition.of(work.session, ids.values()) == {
            ids["SET"]: {ids["KUB-BIA"]: 2, ids["KUB-GRA"]: 1}}
        assert composition.bundles_with(work.session, [ids["KUB-BIA"]]) == {
            ids["KUB-BIA"]: [ids["SET"]]}
        flags = dict(work.session.execute(select(Variant.sku, Variant.is_bundle)).all())
        assert [sku for sku, is_bundle in flags.items() if is_bundle] == ["SET"]
    changed = put(both.works, [VariantInput("SET", parts={"KUB-BIA": 3})])
    assert changed.changed == 1
    assert trail(both.works)[-1][2] == {"parts": [{"KUB-BIA": 2, "KUB-GRA": 1}, {"KUB-BIA": 3}]}


def test_a_page_costs_the_same_statements_however_long_it_is(works):
    def statements(count, suffix):
        seen = []
        listen = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(works.engine, "before_cursor_execute", listen)
        try:
            put(works, [VariantInput(f"S{n}{suffix}", f"N{n // 3}{suffix}", eans=(f"C{n}{suffix}",),
                                     price=n) for n in range(count)])
        finally:
            event.remove(works.engine, "before_cursor_execute", listen)
        return len(seen)

    statements(3, "warm")
    assert statements(200, "b") <= statements(20, "a") + 2


@pytest.mark.parametrize(("scan", "sku"), [
    ("kub bia", "KUB-BIA"), ("KUBBIA", "KUB-BIA"), ("]E05900012003196", "KUB-BIA"),
    ("KUB-GRA", "KUB-GRA"), ("kub", None), ("", None), ("%", None), ("_", None),
])
def test_what_a_scan_means(works, scan, sku):
    put(works, MUGS)
    with works.reading(SYSTEM) as work:
        found = queries.scanned(work.session, scan)
        assert (found.sku if found else None) == sku


def test_a_code_that_two_skus_resemble_means_neither(works):
    put(works, [VariantInput("A-1", "x"), VariantInput("A/1", "x"), VariantInput("a1", "x")])
    with works.reading(SYSTEM) as work:
        assert queries.scanned(work.session, "A 1") is None
        assert queries.scanned(work.session, "A/1").sku == "A/1"


# By hand


def by_hand(works):
    with works.writing(SYSTEM) as work:
        return editing.add_product(
            work, ProductEdit(" Kubek ", "Sowa"), VariantEdit("K-1", price=4900), "5900012003196")


def test_a_product_is_added_with_its_first_sku(both):
    product_id = by_hand(both.works)
    with both.works.writing(SYSTEM) as work:
        editing.add_variant(work, product_id, VariantEdit("K-2", "duży"))
    with both.works.reading(SYSTEM) as work:
        titles = [v.title for v in queries.variants_of(work.session, product_id)]
        assert titles == ["Kubek", "Kubek duży"]
        assert queries.scanned(work.session, "5900012003196").sku == "K-1"


def test_all_wrong_fields_are_named_at_once_and_nothing_is_kept(works):
    with pytest.raises(InvalidForm) as caught, works.writing(SYSTEM) as work:
        editing.add_product(work, ProductEdit(" ", vat_rate="x"),
                            VariantEdit("", currency="zł", price=-1))
    assert sorted(caught.value.problems) == ["currency", "name", "price", "sku", "vat_rate"]
    by_hand(works)
    with pytest.raises(InvalidForm) as caught, works.writing(SYSTEM) as work:
        editing.add_product(work, ProductEdit("Drugi"), VariantEdit("K-1"))
    assert str(caught.value.problems["sku"]) == "There is already a SKU K-1."
    with pytest.raises(InvalidForm) as caught, works.writing(SYSTEM) as work:
        editing.add_product(work, ProductEdit("Drugi"), VariantEdit("K-9"), "5900012003196")
    assert str(caught.value.problems["code"]).endswith("already belongs to SKU K-1.")
    with works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(Product)) == 1


def test_a_rate_that_is_not_in_force_is_refused_where_it_is_typed_and_told(works):
    with pytest.raises(InvalidForm) as caught, works.writing(SYSTEM) as work:
        editing.add_product(work, ProductEdit("Kubek", vat_rate="99"), VariantEdit("K-1"))
    assert "Poland has no VAT rate of 99%" in str(caught.value.problems["vat_rate"])
    with works.writing(SYSTEM) as work:
        done = put_variants(work, [VariantInput("A", "Kubek", vat_rate="19"),
                                   VariantInput("B", "Talerz", vat_rate="8 %")])
        assert [(one.sku, one.error.field) for one in done.refused] == [("A", "vat_rate")]
        company.set_up(work, "Sowa").address = {"country": "DE"}
        assert not put_variants(work, [VariantInput("A", "Kubek", vat_rate="19")]).refused


def test_edits_reach_titles_search_trail_and_channels(works):
    product_id = by_hand(works)
    with works.writing(SYSTEM) as work:
        editing.edit_product(work, product_id, ProductEdit("Garnek", "Lis", vat_rate="8"))
        variant_id = queries.variants_of(work.session, product_id)[0].id
        editing.edit_variant(work, variant_id, VariantEdit("G-1", "mały", price=5900))
        editing.edit_variant(work, variant_id, VariantEdit("G-1", "mały", price=5900))
    with works.reading(SYSTEM) as work:
        row = work.session.get(Variant, variant_id)
        assert (row.title, row.search) == ("Garnek mały", " g1 g 1 garnek maly lis ")
        assert [n.price for n in work.session.scalars(select(PriceNote))] == [4900, 5900]
    acts = [(act, subject, sorted(change)) for act, subject, change in trail(works)[-2:]]
    assert acts == [
        ("catalog.edit", "product", ["brand", "name", "vat_rate"]),
        ("catalog.edit", "variant", ["option", "price", "sku"]),
    ]
    assert events(works)[-1][1]["fields"] == ["option", "price", "sku"]


def test_an_archived_sku_leaves_suggestions_and_comes_back(works):
    product_id = by_hand(works)
    with works.writing(SYSTEM) as work:
        variant_id = queries.variants_of(work.session, product_id)[0].id
        editing.archive(work, variant_id)
    with works.writing(SYSTEM) as work:
        assert queries.suggest(work.session, "kubek") == []
        assert work.session.get(Product, product_id).archived_at is not None
        editing.archive(work, variant_id, back=True)
    with works.reading(SYSTEM) as work:
        assert [f.sku for f in queries.suggest(work.session, "kubek")] == ["K-1"]
        assert work.session.get(Product, product_id).archived_at is None


def test_codes_come_and_go(works):
    product_id = by_hand(works)
    with works.writing(SYSTEM) as work:
        variant_id = queries.variants_of(work.session, product_id)[0].id
        editing.add_code(work, variant_id, "0036000291452")
        editing.add_code(work, variant_id, "036000291452")
        editing.remove_code(work, variant_id, "5900012003196")
        other = editing.add_variant(work, product_id, VariantEdit("K-2"))
        with pytest.raises(Invalid, match="already belongs to SKU K-1") as caught:
            editing.add_code(work, other, "036000291452")
        assert caught.value.field == "code"
    with works.reading(SYSTEM) as work:
        assert barcodes.of(work.session, [variant_id, other]) == {variant_id: ["0036000291452"]}


def test_bundles_by_hand_keep_the_rules(works):
    with works.writing(SYSTEM) as work:
        ids = put_variants(work, [VariantInput(s, s) for s in ("A", "B", "SET", "BIG")]).ids
        editing.set_parts(work, ids["SET"], {ids["A"]: 2, ids["B"]: 1})
        with pytest.raises(Invalid, match="cannot be a bundle"):
            editing.set_parts(work, ids["BIG"], {ids["SET"]: 1})
        with pytest.raises(Invalid, match="part of another bundle"):
            editing.set_parts(work, ids["A"], {ids["BIG"]: 1})
        editing.set_parts(work, ids["SET"], {})
    with works.reading(SYSTEM) as work:
        assert composition.of(work.session, ids.values()) == {}
        assert not work.session.get(Variant, ids["SET"]).is_bundle
    assert trail(works)[-1][2] == {"parts": [{"A": 2, "B": 1}, {}]}


def test_pictures_keep_their_order(works):
    product_id = by_hand(works)
    with works.writing(SYSTEM) as work:
        for name in ("a", "b", "c", "b"):
            pictures.add(work, product_id, pictures.StoredImage(name, f"t{name}", 9, 9))
        first = queries.images_of(work.session, product_id)
        assert [i.file for i in first] == ["a", "b", "c"]
        pictures.show_first(work, product_id, first[2].id)
        pictures.remove(work, product_id, first[0].id)
    with works.reading(SYSTEM) as work:
        assert [i.file for i in queries.images_of(work.session, product_id)] == ["c", "b"]
        variant = queries.variants_of(work.session, product_id)[0]
        assert queries.thumbs(work.session, [variant.id]) == {variant.id: "tc"}


def test_an_old_offer_of_the_demo_finds_its_sisters_best_first(works):
    with works.writing(SYSTEM) as work:
        put_variants(work, [_record(item) for item in demo_catalog.items()])
    with works.reading(SYSTEM) as work:
        found = queries.alike(work.session, "Kubek emaliowany 0,3 l zielony (stara kolekcja)")
    assert {one.sku for one in found[:2]} == {"KUB-05-ZIE", "KUB-03-BIA"}
    assert all(one.title.startswith("Kubek emaliowany") for one in found)
