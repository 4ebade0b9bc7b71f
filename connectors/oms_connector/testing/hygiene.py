"""Checks 28-34, 50 and 51: requests by the book, no way around the engine, nothing said aloud."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints

from oms_connector import (
    API,
    Capabilities,
    CarriesParcels,
    Field,
    KeepsBooks,
    Limit,
    Manifest,
    Order,
    PullsOrders,
    Response,
    wire,
)
from oms_connector.testing import golden, importing
from oms_connector.testing.bench import Bench, listening
from oms_connector.testing.deeds import everything
from oms_connector.testing.facts import Basket, Request
from oms_connector.testing.faults import PAGE, Answer
from oms_connector.testing.papers import BUYER
from oms_connector.testing.parcels import new_booking_key
from oms_connector.testing.promise import keeps
from oms_connector.testing.reading import Shelf, read
from oms_connector.testing.shape import is_amount, wrong
from oms_connector.testing.verdict import Broken, must, not_applicable

SUNSET = timedelta(days=90)
MISSES = frozenset({"payment", "shipment", "refund", "return", "note", "all"})


class Hygiene:
    """What has little to do with orders and costs most when it is missing."""

    @keeps(28, "every request is as the vendor's specification wants it", "gold", vital=True)
    def test_28_specification(self, bench: Bench) -> None:
        """Calls of every kind, held against it one by one."""
        bench.standin.violations(Request("GET", "https://channel.example/", {}),
                                 Response(200, {}, b""))  # ends here if nobody looks
        bench.line.looks = True
        for _, do in everything(bench):
            bench.call(do)
        for call in bench.line.calls:
            must(not call.violations, f"{call.request.method} {call.request.path}: "
                 f"{'; '.join(call.violations)}")

    @keeps(29, "no socket, no sleep, no thread: everything goes through context.http", "bronze")
    def test_29_no_way_around(self, bench: Bench) -> None:
        """What was tried counts, even if the connector got over it."""
        for _, do in everything(bench):
            bench.call(do)
        must(not bench.guard.tried, f"it tried to use {', '.join(sorted(set(bench.guard.tried)))}")

    @keeps(30, "no secret and nothing about a buyer in logs and errors", "silver")
    def test_30_nothing_aloud(self, bench: Bench) -> None:
        """Even where the channel repeats them in its own errors."""
        told = _private(bench)
        bench.settle()
        with listening() as ear:
            for _, do in everything(bench):
                bench.call(do)
            for body, status, kind in ((told.encode(), 500, "text/plain"),
                                       (PAGE + told.encode(), 200, "text/html")):
                self._grumbling(bench, Response(status, {"content-type": kind}, body))
        said = [*ear.lines, *(text for error in bench.errors for text in _texts(error))]
        for text in set(filter(None, told.split("\n"))):
            must(not any(text in line for line in said),
                 f"{text[:3]}... ({len(text)} letters) is in a log line or an error")

    def _grumbling(self, bench: Bench, response: Response) -> None:
        def strike(request: Request, answer: Answer) -> Response:
            return response

        for _, do in everything(bench):
            bench.line.every = strike
            try:
                bench.call(do)
            except Exception:  # noqa: S112 - it is kept with all errors, and looked at below
                continue
            finally:
                bench.line.every = None

    @keeps(31, "amounts come through to the grosz, as Decimal", "bronze")
    def test_31_money(self, bench: Bench) -> None:
        """0.1 + 0.2 is 0.3."""
        bench.needs(PullsOrders)
        refs = [ref for lines, quantity in ((1, 1), (1, 3), (2, 7), (3, 1))
                for ref in bench.standin.place(Basket(lines=lines, quantity=quantity))]
        bench.settle()
        shelf = Shelf(read(bench, limit=10).items)
        for ref in refs:
            order, true = shelf.order(ref), bench.standin.truth(ref)
            must(order.total is None or (is_amount(order.total) and order.total == true.total),
                 f"a total of {true.total} became {order.total!r}")
            must(order.currency == true.currency, f"{true.currency} became {order.currency!r}")
            for line in order.lines:
                price = true.prices.get(line.line_ref, line.unit_price)
                must(is_amount(line.unit_price) and line.unit_price == price,
                     f"a price of {price} became {line.unit_price!r}")
            if order.prices_include_tax:
                total = sum((line.unit_price * line.quantity for line in order.lines),
                            order.shipping - order.discount)
                must(total == true.total, f"lines, shipping and discount make {total}, the order "
                     f"is {true.total}")

    @keeps(32, "importing it does nothing", "bronze")
    def test_32_import(self, bench: Bench) -> None:
        """The app imports every connector that is installed, used or not."""
        done = importing.side_effects(bench.kind.ours or bench.kind_of_connector.__module__)
        must(not done, f"importing it {'; '.join(done)}")

    @keeps(33, "the manifest is complete and true", "bronze")
    def test_33_manifest(self, bench: Bench) -> None:
        """Ninety days before the interface ends there is a warning."""
        manifest = bench.kind_of_connector.manifest
        complaints = list(manifest_complaints(manifest))
        must(not complaints, "; ".join(complaints))
        known = {field.name for field in manifest.settings}
        given = set(bench.standin.settings)
        must(given <= known, f"settings that are not in the form: {sorted(given - known)}")
        lacking = {field.name for field in manifest.settings
                   if field.required and not field.secret} - given
        must(not lacking, f"required settings that the stand-in does without: {sorted(lacking)}")
        if manifest.sunset:
            left = manifest.sunset - datetime.now(UTC).date()
            must(left > timedelta(0), f"the interface ended on {manifest.sunset}")
            if left <= SUNSET:
                warnings.warn(f"{manifest.name}: the interface ends in {left.days} days, on "
                              f"{manifest.sunset}", stacklevel=2)

    @keeps(34, "every sample becomes the order that was written down for it", "gold", vital=True)
    def test_34_samples(self, bench: Bench) -> None:
        """A change of the mapping shows as a change of these files."""
        folder = bench.standin.samples
        if folder is None:
            not_applicable("the stand-in has no samples")
        assert folder is not None
        pairs = list(golden.pairs(folder))
        must(pairs, "the folder of samples is empty")
        for name, document, expected in pairs:
            got = golden.document(bench.standin.read_sample(document))
            must(expected is not None, f"{name}: nothing is written down for it; it becomes\n"
                 f"{golden.text(got)}")
            must(got == expected, f"{name}: {golden.difference(expected, got)}")

    @keeps(50, "what it returns is in the SDK's form", "bronze")
    def test_50_form(self, bench: Bench) -> None:
        """Texts are texts, moments know their zone, lines can be told apart."""
        bench.needs(PullsOrders)
        for payment in ("paid", "unpaid", "cod"):
            bench.standin.place(Basket(payment=payment, lines=3))
        bench.settle()
        for item in read(bench, limit=10).items:
            must(isinstance(item, Order), f"not understood: {getattr(item, 'reason', item)}")
            must(not wrong(item), f"order {item.external_id}: {wrong(item)}")
            must(item.lines, f"order {item.external_id} has no lines")


    @keeps(51, "what it returns can be handed to another process", "bronze")
    def test_51_handing_over(self, bench: Bench) -> None:
        """The app runs connectors in processes of their own; see ``oms_connector.wire``."""
        for name, do in everything(bench):
            got = bench.call(do)
            try:
                wire.dumps(got)
            except wire.WireError as error:
                raise Broken(f"{name} returns {type(got).__name__}: {error}") from error


def manifest_complaints(manifest: Manifest) -> Iterator[str]:
    """What is wrong with a manifest."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", manifest.key):
        yield f"key {manifest.key!r} is not lower case"
    if not re.fullmatch(r"\w{2}", manifest.letters) or not 0 <= manifest.hue < 360:
        yield f"letters must be two, hue an angle: {manifest.letters!r}, {manifest.hue}"
    if not manifest.name or not manifest.version:
        yield "no name or no version"
    if manifest.api[0] != API[0] or manifest.api > API:
        yield f"it is made for SDK {manifest.api}, this is {API}"
    names = [field.name for field in manifest.settings]
    if len(set(names)) < len(names):
        yield f"two settings of one name: {names}"
    for field in manifest.settings:
        yield from _field_complaints(field)
    yield from _number_complaints(manifest.capabilities)
    yield from _limit_complaints(manifest.limits)


