"""The task ``import_file``: one run to its end, in the background."""

from __future__ import annotations

from typing import Any

from oms_web.core.actor import SYSTEM
from oms_web.jobs.job import Job
from oms_web.sync import file_runs
from oms_web.sync.file_import import run_import


def run(job: Job) -> dict[str, Any]:
    """Import; a file that cannot be read ends the run, not the task: trying again is no use."""
    run_id = job.args["run_id"]
    with job.oms.works.reading(SYSTEM) as work:
        state = file_runs.get_run(work.session, run_id).state
    if state in file_runs.OPEN:
        run_import(job.oms.importer, run_id, job.beat)
    with job.oms.works.reading(SYSTEM) as work:
        found = file_runs.get_run(work.session, run_id)
        return {"state": found.state, "read": found.read, "added": found.added,
                "changed": found.changed, "same": found.same, "quarantined": found.quarantined}
