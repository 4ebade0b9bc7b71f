"""The task ``exchange_rates``: read the missing tables; if it fails, the clock asks again."""

from __future__ import annotations

from typing import Any

from oms_connector import ChannelError

from oms_web.adapters import nbp
from oms_web.core.actor import SYSTEM
from oms_web.core.clock import local_day
from oms_web.domain.documents import exchange
from oms_web.jobs.job import Job

TASK = "exchange_rates"


def run(job: Job) -> dict[str, Any]:
    """Read and keep what was published since."""
    works = job.oms.works
    with works.reading(SYSTEM) as work:
        span = exchange.span_missing(work.session, local_day(work.now))
    if span is None:
        return {"rates": 0}
    http = works.ports["rates"]()
    try:
        tables = nbp.read_tables(http, *span)
    except ChannelError as error:
        return {"error": str(error)}
    finally:
        http.close()
    with works.writing(SYSTEM) as work:
        return {"rates": exchange.keep(work, tables)}
