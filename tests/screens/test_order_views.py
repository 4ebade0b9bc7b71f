"""Views of the order list: kept, shared, counted, put in order; its columns; how much it weighs."""

from __future__ import annotations

import csv
import gzip
import io
import re

import pytest
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.users.models import ListChoice, ListView
from oms_web.paths import STATIC
from oms_web.web import order_columns, order_tabs
from tests.benchmarks.counting import counted
from tests.floor import Floor
from tests.screens.test_orders import HTMX, body, rows, text_of


@pytest.fixture
def floor(works):
    return Floor(works, cups=(500, 500))


@pytest.fixture
def clerk(floor, browser_as):
    return browser_as("sales")


def all_of(works, query):
    with works.reading(SYSTEM) as work:
        return work.session.scalars(query).all()


def keep(client, back, name, **values):
    answer = client.post("/orders/views", data={"back": back, "name": name, **values})
    assert answer.status_code == 303, text_of(answer)
    return answer.location


def tabs_of(client, url="/orders") -> list[str]:
    nav = re.search(r'<nav id="orders-tabs".*?</nav>', body(client.get(url)), re.DOTALL)[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", tab).split())
            for tab in re.findall(r'<a class="tab".*?</a>', nav, re.DOTALL)]


def test_a_view_keeps_filters_search_and_sort_in_its_address(clerk, floor, works):
    mine = floor.order("A", {"KUB": 1}, carrier="dpd")
    floor.order("B", {"KUB": 1}, carrier="inpost")
    url = keep(clerk, "/orders?courier=DPD&sort=newest", "Grawer")
    assert url == "/orders?courier=DPD&sort=newest&view=1"
    page = clerk.get(url)
    assert rows(page) == [mine]
    assert re.search(r'id="tab-1" href="[^"]+" aria-current="page"', body(page))
    assert clerk.get("/orders/views/1").location == url
    assert 'view=1" aria-current' in body(clerk.get("/orders?courier=DPD&sort=newest"))
    other = clerk.get("/orders?courier=InPost&sort=newest&view=1")
    assert "with other filters" in text_of(other)
    assert clerk.post("/orders/views/1/filters", data={
        "back": "/orders?courier=InPost&view=1"}).location == "/orders?courier=InPost&view=1"
    assert all_of(works, select(ListView.query)) == [{"courier": ["InPost"]}]
    assert all_of(works, select(AuditEntry.act).where(AuditEntry.subject == "view")) == [
        "views.create", "views.change"]


def test_counts_are_made_apart_bounded_and_kept(clerk, floor, oms, monkeypatch):
    for n in range(3):
        floor.order(f"N{n}", {"KUB": 1}, carrier="dpd")
    keep(clerk, "/orders?courier=DPD", "Kurier")
    clerk.get("/orders")
    with counted(oms.engine) as plain:
        assert tabs_of(clerk)[-1] == "Kurier"  # the list does not wait for a count
    part = clerk.get("/orders/views/tabs", headers=HTMX)
    assert "Kurier 3" in text_of(part)
    assert 'hx-trigger="every 60s"' in body(part)
    with counted(oms.engine) as warm:
        assert tabs_of(clerk)[-1] == "Kurier 3"
    assert len(warm) <= len(plain)
    monkeypatch.setattr(order_tabs.queries, "CAP", 2)
    monkeypatch.setattr(order_tabs, "KEPT_S", -1.0)
    assert "Kurier 2+" in text_of(clerk.get("/orders/views/tabs", headers=HTMX))
    monkeypatch.setattr(order_tabs.queries, "CAP", 1000)
    monkeypatch.setattr(order_tabs, "BUDGET_S", -1.0)  # no time left: what was counted stays
    assert "Kurier 2+" in text_of(clerk.get("/orders/views/tabs", headers=HTMX))


def test_views_are_shared_by_who_may_and_changed_by_nobody_else(floor, browser_as):
    clerk, boss, reader = (browser_as(role) for role in ("sales", "manager", "reader"))
    assert clerk.post("/orders/views", data={"name": "X", "audience": "all"}).status_code == 403
    keep(clerk, "/orders?courier=DPD", "Moje")
    keep(boss, "/orders?issue=1", "Biuro", audience="sales")
    keep(boss, "/orders?payment=cod", "Wszyscy", audience="all")
    assert [tab.split()[-1] for tab in tabs_of(clerk)[-3:]] == ["Biuro", "Moje", "Wszyscy"]
    assert [tab.split()[-1] for tab in tabs_of(reader)[5:]] == ["Wszyscy"]
    assert reader.get("/orders/views/1").status_code == 404
    for act in ("filters", "drop"):
        assert clerk.post(f"/orders/views/2/{act}", data={}).status_code == 403
        assert clerk.post("/orders/views/99/drop").status_code == 404
    for name, status in (("biuro", 422), ("", 422), ("Nowe", 303)):
        answer = clerk.post("/orders/views/1", data={"name": name, "audience": "own"})
        assert answer.status_code == status
    boss.post("/orders/views/3/drop")
    assert "Wszyscy" not in " ".join(tabs_of(reader))
    boss.post("/orders/views/3/restore")
    assert "Wszyscy" in " ".join(tabs_of(reader))


