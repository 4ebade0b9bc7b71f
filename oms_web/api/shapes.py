"""What goes over the wire: the bases of all shapes, and the types their fields are made of.

Money is text (``"129.90"``) beside a currency, a moment RFC 3339 in UTC, a quantity an integer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from oms_web.core.money import exponent, from_micro, from_minor

BIGGEST = 2**63 - 1
NO_NUL = r"^[^\x00]*$"
MOST_ROWS = 200
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Asked(BaseModel):
    """A body that is sent to us. Names we do not know are refused: they are typing errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Query(BaseModel):
    """What may stand behind the question mark."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """What we answer. Fields may be added to it, never taken away."""

    model_config = ConfigDict(frozen=True)


class PageQuery(Query):
    """A page of a list."""

    after: str = Field("", max_length=2000, pattern=NO_NUL, description=(
        "Where the page begins: next of the page before."))
    limit: int = Field(50, ge=1, le=MOST_ROWS, description="How many, at most.")


def _sensible(moment: datetime) -> datetime:
    if not _EARLIEST <= moment < _LATEST:
        raise ValueError("between 1990 and 2100")
    return moment.astimezone(UTC)


def _sensible_day(day: date) -> date:
    if not _EARLIEST.date() <= day < _LATEST.date():
        raise ValueError("between 1990 and 2100")
    return day


def text(most: int, least: int = 0, *, about: str = "", example: str = "") -> FieldInfo:
    """A text of bounded length: ``Annotated[str, text(80)]``."""
    return Field(
        max_length=most, min_length=least, pattern=NO_NUL, description=about or None,
        examples=[example] if example else None,
    )


@dataclass(frozen=True)
class one_of:
    """One of our words, kept in a table of the domain: ``Annotated[str, one_of(PHASES)]``."""

    words: Collection[str]

    def __get_pydantic_core_schema__(
        self, source: type[str], handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        """What pydantic checks by, and shows in the document: an enumeration."""
        return core_schema.literal_schema(list(self.words))


Moment = Annotated[AwareDatetime, AfterValidator(_sensible), Field(
    description="RFC 3339 with a zone, between 1990 and 2100.",
    examples=["2026-11-24T11:00:00Z"])]
Day = Annotated[date, AfterValidator(_sensible_day), Field(examples=["2026-11-24"])]
Number = Annotated[int, Field(ge=1, le=BIGGEST)]
Units = Annotated[int, Field(ge=1, le=1_000_000)]
Price = Annotated[str, Field(pattern=r"^[0-9]{1,8}(\.[0-9]{1,6})?$", examples=["129.90"])]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,10}(\.[0-9]{1,6})?$", examples=["129.90"])]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217.",
                                    examples=["PLN"])]
Told = Annotated[datetime, Field(description="RFC 3339, UTC.",
                                 examples=["2026-11-24T11:00:00Z"])]
Money = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["129.90"],
                             description="In the currency's main unit.")]
Next = Annotated[str | None, Field(description="Where the next page begins; null at the end.")]


def money(minor: int, currency: str) -> str:
    """Minor units as text with all decimals of the currency: ``12990, "PLN"`` -> ``129.90``."""
    return f"{from_minor(minor, currency):.{exponent(currency)}f}"


def price(micro: int, currency: str) -> str:
    """A unit price as text: at least the currency's decimals, at most six."""
    exact = f"{from_micro(micro):.6f}".rstrip("0")
    least = exponent(currency)
    decimals = len(exact.partition(".")[2])
    return exact.rstrip(".") if max(decimals, least) == 0 else (
        f"{from_micro(micro):.{max(decimals, least)}f}")
