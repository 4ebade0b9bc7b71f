"""Where things lie: templates and static files are beside the package in a checkout, or inside."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent


def _beside_or_inside(name: str) -> Path:
    outside = CHECKOUT / name
    in_checkout = (CHECKOUT / "pyproject.toml").exists()
    return outside if in_checkout and outside.is_dir() else PACKAGE / name


TEMPLATES = _beside_or_inside("templates")
STATIC = _beside_or_inside("static")
MIGRATIONS = PACKAGE / "migrations"
LOCALE = PACKAGE / "locale"


def instance_dir() -> Path:
    """The shop's own folder: ``$OMS_INSTANCE``, else ``instance/`` of the checkout, else of the
    current directory."""
    named = os.environ.get("OMS_INSTANCE")
    if named:
        return Path(named).resolve()
    if (CHECKOUT / "pyproject.toml").exists():
        return CHECKOUT / "instance"
    return Path.cwd() / "instance"
