"""A connector at work for one account: settings, secrets and the network put into its hands."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from oms_connector import Connector, Context
from oms_connector import Http as SdkHttp

from oms_web.core.actor import Actor
from oms_web.core.errors import NotAllowedNow
from oms_web.core.ports import SecretBox
from oms_web.core.work import Work, Works
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import get_account
from oms_web.sync.registry import Registry


class HttpMaker(Protocol):
    """Makes the HTTP client of an account (the ``http`` port)."""

    def __call__(self, base_url: str, headers: Mapping[str, str], name: str) -> Any:
        """A client with ``request`` and ``close``."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What every act of the sync engine needs."""

    works: Works
    registry: Registry

    def actor(self, account: ChannelAccount) -> Actor:
        """The name under which a channel's changes enter the audit trail."""
        return Actor("connector", account.name, account.id)


def purpose(account_id: int) -> str:
    """What an account's secrets are bound to."""
    return f"channel_account:{account_id}"


def open_secrets(work: Work, account: ChannelAccount) -> dict[str, str]:
    """The account's secrets, decrypted."""
    if account.secrets is None:
        return {}
    box: SecretBox = work.ports["secrets"]
    return json.loads(box.open(account.secrets, purpose(account.id)))


@contextmanager
def connected(engine: Engine, account_id: int) -> Iterator[tuple[ChannelAccount, Connector]]:
    """A connector for an account. No transaction is open while it is used.

    Raises:
        NotAllowedNow: the connector is not installed, or the account is paused.
    """
    with engine.works.reading(Actor("system", "sync")) as work:
        account = get_account(work.session, account_id)
        secrets = open_secrets(work, account)
    found = engine.registry.get(account.connector)
    if found is None:
        raise NotAllowedNow("The connector %(key)s is not installed.", key=account.connector)
    http = _http(engine, found, account, secrets)
    try:
        yield account, found(Context(
            settings=account.settings, secrets=secrets, http=http, now=engine.works.clock(),
            log=logging.getLogger(f"oms.connector.{account.connector}"),
        ))
    finally:
        http.close()


def _http(
    engine: Engine, connector: type[Connector], account: ChannelAccount,
    secrets: Mapping[str, str],
) -> Any:
    make: HttpMaker = engine.works.ports["http"]
    return make(
        connector.base_url(account.settings), connector.auth_headers(secrets), account.name
    )


__all__ = ["Engine", "HttpMaker", "SdkHttp", "connected", "open_secrets", "purpose"]
