"""Hatch calls this before it packs: compile the translations, insist on the front-end files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))

from catalogues import compile_catalogues


class OmsBuildHook(BuildHookInterface):
    """A wheel without styles or without Polish would start and be useless: refuse to build it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make what git does not hold, and put templates and static files into the package.

        An editable install reads all of it from the checkout.

        Raises:
            RuntimeError: ``scripts/frontend.py`` has not been run.
        """
        if version == "editable":
            return
        root = Path(self.root)
        if not (root / "static" / "vendor" / "htmx.min.js").is_file():
            raise RuntimeError("static/vendor is empty: run scripts/frontend.py before building")
        compile_catalogues(root / "oms_web" / "locale")
        build_data["force_include"] |= {
            str(root / name): f"oms_web/{name}" for name in ("templates", "static")
        }
