"""New orders of a page: mapped, verified, reserved, filed and stored in one go.

Everything is decided in memory first (which listing, which hold, which shelf, which queue), then
written with one bulk statement per table, whatever the number of orders.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from oms_connector import Order as SdkOrder
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from oms_web.core.db import upsert
from oms_web.core.errors import OmsError, ShortStock
from oms_web.core.keys import take_keys
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.queries import without_withdrawal
from oms_web.domain.channels import service as channels
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company.models import Company
from oms_web.domain.orders import (
    checks,
    deadlines,
    filing,
    following,
    merging,
    phases,
    refunding,
    reserving,
)
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import (
    ChannelOrder,
    Hold,
    Order,
    OrderLine,
    OrderLinePart,
    OrderLink,
    OrderTag,
    Tag,
)
from oms_web.domain.orders.verification import closing
from oms_web.domain.orders.verification import service as verification
from oms_web.domain.orders.verification.examining import (
    Found,
    Subject,
    examine,
    examine_totals,
    holding,
    is_history,
)
from oms_web.domain.orders.verification.kinds import Levels
from oms_web.domain.payments.models import Payment
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.allocation import Demand, Shelf, Take, allocate
from oms_web.domain.stock.events import StockChanged
from oms_web.domain.stock.models import CUSTOMER
from oms_web.flows.order_in.normalise import Draft

Refused = list[tuple[SdkOrder, OmsError]]


@dataclass(slots=True)
class Planned:
    """A draft with what was decided about it. Takes carry the line's position as demand id."""

    draft: Draft
    flaws: list[checks.Flaw]
    doubts: list[Found]
    takes: list[Take] = field(default_factory=list)
    leaves: list[Take] = field(default_factory=list)
    is_news: bool = False


def accept(
    work: Work, account: ChannelAccount, drafts: Sequence[Draft]
) -> tuple[list[int], Refused]:
    """Store new orders; returns their numbers and the orders that could not be kept."""
    if not drafts:
        return [], []
    parts = _map_lines(work, account, drafts)
    levels = verification.levels(work.session)
    planned, refused = _plan(work, account, drafts, parts, levels)
    if not planned:
        return [], refused
    ids = _store(work, account, planned, parts)
    orders.refile(work, verification.seek_doubles(work, [
        order_id for plan, order_id in zip(planned, ids, strict=True) if plan.is_news], levels))
    touched = {take.variant_id for plan in planned for take in (*plan.takes, *plan.leaves)}
    if touched:
        work.announce(StockChanged(sorted(touched)))
    return ids, refused


def _map_lines(
    work: Work, account: ChannelAccount, drafts: Sequence[Draft]
) -> dict[int, reserving.Parts]:
    """Give every line its listing and variant, and what the law says of withdrawing from it;
    returns what each variant is made of.
    """
    offered = [offer for draft in drafts for offer in draft.offered]
    found = channels.resolve(work, account.id, offered)
    variants = set()
    for draft in drafts:
        for line, offer in zip(draft.lines, draft.offered, strict=True):
            resolved = found[offer.ref]
            line["listing_id"] = resolved.listing_id
            line["variant_id"] = resolved.variant_id
            if resolved.variant_id is not None:
                variants.add(resolved.variant_id)
    reasons = without_withdrawal(work.session, variants)
    for line in (line for draft in drafts for line in draft.lines):
        line["no_withdrawal"] = reasons.get(line["variant_id"] or 0, "")
    return reserving.bundle_parts(work.session, variants)


def _plan(
    work: Work, account: ChannelAccount, drafts: Sequence[Draft],
    parts: Mapping[int, reserving.Parts], levels: Levels,
) -> tuple[list[Planned], Refused]:
    company = work.session.execute(select(Company.payment_hours, Company.cut_off)).one_or_none()
    cut_off = time.fromisoformat(company.cut_off) if company else time(15)
    ranks = reserving.allowed_ranks(work.session, account.id)
    needed = {variant for made_of in parts.values() for variant, _ in made_of}
    shelves = stock.shelves(work.session, needed)
    moves_history = bool(account.settings.get("history_moves_stock"))
    planned: list[Planned] = []
    refused: Refused = []
    for draft in drafts:
        plan = _verify(draft, levels, work.now)
        row = draft.row
        if row["phase"] == phases.OPEN:
            if row["ship_by"] is None:
                row["ship_by"] = deadlines.ship_by(row["placed_at"], account.ship_days, cut_off)
            _reserve(plan, parts, shelves, ranks)
        elif moves_history and _left_from_here(draft):
            try:
                _leave(plan, parts, shelves, ranks)
            except ShortStock as error:
                refused.append((draft.order, error))
                continue
        _file(plan)
        planned.append(plan)
    return planned, refused


