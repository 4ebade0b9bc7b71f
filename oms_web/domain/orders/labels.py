"""The seller's own words on orders: statuses pinned to a phase, and tags. No code goes by them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from oms_web.core.db import rows_changed
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Order, OrderTag, Status, Tag

FIELDS = ("name", "buyer_name", "buyer_name_en", "group", "color", "phase")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def statuses(session: Session, *, archived: bool = False) -> list[Status]:
    """The statuses in the seller's order, phase by phase; archived ones last, if asked for."""
    query = select(Status).order_by(Status.position, Status.id)
    if not archived:
        query = query.where(Status.archived_at.is_(None))
    rank = {phase: n for n, phase in enumerate(phases.PHASES)}
    return sorted(session.scalars(query), key=lambda s: (s.archived_at is not None,
                                                         rank.get(s.phase, 99)))


def get_status(session: Session, status_id: int) -> Status:
    """A status.

    Raises:
        NotFound: there is none.
    """
    status = session.get(Status, status_id)
    if status is None:
        raise NotFound("There is no such status.")
    return status


def create_status(work: Work, values: Mapping[str, Any]) -> Status:
    """Add a status at the end of its phase.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    clean = _checked(work.session, values, None)
    last = work.session.scalar(select(func.max(Status.position)))
    status = Status(position=(last or 0) + 1, **clean)
    work.session.add(status)
    work.session.flush()
    audit.record(work, "statuses.create", "status", status.id,
                 {name: [None, value] for name, value in clean.items() if value})
    return status


def change_status(work: Work, status_id: int, values: Mapping[str, Any]) -> None:
    """Change a status. Its phase is fixed while orders have it.

    Raises:
        InvalidForm: naming the fields that cannot be so.
        NotAllowedNow: another phase, and there are orders with this status.
    """
    status = get_status(work.session, status_id)
    clean = _checked(work.session, values, status_id)
    difference = audit.changes({name: getattr(status, name) for name in clean}, clean)
    if "phase" in difference and _in_use(work.session, status_id):
        raise NotAllowedNow(
            "Orders have this status, so it stays in its phase. Make another status instead."
        )
    for name in difference:
        setattr(status, name, clean[name])
    if difference:
        audit.record(work, "statuses.change", "status", status_id, difference)


def _in_use(session: Session, status_id: int) -> bool:
    query = select(Order.id).where(Order.status_id == status_id).limit(1)
    return session.scalar(query) is not None


def archive_status(work: Work, status_id: int, archived: bool = True) -> None:
    """Offer a status no longer, or again. Orders that have it keep it."""
    status = get_status(work.session, status_id)
    if (status.archived_at is not None) == archived:
        return
    audit.record(work, "statuses.archive", "status", status_id, {"archived": [not archived,
                                                                              archived]})
    status.archived_at = work.now if archived else None


def move_status(work: Work, status_id: int, step: int) -> None:
    """Put a status before (-1) or after (+1) its neighbour in the same phase."""
    status = get_status(work.session, status_id)
    row = [one for one in statuses(work.session) if one.phase == status.phase]
    at = next((n for n, one in enumerate(row) if one.id == status_id), None)
    if at is None or not 0 <= at + step < len(row):
        return
    row[at], row[at + step] = row[at + step], row[at]
    for position, one in enumerate(row):
        one.position = position
    audit.record(work, "statuses.move", "status", status_id, {"position": [at, at + step]})


def _checked(session: Session, values: Mapping[str, Any], own_id: int | None) -> dict[str, Any]:
    clean = {name: tidy(str(values.get(name) or "")) for name in FIELDS}
    problems: dict[str, OmsError] = {}
    if not clean["name"]:
        problems["name"] = Invalid("Fill this in.")
    for name, limit in (("name", 40), ("buyer_name", 80), ("buyer_name_en", 80),
                        ("group", 40)):
        if len(clean[name]) > limit:
            problems[name] = Invalid("At most %(limit)s characters.", limit=limit)
    same = session.scalar(select(Status.id).where(Status.name == clean["name"],
                                                  Status.id != (own_id or 0)))
    if same is not None:
        problems["name"] = Invalid("There is a status with this name already.")
    if clean["phase"] not in phases.PHASES:
        problems["phase"] = Invalid("Choose a phase.")
    if not _HEX.fullmatch(clean["color"]):
        problems["color"] = Invalid("A colour looks like #3350D4.")
    if problems:
        raise InvalidForm(problems)
    clean["color"] = clean["color"].upper()
    return clean


def tags(session: Session) -> Sequence[Tag]:
    """All tags by name."""
    return session.scalars(select(Tag).order_by(func.lower(Tag.name), Tag.id)).all()


def tag_uses(session: Session) -> dict[int, int]:
    """On how many orders each tag hangs."""
    uses = session.execute(select(OrderTag.tag_id, func.count()).group_by(OrderTag.tag_id))
    return {tag_id: orders for tag_id, orders in uses}


def get_tag(session: Session, tag_id: int) -> Tag:
    """A tag.

    Raises:
        NotFound: there is none.
    """
    tag = session.get(Tag, tag_id)
    if tag is None:
        raise NotFound("There is no such tag.")
    return tag


def ensure_tag(work: Work, name: str) -> Tag:
    """The tag with this name, made if need be.

    Raises:
        Invalid: empty or longer than 40 characters.
    """
    name = _tag_name(name)
    tag = work.session.scalar(select(Tag).where(Tag.name == name))
    if tag is None:
        tag = Tag(name=name)
        work.session.add(tag)
        work.session.flush()
        audit.record(work, "tags.create", "tag", tag.id, {"name": [None, name]})
    return tag


def rename_tag(work: Work, tag_id: int, name: str) -> None:
    """Call a tag otherwise, on all orders at once.

    Raises:
        Invalid: empty, too long, or there is one with that name.
    """
    tag = get_tag(work.session, tag_id)
    name = _tag_name(name)
    if name == tag.name:
        return
    if work.session.scalar(select(Tag.id).where(Tag.name == name)):
        raise Invalid("There is a tag with this name already.", "name")
    audit.record(work, "tags.rename", "tag", tag_id, {"name": [tag.name, name]})
    tag.name = name


def delete_tag(work: Work, tag_id: int) -> int:
    """Remove a tag from all orders and for good; from how many orders it was taken."""
    tag = get_tag(work.session, tag_id)
    taken = rows_changed(work.session, delete(OrderTag).where(OrderTag.tag_id == tag_id))
    audit.record(work, "tags.delete", "tag", tag_id, {"name": [tag.name, None],
                                                      "orders": [taken, 0]})
    work.session.delete(tag)
    return taken


def _tag_name(name: str) -> str:
    name = tidy(name)
    if not name:
        raise Invalid("Fill this in.", "name")
    if len(name) > 40:
        raise Invalid("At most %(limit)s characters.", "name", limit=40)
    return name
