"""The task ``drop_folders``: a look into every folder that is watched."""

from __future__ import annotations

from typing import Any

from oms_web.jobs.job import Job
from oms_web.sync import drop_folder


def run(job: Job) -> dict[str, Any]:
    """Import what is complete and put it aside."""
    oms = job.oms
    return drop_folder.look(oms.importer, oms.settings.instance / "drop", oms.works.clock(),
                            job.beat)
