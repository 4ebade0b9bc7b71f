"""The back office's page "Weather": buyers, peaks, and a switch for each thing that goes wrong."""

from __future__ import annotations

from collections.abc import Mapping

from flask import redirect, render_template, request, url_for
from werkzeug import Response

from oms_demo.market import bustle
from oms_demo.market.faults import FAULTS
from oms_demo.market.office import market, office, refusal_text
from oms_demo.market.refusal import Refusal

GROUPS = (
    ("pages", ("sheet", "journal", "row")), ("documents", ("document",)),
    ("line", ("request", "answer")), ("time", ("clock", "ring")),
)


@office.get("/weather")
def weather() -> str:
    """How it blows, and what it has done so far."""
    return _page()


@office.post("/weather")
def change_weather() -> Response | tuple[str, int]:
    """Switch faults on and off: a chance in percent each, for so many minutes or until calm."""
    try:
        market().weather.switch_all({
            fault.name: (_percent(request.form, fault.name), _minutes(request.form))
            for fault in FAULTS if fault.name in request.form
        })
    except Refusal as refusal:
        return _page(refusal_text(refusal)), refusal.status
    return redirect(url_for("office.weather", said="weather"), 303)


@office.post("/weather/storm")
def storm() -> Response:
    """Everything at once, as often as usual."""
    market().weather.storm()
    return redirect(url_for("office.weather", said="storm"), 303)


@office.post("/weather/calm")
def calm() -> Response:
    """The big red button."""
    market().weather.calm()
    bustle.end_peak(market())
    return redirect(url_for("office.weather", said="calm"), 303)


@office.post("/weather/buyers")
def buyers() -> Response | tuple[str, int]:
    """How many buyers come in a minute."""
    try:
        rate = _figure(request.form, "rate", "bad_rate")
        bustle.switch(market(), on=rate > 0, per_minute=rate)
    except Refusal as refusal:
        return _page(refusal_text(refusal)), refusal.status
    return redirect(url_for("office.weather", said="saved"), 303)


@office.post("/weather/peak")
def peak() -> Response | tuple[str, int]:
    """Black Friday: many times more of them for a while."""
    try:
        bustle.start_peak(market(), _figure(request.form, "factor", "bad_peak"),
                          _figure(request.form, "minutes", "bad_peak"))
    except Refusal as refusal:
        return _page(refusal_text(refusal)), refusal.status
    if not bustle.auto(market()):
        bustle.switch(market(), on=True)
    return redirect(url_for("office.weather", said="peak"), 303)


@office.post("/weather/seed")
def seed() -> Response | tuple[str, int]:
    """Throw the dice anew; the same number throws the same once more."""
    text = request.form.get("seed", "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        return _page(refusal_text(Refusal("bad_seed", "A whole number.", 422))), 422
    market().weather.reseed(int(text))
    return redirect(url_for("office.weather", said="saved"), 303)


def _page(wrong: str = "") -> str:
    now = market().weather
    on = now.switches()
    groups = [(name, [fault for fault in FAULTS if fault.point in points])
              for name, points in GROUPS]
    return render_template(
        "market/weather.html", groups=groups, on=on, served=now.served, seed=now.seed,
        total=sum(now.served.values()), peak=bustle.peak(market()), wrong=wrong,
        rate_max=bustle.RATE_MAX,
    )


def _percent(form: Mapping[str, str], name: str) -> float:
    return _figure(form, name, "bad_chance") / 100


def _minutes(form: Mapping[str, str]) -> float | None:
    return _figure(form, "for_minutes", "bad_minutes") or None


def _figure(form: Mapping[str, str], name: str, code: str) -> float:
    try:
        return float(form.get(name, "").strip().replace(",", ".") or 0)
    except ValueError:
        raise Refusal(code, "Not a number.", 422, field=name) from None
