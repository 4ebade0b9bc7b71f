"""Profiles: what is wrong with one is said at its field; a first one is guessed from a file."""

from __future__ import annotations

import copy
import json
import re

import pytest
from oms_connector import Refused
from oms_files import words
from oms_files.ready import SAID
from oms_files.suggesting import date_forms, decimal_sign

from tests.contract import file_maker as make


def fields_of(problems):
    return [problem.field for problem in problems]


def check(spec, kind="orders"):
    return make.connector().check(spec, kind)


def test_a_good_profile_has_no_problems_and_an_empty_one_says_what_it_needs():
    assert check(make.ORDERS) == []
    assert fields_of(check({})) == [
        "key", "fields.placed_at", "fields.currency", "lines.quantity", "lines.sku",
        "lines.unit_price",
    ]
    assert fields_of(check({}, "products")) == ["fields.sku", "fields.name"]
    assert fields_of(check({}, "stock")) == ["fields.sku", "fields.quantity"]


@pytest.mark.parametrize(("change", "field"), [
    ({"colour": "red"}, "colour"),
    ({"format": {"type": "pdf"}}, "format.type"),
    ({"format": {"encoding": "klingon"}}, "format.encoding"),
    ({"format": {"encoding": "punycode"}}, "format.encoding"),
    ({"format": {"delimiter": "::"}}, "format.delimiter"),
    ({"format": {"header_row": -1}}, "format.header_row"),
    ({"format": {"type": "xml"}}, "format.records"),
    ({"format": {"path": "/etc/passwd"}}, "format.path"),
    ({"format": "csv"}, "format"),
    ({"numbers": ";"}, "numbers"),
    ({"dates": "%Y"}, "dates"),
    ({"dates": ["yyyy-mm-dd"]}, "dates.0"),
    ({"timezone": "Mars/Base"}, "timezone"),
    ({"timezone": "../../etc/passwd"}, "timezone"),
    ({"key": {"eval": "1"}}, "key"),
    ({"rules": [{"when": {"column": "A", "equals": "1"}, "do": "explode"}]}, "rules.0.do"),
    ({"rules": [{"when": {"column": "A", "equals": "1"}, "do": "skip"}]}, "rules.0.reason"),
    ({"rules": [{"when": {"column": "A"}, "do": "return"}]}, "rules.0.when"),
    ({"rules": [{"when": {"column": "A", "lt": 1, "gt": 0}, "do": "return"}]}, "rules.0.when"),
    ({"rules": [{"when": {"column": "A", "lt": "ten"}, "do": "return"}]}, "rules.0.when.lt"),
    ({"rules": [{"when": {"all": {}}, "do": "return"}]}, "rules.0.when"),
    ({"rules": [{"when": None, "do": "return"}]}, "rules.0.when"),
    ({"rules": [{"when": {"named": "A", "equals": "1"}, "do": "return"}]}, "rules.0.when"),
    ({"rules": [{"when": {"named": ["A"], "column": "A", "equals": "1"}, "do": "return"}]},
     "rules.0.when"),
    ({"fields": {**make.ORDERS["fields"], "shoe_size": "A"}}, "fields.shoe_size"),
    ({"fields": {**make.ORDERS["fields"], "buyer_name": {"sum": ["A"]}}}, "fields.buyer_name"),
    ({"fields": {**make.ORDERS["fields"], "shipping": {"sum": []}}}, "fields.shipping.sum"),
    ({"fields": {**make.ORDERS["fields"], "shipping": {"sum": [7]}}}, "fields.shipping.sum.0"),
    ({"lines": {**make.ORDERS["lines"], "unit_price": {"sum": ["Price"]}}}, "lines.unit_price"),
    ({"fields": {**make.ORDERS["fields"], "state": {"constant": "lost"}}}, "fields.state"),
    ({"fields": {**make.ORDERS["fields"], "currency": {"constant": "XYZ"}}}, "fields.currency"),
    ({"fields": {**make.ORDERS["fields"], "shipping": {"constant": "free"}}}, "fields.shipping"),
    ({"fields": {**make.ORDERS["fields"], "currency": {"constant": ["PLN"]}}},
     "fields.currency.constant"),
    ({"fields": {**make.ORDERS["fields"], "state": {"column": "A", "map": {"x": "gone"}}}},
     "fields.state"),
    ({"lines": {**make.ORDERS["lines"], "title": {"first": []}}}, "lines.title.first"),
    ({"lines": {**make.ORDERS["lines"], "title": {"column": "A", "constant": "B"}}},
     "lines.title"),
    ({"lines": {**make.ORDERS["lines"], "title": 7}}, "lines.title"),
    ({"lookups": [{"name": "x"}]}, "lookups.0.key"),
    ({"lookups": "x"}, "lookups"),
])
def test_each_mistake_is_named_at_its_field(change, field):
    assert field in fields_of(check(make.profile(**change)))


