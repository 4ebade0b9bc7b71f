"""Run the kit on a connector from a program: pytest in a process of its own, its report back."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from oms_connector import Connector
from oms_connector.testing.scale import Report

MODULE = "conformance"
"""Where a package keeps its kit, by convention: ``oms_myshop.conformance``."""


class NothingChecked(Exception):
    """No check ran; the message is what pytest said."""


def module_of(connector: type[Connector]) -> str:
    """The module in which a connector's package is expected to keep its kit."""
    return f"{connector.__module__.partition('.')[0]}.{MODULE}"


def run(module: str) -> Report:
    """Check the connector whose kit is in a module (``oms_myshop.conformance``) or a ``.py`` file.

    Raises:
        NothingChecked: there is no ``ConnectorKit`` in it, or it cannot be imported.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report"
        place = [module] if module.endswith(".py") else ["--pyargs", module]
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "pytest", "-p", "oms_connector.testing.plugin",
             "-p", "no:cacheprovider", "--no-header", "-q", f"--connector-report={file}", *place],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
    if not lines:
        raise NothingChecked((done.stdout + done.stderr).strip()[-2000:])
    return Report.read(lines[0])
