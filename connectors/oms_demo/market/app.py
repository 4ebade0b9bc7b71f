"""The marketplace as a WSGI application."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, jsonify, request
from flask.json.provider import DefaultJSONProvider
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from oms_demo import catalog
from oms_demo.market import (
    api_acts,
    api_courier,
    api_money,
    api_purse,
    api_talks,
    bustle,
    office_buying,
    office_purse,
    office_returns,
    office_talks,
    office_weather,
    sandbox,
)
from oms_demo.market.api import CALLS_SHOWN, api
from oms_demo.market.gate import Gate
from oms_demo.market.limits import Bucket, Pace
from oms_demo.market.market import Market
from oms_demo.market.office import missing_page, office
from oms_demo.market.papers import LARGEST
from oms_demo.market.store import Store, seller_token
from oms_demo.market.weather import Weather

# These add their routes to the two blueprints when they are imported.
ROUTES = (api_acts, api_courier, api_money, api_purse, api_talks, office_buying, office_purse,
          office_returns, office_talks, office_weather, sandbox)


def utc_now() -> datetime:
    """The time on this machine."""
    return datetime.now(UTC)


def make_app(
    data_dir: Path,
    clock: Callable[[], datetime] = utc_now,
    *,
    auto_buyers: bool = False,
    history: int = 0,
    seed: int = 1,
    pace: Pace = Pace(),
    sleep: Callable[[float], None] = time.sleep,
    offers: Sequence[catalog.Stray] | None = None,
) -> Flask:
    """A marketplace whose state lies in ``data_dir``.

    Args:
        clock: says what time it is there; a test turns it by hand.
        auto_buyers: on the first day, let buyers come by themselves. Something must then call
            ``bustle.tick`` (the server does).
        history: orders of the two days before the first one.
        seed: the same seed makes the same buyers, baskets and numbers.
        pace: how fast programs may call.
        sleep: how slow answers pass the time.
        offers: what a new marketplace sells; the catalogue's range unless said.
    """
    app = Flask("oms_demo.market", static_folder=None)
    app.config.update(
        SELLER_TOKEN=seller_token(data_dir),
        TRUSTED_HOSTS=["localhost", "127.0.0.1", "[::1]"],
        MAX_CONTENT_LENGTH=LARGEST + 1024,
    )
    store = Store(data_dir / "market.sqlite3")
    weather = Weather(store, clock, seed, sleep)
    market = Market(store, clock, seed, weather)
    market.open(offers)
    if market.store.setting("opened", "no") == "no":
        if auto_buyers:
            bustle.switch(market, on=True)
        if history:
            bustle.write_history(market, history)
        market.store.remember("opened", "yes")
    app.extensions["market"] = market
    app.extensions["market_bucket"] = Bucket(pace, clock)
    calls = app.extensions["market_calls"] = deque(maxlen=CALLS_SHOWN)
    app.wsgi_app = Gate(app.wsgi_app, weather, calls)  # type: ignore[method-assign]  # as Flask says
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.ensure_ascii = app.json.sort_keys = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(api)
    app.register_blueprint(office)
    app.register_error_handler(HTTPException, _went_wrong)
    return app


def _went_wrong(error: HTTPException) -> ResponseReturnValue:
    """What no route answers: JSON for programs, a page for people."""
    status = error.code or 500
    if request.path.startswith("/api/"):
        return jsonify(error={"code": error.name.lower().replace(" ", "_"),
                              "message": error.description or error.name}), status
    return (missing_page(), 404) if status == 404 else error
