"""Every question the order list offers, as an address, and what its answer cost.

A question is what a person can click or type: one value of one filter, in the desk's list or in
all orders, in each sort, on the first page or far inside; two filters together; a search.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, Select, func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from oms_web.core.actor import SYSTEM
from oms_web.core.clock import local_day
from oms_web.core.paging import seal
from oms_web.domain.catalog.models import Barcode, Variant
from oms_web.domain.orders import walking
from oms_web.domain.orders.models import Order, OrderKey, OrderLine
from oms_web.domain.returns.models import Return
from oms_web.domain.shipping.models import Parcel
from oms_web.domain.users import service as users
from oms_web.web import order_filters as address
from oms_web.wiring import Oms
from tests.benchmarks.counting import counted
from tests.benchmarks.dataset import NOW

STEPS_A_TICK = 100
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
CARDS = 25
"""How many cards of each kind are opened."""
_EMAIL, _PASSWORD = "bench@example.test", "correct horse battery"
# Sorts and the scope they are asked in: what is open leads by ship-by, history by date.
LISTS = (("open", "ship"), ("open", "newest"), ("all", "newest"), ("all", "oldest"))


@dataclass(frozen=True, slots=True)
class Question:
    """An address; of the list if none is named. ``group``: the line of the table it is counted in.

    ``is_part``: asked by htmx, for a part of the page.
    """

    group: str
    args: tuple[tuple[str, str], ...] = ()
    deep: bool = False
    address: str = "/orders"
    is_part: bool = False

    @property
    def path(self) -> str:
        """The address with what is asked."""
        return f"{self.address}?{urlencode(self.args)}" if self.args else self.address

    def ask(self, client: FlaskClient) -> TestResponse:
        """The answer."""
        answer = client.get(self.path, headers=PART if self.is_part else {})
        assert answer.status_code in (200, 204, 303), (self, answer.status_code)
        return answer


@dataclass(frozen=True, slots=True)
class Cost:
    """What one answer took. ``steps``: of SQLite's virtual machine, a dozen for a row.

    ``size`` and ``packed``: bytes of HTML, and after gzip.
    """

    queries: int
    steps: int
    size: int
    packed: int


def signed_in(app: Flask, oms: Oms) -> FlaskClient:
    """A browser of an owner, who is created if need be."""
    with oms.works.writing(SYSTEM) as work:
        if _EMAIL not in [user.email for user in users.list_users(work.session)]:
            users.create_user(work, _EMAIL, "Bench", "owner", _PASSWORD, "en")
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": _EMAIL, "password": _PASSWORD})
    assert answer.status_code == 303, answer.get_data(as_text=True)[:500]
    return client


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds from a request's entry into the application to the last byte of its answer.

    ``cpu`` leaves out the time in which the machine did something else.
    """

    wall: float
    cpu: float


def seconds(client: FlaskClient, question: Question) -> Took:
    """How long one answer takes."""
    begun, worked = time.perf_counter(), time.process_time()
    question.ask(client).get_data()
    return Took(time.perf_counter() - begun, time.process_time() - worked)


def cost(client: FlaskClient, engine: Engine, question: Question) -> Cost:
    """The work one answer takes; not for timing."""
    with counted(engine) as found, stepping(engine) as steps:
        page = question.ask(client).get_data()
    return Cost(len(found), steps[0], len(page), len(gzip.compress(page)))


