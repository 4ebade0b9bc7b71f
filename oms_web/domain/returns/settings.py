"""How buyers send things back: the address, the words, what the seller gives beyond the law."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.company.models import Company
from oms_web.domain.returns.models import ReturnSettings

MOST_DAYS = 365
MOST_WORDS = 4000


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person may say; ``cheapest_delivery`` in minor units of the company's currency."""

    portal: bool = True
    address: str = ""
    how_pl: str = ""
    how_en: str = ""
    cheapest_delivery: int | None = None
    extra_days: int = 0
    correct_by_itself: bool = False
    claim_fees: bool = False
    label_account_id: int | None = None
    label_service: str = ""
    label_size: str = ""


def current(session: Session) -> Edit:
    """The settings; what was never said is as usual."""
    row = session.get(ReturnSettings, 1)
    if row is None:
        return Edit()
    return Edit(row.portal, row.address, row.how_pl, row.how_en, row.cheapest_delivery,
                row.extra_days, row.correct_by_itself, row.claim_fees, row.label_account_id,
                row.label_service, row.label_size)


def change(work: Work, edit: Edit) -> bool:
    """Change the settings; False when nothing is different.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    problems: dict[str, OmsError] = {}
    if not 0 <= edit.extra_days <= MOST_DAYS:
        problems["extra_days"] = Invalid("From 0 to %(most)s days.", "extra_days", most=MOST_DAYS)
    if edit.cheapest_delivery is not None and edit.cheapest_delivery < 0:
        problems["cheapest_delivery"] = Invalid("An amount cannot be below nought.",
                                                "cheapest_delivery")
    for name in ("address", "how_pl", "how_en"):
        if len(getattr(edit, name)) > MOST_WORDS:
            problems[name] = Invalid("At most %(most)s characters.", name, most=MOST_WORDS)
    if problems:
        raise InvalidForm(problems)
    changed = audit.changes(asdict(current(work.session)), asdict(edit))
    if not changed:
        return False
    row = work.session.get(ReturnSettings, 1)
    if row is None:
        row = ReturnSettings(id=1)
        work.session.add(row)
    for name, value in asdict(edit).items():
        setattr(row, name, value)
    work.session.flush()
    audit.record(work, "returns.settings", "return_settings", 1, changed)
    return True


def cheapest(session: Session, currency: str) -> int | None:
    """The price of the cheapest delivery on offer; None where it is not known in this currency."""
    shop = session.get(Company, 1)
    found = current(session).cheapest_delivery
    return found if shop is not None and shop.currency == currency else None


def address(session: Session) -> list[str]:
    """Where buyers send things back to, line by line."""
    said = [line.strip() for line in current(session).address.splitlines() if line.strip()]
    shop = session.get(Company, 1)
    if said or shop is None:
        return said
    place = shop.address or {}
    town = f"{place.get('postcode') or ''} {place.get('city') or ''}".strip()
    return [line for line in (shop.legal_name or shop.name, str(place.get("street") or ""), town)
            if line]
