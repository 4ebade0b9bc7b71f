"""The wire between a connector's process and the app: JSON that knows the SDK's data and no more.

Values become plain JSON; what JSON has no word for is ``{"$": tag, "v": content}``: the SDK's data
classes (their fields in order), ``Decimal``, moments, days, bytes, tuples, and dictionaries whose
keys are no plain text. Reading makes only those, whatever is sent: nothing is imported, looked up
by name or run. Lists stay lists and tuples tuples; what else is a sequence becomes a list, and a
subclass becomes the SDK's own class.

A message is a head of eight bytes (two lengths), JSON, and a blob: bodies of requests and answers
travel as they are.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from oms_connector import (
    access,
    bookkeeping,
    carrying,
    context,
    data,
    errors,
    paying,
    talking,
    webhooks,
)

HEAD = struct.Struct(">II")
"""Lengths of the JSON and of the blob that follow it."""

MAX_DECIMAL = 100
"""Characters; a number with millions of digits would keep whoever reads it busy for minutes."""

_TAG, _CONTENT = "$", "v"
_PLAIN = frozenset({str, int, float, bool, type(None)})

CLASSES: tuple[type[Any], ...] = (
    data.Address, data.OrderLine, data.Payment, data.Order, data.ParcelInfo, data.ReturnLine,
    data.Return, data.Unreadable, data.Skipped, data.OrderRef, data.Page, data.Offer,
    data.StockItem, data.PriceItem, data.ItemResult, data.Shipment, data.Invoice, data.Word,
    data.Sms, data.SmsReport,
    context.Response, access.Tokens, access.DeviceCode, webhooks.Ring,
    carrying.ParcelSize, carrying.CarrierService, carrying.Package, carrying.Booking,
    carrying.Flaw, carrying.Booked, carrying.LabelFile, carrying.Rate, carrying.TravelEvent,
    carrying.Journey, carrying.PickupPoint, carrying.Pickup,
    paying.PaymentAsk, paying.PaymentLink, paying.RefundTold, paying.PaymentTold, paying.RefundAsk,
    bookkeeping.BookLine, bookkeeping.BookChange, bookkeeping.BookSum, bookkeeping.BookParty,
    bookkeeping.BookPayment, bookkeeping.BookExchange, bookkeeping.BookDocument,
    bookkeeping.Entered,
    paying.RefundLine, paying.FeeClaim, paying.FeeClaimTold,
    talking.Attached, talking.BuyerMessage, talking.MessageOut,
)

ERRORS: Mapping[str, tuple[type[Exception], tuple[str, ...]]] = {
    "ChannelError": (errors.ChannelError, ()),
    "AccessRefused": (errors.AccessRefused, ("field",)),
    "RateLimited": (errors.RateLimited, ("retry_after",)),
    "ChannelDown": (errors.ChannelDown, ()),
    "OutcomeUnknown": (errors.OutcomeUnknown, ()),
    "Refused": (errors.Refused, ("code", "field")),
    "Conflict": (errors.Conflict, ("current",)),
    "NotFound": (errors.NotFound, ("code", "field")),
    "NotSupported": (errors.NotSupported, ("code", "field")),
    "CursorExpired": (errors.CursorExpired, ()),
    "WebhookRefused": (webhooks.WebhookRefused, ()),
}
"""Errors that cross by name, and what each carries beside its message."""


class WireError(Exception):
    """Something that may not cross, or bytes that are no message of ours."""


def dumps(value: Any) -> bytes:
    """A value as bytes.

    Raises:
        WireError: it holds something that is neither JSON nor the SDK's.
    """
    try:
        return json.dumps(_out(value), separators=(",", ":"), allow_nan=False).encode("ascii")
    except (ValueError, RecursionError) as error:
        raise WireError(f"this cannot be handed over: {error}") from error


def loads(content: bytes) -> Any:
    """The value again.

    Raises:
        WireError: it was not made by ``dumps``.
    """
    try:
        return json.loads(content, object_hook=_in)
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
        raise WireError(f"this cannot be read: {type(error).__name__}: {error}"[:500]) from error


def pack(head: Mapping[str, Any], blob: bytes = b"") -> list[bytes]:
    """A whole message, in pieces to be written one after another. Errors as for ``dumps``."""
    text = dumps(head)
    return [HEAD.pack(len(text), len(blob)) + text, blob] if blob else \
        [HEAD.pack(len(text), 0) + text]


def error_out(error: Exception) -> Mapping[str, Any] | None:
    """An error of the SDK by name (a connector's own subclass by its base); None for any other."""
    for kind in type(error).__mro__:
        known = ERRORS.get(kind.__name__)
        if known is not None and known[0] is kind:
            more = {name: getattr(error, name, None) for name in known[1]}
            return {"name": kind.__name__, "message": str(error), "more": more}
    return None


def error_in(told: Any) -> Exception:
    """The error again.

    Raises:
        WireError: it is none of the SDK's.
    """
    try:
        kind, names = ERRORS[told["name"]]
        more = {name: told["more"][name] for name in names}
        if any(type(value) not in _PLAIN for value in more.values()):
            raise WireError("an error carries more than text")
        return kind(str(told["message"]), **more)
    except (LookupError, TypeError) as error:
        raise WireError("this is no error of the SDK") from error


# Out

def _out(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    packer = _PACKERS.get(kind)
    return packer(value) if packer else _other(value)


def _list(values: Sequence[Any]) -> list[Any]:
    return [value if type(value) in _PLAIN else _out(value) for value in values]


def _dict(values: Mapping[Any, Any]) -> Any:
    if _TAG not in values and all(type(name) is str for name in values):
        return {name: value if type(value) in _PLAIN else _out(value)
                for name, value in values.items()}
    return _tagged("map", [[_out(name), _out(value)] for name, value in values.items()])


def _tagged(tag: str, content: Any) -> Mapping[str, Any]:
    return {_TAG: tag, _CONTENT: content}


def _other(value: Any) -> Any:
    """What is not exactly of a known type: by the first known one that it descends from."""
    for kind in type(value).__mro__[1:]:
        if kind in _PACKERS:
            return _PACKERS[kind](value)
        if kind in _PLAIN:
            return kind(value)
    if isinstance(value, bytearray | memoryview):
        return _PACKERS[bytes](bytes(value))
    if isinstance(value, Mapping):
        return _dict(dict(value))
    if isinstance(value, Sequence):
        return _list(list(value))
    raise WireError(f"a {type(value).__name__} cannot be handed over")


def _packer(kind: type[Any]) -> Callable[[Any], Any]:
    tag, get = kind.__name__, attrgetter(*(field.name for field in fields(kind)))
    if len(fields(kind)) == 1:
        raise AssertionError(f"{tag} has one field: attrgetter would not give a tuple")
    return lambda value: {_TAG: tag, _CONTENT: _list(get(value))}


_PACKERS: dict[type[Any], Callable[[Any], Any]] = {
    list: _list,
    dict: _dict,
    tuple: lambda value: _tagged("tuple", _list(value)),
    Decimal: lambda value: _tagged("decimal", str(value)),
    datetime: lambda value: _tagged("moment", value.isoformat()),
    date: lambda value: _tagged("day", value.isoformat()),
    bytes: lambda value: _tagged("bytes", base64.b64encode(value).decode("ascii")),
    **{kind: _packer(kind) for kind in CLASSES},
}


# In

def _in(found: dict[str, Any]) -> Any:
    """Called for each JSON object, the innermost first."""
    if _TAG not in found:
        return found
    content = found[_CONTENT]
    if len(found) != 2:
        raise WireError("a tagged value carries more than its content")
    return _MAKERS[found[_TAG]](content)


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_DECIMAL:
        raise WireError("a number is longer than any amount")
    return Decimal(text)


def _maker(kind: type[Any]) -> Callable[[list[Any]], Any]:
    return lambda values: kind(*values)


_MAKERS: dict[str, Callable[[Any], Any]] = {
    "map": dict,
    "tuple": tuple,
    "decimal": _decimal,
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "bytes": lambda text: base64.b64decode(text, validate=True),
    **{kind.__name__: _maker(kind) for kind in CLASSES},
}
