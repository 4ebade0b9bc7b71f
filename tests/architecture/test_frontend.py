"""The front end holds together: listed icons, a strict page, styles of a bearable size."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from oms_web.paths import CHECKOUT, STATIC, TEMPLATES

USED = re.compile(r"""\b(?:icon|icon_name)\s*(?:=|\()\s*"([a-z0-9/-]+)\"""")
LISTED = {line for line in (STATIC / "icons.txt").read_text("utf-8").splitlines()
          if line and not line.startswith("#")}
HANDLER = r"\son(?:click|change|submit|load|error|input|key\w+|mouse\w+|focus|blur|toggle)\s*="
PAGES = sorted(TEMPLATES.rglob("*.html"))
SCREENS = [page for page in PAGES if not {"print", "mail"} & set(page.parts)]


def test_every_icon_a_template_names_is_in_the_list():
    used = {(name, page.name) for page in PAGES for name in USED.findall(page.read_text("utf-8"))}
    assert len(used) > 20
    assert {(name, page) for name, page in used if name not in LISTED} == set()


def test_the_list_names_each_icon_once():
    lines = [line for line in (STATIC / "icons.txt").read_text("utf-8").splitlines() if line]
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize("page", SCREENS, ids=lambda page: page.relative_to(TEMPLATES).as_posix())
def test_a_page_needs_no_exception_from_the_policy(page):
    text = page.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "inline script"
    assert not re.search(r"\sstyle\s*=", text), "inline style"
    assert not re.search(HANDLER, text), "inline handler"
    assert not re.search(r"\bhx-on\b|\bjs:|<style\b", text), "script or style by htmx"
    assert not re.search(r"(?:src|action)\s*=\s*[\"']https?:", text), "somebody else's address"


def test_styles_and_scripts_stay_small():
    sheets = b"".join((STATIC / "css" / name).read_bytes()
                      for name in ("tokens.css", "shell.css", "parts.css"))
    scripts = b"".join((STATIC / "js" / name).read_bytes()
                       for name in ("shell.js", "keys.js", "rows.js"))
    assert len(gzip.compress(sheets)) < 11_000
    assert len(gzip.compress(scripts)) < 9_000


def test_packages_are_pinned_and_the_lock_names_no_registry():
    package = json.loads((CHECKOUT / "package.json").read_text("utf-8"))
    lock = json.loads((CHECKOUT / "package-lock.json").read_text("utf-8"))
    for name, version in package["dependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        entry = lock["packages"][f"node_modules/{name}"]
        assert entry["version"] == version
        assert entry["integrity"].startswith("sha512-")
    assert not [entry for entry in lock["packages"].values() if "resolved" in entry]
