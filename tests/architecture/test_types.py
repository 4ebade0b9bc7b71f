"""Types hold: mypy reads the whole program as pyproject.toml says, and would notice a fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
# What is put at the end of a file of a screen, a flow and the SDK, and what mypy is to say of it.
PLANTED = {
    "oms_web/web/offer_rules.py": (
        "def _wrong() -> str:\n    return offers.listing(db.session, 1).no_such_field\n",
        '"Listing" has no attribute "no_such_field"'),
    "oms_web/flows/opening_stock.py": (
        "def _wrong(work: Work) -> int:\n    return work.actor.name\n",
        'Incompatible return value type (got "str", expected "int")'),
    "connectors/oms_connector/testing/hygiene.py": (
        "def _wrong(bench):\n    return bench\n", "Function is missing a type annotation"),
}


def test_types_hold(tmp_path):
    """All that is found are the faults that were planted, in copies that mypy reads in the place of
    the files: one reading of the whole program (about 35 s) is the gate and its proof.
    """
    shadows: list[str] = []
    for number, (place, (code, _)) in enumerate(PLANTED.items()):
        copy = tmp_path / f"planted_{number}.py"
        copy.write_text(f"{(ROOT / place).read_text('utf-8')}\n\n{code}", "utf-8")
        shadows += ["--shadow-file", place, str(copy)]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--no-pretty", "--cache-dir",
         tmp_path / "cache", *shadows],
        cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    said = [line for line in done.stdout.splitlines() if ": error: " in line]
    for place, (_, words) in PLANTED.items():
        [found] = [line for line in said if line.startswith(f"{place}:") and words in line]
        said.remove(found)
    assert said == []
