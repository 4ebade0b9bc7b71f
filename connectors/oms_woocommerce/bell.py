"""Doorbells: WooCommerce posts to us, signed over the raw body; we ask it to.

Source: ``WC_Webhook`` in WooCommerce's code, and what a running shop was seen to send. Deliveries
are made by WordPress's own clock, so they come late; five failures in a row switch a webhook off.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from oms_connector import NotFound, Ring, WebhookRefused
from oms_connector.reading import value

from oms_woocommerce import words
from oms_woocommerce.calls import MOST, Api
from oms_woocommerce.reading import ref

SIGNATURE = "x-wc-webhook-signature"
DELIVERY = "x-wc-webhook-delivery-id"
RESOURCE = "x-wc-webhook-resource"
TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored")
NAME = "OMS"
PING = re.compile(rb"webhook_id=\d{1,12}")
KINDS = {"order": "order", "product": "offer"}


def hear(body: bytes, headers: Mapping[str, str], secret: str) -> Sequence[Ring]:
    """What a delivery says. Nothing of it is looked at before its signature is good.

    A ping is an unsigned form with the number of the webhook in it: it rings nothing.

    Raises:
        WebhookRefused: no secret, a wrong signature, or nonsense.
    """
    if not secret:
        raise WebhookRefused(words.NO_SECRET)
    if SIGNATURE not in headers and PING.fullmatch(body):
        return []
    wanted = b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    if not hmac.compare_digest(headers.get(SIGNATURE, "").encode(), wanted):
        raise WebhookRefused(words.BAD_SIGNATURE)
    try:
        told = json.loads(body)
    except ValueError as error:
        raise WebhookRefused(words.NO_EVENT) from error
    found = value(told, "id")
    if isinstance(found, bool) or not isinstance(found, int):
        raise WebhookRefused(words.NO_EVENT)
    kind = KINDS.get(headers.get(RESOURCE, "order"))
    if kind is None:
        return []
    event = headers.get(DELIVERY) or hashlib.sha256(body).hexdigest()
    return [Ring("offer" if kind == "offer" else "order", str(found), event[:120])]


def subscribe(api: Api, url: str, secret: str) -> list[str]:
    """One webhook of each topic at ``url``; their numbers, in the order of the topics.

    What is there already is switched on again with the new secret; what is there twice, is ended.
    """
    known: dict[str, list[str]] = {}
    for hook in _hooks(api):
        if value(hook, "delivery_url") == url and value(hook, "topic") in TOPICS:
            known.setdefault(hook["topic"], []).append(ref(hook))
    refs = []
    for topic in TOPICS:
        first, *more = known.get(topic, [""])
        body = {"name": f"{NAME} {topic}", "topic": topic, "delivery_url": url, "secret": secret,
                "status": "active"}
        answer = api.send("PUT", f"/webhooks/{first}", body, "id") if first else \
            api.send("POST", "/webhooks", body, "id")
        refs.append(str(answer["id"]))
        unsubscribe(api, more)
    return refs


def unsubscribe(api: Api, refs: Sequence[str]) -> None:
    """End webhooks; what is not there is ended already."""
    for one in refs:
        if one.isdigit():
            with suppress(NotFound):
                # Without "force" WooCommerce refuses: it has no bin for webhooks.
                api.send("DELETE", f"/webhooks/{one}", None, params={"force": True})


def _hooks(api: Api) -> list[Any]:
    found: list[Any] = []
    for page in range(1, 50):
        rows, more = api.page("/webhooks", {"per_page": MOST, "page": page})
        found += rows
        if not more:
            break
    return found
