"""The lock files: every package pinned and hashed, no addresses, in step with pyproject.toml."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NAMES = ("runtime", "test", "node")


def entries(name: str) -> dict[str, tuple[Requirement, int]]:
    """Package -> its pin and how many hashes it has."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    found = {}
    for line in joined.splitlines():
        pin, *hashes = line.split("--hash=sha256:")
        requirement = Requirement(pin)
        assert all(re.fullmatch(r"[0-9a-f]{64}", given.strip()) for given in hashes), line
        found[canonicalize_name(requirement.name)] = (requirement, len(hashes))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_pinned_and_hashed_and_nothing_has_an_address(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--(?!hash))", text, re.MULTILINE)
    for requirement, hashes in entries(name).values():
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        assert requirement.url is None
        assert hashes > 0


def declared(*extras: str) -> list[Requirement]:
    project = PROJECT["project"]
    lines = [*project["dependencies"], *PROJECT["build-system"]["requires"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize(("name", "extras"), [("runtime", ["postgres"]), ("test", ["test"])])
def test_what_the_project_asks_for_is_what_is_locked(name, extras):
    locked = entries(name)
    for wanted in declared(*extras):
        pinned, _ = locked[canonicalize_name(wanted.name)]
        (pin,) = pinned.specifier
        assert wanted.specifier.contains(pin.version), f"{wanted}: run scripts/lock.py"


def test_the_tests_run_on_the_versions_that_serve():
    runtime, test = entries("runtime"), entries("test")
    assert set(runtime) <= set(test)
    assert {name: str(runtime[name][0].specifier) for name in runtime} == {
        name: str(test[name][0].specifier) for name in runtime}


def test_this_environment_is_the_locked_one():
    from importlib.metadata import PackageNotFoundError, version

    differing = {}
    for name, (requirement, _) in entries("test").items():
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        (pin,) = requirement.specifier
        try:
            there = version(name)
        except PackageNotFoundError:
            there = None
        if there != pin.version:
            differing[name] = (pin.version, there)
    assert differing == {}, f"run {Path(sys.prefix).parent / 'oms'} test"
