"""Sending as the engine sends: batches of the channel's shape, later answers asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import Any, get_args, get_type_hints

from oms_connector import AnswersLater, ItemResult, PriceItem, StockItem
from oms_connector.testing.bench import Bench
from oms_connector.testing.verdict import must

OUTCOMES = frozenset(get_args(get_type_hints(ItemResult)["outcome"]))
MOST_ASKING = 50


def batches(bench: Bench, items: Sequence[StockItem]) -> list[list[StockItem]]:
    """Items in calls as the manifest wants them."""
    capabilities = bench.kind_of_connector.manifest.capabilities
    alike: dict[Any, list[StockItem]] = {}
    for item in items:
        key = {"per_item": None, "same_value": item.quantity,
               "one_sku": item.sku}[capabilities.stock_shape]
        alike.setdefault(key, []).append(item)
    size = capabilities.stock_batch
    return [group[start:start + size] for group in alike.values()
            for start in range(0, len(group), size)]


def push_stock(bench: Bench, items: Sequence[StockItem]) -> list[ItemResult]:
    """What became of each item in the end, in the order of the items."""
    ends: dict[str, ItemResult] = {}
    for batch in batches(bench, items):
        ends |= zip([item.key for item in batch],
                    final(bench, batch, methodcaller("push_stock", batch)), strict=True)
    return [ends[item.key] for item in items]


def push_prices(bench: Bench, items: Sequence[PriceItem]) -> list[ItemResult]:
    """What became of each price in the end."""
    size = bench.kind_of_connector.manifest.capabilities.price_batch
    ends: list[ItemResult] = []
    for start in range(0, len(items), size):
        batch = items[start:start + size]
        ends += final(bench, batch, methodcaller("push_prices", batch))
    return ends


def final(bench: Bench, batch: Sequence[StockItem | PriceItem], send: Callable[[Any], Any]
          ) -> list[ItemResult]:
    """The outcomes of one call, with what came later in the place of "accepted".

    Raises:
        Broken: not one result for each item.
    """
    results = list(bench.call(send))
    must(len(results) == len(batch), f"{len(results)} results for {len(batch)} items")
    odd = [one for one in results if not isinstance(one, ItemResult) or one.outcome not in OUTCOMES]
    must(not odd, f"no results: {odd}")
    waiting = {one.handle for one in results if one.outcome == "accepted"}
    must(not waiting or bench.can(AnswersLater), "accepted, and nobody can be asked what became")
    must("" not in waiting, "accepted without a handle")
    bench.standin.finish_pushes()
    told = {handle: ask(bench, handle) for handle in waiting}
    return [told[one.handle].get(item.offer_ref, ItemResult("unknown", "nothing came of it"))
            if one.outcome == "accepted" else one
            for item, one in zip(batch, results, strict=True)]


def ask(bench: Bench, handle: str) -> dict[str, ItemResult]:
    """What became of a push, once the channel has worked on it."""
    for _ in range(MOST_ASKING):
        found = bench.call(lambda connector: connector.results(handle))
        if found is not None:
            return dict(found)
        bench.clock.forward(10)
    must(False, "the channel has finished its work, and the connector says it has not")
    return {}
