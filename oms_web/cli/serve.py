"""``oms serve`` and ``oms work``: the shop as processes.

``serve`` is a parent that does no work of its own. It binds the address first, makes the database
ready, then keeps its children alive: the web server, the worker with the clock, and the simulated
marketplace while the shop has an account there.

Imports at the top are few on purpose: the web server loads the program while this process looks
after the database, which halves the time to the first page.
"""

from __future__ import annotations

import errno
import os
import socket
import sys

import click

from oms_web import __version__
from oms_web.cli.supervisor import Child, Supervisor
from oms_web.core.errors import Invalid
from oms_web.paths import instance_dir
from oms_web.settings import Settings, load_settings

# Seconds that the web server has the processors for itself: somebody waits for its first page.
AFTER_WEB = 1.5
OWNER_EMAIL = "owner@localhost"
_LOOPBACK = ("127.", "::1", "localhost")
_OWN_NAMES = {"localhost", "127.0.0.1", "[::1]"}


@click.command()
@click.option("--host", help="Address to listen on (setting host).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (setting port).")
@click.option("--empty", is_flag=True, help="On the first start: no demo shop.")
@click.option("--owner", default=OWNER_EMAIL, show_default=True,
              help="On the first start: the owner's e-mail.")
@click.option("--no-worker", is_flag=True, help="Web only: another process runs 'oms work'.")
@click.option("--no-web", is_flag=True, help="Worker only, kept alive.")
def serve(host: str | None, port: int | None, empty: bool, owner: str, no_worker: bool,
          no_web: bool) -> None:
    """Serve the shop; make it on the first start.

    The first start makes the database, an owner and a demo shop. The demo shop's marketplace
    listens on a port of its own: the setting demo_port, or the environment variable OMS_DEMO_PORT.
    """
    if no_worker and no_web:
        raise click.UsageError("Nothing would be left to run.")
    os.umask(0o077)  # Customers' data lies in what is made from here on.
    # The children read the same settings, so what was said here is said to them as well.
    os.environ |= {name: str(value) for name, value in
                   (("OMS_HOST", host), ("OMS_PORT", port)) if value is not None}
    settings = load_settings(instance_dir())
    os.environ["OMS_INSTANCE"] = str(settings.instance)
    say(f"version {__version__}, instance {settings.instance}")
    supervisor = Supervisor([], say)
    if no_web:
        supervisor.children += _the_others(settings, owner, not empty, not no_worker)
    else:
        listener = listen(settings)
        waits, go = os.pipe()
        web = Child("the web server", web_command(listener, waits),
                    pass_fds=(listener.fileno(), waits))
        supervisor.start(web)
        supervisor.children += _the_others(settings, owner, not empty, not no_worker)
        os.write(go, b"!")
        web.command = web_command(listener)  # next time it need not wait
    raise SystemExit(supervisor.run())


def _the_others(settings: Settings, owner: str, demo: bool, worker: bool) -> list[Child]:
    """Make everything ready; the children besides the web server that the shop has."""
    from oms_web.cli.first_start import has_demo, prepare
    from oms_web.wiring import wire

    oms = wire(settings=settings)
    prepare(oms, owner, demo=demo, say=say)
    children = [Child("the worker", worker_command(), delay=AFTER_WEB)] if worker else []
    if has_demo(oms):
        children.append(Child("the demo marketplace", demo_command(settings), needed=False,
                              delay=AFTER_WEB))
    oms.engine.dispose()
    return children


@click.command()
def work() -> None:
    """Do the background work (sync, batches, clock) until told to stop."""
    from oms_web.cli.database import opened

    opened().engine.dispose()
    command = worker_command()
    os.execv(command[0], command)  # noqa: S606 - the command is ours


def say(message: str) -> None:
    """A line of progress."""
    click.echo(f"oms  {message}")


def python(*arguments: str) -> list[str]:
    """A command that runs a module with this interpreter."""
    return [sys.executable, "-m", *arguments]


def web_command(listener: socket.socket, waits: int | None = None) -> list[str]:
    """How the web server is started: on a bound socket, perhaps waiting for a word on a pipe."""
    gate = [] if waits is None else ["--wait-for", str(waits)]
    return python("oms_web.serving", "--fd", str(listener.fileno()), *gate)


def worker_command() -> list[str]:
    """How the worker is started. A process of its own: doors do not import each other."""
    return python("oms_web.jobs")


def demo_command(settings: Settings) -> list[str]:
    """How the simulated marketplace is started."""
    from oms_web.demo import market_folder

    return python("oms_demo", "--port", str(settings.demo_port),
                  "--data", str(market_folder(settings)))


def listen(settings: Settings) -> socket.socket:
    """Bind the address at once, so that a taken port is one clear sentence.

    Raises:
        Invalid: taken, not ours, not permitted or not known.
    """
    where = f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(256)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Invalid("%(where)s is taken: perhaps the shop is running already. Choose "
                          "another port with --port.", "port", where=where) from error
        raise Invalid("Cannot listen on %(where)s: %(why)s.", "host", where=where,
                      why=error.strerror) from error
    if not settings.host.startswith(_LOOPBACK) and set(settings.trusted_hosts) <= _OWN_NAMES:
        say("other machines are refused until their names for this one are in trusted_hosts "
            "(instance/oms.toml)")
    return listener
