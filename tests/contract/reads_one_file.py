"""Run by tests in a process of its own: read one file, say what came of it, and the peak memory."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "connectors")]

from oms_connector import Order, Refused  # noqa: E402
from oms_files import FilesConnector  # noqa: E402


def main() -> None:
    """Read ``argv[1]`` with the profile ``argv[2]``."""
    began = time.monotonic()
    orders = lines = 0
    with tempfile.TemporaryDirectory() as folder:
        try:
            reader = FilesConnector(None)  # type: ignore[arg-type]
            for _, record in reader.read(Path(sys.argv[1]), json.loads(sys.argv[2]), "orders", 0,
                                         Path(folder)):
                if isinstance(record, Order):
                    orders += 1
                    lines += len(record.lines)
            said = f"{orders} orders, {lines} lines"
        except Refused as error:
            said = str(error)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    peak = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children)
    sys.stdout.write(json.dumps({
        "said": said, "seconds": time.monotonic() - began, "peak": peak,
    }))


main()
