"""The manifest of a connector, the context it works in, and the capabilities it may have."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from oms_connector.data import (
    FileKind,
    FileProblem,
    FileSample,
    ItemResult,
    Offer,
    Order,
    OrderRef,
    Page,
    ProductRecord,
    Shipment,
    Skipped,
    StockItem,
    StockRecord,
    Unreadable,
)
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
class Capabilities:
    """Numbers about the channel that steer the engine.

    ``min_poll_s``: not more often than this. ``settle_lag_s``: the channel shows changes this
    late. ``history_days``: older data is gone. ``stock_batch``: items per push.
    ``webhooks``/``updated_misses``: what its "updated" stamp does not notice.
    """

    min_poll_s: int = 60
    settle_lag_s: int = 0
    history_days: int | None = None
    page_max: int = 100
    stock_batch: int = 100
    zero_ok: bool = True
    updated_misses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the app shows and checks before it talks to a connector.

    ``key`` is unique and lower case; ``letters`` (two) and ``hue`` (0-359) make its tile.
    """

    key: str
    name: str
    letters: str
    version: str
    hue: int = 230
    api: tuple[int, int] = API
    settings: Sequence[Field] = ()
    capabilities: Capabilities = Capabilities()
    help: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer, whole. ``json()`` raises ``ChannelDown`` when the body is not JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body."""
        import json

        from oms_connector.errors import ChannelDown

        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ChannelDown(f"the answer is not JSON: {error}") from error


class Http(Protocol):
    """The engine's client: time limits, pace, redaction and a call log are its business.

    Raises ``ChannelDown`` when nothing was sent or a read failed, ``OutcomeUnknown`` when the
    answer to a write was lost, ``RateLimited`` on 429, ``AccessRefused`` on 401. Other statuses
    are returned.
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
    ) -> Response:
        """Call ``path`` under the account's base address."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a connector works with for one account. ``folder`` is set for file connectors."""

    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    http: Http
    now: datetime
    log: logging.Logger
    folder: Path | None = None


class Connector:
    """Base of all connectors. One object per call of the engine, never shared, never kept."""

    manifest: ClassVar[Manifest]

    def __init__(self, context: Context) -> None:
        self.context = context

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """The address that ``http`` paths are under; empty for connectors without a network."""
        return str(settings.get("url", ""))

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Headers that authenticate a request. Never logged."""
        return {}


@runtime_checkable
class VerifiesAccess(Protocol):
    """Can say whether the settings work."""

    def verify(self) -> str:
        """The account's own name at the channel. Raises ``AccessRefused`` naming the field."""


@runtime_checkable
class PullsOrders(Protocol):
    """Has a stream of new and changed orders."""

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        """What changed after ``cursor`` (None: from the account's start), oldest change first."""


@runtime_checkable
class SweepsOrders(Protocol):
    """Can list all orders changed within a span, so that nothing stays missing."""

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        """Orders changed in [since, until], in any stable order."""


@runtime_checkable
class FetchesOrders(Protocol):
    """Can fetch orders by id."""

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        """One per reference, in order; None where the channel does not know it."""


@runtime_checkable
class ListsOffers(Protocol):
    """Can list what is on sale, with the quantity buyers see."""

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        """All offers, page by page; ``more`` is False on the last."""


@runtime_checkable
class PushesStock(Protocol):
    """Can set the quantity of a listing."""

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Set absolute quantities; exactly one result per item, in order."""


@runtime_checkable
class PushesShipments(Protocol):
    """Can be told that goods left, with tracking."""

    def push_shipment(self, shipment: Shipment) -> str:
        """The channel's reference. Telling it again with the same key changes nothing."""


@runtime_checkable
class ReadsFiles(Protocol):
    """Turns files into records by a profile (a JSON document that the seller edits)."""

    def profile_schema(self, kind: FileKind) -> Mapping[str, Any]:
        """What a profile for this kind of record may say: field -> meaning, for the editor."""

    def suggest(self, file: Path, kind: FileKind) -> Mapping[str, Any]:
        """A first profile guessed from the file."""

    def check(self, profile: Mapping[str, Any], kind: FileKind) -> Sequence[FileProblem]:
        """What is wrong with a profile; empty when it can be used."""

    def sample(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, rows: int
    ) -> FileSample:
        """The first rows, and the records they become."""

    def count(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, work_dir: Path
    ) -> int:
        """How many positions the file has; prepares what ``read`` needs and may take a while."""

    def read(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, start: int, work_dir: Path
    ) -> Iterable[tuple[int, Order | ProductRecord | StockRecord | Unreadable | Skipped]]:
        """Records from position ``start`` (0 is the first) on, each with its position.

        What comes from the same rows has the same position, and a file read again has the same
        positions. Memory stays flat whatever the size of the file.
        """

    def text_of(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, position: int,
        work_dir: Path,
    ) -> str:
        """The rows behind a position as text: what a person is shown when nothing came of them."""
