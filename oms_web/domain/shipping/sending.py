"""What the seller decided about sending: the sender, packaging, and the rules that choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from oms_web.core import countries
from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.company.models import Company
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping.choosing import CARRIER, KINDS, Rule, Size
from oms_web.domain.shipping.label_models import (
    KnownService,
    Packaging,
    SendingSettings,
    ServiceRule,
)

BUY_WHEN = PACKING, PACKED, ASKED = ("packing", "packed", "asked")
FORMATS = ("pdf_a6", "zpl")
ADDRESS = ("name", "company", "street", "postcode", "city", "country", "phone", "email")
LONGEST_MM, HEAVIEST_G = 5_000, 1_000_000
LONGEST_PART, LONGEST_CONTENTS = 120, 60
"""Characters of a part of the sender's address, and of what parcels are said to hold."""


def settings(session: Session) -> SendingSettings:
    """How parcels are sent; what nobody decided yet is as a new shop has it."""
    found = session.get(SendingSettings, 1)
    return found or SendingSettings(id=1, buy_when=PACKING, label_format="pdf_a6", default_g=1000,
                                    insures=False, issues_wz=False, contents="", sender={})


def sender(session: Session) -> dict[str, str]:
    """The sender's address: as it was set, else the company's."""
    set_ = {name: text for name, text in settings(session).sender.items() if text}
    company = session.get(Company, 1)
    if company is None:
        return dict.fromkeys(ADDRESS, "") | set_
    address = company.address or {}
    return {
        "name": company.name, "company": company.legal_name or company.name,
        "street": str(address.get("street", "")), "postcode": str(address.get("postcode", "")),
        "city": str(address.get("city", "")), "country": str(address.get("country") or "PL"),
        "phone": company.phone, "email": company.email,
    } | set_


def change(work: Work, values: Mapping[str, Any]) -> None:
    """Keep the settings.

    Raises:
        InvalidForm: a choice that is none, a weight that no parcel has, or a country that is none.
    """
    row = work.session.get(SendingSettings, 1)
    if row is None:
        row = settings(work.session)
        work.session.add(row)
    problems: dict[str, OmsError] = {}
    if values["buy_when"] not in BUY_WHEN:
        problems["buy_when"] = Invalid("Choose one of the list.", "buy_when")
    if values["label_format"] not in FORMATS:
        problems["label_format"] = Invalid("Choose one of the list.", "label_format")
    if not 0 < values["default_g"] <= HEAVIEST_G:
        problems["default_g"] = Invalid("A parcel weighs between 1 g and 1000 kg.", "default_g")
    try:
        countries.check((values.get("sender") or {}).get("country") or "PL")
    except Invalid as error:
        problems["country"] = error
    problems |= {name: Invalid("At most %(limit)s characters.", name, limit=LONGEST_PART)
                 for name, text in (values.get("sender") or {}).items()
                 if len(text) > LONGEST_PART}
    if len(values.get("contents", "")) > LONGEST_CONTENTS:
        problems["contents"] = Invalid("At most %(limit)s characters.", "contents",
                                       limit=LONGEST_CONTENTS)
    if problems:
        raise InvalidForm(problems)
    before = {name: getattr(row, name) for name in values}
    for name, value in values.items():
        setattr(row, name, value)
    work.session.flush()
    audit.record(work, "sending.change", "sending_settings", 1, audit.changes(before, values))


# Packaging --------------------------------------------------------------------------------------


def packagings(session: Session) -> list[Packaging]:
    """The boxes that are in use, the usual one first."""
    return list(session.scalars(
        select(Packaging).where(Packaging.archived_at.is_(None))
        .order_by(Packaging.is_default.desc(), Packaging.name)))


def packaging(session: Session, packaging_id: int | None) -> Packaging | None:
    """A box by its number, else the usual one; None where there is none."""
    found = session.get(Packaging, packaging_id) if packaging_id else None
    return found or session.scalar(select(Packaging).where(
        Packaging.is_default, Packaging.archived_at.is_(None)).limit(1))


def add_packaging(work: Work, values: Mapping[str, Any]) -> Packaging:
    """Add a box; the first one is the usual one.

    Raises:
        InvalidForm: no name, a name that is taken, or measures that no box has.
    """
    name, problems = tidy(str(values["name"]))[:60], {}
    if not name:
        problems["name"] = Invalid("Give it a name.", "name")
    elif work.session.scalar(select(Packaging.id).where(Packaging.name == name)):
        problems["name"] = Invalid("This name is taken.", "name")
    for field in ("length_mm", "width_mm", "height_mm"):
        if not 0 < values[field] <= LONGEST_MM:
            problems[field] = Invalid("Between 1 mm and 5 m.", field)
    if not 0 <= values["weight_g"] <= HEAVIEST_G:
        problems["weight_g"] = Invalid("A weight in grams.", "weight_g")
    if problems:
        raise InvalidForm(problems)
    row = Packaging(**{**values, "name": name}, is_default=not packagings(work.session))
    work.session.add(row)
    work.session.flush()
    audit.record(work, "sending.packaging", "packaging", row.id, {"name": [None, name]})
    return row


def make_usual(work: Work, packaging_id: int) -> None:
    """This is the usual box.

    Raises:
        NotFound: there is no such box.
    """
    row = get_packaging(work.session, packaging_id)
    work.session.execute(update(Packaging).values(is_default=False))
    row.is_default = True
    work.session.flush()


def archive_packaging(work: Work, packaging_id: int) -> None:
    """Offer a box no longer.

    Raises:
        NotFound: there is no such box.
    """
    row = get_packaging(work.session, packaging_id)
    if row.archived_at is None:
        row.archived_at, row.is_default = work.now, False
        audit.record(work, "sending.no_packaging", "packaging", row.id, {"name": [row.name, None]})
    work.session.flush()


