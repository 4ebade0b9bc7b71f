"""Hatch calls this before it packs: compile the translations, insist on the front-end files."""

from __future__ import annotations

import shutil
import subprocess
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
            RuntimeError: there are no front-end files, and no npm to fetch them.
        """
        if version == "editable":
            return
        root = Path(self.root)
        if not (root / "static" / "vendor" / "icons.svg").is_file():
            if shutil.which("npm") is None:
                raise RuntimeError("static/vendor is empty and there is no npm: run ./oms setup")
            subprocess.run([sys.executable, str(root / "scripts" / "frontend.py")], check=True)
        compile_catalogues(root / "oms_web" / "locale")
        build_data["force_include"] |= {
            str(root / name): f"oms_web/{name}" for name in ("templates", "static")
        }
