"""What a stand-in is asked and what it tells: requests, baskets, how things really are there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from oms_connector import Response

Paid = Literal["paid", "unpaid", "cod"]


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it reaches the channel. Header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, still quoted."""
        return urlsplit(self.url).path

    @property
    def query(self) -> Mapping[str, str]:
        """The query; of a repeated name the last."""
        return dict(self.pairs)

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        """The query with repeated names."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    def json(self) -> Any:
        """The decoded body.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.body)


def answer(status: int, document: Any = None, **headers: str) -> Response:
    """An answer with a JSON body (none for None). ``retry_after`` becomes ``retry-after``."""
    body = b"" if document is None else json.dumps(document, ensure_ascii=False).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"content-type": "application/json"} | named, body)


@dataclass(frozen=True, slots=True)
class Basket:
    """What a buyer orders: so many lines (different offers) of so many units."""

    payment: Paid = "paid"
    lines: int = 1
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Truth:
    """An order as it really is at the channel now, in the SDK's terms.

    ``units``: line reference -> units still wanted (ordered less cancelled). ``prices``: line
    reference -> what the buyer pays per unit; empty if not known. ``private``: texts about the
    buyer that must not be in a log (name, e-mail, street, phone).
    """

    state: str
    total: Decimal
    currency: str
    placed_at: datetime
    units: Mapping[str, int]
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    paid: bool | None = None
    private: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """An offer as buyers see it. An ended offer shows 0."""

    offer_ref: str
    sku: str
    quantity: int
    price: Decimal | None = None
    currency: str = "PLN"


@dataclass(frozen=True, slots=True)
class InBooks:
    """A document as an accounting system has it: by our word for its kind, and its own sums."""

    kind: str
    number: str
    net: Decimal
    vat: Decimal
    gross: Decimal
    paid: Decimal
    lines: int
    buyer: str


Wish = Literal["plain", "cod", "point", "several", "return"]
"""What is special about a parcel: nothing; money is collected; it goes to a point; it is several
boxes; a buyer sends it back."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A booking as the carrier has it, not cancelled. ``weights_g``: one per package, empty where
    it is not told them. ``postcode`` is the receiver's.
    """

    reference: str
    service: str
    weights_g: Sequence[int] = ()
    cod: Decimal | None = None
    point: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the channel posts to our webhook; ``ref`` and ``event_id`` are what it says."""

    body: bytes
    headers: Mapping[str, str]
    ref: str = ""
    event_id: str = ""
