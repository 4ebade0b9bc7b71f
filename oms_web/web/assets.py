"""Static files by content: every address carries a hash, so browsers may keep them for a year."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, g, url_for

_hashes: dict[Path, tuple[int, str]] = {}


def content_hash(file: Path) -> str:
    """A short hash of a file's bytes, remembered until it changes; empty when it is absent."""
    try:
        changed = file.stat().st_mtime_ns
    except FileNotFoundError:
        return ""
    known = _hashes.get(file)
    if known is None or known[0] != changed:
        known = (changed, hashlib.sha256(file.read_bytes()).hexdigest()[:10])
        _hashes[file] = known
    return known[1]


def asset(name: str) -> str:
    """The address of a file under ``static``, as templates write it.

    Remembered for the length of a request: a list draws the same sprite hundreds of times.
    """
    known: dict[str, str] = g.setdefault("assets", {})
    if name not in known:
        known[name] = url_for("static", filename=name)
    return known[name]


def register(app: Flask) -> None:
    """Put the hash on every static address and give templates ``asset``."""
    folder = Path(app.static_folder or "")

    @app.url_defaults
    def versioned(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "v" not in values:
            found = content_hash(folder / values.get("filename", ""))
            if found:
                values["v"] = found

    app.jinja_env.globals["asset"] = asset
