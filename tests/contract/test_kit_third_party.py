"""Somebody else's connector, in a package of its own: built, installed, checked, found by the app.

Nothing of it is imported from the checkout, and nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from oms_connector.testing import Report

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "connectors" / "oms_connector" / "testing" / "leaf"

FIND = """
import json
from oms_web.sync.registry import load_registry
registry = load_registry()
found = registry.get("leaf")
print(json.dumps({"name": found and found.manifest.name, "module": found and found.__module__,
                  "refused": [refusal.reason for refusal in registry.refused]}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The folder that the package was installed into."""
    source = tmp_path_factory.mktemp("leaf") / "source"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    target = source.parent / "installed"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
         "--no-index", "--disable-pip-version-check", "--target", target, source],
        check=True, capture_output=True, text=True)
    return target


def outside(target: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the folder above the package, which sees it and the app."""
    path = [target, ROOT / "connectors", ROOT]
    return subprocess.run(
        [sys.executable, *arguments], cwd=target.parent, capture_output=True, text=True,
        check=False, env={"PATH": os.environ["PATH"], "HOME": str(target.parent),
                          "PYTHONPATH": os.pathsep.join(map(str, path))})


def test_it_passes_the_kit_and_is_told_what_gold_wants(installed):
    file = installed.parent / "report"
    done = outside(installed, "-m", "pytest", "-p", "oms_connector.testing.plugin", "-q", "-p",
                   "no:cacheprovider", f"--connector-report={file}",
                   "--pyargs", "oms_leaf.conformance")
    assert done.returncode == 0, done.stdout + done.stderr
    report = Report.read(file.read_text("utf-8").strip())
    assert (report.connector, report.level, report.failed) == ("leaf", "silver", [])
    assert "connector leaf: silver" in done.stdout
    assert "28 not applicable" in done.stdout
    assert str(installed) in outside(
        installed, "-c", "import oms_leaf; print(oms_leaf.__file__)").stdout


def test_the_app_finds_it(installed):
    done = outside(installed, "-c", FIND)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["name"], found["module"]) == ("Leaf", "oms_leaf")
    assert found["refused"] == []


def test_a_broken_promise_fails_the_strangers_run(installed):
    module = installed / "oms_leaf" / "__init__.py"
    good = module.read_text("utf-8")
    module.write_text(good.replace('said["more"])', "False)"), "utf-8")
    try:
        done = outside(installed, "-m", "pytest", "-p", "oms_connector.testing.plugin", "-q",
                       "-p", "no:cacheprovider", "--pyargs", "oms_leaf.conformance")
    finally:
        module.write_text(good, "utf-8")
    assert done.returncode == 1
    assert "orders are lost" in done.stdout
    assert "connector leaf: no level yet" in done.stdout


def test_the_pages_first_steps_lead_where_they_say(tmp_path):
    """The connector of writing.md and the stand-in of kit.md, as they stand there."""
    package = tmp_path / "installed" / "oms_myshop"
    package.mkdir(parents=True)
    for page, block, file in (("writing", 0, "__init__"), ("kit", 0, "standin"),
                              ("kit", 1, "conformance")):
        text = (ROOT / "docs" / "connectors" / f"{page}.md").read_text("utf-8")
        code = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)[block]
        (package / f"{file}.py").write_text(code, "utf-8")
    done = outside(package.parent, "-m", "pytest", "-p", "oms_connector.testing.plugin", "-q",
                   "-p", "no:cacheprovider", "--pyargs", "oms_myshop.conformance")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the connector can pull orders, so its stand-in must have 'place'" in done.stdout
    assert "connector myshop: no level yet" in done.stdout
