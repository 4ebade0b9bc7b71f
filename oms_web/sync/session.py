"""A connector at work for one account: settings, secrets and the network put into its hands."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from oms_connector import Connector, Context, Limit, RefreshesTokens, Tokens
from oms_connector import Http as SdkHttp

from oms_web.core.actor import Actor
from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Works
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import get_account, require_active
from oms_web.sync.isolation.children import Children, can_isolate
from oms_web.sync.isolation.remote import InChild
from oms_web.sync.registry import Registry
from oms_web.sync.tokens import Keyring, open_secrets, purpose


class HttpMaker(Protocol):
    """Makes the HTTP client of an account (the ``http`` port)."""

    def __call__(
        self, base_url: str, headers: Mapping[str, str], name: str, *, account: int, client: str,
        limits: Sequence[Limit], hosts: Sequence[str], secrets: Mapping[str, str],
        renewal: Renewal | None,
    ) -> Any:
        """A client: ``oms_connector.Http`` and ``close``.

        ``client`` names the application whose limits its accounts share; ``hosts`` are further
        addresses for unsigned requests; ``secrets`` (renewed in place) are kept out of logs;
        ``renewal`` is None where tokens cannot be renewed.
        """


@dataclass(frozen=True, slots=True)
class Engine:
    """What every act of the sync engine needs. Without ``isolate`` connectors run right here."""

    works: Works
    registry: Registry
    isolate: bool = True

    def actor(self, account: ChannelAccount) -> Actor:
        """The name under which a channel's changes enter the audit trail."""
        return Actor("connector", account.name, account.id)


class Hands(Protocol):
    """How the connector of one account is reached."""

    def base_url(self, settings: Mapping[str, Any]) -> str:
        """The address that requests go under."""

    def auth_headers(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The headers that authenticate."""

    def connector(self, context: Context) -> Connector:
        """The connector, ready for work."""

    def refresh(self) -> Tokens:
        """Fresh tokens for what ``context.secrets`` holds now."""


@dataclass(slots=True)
class Renewal:
    """Renews the tokens of a connected account when its HTTP client finds that they have ended."""

    keyring: Keyring
    hands: Hands

    def due(self) -> bool:
        """Whether the tokens are known to have ended."""
        return self.keyring.due()

    def renew(self) -> Mapping[str, str]:
        """The headers that authenticate from now on; errors as for ``Keyring.renew``."""
        self.keyring.renew(self.hands.refresh)
        return self.hands.auth_headers(self.keyring.secrets)


@contextmanager
def connected(
    engine: Engine, account_id: int, *, although_stopped: bool = False
) -> Iterator[tuple[ChannelAccount, Connector]]:
    """A connector for an account. No transaction is open while it is used.

    Raises:
        NotAllowedNow: the connector is not installed.
        ChannelStopped: the account is paused or its access is refused, and it is not
            ``although_stopped`` (to try whether it works again).
    """
    with engine.works.reading(Actor("system", "sync")) as work:
        account = get_account(work.session, account_id)
        if not although_stopped:
            require_active(account)
        keyring = Keyring(engine.works, account_id, open_secrets(work, account))
    found = engine.registry.get(account.connector)
    if found is None:
        raise NotAllowedNow("The connector %(key)s is not installed.", key=account.connector)
    with _reached(engine, found, account_id) as hands:
        make: HttpMaker = engine.works.ports["http"]
        http = make(
            hands.base_url(account.settings), hands.auth_headers(keyring.secrets), account.name,
            account=account_id, client=_client(account, keyring.secrets),
            limits=found.manifest.limits, hosts=found.manifest.hosts, secrets=keyring.secrets,
            renewal=Renewal(keyring, hands) if issubclass(found, RefreshesTokens) else None,
        )
        try:
            yield account, hands.connector(Context(
                settings=account.settings, secrets=keyring.secrets, http=http,
                now=engine.works.clock(),
                log=logging.getLogger(f"oms.connector.{account.connector}"),
            ))
        finally:
            http.close()


@contextmanager
def _reached(engine: Engine, kind: type[Connector], account_id: int) -> Iterator[Hands]:
    """The connector's process where it can have one (the ``children`` port), else this one."""
    children: Children | None = engine.works.ports.get("children") if engine.isolate else None
    if children is None or not can_isolate(kind):
        yield InProcess(kind)
        return
    with children.lent(kind, account_id) as child:
        yield InChild(kind, child)


def _client(account: ChannelAccount, secrets: Mapping[str, str]) -> str:
    """Accounts of one application share its limits; its name is their ``client_id``."""
    own = secrets.get("client_id") or account.settings.get("client_id") or ""
    return f"{account.connector}:{own}"


class InProcess:
    """A connector that runs where we do."""

    def __init__(self, kind: type[Connector]) -> None:
        self._kind = kind
        self._context: Context | None = None

    def base_url(self, settings: Mapping[str, Any]) -> str:
        """The address that requests go under."""
        return self._kind.base_url(settings)

    def auth_headers(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The headers that authenticate."""
        return self._kind.auth_headers(secrets)

    def connector(self, context: Context) -> Connector:
        """The connector itself."""
        self._context = context
        return self._kind(context)

    def refresh(self) -> Tokens:
        """Fresh tokens, by an object of its own: one object, one call."""
        assert self._context is not None
        other = self._kind(self._context)
        assert isinstance(other, RefreshesTokens)
        return other.refresh()


__all__ = ["Engine", "HttpMaker", "SdkHttp", "connected", "open_secrets", "purpose"]
