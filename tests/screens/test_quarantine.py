"""What could not be read, on screen: found, read whole, tried again, set aside by name."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Task
from oms_web.domain.audit.models import AuditEntry
from oms_web.sync import quarantine
from oms_web.sync.models import Quarantine
from tests import factories

RAW = '{"id": "Z-1", "note": "<script>alert(1)</script>"}'


@pytest.fixture
def kept(oms):
    """Two channels with unread orders, and a row of a file."""
    with oms.works.writing(SYSTEM) as work:
        one = factories.account(work, "Targ").id
        other = factories.account(work, "Bazar").id
        for n in range(60):
            quarantine.put(work, one, "order", f"Z-{n}", RAW, "it has no lines", field="lines")
        quarantine.put(work, other, "order", "B-7", "x" * 30_000, "it has no lines")
        quarantine.put(work, other, "order", "F-1", "a;b", "it has no lines", origin="import:5")
    return one, other


def numbers(text: str) -> list[str]:
    return re.findall(r'<a class="name id"[^>]*>([^<]+)</a>', text)


def row(works, external_id: str) -> Quarantine:
    with works.reading(SYSTEM) as work:
        return work.session.scalar(select(Quarantine).where(
            Quarantine.external_id == external_id))


def test_a_page_at_a_time_the_newest_first(browser_as, kept):
    client = browser_as("sales")
    page = client.get(f"/quarantine?account={kept[0]}").get_data(as_text=True)
    assert numbers(page) == [f"Z-{n}" for n in range(59, 9, -1)]
    more = re.search(r'hx-get="([^"]+)"', page)[1].replace("&amp;", "&")
    part = client.get(more, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert numbers(part) == [f"Z-{n}" for n in range(9, -1, -1)]
    assert "<html" not in part


def test_found_by_the_beginning_of_its_number(browser_as, kept):
    assert numbers(browser_as("sales").get("/quarantine?q=B-").get_data(as_text=True)) == ["B-7"]
    assert "Nothing fits" in browser_as("sales").get("/quarantine?q=%25").get_data(as_text=True)


def test_the_text_is_shown_as_text_and_given_whole(browser_as, works, kept):
    client = browser_as("sales")
    page = client.get(f"/quarantine/{row(works, 'Z-1').id}").get_data(as_text=True)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    long = row(works, "B-7")
    shown = client.get(f"/quarantine/{long.id}").get_data(as_text=True)
    assert "x" * 20_000 in shown
    assert "x" * 20_001 not in shown
    whole = client.get(f"/quarantine/{long.id}/text")
    assert whole.get_data(as_text=True) == "x" * 30_000
    assert whole.headers["Content-Disposition"].startswith("attachment")


def test_a_file_is_imported_again_a_channel_is_asked_again(browser_as, works, kept):
    client = browser_as("sales")
    of_file = client.get(f"/quarantine/{row(works, 'F-1').id}").get_data(as_text=True)
    assert "/imports/5" in of_file
    assert "/quarantine/retry" not in of_file
    assert f"/quarantine/retry/{kept[0]}" in client.get(
        f"/quarantine/{row(works, 'Z-1').id}").get_data(as_text=True)


def test_asking_again_queues_one_task(browser_as, works, kept):
    client = browser_as("sales")
    for _ in range(2):
        assert client.post(f"/quarantine/retry/{kept[0]}").status_code == 303
    with works.reading(SYSTEM) as work:
        assert [(task.kind, task.args) for task in work.session.scalars(select(Task))] == [
            ("retry_orders", {"account_id": kept[0]})]


def test_setting_aside_leaves_a_name_and_a_reason(browser_as, works, kept):
    client, one = browser_as("sales"), row(works, "Z-1")
    assert client.post(f"/quarantine/{one.id}/drop", data={"note": "a trial"}).status_code == 303
    assert row(works, "Z-1").state == "dropped"
    with works.reading(SYSTEM) as work:
        entry = work.session.scalar(select(AuditEntry).where(AuditEntry.act == "quarantine.drop"))
    assert (entry.subject_id, entry.note, entry.actor_name) == (one.id, "a trial", "Sales")
    assert client.post(f"/quarantine/{one.id}/drop").status_code == 409
    assert numbers(client.get("/quarantine?state=dropped").get_data(as_text=True)) == ["Z-1"]


def test_packers_do_not_see_it(browser_as, works, kept):
    packer = browser_as("warehouse")
    assert packer.get("/quarantine").status_code == 403
    assert packer.post(f"/quarantine/{row(works, 'Z-1').id}/drop").status_code == 403
    assert row(works, "Z-1").state == "waiting"


def test_a_broken_link_is_refused_and_a_strange_row_is_not_there(browser_as):
    client = browser_as("sales")
    assert client.get("/quarantine?after=nonsense").status_code == 422
    assert client.get("/quarantine/99").status_code == 404
    assert "Everything could be read" in client.get("/quarantine").get_data(as_text=True)


def test_reasons_and_fields_are_said_in_words_and_counted_by_cause(browser_as, oms):
    with oms.works.writing(SYSTEM) as work:
        one = factories.account(work, "Targ").id
        for n in (3, 4, 5):
            quarantine.put(work, one, "order", f"Q-{n}", "a", f"Row {n}: quantity is not a whole "
                           f"number: abc{n}", field="lines.0.unit_price")
    reader = browser_as("owner", "pl")
    page = reader.get("/channels").get_data(as_text=True)
    assert re.search(r"<span class=\"hint\">3×[^…]*<p class=\"soft\">[^<]*…</p>", page)
    assert "Row" not in page
    assert "whole number" not in page
    unread = reader.get("/quarantine").get_data(as_text=True)
    assert "unit_price" not in unread
    assert "lines.0" not in unread
