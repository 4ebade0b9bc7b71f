"""Screens are tested with the Polish that is in the source, not with one compiled long ago."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from oms_web.paths import CHECKOUT, LOCALE


@pytest.fixture(autouse=True, scope="session")
def compiled_translations() -> None:
    """Compile the catalogues when one is newer than its compiled form."""
    stale = [po for po in LOCALE.glob("*/LC_MESSAGES/*.po") if _stale(po, po.with_suffix(".mo"))]
    if stale:
        compile_catalogues = runpy.run_path(str(CHECKOUT / "scripts" / "catalogues.py"))[
            "compile_catalogues"]
        compile_catalogues(LOCALE)


def _stale(source: Path, compiled: Path) -> bool:
    return not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime
