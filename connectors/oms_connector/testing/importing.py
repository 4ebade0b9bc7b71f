"""What importing a connector does, beside importing: looked at in a process of its own."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Sequence

KEPT = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH"})

PROBE = """
import sys
sys.path[:] = {path!r}
import json, logging, os, threading, oms_connector
done = []

def seen(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        mode, flags = str(arguments[1] or ""), arguments[2] or 0
        writes = set(mode) & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and "__pycache__" not in str(arguments[0]):
            done.append("writes a file")
    elif event.startswith("socket.") and event not in ("socket.gethostname",):
        done.append("uses the network (" + event + ")")
    elif event in ("subprocess.Popen", "os.system", "os.fork", "os.exec"):
        done.append("starts a program")

before = dict(os.environ), list(logging.getLogger().handlers), threading.active_count()
sys.addaudithook(seen)
__import__({module!r})
if dict(os.environ) != before[0]:
    done.append("changes the environment")
if logging.getLogger().handlers != before[1]:
    done.append("sets up logging")
if threading.active_count() != before[2]:
    done.append("starts a thread")
print(json.dumps(sorted(set(done))), file=sys.__stdout__)
"""


@functools.cache
def side_effects(module: str) -> Sequence[str]:
    """What importing a module does, in words; empty when it does nothing."""
    code = PROBE.format(path=[entry for entry in sys.path if entry], module=module)
    done = subprocess.run(  # noqa: S603 - our own interpreter, our own words
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60,
        # This process may have imported it already: what that left in our environment stays here.
        env={name: value for name, value in os.environ.items() if name in KEPT})
    if done.returncode:
        return [f"fails: {done.stderr.strip().splitlines()[-1] if done.stderr else '?'}"]
    lines = done.stdout.strip().splitlines()
    said: list[str] = json.loads(lines[-1])
    return said + (["prints"] if len(lines) > 1 else [])
