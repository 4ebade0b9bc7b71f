"""The layers hold, and the contracts that say so would notice if they did not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from oms_web.sync.registry import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a checkout."""
    return subprocess.run(
        [LINTER, "--no-cache"], cwd=root, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'connectors'}",
             "COLUMNS": "200"},
    )


def test_every_contract_is_kept():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_a_connector_in_the_tree_is_written_into_every_list():
    """docs/connectors/carriers.md names them. Who is missing in a contract is not held by it."""
    there = {one.parent.name for one in (ROOT / "connectors").glob("oms_*/__init__.py")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    linter = project["tool"]["importlinter"]
    said = {one["name"]: one for one in linter["contracts"]}
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    lists = {
        "root_packages": linter["root_packages"],
        "know only the SDK": said["Connectors know only the SDK"]["source_modules"],
        "each other": said["Connectors do not know each other"]["modules"],
        "the SDK": said["The SDK knows nobody"]["forbidden_modules"],
        "entry points": project["project"]["entry-points"]["oms.connectors"].values(),
        "packages": [one.rpartition("/")[2] for one in packages],
        "BUILT_IN": [point.value for point in BUILT_IN],
    }
    missing = {name: there - {"oms_connector"} - set(one) for name, one in lists.items()}
    assert {name: found for name, found in missing.items() if found} == {}


VIOLATIONS = {
    "a flow imports a door": (
        "oms_web/flows/planted.py", "import oms_web.web.door", "Doors over engines"),
    "a door imports another": (
        "oms_web/cli/planted.py", "import oms_web.jobs.worker", "Doors over engines"),
    "the domain imports a flow, inside a function": (
        "oms_web/domain/stock/planted.py", "def late():\n    import oms_web.flows.order_in",
        "Doors over engines"),
    "the ground imports the domain": (
        "oms_web/core/planted.py", "import oms_web.domain.orders.models", "Doors over engines"),
    "a lower noun imports a higher": (
        "oms_web/domain/stock/planted_2.py", "import oms_web.domain.orders.models", "ranked"),
    "a flow imports another": (
        "oms_web/flows/planted_2.py", "import oms_web.flows.order_in", "Flows do not call"),
    "an engine imports Flask": ("oms_web/sync/planted.py", "import flask", "Flask stays"),
    "the domain imports the SDK": (
        "oms_web/domain/orders/planted.py", "import oms_connector", "know no connectors"),
    "a connector imports the program": (
        "connectors/oms_files/planted.py", "import oms_web.core.money", "know only the SDK"),
    "a connector imports another": (
        "connectors/oms_files/planted_2.py", "import oms_demo", "do not know each other"),
    "the SDK imports a connector": (
        "connectors/oms_connector/planted.py", "import oms_demo", "SDK knows nobody"),
}


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory) -> dict[str, str]:
    """Contract -> what the linter says of it where every violation was planted, all of them at
    once: to read the whole program anew for each is what takes long.
    """
    root = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "pyproject.toml", root)
    for folder in ("oms_web", "connectors"):
        shutil.copytree(ROOT / folder, root / folder,
                        ignore=shutil.ignore_patterns("__pycache__", "*.po", "*.mo"))
    for place, code, _ in VIOLATIONS.values():
        assert not (root / place).exists(), place
        (root / place).write_text(f"{code}\n")
    done = lint(root)
    assert done.returncode == 1, done.stdout
    _, _, said = done.stdout.partition("Broken contracts")
    parts = re.split(r"^(.+)\n-+\n", said, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_planted_violation_is_caught(spoiled, name):
    place, code, contract = VIOLATIONS[name]
    module = place.removeprefix("connectors/").removesuffix(".py").replace("/", ".")
    [said] = [said for broken, said in spoiled.items() if contract in broken]
    assert f"- {module} -> {code.split()[-1]} (" in " ".join(said.split()), said
