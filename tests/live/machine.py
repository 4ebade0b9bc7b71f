"""This machine: packages from the npm registry, programs at work, and what they take."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx2

TAIL = 30
"""Lines of a program's output that are shown when it fails."""


class Missing(Exception):
    """Something that this machine does not have: the lane is left out, and that is no failure."""


class Trouble(Exception):
    """A program or an installation failed; the message is for people."""


def cache() -> Path:
    """Where installed shops are kept between runs."""
    told = os.environ.get("OMS_LIVE_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(told or f"{home}/oms-live").expanduser()


def npm() -> list[str]:
    """How to call npm: ``$OMS_NPM``, else the one on the path.

    Raises:
        Missing: there is none, or no node.
    """
    found = os.environ.get("OMS_NPM") or shutil.which("npm")
    if not found or not shutil.which("node"):
        raise Missing("no npm")
    return shlex.split(found)


def installed(files: Path, *, scripts: bool = False) -> Path:
    """A folder with the packages that ``package-lock.json`` in ``files`` names.

    Everything in ``files`` is copied there. It is made once for each state of those files; the
    folders of earlier states are removed.

    Args:
        scripts: whether packages may build themselves (native code).

    Raises:
        Missing: there is no npm.
        Trouble: npm failed.
    """
    made = hashlib.sha256()
    for file in sorted(files.iterdir()):
        made.update(f"\0{file.name}\0".encode() + file.read_bytes())
    home = cache() / f"{files.name}-{made.hexdigest()[:16]}"
    if home.is_dir():
        return home
    command = [*npm(), "ci", "--no-audit", "--no-fund", "--loglevel=error",
               *([] if scripts else ["--ignore-scripts"])]
    making = home.with_name(f".{home.name}.{os.getpid()}")
    shutil.copytree(files, making, dirs_exist_ok=True)
    done = subprocess.run(command, cwd=making, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(making)
        raise Trouble(f"npm could not install {files.name}:\n{done.stdout}{done.stderr}"[-4000:])
    for old in cache().glob(f"{files.name}-*"):
        shutil.rmtree(old, ignore_errors=True)
    making.rename(home)
    return home


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """A program at work with its output in a file. It is ended with all that it started."""

    def __init__(self, command: Sequence[str], folder: Path, log: Path,
                 environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command, cwd=folder, stdout=out, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})},
                start_new_session=True)

    def wait_for(self, url: str, seconds: float = 120) -> None:
        """Wait until an address answers with success.

        Raises:
            Trouble: the program ended, or it took too long.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise Trouble(f"{self.log.stem} ended by itself:\n{self.tail()}")
            try:
                if httpx2.get(url, timeout=5, trust_env=False).status_code < 300:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.2)
        raise Trouble(f"{self.log.stem} does not answer at {url}:\n{self.tail()}")

    def tail(self) -> str:
        """The last lines of its output."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-TAIL:])

    def peak_mb(self) -> int:
        """The most memory that it has held so far, without what it started."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return 0
        line = next((one for one in status.splitlines() if one.startswith("VmHWM")), "0 0")
        return int(line.split()[1]) // 1024

    def stop(self) -> None:
        """End it, kindly first."""
        for number, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(seconds)
                return
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue
