"""The pieces of ``./oms``: which steps are done, what is asked of apt, what is said on failure."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def launch(monkeypatch, tmp_path):
    """The set-up's modules, pointed at an empty checkout."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts" / "launch"))
    for name in ("progress", "system", "steps"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    steps = importlib.import_module("steps")
    checkout = tmp_path / "a checkout"
    for folder in ("requirements", "scripts", "static/vendor", "oms_web/locale/pl/LC_MESSAGES",
                   "instance", ".venv/bin"):
        (checkout / folder).mkdir(parents=True)
    for name in ("runtime", "test", "node"):
        (checkout / "requirements" / f"{name}.txt").write_text(f"{name}==1 \\\n  --hash=sha256:0\n")
    (checkout / "oms_web/locale/pl/LC_MESSAGES/messages.po").write_text("one")
    (checkout / "pyproject.toml").write_text("[project]")
    moved = {name: checkout / getattr(steps, name).relative_to(steps.ROOT)
             for name in ("VENV", "PYTHON", "STAMPS", "LOG", "PIP_AT_WORK", "RUNTIME", "TEST",
                          "NODE")}
    for name, place in (moved | {"ROOT": checkout}).items():
        monkeypatch.setattr(steps, name, place)
    return steps


@pytest.fixture
def done(launch, monkeypatch):
    """The names of the steps that are really done, each of which leaves what it makes."""
    log: list[str] = []
    leaves = {
        "make_environment": launch.PYTHON,
        "fetch_frontend": launch.ROOT / "static/vendor/icons.svg",
        "compile_translations": launch.ROOT / "oms_web/locale/pl/LC_MESSAGES/messages.mo",
    }

    def fake(name):
        def act(_want):
            log.append(name)
            if name in leaves:
                leaves[name].touch()
        return act

    for name in ("make_environment", "install_libraries", "install_test_libraries",
                 "install_project", "fetch_frontend", "compile_translations",
                 "install_pdf_libraries", "install_browser"):
        monkeypatch.setattr(launch, name, fake(name))
    monkeypatch.setattr(launch, "missing_packages", lambda *_: [])
    monkeypatch.setattr(launch, "has_browser", lambda: True)
    return log


FIRST = ["make_environment", "install_libraries", "install_project", "fetch_frontend",
         "compile_translations"]


def test_a_second_start_does_nothing(launch, done):
    launch.prepare(for_tests=False)
    assert done == FIRST
    launch.prepare(for_tests=False)
    assert done == FIRST


def test_tests_take_one_run_of_pip_for_both_locks(launch, done):
    launch.prepare(for_tests=True)
    assert "install_test_libraries" in done
    assert "install_libraries" not in done
    done.clear()
    launch.prepare(for_tests=False)
    assert done == []


def test_tests_after_serving_add_only_what_they_need(launch, done):
    launch.prepare(for_tests=False)
    done.clear()
    launch.prepare(for_tests=True)
    assert done == ["install_test_libraries"]


@pytest.mark.parametrize(("changed", "step"), [
    ("requirements/runtime.txt", "install_libraries"),
    ("pyproject.toml", "install_project"),
    ("package-lock.json", "fetch_frontend"),
    ("static/icons.txt", "fetch_frontend"),
    ("oms_web/locale/pl/LC_MESSAGES/messages.po", "compile_translations"),
])
def test_what_changed_is_done_again_and_nothing_else(launch, done, changed, step):
    launch.prepare(for_tests=False)
    done.clear()
    (launch.ROOT / changed).write_text("two")
    launch.prepare(for_tests=False)
    assert done == [step]


@pytest.mark.parametrize(("lost", "step"), [
    ("static/vendor/icons.svg", "fetch_frontend"),
    ("oms_web/locale/pl/LC_MESSAGES/messages.mo", "compile_translations"),
    (".venv/bin/python", "make_environment"),
])
def test_what_was_lost_is_made_again(launch, done, lost, step):
    launch.prepare(for_tests=False)
    done.clear()
    (launch.ROOT / lost).unlink()
    launch.prepare(for_tests=False)
    assert done == [step]


def test_a_step_that_fails_is_tried_again_next_time(launch, done, monkeypatch):
    def fail(_want):
        raise launch.Trouble("no network", "plug it in")

    good = launch.install_project
    monkeypatch.setattr(launch, "install_project", fail)
    with pytest.raises(launch.Trouble):
        launch.prepare(for_tests=False)
    monkeypatch.setattr(launch, "install_project", good)
    done.clear()
    launch.prepare(for_tests=False)
    assert done == FIRST[2:]


def test_unreadable_stamps_are_no_stamps(launch, done):
    launch.prepare(for_tests=False)
    launch.STAMPS.write_text('{"environment": ')
    done.clear()
    launch.prepare(for_tests=False)
    assert done == FIRST


def test_a_moved_checkout_needs_a_new_environment(launch, monkeypatch):
    before = launch.wanted(False)
    monkeypatch.setattr(launch, "VENV", launch.VENV.with_name("elsewhere"))
    after = launch.wanted(False)
    assert {name for name in before if before[name] != after[name]} == {
        "environment", "libraries", "project"}


def program(place: Path, text: str) -> Path:
    """A shell script that can be run."""
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(place.stat().st_mode | stat.S_IXUSR)
    return place


def test_a_killed_pip_leaves_a_mark_that_condemns_the_environment(launch):
    program(launch.PYTHON, "kill -KILL $PPID")
    code = (f"import sys; sys.path.insert(0, {str(ROOT / 'scripts' / 'launch')!r}); import steps\n"
            f"from pathlib import Path\nsteps.PYTHON = Path({str(launch.PYTHON)!r})\n"
            f"steps.PIP_AT_WORK = Path({str(launch.PIP_AT_WORK)!r})\n"
            f"steps.LOG = Path({str(launch.LOG)!r})\nsteps.ROOT = Path({str(launch.ROOT)!r})\n"
            "steps._pip('x', 'y', 'z')")
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -9
    assert launch.PIP_AT_WORK.exists()
    assert not launch.environment_is_fit()


def test_a_refused_pip_shows_its_last_words_and_leaves_no_mark(launch):
    program(launch.PYTHON, "for n in $(seq 30); do echo line $n; done; exit 1")
    with pytest.raises(launch.Trouble) as trouble:
        launch._install_lock(launch.RUNTIME, "packages")
    assert not launch.PIP_AT_WORK.exists()
    assert "line 30" in str(trouble.value)
    assert "line 5\n" not in str(trouble.value)
    assert str(launch.LOG) in trouble.value.advice
    assert "Run the same command again" in trouble.value.advice


def test_pip_is_told_to_check_hashes_and_build_nothing(launch):
    program(launch.PYTHON, f'echo "$@" > "{launch.ROOT}/said"')
    launch._install_lock(launch.TEST, "packages")
    said = (launch.ROOT / "said").read_text()
    assert "--require-hashes --only-binary :all:" in said
    assert said.strip().endswith("requirements/test.txt")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A path with nothing on it but what a test puts there, and the words apt was called with."""
    folder = tmp_path / "path"
    folder.mkdir()
    for name in ("sh", "env", "echo", "touch", "true"):
        os.symlink(shutil.which(name), folder / name)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    return folder


def apt(machine: Path, rest: str = "") -> Path:
    log = machine / "log"
    program(machine / "apt-get", f'echo "$@" >> {log}\n{rest}')
    return log


def test_without_the_right_it_names_the_command(launch, machine):
    apt(machine)
    with pytest.raises(launch.Trouble) as trouble:
        launch.system.install(["libpango-1.0-0"], "PDF documents", launch.LOG)
    assert trouble.value.advice == (
        "Install them yourself: sudo apt-get install --no-install-recommends libpango-1.0-0")
    assert not (machine / "log").exists()


def test_without_apt_it_names_the_packages(launch, machine):
    with pytest.raises(launch.Trouble, match="may not be installed"):
        launch.system.install(["libpango-1.0-0"], "PDF documents", launch.LOG)


def test_with_sudo_that_asks_for_nothing_it_installs(launch, machine):
    log = apt(machine)
    program(machine / "sudo", 'shift; exec "$@"')
    launch.system.install(["a", "b"], "PDF documents", launch.LOG)
    assert log.read_text().strip().endswith("install --no-install-recommends a b")
    assert len(log.read_text().splitlines()) == 1


def test_stale_package_lists_are_renewed_and_it_tries_again(launch, machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    fresh = machine / "fresh"
    log = apt(machine, f'for word in "$@"; do [ "$word" = update ] && touch {fresh}; done; '
                       f'[ -e {fresh} ]')
    launch.system.install(["a"], "PDF documents", launch.LOG)
    acts = [next(word for word in line.split() if word in ("install", "update"))
            for line in log.read_text().splitlines()]
    assert acts == ["install", "update", "install"]


def test_an_apt_that_fails_twice_is_trouble_with_the_command(launch, machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    apt(machine, 'echo "Unable to locate package a"; exit 100')
    with pytest.raises(launch.Trouble, match="package lists") as trouble:
        launch.system.install(["a"], "PDF documents", launch.LOG)
    assert "apt-get install --no-install-recommends a" in trouble.value.advice


def test_missing_pdf_libraries_stop_nothing_and_are_tried_once(
    launch, machine, monkeypatch, capsys
):
    monkeypatch.setattr(launch, "missing_packages", lambda *_: ["libpango-1.0-0"])
    launch.install_pdf_libraries("")
    assert "sudo apt-get install --no-install-recommends libpango-1.0-0" in capsys.readouterr().err
    launch.install_pdf_libraries("")
    assert capsys.readouterr().err == ""


def test_a_browser_is_one_that_starts(launch, machine, monkeypatch):
    monkeypatch.delenv("OMS_CHROMIUM", raising=False)
    assert launch.system.find_browser() is None
    program(machine / "chromium-browser", "echo install the snap; exit 1")
    assert launch.system.find_browser() is None
    good = program(machine / "google-chrome", "echo Chrome 150")
    assert launch.system.find_browser() == str(good)
    own = program(machine / "mine", "true")
    monkeypatch.setenv("OMS_CHROMIUM", str(own))
    assert launch.system.find_browser() == str(own)


@pytest.mark.parametrize(("arguments", "spread"), [
    ([], True), (["-k", "stock"], True), (["tests/flows"], True), (["-x"], True),
    (["tests/flows/test_ship.py"], False), (["tests/a.py::test_b"], False), (["--pdb"], False),
    (["-n", "0"], False), (["-n4"], False), (["-p", "no:xdist"], False),
])
def test_tests_are_spread_over_processes_unless_few_or_told(launch, arguments, spread):
    assert bool(program_of_launch().spread(arguments)) is spread


@pytest.mark.parametrize(("arguments", "becomes"), [
    (["test", "-x", "tests/a.py"], ["pytest", "-x", "tests/a.py"]),
    (["live", "medusa"], ["tests.live", "medusa"]), (["live"], ["tests.live"]),
])
def test_tests_and_the_live_lane_run_in_the_environment_of_tests(
        launch, monkeypatch, arguments, becomes):
    made = []
    main = program_of_launch()
    shutil.copy(ROOT / "oms", main.steps.ROOT / "oms")
    monkeypatch.setattr(main.steps, "prepare", lambda for_tests: made.append(for_tests))
    monkeypatch.setattr(main.os, "execv", lambda python, words: made.append(words[2:]))
    monkeypatch.setattr(main.os, "chdir", lambda place: made.append(place))
    monkeypatch.setattr(main.system, "find_browser", lambda: None)
    main.main(arguments)
    assert made[:3] == [True, main.steps.ROOT, becomes]


def program_of_launch():
    """scripts/launch as it is run: a module without a name of its own."""
    spec = importlib.util.spec_from_file_location(
        "launch_main", ROOT / "scripts" / "launch" / "__main__.py")
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)
    return main


@pytest.fixture
def command(tmp_path) -> Path:
    """A copy of ./oms whose launch only tells what it was called with."""
    place = tmp_path / "my shop"
    (place / "scripts" / "launch").mkdir(parents=True)
    shutil.copy(ROOT / "oms", place / "oms")
    (place / "scripts" / "launch" / "__main__.py").write_text(
        "import sys\nprint(sys.argv[1:])\nsys.exit(7)")
    return place / "oms"


def test_the_command_hands_over_from_anywhere_and_through_a_link(command, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(command)
    for called in (command, link):
        done = subprocess.run([called, "import", "two words", "*"], capture_output=True, text=True,
                              check=False, cwd="/")
        assert done.stdout == "['import', 'two words', '*']\n"
        assert done.returncode == 7


def test_an_old_python_is_passed_over_for_a_newer_one(command, tmp_path):
    folder = tmp_path / "path"
    folder.mkdir()
    for name in ("readlink", "dirname"):
        os.symlink(shutil.which(name), folder / name)
    program(folder / "python3", "exit 1")
    os.symlink(sys.executable, folder / "python3.12")
    done = subprocess.run(["/bin/sh", command, "serve"], capture_output=True, text=True,
                          check=False, env={"PATH": str(folder)})
    assert done.stdout == "['serve']\n"


def test_without_a_new_enough_python_it_says_what_to_install(command, tmp_path):
    folder = tmp_path / "path"
    folder.mkdir()
    for name in ("readlink", "dirname", "id", "cat"):
        os.symlink(shutil.which(name), folder / name)
    program(folder / "python3", "exit 1")
    done = subprocess.run(["/bin/sh", command, "serve"], capture_output=True, text=True,
                          check=False, env={"PATH": str(folder)})
    assert done.returncode == 1
    assert "sudo apt-get install python3.11 python3.11-venv" in done.stderr
    assert done.stdout == ""
