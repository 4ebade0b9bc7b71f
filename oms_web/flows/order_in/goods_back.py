"""Returns and write-offs that a channel or a file reports: goods come back, or are gone.

As with new orders, everything is decided in memory first and written with one bulk statement per
table. Returns go before write-offs: what came back can be written off in the same page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oms_connector import Order as SdkOrder
from sqlalchemy import insert, select

from oms_web.core.errors import Invalid, NotFound, OmsError, ShortStock
from oms_web.core.keys import take_keys
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels import service as channels
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import phases, reserving
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLink
from oms_web.domain.returns import service as cases
from oms_web.domain.returns import tracks
from oms_web.domain.returns.kinds import RETURN
from oms_web.domain.returns.models import Return, ReturnLine
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.allocation import Shelf, Take
from oms_web.domain.stock.models import CUSTOMER, SCRAP, StockDocument, StockDocumentLine
from oms_web.flows.order_in.normalise import Draft

Refused = list[tuple[SdkOrder, OmsError]]


def take_back(work: Work, account: ChannelAccount, drafts: Sequence[Draft]) -> Refused:
    """Store returns and write-offs, each with its moves; returns those that cannot be kept.

    Each record stands alone: one that cannot be kept leaves no trace.
    """
    if not drafts:
        return []
    parts = _map_lines(work, account, drafts)
    mapped, refused = _mapped(drafts)
    returns = [draft for draft in mapped if draft.order.kind == "return"]
    try:
        place = stock.default_bin(
            work.session, sellable=bool(account.settings.get("history_moves_stock"))
        )
    except NotFound as error:
        return refused + [(draft.order, error) for draft in mapped]
    _store_returns(work, account, returns, parts, place)
    gone, short = _write_offs(
        work, [draft for draft in mapped if draft.order.kind != "return"], parts
    )
    _store_write_offs(work, gone)
    _link(work, account, [*returns, *(each.draft for each in gone)])
    return refused + short


def _map_lines(
    work: Work, account: ChannelAccount, drafts: Sequence[Draft]
) -> dict[int, reserving.Parts]:
    offered = [offer for draft in drafts for offer in draft.offered]
    found = channels.resolve(work, account.id, offered)
    for draft in drafts:
        for line, offer in zip(draft.lines, draft.offered, strict=True):
            line["listing_id"] = found[offer.ref].listing_id
            line["variant_id"] = found[offer.ref].variant_id
    return reserving.bundle_parts(work.session, {
        line["variant_id"] for draft in drafts for line in draft.lines
        if line["variant_id"] is not None
    })


def _mapped(drafts: Sequence[Draft]) -> tuple[list[Draft], Refused]:
    good: list[Draft] = []
    refused: Refused = []
    for draft in drafts:
        unmapped = [line["title"] for line in draft.lines if line["variant_id"] is None]
        if unmapped:
            refused.append((draft.order, Invalid(
                "No product is linked to: %(titles)s", "sku", titles=", ".join(unmapped[:3])
            )))
        else:
            good.append(draft)
    return good, refused


def _link(work: Work, account: ChannelAccount, drafts: Sequence[Draft]) -> None:
    """Remember the channel's ids: they are never taken in again."""
    keys = take_keys(work.session, ChannelOrder, len(drafts))
    if drafts:
        work.session.execute(insert(ChannelOrder.__table__), [
            {"id": key, "account_id": account.id, "external_id": draft.order.external_id,
             "revision": draft.order.revision[:60], "digest": draft.digest,
             "raw_status": draft.order.raw_status[:60], "first_seen_at": work.now,
             "seen_at": work.now}
            for key, draft in zip(keys, drafts, strict=True)
        ])


def _store_returns(
    work: Work, account: ChannelAccount, drafts: Sequence[Draft],
    parts: Mapping[int, reserving.Parts], place: int,
) -> None:
    """Goods go to the shelf at once where history is told, else to where they are judged.

    What the channel fulfilled goes back to its own warehouse, and moves nothing here.
    """
    if not drafts:
        return
    orders = _orders_of(work, account.id, {draft.order.returns_ref for draft in drafts})
    ids = take_keys(work.session, Return, len(drafts))
    history = bool(account.settings.get("history_moves_stock"))
    numbers = cases.take_numbers(work, RETURN, len(drafts))
    work.session.execute(insert(Return.__table__), [
        {"id": id_, "account_id": account.id, "external_id": draft.order.external_id,
         "number": number, "kind": RETURN, "source": "file",
         "phase": tracks.CLOSED if history else tracks.NEW,
         "goods": tracks.JUDGED if _comes_here(draft) else tracks.GOODS_NONE,
         "closed_at": work.now if history else None,
         "order_id": orders.get(draft.order.returns_ref),
         "buyer_name": draft.row["buyer_name"], "buyer_key": draft.row["buyer_key"],
         "reason": draft.order.reason[:200], "currency": draft.row["currency"],
         "total": draft.row["total"], "received_at": draft.order.placed_at,
         "created_at": work.now}
        for id_, number, draft in zip(ids, numbers, drafts, strict=True)
    ])
    named = list(zip(ids, drafts, strict=True))
    lines = [
        {"return_id": id_, "variant_id": line["variant_id"],
         "location_id": place if _comes_here(draft) else None,
         "arrived": line["quantity"] if _comes_here(draft) else 0,
         **{name: line[name] for name in ("sku", "title", "quantity", "unit_price", "total")}}
        for id_, draft in named for line in draft.lines
    ]
    work.session.execute(insert(ReturnLine.__table__), lines)
    stock.move_units(work, [
        stock.MoveWanted(variant, CUSTOMER, place, line["quantity"] * per_unit,
                         f"return:{id_}:{line['position']}:{variant}", "return",
                         order_id=orders.get(draft.order.returns_ref))
        for id_, draft in named if _comes_here(draft) for line in draft.lines
        for variant, per_unit in parts[line["variant_id"]]
    ])
    audit.record_many(work, [
        audit.entry(work, "returns.receive", "return", id_, {"units": [None, draft.row["units"]]},
                    order_id=orders.get(draft.order.returns_ref))
        for id_, draft in named
    ])