def test_tabs_are_put_in_order_put_away_and_one_opens_first(clerk, floor, works):
    floor.order("A", {"KUB": 1})
    url = keep(clerk, "/orders?courier=DPD", "Kurier")
    for do in ("up:1", "up:1", "hide:cod", "first:1"):
        assert clerk.post("/orders/views/arrange", data={"do": do}).status_code == 303
    assert clerk.get("/orders").location == url  # the bare address leads there
    page = clerk.get("/orders?queue=open")
    assert len(rows(page)) == 1
    assert 'href="/orders?queue=open" id' not in body(page)
    assert [tab.split()[0] for tab in tabs_of(clerk, "/orders?queue=open")] == [
        "All", "Ship", "Kurier", "Abroad", "Problems"]
    assert "put away" in text_of(clerk.get("/orders/views"))
    assert clerk.post("/orders/views/arrange", data={"do": "up:nothing"}).status_code == 404
    clerk.post("/orders/views/1/drop")
    assert clerk.get("/orders").status_code == 200  # what was taken away is not in the way


def test_columns_are_chosen_moved_and_cost_nothing_a_row(clerk, floor, oms, works):
    number = floor.order("A", {"KUB": 2}, carrier="dpd")
    every = list(order_columns.COLUMNS)
    sheet = clerk.post("/orders/columns", headers=HTMX, data={
        "place": every, "column": ["due", "tags"], "do": "up:tags", "back": "/orders"})
    assert re.findall(r'name="place" value="(\w+)"', body(sheet))[6:9] == [
        "status", "tags", "courier"]
    assert all_of(works, select(func.count()).select_from(ListChoice)) == [0]  # only drawn anew
    answer = clerk.post("/orders/columns", data={
        "place": ["weight", *every], "column": [name for name in every if name != "buyer"],
        "density": "compact", "do": "keep", "back": "/orders?sort=newest"})
    assert answer.location == "/orders?sort=newest"

    def cost(url):
        clerk.get(url)
        with counted(oms.engine) as found:
            page = clerk.get(url)
        return len(found), page

    alone, page = cost("/orders?sort=newest")
    head = re.findall(r'<th scope="col" class="(\w+)-col', body(page))
    assert head[0] == "weight"
    assert "buyer" not in head
    assert "buyer-cell card-only" in body(page)  # the card of a phone has it still
    assert "compact" in re.search(r'<table class="([^"]+)"', body(page))[1]
    assert "≈ 0.5 kg" in text_of(page)
    for n in range(30):
        floor.order(f"N{n}", {"KUB": 1, "PUZ": 1})
    assert cost("/orders?sort=newest")[0] <= alone + 1
    clerk.post("/orders/columns", data={"do": "reset", "back": "/orders"})
    assert "buyer-cell card-only" not in body(clerk.get("/orders"))
    assert number in rows(clerk.get("/orders"))


def test_a_view_with_columns_of_its_own_brings_them_to_others(floor, browser_as, works):
    boss, clerk = browser_as("manager"), browser_as("sales")
    floor.order("A", {"KUB": 1})
    boss.post("/orders/columns", data={"place": ["units", "order"], "column": ["units"],
                                       "do": "keep", "back": "/orders"})
    url = keep(boss, "/orders?courier=none", "Waga", audience="all", drawn="1")
    assert 'class="units-col num"' in body(clerk.get(url))
    assert 'class="units-col num"' not in body(clerk.get("/orders"))
    assert "disabled" in body(clerk.get(f"/orders/columns{url[7:]}"))
    assert clerk.post("/orders/columns", data={"do": "keep", "back": url}).status_code == 403
    boss.post("/orders/columns", data={"place": ["tags"], "column": ["tags"], "do": "keep",
                                       "back": url})
    assert all_of(works, select(ListView.columns)) == [["order", "tags"]]
    assert all_of(works, select(ListChoice.columns)) == [["units", "order"]]  # theirs stay


def test_what_is_ticked_comes_as_a_file(clerk, floor, browser_as):
    one, _, three = (floor.order(name, {"KUB": 1}) for name in "ABC")
    answer = clerk.post("/orders/selected.csv", data={"order": [three, one]})
    table = list(csv.reader(io.StringIO(body(answer).lstrip("\ufeff"))))
    assert [int(row[0]) for row in table[1:]] == [one, three]
    assert clerk.post("/orders/selected.csv", data={}).status_code == 422
    whole = clerk.post("/orders/selected.xlsx", data={
        "all": "1", "back": "/orders?courier=DPD&view=4"})
    assert whole.location == "/orders/orders.xlsx?courier=DPD"
    reader = browser_as("reader")
    assert reader.post("/orders/selected.csv", data={"order": one}).status_code == 403


def packed(content: bytes, name: str) -> int:
    """Bytes on the wire, where text is compressed on the way."""
    return len(content) if name.endswith(".woff2") else len(gzip.compress(content))


def test_the_first_look_weighs_less_than_110_kb_and_the_next_less_than_30(browser_as, floor):
    """With Polish letters, fifty rows, all styles, scripts, icons and fonts that it names.

    The small pictures of fifty different products would be 40 kB more, the first time.
    """
    for n in range(60):
        floor.order(f"ALG-{n:05}", {"KUB": 1 + n % 3, "PUZ": 1}, buyer_name=f"Żaneta Łoś {n}")
    page = browser_as("manager", "pl").get("/orders")
    files = set(re.findall(r'(?:src|href)="/static/([^"?#]+)', body(page)))
    assert {"vendor/htmx.min.js", "css/orders.css", "vendor/icons.svg"} <= files
    fonts = {"vendor/inter-basic.woff2", "vendor/inter-central.woff2"}
    assert all(font in (STATIC / "css" / "tokens.css").read_text("utf-8") for font in (
        name.partition("/")[2] for name in fonts))
    assert all((STATIC / font).is_file() for font in fonts), "run scripts/fonts.py"
    html = packed(page.data, "html")
    kept = sum(packed((STATIC / name).read_bytes(), name) for name in files | fonts)
    assert len(rows(page)) == 50
    assert html + kept < 110_000
    assert html < 30_000
