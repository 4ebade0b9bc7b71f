"""What a live shop must be able to do, so that the story can be told with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from tests.live.machine import Program

GOODS: Mapping[str, Decimal] = {"LIVE-MUG": Decimal("49.90"), "LIVE-BAG": Decimal("19.99")}
"""SKU -> price with tax in PLN of what every shop sells from the start, with none in stock."""


@dataclass(frozen=True, slots=True)
class Bought:
    """An order as the shop knows it. ``ref`` is what the connector calls its ``external_id``."""

    ref: str
    total: Decimal


class LiveShop(ABC):
    """One shop at work on this machine. What a shop cannot do, its connector does not claim."""

    name: ClassVar[str]
    """Of the module, of the command's argument, and of the connector."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Of this run: databases, logs. It exists, and is removed afterwards."""
        self.programs: list[Program] = []
        """What runs; the frame measures and stops it."""

    @abstractmethod
    def install(self) -> None:
        """Have the vendor's software here. Raises ``Missing`` or ``Trouble``."""

    @abstractmethod
    def start(self) -> None:
        """Run it with a database of its own, with GOODS on sale, ways to deliver and to pay."""

    def stop(self) -> None:
        """End everything that was started."""
        for program in reversed(self.programs):
            program.stop()

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """The settings of the account, as a seller would type them."""

    @property
    @abstractmethod
    def secrets(self) -> Mapping[str, str]:
        """The secrets of the account, as a seller would type them."""

    # Buyers, through the shop's own store

    @abstractmethod
    def buy(self, *wanted: tuple[str, int]) -> Bought:
        """An order of (SKU, units) that is placed and not paid yet."""

    # The seller, in the shop's own interface

    @abstractmethod
    def pay(self, ref: str) -> None:
        """The money of an order has come."""

    @abstractmethod
    def cancel(self, ref: str) -> None:
        """A whole order is called off."""

    def announce_return(self, ref: str, sku: str, count: int) -> None:
        """Units of a sent order are going to come back. Only for who can ``PullsReturns``."""
        raise NotImplementedError

    # What is true in the shop

    @abstractmethod
    def quantity(self, sku: str) -> int:
        """The units in stock that can still be ordered."""

    @abstractmethod
    def price(self, sku: str) -> Decimal:
        """What a unit costs, with tax."""

    @abstractmethod
    def tracking(self, ref: str) -> Sequence[str]:
        """The tracking numbers that the buyer of an order sees."""

    @abstractmethod
    def is_cancelled(self, ref: str) -> bool:
        """Whether an order is called off."""
