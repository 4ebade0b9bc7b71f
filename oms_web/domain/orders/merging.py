"""Two sides write on one order: what the channel changed since its last version, and what we did.

Pure. A channel repeats the whole order in each version; only what differs from its own last
version is news, so nothing that was corrected here is overwritten by what it has always said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# What a channel says about an order in words: columns of the order of the same names.
WORDS = (
    "buyer_name", "buyer_email", "buyer_phone", "buyer_company", "tax_id", "wants_invoice",
    "buyer_note", "ship_to", "bill_to", "delivery_method", "carrier", "pickup_point",
    "payment_kind", "payment_method", "ship_by",
)
_MOMENTS = frozenset({"ship_by"})

# What it says the buyer owes: columns of the order, minor units.
SUMS = ("items_total", "shipping_total", "discount_total")


@dataclass(frozen=True, slots=True)
class Merged:
    """News of the channel by name: ``taken`` if only it changed this, ``clashes`` if we did too."""

    taken: Mapping[str, Any]
    clashes: Mapping[str, Any]

    @property
    def news(self) -> Mapping[str, Any]:
        """All that the channel changed and that is different here."""
        return {**self.taken, **self.clashes}


def merge(before: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Merged:
    """Compare the channel's last version, ours, and its new one: three times the same names."""
    news = {
        name: value for name, value in theirs.items() if value not in (before[name], ours[name])
    }
    taken = {name: value for name, value in news.items() if ours[name] == before[name]}
    return Merged(taken, {name: value for name, value in news.items() if name not in taken})


def words(read: Callable[[str], Any]) -> dict[str, Any]:
    """The words of an order or a draft as JSON has them; ``read`` gives a column by its name."""
    return {name: _plain(read(name)) for name in WORDS}


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def column(name: str, word: Any) -> Any:
    """A word as its column has it."""
    return datetime.fromisoformat(word) if word and name in _MOMENTS else word


def version(row: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is remembered of a channel's version: its words, the wanted units per line, its sums."""
    return {
        "words": words(row.__getitem__),
        "units": {line["line_ref"]: line["quantity"] - line["cancelled"] for line in lines},
        "sums": {name: row[name] for name in SUMS},
    }
