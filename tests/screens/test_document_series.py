"""Series of document numbers, and how documents look: what the screens show, keep and refuse."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.company.models import Company
from oms_web.domain.documents import queries
from oms_web.domain.documents.models import Series
from tests.screens.test_documents import (
    field_error,
    issued,
    page,
    printing,
    read,
    shop,
)

__all__ = ["printing", "shop"]


def test_no_series_begins_at_nought(shop, browser_as):
    answer = browser_as("owner").post("/documents/series", data={
        "kind": "invoice", "name": "A", "pattern": "A {n}", "reset": "never", "next_number": "0"})
    assert answer.status_code == 422


def test_series_are_added_changed_and_closed(shop, browser_as):
    client = browser_as("manager")
    assert "makes the series FV by itself" in page(client, "/documents/series")
    bad = client.post("/documents/series", data={"name": "A", "pattern": "{n}/{day}",
                                                 "reset": "month"})
    assert bad.status_code == 422
    assert "{day} is unknown." in bad.get_data(as_text=True)
    for name, pattern, next_number in (("A", "A/{n}/{year}", "129"), ("B", "B/{n}/{year}", "")):
        answer = client.post("/documents/series", data={
            "name": name, "pattern": pattern, "reset": "year", "next_number": next_number})
        assert answer.status_code == 303
    with shop.works.reading(SYSTEM) as work:
        first, second = work.session.scalars(select(Series).order_by(Series.id))
    assert "A/129/2026" in page(client, "/documents/series")
    issued(shop)
    used = client.post(f"/documents/series/{first.id}", data={
        "name": "A", "pattern": "AA/{n}/{year}", "reset": "year"})
    assert used.status_code == 409
    assert client.post(f"/documents/series/{second.id}", data={
        "name": "A", "pattern": "B/{n}/{year}", "reset": "year"}).status_code == 422
    assert client.post(f"/documents/series/{second.id}", data={
        "name": "Hurt", "pattern": "B/{n:3}/{year}", "reset": "year", "next_number": "7"}
    ).status_code == 303
    assert "B/007/2026" in page(client, "/documents/series")
    assert client.post(f"/documents/series/{first.id}/archive").status_code == 409
    client.post(f"/documents/series/{second.id}/default")
    client.post(f"/documents/series/{first.id}/archive")
    with shop.works.reading(SYSTEM) as work:
        assert [(s.name, s.is_default, s.archived_at is None) for s in
                queries.series_of(work.session, archived=True)] == [
            ("Hurt", True, True), ("A", False, False)]
    assert client.post("/documents/series/99/default").status_code == 404


def test_the_look_is_saved_and_previewed(printing, browser_as):
    client = browser_as("manager")
    assert "{order_number}" in page(client, "/documents/design")
    bad = client.post("/documents/design", data={
        "accent": "red", "footer_pl": "{secret}", "footer_en": "x\n" * 9})
    assert bad.status_code == 422
    said = bad.get_data(as_text=True)
    assert field_error(said, "footer_pl").startswith("{secret} is unknown.")
    assert field_error(said, "footer_en") == "This text has more than 8 lines."
    bad = client.post("/documents/design", data={"accent": "red"}).get_data(as_text=True)
    assert field_error(bad, "accent") == "A colour looks like #3350D4."
    text = read(client.get("/documents/design/preview.pdf?accent=%23112233&language=en"
                           "&footer_en=Thanks,+{buyer}"))
    assert "Thanks, Joanna Szczepańska" in text
    slip = read(client.get("/documents/design/preview.pdf?paper=slip&language=pl"
                           "&footer_pl=Dzięki+{order_number}&slip_prices=y"))
    assert "Dzięki 10482" in slip
    assert "39,90" in slip
    answer = client.post("/documents/design", data={
        "accent": "#112233", "footer_pl": "Dziękujemy  {order_number}", "slip_prices": "y"})
    assert answer.status_code == 303
    with printing.works.reading(SYSTEM) as work:
        row = work.session.get(Company, 1)
        assert (row.accent, row.footer_pl, row.slip_prices) == (
            "#112233", "Dziękujemy {order_number}", True)
    # A footer that the form has emptied is gone from the preview, whatever is stored.
    assert "Dziękujemy" in read(client.get("/documents/design/preview.pdf?language=pl"))
    assert "Dziękujemy" not in read(client.get("/documents/design/preview.pdf?footer_pl="))




def picture(kind="PNG", size=(1200, 300)):
    out = io.BytesIO()
    Image.new("RGB", size, "#3350D4").save(out, kind)
    return out.getvalue()


def test_a_logo_is_drawn_anew_served_and_taken_off(shop, browser_as):
    client = browser_as("manager")
    data = {"logo": (io.BytesIO(picture("JPEG")), "logo.jpg")}
    assert client.post("/documents/design/logo", data=data).status_code == 303
    answer = client.get("/settings/logo")
    assert answer.mimetype == "image/png"
    assert Image.open(io.BytesIO(answer.data)).size == (800, 200)
    assert "/settings/logo" in page(client, "/documents/design")
    assert client.post("/documents/design/logo", data={"remove": "1"}).status_code == 303
    assert client.get("/settings/logo").status_code == 404


@pytest.mark.parametrize(("content", "words"), [
    (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'></svg>", "not a picture"),
    (b"", "not a picture"), (b"%PDF-1.7", "not a picture"),
    (picture(size=(9000, 6000)), "at most 50 megapixels"),
])
def test_what_is_not_a_picture_is_refused_at_the_field(shop, browser_as, content, words):
    client = browser_as("manager")
    answer = client.post("/documents/design/logo",
                         data={"logo": (io.BytesIO(content), "logo.png")})
    assert answer.status_code == 422
    assert words in field_error(answer.get_data(as_text=True), "logo")
    assert client.get("/settings/logo").status_code == 404


def test_no_file_chosen_and_nobody_else_may(shop, browser_as):
    answer = browser_as("manager").post("/documents/design/logo", data={})
    assert field_error(answer.get_data(as_text=True), "logo") == "Choose a file."
    assert browser_as("warehouse").post("/documents/design/logo", data={}).status_code == 403
