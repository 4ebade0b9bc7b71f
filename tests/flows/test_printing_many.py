"""Many PDFs at once: one file, and what of it could not be printed."""

from __future__ import annotations

import io
import os

import pypdf
import pytest
from sqlalchemy import select

from oms_web.adapters.pdf import PdfFailed, PdfPool, merge
from oms_web.core.claims import Claim, Task, enqueue
from oms_web.core.errors import Invalid, NotFound
from oms_web.domain.orders.models import OrderLine
from oms_web.jobs import print_batch
from oms_web.jobs.job import Job
from oms_web.jobs.worker import drain
from tests import paper
from tests.printed import ANNA, NOW, invoiced, make, page_count, pool, shop

__all__ = ["pool", "shop"]


def test_many_slips_become_one_file_in_the_order_asked_for(shop):
    with shop.works.writing(ANNA) as work:
        ids = paper.many_orders(work, 25)[::-1]
    seen = []
    batch = shop.printing.batch("slip", [*ids, ids[0], 99], ANNA, "pl",
                                lambda done, total: seen.append((done, total)))
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(batch.pdf)).pages]
    assert len(pages) == 25
    assert all(str(order_id) in page for order_id, page in zip(ids, pages, strict=True))
    assert (batch.printed, list(batch.failed)) == (25, [99])
    assert seen == [(10, 26), (20, 26), (26, 26)]


def test_invoices_of_many_orders(shop):
    with_one = [invoiced(shop), invoiced(shop)]
    ids = [make(shop)]
    with shop.works.reading(ANNA) as work:
        ids += work.session.scalars(
            select(OrderLine.order_id).where(OrderLine.order_id < ids[0])).all()
    batch = shop.printing.batch("invoice", ids, ANNA, "pl", lambda *_: None)
    assert (page_count(batch.pdf), batch.printed, len(with_one)) == (2, 2, 2)
    assert [str(why) for why in batch.failed.values()] == ["This order has no invoice yet."]


def test_what_cannot_be_printed_is_said(shop):
    for kind, ids, error in (("letter", [1], Invalid), ("slip", [], Invalid),
                             ("slip", list(range(2001)), Invalid), ("slip", [404], NotFound),
                             ("picklist", [404], NotFound)):
        with pytest.raises(error):
            shop.printing.batch(kind, ids, ANNA, "pl", lambda *_: None)
    with pytest.raises(NotFound):
        shop.printing.document(404)


class Faulty:
    """A pool that gives up on pages with a certain word."""

    def __init__(self, pool: PdfPool, word: str) -> None:
        self.pool, self.word, self.size = pool, word, pool.size

    def render(self, pages, *, tagged):
        if any(self.word in page for page in pages):
            raise PdfFailed("The PDF was given up: it took too long.")
        return self.pool.render(pages, tagged=tagged)


def test_one_bad_document_does_not_take_the_others_along(shop, pool):
    with shop.works.writing(ANNA) as work:
        ids = paper.many_orders(work, 12)
    bad = make(shop, buyer_note="trucizna")
    shop.printing.pdf = Faulty(pool, "trucizna")
    batch = shop.printing.batch("slip", [*ids[:3], bad, *ids[3:]], ANNA, "pl", lambda *_: None)
    assert (page_count(batch.pdf), batch.printed, list(batch.failed)) == (12, 12, [bad])
    with pytest.raises(PdfFailed):
        shop.printing.for_order("slip", bad, ANNA, "pl")


def test_the_task_leaves_a_file_and_says_what_failed(shop):
    order_id = make(shop)
    asked = {"kind": "slip", "order_ids": [order_id, 404], "language": "pl", "name": "Anna"}
    with shop.works.writing(ANNA) as work:
        task_id = enqueue(work.session, "print_batch", "k1", asked, now=work.now)
        empty_id = enqueue(work.session, "print_batch", "k2", asked | {"order_ids": [404]},
                           now=work.now)
    assert drain(shop) == 2
    with shop.works.reading(ANNA) as work:
        task, empty = work.session.get(Task, task_id), work.session.get(Task, empty_id)
    assert (task.state, task.progress, task.progress_total) == ("done", 2, 2)
    assert task.result["failed"] == [[404, "There is no such order.", {}]]
    file = shop.works.ports["prints"].path(task.result["file"])
    assert page_count(file.read_bytes()) == 1
    assert (empty.state, empty.result["file"], empty.result["problem"]) == (
        "done", None, ["There is no such order.", {}])


def test_old_prints_are_forgotten(shop):
    prints = shop.works.ports["prints"]
    old = prints.path(prints.put(b"old", ".pdf"))
    os.utime(old, (NOW.timestamp() - 4 * 86400,) * 2)
    asked = {"kind": "slip", "order_ids": [make(shop)], "language": "pl", "name": "Anna"}
    made = print_batch.run(Job(shop, Claim(1, "print_batch", "k", asked, 1, 1), lambda *_: None))
    assert not old.exists()
    assert prints.path(made["file"]).exists()


def test_merging_keeps_every_page(pool):
    one, two = pool.render(["<p>one"]), pool.render(["<p>two", "<p>three"])
    assert [page.extract_text().split()[0] for page in
            pypdf.PdfReader(io.BytesIO(merge([one, two]))).pages] == ["one", "two", "three"]
    assert merge([one]) == one
