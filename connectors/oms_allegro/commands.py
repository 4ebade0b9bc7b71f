"""Quantities and prices: commands that Allegro takes in and works on.

A command sets one value for up to a thousand offers, and its id is ours to choose: it is made of
the items' keys, so that the same items sent twice are one command. A quantity must be above zero;
at zero an offer is ended instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid5

from oms_connector import (
    Conflict,
    ItemResult,
    NotFound,
    PriceItem,
    Refused,
    StockItem,
)
from oms_connector.reading import children, value

from oms_allegro import words
from oms_allegro.calls import Api, message_of
from oms_allegro.offers import ended_among
from oms_allegro.reading import text_or_empty

NAMES = UUID("6f0f8a50-3c0c-5f0a-9f3b-0b8f6d3f4c11")
"""The namespace of our command ids (RFC 9562, 5.5)."""
QUANTITY, PRICE, PUBLICATION, OFFER = "quantity", "price", "publication", "offer"
PATHS = {
    QUANTITY: "/sale/offer-quantity-change-commands",
    PRICE: "/sale/offer-price-change-commands",
    PUBLICATION: "/sale/offer-publication-commands",
}
CHUNK = 1000
# Failures of Allegro's own that ask to try again later (github.com/allegro/allegro-api, issues 2027
# and 4857). All others are about the offer.
PASSING = frozenset({"INTERNAL_SERVER_ERROR", "CHANGE_PUBLICATION_STATUS_ERROR"})
# Only these ends may be undone: the others are Allegro's, or the end of a term.
OURS_TO_RESUME = ("EMPTY_STOCK", "USER")

Item = TypeVar("Item", StockItem, PriceItem)


def push_stock(api: Api, items: Sequence[StockItem], *, resume: bool) -> list[ItemResult]:
    """Set quantities; one result per item, in order.

    Args:
        resume: whether offers that were sold out or ended by the seller go back on sale.
    """
    results: dict[int, ItemResult] = {}
    for value_, group in _by_value(items, lambda item: item.quantity).items():
        chosen = [items[place] for place in group]
        results |= zip(group, _quantities(api, value_, chosen, resume), strict=True)
    return [results[place] for place in range(len(items))]


def push_prices(api: Api, items: Sequence[PriceItem]) -> list[ItemResult]:
    """Set prices on the offers' home marketplaces; one result per item, in order."""
    results: dict[int, ItemResult] = {}
    for (price, currency), group in _by_value(
        items, lambda item: (item.price, item.currency.upper())
    ).items():
        chosen = [items[place] for place in group]
        results |= zip(group, _command(api, PRICE, chosen, {"modification": {
            "type": "FIXED_PRICE", "price": {"amount": f"{price:.2f}", "currency": currency},
        }}), strict=True)
    return [results[place] for place in range(len(items))]


def results(api: Api, handle: str) -> Mapping[str, ItemResult] | None:
    """What became of a command, by offer; None while Allegro works on it.

    Empty when Allegro does not know the command: it never arrived.
    """
    kind, _, name = handle.partition("/")
    if kind == OFFER:
        return _resumed(api, name)
    try:
        tasks = _tasks(api, f"{PATHS[kind]}/{name}")
    except NotFound:
        return {}
    if tasks is None or any(value(task, "status") == "NEW" for task in tasks):
        return None
    found = {str(value(task, "offer", "id")): _result(task) for task in tasks}
    if kind == PUBLICATION:
        found |= _ended_already(api, found)
    return found


def _quantities(
    api: Api, quantity: int, items: Sequence[StockItem], resume: bool
) -> list[ItemResult]:
    if not isinstance(quantity, int) or quantity < 0:
        return [ItemResult("rejected", words.NO_QUANTITY, field="quantity")] * len(items)
    if quantity == 0:
        return _command(api, PUBLICATION, items, {"publication": {"action": "END"}})
    refs = list(dict.fromkeys(item.offer_ref for item in items))
    ended = ended_among(api, refs) if resume else set()
    back = {ref: answer for ref in refs
            if ref in ended and (answer := _resume(api, ref, quantity)) is not None}
    rest = [item for item in items if item.offer_ref not in back]
    sent = iter(_command(api, QUANTITY, rest, {
        "modification": {"changeType": "FIXED", "value": quantity},
    }))
    return [back[item.offer_ref] if item.offer_ref in back else next(sent) for item in items]