def test_nesting_without_end_is_refused_instead_of_followed():
    source: dict = {"constant": "x"}
    condition: dict = {"column": "A", "equals": "x"}
    for _ in range(5000):
        source, condition = {"first": [source]}, {"not": condition}
    spec = make.profile(key=source, rules=[{"when": condition, "do": "return"}])
    assert {problem.message for problem in check(spec)} == {"This is nested too deep."}


def test_no_mangled_profile_makes_the_checker_fail():
    """Every part of a real profile replaced by something else: an answer, never a fault."""
    for name, (kind, spec) in make.connector().ready_profiles().items():
        for path in _paths(spec):
            for junk in (None, 7, "", [], {}, [None], {"x": None}, True):
                mangled = copy.deepcopy(spec)
                _put(mangled, path, junk)
                problems = check(mangled, kind)
                assert all(problem.message for problem in problems), (name, path)


def _paths(node, before=()):
    items = node.items() if isinstance(node, dict) else enumerate(node) \
        if isinstance(node, list) else ()
    for key, value in items:
        yield (*before, key)
        yield from _paths(value, (*before, key))


def _put(node, path, value):
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value


def test_ready_profiles_are_sound_and_plain_data():
    ready = make.connector().ready_profiles()
    assert {"online-retail", "amazon-report", "northwind-orders", "products-off", "orders-simple",
            "products-simple", "stock-simple", "amazon-orders", "shopify-orders",
            "shopify-products", "woocommerce-orders", "woocommerce-products"} == set(ready)
    for name, (kind, spec) in ready.items():
        assert check(spec, kind) == [], name
        assert json.loads(json.dumps(spec)) == spec


def test_what_ready_profiles_say_is_listed_for_translation():
    told = {rule["reason"] for _, spec in make.connector().ready_profiles().values()
            for rule in spec.get("rules", []) if "reason" in rule}
    assert told == set(SAID)


def test_every_sentence_is_listed_for_translation_and_can_be_told_apart():
    assert len(words.MESSAGES) > 50
    assert make.connector().messages == words.MESSAGES
    for template in words.MESSAGES:
        places = dict.fromkeys(re.findall(r"%\((\w+)\)s", template), "x")
        assert words.say(template, **places)


def test_the_schema_names_what_the_editor_offers():
    schema = make.connector().profile_schema("orders")
    assert [f["name"] for f in schema["sections"]["lines"]][:3] == ["sku", "title", "quantity"]
    assert "skip_line" in schema["acts_with_reason"]
    assert "return" not in schema["acts_with_reason"]
    assert set(make.connector().profile_schema("stock")["sections"]) == {"fields"}


def test_a_sample_shows_rows_columns_records_and_what_is_wrong(tmp_path):
    rows = [*make.ROWS, ["A3", "2026-03-02", "KUB", "1.5", "2"]]
    path = make.write(tmp_path, make.csv_text(rows))
    sample = make.connector().sample(path, make.ORDERS, "orders", 50)
    assert sample.format == "csv"
    assert sample.columns[2].name == "SKU"
    assert list(sample.columns[2].examples) == ["KUB", "TAL"]
    assert list(sample.rows[3]) == rows[3]
    assert [getattr(r, "external_id", "") for r in sample.records] == ["A1", "A2", "A3"]
    (problem,) = sample.problems
    assert (problem.field, problem.row) == ("quantity", 5)


