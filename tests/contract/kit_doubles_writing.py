"""Doubles that break what is promised of writing and ringing, and of the rest."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import itertools
import json
import time
from dataclasses import replace
from urllib.parse import quote

from oms_connector import (
    ChannelDown,
    ItemResult,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Ring,
    SmsReport,
    WebhookRefused,
    Word,
)

from tests.contract.kit_double import breaks
from tests.contract.kit_rude import Rude
from tests.contract.kit_shop import KitShop
from tests.contract.kit_shop_standin import KramStandIn

_numbers = itertools.count(1)


@breaks(13)
class TellsResultsBackwards(KitShop):
    """The last item's result is the first."""

    def results(self, handle):
        told = super().results(handle)
        return told and dict(zip(told, reversed(told.values()), strict=True))


@breaks(13)
class TakesAnEmptyAnswerForSuccess(KitShop):
    """Status 200 is enough for it."""

    def push_stock(self, items):
        try:
            return super().push_stock(items)
        except OutcomeUnknown as error:
            if "lacks" in str(error):
                return [ItemResult("applied")] * len(items)
            raise


@breaks(14)
class LetsOneSpoilAll(KitShop):
    """One bad item, and none was good."""

    def results(self, handle):
        told = super().results(handle)
        bad = [one for one in (told or {}).values() if one.outcome == "rejected"]
        return dict.fromkeys(told, bad[0]) if bad else told


@breaks(15)
class ClaimsLargerBatches(KitShop):
    """Its manifest says twice what the shop takes."""

    manifest = replace(KitShop.manifest, capabilities=replace(
        KitShop.manifest.capabilities, stock_batch=40))


@breaks(16)
class HasSixPlacesForNothing(KitShop):
    """Huge quantities are cut, and nobody is told."""

    def push_stock(self, items):
        return super().push_stock(
            [replace(item, quantity=min(item.quantity, 99_999)) for item in items])


@breaks(16)
class RoundsUnits(KitShop):
    """Half a unit becomes one."""

    def push_stock(self, items):
        return super().push_stock([replace(item, quantity=int(item.quantity)) for item in items])


@breaks(17, also=(18, 37))  # both repeat a call, and this repetition doubles
class MakesAKeyOfItsOwn(KitShop):
    """Every upload is a new one."""

    def upload_invoice(self, invoice):
        return super().upload_invoice(replace(invoice, key=f"{invoice.key}:{next(_numbers)}"))


@breaks(18, also=(69, 77, 81))
class TakesALostAnswerForNoSending(KitShop):
    """It says that nothing was changed when nobody knows."""

    def write(self, method, path, **more):
        try:
            return super().write(method, path, **more)
        except OutcomeUnknown as error:
            raise ChannelDown(str(error)) from error


@breaks(19)
class SetsAStatusWhateverHappened(KitShop):
    """It asks for the present revision instead of standing by the one that was seen."""

    def push_status(self, external_id, status, revision):
        [order] = self.fetch_orders([external_id])
        super().push_status(external_id, status, order.revision)


@breaks(20)
class HandsNoKeysOver(KitShop):
    """The shop cannot tell an old push from a new one."""

    def push_stock(self, items):
        return super().push_stock(
            [replace(item, key=f"{item.key}:{next(_numbers)}") for item in items])


@breaks(21)
class MindsAKnownNumber(KitShop):
    """A number that the shop has already is an error."""

    def write(self, method, path, **more):
        response = super().write(method, path, **more)
        if b'"known_by": "number"' in response.body:
            raise Refused("the shop has this number")
        return response


@breaks(26)
class HearsWhatIsOld(KitShop):
    """It looks at the signature and not at the clock."""

    def hear(self, body, headers):
        stamp = headers.get("x-kram-time", "")
        then = self.context.now
        if stamp.isdigit():
            then = type(then).fromtimestamp(int(stamp), tz=then.tzinfo)
        return KitShop(replace(self.context, now=then)).hear(body, headers)


