"""A file in a real browser: brought in, its profile mended beside a preview, taken in."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders.models import Order
from oms_web.jobs.worker import drain
from oms_web.sync import file_pages
from tests.journeys.looking import look_both, whole
from tests.sync.file_shop import shop

pytestmark = pytest.mark.browser

FILE = (
    "Nr zamówienia;Data zamówienia;Klient;Symbol;Nazwa produktu;Ilość;Cena brutto;Status\n"
    "100/2026;24.11.2026 10:15;Anna Testowa;KUB;Kubek biały;2;12,50;Wysłane\n"
    "101/2026;25.11.2026 08:00;Jan Próbny;TAL;Talerz;1,5;31,00;Nowe\n"
    + "".join(f"{n}/2026;25.11.2026 09:00;Ewa;MIS;Miska;1;5,00;Nowe\n" for n in range(102, 110))
).encode("cp1250")


def clean(page):
    assert look_both(page, page.url) == []


@pytest.mark.parametrize(("language", "size", "scheme"), [
    ("pl", (1440, 900), "light"), pytest.param("en", (390, 844), "dark", marks=whole),
])
def test_from_a_file_to_orders(open_page, oms, tmp_path, monkeypatch, language, size, scheme):
    here = shop(oms, tmp_path / "seller")
    page = open_page("manager", language, size=size, scheme=scheme)
    page.goto("/imports")
    clean(page)
    page.click(".page-head .btn.primary")
    page.set_input_files("#file", {"name": "zam.csv", "mimeType": "text/csv", "buffer": FILE})
    clean(page)
    page.click("form footer button")
    preview = page.locator("#imports-preview")
    expect(preview).to_contain_text("KUB ×2")
    expect(preview).to_contain_text("1,5")

    # The preview follows the form, a name or no name.
    page.select_option('[name="source:lines.sku"]', "column:Nazwa produktu")
    expect(preview).to_contain_text("Kubek biały ×2")
    page.select_option('[name="source:lines.sku"]', "")
    expect(preview.locator(".bad-text").first).to_contain_text("sku, offer_ref, ean")
    page.select_option('[name="source:lines.sku"]', "column:Symbol")
    expect(preview).to_contain_text("KUB ×2")
    constant = page.locator('[name="constant:fields.currency"]')
    constant.fill("EUR")
    expect(preview).to_contain_text("EUR" if language == "en" else "€")

    # Saving without a name marks it; nothing that was typed is lost.
    page.click(".form-end .btn.primary")
    expect(page.locator("#name-error")).to_be_visible()
    expect(constant).to_have_value("EUR")
    clean(page)
    page.fill("#name", "Hurt")
    page.click("[name=then]")
    page.wait_for_url("**/imports/check?*")
    clean(page)
    page.check("[name=create_products]")
    page.click("aside button")
    page.wait_for_url(lambda url: url.rsplit("/", 1)[-1].isdigit())
    expect(page.locator("#imports-run progress, #imports-run .hint").first).to_be_visible()

    # It shows the end by itself.
    monkeypatch.setattr(file_pages, "RECORDS", 2)
    worker = threading.Thread(target=drain, args=(oms,))
    worker.start()
    expect(page.locator("#imports-run .badge.ok")).to_be_visible(timeout=15_000)
    worker.join()
    expect(page.locator("#imports-run dd").nth(1)).to_have_text("9")
    page.click("#imports-waiting summary")
    expect(page.locator("#imports-waiting pre")).to_contain_text("101/2026,25.11.2026 08:00")
    clean(page)
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    assert len(here.rows(select(Order.id))) == 9
    assert sorted(sku for (sku,) in here.rows(select(Variant.sku))) == ["KUB", "MIS"]