def test_a_sample_of_an_unfinished_profile_still_shows_the_rows(tmp_path):
    path = make.write(tmp_path, make.csv_text())
    sample = make.connector().sample(path, {"key": "Order"}, "orders", 2)
    assert len(sample.rows) == 2
    assert sample.records == []
    assert "lines.sku" in fields_of(sample.problems)
    broken = make.connector().sample(path, {"format": {"type": "pdf"}}, "orders", 2)
    assert [column.name for column in broken.columns] == make.HEADER


POLISH = ("Nr zamówienia;Data zamówienia;Klient;E-mail;Kod pocztowy;Miejscowość;Symbol;"
          "Nazwa produktu;Ilość;Cena brutto;Stawka VAT;Status\n"
          "100/2026;24.11.2026 10:15;Anna Testowa;a@example.test;00-001;Łódź;KUB;Kubek biały;2;"
          "1 012,50;23;Wysłane\n"
          "101/2026;25.11.2026 08:00;Jan Próbny;j@example.test;90-001;Łódź;TAL;Talerz;1;3,10;8;"
          "Nieopłacone\n")


def test_a_polish_shop_file_is_guessed_and_reads_at_once(tmp_path):
    path = make.write(tmp_path, POLISH.encode("cp1250"))
    spec = make.connector().suggest(path, "orders")
    assert check(spec) == []
    first, second = make.read(path, spec, tmp_path)
    assert (first.external_id, first.state, first.buyer_name, first.ship_to.city) == (
        "100/2026", "shipped", "Anna Testowa", "Łódź")
    assert make.brief([first, second]) == [
        ("100/2026", "sale", [("KUB", 2, "1012.50")]), ("101/2026", "sale", [("TAL", 1, "3.10")])]
    assert first.placed_at.isoformat() == "2026-11-24T09:15:00+00:00"
    assert (second.state, second.lines[0].vat_rate, second.lines[0].title) == (
        "unpaid", "8", "Talerz")


def test_the_simple_profile_reads_polish_and_english_headers_alike(tmp_path):
    simple = make.connector().ready_profiles()["orders-simple"][1]
    english = make.csv_text(
        [["7", "2026-03-01", "KUB", "1", "2.50", "new"]],
        ["order_id", "ORDER DATE", "Sku", "Qty", "Unit price", "Status"])
    polish = POLISH.replace("Wysłane", "wysłane").replace("Nieopłacone", "nieopłacone")
    (one,) = make.read(make.write(tmp_path, english, "en.csv"), simple, tmp_path)
    assert make.brief([one]) == [("7", "sale", [("KUB", 1, "2.50")])]
    two, three = make.read(make.write(tmp_path, polish, "pl.csv"), simple, tmp_path)
    assert (two.state, three.state, two.currency) == ("shipped", "unpaid", "PLN")
    assert two.lines[0].unit_price == 1012.5


def test_a_file_with_none_of_the_named_columns_is_refused_whole(tmp_path):
    simple = make.connector().ready_profiles()
    path = make.write(tmp_path, "a,b\n1,2\n")
    for name, kind, field in (("orders-simple", "orders", "key"),
                              ("products-simple", "products", "fields.sku"),
                              ("stock-simple", "stock", "fields.sku")):
        with pytest.raises(Refused, match=r"none of the columns .*; it has: a, b") as caught:
            make.read(path, simple[name][1], tmp_path, kind)
        assert caught.value.field == field


