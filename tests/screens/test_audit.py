"""The audit trail on screen: filtered by who, what, on what and when; page by page; bounded."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from oms_web.core.actor import Actor
from oms_web.core.work import Work
from oms_web.domain.audit import queries, service
from oms_web.web import acts, trail_names
from tests.conftest import TESTER

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def trail(works):
    """Writes entries: a function of act, subject id, hours after noon and who did it."""
    def write(act="orders.hold", subject_id=1, hours=0, actor=TESTER, subject="order", **change):
        with works.writing(actor) as work:
            then = Work(work.session, actor, NOON + timedelta(hours=hours))
            service.record(then, act, subject, subject_id, change)
    return write


def shown(client, query=""):
    page = client.get(f"/audit?{query}")
    assert page.status_code == 200, page.get_data(as_text=True)[-600:]
    text = page.get_data(as_text=True)
    return text, re.findall(r'<tr id="entry-(\d+)"', text)


def test_a_letter_in_fixed_words_stands_in_the_trail_by_its_title(browser_as, trail):
    trail("messages.write", 1, subject="message", template=[None, "return label"])
    trail("messages.write", 2, subject="message", template=[None, "Wishes"])
    text, _ = shown(browser_as("manager"))
    assert "<ins>Return label</ins>" in text
    assert "<ins>Wishes</ins>" in text


def test_an_entry_tells_who_what_and_from_what_to_what(browser_as, trail):
    trail("company.change", 1, subject="company", name=["Sklep", "Leśna Sowa"],
          address=[{"city": "Łódź", "street": "A"}, {"city": "Gdynia", "street": "A"}],
          slip_prices=[False, True])
    text, _ = shown(browser_as("manager"))
    assert "Company changed" in text
    assert "Tester" in text
    assert "<del>Sklep</del>" in text
    assert "<ins>Leśna Sowa</ins>" in text
    assert "town <del>Łódź</del>" in text
    assert "street" not in text
    assert "<ins>yes</ins>" in text


def test_text_from_outside_is_not_markup(browser_as, trail):
    trail(note=["", "<img src=x onerror=alert(1)>"])
    assert "<img src=x" not in shown(browser_as("manager"))[0]


def test_newest_first_a_page_at_a_time(browser_as, trail):
    for n in range(60):
        trail(subject_id=n)
    manager = browser_as("manager")
    text, first = shown(manager, "act=orders.hold")
    assert len(first) == 50
    assert first == sorted(first, key=int, reverse=True)
    link = re.search(r'hx-get="([^"]+)"', text)[1].replace("&amp;", "&")
    part = manager.get(link, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    rest = re.findall(r'<tr id="entry-(\d+)"', part.get_data(as_text=True))
    assert len(rest) == 10
    assert int(rest[0]) == int(first[-1]) - 1
    assert "<html" not in part.get_data(as_text=True)
    assert "HX-Request" in part.headers["Vary"]


def test_filters_by_person_act_subject_and_day(browser_as, trail):
    manager = browser_as("manager")
    trail("orders.hold", 7, hours=0)
    trail("orders.release", 7, hours=1)
    trail("stock.move", 7, hours=2, subject="variant", actor=Actor("connector", "Allegro", 3))
    trail("stock.move", 8, hours=26, subject="variant", actor=Actor("system", "system"))
    assert len(shown(manager, "act=orders.")[1]) == 2
    assert len(shown(manager, "act=orders.hold")[1]) == 1
    assert len(shown(manager, "subject=order&id=7")[1]) == 2
    assert len(shown(manager, "who=connector-3")[1]) == 1
    assert len(shown(manager, "from=2026-11-21&to=2026-11-21")[1]) == 1
    assert len(shown(manager, "to=2026-11-20")[1]) == 3
    assert "Nothing fits these filters" in shown(manager, "act=tags.&who=cli")[0]


@pytest.mark.parametrize("query", [
    "from=yesterday", "id=seven", "after=broken", "id=" + "9" * 40, "after=W10", "to=9999-12-31",
])
def test_nonsense_in_the_address_is_refused(browser_as, query):
    assert browser_as("manager").get(f"/audit?{query}").status_code == 422


@pytest.mark.parametrize("role", ["sales", "warehouse", "accountant", "reader"])
def test_others_do_not_see_it(browser_as, role):
    assert browser_as(role).get("/audit").status_code == 403


def test_a_rare_filter_looks_back_in_bounded_steps(works, trail, monkeypatch):
    monkeypatch.setattr(queries, "REACH", 10)
    trail("tags.create", 1, subject="tag")
    for n in range(25):
        trail(subject_id=n)
    steps, after = 0, ""
    with works.reading(TESTER) as work:
        while True:
            found = queries.page(work.session, queries.Filter(act="tags.create"), after=after)
            steps += 1
            if found.rows:
                break
            assert not found.exhausted
            after = found.after
    assert [row.act for row in found.rows] == ["tags.create"]
    assert found.after is None
    assert steps == 3


def test_the_start_of_a_day_is_found_without_a_scan(works, trail):
    for n in range(200):
        trail(subject_id=n, hours=n)
    with works.reading(TESTER) as work:
        since = NOON + timedelta(hours=190)
        found = queries.page(work.session, queries.Filter(since=since))
        assert [row.at for row in found.rows] == [
            NOON + timedelta(hours=n) for n in range(199, 189, -1)]
        assert found.after is None


def test_words_are_found_for_everything_and_missing_ones_do_not_break():
    assert acts.said("orders.hold") != "orders.hold"
    assert acts.said("new.act") == "new.act"
    assert set(acts.families()) >= {"orders.", "users."}


SAMPLES = {
    "phase": ["packing", "shipped"], "queue": [None, "short"], "hold": [None, "payment_expired"],
    "told": [None, "done"], "state": ["packed", "shipped"], "reset": ["month", "never"],
    "role": ["sales", "warehouse"], "total": [None, 123456], "paid": [None, 50000],
    "gross": [0, 9900], "amount": [500, None], "price": [3990, 4990], "cost": [None, 12_500_000],
    "read": [None, 1200], "added": [None, 7], "changed": [None, 3], "same": [None, 1],
    "quarantined": [None, 2], "spec": [{"a_b": 1}, {"a_b": {"c_d": [1, 2]}}],
    "logo": [None, "ab" * 32 + ".png"], "form": [None, "deadbeef" * 3],
    "archived_at": [None, "2026-11-24T08:15:00+00:00"], "tracking": ["", "6240000123"],
    "carrier": ["", "InPost"], "weight_g": [None, 2730], "scopes": [None, ["orders:read"]],
    "kinds": [[], ["stock_document"]], "feed": [None, "orders"], "publish_stock": [False, True],
    "parts": [{}, {"KUB-1": 2}], "buyer_phone": ["", "600 100 200"],
    "ship_to": [{"postcode": "00-001"}, {"postcode": "00-002"}],
    "history_moves_stock": ["", "1"], "language": ["pl", "en"], "ship_days": [1, 2],
}


@pytest.mark.parametrize("language", ["en", "pl"])
def test_no_act_shows_what_only_the_program_reads(browser_as, trail, language):
    written = sorted(trail_names.ACTS)
    for n, (field, change) in enumerate(SAMPLES.items()):
        trail(written[n % len(written)], subject_id=n, **{field: change})
    for act in written:
        trail(act, subject_id=1)
    client, seen, query = browser_as("manager", language), [], "act="
    for _ in range(9):
        text, ids = shown(client, query)
        rows = re.findall(r'<tr id="entry-.*?</tr>', text, re.S)
        seen += [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
        more = re.search(r'hx-get="/audit\?([^"]+)"', text)
        if not ids or not more:
            break
        query = more[1].replace("&amp;", "&")
    assert len(seen) >= len(SAMPLES) + len(written)
    assert [row for row in seen if re.search(r"\b[a-z0-9]+_[a-z]", row)] == []
    assert [row for row in seen if re.search(r"[0-9a-f]{20}|deadbeef", row)] == []
    said = " | ".join(seen).replace("\xa0", " ")
    money = {"en": ("PLN 1,234.56", "PLN 500.00", "PLN 12.50"),
             "pl": ("1 234,56 zł", "500,00 zł", "12,50 zł")}[language]
    for amount in money:
        assert amount in said, amount
    assert not re.search(r"\b(123456|50000|shipped → done|told done)\b", said)
