"""Every format gives the same records, whatever the alphabet, the separator or the wrapping."""

from __future__ import annotations

import datetime

import pytest
from oms_connector import Refused, Unreadable

from tests.contract import file_maker as make

WANTED = [
    ("A1", "sale", [("KUB", 2, "12.50"), ("TAL", 1, "3.10")]),
    ("A2", "sale", [("KUB", 1, "12.50")]),
]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, delimiter):
    path = make.write(tmp_path, make.csv_text(delimiter=delimiter))
    assert make.brief(make.read(path, make.ORDERS, tmp_path)) == WANTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "iso-8859-2", "utf-16",
                                      "utf-16-le"])
def test_polish_letters_survive_in_every_alphabet(tmp_path, encoding):
    spec = make.profile(lines={**make.ORDERS["lines"], "title": "Nazwa"})
    text = make.csv_text([["A1", "2026-03-01", "KUB", "1", "2", "Kubek „Zażółć gęślą jaźń” Łódź"]],
                         [*make.HEADER, "Nazwa"])
    if encoding == "iso-8859-2":
        text = text.replace("„", '""').replace("”", '""').replace('Kubek', '"Kubek') \
            .replace("Łódź", 'Łódź"')
    path = make.write(tmp_path, text.encode(encoding))
    (order,) = make.read(path, spec, tmp_path)
    assert order.lines[0].title.endswith("Łódź")
    assert "gęślą jaźń" in order.lines[0].title


def test_a_polish_letter_in_the_last_of_many_lines_decides_the_alphabet(tmp_path):
    rows = [[f"A{n}", "2026-03-01", "KUB", "1", "2", "mug"] for n in range(20_000)]
    rows[-1][-1] = "kubek żółty"
    spec = make.profile(lines={**make.ORDERS["lines"], "title": "Nazwa"})
    path = make.write(tmp_path, make.csv_text(rows, [*make.HEADER, "Nazwa"]).encode("cp1250"))
    records = make.read(path, spec, tmp_path)
    assert len(records) == 20_000
    assert records[-1].lines[0].title == "kubek żółty"


def test_line_ends_inside_quotes_and_doubled_quotes_are_text(tmp_path):
    path = make.write(tmp_path, 'Order,Date,SKU,Qty,Price,Note\r\n'
                                'A1,2026-03-01,KUB,1,2,"two\r\nlines, and ""quotes"""\r\n'
                                'A2,2026-03-01,KUB,1,2,\r\n')
    spec = make.profile(fields={**make.ORDERS["fields"], "buyer_note": "Note"})
    first, second = make.read(path, spec, tmp_path)
    assert first.buyer_note == 'two\r\nlines, and "quotes"'
    assert (second.external_id, second.buyer_note) == ("A2", "")


def test_bytes_that_do_not_fit_the_stated_alphabet_quarantine_their_order_only(tmp_path):
    text = make.csv_text().encode().replace(b"TAL", b"T\xa3L")
    path = make.write(tmp_path, text)
    spec = make.profile(format={"encoding": "utf-8"})
    bad, good = make.read(path, spec, tmp_path)
    assert isinstance(bad, Unreadable)
    assert bad.external_id == "A1"
    assert bad.reason == "Row 3: the text is not utf-8"
    assert "T\\xa3L" in bad.raw
    assert good.external_id == "A2"


def test_surplus_cells_are_told_missing_ones_are_empty(tmp_path):
    path = make.write(tmp_path, "Order,Date,SKU,Qty,Price\n"
                                "A1,2026-03-01,KUB,1,12,50\n"
                                "A2,2026-03-01,KUB,1\n"
                                "A3,2026-03-01,KUB,1,12.50,,\n")
    surplus, short, fine = make.read(path, make.ORDERS, tmp_path)
    assert surplus.reason.startswith("Row 2: more cells than columns")
    assert short.reason == "Row 3: unit_price is empty"
    assert fine.external_id == "A3"


def test_a_heading_above_the_header_and_blank_lines_are_passed_over(tmp_path):
    path = make.write(tmp_path, "Report of March\n\n" + make.csv_text() + "\n\n")
    spec = make.profile(format={"header_row": 3, "delimiter": ","})
    assert make.brief(make.read(path, spec, tmp_path)) == WANTED


