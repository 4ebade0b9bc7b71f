"""``python -m tests.live [NAME ...]``: install shops, run them, tell the story, say what it took.

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
from collections.abc import Sequence
from pathlib import Path

from tests.live.machine import Missing, Trouble
from tests.live.ours import Ours
from tests.live.shop import LiveShop
from tests.live.story import NotTheirs, Story

SHOPS = ("medusa", "vendure")


def main(names: Sequence[str]) -> int:
    """Run these shops, or all; the exit code."""
    unknown = [name for name in names if name not in SHOPS]
    if unknown:
        print(f"There is no live shop {', '.join(unknown)}; there are {', '.join(SHOPS)}.")
        return 2
    logging.basicConfig(level=logging.ERROR)
    return int(not all([_tried(name) for name in names or SHOPS]))


def _tried(name: str) -> bool:
    """Whether nothing is wrong with a shop."""
    folder = Path(tempfile.mkdtemp(prefix=f"oms-live-{name}-"))
    folder.chmod(0o755)  # a database may run as a user of its own
    kind = shop_of(name)
    if kind is None:
        print(f"{name}: skipped: not written yet")
        return True
    shop = kind(folder)
    try:
        _timed(f"{name}: install", shop.install)
        _timed(f"{name}: start", shop.start)
        return _told(shop)
    except Missing as missing:
        print(f"{name}: skipped: {missing}")
        return True
    except Trouble as trouble:
        print(f"{name}: FAILED: {trouble}")
        return False
    finally:
        shop.stop()
        shutil.rmtree(folder, ignore_errors=True)


def shop_of(name: str) -> type[LiveShop] | None:
    """The shop in the module of that name; None where there is none."""
    try:
        module = importlib.import_module(f"tests.live.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"tests.live.{name}":
            raise
        return None
    found: type[LiveShop] = module.SHOP
    return found


def _told(shop: LiveShop) -> bool:
    ours = Ours(shop.folder / "oms")
    try:
        for text, act in Story(shop, ours).steps():
            began = time.monotonic()
            try:
                said = act()
            except NotTheirs as reason:
                said = f"left out: {reason}"
            except Exception as error:
                print(f"{shop.name}: {text}: FAILED: {type(error).__name__}: {error}")
                if not isinstance(error, AssertionError):
                    traceback.print_exc(file=sys.stdout)
                for program in shop.programs:
                    print(f"--- {program.log.name}\n{program.tail()}")
                return False
            print(f"{shop.name}: {text}: {said} ({time.monotonic() - began:.1f} s)", flush=True)
        held = ", ".join(f"{one.log.stem} {one.peak_mb()} MB" for one in shop.programs)
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{shop.name}: memory at most: {held}, the app {own} MB")
        return True
    finally:
        ours.close()


def _timed(text: str, act: object) -> None:
    began = time.monotonic()
    act()  # type: ignore[operator]
    print(f"{text} ({time.monotonic() - began:.1f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
