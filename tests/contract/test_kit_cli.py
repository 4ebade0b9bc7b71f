"""``oms connectors new`` makes a package that keeps its promises; ``check`` says who does not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from oms_demo import DemoConnector
from sqlalchemy import select

from oms_web.cli.connectors import connectors
from oms_web.core.actor import SYSTEM
from oms_web.sync import quality
from oms_web.sync.models import ConnectorCheck

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def nobodys_instance(tmp_path, monkeypatch):
    """What is found is kept in an installation; not in the one of whoever runs the tests."""
    monkeypatch.setenv("OMS_INSTANCE", str(tmp_path / "instance"))


@pytest.fixture(params=[(), ("--carrier",)], ids=["shop", "carrier"])
def made(request, tmp_path):
    return new(tmp_path, *request.param)


@pytest.fixture
def carrier(tmp_path):
    return new(tmp_path, "--carrier")


def new(folder, *options):
    done = CliRunner().invoke(connectors, ["new", "myshop", "--into", str(folder), *options])
    assert done.exit_code == 0, done.output
    return folder / "oms-myshop"


def checked(package):
    """The kit run on a package as somebody else would run it."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "oms_connector.testing.plugin", "-q",
         "-p", "no:cacheprovider", "--pyargs", "oms_myshop.conformance"],
        cwd=package.parent, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(package.parent),
             "PYTHONPATH": os.pathsep.join(map(str, (package, ROOT / "connectors")))})


def test_a_new_connector_is_named_throughout_and_passes_the_kit(made):
    files = sorted(str(one.relative_to(made)) for one in made.rglob("*") if one.is_file())
    assert files == ["oms_myshop/__init__.py", "oms_myshop/conformance.py",
                     "oms_myshop/standin.py", "pyproject.toml"]
    texts = [one.read_text("utf-8") for one in made.rglob("*.*")]
    assert not [one for one in texts if "leaf" in one.lower() or "pigeon" in one.lower()]
    assert any('letters="My"' in one for one in texts)
    done = checked(made)
    assert done.returncode == 0, done.stdout
    assert "connector myshop: silver" in done.stdout


def test_the_checks_of_carriers_are_made_and_not_passed_over(carrier):
    done = checked(carrier)
    skipped = {int(one) for one in re.findall(r"^ *(\d+) not applicable", done.stdout, re.M)}
    assert skipped & set(range(54, 66)) == {63, 64, 65}, done.stdout


def test_a_carrier_that_finds_nothing_under_its_key_is_told_so(carrier):
    """A lost answer would buy a second label: the worst that a carrier's connector can do."""
    module = carrier / "oms_myshop" / "__init__.py"
    text = module.read_text("utf-8")
    honest = "return booked(rows[-1]) if rows else None"
    assert honest in text
    module.write_text(text.replace(honest, "return None"), "utf-8")
    done = checked(carrier)
    assert done.returncode == 1
    broken = {int(one) for one in re.findall(r"^ *(\d+) failed", done.stdout, re.M)}
    assert {17, 18, 37, 56} <= broken, done.stdout


@pytest.mark.parametrize(("arguments", "words"), [
    (["new", "My shop"], "cannot be a key"), (["new", "x"], "cannot be a key"),
    (["new", "demo"], "is called demo already"), (["check", "nobody"], "No connector is called"),
    (["check", "api"], "brings no oms_api.conformance"),
    (["check", "api", "--kit", "nothing.py"], "Nothing was checked"),
])
def test_what_is_wrong_is_said_in_one_sentence(tmp_path, arguments, words):
    into = ["--into", str(tmp_path)] if arguments[0] == "new" else []
    done = CliRunner().invoke(connectors, arguments + into)
    assert done.exit_code == 1
    assert words in done.output
    assert "Traceback" not in done.output


def test_a_package_that_is_there_is_left_alone(made):
    (made / "pyproject.toml").write_text("mine")
    done = CliRunner().invoke(connectors, ["new", "myshop", "--into", str(made.parent)])
    assert done.exit_code == 1
    assert (made / "pyproject.toml").read_text() == "mine"


def test_check_reads_a_kit_from_a_file_and_says_what_is_reached():
    kit = ROOT / "tests" / "contract" / "test_kit_demo.py"
    done = CliRunner().invoke(connectors, ["check", "demo", "--kit", str(kit)])
    assert done.exit_code == 0, done.output
    assert "demo: gold" in done.output
    assert "Not kept" in done.output


@pytest.fixture
def small(tmp_path):
    """A kit about the demo that checks two promises only: what is said of it is the same."""
    kit = tmp_path / "kit.py"
    kit.write_text(
        "from oms_connector.testing import ConnectorKit\n"
        "from tests.contract.kit_demo import Targowisko\n\n\n"
        "class TestTwo(ConnectorKit):\n    standin = Targowisko\n\n\n"
        "for name in dir(ConnectorKit):\n"
        "    if name.startswith('test_') and not name.startswith(('test_32', 'test_33')):\n"
        "        setattr(TestTwo, name, None)\n")
    return str(kit)


def test_what_was_found_is_kept_for_the_channels_pages(oms, monkeypatch, small):
    monkeypatch.setenv("OMS_DATABASE", oms.settings.database_url)
    done = CliRunner().invoke(connectors, ["check", "demo", "--kit", small])
    assert "demo: no level yet, 2 kept" in done.output
    with oms.works.reading(SYSTEM) as work:
        found = quality.of(work.session, [DemoConnector])["demo"]
    assert (found.level, found.kept, found.broken) == ("", 2, ())
    assert found.checked_at is not None


def test_a_kit_about_another_connector_is_not_kept_as_this_ones(oms, monkeypatch, small):
    monkeypatch.setenv("OMS_DATABASE", oms.settings.database_url)
    done = CliRunner().invoke(connectors, ["check", "allegro", "--kit", small])
    assert "the kit is about demo" in done.output
    with oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(ConnectorCheck)).all() == []