def get_packaging(session: Session, packaging_id: int) -> Packaging:
    """A box by its number, in use or not.

    Raises:
        NotFound: there is none.
    """
    row = session.get(Packaging, packaging_id, populate_existing=True)
    if row is None:
        raise NotFound("There is no such packaging.")
    return row


# Rules ------------------------------------------------------------------------------------------


def rows(session: Session) -> list[ServiceRule]:
    """The rules as they are kept, first to last."""
    return list(session.scalars(select(ServiceRule).order_by(ServiceRule.position,
                                                             ServiceRule.id)))


def rules(session: Session) -> list[Rule]:
    """The rules as ``choosing`` takes them."""
    return [rule_of(row) for row in rows(session)]


def rule_of(row: ServiceRule) -> Rule:
    """A kept rule as ``choosing`` takes it."""
    return Rule(row.id, row.kind, row.account_id, row.service, row.size, row.packaging_id,
                row.channel_id, row.method, row.country, row.heaviest_g, row.least, row.most,
                row.cod, tuple((int(account), ref) for account, ref in row.among or ()))


def add_rule(work: Work, values: Mapping[str, Any]) -> ServiceRule:
    """Add a rule behind the others.

    Raises:
        InvalidForm: a carrier without account or service, a service that the carrier does not have,
            a country that is none, a weight or an amount that no parcel has.
    """
    problems: dict[str, OmsError] = _bounds(values)
    if values["kind"] not in KINDS:
        problems["kind"] = Invalid("Choose one of the list.", "kind")
    elif values["kind"] == CARRIER:
        known = {one.ref: one for one in services(work.session, values["account_id"] or 0)}
        if values["service"] not in known:
            problems["service"] = Invalid("Choose one of the list.", "service")
        elif values["size"] and values["size"] not in {
                one.ref for one in sizes_of(known[values["service"]])}:
            problems["size"] = Invalid("Choose one of the list.", "size")
    for account_id, ref in values.get("among") or ():
        if service(work.session, account_id, ref) is None:
            problems["among"] = Invalid("Choose one of the list.", "among")
    if values["least"] is not None and values["most"] is not None \
            and values["least"] > values["most"]:
        problems["most"] = Invalid("This is less than the other end.", "most")
    if problems:
        raise InvalidForm(problems)
    last = work.session.scalar(select(func.max(ServiceRule.position))) or 0
    row = ServiceRule(**values, position=last + 1)
    work.session.add(row)
    work.session.flush()
    audit.record(work, "sending.rule", "service_rule", row.id,
                 {"service": [None, row.service or row.kind]}, note=row.method or None)
    return row


def _bounds(values: Mapping[str, Any]) -> dict[str, OmsError]:
    problems: dict[str, OmsError] = {}
    try:
        countries.check(values["country"])
    except Invalid as error:
        problems["country"] = error
    if values["heaviest_g"] is not None and not 0 < values["heaviest_g"] <= HEAVIEST_G:
        problems["heaviest_g"] = Invalid("A parcel weighs between 1 g and 1000 kg.", "heaviest_g")
    problems |= {name: Invalid("An amount cannot be below zero.", name)
                 for name in ("least", "most") if (values[name] or 0) < 0}
    return problems


def move_rule(work: Work, rule_id: int, step: int) -> None:
    """Ask a rule earlier (-1) or later (1) than its neighbour; the ends stay.

    Raises:
        NotFound: there is no such rule.
    """
    order = rows(work.session)
    at = next((place for place, row in enumerate(order) if row.id == rule_id), None)
    if at is None:
        raise NotFound("There is no such rule.")
    to = min(max(at + step, 0), len(order) - 1)
    order.insert(to, order.pop(at))
    for place, row in enumerate(order, start=1):
        row.position = place
    work.session.flush()


def delete_rule(work: Work, rule_id: int) -> None:
    """Remove a rule; twice is once."""
    row = work.session.get(ServiceRule, rule_id)
    if row is not None:
        audit.record(work, "sending.no_rule", "service_rule", rule_id,
                     {"service": [row.service or row.kind, None]}, note=row.method or None)
        work.session.delete(row)
        work.session.flush()


def methods_seen(session: Session, most: int = 60) -> list[str]:
    """The ways to deliver that the newest orders came with."""
    newest = select(Order.delivery_method).where(Order.delivery_method != "").order_by(
        Order.id.desc()).limit(1000).subquery()
    return sorted(session.scalars(select(newest.c[0]).distinct().limit(most)))


# What carriers offer ----------------------------------------------------------------------------


def services(session: Session, account_id: int) -> list[KnownService]:
    """The services of a carrier's account, as it last told."""
    return list(session.scalars(select(KnownService).where(KnownService.account_id == account_id)
                                .order_by(KnownService.position)))


def service(session: Session, account_id: int, ref: str) -> KnownService | None:
    """One service; None where the carrier told of none so."""
    return session.get(KnownService, (account_id, ref))


def sizes_of(known: KnownService) -> list[Size]:
    """The sizes of a service, smallest first."""
    return [Size(*one) for one in known.sizes]


def keep_services(work: Work, account_id: int, told: Sequence[Mapping[str, Any]]) -> None:
    """Keep what a carrier tells of its services, in place of what it told before."""
    work.session.execute(delete(KnownService).where(KnownService.account_id == account_id))
    work.session.add_all([
        KnownService(account_id=account_id, position=place, told_at=work.now, **one)
        for place, one in enumerate(told)])
    work.session.flush()
