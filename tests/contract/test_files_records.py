"""What rows become: orders, returns, write-offs, or an answer why not. No row is without one."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oms_connector import Skipped, Unreadable
from oms_files import convert
from oms_files.convert import Wrong

from tests.contract import file_maker as make


def rows_of(tmp_path, rows, spec=make.ORDERS, header=make.HEADER, kind="orders"):
    path = make.write(tmp_path, make.csv_text(rows, header))
    return make.read(path, spec, tmp_path, kind)


def test_rows_of_an_order_are_gathered_wherever_they_lie(tmp_path):
    rows = [
        ["A1", "2026-03-01", "KUB", "1", "1"], ["A2", "2026-03-02", "KUB", "1", "1"],
        ["A1", "2026-03-01", "TAL", "2", "1"], ["A3", "2026-03-03", "KUB", "1", "1"],
        ["A2", "2026-03-02", "TAL", "3", "1"], ["A1", "2026-03-01", "KUB", "4", "1"],
    ]
    assert [(r[0], [(sku, n) for sku, n, _ in r[2]])
            for r in make.brief(rows_of(tmp_path, rows))] == [
        ("A1", [("KUB", 1), ("TAL", 2), ("KUB", 4)]), ("A2", [("KUB", 1), ("TAL", 3)]),
        ("A3", [("KUB", 1)]),
    ]


def test_reading_from_any_position_gives_the_rest_of_the_same(tmp_path):
    shuffled = random.Random(7)
    rows = [[f"A{n % 40}", "2026-03-01", f"S{n}", "1", "1"] for n in range(200)]
    shuffled.shuffle(rows)
    path = make.write(tmp_path, make.csv_text(rows))
    work = tmp_path / "work"
    work.mkdir()
    reader = make.connector()
    whole = list(reader.read(path, make.ORDERS, "orders", 0, work))
    assert [position for position, _ in whole] == list(range(40))
    assert reader.count(path, make.ORDERS, "orders", work) == 40
    for start in (1, 17, 39, 40):
        fresh = tmp_path / f"work{start}"
        fresh.mkdir()
        assert list(reader.read(path, make.ORDERS, "orders", start, fresh)) == whole[start:]
    assert reader.text_of(path, make.ORDERS, "orders", 17, work).count("\n") == 1 + len(
        whole[17][1].lines)


def test_the_same_line_twice_is_two_lines_with_two_names(tmp_path):
    spec = make.profile(lines={**make.ORDERS["lines"], "line_ref": "SKU"})
    (order,) = rows_of(tmp_path, [make.ROWS[0], make.ROWS[0]], spec)
    assert [(line.sku, line.quantity) for line in order.lines] == [("KUB", 2), ("KUB", 2)]
    assert len({line.line_ref for line in order.lines}) == 2


RULES = [
    {"when": {"column": "Order", "starts_with": "C"}, "do": "return"},
    {"when": {"all": [{"column": "Qty", "lt": 0}, {"column": "Price", "equals": 0}]},
     "do": "write_off"},
    {"when": {"column": "SKU", "matches": "TEST*"}, "do": "skip", "reason": "Test orders"},
    {"when": {"column": "SKU", "in": ["POST", "DOT"]}, "do": "skip_line", "reason": "Postage"},
    {"when": {"any": [{"column": "SKU", "equals": "ADJ"}, {"column": "SKU", "empty": True}]},
     "do": "quarantine", "reason": "Money without goods"},
]


@pytest.mark.parametrize(("rows", "wanted"), [
    ([["C9", "2026-03-01", "KUB", "-2", "12.5"]], [("C9", "return", [("KUB", 2, "12.5")])]),
    ([["7", "2026-03-01", "KUB", "-2", "0.0"]], [("7", "write_off", [("KUB", 2, "0.0")])]),
    ([["7", "2026-03-01", "KUB", "1", "2"], ["7", "2026-03-01", "POST", "1", "9"]],
     [("7", "sale", [("KUB", 1, "2")]), Skipped("7", "Postage", 1)]),
    ([["7", "2026-03-01", "TEST-1", "1", "2"], ["7", "2026-03-01", "KUB", "1", "2"]],
     [Skipped("7", "Test orders", 2)]),
])
def test_rules_decide_what_rows_are(tmp_path, rows, wanted):
    assert make.brief(rows_of(tmp_path, rows, make.profile(rules=RULES))) == wanted


def test_a_quarantine_rule_keeps_the_whole_order_with_its_text(tmp_path):
    rows = [["7", "2026-03-01", "KUB", "1", "2"], ["7", "2026-03-01", "ADJ", "1", "9"]]
    (waiting,) = rows_of(tmp_path, rows, make.profile(rules=RULES))
    assert (waiting.external_id, waiting.reason) == ("7", "Money without goods")
    assert waiting.raw == make.csv_text(rows)


def test_an_order_that_only_had_lines_to_leave_out_waits_with_the_reason(tmp_path):
    (waiting,) = rows_of(tmp_path, [["7", "2026-03-01", "POST", "1", "2"]],
                         make.profile(rules=RULES))
    assert isinstance(waiting, Unreadable)
    assert waiting.reason == "the order has no line left: Postage"


def test_goods_given_back_within_a_sale_become_a_return_of_it(tmp_path):
    rules = [{"when": {"column": "Qty", "lt": 0}, "do": "return"}]
    rows = [["7", "2026-03-01", "KUB", "3", "2"], ["7", "2026-03-01", "TAL", "-1", "2"]]
    sale, back = rows_of(tmp_path, rows, make.profile(rules=rules))
    assert make.brief([sale, back]) == [
        ("7", "sale", [("KUB", 3, "2")]), ("7#return", "return", [("TAL", 1, "2")])]
    assert back.returns_ref == "7"


@pytest.mark.parametrize(("row", "reason", "field"), [
    (["A1", "2026-03-01", "KUB", "1.5", "2"], "Row 2: quantity is not a whole number: 1.5",
     "quantity"),
    (["A1", "2026-03-01", "KUB", "0", "2"], "Row 2: quantity must be more than zero: 0",
     "quantity"),
    (["A1", "2026-03-01", "KUB", "-1", "2"], "Row 2: quantity must be more than zero: -1",
     "quantity"),
    (["A1", "2026-03-01", "KUB", "", "2"], "Row 2: quantity is empty", "quantity"),
    (["A1", "2026-03-01", "KUB", "1", "12,50"], "Row 2: unit_price is not a number: 12,50",
     "unit_price"),
    (["A1", "2026-03-01", "KUB", "1", "-2"], "Row 2: unit_price is below zero: -2", "unit_price"),
    (["A1", "2026-03-01", "KUB", "1", "1e12"], "Row 2: unit_price is too large: 1e12",
     "unit_price"),
    (["A1", "2026-03-01", "", "1", "2"],
     "Row 2: no SKU, offer or barcode says what was sold", "sku"),
    (["A1", "01/03/26", "KUB", "1", "2"],
     "Row 2: placed_at is not a date in the stated forms: 01/03/26", "placed_at"),
    (["A1", "", "KUB", "1", "2"], "placed_at is empty", "placed_at"),
    (["", "2026-03-01", "KUB", "1", "2"],
     "Row 2: the column that tells orders apart is empty", ""),
    (["A1", "2026-03-01", "K" * 121, "1", "2"], "Row 2: sku is longer than 120 characters", "sku"),
])
def test_a_wrong_cell_sends_its_order_to_quarantine_with_the_row(tmp_path, row, reason, field):
    row = [f'"{cell}"' for cell in row]
    bad, good = rows_of(tmp_path, [row, make.ROWS[2]])
    assert (bad.reason, bad.field) == (reason, field)
    assert bad.raw.splitlines()[0] == ",".join(make.HEADER)
    assert good.external_id == "A2"


def test_rows_that_disagree_on_currency_are_not_guessed_about(tmp_path):
    spec = make.profile(fields={**make.ORDERS["fields"], "currency": "Cur"})
    header = [*make.HEADER, "Cur"]
    bad, good = rows_of(tmp_path, [
        [*make.ROWS[0], "PLN"], [*make.ROWS[1], "EUR"], [*make.ROWS[2], "zł"],
    ], spec, header)
    assert bad.reason == "the rows of this order disagree on currency: PLN, EUR"
    assert good.currency == "PLN"
    (unknown,) = rows_of(tmp_path, [[*make.ROWS[2], "XYZ"]], spec, header)
    assert unknown.reason == "Row 2: currency is not a currency: XYZ"


def test_sources_first_join_cases_map_and_strip(tmp_path):
    header = ["Order", "Date", "SKU", "Qty", "Price", "A", "B", "C"]
    spec = make.profile(
        numbers=",",
        fields={
            **make.ORDERS["fields"],
            "buyer_name": {"join": ["A", "B"]},
            "buyer_note": {"first": ["C", "B", {"constant": "nothing"}]},
            "state": {"column": "C", "map": {"gone": "shipped", "": "ready"}},
            "payment_kind": {"cases": [{"when": {"column": "B", "contains": "COD"},
                                        "use": {"constant": "cod"}}],
                             "else": {"constant": "prepaid"}},
        },
        lines={**make.ORDERS["lines"], "unit_price": {"column": "Price", "strip": "~PLN"}},
    )
    rows = [
        ["1", "2026-03-01", "KUB", "1", '"~1 234,50 PLN"', "Jan", "COD", "gone"],
        ["2", "2026-03-01", "KUB", "1", '"2,5"', "", "Nowak", ""],
        ["3", "2026-03-01", "KUB", "1", '"2,5"', "", "", "lost"],
    ]
    first, second, third = rows_of(tmp_path, rows, spec, header)
    assert (first.buyer_name, first.buyer_note, first.state, first.payment_kind) == (
        "Jan COD", "gone", "shipped", "cod")
    assert first.lines[0].unit_price == Decimal("1234.50")
    assert (second.buyer_name, second.buyer_note, second.state) == ("Nowak", "Nowak", "ready")
    assert third.reason == "Row 4: state has a value without a translation: lost"


def test_line_totals_and_discounts_give_the_price_per_unit(tmp_path):
    header = ["Order", "Date", "SKU", "Qty", "Whole", "Off"]
    spec = make.profile(lines={"sku": "SKU", "quantity": "Qty", "line_total": "Whole",
                               "discount_rate": "Off"})
    rows = [["1", "2026-03-01", "KUB", "4", "10.00", "0.15"],
            ["1", "2026-03-01", "KUB", "4", "10.00", "15%"],
            ["1", "2026-03-01", "KUB", "3", "10.00", ""]]
    (order,) = rows_of(tmp_path, rows, spec, header)
    assert [line.unit_price for line in order.lines[:2]] == [Decimal("2.125")] * 2
    assert round(order.lines[2].unit_price, 6) == Decimal("3.333333")


def test_dates_in_a_zone_in_several_forms_and_in_the_changed_hour(tmp_path):
    spec = make.profile(dates=["%d.%m.%Y %H:%M", "%d.%m.%Y"], timezone="Europe/Warsaw")
    moments = ["29.03.2026 01:30", "29.03.2026 03:30", "25.10.2026 02:30", "2.1.2026",
               "2026-01-02T10:00:00+05:00"]
    orders = rows_of(tmp_path, [[str(n), m, "KUB", "1", "1"] for n, m in enumerate(moments)], spec)
    assert [order.placed_at.isoformat() for order in orders] == [
        "2026-03-29T00:30:00+00:00", "2026-03-29T01:30:00+00:00", "2026-10-25T00:30:00+00:00",
        "2026-01-01T23:00:00+00:00", "2026-01-02T05:00:00+00:00",
    ]


def test_two_forms_of_one_report_do_not_read_each_other(tmp_path):
    spec = make.profile(dates=["%m-%d-%y", "%m-%d-%Y"])
    orders = rows_of(tmp_path, [["1", "04-30-22", "KUB", "1", "1"],
                                ["2", "04-09-2022", "KUB", "1", "1"]], spec)
    assert [f"{order.placed_at:%F}" for order in orders] == ["2022-04-29", "2022-04-08"]


@pytest.mark.parametrize(("text", "code"), [
    ("Poland", "PL"), ("POLSKA", "PL"), ("pl", "PL"), ("EIRE", "IE"), ("UK", "GB"),
    ("United Kingdom", "GB"), ("Czech Republic", "CZ"), ("Węgry", "HU"), ("Hong Kong", "HK"),
    ("Holandia", "NL"), ("Niemcy", "DE"), ("DEU", "DE"), ("USA", "US"),
])
def test_countries_by_name_and_code(text, code):
    assert convert.country(text, "c") == code


@pytest.mark.parametrize("text", ["Narnia", "EU", "European Community", "XX", "1"])
def test_what_is_no_country_is_not_one(text):
    with pytest.raises(Wrong):
        convert.country(text, "c")


@pytest.mark.parametrize(("text", "sign", "value"), [
    ("1 234,50", ",", "1234.50"), ("1\u00a0234,50 zł", ",", "1234.50"),
    ("1.234,50", ",", "1234.50"),
    ("1,234.50", ".", "1234.50"), ("£3.20", ".", "3.20"), ("−5", ".", "-5"), ("12.5", ",", "12.5"),
    ("1'234.50", ".", "1234.50"), ("1,234,567", ".", "1234567"), (".5", ".", "0.5"),
    ("1.234", ",", "1234"), ("1.234", "sheet", "1.234"), ("2,5", "sheet", "2.5"),
    ("12,50", "auto", "12.50"), ("12.50", "auto", "12.50"), ("1.234,5", "auto", "1234.5"),
    ("1,234,567", "auto", "1234567"), ("0,125", "auto", "0.125"), ("1e3", ".", "1e3"),
])
def test_numbers_as_people_write_them(text, sign, value):
    assert convert.number(text, sign, "n") == Decimal(value)


@pytest.mark.parametrize(("text", "sign"), [
    ("12,50", "."), ("1,23,456", "."), ("1.2.3", "."), ("", "."), ("abc", "."), ("1 2", "."),
    ("NaN", "."), ("Infinity", "."), ("1,234", "auto"), ("1.234", "auto"), ("0x10", "."),
    ("١٢", "."), ("--1", "."), ("1_000", "."), ("1e99", "."),
])
def test_doubtful_numbers_are_refused(text, sign):
    with pytest.raises(Wrong):
        convert.number(text, sign, "n")


@settings(max_examples=300)
@given(st.decimals(min_value=-10**9, max_value=10**9, places=2), st.sampled_from([".", ","]))
def test_a_formatted_amount_reads_back_as_itself(value, sign):
    plain = f"{value:,.2f}"
    text = plain if sign == "." else plain.replace(",", "\u00a0").replace(".", ",")
    assert convert.number(text, sign, "n") == value
    assert convert.number(text, "auto", "n") == value


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), st.text(max_size=8), st.integers(-2, 3),
                          st.sampled_from(["1", "x", "2.5"])), max_size=30))
def test_every_row_has_an_answer(tmp_path_factory, given_rows):
    """Whatever is in the cells, rows in = lines of orders + rows skipped + rows in quarantine."""
    folder = tmp_path_factory.mktemp("rows")
    rows = [[f"A{n}", "2026-03-01", '"' + sku.replace('"', "").replace("\x00", "") + '"',
             str(qty), price] for n, sku, qty, price in given_rows]
    path = make.write(folder, make.csv_text(rows).encode(errors="replace"))
    spec = make.profile(rules=RULES, format={"encoding": "utf-8", "delimiter": ","})
    answered = 0
    for record in make.read(path, spec, folder):
        if isinstance(record, Unreadable):
            answered += len(record.raw.replace('"', "").split("\nA")) - 1
        elif isinstance(record, Skipped):
            answered += record.rows
        else:
            answered += len(record.lines)
    assert answered == len(rows)


PRODUCTS = {
    "fields": {"sku": "SKU", "name": "Nazwa", "eans": "EAN", "price": "Cena", "weight": "Waga",
               "parts": "Zestaw", "length": "D", "width": "S", "height": "W"},
    "numbers": ",",
}


def test_products_with_codes_weights_sizes_and_parts(tmp_path):
    header = ["SKU", "Nazwa", "EAN", "Cena", "Waga", "Zestaw", "D", "S", "W"]
    rows = [
        ["K1", "Kubek", '"5900012003196, 5900012004858"', '"12,50"', "0.35 kg", "", "12 cm", "80",
         "1 m"],
        ["Z1", "Zestaw", "", "", "", "K1:2; T1", "", "", ""],
        ["", "Bez kodu", "", "", "", "", "", "", ""],
        ["X1", "Zepsuty", '"5,9E+12"', "", "", "", "", "", ""],
        ["X2", "Zestaw", "", "", "", "K1:dwa", "", "", ""],
    ]
    mug, bundle, nameless, broken, odd = rows_of(tmp_path, rows, PRODUCTS, header, "products")
    assert (mug.eans, mug.price, mug.weight_g, mug.size_mm) == (
        ("5900012003196", "5900012004858"), Decimal("12.50"), 350, (120, 80, 1000))
    assert bundle.parts == {"K1": 2, "T1": 1}
    assert nameless.reason == "Row 4: sku is empty"
    assert (broken.external_id, broken.reason) == (
        "X1", "Row 5: eans is not a barcode with all its digits: 5,9E+12")
    assert odd.reason == "Row 6: parts must look like SKU:2; SKU:1, not: K1:dwa"


def test_stock_counts(tmp_path):
    spec = {"fields": {"sku": "SKU", "quantity": "Ile", "warehouse": "Mag"}}
    good, negative = rows_of(tmp_path, [["K1", "12", "LDZ"], ["K2", "-1", ""]], spec,
                             ["SKU", "Ile", "Mag"], "stock")
    assert (good.sku, good.quantity, good.warehouse, good.location) == ("K1", 12, "LDZ", "")
    assert negative.reason == "Row 3: quantity is below zero: -1"


LOOKUP = {
    "format": {"file": "lines.csv"},
    "lookups": [
        {"name": "head", "file": "heads.csv", "key": "Id", "column": "Order",
         "unused": "quarantine"},
        {"name": "who", "file": "people.csv", "key": "No", "column": "head.Buyer",
         "missing": "empty"},
    ],
    "key": "Order", "dates": [],
    "fields": {"placed_at": "head.Date", "currency": {"constant": "PLN"}, "buyer_name": "who.Name"},
    "lines": {"sku": "SKU", "quantity": "Qty", "unit_price": "Price"},
}


def test_files_beside_the_main_one_are_joined_and_nothing_of_them_is_lost(tmp_path):
    path = make.write_zip(tmp_path, {
        "lines.csv": "Order,SKU,Qty,Price\n1,KUB,1,2\n1,TAL,1,2\n2,KUB,1,2\n9,KUB,1,2\n",
        "heads.csv": "Id;Date;Buyer\n1;2026-03-01;7\n2;2026-03-02;8\n3;2026-03-03;7\n",
        "people.csv": "No,Name\n7,Ala\n",
    })
    first, second, orphan, empty = make.read(path, LOOKUP, tmp_path)
    assert (first.external_id, first.buyer_name, len(first.lines)) == ("1", "Ala", 2)
    assert (second.external_id, second.buyer_name) == ("2", "")
    assert (orphan.external_id, orphan.reason) == ("9", "Row 5: head has no row for 9")
    assert (empty.external_id, empty.reason) == ("3", "head 3 has no rows in the main file")
    assert "2026-03-03" in empty.raw


def test_sheets_of_one_workbook_are_joined_too(tmp_path):
    path = make.write_xlsx(tmp_path, {
        "Lines": [["Order", "SKU", "Qty", "Price"], [1, "KUB", 2, 3.5]],
        "Heads": [["Id", "Date", "Buyer"], [1, "2026-03-01", 7]],
        "People": [["No", "Name"], [7, "Ala"]],
    })
    spec = {**LOOKUP, "format": {"sheet": "Lines"}, "lookups": [
        {"name": "head", "sheet": "Heads", "key": "Id", "column": "Order"},
        {"name": "who", "sheet": "People", "key": "No", "column": "head.Buyer"},
    ]}
    (order,) = make.read(path, spec, tmp_path)
    assert (order.buyer_name, order.lines[0].unit_price) == ("Ala", Decimal("3.5"))
