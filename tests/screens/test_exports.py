"""Lists as files: filtered as on screen, safe to open, noted in the trail, read back whole."""

from __future__ import annotations

import csv
import io

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from oms_web.adapters import sheets
from oms_web.adapters.sheets import unguard
from oms_web.cli import exports
from oms_web.core.actor import SYSTEM
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog.service import VariantInput, put_variants
from oms_web.domain.stock.models import Move
from oms_web.sync import file_profiles, file_runs
from oms_web.sync.file_import import run_import
from oms_web.sync.file_store import bring_in
from tests.screens.shelves import BLANKET, MUG, SET, open_shop

LISTS = ["/stock/stock", "/stock/bins", "/stock/ledger", "/stock/documents", "/products/products",
         "/audit/audit", "/orders/orders", "/shipments/shipments", "/offers/offers",
         "/users/people", "/quarantine/quarantine"]


@pytest.fixture
def shop(works):
    return open_shop(works)


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


def table(client, address):
    with client.get(address) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "attachment" in answer.headers["Content-Disposition"]
        text = answer.get_data().decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text))
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.parametrize("address", LISTS)
def test_every_list_comes_as_csv_and_as_xlsx(owner, address):
    rows = table(owner, f"{address}.csv")
    with owner.get(f"{address}.xlsx") as answer:
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data()))
    noted = address.startswith("/audit")  # the first file is itself an entry of the second one
    assert len(book.get_sheet_by_index(0).to_python()) == len(rows) + 1 + noted
    assert owner.get(f"{address}.pdf").status_code == 404


def test_stock_is_what_the_screen_shows(owner):
    rows = {row["sku"]: row for row in table(owner, "/stock/stock.csv")}
    assert {k: rows[MUG][k] for k in ("on_hand", "reserved", "available", "incoming", "minimum",
                                      "eans", "unit_cost")} == {
        "on_hand": "12", "reserved": "7", "available": "5", "incoming": "0", "minimum": "6",
        "eans": "5900012003196", "unit_cost": "12.500000"}
    assert (rows[SET]["bundle"], rows[SET]["available"]) == ("1", "2")
    assert [row["sku"] for row in table(owner, "/stock/stock.csv?state=short")] == [BLANKET]
    assert [row["sku"] for row in table(owner, "/stock/stock.csv?q=kubek+emal")] == [MUG]


def test_bins_and_ledger_add_up(owner, shop):
    assert [(r["warehouse"], r["bin"], r["sku"], r["on_hand"]) for r in
            table(owner, "/stock/bins.csv")] == [("LDZ", "A-01", MUG, "12")]
    assert table(owner, f"/stock/bins.csv?warehouse={shop.gdy}") == []
    moves = table(owner, f"/stock/ledger.csv?variant={shop.ids[MUG]}")
    assert [(m["change"], m["from"], m["to"]) for m in moves] == [("12", "supplier", "LDZ A-01")]
    assert moves[0]["at"].endswith(("+01:00", "+02:00"))


def test_a_long_list_is_streamed_whole(owner, shop, works, monkeypatch):
    from oms_web.domain.catalog import exports as products
    from oms_web.domain.stock import exports as stock

    monkeypatch.setattr(products, "PAGE", 7)
    monkeypatch.setattr(stock, "PAGE", 7)
    shop.do(put_variants, [VariantInput(f"S-{n:03}", f"Seria {n}") for n in range(40)])
    for address in ("/stock/stock.csv", "/products/products.csv"):
        found = [row["sku"] for row in table(owner, address)]
        assert len(found) == len(set(found)) == 43


def test_products_come_back_as_they_were(owner, shop):
    nasty = "=HYPERLINK(\"http://evil.example\")"
    shop.do(put_variants, [VariantInput("-5", nasty, brand="+48", category="'=x", price=100)])
    rows = {unguard(row["sku"]): row for row in table(owner, "/products/products.csv")}
    row = rows["-5"]
    assert row["name"].startswith("'=")
    assert (unguard(row["name"]), unguard(row["brand"]), unguard(row["category"])) == (
        nasty, "+48", "'=x")
    assert rows[SET]["parts"] == f"{MUG}:2"
    assert (rows[MUG]["price"], rows[MUG]["cost"], rows[MUG]["vat_rate"]) == (
        "49.00", "12.500000", "23")


def test_who_took_a_list_is_in_the_trail(owner, works, shop):
    table(owner, "/stock/stock.csv?state=short")
    last = shop.ask(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))[0]
    assert (last.act, last.subject, last.change, last.note) == (
        "list.export", "stock", {"format": [None, "csv"]}, "state=short")


