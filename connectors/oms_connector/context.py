"""What a connector works with: the engine's network, its account's settings, the moment."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from oms_connector.errors import ChannelDown


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer, whole. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body.

        Raises:
            ChannelDown: it is not JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ChannelDown(f"the answer is not JSON: {error}") from error


class Http(Protocol):
    """The engine's client: time limits, pace, tokens, redaction and a call log are its business.

    Raises ``ChannelDown`` when nothing was sent or a read failed, ``OutcomeUnknown`` when the
    answer to a write was lost, ``RateLimited`` on 429, ``AccessRefused`` on 401 (after one try
    with refreshed tokens, where the connector can refresh them). Other statuses are returned.
    """

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        bucket: str = "",
        cost: float = 1,
        safe: bool | None = None,
        signed: bool = True,
    ) -> Response:
        """Call ``path`` under the account's base address, or an absolute address of the same host.

        An unsigned request may also go to an absolute address at one of the manifest's ``hosts``.

        Args:
            params: lists become repeated names.
            bucket: which of the manifest's limits it draws from, beside the one for all.
            cost: how much it draws.
            safe: whether it changes nothing at the channel and may be repeated; by its method
                if not said (a GraphQL query is a POST that reads).
            signed: False leaves the account's authentication out (fetching a token).
        """

    def pause(self, seconds: float, bucket: str = "") -> None:
        """The channel said that this bucket is empty: send nothing of it for so long."""

    def renew(self) -> None:
        """The channel said within an answer, not by status 401, that the token has ended.

        Tokens are renewed as after a 401, and requests from now on carry the new one.

        Raises:
            AccessRefused: they cannot be renewed, or were in this very call.
            ChannelDown: not now.
        """


@dataclass(frozen=True, slots=True)
class Context:
    """What a connector works with for one account. ``folder`` is set for file connectors."""

    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    http: Http
    now: datetime
    log: logging.Logger
    folder: Path | None = None
