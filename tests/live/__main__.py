"""``./oms live [NAME ...]``: install shops, run them, tell the story, say what it took.

Ends with 0 when all went well or could not be tried here, with 1 when something is wrong.
"""

from __future__ import annotations

import importlib
import logging
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tests.live.machine import Missing, Trouble
from tests.live.ours import Ours
from tests.live.shop import LiveShop
from tests.live.story import NotTheirs, Story

SHOPS = ("medusa", "vendure")
WELL, SKIPPED, FAILED = "well", "skipped", "failed"


def main(names: Sequence[str]) -> int:
    """Run these shops, or all, side by side; the exit code."""
    unknown = [name for name in names if name not in SHOPS]
    if unknown:
        print(f"There is no live shop {', '.join(unknown)}; there are {', '.join(SHOPS)}.")
        return 2
    logging.basicConfig(level=logging.ERROR)
    began = time.monotonic()
    shops = [shop_of(name)(_folder(name)) for name in dict.fromkeys(names or SHOPS)]
    with ThreadPoolExecutor(len(shops)) as pool:
        ends = list(pool.map(_tried, shops))
    said = ", ".join(f"{ends.count(end)} {end}" for end in dict.fromkeys(ends))
    print(f"{len(ends)} shops: {said}, in {time.monotonic() - began:.0f} s")
    return int(FAILED in ends)


def shop_of(name: str) -> type[LiveShop]:
    """The shop in the module of that name."""
    found: type[LiveShop] = importlib.import_module(f"tests.live.{name}").SHOP
    return found


def _folder(name: str) -> Path:
    """A folder for one run. A database in it may run as a user of its own."""
    folder = Path(tempfile.mkdtemp(prefix=f"oms-live-{name}-"))
    folder.chmod(0o755)
    return folder


def _tried(shop: LiveShop) -> str:
    """How it ended with a shop."""
    try:
        _timed(f"{shop.name}: installed", shop.install)
        _timed(f"{shop.name}: started", shop.start)
        return WELL if _told(shop) else FAILED
    except Missing as missing:
        print(f"{shop.name}: skipped: {missing}")
        return SKIPPED
    except Exception as error:
        _complain(shop, "install and start", error)
        return FAILED
    finally:
        shop.stop()
        shutil.rmtree(shop.folder, ignore_errors=True)


def _told(shop: LiveShop) -> bool:
    """Tell the story; whether it came to its end."""
    ours = Ours(shop.folder / "oms")
    try:
        for text, act in Story(shop, ours).steps():
            began = time.monotonic()
            try:
                said = act()
            except NotTheirs as reason:
                said = f"left out: {reason}"
            except Exception as error:
                _complain(shop, text, error)
                return False
            print(f"{shop.name}: {text}: {said} ({time.monotonic() - began:.1f} s)", flush=True)
        held = ", ".join(f"{one.log.stem} {one.peak_mb()} MB" for one in shop.programs)
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{shop.name}: memory at most: {held}, the app {own} MB")
        return True
    finally:
        ours.close()


def _complain(shop: LiveShop, text: str, error: Exception) -> None:
    """Which step failed, why, and what the shop's programs said last."""
    print(f"{shop.name}: {text}: FAILED: {type(error).__name__}: {error}")
    if not isinstance(error, AssertionError | Trouble):
        traceback.print_exception(error, file=sys.stdout)
    for program in shop.programs:
        with suppress(OSError):
            print(f"--- {program.log.name}\n{program.tail()}")


def _timed(text: str, act: Callable[[], None]) -> None:
    began = time.monotonic()
    act()
    print(f"{text} ({time.monotonic() - began:.1f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
