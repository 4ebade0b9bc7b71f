"""``oms serve`` and ``oms work``: the shop as processes.

``serve`` is a parent that does no work of its own. It binds the address first, makes the database
ready, then keeps its children alive: the web server, the worker with the clock, and the simulated
marketplace while the shop has the demo account.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from pathlib import Path

import click
from sqlalchemy import text

from oms_web import __version__
from oms_web.cli.database import check_known, make_ready
from oms_web.cli.supervisor import Child, Supervisor
from oms_web.core.errors import Invalid
from oms_web.domain.users.service import first_owner
from oms_web.inspection.pdf_libraries import missing_packages
from oms_web.settings import Settings
from oms_web.wiring import Oms, wire

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
    """Serve the shop; on the first start make its database, an owner and a demo shop."""
    if no_worker and no_web:
        raise click.UsageError("Nothing would be left to run.")
    # The children read the same settings, so what was said here is said to them as well.
    os.environ |= {name: str(value) for name, value in
                   (("OMS_HOST", host), ("OMS_PORT", port)) if value is not None}
    oms = wire()
    os.environ["OMS_INSTANCE"] = str(oms.settings.instance)
    say(f"version {__version__}, instance {oms.settings.instance}")
    children = []
    if not no_web:
        listener = listen(oms.settings)
        children.append(Child("the web server", python("oms_web.serving", "--fd",
                                                       str(listener.fileno())),
                              pass_fds=(listener.fileno(),)))
    prepare(oms, owner, empty)
    if not no_worker:
        children.append(Child("the worker", worker_command()))
    if has_demo(oms):
        children.append(Child("the demo marketplace", demo_command(oms.settings), needed=False))
    oms.engine.dispose()
    raise SystemExit(Supervisor(children, say).run())


@click.command()
def work() -> None:
    """Do the background work (sync, batches, clock) until told to stop."""
    check_known(wire())
    command = worker_command()
    os.execv(command[0], command)  # noqa: S606 - the command is ours


def say(message: str) -> None:
    """A line of progress."""
    click.echo(f"oms  {message}")


def python(*arguments: str) -> list[str]:
    """A command that runs a module with this interpreter."""
    return [sys.executable, "-m", *arguments]


def worker_command() -> list[str]:
    """How the worker is started. A process of its own: doors do not import each other."""
    return python("oms_web.jobs")


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


def prepare(oms: Oms, owner: str, empty: bool) -> None:
    """Database, owner and demo shop; whatever is there already is left alone."""
    begun = time.monotonic()
    make_ready(oms, say)
    wanted = oms.settings.instance / "first-start-demo"
    account = first_owner(oms.works, owner, first_language())
    if account is not None:
        _show_account(*account)
        if not empty:
            wanted.touch()
    if wanted.exists():
        # The mark goes last: a first start that was interrupted seeds at the next one.
        from oms_web.demo import seed

        seed(oms)
        wanted.unlink()
        say(f"demo shop filled in {time.monotonic() - begun:.1f} s "
            "('Start my own shop' in the first-day guide clears it)")
    absent = missing_packages()
    if absent:
        say(f"PDF documents are unavailable: install {' '.join(absent)} (Debian's names)")


def _show_account(email: str, password: str) -> None:
    click.echo(
        "\n    Your owner account, shown this once:\n"
        f"        e-mail    {email}\n"
        f"        password  {password}\n"
    )


def first_language() -> str:
    """The owner's language: English where this machine speaks it, else Polish."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    return "en" if spoken.startswith("en") else "pl"


def has_demo(oms: Oms) -> bool:
    """Whether the shop has an account at the simulated marketplace."""
    with oms.engine.connect() as connection:
        return connection.execute(text(
            "SELECT 1 FROM channel_account WHERE connector = 'demo' AND archived_at IS NULL"
        )).first() is not None


def demo_command(settings: Settings) -> list[str]:
    """How the simulated marketplace is started."""
    data: Path = settings.instance / "demo"
    return python("oms_demo", "--port", str(settings.demo_port), "--data", str(data))
