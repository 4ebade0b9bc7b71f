"""A write that was done and whose answer got lost: what checks of finding it again begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oms_connector import OutcomeUnknown
from oms_connector.testing.bench import Bench
from oms_connector.testing.faults import DONE_SILENTLY
from oms_connector.testing.verdict import Broken, must

MOST_REQUESTS = 30
"""No act asks before and after its write more often than this."""


def lose_answer(bench: Bench, act: Callable[[Any], Any], done: Callable[[], int]) -> None:
    """Do something whose answer is lost after it was done, whichever of its requests does it.

    Args:
        done: How often it has been done, as the channel has it.

    Raises:
        Broken: the connector says something else than that nobody knows, or nothing at all.
    """
    before = done()
    for number in range(1, MOST_REQUESTS):
        bench.line.faults = {number: DONE_SILENTLY.strike}
        try:
            bench.call(act)
        except OutcomeUnknown:
            return
        except Exception as error:
            must(done() == before, f"it was done, and it says {error!r}")
        else:
            raise Broken("an answer was lost, and nobody noticed")
        finally:
            bench.line.faults = {}
    raise Broken("its answer cannot be lost")
