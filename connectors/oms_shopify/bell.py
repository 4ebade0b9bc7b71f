"""Doorbells: Shopify posts to us, signed over the raw body with the app's own client secret.

Source: shopify.dev, "Webhooks". A delivery is tried again for four hours, then the subscription is
deleted; deliveries come in any order. Only the number of the thing is asked for, so that nothing
about buyers lies in them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from oms_connector import ChannelDown, NotFound, Refused, Ring, WebhookRefused
from oms_connector.reading import value

from oms_shopify import words
from oms_shopify.calls import Api
from oms_shopify.changes import HOOK, UNHOOK
from oms_shopify.queries import HOOKS
from oms_shopify.reading import gid, ref

SIGNATURE = "x-shopify-hmac-sha256"
TOPIC = "x-shopify-topic"
DELIVERY = "x-shopify-webhook-id"
MOMENT = "x-shopify-triggered-at"
TOPICS = ("ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_DELETE", "RETURNS_REQUEST", "RETURNS_APPROVE",
          "RETURNS_CLOSE")
FIELDS = ("id", "admin_graphql_api_id")
KINDS: Mapping[str, Literal["order", "return"]] = {"orders": "order", "returns": "return"}
MISSING = ("not found", "not exist", "could not be found", "invalid id")


def hear(body: bytes, headers: Mapping[str, str], secret: str) -> Sequence[Ring]:
    """What a delivery says. Nothing of it is looked at before its signature is good.

    Raises:
        WebhookRefused: no secret, a wrong signature, or nonsense.
    """
    if not secret:
        raise WebhookRefused(words.NO_SECRET)
    wanted = b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    if not hmac.compare_digest(headers.get(SIGNATURE, "").encode(), wanted):
        raise WebhookRefused(words.BAD_SIGNATURE)
    kind = KINDS.get(headers.get(TOPIC, "").partition("/")[0])
    if kind is None:
        return []
    try:
        told = json.loads(body)
    except ValueError as error:
        raise WebhookRefused(words.NO_EVENT) from error
    found = value(told, "id")
    if isinstance(found, bool) or not isinstance(found, int):
        raise WebhookRefused(words.NO_EVENT)
    event = headers.get(DELIVERY) or hashlib.sha256(body).hexdigest()
    return [Ring(kind, str(found), event[:120], _moment(headers.get(MOMENT, "")))]


def subscribe(api: Api, url: str) -> list[str]:
    """One webhook of each topic at ``url``; their numbers, in the order of the topics.

    What is there already stays; what is there twice, is ended.
    """
    known: dict[str, list[str]] = {}
    for hook in _hooks(api, url):
        known.setdefault(str(value(hook, "topic")), []).append(ref(hook))
    refs = []
    for topic in TOPICS:
        first, *more = known.get(topic, [""])
        refs.append(first or _add(api, topic, url))
        unsubscribe(api, more)
    return refs


def unsubscribe(api: Api, refs: Sequence[str]) -> None:
    """End webhooks; what is not there is ended already."""
    for one in refs:
        if one.isdigit():
            with suppress(NotFound):
                _end(api, one)


def _add(api: Api, topic: str, url: str) -> str:
    payload = api.do(HOOK, {"topic": topic, "hook": {
        "uri": url, "format": "JSON", "includeFields": list(FIELDS)}},
        "webhookSubscriptionCreate", "webhookSubscription")
    return ref(payload["webhookSubscription"])


def _end(api: Api, number: str) -> None:
    try:
        api.do(UNHOOK, {"id": gid("WebhookSubscription", number)}, "webhookSubscriptionDelete")
    except Refused as no:
        if any(said in str(no).lower() for said in MISSING):
            raise NotFound(str(no)) from no
        raise


def _hooks(api: Api, url: str) -> list[Any]:
    found: list[Any] = []
    after = None
    while True:
        told = api.ask(HOOKS, {"uri": url, "after": after}, "webhookSubscriptions")
        rows = value(told, "webhookSubscriptions", "nodes")
        if not isinstance(rows, list):
            raise ChannelDown(words.LACKS % {"names": "webhookSubscriptions"})
        found += [one for one in rows if value(one, "uri") == url]
        info = value(told, "webhookSubscriptions", "pageInfo")
        if value(info, "hasNextPage") is not True:
            return found
        after = value(info, "endCursor")


def _moment(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else None
