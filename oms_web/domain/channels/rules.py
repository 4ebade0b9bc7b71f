"""The rules of one listing: what differs from its channel's, and what is set aside for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import Listing
from oms_web.domain.channels.offers import listing

MOST = 100_000
NUMBERS = ("buffer", "cap", "last_units", "set_aside")


@dataclass(frozen=True, slots=True)
class Rules:
    """See ``showing.Offer``. None: as the channel says. ``set_aside`` counts from now on."""

    buffer: int | None = None
    cap: int | None = None
    last_units: int | None = None
    shares: bool | None = None
    set_aside: int = 0


def of(row: Listing, sold: int = 0) -> Rules:
    """A listing's rules at this moment, ``sold`` units after some were set aside for it."""
    return Rules(row.buffer, row.cap, row.last_units, row.shares, max(0, row.set_aside - sold))


def change(work: Work, listing_id: int, before: Rules, wanted: Rules) -> int | None:
    """Let other rules hold for a listing.

    Args:
        before: the rules at this moment (``of``).

    Returns:
        The variant whose publication has to be recomputed, if something changed and it has one.

    Raises:
        NotFound: there is no such listing.
        InvalidForm: negative or absurd numbers, by field.
    """
    problems: dict[str, OmsError] = {
        name: Invalid("This number is out of range.", name) for name in NUMBERS
        if not 0 <= (getattr(wanted, name) or 0) <= MOST
    }
    if problems:
        raise InvalidForm(problems)
    row = listing(work.session, listing_id)
    changed = audit.changes(asdict(before), asdict(wanted))
    if not changed:
        return None
    row.buffer, row.cap = wanted.buffer, wanted.cap
    row.last_units, row.shares = wanted.last_units, wanted.shares
    if "set_aside" in changed:
        row.set_aside = wanted.set_aside
        row.set_aside_at = work.now if wanted.set_aside else None
    work.session.flush()
    audit.record(work, "listings.limits", "listing", listing_id, changed)
    return row.variant_id