def _left_from_here(draft: Draft) -> bool:
    """Whether it was history when it came, and its goods were ours to send."""
    return (draft.row["phase"] in (phases.SHIPPED, phases.DONE)
            and draft.order.fulfilled_by == "seller")


def _verify(draft: Draft, levels: Levels, now: datetime) -> Planned:
    """What is wrong with a draft and what is doubtful; nothing of what is not to be sent by us."""
    history = is_history(draft.row["placed_at"], now)
    if draft.row["phase"] != phases.OPEN:
        over = draft.row["phase"] == phases.CANCELLED and not history
        return Planned(draft, refunding.flaws(draft.row) if over else [], [])
    doubts = examine(Subject.of(draft.row.__getitem__), levels, history=history)
    doubts += examine_totals(draft.stated_total, draft.computed_total, levels)
    flaws = checks.unmapped_flaws(
        [line["title"] for line in draft.lines if line["variant_id"] is None])
    return Planned(draft, [*flaws, *holding(doubts)], doubts, is_news=not history)


def _demands(plan: Planned, parts: Mapping[int, reserving.Parts]) -> list[Demand]:
    return [
        Demand(line["position"], parts[line["variant_id"]], line["quantity"] - line["cancelled"])
        for line in plan.draft.lines
        if line["variant_id"] is not None and line["quantity"] - line["cancelled"] > 0
    ]


def _reserve(
    plan: Planned, parts: Mapping[int, reserving.Parts],
    shelves: Mapping[int, Sequence[Shelf]], ranks: Mapping[int, int],
) -> None:
    plan.takes, served = allocate(_demands(plan, parts), shelves, ranks)
    for line in plan.draft.lines:
        line["reserved"] = served.get(line["position"], 0)


def _leave(
    plan: Planned, parts: Mapping[int, reserving.Parts],
    shelves: Mapping[int, Sequence[Shelf]], ranks: Mapping[int, int],
) -> None:
    """An order that left before we knew it, in a shop whose history moves the stock."""
    demands = _demands(plan, parts)
    takes, served = allocate(demands, shelves, ranks)
    for demand in demands:
        if served.get(demand.id, 0) < demand.quantity:
            _put_back(takes, shelves)
            raise ShortStock(
                "Line %(n)s: %(missing)s units are missing in stock.",
                n=demand.id, missing=demand.quantity - served.get(demand.id, 0),
            )
    plan.leaves = takes


def _put_back(takes: Sequence[Take], shelves: Mapping[int, Sequence[Shelf]]) -> None:
    for take in takes:
        for shelf in shelves[take.variant_id]:
            if shelf.location_id == take.location_id:
                shelf.free += take.quantity


def _file(plan: Planned) -> None:
    row, lines = plan.draft.row, plan.draft.lines
    known = filing.Facts(
        phase=row["phase"], payment_state=row["payment_state"],
        holds=frozenset(flaw.kind for flaw in plan.flaws),
        wanted=sum(line["quantity"] - line["cancelled"] for line in lines),
        reserved=sum(line["reserved"] for line in lines),
        shipped=sum(line["shipped"] for line in lines),
        document_due=row["wants_invoice"],
    )
    row["queue"], row["strip"] = filing.queue(known), filing.strip(known)


def _store(
    work: Work, account: ChannelAccount, planned: Sequence[Planned],
    parts: Mapping[int, reserving.Parts],
) -> list[int]:
    session = work.session
    statuses = {
        phase: orders.first_status(session, phase)
        for phase in {plan.draft.row["phase"] for plan in planned}
    }
    rows = [
        plan.draft.row | {
            "status_id": statuses[plan.draft.row["phase"]],
            "created_at": work.now, "updated_at": work.now,
        }
        for plan in planned
    ]
    ids = _insert(session, Order, rows)
    links = _link(work, account, planned, ids)
    line_ids = _store_lines(session, planned, ids, links, parts)
    _store_money_and_words(work, planned, ids, rows)
    _move_stock(work, account, planned, ids, line_ids)
    orders.shift_tally(session, "queue", [(None, row["queue"]) for row in rows])
    orders.shift_tally(session, "status", [(None, row["status_id"]) for row in rows])
    return ids


def _insert(session: Session, model: type[Any], rows: Sequence[dict[str, Any]]) -> list[int]:
    keys = take_keys(session, model, len(rows))
    session.execute(
        insert(model.__table__),
        [row | {"id": key} for row, key in zip(rows, keys, strict=True)],
    )
    return keys