def _comes_here(draft: Draft) -> bool:
    return draft.order.fulfilled_by == "seller"


def _orders_of(work: Work, account_id: int, external_ids: set[str]) -> dict[str, int]:
    """Our orders for a channel's order ids: of a split one a part that has left, the first one."""
    if not external_ids - {""}:
        return {}
    found: dict[str, int] = {}
    for external_id, order_id in work.session.execute(
        select(ChannelOrder.external_id, Order.id)
        .join(OrderLink, ChannelOrder.id == OrderLink.channel_order_id)
        .join(Order, Order.id == OrderLink.order_id)
        .where(ChannelOrder.account_id == account_id, ChannelOrder.external_id.in_(external_ids))
        .order_by(Order.phase.not_in((phases.SHIPPED, phases.DONE)), Order.id)
    ):
        found.setdefault(external_id, order_id)
    return found


@dataclass(slots=True)
class _WriteOff:
    """A record with the units it takes. Takes carry the line's position as demand id."""

    draft: Draft
    takes: list[Take] = field(default_factory=list)


def _write_offs(
    work: Work, drafts: Sequence[Draft], parts: Mapping[int, reserving.Parts]
) -> tuple[list[_WriteOff], Refused]:
    """Free units by walking order for each record; never ones promised to a buyer."""
    shelves = stock.shelves(work.session, {
        variant for draft in drafts for line in draft.lines
        for variant, _ in parts[line["variant_id"]]
    })
    planned: list[_WriteOff] = []
    refused: Refused = []
    for draft in drafts:
        plan = _WriteOff(draft)
        try:
            for line in draft.lines:
                for variant, per_unit in parts[line["variant_id"]]:
                    _take(plan, line, variant, line["quantity"] * per_unit,
                          shelves.get(variant, ()))
        except ShortStock as error:
            _put_back(plan, shelves)
            refused.append((draft.order, error))
        else:
            planned.append(plan)
    return planned, refused


def _take(
    plan: _WriteOff, line: Mapping[str, Any], variant: int, units: int, shelves: Sequence[Shelf]
) -> None:
    for shelf in shelves:
        some = min(units, shelf.free)
        if some:
            shelf.free -= some
            units -= some
            plan.takes.append(Take(line["position"], variant, shelf.location_id, some))
    if units:
        raise ShortStock("%(sku)s: %(missing)s units are missing in stock.",
                         sku=line["sku"], missing=units)


def _put_back(plan: _WriteOff, shelves: Mapping[int, Sequence[Shelf]]) -> None:
    for take in plan.takes:
        for shelf in shelves[take.variant_id]:
            if shelf.location_id == take.location_id:
                shelf.free += take.quantity


def _store_write_offs(work: Work, planned: Sequence[_WriteOff]) -> None:
    if not planned:
        return
    warehouse_id = _first_warehouse(work)
    ids = take_keys(work.session, StockDocument, len(planned))
    named = list(zip(ids, planned, strict=True))
    work.session.execute(insert(StockDocument.__table__), [
        {"id": id_, "kind": "correction", "state": "posted", "warehouse_id": warehouse_id,
         "reference": plan.draft.order.external_id,
         "reason": plan.draft.order.reason[:40] or "write_off", "created_by": work.actor.name,
         "created_at": work.now, "posted_at": work.now}
        for id_, plan in named
    ])
    stock.move_units(work, [
        stock.MoveWanted(
            take.variant_id, take.location_id, SCRAP, take.quantity,
            f"write_off:{id_}:{take.demand_id}:{take.variant_id}:{take.location_id}",
            "write_off", document_id=id_,
        )
        for id_, plan in named for take in plan.takes
    ])
    work.session.execute(insert(StockDocumentLine.__table__), [
        line for id_, plan in named for line in _document_lines(id_, plan.takes)
    ])
    audit.record_many(work, [
        audit.entry(work, "stock.write_off", "stock_document", id_,
                    {"units": [None, sum(take.quantity for take in plan.takes)]})
        for id_, plan in named
    ])


def _document_lines(document_id: int, takes: Sequence[Take]) -> list[dict[str, Any]]:
    summed: dict[tuple[int, int], int] = {}
    for take in takes:
        key = take.variant_id, take.location_id
        summed[key] = summed.get(key, 0) - take.quantity
    return [
        {"document_id": document_id, "variant_id": variant, "location_id": place,
         "quantity": units, "done": units}
        for (variant, place), units in summed.items()
    ]


def _first_warehouse(work: Work) -> int:
    ranks = stock.warehouse_ranks(work.session)
    if not ranks:
        raise Invalid("There is no warehouse yet. Add one first.")
    return min(ranks, key=lambda warehouse: (ranks[warehouse], warehouse))
