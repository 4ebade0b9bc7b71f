"""Putting the front end into place: one sprite of the listed icons, packages fetched once."""

from __future__ import annotations

import importlib.util
import sys
from xml.etree import ElementTree

import pytest

from oms_web.paths import CHECKOUT


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """The script, working in a folder of its own with three icons in place of five thousand."""
    spec = importlib.util.spec_from_file_location("frontend", CHECKOUT / "scripts" / "frontend.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, folder in (("check", "outline"), ("x", "outline"), ("x", "filled")):
        file = tmp_path / "node_modules/@tabler/icons/icons" / folder / f"{name}.svg"
        file.parent.mkdir(parents=True, exist_ok=True)
        blank = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'
        file.write_text(f'<svg\n  width="24">\n  {blank}\n  <path d="{folder} {name}" />\n</svg>')
    for source in module.COPIES.values():
        file = tmp_path / "node_modules" / source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "icons.txt").write_text("# remark\ncheck\n\nx # crosses\nfilled/x\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(module, "VENDOR", tmp_path / "vendor")
    monkeypatch.setattr(module, "ICONS", tmp_path / "icons.txt")
    monkeypatch.setattr(module, "STAMP", tmp_path / "node_modules" / ".oms-lock")
    monkeypatch.setattr(sys, "argv", ["frontend.py"])
    return module


def test_the_sprite_has_exactly_the_listed_icons_without_colours(tool):
    tool.build()
    text = (tool.VENDOR / "icons.svg").read_text()
    ids = [symbol.get("id") for symbol in ElementTree.fromstring(text)]
    assert ids == ["check", "filled-x", "x"]
    assert "stroke" not in text
    assert (tool.VENDOR / "htmx.min.js").read_text() == tool.COPIES["htmx.min.js"]


def test_an_icon_that_is_not_there_is_named(tool):
    tool.ICONS.write_text("check\nunicorn\nfilled/check\n")
    with pytest.raises(SystemExit, match="filled/check, unicorn"):
        tool.build()


def test_packages_are_fetched_once_per_lock_file(tool, monkeypatch):
    calls = []
    monkeypatch.setattr(tool.subprocess, "run", lambda command, **_: calls.append(command))
    assert tool.main() == 0
    assert tool.main() == 0
    assert [command[:2] for command in calls] == [["npm", "ci"]]
    (tool.ROOT / "package-lock.json").write_text('{"changed": 1}')
    tool.main()
    assert len(calls) == 2


def test_another_npm_may_be_named_and_its_absence_is_said(tool, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["frontend.py", "--npm", "/nowhere/node /nowhere/npm-cli.js"])
    assert tool.main() == 1
    assert "could not be fetched" in capsys.readouterr().err
    assert not tool.STAMP.exists()