def test_a_file_without_header_has_numbered_columns(tmp_path):
    path = make.write(tmp_path, "A1,2026-03-01,KUB,2,12.50\n")
    spec = {
        "format": {"header_row": 0}, "key": "#1",
        "fields": {"placed_at": "#2", "currency": {"constant": "PLN"}},
        "lines": {"sku": "#3", "quantity": "#4", "unit_price": "#5"},
    }
    assert make.brief(make.read(path, spec, tmp_path)) == [
        ("A1", "sale", [("KUB", 2, "12.50")])]


def test_repeated_and_empty_headers_get_names_of_their_own(tmp_path):
    path = make.write(tmp_path, "Name,Name,,Name\n1,2,3,4\n")
    sample = make.connector().sample(path, {}, "stock", 5)
    assert [column.name for column in sample.columns] == ["Name", "Name (2)", "#3", "Name (3)"]
    assert [list(column.examples) for column in sample.columns] == [["1"], ["2"], ["3"], ["4"]]


TWO_PM = datetime.datetime(2026, 3, 1, 14, 5)  # noqa: DTZ001 - workbooks know no time zones


def test_a_workbook_gives_whole_numbers_dates_and_the_named_sheet(tmp_path):
    path = make.write_xlsx(tmp_path, {
        "Info": [["nothing"]],
        "Zamówienia": [
            ["Order", "Date", "SKU", "Qty", "Price", "EAN"],
            [1001, TWO_PM, "KUB", 2, 0.1 + 0.2, 5900012003196],
            [1001, TWO_PM, "TAL", 1, "3,10", None],
        ],
    })
    spec = make.profile(
        format={"sheet": "Zamówienia"}, numbers=",", timezone="Europe/Warsaw",
        lines={**make.ORDERS["lines"], "ean": "EAN"},
    )
    (order,) = make.read(path, spec, tmp_path)
    assert order.external_id == "1001"
    assert order.placed_at.isoformat() == "2026-03-01T13:05:00+00:00"
    assert make.brief([order])[0][2] == [("KUB", 2, "0.3"), ("TAL", 1, "3.10")]
    assert order.lines[0].ean == "5900012003196"


def test_a_workbook_may_be_gzipped_and_a_wrong_sheet_is_named(tmp_path):
    plain = make.write_xlsx(tmp_path, {"Orders": [make.HEADER, *make.ROWS]})
    packed = make.write_gz(tmp_path, plain.read_bytes(), "orders.xlsx.gz")
    assert make.brief(make.read(packed, make.ORDERS, tmp_path)) == WANTED
    with pytest.raises(Refused, match="no sheet named Order; it has: Orders") as caught:
        make.read(plain, make.profile(format={"sheet": "Order"}), tmp_path)
    assert caught.value.field == "format.sheet"


NESTED = {
    "key": "id", "dates": [],
    "fields": {"placed_at": "created", "currency": "total.currency",
               "ship_to.city": "delivery.address.city"},
    "lines": {"sku": "items.sku", "quantity": "items.qty", "unit_price": "items.price.amount"},
}
DOCUMENTS = [
    {"id": 7, "created": "2026-03-01T10:00:00Z", "total": {"currency": "PLN"},
     "delivery": {"address": {"city": "Łódź"}},
     "items": [{"sku": "KUB", "qty": 2, "price": {"amount": 12.5}},
               {"sku": "TAL", "qty": 1, "price": {"amount": "3.10"}}]},
    {"id": 8, "created": "2026-03-02T10:00:00Z", "total": {"currency": "EUR"},
     "delivery": None, "items": [{"sku": "KUB", "qty": 1, "price": {"amount": 12.5}}]},
]


@pytest.mark.parametrize(("wrap", "form"), [
    (lambda docs: make.as_json(docs), {}),
    (lambda docs: make.as_json({"page": 1, "data": {"orders": docs}}), {"records": "data.orders"}),
    (lambda docs: "\n".join(make.as_json(doc) for doc in docs), {"type": "jsonl"}),
    (lambda docs: "\ufeff" + make.as_json(docs), {}),
])
def test_json_in_every_wrapping(tmp_path, wrap, form):
    path = make.write(tmp_path, wrap(DOCUMENTS), "orders.json")
    first, second = make.read(path, {**NESTED, "format": {**form, "lines": "items"}}, tmp_path)
    assert make.brief([first, second]) == [
        ("7", "sale", [("KUB", 2, "12.5"), ("TAL", 1, "3.10")]), ("8", "sale", [("KUB", 1, "12.5")])
    ]
    assert (first.ship_to.city, second.ship_to.city) == ("Łódź", "")
    assert (first.currency, second.currency) == ("PLN", "EUR")


