"""The connector to Skarbonka, the demo's payment provider: the example to copy for a real one.

It stands beside the marketplace and is asked in the same way (``asking.py``), rings in the same way
(``bell.py``), in the same weather.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from oms_connector import (
    ChannelDown,
    ChannelError,
    Field,
    Limit,
    Manifest,
    NotFound,
    OutcomeUnknown,
    PaymentAsk,
    PaymentLink,
    PaymentStanding,
    PaymentTold,
    RefundAsk,
    RefundTold,
    Ring,
)
from oms_connector.paying import in_minor
from oms_connector.reading import Puzzling, moment_or_none

from oms_demo import bell, words
from oms_demo.asking import path_to
from oms_demo.lodger import SETTINGS, Lodger

METHOD = "Skarbonka"
STATES: Mapping[str, PaymentStanding] = {
    "waiting": "waiting", "paid": "paid", "refused": "refused", "cancelled": "cancelled",
}


class SkarbonkaConnector(Lodger):
    """Our keys are the provider's too: it takes each of them once."""

    manifest = Manifest(
        key="skarbonka",
        name="Skarbonka",
        letters="Sk",
        hue=330,
        version="1.0",
        quality="silver",
        settings=(
            *SETTINGS,
            Field("signing_key", words.SIGNING_KEY, secret=True, help=words.SIGNING_KEY_HELP),
        ),
        limits=(Limit(per_second=20, burst=120),),
        help=words.PURSE_HELP,
        webhook_secret="signing_key",  # noqa: S106 - the name of one
    )

    # AsksForPayments, TellsPayments

    def ask_payment(self, ask: PaymentAsk) -> PaymentLink:
        """A link to a page on this machine; the same key gives the same one."""
        in_minor(ask.amount)
        told = self._market.send("POST", "purse/payments", ("id", "url"), {
            "key": ask.key, "amount": f"{ask.amount:.2f}", "currency": ask.currency,
            "description": ask.description[:300], "return_url": ask.return_url,
            "notify_url": ask.notify_url})
        return PaymentLink(str(told["id"]), str(told["url"]))

    def payment(self, reference: str) -> PaymentTold | None:
        """How it stands, with its refunds."""
        try:
            told = self._market.get(path_to("purse", "payments", reference),
                                   ("id", "amount", "status", "refunds"), lists=("refunds",))
        except NotFound:
            return None
        state, amount = STATES.get(str(told["status"])), _amount(told["amount"], ChannelDown)
        if state is None:
            raise ChannelDown(words.UNKNOWN % {"field": "status", "found": told["status"]})
        return PaymentTold(
            str(told["id"]), state, amount, str(told.get("currency") or ""),
            key=str(told.get("key") or ""), paid=amount if state == "paid" else Decimal(0),
            method=METHOD, raw_status=str(told["status"]),
            refunds=[_refund(one, ChannelDown) for one in told["refunds"]])

    # RefundsPayments

    def refund(self, ask: RefundAsk) -> RefundTold:
        """Give money back. The key makes the second time harmless."""
        in_minor(ask.amount)
        return _refund(self._market.send(
            "POST", path_to("purse", "payments", ask.payment, "refunds"), ("id",),
            {"amount": f"{ask.amount:.2f}"}, {"Idempotency-Key": ask.key}), OutcomeUnknown)

    def find_refund(self, ask: RefundAsk, reference: str = "") -> RefundTold | None:
        """The refund of our key, or of the provider's own number."""
        told = self.payment(ask.payment)
        return next((one for one in (told.refunds if told else ())
                     if (one.reference == reference if reference else one.key == ask.key)), None)

    # HearsWebhooks

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        """What a ring says, once its signature and its moment are found good."""
        return bell.hear(body, headers, self.context.secrets.get("signing_key", ""),
                         self.context.now)


def _refund(told: Any, failing: type[ChannelError]) -> RefundTold:
    try:
        status = str(told["status"])
        return RefundTold(
            str(told["id"]), _amount(told["amount"], failing),
            "done" if status == "done" else "pending", key=str(told.get("key") or ""),
            at=moment_or_none(told, "at"))
    except (LookupError, TypeError, AttributeError, Puzzling) as error:
        raise failing(words.LACKS % {"names": "refund"}) from error


def _amount(found: Any, failing: type[ChannelError]) -> Decimal:
    try:
        amount = Decimal(found if isinstance(found, str) else "")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise failing(words.UNKNOWN % {"field": "amount", "found": str(found)[:40]})
    return amount