def test_a_shop_export_with_values_in_the_first_row_only(tmp_path):
    text = ("Name,Email,Created at,Total,Currency,Lineitem name,Lineitem sku,Lineitem quantity,"
            "Lineitem price,Shipping Zip\n"
            "#1001,ann@example.test,2026-01-05 10:00:00 -0500,30.00,USD,Blue Widget,BW,1,10.00,"
            "'10001\n"
            "#1001,,,,,Red Gadget,RG,2,10.00,\n")
    path = make.write(tmp_path, text)
    spec = make.connector().suggest(path, "orders")
    spec["key"] = "Name"
    (order,) = make.read(path, spec, tmp_path)
    assert (order.currency, order.total, order.buyer_email) == ("USD", 30, "ann@example.test")
    assert make.brief([order])[0][2] == [("BW", 1, "10.00"), ("RG", 2, "10.00")]
    assert order.placed_at.isoformat() == "2026-01-05T15:00:00+00:00"


def test_json_and_xml_are_guessed_with_their_records_and_lines(tmp_path):
    document = {"orders": [{"id": 7, "created_at": "2026-03-01T10:00:00Z", "currency": "PLN",
                            "customer": {"email": "a@example.test"},
                            "line_items": [{"sku": "KUB", "quantity": 2, "price": "12.50"},
                                           {"sku": "TAL", "quantity": 1, "price": "3.10"}]}]}
    path = make.write(tmp_path, make.as_json(document), "orders.json")
    spec = make.connector().suggest(path, "orders")
    assert spec["format"] == {"type": "json", "records": "orders", "lines": "line_items"}
    wanted = [("7", "sale", [("KUB", 2, "12.50"), ("TAL", 1, "3.10")])]
    assert make.brief(make.read(path, spec, tmp_path)) == wanted
    lines = make.write(tmp_path, "\n".join(make.as_json(o) for o in document["orders"] * 2),
                       "orders.jsonl")
    assert make.connector().suggest(lines, "orders")["format"] == {
        "type": "jsonl", "lines": "line_items"}
    xml = make.write(tmp_path, "<export><order><number>7</number><date>2026-03-01</date>"
                               "<items><item><sku>KUB</sku><qty>2</qty><price>12.50</price></item>"
                               "<item><sku>TAL</sku><qty>1</qty><price>3.10</price></item></items>"
                               "</order><order><number>8</number></order></export>", "orders.xml")
    spec = make.connector().suggest(xml, "orders")
    assert spec["format"] == {"type": "xml", "records": "export.order", "lines": "items.item"}
    first = make.brief(make.read(xml, spec, tmp_path))[0]
    assert first == ("7", "sale", [("KUB", 2, "12.50"), ("TAL", 1, "3.10")])


def test_products_and_stock_are_guessed(tmp_path):
    path = make.write(tmp_path, "Symbol;Nazwa;Kod EAN;Cena brutto;Stan;Waga\n"
                                "K1;Kubek;5900012003196;12,50;7;350 g\n")
    spec = make.connector().suggest(path, "products")
    (product,) = make.read(path, spec, tmp_path, "products")
    assert (product.sku, product.name, product.eans, product.weight_g) == (
        "K1", "Kubek", ("5900012003196",), 350)
    assert (float(product.price), product.opening_stock) == (12.5, 7)
    spec = make.connector().suggest(path, "stock")
    (counted,) = make.read(path, spec, tmp_path, "stock")
    assert (counted.sku, counted.quantity) == ("K1", 7)


def test_the_forms_of_dates_and_the_decimal_sign_are_told_by_all_values():
    assert date_forms(["24.11.2026", "01.02.2026"]) == ["%d.%m.%Y"]
    assert set(date_forms(["04-30-22", "04-09-2022"])) == {"%m-%d-%y", "%m-%d-%Y"}
    assert set(date_forms(["30-04-22", "04-09-2022"])) == {"%d-%m-%y", "%d-%m-%Y"}
    assert date_forms(["01/02/2026", "12/31/2026"]) == ["%m/%d/%Y"]
    assert date_forms(["2026-01-01T10:00:00Z", "2026-01-02"]) == []
    assert date_forms(["soon"]) == []
    assert decimal_sign(["12,50", "3"]) == ","
    assert decimal_sign(["12.50", "1,000.00"]) == "."
    assert decimal_sign(["1", "2"]) == "."
    assert decimal_sign(["1.234"]) == "auto"
