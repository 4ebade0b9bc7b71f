"""Connectors that do what none may, each by the word in its settings; run in their processes."""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms_connector import (
    AccessRefused,
    Address,
    ChannelDown,
    Conflict,
    Connector,
    ItemResult,
    Manifest,
    Order,
    OrderLine,
    Page,
    RateLimited,
    Ring,
    Shipment,
    StockItem,
    Tokens,
    WebhookRefused,
)


def order(number: int) -> Order:
    """An order with everything that crosses the wire in a way of its own."""
    placed = datetime(2026, 11, 23, 9, 30, tzinfo=UTC) + timedelta(seconds=number)
    return Order(
        external_id=f"E{number}", placed_at=placed, currency="PLN", revision=f"{number:06}",
        lines=tuple(OrderLine(f"{number}.{line}", f"Świeca sojowa {line}", 1 + line,
                              Decimal("19.90"), sku=f"S{line}") for line in range(2)),
        total=Decimal("59.70"), ship_to=Address("Jan Próbny", street="Polna 1", city="Łódź",
                                                postcode="90-001", country="PL"),
        raw='{"note": "' + "x" * 300 + '"}',
    )


class Good(Connector):
    """Does what it should."""

    manifest = Manifest("good", "Good", "Go", "1.0")

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """A token that ends."""
        return {"Authorization": f"Bearer {secrets.get('access_token', '')}"}

    def verify(self) -> str:
        """Its own process."""
        self.context.log.info("verified %s", self.context.settings["do"])
        return str(os.getpid())

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order]:
        """A page of as many orders as the channel says."""
        start = cursor["at"] if cursor else 0
        asked = {"from": start, "a": [1, 2]}
        answer = self.context.http.request("GET", "/orders", params=asked)
        if answer.json().get("ended"):
            self.context.http.renew()
            answer = self.context.http.request("GET", "/orders", params=asked)
        count = answer.json()["count"]
        return Page([order(start + n) for n in range(count)], {"at": start + count}, False)

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Each applied."""
        self.context.http.request("PUT", "/stock", json=[item.quantity for item in items])
        return [ItemResult("applied", handle=item.key) for item in items]

    def refresh(self) -> Tokens:
        """From the channel's own token address."""
        answer = self.context.http.request("POST", "/token", signed=False, json={
            "refresh_token": self.context.secrets["refresh_token"]})
        if answer.status >= 400:
            raise AccessRefused("the grant was taken back")
        return Tokens(answer.json()["access_token"], "r1",
                      self.context.now + timedelta(hours=1))


