"""The order list on screen: rows, queues, chips, search, the next page, files."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest

from tests.benchmarks.counting import counted
from tests.factories import NOON
from tests.floor import Floor

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def floor(works):
    return Floor(works, cups=(50, 50))


@pytest.fixture
def clerk(floor, browser_as):
    return browser_as("sales")


def rows(answer) -> list[int]:
    return [int(n) for n in re.findall(r'<tr data-row id="order-(\d+)"', body(answer))]


def body(answer) -> str:
    return answer.get_data(as_text=True)


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", body(answer)).split())


def test_a_row_tells_who_what_how_much_and_where_it_stands(clerk, floor):
    number = floor.order("AB-1", {"KUB": 2, "PUZ": 1}, buyer_name="Ewa Nowak",
                         carrier="inpost", number="AB-1")
    answer = clerk.get("/orders")
    text = text_of(answer)
    assert rows(answer) == [number]
    for said in (str(number), "AB-1", "Ewa Nowak", "Offer KUB", "×2", "+1", "30.00", "InPost",
                 "Nowe"):
        assert said in text, said
    assert "To pick 1" in text
    assert "All open 1" in text


def test_queues_and_filters_are_links_and_say_what_is_set(clerk, floor):
    first = floor.order("A", {"KUB": 1}, carrier="dpd")
    second = floor.order("B", {"PUZ": 9}, carrier="dpd")
    assert rows(clerk.get("/orders?queue=pick")) == [first]
    assert rows(clerk.get("/orders?queue=short")) == [second]
    page = body(clerk.get("/orders?queue=pick&courier=DPD"))
    assert "Courier: <b>DPD</b>" in page
    assert re.search(r'href="/orders\?queue=pick" aria-label="Remove the filter Courier"', page)


def test_a_filter_that_is_none_of_ours_is_refused_in_words(clerk):
    answer = clerk.get("/orders?queue=nonsense")
    assert answer.status_code == 422
    assert clerk.get("/orders?after=broken").status_code == 422


def test_search_finds_by_parts_and_a_whole_number_opens_its_order(clerk, floor):
    first = floor.order("A", {"KUB": 1}, buyer_name="Żaneta Wójcik")
    floor.order("B", {"KUB": 1}, buyer_name="Ewa Nowak")
    assert rows(clerk.get("/orders?q=zaneta")) == [first]
    answer = clerk.get(f"/orders?q={first}")
    assert (answer.status_code, answer.location) == (303, f"/orders/{first}")
    text = text_of(clerk.get("/orders?q=nobodyatall"))
    assert "Nothing found for “nobodyatall”" in text


def test_an_empty_list_says_which_filter_to_take_off(clerk, floor):
    floor.order("A", {"KUB": 1}, carrier="dpd")
    floor.order("B", {"KUB": 1}, carrier="dpd")
    text = text_of(clerk.get("/orders?courier=DPD&payment=unpaid"))
    assert "No order fits these 2 filters" in text
    assert "Without “Payment: not paid” there would be 2." in text


def test_the_next_page_is_rows_only_and_repeats_nothing(clerk, floor):
    numbers = [floor.order(f"N{n}", {"KUB": 1}, placed_at=NOON - timedelta(minutes=n))
               for n in range(60)]
    first = clerk.get("/orders?sort=newest")
    more = re.search(r'hx-get="([^"]*after=[^"]+)"', body(first))[1].replace("&amp;", "&")
    part = clerk.get(more, headers=HTMX)
    assert "<html" not in body(part)
    assert rows(first) + rows(part) == numbers
    assert len(rows(first)) == 50
    alone = clerk.get(more)  # without JavaScript, or in a tab of its own
    assert rows(alone) == rows(part)
    assert "All open 60" in text_of(alone)


def test_a_page_costs_the_same_whatever_is_on_it(clerk, floor, oms):
    def cost(url) -> int:
        clerk.get(url)
        with counted(oms.engine) as found:
            assert clerk.get(url).status_code == 200
        return len(found)

    floor.order("A", {"KUB": 1})
    alone = cost("/orders")
    for n in range(40):
        floor.order(f"N{n}", {"KUB": 1, "PUZ": 1})
    assert cost("/orders") <= alone + 1  # one more: the tags of the rail may be read then
    assert alone <= 22


def test_new_orders_are_announced_not_pushed_into_the_rows(clerk, floor):
    floor.order("A", {"KUB": 1})
    url = re.search(r'hx-get="(/orders/news[^"]+)"', body(clerk.get("/orders")))[1].replace(
        "&amp;", "&")
    assert clerk.get(url, headers=HTMX).status_code == 204
    floor.order("B", {"KUB": 1})
    assert "1 new, show" in text_of(clerk.get(url, headers=HTMX))


def test_the_list_comes_as_a_file_with_its_filters(clerk, floor):
    one = floor.order("A", {"KUB": 1}, buyer_name="=HYPERLINK(1)", carrier="dpd")
    floor.order("B", {"KUB": 1}, carrier="inpost")
    answer = clerk.get("/orders/orders.csv?courier=DPD")
    table = list(csv.reader(io.StringIO(body(answer).lstrip("\ufeff")), delimiter=";"))
    if len(table[0]) == 1:
        table = list(csv.reader(io.StringIO(body(answer).lstrip("\ufeff"))))
    assert len(table) == 2
    assert table[1][0] == str(one)
    assert not any(cell.startswith("=") for cell in table[1])
    assert clerk.get("/orders/orders.xlsx").data[:2] == b"PK"


def test_all_filters_are_in_one_form(clerk, floor):
    floor.order("A", {"KUB": 1}, carrier="dpd")
    part = body(clerk.get("/orders/filters?courier=DPD", headers=HTMX))
    assert re.search(r'name="courier" value="DPD" checked', part)
    assert 'name="sku"' in part


def test_packers_and_readers(floor, browser_as):
    number = floor.order("A", {"KUB": 1})
    assert browser_as("warehouse").get("/orders").status_code == 403
    reader = browser_as("reader")
    assert rows(reader.get("/orders")) == [number]
    assert reader.get("/orders/orders.csv").status_code == 403
    assert reader.post("/orders/bulk/hold", data={"order": number, "hold.reason": "x"}
                       ).status_code == 403
    assert floor.get(number).queue == "pick"


def test_text_from_buyers_is_not_markup(clerk, floor):
    floor.order("A", {"KUB": 1}, buyer_name="<img src=x onerror=alert(1)>")
    assert "<img src=x" not in body(clerk.get("/orders"))


def test_order_is_read_in_polish(floor, browser_as):
    floor.order("A", {"KUB": 1})
    answer = browser_as("sales", "pl").get("/orders")
    assert "Do zebrania 1" in text_of(answer)
    assert 'title="Etykieta"' in answer.get_data(as_text=True)  # not an English initial
