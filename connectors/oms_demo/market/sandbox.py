"""What only a marketplace to rehearse on has: buyers on demand, and its weather.

These calls stand behind no gate: bad weather must not keep anybody from ending it.
"""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from oms_demo.market import asked, bustle
from oms_demo.market.api import api, market
from oms_demo.market.faults import FAULTS
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import stamp

MOST = 200


@api.post("/sandbox/purchases")
def purchases() -> tuple[Response, int]:
    """Let invented buyers buy now."""
    count = asked.body().get("count", 1)
    if not isinstance(count, int) or not 1 <= count <= MOST:
        raise Refusal("bad_count", f"Between 1 and {MOST}.", 422, field="count")
    baskets = (market().invent() for _ in range(count))
    placed = [market().buy(basket) for basket in baskets if basket]
    return jsonify(orders=placed), 201


@api.get("/sandbox/weather")
def weather() -> Response:
    """Every fault: how likely it is, until when, and how often it has struck."""
    now = market().weather
    on = now.switches()
    return jsonify(seed=now.seed, faults=[
        {"name": fault.name, "point": fault.point, "usual": fault.usual,
         "chance": on[fault.name].chance if fault.name in on else 0,
         "until": _until(on.get(fault.name)), "served": now.served[fault.name]}
        for fault in FAULTS
    ])


@api.put("/sandbox/weather")
def change_weather() -> Response:
    """``faults``: name -> chance, or {chance, minutes}; ``storm``: all of them; ``seed``."""
    body = asked.body()
    wanted = body.get("faults", {})
    if not isinstance(wanted, dict):
        raise Refusal("bad_value", "faults must be name: chance.", 422, field="faults")
    if body.get("seed") is not None:
        market().weather.reseed(int(_number(body, "seed")))
    if body.get("storm") is not None:
        market().weather.storm(_number(body, "storm"))
    market().weather.switch_all({name: _wish(name, value) for name, value in wanted.items()})
    return weather()


@api.delete("/sandbox/weather")
def calm() -> Response:
    """Calm weather, at once."""
    market().weather.calm()
    bustle.end_peak(market())
    return weather()


@api.put("/sandbox/buyers")
def change_buyers() -> Response:
    """``rate``: orders a minute, 0 to 600; ``peak``: {factor, minutes}, or null to end it."""
    body = asked.body()
    if "rate" in body:
        rate = _number(body, "rate")
        bustle.switch(market(), on=rate > 0, per_minute=rate)
    if isinstance(body.get("peak"), dict):
        bustle.start_peak(market(), _number(body["peak"], "factor"),
                          _number(body["peak"], "minutes"))
    elif "peak" in body:
        bustle.end_peak(market())
    busy = bustle.peak(market())
    return jsonify(on=bustle.auto(market()), rate=bustle.rate(market()), peak=busy and {
        "factor": busy[0], "until": stamp(busy[1])})


def _until(switch: Any) -> str | None:
    return stamp(switch.until) if switch and switch.until else None


def _wish(name: str, value: Any) -> tuple[float, float | None]:
    if isinstance(value, dict):
        minutes = _number(value, "minutes") if value.get("minutes") else None
        return _number(value, "chance"), minutes
    return _number({name: value}, name), None


def _number(values: dict[str, Any], name: str) -> float:
    found = values.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise Refusal("bad_value", f"{name} must be a number.", 422, field=name)
    return found
