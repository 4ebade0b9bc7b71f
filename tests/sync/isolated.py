"""A connector's process at a test's hands: its channel, its limits, what becomes of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
from oms_connector import Connector

from oms_web.adapters.http import AccountHttp
from oms_web.core.actor import SYSTEM
from oms_web.sync import accounts
from oms_web.sync.isolation.child import Limits
from oms_web.sync.isolation.children import Children
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected
from oms_web.wiring import Oms
from tests.sync import evil

LIMITS = Limits(whole_seconds=60.0, memory_mb=256, answer_bytes=1024 * 1024, requests=20,
                log_lines=20)
HURRIED = replace(LIMITS, seconds=0.4)
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Shop:
    """The channel of the good and the evil connector, and what was asked of it."""

    count: int = 2
    token: str = "a0"
    asked: list[httpx2.Request] = field(default_factory=list)
    slow: float = 0.0
    is_polite: bool = False
    """Says within an answer of success that a token has ended."""

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        """Answer like the channel."""
        self.asked.append(request)
        time.sleep(self.slow)
        if request.url.path == "/token":
            self.token = "a1"
            return httpx2.Response(200, json={"access_token": "a1"})
        if request.headers.get("authorization") not in (None, f"Bearer {self.token}"):
            return httpx2.Response(200, json={"ended": True, "count": 0}) if self.is_polite \
                else httpx2.Response(401)
        return httpx2.Response(200, json={"count": self.count})


@contextmanager
def lending(oms: Oms) -> Iterator[Children]:
    """Processes for an installation's connectors, ended afterwards."""
    oms.works.ports["children"] = made = Children(LIMITS)
    yield made
    made.close()


def engine_of(oms: Oms, shop: Shop) -> Engine:
    """The sync engine, with both connectors and the way to their channel."""
    oms.works.ports["http"] = lambda _base, headers, name, **more: AccountHttp(
        "https://shop.example", headers, loopback=False, name=name,
        transport=httpx2.MockTransport(shop.handle),
        renewal=more["renewal"], secrets=more["secrets"],
    )
    return Engine(oms.works, Registry({"good": evil.Good, "evil": evil.Evil}))


def account_of(engine: Engine, kind: type[Connector], do: str = "", **settings: Any) -> int:
    """A new account, whose connector does ``do``."""
    with engine.works.writing(SYSTEM) as work:
        return accounts.connect(
            work, kind, f"{kind.__name__} {do}", {"do": do} | settings,
            {"access_token": "a0", "refresh_token": "r0"},
        ).id


def told(engine: Engine, account_id: int) -> str:
    """What its connector says when it verifies itself."""
    with connected(engine, account_id) as (_, connector):
        return connector.verify()


def is_gone(pid: int) -> bool:
    """Whether there is no such process (any more)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
