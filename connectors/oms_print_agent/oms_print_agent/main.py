"""The agent's one loop: ask, print, say."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from oms_print_agent.printers import NotPrinted, Printer, printer
from oms_print_agent.shop import Job, Shop, ShopRefuses, ShopSilent

log = logging.getLogger("oms_print_agent")

PAUSE, LONGEST_PAUSE = 2.0, 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; 1: the shop refuses this agent, 2: it was started wrongly."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        printers = {one.name: one for one in map(printer, options.printer)}
        key = _key(options.key_file)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        serve(Shop(options.url, key), options.station, printers, once=options.once)
    except ShopRefuses as error:
        log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def serve(shop: Shop, station: str, printers: Mapping[str, Printer], *, once: bool = False) -> None:
    """Print what comes; with ``once`` until nothing waits any more.

    Raises:
        ShopRefuses: the key or the address is wrong.
    """
    pause, known = PAUSE, False
    while True:
        try:
            if not known:
                shop.announce(station, list(printers.values()))
                known = True
                log.info("serving %s at %s", ", ".join(printers), station)
            job = shop.take()
            pause = PAUSE
            if job is not None:
                _do(shop, printers, job)
                continue
            if once:
                return
        except ShopSilent as error:
            log.warning("%s; asking again in %.0f s", error, pause)
            known, pause = False, min(pause * 2, LONGEST_PAUSE)
        time.sleep(pause)


def _do(shop: Shop, printers: Mapping[str, Printer], job: Job) -> None:
    """Print one job. What a printer did not take is told; what was printed is told until heard."""
    printed, message = True, ""
    try:
        printers[job.printer].send(shop.file(job), job.title, job.copies)
        log.info("printed %s on %s", job.title, job.printer)
    except KeyError:
        printed, message = False, f"this agent has no printer {job.printer}"
    except NotPrinted as error:
        printed, message = False, str(error)
    if message:
        log.error("not printed: %s: %s", job.title, message)
    pause = PAUSE
    while True:
        try:
            return shop.done(job, printed, message)
        except ShopSilent as error:
            log.warning("%s; telling it again in %.0f s", error, pause)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def _key(file: Path | None) -> str:
    key = (file.read_text("utf-8") if file else os.environ.get("OMS_KEY", "")).strip()
    if not key:
        raise ValueError("give the shop's key in OMS_KEY or by --key-file")
    return key


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="oms-print-agent", description=__doc__)
    parser.add_argument("--url", required=True, help="the shop's address")
    parser.add_argument("--station", required=True, help="what the station here is called")
    parser.add_argument("--printer", action="append", required=True, metavar="NAME=KIND:ADDRESS",
                        help="cups:QUEUE, raw:HOST, ipp:HOST/PATH or folder:PATH; many times")
    parser.add_argument("--key-file", type=Path, help="a file that holds the key")
    parser.add_argument("--once", action="store_true", help="stop when nothing waits any more")
    return parser
