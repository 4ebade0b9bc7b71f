"""A connector in another process that looks, to the engine, like one in this."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, cast

import oms_connector
from oms_connector import Connector, Context, ReadsFiles, Tokens

from oms_web.sync.isolation.child import Child, ConnectorFault


def _protocols() -> Iterator[type[Any]]:
    """What a connector may be able to do: every protocol of the SDK but the one for files."""
    for name in oms_connector.__all__:
        found = getattr(oms_connector, name)
        if getattr(found, "_is_runtime_protocol", False) and found is not ReadsFiles:
            yield found


CAPABILITIES: tuple[type[Any], ...] = tuple(_protocols())


def methods_of(capability: type[Any]) -> list[str]:
    """The methods that make a capability."""
    return [name for name, value in vars(capability).items()
            if callable(value) and not name.startswith("_")]


class Remote:
    """Base of the stand-ins. They have their connector's capabilities and manifest, nothing else.
    """

    def __init__(self, child: Child) -> None:
        self._child = child


@cache
def stand_in(kind: type[Connector]) -> type[Remote]:
    """The class of a connector's stand-in: the same capabilities, each method a question."""
    names = {name for capability in CAPABILITIES if issubclass(kind, capability)
             for name in methods_of(capability)}
    body: dict[str, Any] = {name: _forwarding(name) for name in sorted(names)}
    return type(kind.__name__, (Remote,), body | {
        "manifest": kind.manifest, "__module__": __name__, "__doc__": kind.__doc__})


def _forwarding(name: str) -> Callable[..., Any]:
    def method(self: Remote, *args: Any, **named: Any) -> Any:
        return self._child.ask({"do": "call", "name": name, "args": args, "named": named})

    method.__name__ = name
    return method


class InChild:
    """How the connector of one account is reached in its process."""

    def __init__(self, kind: type[Connector], child: Child) -> None:
        self._kind = kind
        self._child = child
        self._context: Context | None = None

    def base_url(self, settings: Mapping[str, Any]) -> str:
        """The address that requests go under."""
        return str(self._child.ask({"do": "class", "name": "base_url", "args": [settings]}))

    def auth_headers(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The headers that authenticate; the connector works with these secrets from now on."""
        found = self._child.ask({"do": "headers", "secrets": dict(secrets)})
        if not isinstance(found, Mapping) or not all(
                isinstance(part, str) for pair in found.items() for part in pair):
            raise ConnectorFault("auth_headers gave something else than headers")
        return found

    def connector(self, context: Context) -> Connector:
        """The stand-in, once its connector is ready."""
        self._context = context
        self._child.http = context.http
        self._child.ask({"do": "open", "settings": dict(context.settings),
                         "secrets": dict(context.secrets), "now": context.now})
        made = stand_in(self._kind)  # type: ignore[arg-type]  # classes do hash
        return cast(Connector, made(self._child))

    def refresh(self) -> Tokens:
        """Fresh tokens for what ``context.secrets`` holds now."""
        assert self._context is not None
        found = self._child.ask({"do": "refresh", "secrets": dict(self._context.secrets)})
        if not isinstance(found, Tokens):
            raise ConnectorFault("refresh gave something else than tokens")
        return found


