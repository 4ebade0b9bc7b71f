"""The web application behind a server: ours (waitress), or yours (any WSGI server).

    gunicorn 'oms_web.serving:application()'

``oms serve`` runs this module as a child process and hands it the socket it has bound.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import socket
import sys
from typing import NoReturn

from flask import Flask
from waitress import create_server
from werkzeug.middleware.proxy_fix import ProxyFix

from oms_web.app import create_app
from oms_web.core.logs import start_logging
from oms_web.wiring import Oms, wire


def application(oms: Oms | None = None) -> Flask:
    """The app, which believes as many reverse proxies as the settings say."""
    oms = oms or wire()
    start_logging(oms.settings.log_level)
    app = create_app(oms)
    trusted = oms.settings.proxies
    if trusted:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as Flask says
            app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted
        )
    # What is loaded by now stays: the collector need not walk through it while somebody waits
    # (its longest pauses become half as long).
    gc.collect()
    gc.freeze()
    return app


def serve(oms: Oms, listener: socket.socket) -> None:
    """Answer requests on a bound socket until SIGTERM or SIGINT; those begun are finished."""
    settings = oms.settings
    server = create_server(
        application(oms),
        sockets=[listener],
        threads=settings.threads,
        ident="",
        connection_limit=500,
        asyncore_use_poll=True,
        max_request_body_size=settings.max_upload_mb * 1024 * 1024,
        # The app itself judges these headers (ProxyFix), and only if the settings name a proxy.
        clear_untrusted_proxy_headers=not settings.proxies,
    )
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    host = settings.host if ":" not in settings.host else f"[{settings.host}]"
    sys.stdout.write(f"oms  serving at http://{host}:{server.effective_port}\n")
    sys.stdout.flush()
    try:
        server.run()
    finally:
        server.close()
        oms.engine.dispose()


def _stop(*_signal: object) -> NoReturn:
    sys.exit(0)


def main() -> None:
    """The child's entry: ``python -m oms_web.serving --fd N``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True, help="a bound, listening socket")
    parser.add_argument("--wait-for", type=int, metavar="FD", help="begin when this pipe says so")
    options = parser.parse_args()
    if options.wait_for is not None and not os.read(options.wait_for, 1):
        return  # The other end was closed: nothing is to be served after all.
    serve(wire(), socket.socket(fileno=options.fd))


if __name__ == "__main__":
    main()
