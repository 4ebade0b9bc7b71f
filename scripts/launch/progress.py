"""What a person sees while things are being set up: one line a step, with the time it took."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_TAIL_LINES = 15

# Open files that programs we run keep open too. The lock on the set-up is one: if this process is
# killed, the pip it left behind still holds it, and the next set-up waits instead of joining in.
SHARED_FILES: list[int] = []


class Trouble(Exception):
    """A step failed: what happened, and what to do about it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.advice = advice


def say(text: str) -> None:
    """A line about the set-up. Standard error, so that a command's own output stays clean."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(sentence: str) -> Iterator[None]:
    """Name a step, and how long it took when it is over."""
    print(f"  {sentence} ... ", end="", file=sys.stderr, flush=True)
    begun = time.monotonic()
    try:
        yield
    except BaseException:
        say("failed")
        raise
    say(f"{time.monotonic() - begun:.1f} s")


def run(
    command: Sequence[str], log: Path, *, what: str, advice: str,
    env: Mapping[str, str] | None = None, cwd: Path | None = None,
) -> None:
    """Run a program with its output in the log file.

    Raises:
        Trouble: it could not be started or failed; the last lines of its output are in the text.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        out.write(("\n$ " + " ".join(command) + "\n").encode())
        out.flush()
        begun = out.tell()
        try:
            code = subprocess.run(
                command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env,
                cwd=cwd, check=False, pass_fds=SHARED_FILES,
            ).returncode
        except OSError as error:
            raise Trouble(f"{what}: {error}", advice) from error
    if code:
        with log.open("rb") as written:
            written.seek(begun)
            lines = written.read().decode("utf-8", "replace").strip().splitlines()[-_TAIL_LINES:]
        shown = "\n".join("    " + line for line in lines)
        raise Trouble(f"{what}.\n{shown}", f"{advice} The whole log: {log}")
