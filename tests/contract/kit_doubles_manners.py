"""Doubles that break what is promised of access, manners, amounts and form."""

from __future__ import annotations

import contextlib
import logging
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from oms_connector import (
    AccessRefused,
    Capabilities,
    ChannelDown,
    Page,
    RateLimited,
    Unreadable,
)

from tests.contract import kit_shop_mapping as mapping
from tests.contract.kit_double import breaks
from tests.contract.kit_shop import KitShop, _understood


@breaks(22)
class ForgetsTheRotatedToken(KitShop):
    """It keeps the access token and forgets that the refresh token was changed too."""

    def refresh(self):
        return replace(super().refresh(), refresh_token="")


@breaks(23)
class TakesARefusalForNothingNew(KitShop):
    """A key that is not accepted looks like a quiet day."""

    def pull_orders(self, cursor, limit):
        try:
            return super().pull_orders(cursor, limit)
        except AccessRefused:
            return Page([], cursor or {"after": 0}, False)


@breaks(23)
class KnocksAgainAndAgain(KitShop):
    """It tries a key that is not accepted ten times."""

    def verify(self):
        for _ in range(9):
            with contextlib.suppress(AccessRefused):
                return super().verify()
        return super().verify()


@breaks(24)
class TakesHasteForTheEnd(KitShop):
    """Told to slow down, it says that there are no more offers."""

    def list_offers(self, cursor, limit):
        try:
            return super().list_offers(cursor, limit)
        except RateLimited:
            return Page([], cursor or {}, False)


@breaks(24)
class DoesNotKnowTheShopsWord(KitShop):
    """It does not understand how the shop says "slow down" with status 200."""

    def verify(self):
        try:
            return super().verify()
        except RateLimited as error:
            raise (ChannelDown("?") if error.retry_after == 12 else error) from error


@breaks(24)
class ForgetsHowLongToWait(KitShop):
    """It hears "seven seconds" and says "sometime"."""

    def fetch_orders(self, refs):
        try:
            return super().fetch_orders(refs)
        except RateLimited as error:
            raise RateLimited(str(error)) from error


@breaks(24)
class ClaimsToBeAllowedMore(KitShop):
    """Its manifest says ten times what the shop allows."""

    manifest = replace(KitShop.manifest, limits=(
        replace(KitShop.manifest.limits[0], per_second=500, burst=1000),))


@breaks(24)
class DrawsFromABucketOfItsOwn(KitShop):
    """It names a bucket that its manifest does not have."""

    def verify(self):
        self.context.http.request("GET", "me", bucket="accounts")
        return super().verify()


@breaks(25)
class TrustsOurClock(KitShop):
    """It waits by our clock for events that are stamped by the shop's."""

    def settled(self, said):
        return self.context.now - timedelta(seconds=30)


@breaks(29)
class OpensASocket(KitShop):
    """It looks by itself whether the shop is there, and never mind."""

    def verify(self):
        with contextlib.suppress(Exception):
            socket.create_connection(("kram.example", 443), timeout=1)
        return super().verify()


@breaks(30)
class LogsItsToken(KitShop):
    """It writes down what it sends."""

    def verify(self):
        self.context.log.debug("asking with %s", self.auth_headers(self.context.secrets))
        return super().verify()


@breaks(30)
class LogsBuyers(KitShop):
    """It writes down who bought, in a log of its own."""

    def read_order(self, document):
        logging.getLogger("kram").info("read %s", document)
        return super().read_order(document)


@breaks(30)
class RepeatsWhatTheShopGrumbles(KitShop):
    """Its errors hold whatever the shop wrote into its own."""

    def list_offers(self, cursor, limit):
        response = self.context.http.request("GET", "offers",
                                             params={"after": (cursor or {}).get("after", ""),
                                                     "limit": limit})
        if response.status >= 500:
            raise ChannelDown(f"the shop says {response.body.decode(errors='replace')}")
        said = _understood(response, "offers")
        return Page([mapping.offer(document) for document in said["offers"]],
                    {"after": said["next"] or ""}, said["next"] is not None)


@breaks(31)
class RoundsToTenGroszy(KitShop):
    """Small change is no money."""

    def read_order(self, document):
        order = super().read_order(document)
        return order if isinstance(order, Unreadable) else replace(order, lines=[
            replace(line, unit_price=line.unit_price.quantize(Decimal("0.1")))
            for line in order.lines])


@breaks(31, also=(50,))  # an amount with fifty places is no amount by its form either
class CalculatesInFloats(KitShop):
    """Its amounts went through a float."""

    def read_order(self, document):
        order = super().read_order(document)
        return order if isinstance(order, Unreadable) else replace(order, lines=[
            replace(line, unit_price=Decimal(float(line.unit_price))) for line in order.lines])


@breaks(46)
class NamesAFieldThatIsNotThere(KitShop):
    """The error points at a line of the form that does not exist."""

    def verify(self):
        try:
            return super().verify()
        except AccessRefused as refusal:
            raise AccessRefused(str(refusal), "password") from refusal


@breaks(50)
class SaysNoneForText(KitShop):
    """A telephone number that is not there is not a text."""

    def read_order(self, document):
        order = super().read_order(document)
        return order if isinstance(order, Unreadable) else replace(order, buyer_phone=None)


@breaks(33)
class HasTooManyLetters(KitShop):
    """Its tile has room for two."""

    manifest = replace(KitShop.manifest, letters="Kram")


@breaks(33)
class KeepsPagesOfNothing(KitShop):
    """A number of its manifest makes no sense."""

    manifest = replace(KitShop.manifest, capabilities=Capabilities(
        settle_lag_s=30, history_days=30, page_max=8, stock_batch=20, stock_shape="same_value",
        zero_ok=False, updated_misses=frozenset({"payment"}), min_poll_s=0))


@breaks(33)
class HasEnded(KitShop):
    """The interface it was made for was switched off."""

    manifest = replace(KitShop.manifest, sunset=datetime(2024, 1, 1, tzinfo=UTC).date())
