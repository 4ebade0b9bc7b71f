"""The order list's work does not grow with the shop: for every filter, sort, page and search.

Counted, not timed: steps of SQLite's virtual machine and statements, at a thousand orders and at
ten thousand. The list's own patience (how many orders a request looks at before it says "nothing
so far") is cut to a tenth as well, so that ten thousand orders are as far beyond it as a hundred
thousand are in earnest. The times at a million are in docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import text

from oms_web.core import db as core_db
from oms_web.core.actor import SYSTEM
from oms_web.domain.orders import queries, search, walking
from oms_web.extensions import db
from oms_web.web import order_filters as address
from oms_web.wiring import Oms, wire
from tests.benchmarks import dataset
from tests.benchmarks.asking import Question, Questions, cost, signed_in, stepping
from tests.benchmarks.dataset import NOW
from tests.conftest import settings_for

SMALL, LARGE = 1_000, 10_000
MOST_STEPS = {"singles": 26_000, "pairs": 50_000, "searches": 60_000}
"""For the ids and rows of a page. To look at each of ten thousand orders takes 30,000 and more."""
MOST_STATEMENTS = 28
MOST_UNFILTERED = 20


@pytest.fixture(scope="module")
def shops(tmp_path_factory) -> Iterator[dict[int, Oms]]:
    """The same kind of shop with few and with many orders."""
    made = {}
    for size in (SMALL, LARGE):
        folder = tmp_path_factory.mktemp(f"shop{size}")
        oms = wire(clock=lambda: NOW,
                   settings=settings_for(f"sqlite:///{folder / 'oms.sqlite3'}", folder))
        dataset.fill(oms.engine, size)
        made[size] = oms
    yield made
    for oms in made.values():
        oms.engine.dispose()


@pytest.fixture
def hasty(monkeypatch) -> None:
    """A list that looks at a tenth of the orders it would look at in earnest."""
    for module, names in ((walking, ("RARE", "ENOUGH")), (search, ("COMMON", "ENOUGH"))):
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name) // 10)
    monkeypatch.setattr(walking, "WINDOWS", tuple(n // 10 for n in walking.WINDOWS))
    monkeypatch.setattr(walking, "WIDE_WINDOWS", tuple(n // 10 for n in walking.WIDE_WINDOWS))


def steps(oms: Oms, question: Question) -> int:
    """What finding and reading one page takes."""
    values: dict[str, list[str]] = {}
    for name, value in question.args:
        values.setdefault(name, []).append(value)
    with stepping(oms.engine) as taken, oms.works.reading(SYSTEM) as work:
        wanted = address.read(work.session, NOW, values)
        after = (values.get("after") or [None])[0]
        found = walking.find(work.session, wanted.conditions, wanted.sort, after)
        queries.rows(work.session, found.ids)
    return taken[0]


def asked(app, oms: Oms, kind: str, every: int = 1) -> list[Question]:
    """The questions of a shop; every value of a filter is in eight of them."""
    with app.test_request_context(), oms.works.reading(SYSTEM) as work:
        return list(islice(getattr(Questions(work.session), kind)(), 0, None, every))


def dearest(oms: Oms, questions: list[Question]) -> tuple[int, str]:
    return max((steps(oms, one), one.path) for one in questions)


@pytest.mark.parametrize("kind", ["singles", "searches"])
def test_ten_times_the_orders_take_no_more_work(app, shops, hasty, kind):
    small = dearest(shops[SMALL], asked(app, shops[SMALL], kind, every=11))
    large = dearest(shops[LARGE], asked(app, shops[LARGE], kind, every=5))
    assert large[0] <= MOST_STEPS[kind], large
    assert large[0] <= 2 * small[0], (large, small)  # of ten times the orders


def test_two_filters_together_cost_no_more(app, shops, hasty):
    spent, path = dearest(shops[LARGE], asked(app, shops[LARGE], "pairs", every=97))
    assert spent <= MOST_STEPS["pairs"], path


@pytest.mark.parametrize(("index", "question"), [
    ("ix_order_line_variant", {"queue": "all", "product": "2000"}),
    ("ix_sales_order_carrier", {"queue": "all", "courier": "Własny"}),
    ("ix_sales_order_country", {"queue": "all", "country": "IS"}),
])
def test_without_its_index_a_filter_would_be_caught(shops, hasty, index, question):
    oms, asked_once = shops[LARGE], Question("control", tuple(question.items()))
    assert steps(oms, asked_once) <= MOST_STEPS["singles"]
    with without(oms, index):
        assert steps(oms, asked_once) > MOST_STEPS["singles"]


@contextmanager
def without(oms: Oms, index: str) -> Iterator[None]:
    with oms.works.writing(SYSTEM) as work:
        made = work.session.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"),
                                   {"name": index})
        work.session.execute(text(f"DROP INDEX {index}"))
    try:
        yield
    finally:
        with oms.works.writing(SYSTEM) as work:
            work.session.execute(text(made))


def test_left_to_itself_sqlite_would_sort_all_orders(shops, hasty, monkeypatch):
    """The control of the hints: a database without statistics is planned by rules of thumb."""
    oms = shops[LARGE]
    question = Question("control", (("queue", "open"), ("payment", "paid"), ("sort", "ship")))
    assert steps(oms, question) <= MOST_STEPS["singles"]
    monkeypatch.setattr(core_db._HintingCompiler, "get_from_hint_text", lambda *_: None)
    oms.engine.clear_compiled_cache()
    spent = steps(oms, question)
    oms.engine.clear_compiled_cache()
    assert spent > MOST_STEPS["singles"]


PAGES = ("/orders", "/orders?queue=all", "/orders?queue=pick&sort=newest", "/orders?courier=DPD",
         "/orders?tag=1&queue=all", "/orders?sku=KOC-00001&queue=all", "/orders?q=anna",
         "/orders?q=anna+nowak", "/orders?q=zzzzzz", "/orders?from=2026-10-01",
         "/orders?warehouse=1", "/orders?ship=today&country=PL")
UNFILTERED = 3
"""The first pages have no more than a queue in their address."""


def test_a_page_takes_as_many_statements_in_a_larger_shop(app, shops):
    spent: dict[int, list[int]] = {}
    for size, oms in shops.items():
        app.extensions["oms"] = oms
        db._app_engines[app] = {None: oms.engine}
        client = signed_in(app, oms)
        pages = [Question("page", tuple(parse_qsl(urlsplit(url).query))) for url in PAGES]
        spent[size] = [cost(client, oms.engine, page).queries for page in pages for _ in "ab"][1::2]
    assert max(spent[LARGE]) <= MOST_STATEMENTS, spent
    assert max(spent[LARGE][:UNFILTERED]) <= MOST_UNFILTERED, spent
    # What is rare in a small shop is walked for in a larger one: two statements a window.
    assert all(large <= small + 6
               for small, large in zip(spent[SMALL], spent[LARGE], strict=True)), spent