@contextmanager
def stepping(engine: Engine) -> Iterator[list[int]]:
    """Count the steps of SQLite's virtual machine that are taken inside the block."""
    from sqlalchemy import event

    steps = [0]
    if engine.dialect.name != "sqlite":  # only SQLite counts them
        yield steps
        return

    def tick() -> int:
        steps[0] += STEPS_A_TICK
        return 0

    def watch(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.set_progress_handler(tick, STEPS_A_TICK)

    def leave(connection: Any, _record: Any) -> None:
        connection.set_progress_handler(None, STEPS_A_TICK)

    event.listen(engine, "checkout", watch)
    event.listen(engine, "checkin", leave)
    try:
        yield steps
    finally:
        event.remove(engine, "checkout", watch)
        event.remove(engine, "checkin", leave)


class Questions:
    """The questions one shop's list offers. Values are those of the sheet of filters.

    Must be made inside a request, since the sheet names its choices in the reader's language.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._middles: dict[tuple[bool, bool], Any] = {}
        self.offered = self._offered()

    def _offered(self) -> list[tuple[str, str]]:
        """Every (filter, value) of the sheet; for what is typed, common and rare values."""
        wanted = address.read(self.session, NOW, {})
        found = [
            (group.name, value) for group in address.groups(self.session, wanted)
            for value, _ in group.options
        ]
        for name in ("sku", "product"):
            found += [(name, value) for value in self._goods(name)]
        today = local_day(NOW)
        for back in (1, 30, 400):
            found += [("from", str(today - timedelta(days=back))),
                      ("to", str(today - timedelta(days=back)))]
        return [*found, ("from", "2030-01-01"), ("to", "2001-01-01")]

    def _goods(self, name: str) -> list[str]:
        """A variant in very many orders, one in few, one in none: SKUs and an EAN, or products."""
        often = self.session.scalar(select(func.min(Variant.id))) or 0
        rarely = self.session.scalar(select(func.max(Variant.id))) or 0
        if name == "product":
            return [str(often), str(rarely), "999999"]
        skus = dict(self.session.execute(
            select(Variant.id, Variant.sku).where(Variant.id.in_((often, rarely)))).all())
        ean = self.session.scalar(select(Barcode.code).where(Barcode.variant_id == often + 1))
        return [*skus.values(), str(ean), "NO-SUCH-SKU"]

    def singles(self) -> Iterator[Question]:
        """Each value alone, in every list and sort, on the first page and far inside."""
        for scope, sort in LISTS:
            yield from self._both_pages("none", (("queue", scope),), sort)
            for name, value in self.offered:
                args = (("queue", scope), (name, value)) if name != "queue" else ((name, value),)
                yield from self._both_pages(name, args, sort)

    def pairs(self, every: int = 1) -> Iterator[Question]:
        """Two values of different filters, in the desk's list and in all orders."""
        several = [pair for pair in combinations(self.offered, 2) if pair[0][0] != pair[1][0]]
        for number, (one, two) in enumerate(several):
            if number % every:
                continue
            scopes = [()] if "queue" in (one[0], two[0]) else [
                (("queue", scope),) for scope in ("open", "all")]
            for scope in scopes:
                yield Question("pair", (*scope, one, two))

    def _both_pages(self, group: str, args: tuple[tuple[str, str], ...], sort: str
                    ) -> Iterator[Question]:
        yield Question(group, (*args, ("sort", sort)))
        after = self._far_inside(args, sort)
        if after:
            yield Question(group, (*args, ("sort", sort), ("after", after)), deep=True)

    def _far_inside(self, args: Sequence[tuple[str, str]], sort: str) -> str | None:
        """The token of a page in the middle of the index that this list walks."""
        wanted = address.read(self.session, NOW, {
            **{name: [value] for name, value in args}, "sort": [sort]})
        if not walking.within(wanted.conditions):
            return None
        first = walking.stretches(self.session, wanted.conditions, wanted.sort)[0]
        row = self._middle(wanted.sort == "ship",
                           walking.within(wanted.conditions) <= walking.OPEN)
        return seal(0, *first.key_of(row)) if row is not None else None

    def _middle(self, by_ship: bool, is_open: bool) -> Any:
        """An order half-way through what is to ship, what is open, or all orders."""
        if (by_ship, is_open) not in self._middles:
            query = select(Order.id, Order.ship_by, Order.placed_at)
            if by_ship:
                query = query.where(Order.ship_by.is_not(None), Order.closed_at.is_(None))
            elif is_open:
                query = query.where(Order.closed_at.is_(None))
            count = self.session.scalar(select(func.count()).select_from(query.subquery())) or 0
            self._middles[by_ship, is_open] = self.session.execute(
                query.order_by(Order.placed_at).offset(count // 2).limit(1)).one_or_none()
        return self._middles[by_ship, is_open]

    def searches(self) -> Iterator[Question]:
        """What people type: whole codes, their beginnings, names common and rare, nonsense."""
        order = self.session.scalars(
            select(Order).where(Order.phase == "done").order_by(Order.id.desc()).offset(20).limit(1)
        ).one()
        parcel = self.session.scalars(select(Parcel.tracking).limit(1)).one()
        first, _, last = order.buyer_name.partition(" ")
        sku, often = self._goods("sku")[0], "Anna Nowak"
        rare = self.session.scalars(select(OrderKey.key).where(OrderKey.key.like("brzecz%"))
                                    .limit(1)).one_or_none() or "brzecz"
        typed = {
            "our number": [str(order.id), f"#{order.id}", str(order.id)[:2], "999999999"],
            "channel's number": [order.external_number, order.external_number[:5],
                                 order.external_number[:2], "1", "a1"],
            "buyer": [often, "Anna", "a", "no", first, last, order.buyer_name, rare, "nowak anna",
                      f"{last} {first}", "Jürgen", "zolk", "Synowie", "anna no", "a n"],
            "e-mail": [order.buyer_email, order.buyer_email[:8], "anna.nowak", "@example.test",
                       "example.test", "an@"],
            "phone": [order.buyer_phone, order.buyer_phone.replace(" ", "")[3:],
                      order.buyer_phone[:7], "600", "500 1"],
            "SKU or EAN": [*self._goods("sku"), sku[:3], sku.lower(), "5901234500002"],
            "tracking": [parcel, parcel[:10], "00000000000000000000"],
            "nothing": ["zzzzzz", "Anna zzzzzz", "???", "anna nowak kraków zzz", "0"],
        }
        for group, texts in typed.items():
            for text in dict.fromkeys(texts):
                yield from self._both_pages(group, (("q", text),), "newest")
                yield from self._both_pages(group, (("q", text),), "oldest")
                yield Question(group, (("q", text), ("queue", "open")))
            for name, value in self._companions():
                yield Question("search and filter", (("q", texts[-1]), (name, value)))
                yield Question("search and filter", (("q", texts[0]), (name, value)))

    def screens(self) -> Iterator[Question]:
        """What is looked at besides the list: the first screen, cards, the palette, the sheet."""
        yield Question("home", address="/")
        yield Question("sheet of filters", address="/orders/filters", is_part=True)
        yield Question("counts of views", address="/orders/views/tabs", is_part=True)
        newest = self.session.scalar(select(func.max(Order.id))) or 0
        for scope in ("open", "all", "pick"):
            yield Question("what is new", (("queue", scope), ("since", str(newest - 40))),
                           address="/orders/news", is_part=True)
        for text in ("anna", "nowak", "anna nowak", "koc", "59012345", str(newest), "zzzz", "dod"):
            yield Question("palette", (("q", text),), address="/find", is_part=True)
        for kind, query in self._kinds_of_cards().items():
            for id_ in self.session.scalars(query.order_by(Order.id.desc()).limit(CARDS)):
                yield Question(f"card: {kind}", address=f"/orders/{id_}")

    def _kinds_of_cards(self) -> dict[str, Select[tuple[int]]]:
        lines = select(OrderLine.order_id).group_by(OrderLine.order_id).having(
            func.count() >= 7).order_by(OrderLine.order_id.desc()).limit(CARDS)
        cases = select(Return.order_id).order_by(Return.id.desc()).limit(CARDS)
        often = select(Order.buyer_key).where(Order.phase == "open").group_by(Order.buyer_key) \
            .order_by(func.count().desc()).limit(CARDS)
        chosen = {queue: select(Order.id).where(Order.queue == queue) for queue in (
            "draft", "verify", "unpaid", "short", "pick", "pack", "courier", "transit", "done",
            "cancelled")}
        return chosen | {
            "many lines": select(Order.id).where(Order.id.in_(lines)),
            "with a case": select(Order.id).where(Order.id.in_(cases)),
            "buyer of many": select(Order.id).where(
                Order.buyer_key.in_(often), Order.phase == "open"),
        }

    def _companions(self) -> Iterator[tuple[str, str]]:
        """For each filter, its first value: what a search is narrowed with."""
        return iter({name: (name, value) for name, value in reversed(self.offered)}.values())

