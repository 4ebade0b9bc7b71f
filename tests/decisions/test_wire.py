"""The wire between a connector's process and the app: all of the SDK crosses, nothing else."""

from __future__ import annotations

import json
import pickle
from collections import OrderedDict
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_type_hints

import oms_connector
import pytest
from hypothesis import given
from hypothesis import strategies as some
from oms_connector import (
    AccessRefused,
    Address,
    ChannelDown,
    Conflict,
    CursorExpired,
    Invoice,
    ItemResult,
    NotFound,
    Order,
    OrderLine,
    OrderRef,
    OutcomeUnknown,
    Page,
    Payment,
    RateLimited,
    Refused,
    Tokens,
    Unreadable,
    WebhookRefused,
    wire,
)
from oms_connector.wire import WireError, dumps, error_in, error_out, loads

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
ORDER = Order(
    external_id="1", placed_at=NOON.astimezone(timezone(timedelta(hours=1))), currency="PLN",
    lines=(OrderLine("a", "Świeca \U0001f56f \x00 \u202e \ud800", 2, Decimal("19.90")),),
    shipping=Decimal("1E+2"), total=Decimal("0.1") + Decimal("0.2"), tags=["a", "b"],
    payments=(Payment("p", Decimal("-3.00"), NOON),), bill_to=Address("Anna"), raw="{}",
)

plain = some.none() | some.booleans() | some.integers() | some.text() \
    | some.floats(allow_nan=False, allow_infinity=False)
leaves = plain | some.binary() | some.decimals(allow_nan=False, places=4) | some.dates() \
    | some.datetimes(timezones=some.just(UTC) | some.none())
values = some.recursive(leaves, lambda inner: some.lists(inner) | some.dictionaries(
    some.text() | some.just("$"), inner) | some.lists(inner).map(tuple)
    | some.dictionaries(some.integers(), inner), max_leaves=20)


@given(values)
def test_whatever_is_made_of_known_types_comes_back_the_same(value):
    back = loads(dumps(value))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("value", [
    ORDER, Page((ORDER, OrderRef("2"), Unreadable("3", "raw", "why")), {"at": [1, {"b": None}]},
                True),
    [ItemResult("applied"), ItemResult("rejected", "no", "c", "h", "f")],
    Invoice("1", "k", "FV/1", NOON, b"%PDF\x00\xff"), {"$": 1, "v": {"$": "Order"}},
    {1: "int", ("t",): "tuple"}, (), [], {}, ((),), date(2024, 2, 29), NOON.replace(tzinfo=None),
    10 ** 40, -0.0, Decimal("NaN"), Tokens("a", extra={"x": "y"}),
])
def test_values_of_every_shape_cross(value):
    back = loads(dumps(value))
    assert back == value or value != value
    assert repr(back) == repr(value)


def test_every_data_class_of_the_sdk_crosses_or_is_named_here():
    """A new one must be decided about."""
    not_for_the_wire = {"Context", "Manifest", "Capabilities", "Field", "Limit",
                        "FileColumn", "FileProblem", "FileSample", "ProductRecord", "StockRecord"}
    known = {name for name in oms_connector.__all__
             if hasattr(getattr(oms_connector, name), "__dataclass_fields__")}
    assert known - not_for_the_wire == {kind.__name__ for kind in wire.CLASSES}


def test_every_error_of_the_sdk_crosses():
    errors = {name for name in oms_connector.__all__
              if isinstance(getattr(oms_connector, name), type)
              and issubclass(getattr(oms_connector, name), Exception)}
    assert errors == set(wire.ERRORS)


@pytest.mark.parametrize("kind", wire.CLASSES)
def test_each_field_of_each_class_arrives_in_its_place(kind):
    values: list[Any] = [f"{field.name} {number}" for number, field in enumerate(fields(kind))]
    back = loads(dumps(kind(*values)))
    assert [getattr(back, field.name) for field in fields(kind)] == values
    assert get_type_hints(kind)


def test_a_moment_keeps_its_instant_whatever_zone_it_was_told_in():
    from zoneinfo import ZoneInfo

    summer = datetime(2026, 7, 1, 12, 0, tzinfo=ZoneInfo("Europe/Warsaw"))
    assert loads(dumps(summer)) == summer


