"""Returns and write-offs that a channel or a file reports: goods come back, or are gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oms_connector import Order as SdkOrder
from sqlalchemy import insert, select

from oms_web.core.errors import Invalid, OmsError, ShortStock
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels import service as channels
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import reserving
from oms_web.domain.orders.models import ChannelOrder, OrderLink
from oms_web.domain.returns.models import Return, ReturnLine
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import CUSTOMER, SCRAP, StockDocument, StockDocumentLine
from oms_web.flows.order_in.normalise import Draft


def take_back(
    work: Work, account: ChannelAccount, drafts: Sequence[Draft]
) -> list[tuple[SdkOrder, OmsError]]:
    """Store returns and write-offs, each with its moves; returns those that cannot be kept.

    Each record stands alone: one that cannot be kept leaves no trace (savepoint).
    """
    refused: list[tuple[SdkOrder, OmsError]] = []
    if not drafts:
        return refused
    offered = [offer for draft in drafts for offer in draft.offered]
    found = channels.resolve(work, account.id, offered)
    for draft in drafts:
        for line, offer in zip(draft.lines, draft.offered, strict=True):
            line["listing_id"] = found[offer.ref].listing_id
            line["variant_id"] = found[offer.ref].variant_id
        try:
            with work.session.begin_nested():
                _store(work, account, draft)
        except OmsError as error:
            refused.append((draft.order, error))
    return refused


def _store(work: Work, account: ChannelAccount, draft: Draft) -> None:
    unmapped = [line["title"] for line in draft.lines if line["variant_id"] is None]
    if unmapped:
        raise Invalid("No product is linked to: %(titles)s", "sku", titles=", ".join(unmapped[:3]))
    row = ChannelOrder(
        account_id=account.id, external_id=draft.order.external_id,
        revision=draft.order.revision[:60], digest=draft.digest,
        raw_status=draft.order.raw_status[:60], first_seen_at=work.now, seen_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    if draft.order.kind == "return":
        _store_return(work, account, draft)
    else:
        _store_write_off(work, draft)


def _parts(work: Work, draft: Draft) -> dict[int, reserving.Parts]:
    return reserving.bundle_parts(work.session, {line["variant_id"] for line in draft.lines})


def _store_return(work: Work, account: ChannelAccount, draft: Draft) -> None:
    session, source = work.session, draft.order
    history = bool(account.settings.get("history_moves_stock"))
    place = stock.default_bin(session, sellable=history)
    row = Return(
        account_id=account.id, external_id=source.external_id,
        order_id=_order_of(work, account.id, source.returns_ref), state="received",
        buyer_name=draft.row["buyer_name"], buyer_key=draft.row["buyer_key"],
        reason=source.reason[:200], currency=draft.row["currency"], total=draft.row["total"],
        received_at=source.placed_at, created_at=work.now,
    )
    session.add(row)
    session.flush()
    session.execute(insert(ReturnLine), [
        {"return_id": row.id, "variant_id": line["variant_id"], "location_id": place,
         **_priced(line)}
        for line in draft.lines
    ])
    parts = _parts(work, draft)
    stock.move_units(work, [
        stock.MoveWanted(variant, CUSTOMER, place, line["quantity"] * per_unit,
                         f"return:{row.id}:{line['position']}:{variant}", "return",
                         order_id=row.order_id)
        for line in draft.lines for variant, per_unit in parts[line["variant_id"]]
    ])
    audit.record(work, "returns.receive", "return", row.id,
                 {"units": [None, draft.row["units"]]}, order_id=row.order_id)


def _priced(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("sku", "title", "quantity", "unit_price", "total")}


def _order_of(work: Work, account_id: int, external_id: str) -> int | None:
    """Our order for a channel's order id, if it is known and stands for one order only."""
    if not external_id:
        return None
    ids = work.session.scalars(
        select(OrderLink.order_id)
        .join(ChannelOrder, ChannelOrder.id == OrderLink.channel_order_id)
        .where(ChannelOrder.account_id == account_id, ChannelOrder.external_id == external_id)
    ).all()
    return ids[0] if len(ids) == 1 else None


def _store_write_off(work: Work, draft: Draft) -> None:
    """Units that are gone: free ones first by walking order; never ones promised to a buyer."""
    session = work.session
    parts = _parts(work, draft)
    shelves = stock.shelves(session, {v for made in parts.values() for v, _ in made})
    document = StockDocument(
        kind="correction", state="posted", warehouse_id=_first_warehouse(work),
        reference=draft.order.external_id, reason=draft.order.reason[:40] or "write_off",
        created_by=work.actor.name, created_at=work.now, posted_at=work.now,
    )
    session.add(document)
    session.flush()
    moves = []
    for line in draft.lines:
        for variant, per_unit in parts[line["variant_id"]]:
            left = line["quantity"] * per_unit
            for shelf in shelves.get(variant, ()):
                some = min(left, shelf.free)
                if some:
                    shelf.free -= some
                    left -= some
                    moves.append(stock.MoveWanted(
                        variant, shelf.location_id, SCRAP, some,
                        f"write_off:{document.id}:{line['position']}:{variant}:"
                        f"{shelf.location_id}",
                        "write_off", document_id=document.id,
                    ))
            if left:
                raise ShortStock("%(sku)s: %(missing)s units are missing in stock.",
                                 sku=line["sku"], missing=left)
    stock.move_units(work, moves)
    session.execute(insert(StockDocumentLine), _document_lines(document.id, moves))
    audit.record(work, "stock.write_off", "stock_document", document.id,
                 {"units": [None, sum(move.quantity for move in moves)]})


def _document_lines(
    document_id: int, moves: Sequence[stock.MoveWanted]
) -> list[dict[str, Any]]:
    summed: dict[tuple[int, int], int] = {}
    for move in moves:
        key = move.variant_id, move.from_id
        summed[key] = summed.get(key, 0) - move.quantity
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
