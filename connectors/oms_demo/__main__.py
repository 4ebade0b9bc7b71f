"""``python -m oms_demo --port 8001 --data DIR``: the marketplace as a server on this machine."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from waitress import create_server
from waitress.channel import ClientDisconnected

from oms_demo.market import bustle, ringing
from oms_demo.market.app import make_app
from oms_demo.market.faults_wire import HungUp

HOST = "127.0.0.1"


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; 1 when the port is taken."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("waitress").setLevel(logging.ERROR)  # half answers are meant to be half
    app = make_app(options.data, auto_buyers=True, history=bustle.HISTORY, seed=options.seed)
    market = app.extensions["market"]
    if options.rate is not None:
        bustle.switch(market, options.rate > 0, options.rate or None)
    try:
        server = create_server(_cutting(app), host=HOST, port=options.port, threads=8)
    except OSError as error:
        print(f"Targowisko: {HOST}:{options.port}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    signal.signal(signal.SIGTERM, _leave)
    hands = (bustle.Ticker(market), ringing.Ringer(market))
    for hand in hands:
        hand.start()
    print(f"Targowisko: http://{HOST}:{options.port}", flush=True)  # noqa: T201
    try:
        server.run()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        for hand in hands:
            hand.stop()
        server.close()
        market.store.close()
    return 0


def _cutting(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Where the weather hangs up, waitress ends the connection without a byte of an answer."""
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            return app(environ, start_response)
        except HungUp as cut:
            raise ClientDisconnected from cut
    return answer


def _leave(*_signal: object) -> None:
    raise SystemExit


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m oms_demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--data", type=Path, default=Path("market"), metavar="DIR",
                        help="where the marketplace keeps its state")
    parser.add_argument("--rate", type=float, metavar="ORDERS_PER_MINUTE",
                        help="how often buyers come by themselves; 0: never")
    parser.add_argument("--seed", type=int, default=1,
                        help="the same seed makes the same buyers and orders")
    return parser


if __name__ == "__main__":
    sys.exit(main())