def test_one_object_is_one_order_and_one_without_lines_waits(tmp_path):
    path = make.write(tmp_path, make.as_json({**DOCUMENTS[0], "items": []}), "order.json")
    spec = {**NESTED, "format": {"records": ".", "lines": "items"}}
    (order,) = make.read(path, spec, tmp_path)
    assert isinstance(order, Unreadable)
    assert order.reason == "Row 1: quantity is empty"
    assert "Łódź" in order.raw


XML = """<?xml version="1.0" encoding="iso-8859-2"?>
<shop xmlns="urn:x"><orders>
 <order id="7"><created>2026-03-01T10:00:00Z</created><total currency="PLN">28.10</total>
  <delivery><address><city>Łódź</city></address></delivery>
  <items><item><sku>KUB</sku><qty>2</qty><price><amount>12.50</amount></price></item>
         <item><sku>TAL</sku><qty>1</qty><price><amount>3.10</amount></price></item></items>
 </order>
 <order id="8"><created>2026-03-02T10:00:00Z</created><total currency="EUR">12.50</total>
  <items><item><sku>KUB</sku><qty>1</qty><price><amount>12.50</amount></price></item></items>
 </order>
</orders></shop>"""


def test_xml_with_attributes_name_spaces_and_its_own_alphabet(tmp_path):
    path = make.write(tmp_path, XML.encode("iso-8859-2"), "orders.xml")
    spec = {
        "format": {"type": "xml", "records": "orders.order", "lines": "items.item"}, "key": "@id",
        "fields": {"placed_at": "created", "currency": "total.@currency",
                   "ship_to.city": "delivery.address.city"},
        "lines": {"sku": "items.item.sku", "quantity": "items.item.qty",
                  "unit_price": "items.item.price.amount"},
    }
    first, second = make.read(path, spec, tmp_path)
    assert make.brief([first, second]) == [
        ("7", "sale", [("KUB", 2, "12.50"), ("TAL", 1, "3.10")]),
        ("8", "sale", [("KUB", 1, "12.50")]),
    ]
    assert (first.ship_to.city, second.currency) == ("Łódź", "EUR")


def test_gzip_and_zip_are_opened_and_the_main_file_is_chosen(tmp_path):
    packed = make.write_gz(tmp_path, make.csv_text())
    assert make.brief(make.read(packed, make.ORDERS, tmp_path)) == WANTED
    single = make.write_zip(tmp_path, {"export/orders.csv": make.csv_text()}, "one.zip")
    assert make.brief(make.read(single, make.ORDERS, tmp_path)) == WANTED
    both = make.write_zip(tmp_path, {"a.txt": "x", "orders-03.csv": make.csv_text()}, "two.zip")
    with pytest.raises(Refused, match=r"name the main one: a\.txt, orders-03\.csv"):
        make.read(both, make.ORDERS, tmp_path)
    chosen = make.profile(format={"file": "orders-*.csv"})
    assert make.brief(make.read(both, chosen, tmp_path)) == WANTED


@pytest.mark.parametrize(("content", "name", "spec", "says"), [
    (b"", "x.csv", {}, "empty"),
    (b"\x1f\x8b broken", "x.gz", {}, "damaged"),
    (b"PK\x03\x04 broken", "x.zip", {}, "damaged"),
    (b"[1, 2", "x.json", {}, "not a JSON file"),
    (b"<orders><order>", "x.xml", {"type": "xml", "records": "order"}, "not a XML file"),
    (b"Order,Date\n", "x.csv", {}, "no column SKU; it has: Order, Date"),
    (b'{"a": 1}', "x.json", {"records": "orders"}, "Nothing was found at orders"),
])
def test_a_file_that_is_not_what_it_should_be_is_refused_in_words(
    tmp_path, content, name, spec, says
):
    path = make.write(tmp_path, content, name)
    with pytest.raises(Refused, match=says):
        make.read(path, make.profile(format=spec), tmp_path)