class Evil(Connector):
    """Does what ``settings["do"]`` says."""

    manifest = Manifest("evil", "Evil", "Ev", "1.0")

    def verify(self) -> str:
        """Do it."""
        return str(getattr(self, self.context.settings["do"])())

    def push_shipment(self, shipment: Shipment) -> str:
        """Send something, whatever comes of that, then do it."""
        with suppress(ChannelDown):
            self.context.http.request("POST", "/sent")
        return self.verify()

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        """What the body says, or why it is not to be trusted."""
        if body == b"forged":
            raise WebhookRefused("forged")
        return [Ring("order", headers["x-ref"], body.decode())] if body else self.verify()

    # faults

    def mistake(self) -> str:
        """Not an error of the SDK."""
        return {}["nothing"]

    def conflict(self) -> str:
        """An error of the SDK with more than its message."""
        raise Conflict("changed meanwhile", current="r7")

    def limited(self) -> str:
        """A subclass of its own."""
        class Own(RateLimited):
            pass
        raise Own("slowly", 7.5)

    def strange(self) -> Any:
        """Something that cannot cross."""
        self.verify = None  # type: ignore[method-assign]
        raise RuntimeError(object())

    # harm

    def hang(self) -> str:
        """Never come back."""
        while True:
            time.sleep(60)

    def spin(self) -> str:
        """Never come back, and keep the processor busy."""
        while True:
            pass

    def stubborn(self) -> str:
        """Hear no signal that can be refused."""
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        return self.hang()

    def leave(self) -> str:
        """Go away."""
        os._exit(3)

    def polite(self) -> str:
        """Go away, the other way."""
        sys.exit(0)

    def crash(self) -> str:
        """Read where nothing is."""
        faulthandler._read_null()
        return "survived"

    def leak(self) -> str:
        """Take a gigabyte."""
        held = []
        for _ in range(1024):
            held.append(bytearray(1024 * 1024))
        return str(len(held))

    def flood(self) -> str:
        """Answer more than anybody reads."""
        return "x" * (20 * 1024 * 1024)

    def chatter(self) -> str:
        """Write to the log without end."""
        while True:
            self.context.log.warning("x" * 10_000)

    def print_much(self) -> str:
        """Print: harmless, nobody listens."""
        for _ in range(100):
            print("x" * 100_000)
            os.write(2, b"y" * 100_000)
        return "printed"

    def garbage(self) -> str:
        """Write into the pipe."""
        for handle in range(3, 20):
            try:
                os.write(handle, b"\x00\x00\x00\x05\x00\x00\x00\x00hello")
            except OSError:
                continue
        return self.hang()

    def forge(self) -> str:
        """Write what looks like a message into the pipe."""
        text = b'{"say":"done","value":{"$":"Popen","v":["id"]}}'
        for handle in range(3, 20):
            try:
                os.write(handle, len(text).to_bytes(4, "big") + b"\x00" * 4 + text)
            except OSError:
                continue
        return self.hang()

    def many_requests(self) -> str:
        """Ask without end."""
        while True:
            self.context.http.request("GET", "/")

    # the outside

    def fork(self) -> str:
        """A second process."""
        return str(os.fork())

    def fork_below(self) -> str:
        """A second process, past the audit hook."""
        import _posixsubprocess

        return str(_posixsubprocess.fork_exec([b"/bin/echo"], [b"/bin/echo"], True, ()))

    def run(self) -> str:
        """A program."""
        return subprocess.check_output(["/bin/echo", "here"]).decode()

    def connect(self) -> str:
        """A socket."""
        socket.create_connection(("127.0.0.1", 9), 1)
        return "connected"

    def kill_parent(self) -> str:
        """The app itself."""
        os.kill(os.getppid(), signal.SIGKILL)
        return "killed"

    def kill_quietly(self) -> str:
        """The app itself, past the audit hook."""
        signal.pidfd_send_signal(os.pidfd_open(os.getppid()), signal.SIGKILL)
        return "killed"

    def read_passwords(self) -> str:
        """A file of the machine."""
        return Path("/etc/passwd").read_text()

    def read_told(self) -> str:
        """A file that it was told of."""
        return Path(self.context.settings["file"]).read_text()

    def write_told(self) -> str:
        """A file that it was told of."""
        return str(Path(self.context.settings["file"]).write_text("x"))

    def delete_told(self) -> str:
        """A file that it was told of."""
        return str(Path(self.context.settings["file"]).unlink())

    def foreign(self) -> str:
        """Functions of the C library."""
        import ctypes

        return str(ctypes.CDLL(None).getpid())

    def surroundings(self) -> str:
        """What it can see of the app."""
        return repr((sorted(os.environ), sorted(self.context.secrets), sys.argv,
                     [name for name in sys.modules if name.startswith("oms_web")]))

    def time_zone(self) -> str:
        """What it may read."""
        from zoneinfo import ZoneInfo

        return str(ZoneInfo("Europe/Warsaw"))

    def late_import(self) -> str:
        """Code of its own and of the library, after the doors are closed."""
        import csv
        import xml.etree.ElementTree as tree

        from oms_demo import words  # beside the SDK, not imported before

        return " ".join(module.__name__ for module in (csv, tree, words))


KINDS: tuple[type[Connector], ...] = (Good, Evil)
