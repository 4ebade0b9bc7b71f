"""What a connector says about itself before anybody talks to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from oms_connector.version import API


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the settings form. ``secret`` values are encrypted and never shown again."""

    name: str
    label: str
    kind: Literal["text", "url", "number", "choice", "flag", "path"] = "text"
    help: str = ""
    required: bool = True
    secret: bool = False
    default: str = ""
    choices: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """How fast a channel may be asked: a bucket of ``burst`` that refills at ``per_second``.

    ``scope`` says who shares it: one ``account``, or all accounts of one ``client`` (the
    application's own id). ``bucket`` names the requests that draw from it
    (``ctx.http.request(bucket=...)``); the one with no name is drawn from by every request.
    """

    per_second: float
    burst: float
    bucket: str = ""
    scope: Literal["account", "client"] = "account"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Numbers about the channel that steer the engine.

    ``min_poll_s``: not more often than this. ``settle_lag_s``: the channel shows changes this
    late. ``history_days``: older data is gone. ``page_max``: most items of a page.
    ``stock_batch``/``price_batch``: most items per push. ``stock_shape``: each item its own
    quantity; ``same_value``, where one call sets one quantity for all its items; or ``one_sku``,
    where all items of a call must be of one SKU. ``zero_ok``: whether zero can be pushed as a
    quantity (else the connector ends the offer). ``updated_misses``: what its "updated" stamp does
    not notice, so that open orders are asked for again: ``payment``, ``shipment``, ``refund``,
    ``return``, ``note`` or ``all``. ``sms_key_hours``: for so long the gateway knows an SMS by its
    key and does not send it again. ``track_batch``: most parcels asked about at once.
    ``message_chars``: the longest message to a buyer. ``message_setting``: the account's flag
    without which there are no messages; always if empty. ``message_first``: the channel wants
    buyers to be written to through it and not by e-mail.
    """

    min_poll_s: int = 60
    settle_lag_s: int = 0
    history_days: int | None = None
    page_max: int = 100
    stock_batch: int = 100
    price_batch: int = 100
    stock_shape: Literal["per_item", "same_value", "one_sku"] = "per_item"
    zero_ok: bool = True
    updated_misses: frozenset[str] = frozenset()
    sms_key_hours: int = 24
    track_batch: int = 20
    message_chars: int = 2000
    message_setting: str = ""
    message_first: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the app shows and checks before it talks to a connector.

    ``key`` is unique and lower case; ``letters`` (two) and ``hue`` (0-359) make its tile.
    ``sunset`` is the day on which the channel switches off the interface it was written for.
    ``quality`` is the level that the kit found (``docs/connectors/kit.md``): said here, it is held
    to it by the kit. Sellers are shown it of connectors that come with the app; of others they are
    shown what a check on their own machine found.
    ``hosts`` are other addresses (``https://login.example``) that unsigned requests may go to: some
    channels give tokens at another host than their API's. ``https://*.files.example`` stands for
    every host below a domain, always encrypted: some let files be fetched from a store whose hosts
    they do not name beforehand.
    ``webhook_secret`` names the secret that webhooks are signed with, where the channel does not
    sign with the one it is given but with its own (an application's client secret).
    ``webhook_answer`` is what a delivery is answered with, where the channel looks at the words.
    """

    key: str
    name: str
    letters: str
    version: str
    hue: int = 230
    api: tuple[int, int] = API
    settings: Sequence[Field] = ()
    capabilities: Capabilities = Capabilities()
    limits: Sequence[Limit] = ()
    hosts: Sequence[str] = ()
    sunset: date | None = None
    help: str = ""
    quality: Literal["", "bronze", "silver", "gold"] = ""
    webhook_secret: str = "webhook_secret"  # noqa: S105 - the name of one
    webhook_answer: str = "ok\n"