def _command(
    api: Api, kind: str, items: Sequence[Item], body: Mapping[str, Any]
) -> list[ItemResult]:
    done: list[ItemResult] = []
    for start in range(0, len(items), CHUNK):
        done += _send(api, kind, items[start:start + CHUNK], body)
    return done


def _send(
    api: Api, kind: str, items: Sequence[Item], body: Mapping[str, Any]
) -> list[ItemResult]:
    name = command_id(kind, [item.key for item in items])
    offers = [{"id": ref} for ref in dict.fromkeys(item.offer_ref for item in items)]
    criteria = [{"type": "CONTAINS_OFFERS", "offers": offers}]
    try:
        api.send("PUT", f"{PATHS[kind]}/{name}", {**body, "offerCriteria": criteria}, "id",
                 bucket=kind, cost=len(offers))
    except Conflict:
        pass  # the id is used already: it is this very command, sent before
    except Refused as refused:
        answer = ItemResult("rejected", str(refused), refused.code, field=refused.field)
        return [answer] * len(items)
    return [ItemResult("accepted", handle=f"{kind}/{name}")] * len(items)


def command_id(kind: str, keys: Sequence[str]) -> str:
    """The id of the command that sends the items with these keys."""
    return str(uuid5(NAMES, "\n".join([kind, *sorted(keys)])))


def _tasks(api: Api, path: str) -> list[Any] | None:
    """The tasks of a command; None when there are none yet."""
    tasks = children(api.get(f"{path}/tasks", "tasks", params={"limit": CHUNK}), "tasks")
    if not tasks and not value(api.get(path), "completedAt"):
        return None
    return list(tasks)


def _result(task: Any) -> ItemResult:
    if value(task, "status") == "SUCCESS":
        return ItemResult("applied")
    errors = children(task, "errors")
    first = errors[0] if errors else {}
    message = message_of(first) or text_or_empty(task, "message") or words.NO_TASK
    code = text_or_empty(first, "code")
    field = text_or_empty(first, "path") or text_or_empty(task, "field")
    return ItemResult("retry" if code in PASSING else "rejected", message[:500], code, field=field)


def _ended_already(api: Api, found: Mapping[str, ItemResult]) -> dict[str, ItemResult]:
    """Of the offers that could not be ended, those that are not on sale: that is what we want."""
    failed = [ref for ref, answer in found.items() if answer.outcome != "applied"]
    return dict.fromkeys(ended_among(api, failed), ItemResult("applied")) if failed else {}


def _resume(api: Api, ref: str, quantity: int) -> ItemResult | None:
    """Put an ended offer back on sale; None when it did not end in a way that we may undo."""
    try:
        publication = value(api.get(f"/sale/product-offers/{ref}"), "publication")
        if value(publication, "endedBy") not in OURS_TO_RESUME:
            return None
        api.send("PATCH", f"/sale/product-offers/{ref}", {
            "stock": {"available": quantity}, "publication": {"status": "ACTIVE"},
        })
    except Refused as refused:
        return ItemResult("rejected", str(refused), refused.code, field=refused.field)
    return ItemResult("accepted", handle=f"{OFFER}/{ref}")


def _resumed(api: Api, ref: str) -> Mapping[str, ItemResult] | None:
    try:
        status = value(api.get(f"/sale/product-offers/{ref}"), "publication", "status")
    except NotFound:
        return {}
    if status == "ACTIVATING":
        return None
    return {ref: ItemResult("applied") if status == "ACTIVE" else
            ItemResult("rejected", words.STILL_ENDED)}


def _by_value(items: Sequence[Item], of: Callable[[Item], Any]) -> dict[Any, list[int]]:
    """The places of items by what they are to be set to."""
    groups: dict[Any, list[int]] = {}
    for place, item in enumerate(items):
        groups.setdefault(of(item), []).append(place)
    return groups