@pytest.mark.parametrize(("role", "stock", "products"), [
    ("manager", 200, 200), ("warehouse", 200, 403), ("accountant", 200, 200), ("sales", 403, 403),
    ("reader", 403, 403),
])
def test_not_everybody_takes_lists_away(shop, browser_as, role, stock, products):
    client = browser_as(role)
    for address, status in (("/stock/stock.csv", stock), ("/products/products.csv", products)):
        with client.get(address) as answer:
            assert answer.status_code == status
    assert len(shop.ask(select(Move.id))) == 1


def test_headings_of_xlsx_are_in_the_readers_language(shop, browser_as):
    with browser_as("owner", "pl").get("/stock/stock.xlsx") as answer:
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data()))
    assert book.get_sheet_by_index(0).to_python()[0][:4] == ["SKU", "Produkt", "EAN", "Na stanie"]


def test_the_desks_lists_hold_what_the_screens_show(owner, shop, works):
    from oms_web.domain.orders.models import Order
    from oms_web.flows import ship
    from oms_web.sync import quarantine

    orders = {row["number"]: row for row in table(owner, "/orders/orders.csv?queue=all")}
    stored = shop.ask(select(Order))
    assert orders.keys() == {str(order.id) for order in stored}
    ready = next(order for order in stored if order.queue == "pick")
    assert orders[str(ready.id)]["skus"].startswith("2x") or "x" in orders[str(ready.id)]["skus"]
    shop.do(ship.ship_order, ready.id, carrier="DPD", number="0000123456789X")
    assert [(row["order"], row["carrier"], row["tracking"], row["state"]) for row in
            table(owner, "/shipments/shipments.csv?view=road")] == [
        (str(ready.id), "DPD", "0000123456789X", "on the road")]
    assert table(owner, "/shipments/shipments.csv?view=undelivered") == []
    shop.do(quarantine.put, shop.account_id, "order", "X-1", "{", "No total", field="total")
    assert [(row["external_id"], row["reason"], row["field"]) for row in
            table(owner, "/quarantine/quarantine.csv")] == [("X-1", "No total", "total")]
    assert table(owner, "/quarantine/quarantine.csv?state=solved") == []
    offers = table(owner, "/offers/offers.csv?state=linked")
    assert offers
    assert {row["sku"] for row in offers} <= set(shop.ids)
    assert [row["email"] for row in table(owner, "/users/people.csv")] == ["owner@example.test"]


def test_a_list_from_a_screen_speaks_the_readers_language_and_one_from_the_shell_does_not(
    shop, browser_as
):
    polish = browser_as("owner", "pl")
    rows = table(polish, "/orders/orders.csv?queue=all")
    assert {"Zamówienie", "Faza", "Kolejka", "Opłacone"} <= rows[0].keys()
    assert "open" not in {row["Faza"] for row in rows}
    assert "Otwarte" in {row["Faza"] for row in rows}
    with shop.works.reading(SYSTEM) as work:
        sheet = exports.LISTS["orders"](work.now)
    plain = b"".join(sheets.write_csv(sheet, sheets.batches(shop.works, SYSTEM, sheet))).decode()
    head, first = plain.splitlines()[:2]
    assert head.removeprefix("\ufeff").startswith("number,channel,")
    assert ",open," in first


@pytest.mark.parametrize("language", ["pl", "en"])
def test_products_taken_from_a_screen_are_imported_again_without_a_change(
    shop, browser_as, oms, tmp_path, language
):
    shop.do(put_variants, [
        VariantInput("W-1", "Waga", option="duża", brand="Marka", category="Kategoria",
                     description="Opis", vat_rate="8", price=1250, cost=7_000_000, currency="PLN",
                     weight_g=250, length_mm=100, width_mm=20, height_mm=3)])
    client = browser_as("owner", language)
    with client.get("/products/products.csv") as answer:
        content = answer.get_data()
    file = tmp_path / "products.csv"
    file.write_bytes(content)
    with oms.works.writing(SYSTEM) as work:
        profile = file_profiles.by_name(work, oms.registry, "products-simple")
        stored = bring_in(oms.importer.store, [file], profile.spec)
        run_id = file_runs.begin(work, profile, stored, file_runs.Options()).id
    run_import(oms.importer, run_id, lambda done, total: None)
    with oms.works.reading(SYSTEM) as work:
        run = file_runs.get_run(work.session, run_id)
        assert (run.state, run.error, run.quarantined) == ("done", None, 0)
        assert (run.added, run.changed, run.same) == (0, 0, run.read)