def _signed(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@breaks(26)
class SignsWhatItUnderstood(KitShop):
    """It checks the signature of the JSON as it would have written it."""

    def hear(self, body, headers):
        try:
            body = json.dumps(dict(sorted(json.loads(body).items(), key=_ORDER))).encode()
        except ValueError:
            raise WebhookRefused("no JSON") from None
        return super().hear(body, headers)


def _ORDER(pair: tuple[str, str]) -> int:
    return ["type", "order", "event"].index(pair[0]) if pair[0] in (
        "type", "order", "event") else 9


@breaks(26)
class OpensToAnEmptySecret(KitShop):
    """Without a secret it hears everybody."""

    def hear(self, body, headers):
        if self.context.secrets.get("webhook_secret"):
            return super().hear(body, headers)
        said = json.loads(body)
        return [Ring("order", said["order"], said["event"])]


@breaks(27)
class AsksWhileItHears(KitShop):
    """It looks the order up while the shop waits at the door."""

    def hear(self, body, headers):
        heard = super().hear(body, headers)
        self.fetch_orders([ring.ref for ring in heard])
        return heard


@breaks(27)
class ComparesLetterByLetter(KitShop):
    """How long it takes says how much was right."""

    def hear(self, body, headers):
        secret = self.context.secrets.get("webhook_secret", "")
        given = headers.get("x-kram-signature", "").strip()
        if given != _signed(secret, headers.get("x-kram-time", ""), body):
            raise WebhookRefused("the signature is wrong")
        return super().hear(body, headers)


@breaks(28)
class AsksWithAnUnknownParameter(KitShop):
    """The shop ignores it today."""

    def _get(self, path, needs, **params):
        return super()._get(path, needs, **params, **({"full": 1} if path == "offers" else {}))


@breaks(29)
class Sleeps(KitShop):
    """It waits by itself."""

    def push_prices(self, items):
        with contextlib.suppress(AssertionError):
            time.sleep(0.01)
        return super().push_prices(items)


@breaks(32)
class ComesFromARudeModule(KramStandIn):
    """Importing the module changes the environment."""

    connector = Rude


@breaks(34)
class ForgetsNotes(KramStandIn):
    """The mapping of a sample has changed."""

    def read_sample(self, document):
        order = super().read_sample(document)
        return replace(order, buyer_note="") if hasattr(order, "buyer_note") else order


@breaks(34)
class HasNothingWrittenDown(KramStandIn):
    """There are samples, and nobody looked at what they become."""

    samples = KramStandIn.samples.parent / "kit_samples_unseen"


@breaks(37)
class TakesAFailureForNoSending(KitShop):
    """A shop that fell over may have done it all the same."""

    lost = ChannelDown


@breaks(37)
class TakesMaintenanceForSuccess(KitShop):
    """It does not look at what the shop answers to a cancellation."""

    def cancel_order(self, external_id, lines, reason):
        response = self.write("POST", f"orders/{quote(external_id)}/cancel",
                              json={"lines": dict(lines), "reason": reason})
        if response.status == 503:
            raise ChannelDown("closed")
        if b"slow_down" in response.body:
            raise RateLimited("the shop asks to slow down")
        if response.status >= 500 or not response.body.endswith((b"}", b">")):
            raise OutcomeUnknown("the answer got lost")


@breaks(41)
class LetsOnePriceSpoilAll(KitShop):
    """One bad price, and none was good."""

    def push_prices(self, items):
        results = super().push_prices(items)
        bad = [one for one in results if one.outcome == "rejected"]
        return bad[:1] * len(items) if bad else results


@breaks(42)
class IsNeverStillWorking(KitShop):
    """While the shop works it says that it is done, with nothing."""

    def results(self, handle):
        return super().results(handle) or {}


@breaks(43)
class CallsAllOff(KitShop):
    """Some units of an order are the whole order."""

    def cancel_order(self, external_id, lines, reason):
        super().cancel_order(external_id, {}, reason)


@breaks(44)
class CutsDocuments(KitShop):
    """Four kilobytes must be enough."""

    def upload_invoice(self, invoice):
        return super().upload_invoice(replace(invoice, pdf=invoice.pdf[:4096]))


class _Reference:
    """Something of the connector's own."""


@breaks(51)
class ReturnsSomethingOfItsOwn(KitShop):
    """Only its own process knows what that is."""

    def upload_invoice(self, invoice):
        super().upload_invoice(invoice)
        return _Reference()


@breaks(45)
class MindsWhatHasEnded(KitShop):
    """A subscription that is not there any more cannot be ended."""

    def unsubscribe(self, refs):
        for ref in refs:
            self._send("DELETE", f"hooks/{quote(ref)}", "ended")


@breaks(47)
class SaysWordsTwice(KitShop):
    """Which of two is meant?"""

    def words(self, kind):
        return [*super().words(kind), *(Word(word.ref, "?") for word in super().words(kind)[:1])]


@breaks(48)
class ForgetsTheChallenge(KitShop):
    """A code that is stolen on its way can be used."""

    def authorize_url(self, redirect_uri, state, challenge):
        return super().authorize_url(redirect_uri, state, "")


@breaks(48)
class HurriesPeople(KitShop):
    """A seller who has not typed the code yet has refused."""

    def poll_device(self, device_code):
        found = super().poll_device(device_code)
        if found is None:
            raise Refused("nobody has agreed")
        return found


@breaks(49)
class EmptiesTheInbox(KitShop):
    """One order that arrived is all of them."""

    def acknowledge(self, refs):
        said = self._get("journal", "events", after=0, limit=10_000)
        super().acknowledge([event["order"] for event in said["events"]] if refs else refs)


@breaks(52)
class CutsLongSms(KitShop):
    """What does not fit into one SMS is not sent."""

    def send_sms(self, sms):
        return super().send_sms(replace(sms, text=sms.text[:160]))


@breaks(53)
class SaysThatAllArrived(KitShop):
    """What was taken by the gateway has arrived, it thinks."""

    def sms_reports(self, refs):
        return [one and SmsReport(one.reference, "delivered") for one in super().sms_reports(refs)]