def _field_complaints(field: Field) -> Iterator[str]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", field.name) or not field.label:
        yield f"setting {field.name!r} has no proper name or no label"
    if field.kind not in get_args(get_type_hints(Field)["kind"]):
        yield f"setting {field.name!r} is of kind {field.kind!r}"
    if (field.kind == "choice") != bool(field.choices):
        yield f"setting {field.name!r}: choices belong to a choice"


def _limit_complaints(limits: Sequence[Limit]) -> Iterator[str]:
    for limit in limits:
        if limit.per_second <= 0 or limit.burst <= 0:
            yield f"a limit that lets nothing through: {limit}"
        if limit.scope not in get_args(get_type_hints(Limit)["scope"]):
            yield f"scope {limit.scope!r} of a limit"


def _number_complaints(numbers: Capabilities) -> Iterator[str]:
    for name in ("min_poll_s", "page_max", "stock_batch", "price_batch", "track_batch"):
        if getattr(numbers, name) < 1:
            yield f"{name} is {getattr(numbers, name)}"
    if numbers.settle_lag_s < 0 or (numbers.history_days is not None and numbers.history_days < 1):
        yield "settle_lag_s or history_days is no span of time"
    if numbers.stock_shape not in get_args(get_type_hints(Capabilities)["stock_shape"]):
        yield f"stock_shape is {numbers.stock_shape!r}"
    if not numbers.updated_misses <= MISSES:
        yield f"updated_misses has {sorted(numbers.updated_misses - MISSES)}"


def _private(bench: Bench) -> str:
    """Secrets, and what is known of buyers, one a line."""
    found = [value for value in {**bench.standin.secrets, **bench.secrets}.values()
             if len(value) >= 8]
    if bench.can(PullsOrders):
        [ref] = bench.standin.place(Basket())
        found += bench.standin.truth(ref).private
    if bench.can(CarriesParcels):
        receiver = bench.standin.booking(new_booking_key()).receiver
        found += [receiver.name, receiver.street, receiver.phone, receiver.email]
    if bench.can(KeepsBooks):
        who = BUYER.address
        found += [who.name, who.company, who.street, who.email, BUYER.tax_id]
    return "\n".join(found)


def _texts(error: BaseException) -> Iterator[str]:
    """Everything that a traceback would say of an error and of what it came from."""
    seen: list[Any] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        yield f"{one} {one!r} {getattr(one, '__notes__', '')}"
        todo += [one.__cause__, one.__context__]
