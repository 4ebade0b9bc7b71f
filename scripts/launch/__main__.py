"""Set up what is missing, then become the program (or the tests, or the live lane)."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import steps
import system
from progress import SHARED_FILES, Trouble, say


def main(arguments: Sequence[str]) -> int:
    """Run ``./oms`` with these arguments. Comes back only when there is nothing to become."""
    for_tests = arguments[:1] in (["test"], ["live"])
    try:
        with (steps.ROOT / "oms").open("rb") as lock:  # Two set-ups at once would fight over .venv.
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Waiting for another set-up of this folder to finish")
                fcntl.flock(lock, fcntl.LOCK_EX)
            SHARED_FILES.append(lock.fileno())
            steps.prepare(for_tests)
    except Trouble as trouble:
        say(f"\noms: {trouble}\n\n{trouble.advice}")
        return 1
    except KeyboardInterrupt:
        say("\noms: stopped. Run the same command again; it goes on where it stopped.")
        return 130
    if for_tests:
        os.chdir(steps.ROOT)
        (run_tests if arguments[0] == "test" else run_live)(arguments[1:])
    if arguments[:1] == ["setup"]:
        return 0
    program = steps.VENV / "bin" / "oms"
    os.execv(program, [str(program), *arguments])


def run_tests(arguments: Sequence[str]) -> NoReturn:
    """Become pytest, with a process per core unless the arguments say how many."""
    browser = system.find_browser()
    if browser:
        os.environ.setdefault("OMS_CHROMIUM", browser)
    os.execv(steps.PYTHON, [str(steps.PYTHON), "-m", "pytest", *spread(arguments), *arguments])


def run_live(arguments: Sequence[str]) -> NoReturn:
    """Become the live lane: shops that run here are sold in (``docs/connectors/live.md``)."""
    os.execv(steps.PYTHON, [str(steps.PYTHON), "-m", "tests.live", *arguments])


def spread(arguments: Sequence[str]) -> list[str]:
    """Over how many processes the tests are spread.

    One test file or a debugger is quicker, or only possible, in this process.
    """
    names_few = any(".py" in argument for argument in arguments)
    decided = any(argument.startswith(("-n", "--numprocesses", "--pdb", "--trace", "-p"))
                  for argument in arguments)
    if names_few or decided:
        return []
    return ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "worksteal"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
