"""The wheel works by itself: built, installed into a bare environment, and really serving.

The environment sees the packages of the test environment but nothing of the checkout: an audit
hook ends any process of it that opens a file there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running.served import free_port
from tests.running.test_supervisor import wait_for

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(sysconfig.get_path("purelib"))

GUARD = f"""
import os, sys
ROOT, ALLOWED = {str(ROOT) + os.sep!r}, {str(PACKAGES) + os.sep!r}
def refuse(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        path = os.path.abspath(arguments[0])
        if path.startswith(ROOT) and not path.startswith(ALLOWED):
            os.write(2, ("the checkout was opened: " + path + "\\n").encode())
            os._exit(99)
sys.addaudithook(refuse)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
                   cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory, wheel) -> Path:
    """An environment with the wheel in it; its folder of programs."""
    venv = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    subprocess.run([sys.executable, "-m", "pip", "--python", venv / "bin" / "python", "install",
                    "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", wheel],
                   check=True)
    packages = next((venv / "lib").glob("python*/site-packages"))
    # A path in a .pth file is searched, but the .pth files in it are not read: the editable
    # installation of the checkout stays out.
    (packages / "zz_dependencies.pth").write_text(f"{PACKAGES}\n")
    # Not sitecustomize: Debian's Python brings one of its own, which is found first.
    (packages / "checkout_guard.py").write_text(GUARD)
    (packages / "aa_guard.pth").write_text("import checkout_guard\n")
    return venv / "bin"


def run(bare: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([bare / "oms", *arguments], capture_output=True, text=True, check=False,
                          cwd=folder, env=environment(folder), timeout=120)


def environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
            "OMS_INSTANCE": str(folder / "instance")}


def test_the_guard_would_notice_the_checkout(bare, tmp_path):
    done = subprocess.run([bare / "python", "-c", f"open({str(ROOT / 'README.md')!r})"],
                          capture_output=True, text=True, check=False, cwd=tmp_path,
                          env=environment(tmp_path))
    assert done.returncode == 99
    done = subprocess.run([bare / "python", "-c", "import oms_web; print(oms_web.__file__)"],
                          capture_output=True, text=True, check=True, cwd=tmp_path,
                          env=environment(tmp_path))
    assert str(bare.parent) in done.stdout


def test_the_wheel_holds_what_git_does_not_and_nothing_private(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for name in ("oms_web/static/vendor/htmx.min.js", "oms_web/static/vendor/icons.svg",
                 "oms_web/templates/base.html", "oms_web/migrations/versions/0001_baseline.py",
                 "oms_web/migrations/script.py.mako", "oms_web/locale/pl/LC_MESSAGES/messages.mo",
                 "oms_connector/__init__.py", "oms_demo/catalog.toml", "oms_files/__init__.py"):
        assert name in names
    tops = {name.partition("/")[0] for name in names}
    # The print agent is a distribution of its own, for the computer beside the printer.
    connectors = {one.parent.name for one in (ROOT / "connectors").glob("oms_*/__init__.py")}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"oms_web"} | connectors
    private = re.compile(r"instance/|\.sqlite3|__pycache__|(^|/)tests/|\.venv")
    assert [name for name in names if private.search(name)] == []


def test_the_command_and_the_connectors_are_there(bare, tmp_path):
    helped = run(bare, tmp_path, "--help")
    assert helped.returncode == 0
    assert "serve" in helped.stdout
    assert "oms, version 0." in run(bare, tmp_path, "--version").stdout
    listed = run(bare, tmp_path, "connectors", "list")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert "demo" in listed.stdout
    assert "files" in listed.stdout


@pytest.fixture(scope="module")
def served(bare, tmp_path_factory) -> Iterator[tuple[Path, int]]:
    """A shop served from the wheel: its folder and port."""
    folder, port = tmp_path_factory.mktemp("shop"), free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([bare / "oms", "serve", "--empty", "--port", str(port)],
                                   cwd=folder, stdout=log, stderr=subprocess.STDOUT,
                                   env=environment(folder))

    def answers() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=20).close()
        except OSError:
            return False
        return True

    try:
        wait_for(answers, 60)
        yield folder, port
    finally:
        process.terminate()
        assert process.wait(30) == 0
        assert "the checkout was opened" not in (folder / "log").read_text()


def get(port: int, path: str, language: str) -> tuple[str, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}",
                                     headers={"Accept-Language": language})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.headers.get_content_type(), answer.read()


def test_it_serves_the_sign_in_page_in_both_languages_with_all_it_is_made_of(served):
    _, port = served
    kind, page = get(port, "/sign-in", "pl")
    assert kind == "text/html"
    assert 'lang="pl"' in page.decode()
    assert "Zaloguj" in page.decode()
    assert "Sign in" in get(port, "/sign-in", "en")[1].decode()
    parts = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode())
    kinds = {get(port, part, "pl")[0] for part in parts if get(port, part, "pl")[1]}
    assert "text/css" in kinds
    assert {"text/javascript", "application/javascript"} & kinds


def test_the_doctor_is_content(served, bare):
    folder, _ = served
    done = run(bare, folder, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pages_are_complete" not in done.stdout


def test_every_template_is_in_the_wheel(bare, tmp_path):
    code = ("from oms_web.paths import TEMPLATES\n"
            "names = {str(f.relative_to(TEMPLATES)) for f in TEMPLATES.rglob('*.html')}\n"
            "print(len(names), any(name.startswith('print/') for name in names))")
    done = subprocess.run([bare / "python", "-c", code], capture_output=True, text=True,
                          check=True, cwd=tmp_path, env=environment(tmp_path))
    count, printing = done.stdout.split()
    assert int(count) == len(list((ROOT / "templates").rglob("*.html")))
    assert printing == "True"
