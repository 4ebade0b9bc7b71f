"""Many documents printed at once, and the tasks that people have going."""

from __future__ import annotations

from datetime import timedelta

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Task, enqueue
from oms_web.jobs.worker import drain
from tests import paper
from tests.screens.test_documents import (
    NOW,
    PART,
    make,
    page,
    printing,
    read,
    shop,
)

__all__ = ["printing", "shop"]


def test_printing_many_shows_progress_and_then_the_file(printing, browser_as):
    with printing.works.writing(SYSTEM) as work:
        ids = paper.many_orders(work, 3)
    packer = browser_as("warehouse")
    answer = packer.post("/print", data={"kind": "slip", "order": [*ids, 404]})
    where = answer.headers["Location"]
    assert answer.status_code == 303
    assert packer.post("/print", data={"kind": "slip", "order": [*ids, 404]}
                       ).headers["Location"] == where  # the same wish, the same task
    part = page(packer, where, headers=PART)
    assert 'hx-trigger="every 1s"' in part
    assert part.lstrip().startswith("<section")
    assert 'id="tasks-progress"' in part
    assert "Waits for its turn." in part
    assert drain(printing) == 1
    done = page(packer, where, headers=PART)
    assert "every 1s" not in done
    assert "3 orders in one file." in done
    assert "1 order was not printed" in done
    assert "There is no such order." in done
    assert "List pakowy" in read(packer.get(f"{where}/file.pdf"))
    listed = page(packer, "/tasks")
    assert f'href="{where}"' in listed
    assert "The system&#39;s work" not in listed


def test_one_order_opens_at_once_and_nothing_chosen_is_refused(shop, browser_as):
    order_id = make(shop)
    client = browser_as("warehouse")
    answer = client.post("/print", data={"kind": "slip", "order": order_id})
    assert answer.headers["Location"] == f"/orders/{order_id}/print/slip.pdf"
    for wrong in ({"kind": "slip"}, {"kind": "letter", "order": order_id},
                  {"kind": "slip", "order": "x"}):
        assert client.post("/print", data=wrong).status_code == 422
    assert browser_as("reader").post("/print", data={"kind": "slip", "order": order_id}
                                     ).status_code == 403


def task(oms, **values) -> int:
    with oms.works.writing(SYSTEM) as work:
        task_id = enqueue(work.session, values.pop("kind", "push_stock"), "k", {}, now=work.now,
                          asked_by=values.pop("asked_by", None))
        row = work.session.get(Task, task_id)
        for name, value in values.items():
            setattr(row, name, value)
        return task_id


def test_tasks_of_others_are_for_who_looks_after_the_shop(shop, browser_as):
    task_id = task(shop, state="dead", error="no answer", finished_at=NOW)
    packer, manager = browser_as("warehouse"), browser_as("manager")
    for act in ("", "/file.pdf"):
        assert packer.get(f"/tasks/{task_id}{act}").status_code == 404
    for act in ("stop", "retry"):
        assert packer.post(f"/tasks/{task_id}/{act}").status_code == 404
    assert "no answer" in page(manager, f"/tasks/{task_id}")
    assert "no answer" in page(manager, "/tasks")
    assert manager.post(f"/tasks/{task_id}/retry").status_code == 303
    with shop.works.reading(SYSTEM) as work:
        row = work.session.get(Task, task_id)
        assert (row.state, row.attempts, row.error) == ("waiting", 0, None)
    assert manager.post(f"/tasks/{task_id}/retry").status_code == 409
    assert page(manager, f"/tasks/{task_id}/file.pdf", 404)


def test_a_task_can_be_stopped(shop, browser_as):
    client = browser_as("manager")
    task_id = task(shop, state="running", progress=3, progress_total=9,
                   lease_until=NOW + timedelta(minutes=1))
    assert "3 of 9" in page(client, f"/tasks/{task_id}")
    client.post(f"/tasks/{task_id}/stop")
    with shop.works.reading(SYSTEM) as work:
        row = work.session.get(Task, task_id)
        assert (row.state, row.error) == ("dead", "stopped by Manager")
    client.post(f"/tasks/{task_id}/stop")
    assert "It had ended already." in page(client, "/tasks")
    waiting = task(shop, state="waiting", error="timeout", kind="read_feed")
    assert "will be tried again" in page(client, f"/tasks/{waiting}")
