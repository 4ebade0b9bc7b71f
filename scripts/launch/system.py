"""System packages: what is missing, and apt where we may use it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from progress import Trouble, run, step

# The node inside Playwright's package needs it, and a bare Debian has it not.
TEST_LIBRARIES = {"libatomic.so.1": "libatomic1"}

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """A Chromium or Chrome that starts: ``$OMS_CHROMIUM``, else the first on the path."""
    for name in (os.environ.get("OMS_CHROMIUM", ""), *BROWSERS):
        path = shutil.which(name) if name else None
        # Ubuntu has a chromium-browser that only tells people to install a snap.
        if path and subprocess.run([path, "--version"], capture_output=True, check=False,
                                   stdin=subprocess.DEVNULL).returncode == 0:
            return path
    return None


def is_debian() -> bool:
    """Whether this is Debian itself, whose packages include a Chromium."""
    try:
        return "ID=debian" in Path("/etc/os-release").read_text("utf-8").split()
    except OSError:
        return False


def install_command(packages: Sequence[str]) -> str:
    """What an administrator would type."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install --no-install-recommends {' '.join(packages)}"


def _as_root() -> list[str] | None:
    """How to become root: nothing to do, sudo, or None when there is no way."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    silent = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False,
                            stdin=subprocess.DEVNULL)
    if silent.returncode == 0:
        return ["sudo", "-n"]
    if not sys.stdin.isatty():
        return None
    # Asks for the password now, before the step's line is begun.
    print("  System packages are needed; sudo asks for your password (Ctrl-C: go on without).",
          file=sys.stderr)
    try:
        allowed = subprocess.run(["sudo", "-v"], check=False).returncode == 0
    except KeyboardInterrupt:
        allowed = False
    return ["sudo", "-n"] if allowed else None


def install(packages: Sequence[str], why: str, log: Path) -> None:
    """Install Debian packages.

    Raises:
        Trouble: this machine has no apt, we may not use it, or it failed. The advice is the
            command to type.
    """
    advice = f"Install them yourself: {install_command(packages)}"
    apt = shutil.which("apt-get")
    root = _as_root() if apt else None
    if apt is None or root is None:
        raise Trouble(
            f"System packages for {why} are missing and may not be installed from here", advice
        )
    call = [*root, "env", "DEBIAN_FRONTEND=noninteractive", apt, "-q", "-y",
            "-o", "DPkg::Lock::Timeout=300"]
    what = f"apt could not install {' '.join(packages)}"
    with step(f"system packages for {why}: {' '.join(packages)}"):
        try:
            run([*call, "install", "--no-install-recommends", *packages], log,
                what=what, advice=advice)
        except Trouble:  # A fresh machine has no package lists yet, an old one has stale ones.
            run([*call, "update"], log, what="apt could not fetch its package lists",
                advice=advice)
            run([*call, "install", "--no-install-recommends", *packages], log,
                what=what, advice=advice)
