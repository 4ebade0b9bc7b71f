"""PayU's documents in the SDK's terms. Amounts are in hundredths, of every currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from oms_connector import ChannelDown, PaymentStanding, PaymentTold, RefundTold
from oms_connector.paying import from_minor
from oms_connector.reading import Puzzling, moment_or_none, value

EARLY = timedelta(minutes=5)
"""A token is renewed so long before it ends."""
STATES: Mapping[str, PaymentStanding] = {
    "NEW": "waiting", "PENDING": "waiting", "WAITING_FOR_CONFIRMATION": "authorized",
    "COMPLETED": "paid", "CANCELED": "cancelled", "REJECTED": "refused",
}
REFUNDS: Mapping[str, Literal["pending", "done", "refused"]] = {
    "PENDING": "pending", "FINALIZED": "done", "CANCELED": "refused",
}


def payment(document: Any, refunds: Sequence[RefundTold]) -> PaymentTold:
    """An order at PayU.

    Raises:
        ChannelDown: it makes no sense.
    """
    word = str(value(document, "status") or "")
    amount = _amount(value(document, "totalAmount"))
    state = STATES.get(word)
    if state is None:
        raise ChannelDown(f"PayU: status {word[:40]!r}")
    return PaymentTold(
        str(value(document, "orderId") or ""), state, amount,
        str(value(document, "currencyCode") or ""),
        key=str(value(document, "extOrderId") or ""),
        paid=amount if state == "paid" else Decimal(0), raw_status=word,
        method=str(value(document, "payMethod", "type") or ""), refunds=refunds)


def refund(document: Any) -> RefundTold:
    """A refund; one in a state that is new to us is still on its way.

    Raises:
        ChannelDown: it makes no sense.
    """
    word = str(value(document, "status") or "")
    try:
        at = moment_or_none(document, "creationDateTime")
    except Puzzling:
        at = None
    return RefundTold(
        str(value(document, "refundId") or ""), _amount(value(document, "amount")),
        REFUNDS.get(word, "pending"), key=str(value(document, "extRefundId") or ""), at=at,
        message=str(value(document, "statusError", "code") or ""))


def ends(told: Any, now: datetime) -> datetime | None:
    """When a fresh token should be renewed."""
    seconds = value(told, "expires_in")
    if isinstance(seconds, str) and seconds.isdigit():
        seconds = int(seconds)
    return now.astimezone(UTC) + timedelta(seconds=seconds) - EARLY \
        if isinstance(seconds, int) else None


def _amount(found: Any) -> Decimal:
    text = str(found)
    if isinstance(found, bool) or not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ChannelDown(f"PayU: amount {text[:40]!r}")
    return from_minor(int(text))
