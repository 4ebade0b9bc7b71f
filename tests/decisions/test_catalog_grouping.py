"""Which product a told SKU joins, and when a product is renamed instead of split."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oms_web.domain.catalog.grouping import Held, group, key_of

MUG, CUP = ("Mug", "Owl", ""), ("Cup", "Owl", "")


def test_new_skus_of_one_name_start_one_product():
    found = group({"A": MUG, "B": MUG}, {}, {}, {})
    assert found.starts == {"A": MUG, "B": MUG}
    assert not found.joins
    assert not found.renames


def test_skus_of_one_name_that_do_not_say_how_they_differ_are_products_of_their_own():
    red, blue = key_of("A", "Mug", "Owl", "red"), key_of("B", "Mug", "Owl", "blue")
    assert red == blue == MUG
    assert len({MUG, key_of("C", "Mug", "Owl", ""), key_of("D", "Mug", "Owl", "")}) == 3


def test_a_new_sku_joins_the_product_of_its_name_and_brand():
    assert group({"A": MUG, "B": ("Mug", "Fox", "")}, {}, {MUG: 7}, {}).joins == {"A": 7}


def test_a_sku_stays_although_an_older_product_has_the_same_name():
    found = group({"A": MUG}, {"A": Held(9, MUG)}, {MUG: 7}, {9: 1})
    assert found.joins == {"A": 9}


def test_a_product_is_renamed_when_all_its_variants_are_told_so():
    held = {"A": Held(7, MUG), "B": Held(7, MUG)}
    found = group({"A": CUP, "B": CUP, "N": CUP}, held, {}, {7: 2})
    assert found.renames == {7: CUP}
    assert found.joins == {"A": 7, "B": 7, "N": 7}


def test_one_of_two_variants_leaves_when_only_it_is_renamed():
    found = group({"A": CUP}, {"A": Held(7, MUG)}, {}, {7: 2})
    assert found.renames == {}
    assert found.starts == {"A": CUP}


def test_two_products_told_the_same_new_name_end_as_one():
    held = {"A": Held(7, MUG), "B": Held(8, ("Jug", "", ""))}
    found = group({"A": CUP, "B": CUP}, held, {}, {7: 1, 8: 1})
    assert found.renames == {7: CUP}
    assert found.joins == {"A": 7, "B": 7}


def test_a_name_that_exists_is_joined_not_copied_by_renaming():
    found = group({"A": CUP}, {"A": Held(7, MUG)}, {CUP: 3}, {7: 1})
    assert (found.renames, found.joins) == ({}, {"A": 3})


keys = st.tuples(st.sampled_from("xyz"), st.sampled_from(["", "b"]), st.just(""))


@given(wanted=st.dictionaries(st.sampled_from("ABCDEF"), keys), data=st.data())
def test_telling_the_same_again_changes_nothing(wanted, data):
    held: dict[str, Held] = {}
    keys_of: dict[int, tuple[str, str, str]] = {}
    for sku in data.draw(st.sets(st.sampled_from(sorted(wanted)))) if wanted else ():
        product = data.draw(st.integers(1, 3))
        held[sku] = Held(product, keys_of.setdefault(product, data.draw(keys)))
    sizes = {p: sum(h.product_id == p for h in held.values()) for p in keys_of}
    taken: dict[tuple[str, str, str], int] = {}
    for product, key in sorted(keys_of.items()):
        taken.setdefault(key, product)
    first = group(wanted, held, taken, sizes)
    assert first.joins.keys() | first.starts.keys() == wanted.keys()

    made = {key: 100 + n for n, key in enumerate(dict.fromkeys(first.starts.values()))}
    after = {sku: Held(id_, wanted[sku]) for sku, id_ in first.joins.items()}
    after |= {sku: Held(made[key], key) for sku, key in first.starts.items()}
    now_taken = {h.key: h.product_id for h in after.values()}
    again = group(wanted, after, now_taken, dict.fromkeys(
        {h.product_id for h in after.values()}, 6))
    assert again.joins == {sku: h.product_id for sku, h in after.items()}
    assert not again.starts
    assert not again.renames