def _link(
    work: Work, account: ChannelAccount, planned: Sequence[Planned], ids: Sequence[int]
) -> list[int]:
    links = _insert(work.session, ChannelOrder, [
        {"account_id": account.id, "external_id": plan.draft.order.external_id,
         "revision": plan.draft.order.revision[:60], "digest": plan.draft.digest,
         "raw_status": plan.draft.order.raw_status[:60],
         "told": merging.version(plan.draft.row, plan.draft.lines)
         if plan.draft.row["phase"] in following.FOLLOWS else {},
         "first_seen_at": work.now, "seen_at": work.now}
        for plan in planned
    ])
    work.session.execute(insert(OrderLink.__table__), [
        {"order_id": order_id, "channel_order_id": link, "kind": "origin"}
        for order_id, link in zip(ids, links, strict=True)
    ])
    return links


def _store_lines(
    session: Session, planned: Sequence[Planned], ids: Sequence[int], links: Sequence[int],
    parts: Mapping[int, reserving.Parts],
) -> list[dict[int, int]]:
    """Store the lines; per order, position -> line id."""
    rows = [
        line | {"order_id": order_id, "channel_order_id": link}
        for plan, order_id, link in zip(planned, ids, links, strict=True)
        for line in plan.draft.lines
    ]
    by_order: dict[int, dict[int, int]] = defaultdict(dict)
    frozen = []
    for row, line_id in zip(rows, _insert(session, OrderLine, rows), strict=True):
        by_order[row["order_id"]][row["position"]] = line_id
        made_of = parts.get(row["variant_id"], ())
        if len(made_of) > 1 or (made_of and made_of[0] != (row["variant_id"], 1)):
            frozen += [{"line_id": line_id, "variant_id": v, "quantity": q} for v, q in made_of]
    if frozen:
        session.execute(insert(OrderLinePart.__table__), frozen)
    return [by_order[order_id] for order_id in ids]


def _store_money_and_words(
    work: Work, planned: Sequence[Planned], ids: Sequence[int], rows: Sequence[dict[str, Any]]
) -> None:
    session = work.session
    payments, holds, keys, entries = [], [], {}, []
    for plan, order_id, row in zip(planned, ids, rows, strict=True):
        payments += [payment | {"order_id": order_id} for payment in plan.draft.payments]
        holds += [
            {"order_id": order_id, "kind": flaw.kind, "detail": dict(flaw.detail),
             "set_at": work.now, "set_by": work.actor.name}
            for flaw in plan.flaws
        ]
        keys[order_id] = orders.search_keys(row)
        entries.append(audit.entry(
            work, "orders.receive", "order", order_id,
            {"queue": [None, row["queue"]],
             "reserved": [None, sum(line["reserved"] for line in plan.draft.lines)]},
        ))
    if payments:
        session.execute(insert(Payment.__table__), payments)
    if holds:
        session.execute(insert(Hold.__table__), holds)
    closing.write(work, {order_id: plan.doubts
                         for plan, order_id in zip(planned, ids, strict=True)})
    orders.write_keys(session, keys)
    audit.record_many(work, entries)
    _tag(session, planned, ids)


def _tag(session: Session, planned: Sequence[Planned], ids: Sequence[int]) -> None:
    wanted = {tag[:40] for plan in planned for tag in plan.draft.order.tags if tag}
    if not wanted:
        return
    session.execute(
        upsert(session, Tag).on_conflict_do_nothing(), [{"name": name} for name in sorted(wanted)]
    )
    known = {name: id_ for id_, name in session.execute(
        select(Tag.id, Tag.name).where(Tag.name.in_(wanted)))}
    session.execute(insert(OrderTag.__table__), [
        {"tag_id": known[name], "order_id": order_id}
        for plan, order_id in zip(planned, ids, strict=True)
        for name in sorted({tag[:40] for tag in plan.draft.order.tags if tag})
    ])


def _move_stock(
    work: Work, account: ChannelAccount, planned: Sequence[Planned], ids: Sequence[int],
    line_ids: Sequence[dict[int, int]],
) -> None:
    hours = work.session.scalar(select(Company.payment_hours)) or 72
    takes, expires, moves = [], {}, []
    for plan, order_id, lines in zip(planned, ids, line_ids, strict=True):
        row = plan.draft.row
        unpaid = not filing.may_ship(row["payment_state"])
        for take in plan.takes:
            line_id = lines[take.demand_id]
            takes.append(Take(line_id, take.variant_id, take.location_id, take.quantity))
            if unpaid:
                expires[line_id] = row["placed_at"] + timedelta(hours=hours)
        moves += [
            stock.MoveWanted(
                take.variant_id, take.location_id, CUSTOMER, take.quantity,
                f"left:line:{lines[take.demand_id]}:{take.variant_id}:{take.location_id}",
                "sale", order_id=order_id,
            )
            for take in plan.leaves
        ]
    stock.reserve(work, reserving.KIND, takes, expires, announce=False)
    stock.move_units(work, moves, announce=False)
