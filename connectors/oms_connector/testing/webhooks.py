"""Checks 26 and 27: only the channel can ring, and answering the door takes no time."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oms_connector import HearsWebhooks, Ring, WebhookRefused
from oms_connector.testing.bench import Bench
from oms_connector.testing.facts import Delivery
from oms_connector.testing.promise import keeps
from oms_connector.testing.standin import Absent
from oms_connector.testing.verdict import Broken, must

LONG = 16
"""Texts shorter than this are no signatures; comparing them tells nobody anything."""


class Webhooks:
    """Deliveries, true and forged."""

    @keeps(26, "a delivery that is not the channel's, was changed or is old is refused", "gold")
    def test_26_forgeries(self, bench: Bench) -> None:
        """Over the raw body, with the account's own secret, whatever else it says."""
        bench.needs(HearsWebhooks)
        [ref] = bench.place_apart(1)
        true = bench.standin.ring(ref)
        [ring] = hear(bench, true)
        must(isinstance(ring, Ring) and ring.ref == ref, f"it rang for {ref}, and {ring} was heard")
        must(ring.event_id, "a ring without an id cannot be told from its repetition")
        must(hear(bench, true)[0].event_id == ring.event_id, "a repetition has another id")
        must(hear(bench, bench.standin.ring(ref))[0].event_id != ring.event_id,
             "two rings have the same id")
        with contextlib.suppress(Absent):
            must(not hear(bench, bench.standin.ping()), "a ping is taken for an event")
        in_body = bench.standin.signs_fields
        must(bench.standin.signatures or in_body,
             "the stand-in does not say which headers are the signature")
        for name, forged in forgeries(true, bench.standin.signatures, in_body):
            refused(bench, name, forged)
        for secret in ("", "kit-another-secret"):
            others = {**bench.secrets, bench.kind_of_connector.manifest.webhook_secret: secret}
            refused(bench, f"the secret {secret!r}", true, others)
        if bench.standin.signs_moment:
            bench.clock.forward(minutes=6)
            refused(bench, "six minutes old", true)
            bench.clock.forward(minutes=-12)
            refused(bench, "six minutes early", true)

    @keeps(27, "hearing takes no request and compares signatures in constant time", "gold")
    def test_27_hearing(self, bench: Bench) -> None:
        """The channel waits at the door, and anybody may knock."""
        bench.needs(HearsWebhooks)
        [ref] = bench.place_apart(1)
        delivery = bench.standin.ring(ref)
        before, began = len(bench.line.calls), time.perf_counter()
        hear(bench, delivery)
        must(time.perf_counter() - began < 1, "hearing took more than a second")
        must(len(bench.line.calls) == before, "hearing asks the channel")
        compared: list[str] = []
        watched = {name.lower(): Watched(value).by(compared) if name.lower()
                   in bench.standin.signatures else value
                   for name, value in delivery.headers.items()}
        bench.call(lambda c: c.hear(delivery.body, watched))
        must(not compared, "a signature is compared with == and not with hmac.compare_digest")


def hear(bench: Bench, delivery: Delivery, secrets: Mapping[str, str] | None = None
         ) -> Sequence[Ring]:
    """What the connector hears in a delivery, its header names in lower case as the app does."""
    named = {name.lower(): value for name, value in delivery.headers.items()}
    return list(bench.call(lambda c: c.hear(delivery.body, named), secrets))


def refused(bench: Bench, name: str, delivery: Delivery, secrets: Mapping[str, str] | None = None
            ) -> None:
    """See that a delivery is refused.

    Raises:
        Broken: it was heard, or ended in another error.
    """
    try:
        heard = hear(bench, delivery, secrets)
    except WebhookRefused:
        return
    except Exception as error:
        raise Broken(f"{name}: {error!r} instead of WebhookRefused") from error
    raise Broken(f"{name}: it was heard as {heard}")


def forgeries(true: Delivery, signatures: Sequence[str], in_body: bool
              ) -> Sequence[tuple[str, Delivery]]:
    """A delivery as others would send it. ``in_body``: its fields are signed, and not its form."""
    body, headers = true.body, {name.lower(): value for name, value in true.headers.items()}
    flipped = [body[:place] + bytes([body[place] ^ 1]) + body[place + 1:]
               for place in (0, len(body) // 2, len(body) - 1)]
    found = [("a byte was changed", Delivery(one, headers)) for one in flipped]
    found += [("cut short", Delivery(body[:-1], headers)), ("empty", Delivery(b"", headers))]
    if in_body:
        return found
    found += [("without any header", Delivery(body, {}))]
    found += [(f"{name} was changed", Delivery(body, headers | {name: _turned(headers[name])}))
              for name in signatures]
    found += [(f"without {name}", Delivery(body, {k: v for k, v in headers.items() if k != name}))
              for name in signatures]
    try:
        again = json.dumps(json.loads(body), indent=3, sort_keys=True).encode()
    except ValueError:
        return found
    return [*found, ("the same JSON written anew", Delivery(again, headers))]


def _turned(value: str) -> str:
    letter = value[-5]
    return value[:-5] + ("b" if letter == "a" else "a") + value[-4:]


class Watched(str):
    """A header's value that notes who compares it, and what is cut out of it, with ``==``."""

    __slots__ = ("_compared",)
    _compared: list[str]

    def by(self, compared: list[str]) -> Watched:
        """Note comparisons in this list."""
        self._compared = compared
        return self

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str) and min(len(self), len(other)) >= LONG:
            self._compared.append(str(self))
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


def _kept(name: str) -> Callable[..., Any]:
    def method(self: Watched, *args: Any, **more: Any) -> Any:
        found = getattr(str, name)(self, *args, **more)
        if isinstance(found, str):
            return Watched(found).by(self._compared)
        if isinstance(found, list | tuple):
            return type(found)(Watched(one).by(self._compared) for one in found)
        return found

    return method


for _name in ("strip", "lower", "removeprefix", "removesuffix", "split", "partition", "rpartition",
              "replace", "__getitem__"):
    setattr(Watched, _name, _kept(_name))
