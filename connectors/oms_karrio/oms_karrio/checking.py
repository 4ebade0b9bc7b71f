"""Whether what karrio would send is what was ordered. Pure; knows nothing of karrio.

karrio has sent other things: weights cut to whole kilograms, house numbers moved in front of their
streets or made up, dollars where no currency was set, an image where a PDF was asked for, customs
papers with invented values, another's account number. So the request is read before it leaves, and
held against the booking. What differs is refused, never mended here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from oms_connector import Address, Booking, Flaw

from oms_karrio import words
from oms_karrio.carriers import Carrier, Layout, Party

STEP_G = 10
"""karrio writes weights in hundredths of a kilogram: begun ones are rounded up before it may."""


def differences(carrier: Carrier, document: Any, booking: Booking, settings: Mapping[str, Any],
                ) -> list[Flaw]:
    """Where a request says something else than the booking; empty if it may be sent.

    Args:
        document: the request as it would be serialised: dictionaries, lists, values.
        settings: the account's: its own numbers must be in it.
    """
    layout = carrier.layout
    code = next((one.code for one in carrier.services if one.sold.ref == booking.service), "")
    found = [*_numbers(layout, document, booking),
             *_party("sender", layout, layout.sender, document, booking.sender),
             *_party("receiver", layout, layout.receiver, document, booking.receiver)]
    stated = ((layout.service, code, "service"), (layout.reference, booking.key, ""),
              *((one.path, one.value, one.field) for one in layout.fixed),
              *((path, str(settings.get(name) or "").strip(), "")
                for path, name in layout.account.items()))
    found += [Flaw(field, words.OTHERWISE) for path, value, field in stated
              if (told := list(at(document, path))) == [] or set(map(str, told)) != {str(value)}]
    found += [Flaw("receiver.country", words.OTHERWISE) for path in layout.absent
              if any(one not in (None, {}, [], "") for one in at(document, path))]
    found += [Flaw("currency", words.OTHERWISE) for one in set(currencies(document))
              if one != booking.currency]
    return found


def price_differences(carrier: Carrier, document: Any, booking: Booking) -> list[Flaw]:
    """Where a question for prices weighs or counts otherwise than the booking."""
    found = [one for one in _numbers(carrier.layout, document, booking) if "weight" in one.field]
    return [*found, *(Flaw("currency", words.OTHERWISE) for one in set(currencies(document))
                      if one != booking.currency)]


def rounded_up(grams: int) -> int:
    """A weight in steps that karrio keeps; never less than it is."""
    return -(-grams // STEP_G) * STEP_G


def at(document: Any, path: str) -> Iterator[Any]:
    """Everything that stands at a path; nothing where the path ends early."""
    name, _, rest = path.partition(".")
    if name == "*":
        inner: Sequence[Any] = document if isinstance(document, list) else ()
    else:
        inner = [document[name]] if isinstance(document, Mapping) and name in document else ()
    for one in inner:
        if rest:
            yield from at(one, rest)
        else:
            yield one


def currencies(document: Any) -> Iterator[str]:
    """Every currency that a request names, wherever it does."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            if isinstance(value, str) and str(name).casefold().endswith("currency"):
                yield value
            yield from currencies(value)
    elif isinstance(document, list):
        for one in document:
            yield from currencies(one)


def _numbers(layout: Layout, document: Any, booking: Booking) -> Iterator[Flaw]:
    weights = [_decimal(one) for one in at(document, layout.weights)]
    wanted = [Decimal(rounded_up(one.weight_g)) / 1000 for one in booking.packages]
    if len(weights) != len(wanted):
        yield Flaw("packages", words.OTHERWISE)
    for place, (told, true) in enumerate(zip(weights, wanted, strict=False)):
        if told != true:
            yield Flaw(f"packages.{place}.weight_g", words.OTHERWISE)
    for name, path in zip(("length_mm", "width_mm", "height_mm"), layout.measures, strict=True):
        told = [_decimal(one) for one in at(document, path)]
        true = [Decimal(-(-size // 10)) for one in booking.packages if (size := getattr(one, name))]
        if told != true:
            yield Flaw(f"packages.0.{name}", words.OTHERWISE)
        if true and set(at(document, layout.measured_in.path)) != {layout.measured_in.value}:
            yield Flaw(f"packages.0.{name}", words.OTHERWISE)
    if booking.insured is not None or layout.insured:
        told = [_decimal(one) for one in at(document, layout.insured)]
        if told != ([] if booking.insured is None else [booking.insured]):
            yield Flaw("insured", words.OTHERWISE)


def _party(side: str, layout: Layout, party: Party, document: Any, address: Address
           ) -> Iterator[Flaw]:
    def told(*paths: str) -> str:
        return " ".join(str(one) for path in paths for one in at(document, path) if one)

    country = told(party.country)
    pairs = {
        "street": (told(*party.street), address.street),
        "city": (told(party.city), address.city),
        "country": (layout.countries.get(country, country), address.country or "PL"),
    }
    for name, (said, true) in pairs.items():
        if _plain(said) != _plain(true):
            yield Flaw(f"{side}.{name}", words.OTHERWISE)
    if _bare(told(party.postcode)) != _bare(address.postcode):
        yield Flaw(f"{side}.postcode", words.OTHERWISE)
    if party.phone and _digits(told(party.phone)) != _digits(address.phone):
        yield Flaw(f"{side}.phone", words.OTHERWISE)
    names = {_plain(str(one)) for path in party.names for one in at(document, path)}
    if names != {_plain(one) for one in (address.name, address.company) if one.strip()}:
        yield Flaw(f"{side}.name", words.OTHERWISE)


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _plain(said: str) -> str:
    return " ".join(said.split()).casefold()


def _bare(postcode: str) -> str:
    return re.sub(r"[\s-]", "", postcode).casefold()


def _digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)
