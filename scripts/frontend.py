"""Fetch the front-end packages and put what is served of them into ``static/vendor``.

    python scripts/frontend.py            npm from $OMS_NPM, else the one on the path
    python scripts/frontend.py --npm "node /opt/npm/bin/npm-cli.js"

The packages and their checksums are in ``package-lock.json``; the icons in ``static/icons.txt``.
Needs nothing but the standard library, so set-up can call it before the environment is made.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
ICONS = ROOT / "static" / "icons.txt"
STAMP = MODULES / ".oms-lock"

# What is served as it is: name in static/vendor -> path in node_modules.
COPIES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "inter-latin-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
    "inter-licence.txt": "@fontsource-variable/inter/LICENSE",
    "icons-licence.txt": "@tabler/icons/LICENSE",
    "htmx-licence.txt": "htmx.org/LICENSE",
}
# Every icon begins with an invisible square.
_BLANK = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'
_INSIDE = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def lock_digest() -> str:
    """What tells one state of the lock file from another."""
    return hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()


def install(npm: str) -> bool:
    """Run ``npm ci`` unless ``node_modules`` is already what the lock file says."""
    if STAMP.is_file() and STAMP.read_text() == lock_digest():
        return False
    command = [*shlex.split(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund",
               "--loglevel=error"]
    subprocess.run(command, cwd=ROOT, check=True)
    STAMP.write_text(lock_digest())
    return True


def icon_names() -> list[str]:
    """The names in ``static/icons.txt``: one a line, ``#`` begins a remark."""
    lines = (line.partition("#")[0].strip() for line in ICONS.read_text("utf-8").splitlines())
    return sorted({line for line in lines if line})


def sprite(names: list[str]) -> str:
    """One SVG with a symbol per icon; colour and stroke come from the page.

    ``name`` is Tabler's outline icon, ``filled/name`` its filled one.

    Raises:
        SystemExit: the package lacks some of them.
    """
    folder = MODULES / "@tabler" / "icons" / "icons"
    symbols, unknown = [], []
    for name in names:
        style, _, plain = name.rpartition("/")
        file = folder / (style or "outline") / f"{plain}.svg"
        inside = _INSIDE.search(file.read_text("utf-8")) if file.is_file() else None
        if inside is None:
            unknown.append(name)
            continue
        body = " ".join(inside[1].replace(_BLANK, "").split())
        key = name.replace("/", "-")
        symbols.append(f'<symbol id="{key}" viewBox="0 0 24 24">{body}</symbol>')
    if unknown:
        raise SystemExit(f"static/icons.txt: there are no such icons: {', '.join(unknown)}")
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def build() -> None:
    """Copy the files and write the sprite."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    for target, source in COPIES.items():
        shutil.copyfile(MODULES / source, VENDOR / target)
    (VENDOR / "icons.svg").write_text(sprite(icon_names()), "utf-8")


def main() -> int:
    """Install if needed, then build."""
    parser = argparse.ArgumentParser(description="Put htmx, the font and the icons into place.")
    parser.add_argument("--npm", default=os.environ.get("OMS_NPM", "npm"),
                        help="how to call npm (default: $OMS_NPM, else npm)")
    options = parser.parse_args()
    try:
        fetched = install(options.npm)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"The front-end packages could not be fetched: {error}", file=sys.stderr)
        return 1
    build()
    state = "fetched" if fetched else "already there"
    print(f"front end: packages {state}, {len(icon_names())} icons")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