def test_subclasses_become_what_they_descend_from():
    class Kind(StrEnum):
        A = "a"

    class Mine(Order):
        __slots__ = ()

    class Text(str):
        __slots__ = ()

    back = loads(dumps([Kind.A, Text("b"), OrderedDict(x=1), Mine("1", NOON, "PLN", ()),
                        memoryview(b"x"), range(2)]))
    assert [type(one) for one in back] == [str, str, dict, Order, bytes, list]


@pytest.mark.parametrize("value", [
    object(), {1, 2}, (n for n in ()), lambda: 1, Exception("x"), float("nan"), float("inf"),
    timedelta(1), [Decimal], {"deep": [object()]}, 1j, range,
])
def test_what_is_neither_json_nor_the_sdks_does_not_leave(value):
    with pytest.raises(WireError):
        dumps(value)


def test_what_contains_itself_does_not_leave():
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(WireError):
        dumps(endless)


@pytest.mark.parametrize("text", [
    b"", b"hello", b"\xff\xfe", pickle.dumps({"a": 1}), b'{"$":"Popen","v":["id"]}',
    b'{"$":"eval","v":"1"}', b'{"$":"Order"}', b'{"$":"Order","v":[1]}',
    b'{"$":"Address","v":[1,2,3,4,5,6,7,8,9,10]}', b'{"$":["Order"],"v":[]}',
    b'{"$":"moment","v":"soon"}', b'{"$":"moment","v":5}', b'{"$":"bytes","v":"!"}',
    b'{"$":"decimal","v":"twelve"}', b'{"$":"decimal","v":1}', b'{"$":"map","v":[1]}',
    b'{"$":"tuple","v":5}', b'{"$":"tuple","v":[],"more":1}', b'{"$":"map","v":[[[],1]]}',
    b'{"$":"Order","v":{"external_id":"1"}}', b"[" * 100_000, b'{"a":' * 100_000,
    b'{"$":"decimal","v":"' + b"9" * 101 + b'"}', b"1" * 5000, b'{"$":"Connector","v":[]}',
    b'{"$":"__import__","v":"os"}', b'{"$":null,"v":1}', b'[1,',
])
def test_bytes_that_we_did_not_make_are_refused(text):
    with pytest.raises(WireError):
        loads(text)


@given(some.binary() | some.text().map(str.encode) | values.map(
    lambda value: json.dumps({"$": "Order", "v": repr(value)}).encode()))
def test_no_bytes_do_anything_but_become_data_or_an_error(text):
    try:
        value = loads(text)
    except WireError:
        return
    assert type(value) in (str, int, float, bool, type(None), list, dict, tuple, bytes, Decimal,
                           datetime, date, *wire.CLASSES)


@pytest.mark.parametrize("error", [
    AccessRefused("no", "token"), RateLimited("slow", 3.5), RateLimited("slow"),
    ChannelDown("down"), OutcomeUnknown("?"), Refused("no", "code", "field"),
    Conflict("changed", "r7"), NotFound("gone", "404"), CursorExpired("old"),
    WebhookRefused("forged"),
])
def test_errors_cross_with_all_they_carry(error):
    told = loads(dumps(error_out(error)))
    back = error_in(told)
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


def test_a_connectors_own_error_crosses_as_its_base():
    class Own(NotFound):
        pass

    back = error_in(error_out(Own("gone")))
    assert type(back) is NotFound


def test_other_errors_do_not_cross():
    class ChannelDown(Exception):  # the name alone is not enough
        pass

    assert error_out(KeyError("x")) is None
    assert error_out(ChannelDown("x")) is None


@pytest.mark.parametrize("told", [
    None, [], {}, {"name": "SystemExit"}, {"name": "KeyError", "message": "", "more": {}},
    {"name": "Refused", "message": "x", "more": {}}, {"name": ["x"], "message": "", "more": {}},
    {"name": "Refused", "message": "x", "more": {"code": ["a"], "field": ""}},
])
def test_errors_that_are_none_are_refused(told):
    with pytest.raises(WireError):
        error_in(told)


def test_a_message_is_its_lengths_then_json_then_the_blob():
    assert b"".join(wire.pack({"a": 1}, b"\x00\xff")) == \
        b'\x00\x00\x00\x07\x00\x00\x00\x02{"a":1}\x00\xff'
    assert b"".join(wire.pack({})) == b"\x00\x00\x00\x02\x00\x00\x00\x00{}"
