"""What the print of a document says of KSeF: its number and the codes that lead there. Pure.

The Ministry's "Kody weryfikujące" (KSeF API 2.0): under KOD I stands the number, or OFFLINE as long
as there is none; an offline invoice has KOD II beside it, with CERTYFIKAT under it.
"""

from __future__ import annotations

from dataclasses import dataclass

from oms_web.core.errors import NotAllowedNow
from oms_web.domain.einvoices import numbers, settings
from oms_web.domain.einvoices.models import EInvoice
from oms_web.domain.einvoices.states import ACCEPTED, ANNULLED

OFFLINE, CERTIFICATE = "OFFLINE", "CERTYFIKAT"


@dataclass(frozen=True, slots=True)
class Mark:
    """``link`` and ``certificate_link`` are None where there is no code to print.

    ``is_final``: the print will not change any more.
    """

    number: str | None
    label: str
    link: str | None
    certificate_link: str | None
    is_final: bool


class AwaitsNumber(NotAllowedNow):
    """A document that no buyer is given yet: it is no invoice before KSeF has it."""


def mark_of(row: EInvoice | None) -> Mark | None:
    """What to print; None for a document that does not go to KSeF."""
    if row is None:
        return None
    if row.state == ANNULLED:
        return Mark(None, ANNULLED, None, None, is_final=False)
    if row.state != ACCEPTED and not row.is_offline:
        return Mark(None, "", None, None, is_final=False)
    assert row.hash is not None
    number = row.ksef_number if row.state == ACCEPTED else None
    link = numbers.invoice_link(settings.codes_address(row.environment), row.nip, row.issue_date,
                                row.hash)
    return Mark(number, number or OFFLINE, link, None if number else row.offline_link,
                is_final=number is not None)
