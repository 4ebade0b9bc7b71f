"""Whether what karrio would send is what was ordered. Pure; knows nothing of karrio.

karrio has sent other things: weights cut to whole kilograms, house numbers moved in front of their
streets or made up, dollars where no currency was set, an image where a PDF was asked for, customs
papers with invented values, another's account number. So the request is read before it leaves, and
held against the booking. What differs is refused, never mended here; so is what nobody looks at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from oms_connector import Address, Booking, Flaw

from oms_karrio import words
from oms_karrio.carriers import Carrier, Layout, Party

HELD = ("key", "service", "sender", "receiver", "packages", "currency")
"""Fields of a booking that every request must repeat."""
WISHES = ("cod", "insured", "point", "is_return", "options")
"""What a booking may want besides: a layout says where it is told, or it is refused."""
FREE = ("note", "contents", "ship_on")
"""Words and a day: by them nothing is bought."""
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
    found += [Flaw(name, words.OTHERWISE) for name in WISHES
              if not _is_told(layout.wishes.get(name, ()), document, getattr(booking, name))]
    found += [Flaw("", words.UNASKED % {"what": path}) for path in unasked(layout, document)]
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


def unasked(layout: Layout, document: Any) -> list[str]:
    """Paths of what a request says and nothing here looks at: a service that nobody ordered, or a
    field that is new in karrio. What says *no* or *nothing* is let pass.
    """
    parties = [path for one in (layout.sender, layout.receiver) for path in (
        *one.names, *one.street, one.postcode, one.city, one.country, one.phone)]
    known = {layout.weights, *layout.measures, layout.measured_in.path, layout.service,
             layout.reference, *parties, *(one.path for one in layout.fixed), *layout.account,
             *layout.plain, *(path for paths in layout.wishes.values() for path in paths)}
    return sorted({path for path, value in _leaves(document) if path not in known
                   and value and not path.casefold().endswith("currency")})


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
        sizes = [_decimal(one) for one in at(document, path)]
        right = [Decimal(-(-size // 10)) for one in booking.packages
                 if (size := getattr(one, name))]
        if sizes != right:
            yield Flaw(f"packages.0.{name}", words.OTHERWISE)
        if right and set(at(document, layout.measured_in.path)) != {layout.measured_in.value}:
            yield Flaw(f"packages.0.{name}", words.OTHERWISE)


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


def _is_told(paths: Sequence[str], document: Any, wish: Any) -> bool:
    """Whether a wish, and no other, stands where it is told: nowhere if there is none."""
    read = _decimal if isinstance(wish, Decimal) else str
    told = {read(one) for path in paths for one in at(document, path) if one}
    return told == ({read(wish)} if wish else set())


def _leaves(document: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its path, as ``at`` takes it."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            yield from _leaves(value, f"{path}.{name}".lstrip("."))
    elif isinstance(document, list):
        for value in document:
            yield from _leaves(value, f"{path}.*".lstrip("."))
    else:
        yield path, document


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
