"""Print many orders as one file. The file is kept as long as the finished task is."""

from __future__ import annotations

from typing import Any

from oms_web.core.actor import Actor
from oms_web.core.errors import OmsError
from oms_web.domain.printers import service as printers
from oms_web.jobs.job import Job
from oms_web.jobs.rings import KEEP_DONE

KIND = "print_batch"
NAMES = {printers.LABEL: "LBL", printers.SLIP: "PS", printers.INVOICE: "FV",
         printers.PICKLIST: "PL"}
"""Short names of papers in the list of a printer's jobs, the same in every language."""


def run(job: Job) -> dict[str, Any]:
    """Print ``kind`` of ``order_ids`` in ``language``, for the person called ``name``; at the
    printer of ``station`` if one is named.

    Returns:
        ``file`` in the store of prints (None when nothing could be printed), ``printed`` orders,
        ``failed``: [number, message, its values] each, and ``problem`` in the same form. Trying
        again by itself would not help, so refusals end the task instead of failing it.
    """
    asked = job.args
    who = Actor("user", asked["name"], asked.get("user_id"))
    answer = {"kind": asked["kind"], "file": None, "printed": 0, "failed": [], "problem": None}
    try:
        batch = job.oms.printing.batch(
            asked["kind"], asked["order_ids"], who, asked["language"], job.beat
        )
    except OmsError as refusal:
        return answer | {"problem": _plain(refusal)}
    prints = job.oms.works.ports["prints"]
    file = prints.put(batch.pdf, ".pdf")
    prints.forget_before(job.oms.works.clock() - KEEP_DONE)
    if asked.get("station"):
        _hand_over(job, who, file)
    failed = [[number, *_plain(why)] for number, why in batch.failed.items()]
    return answer | {"file": file, "printed": batch.printed, "failed": failed}


def _hand_over(job: Job, who: Actor, file: str) -> None:
    ids = job.args["order_ids"]
    which = ", ".join(map(str, ids)) if len(ids) <= 5 else f"{ids[0]} … {ids[-1]} ({len(ids)})"
    kind = job.args["kind"]
    with job.oms.works.writing(who) as work:
        printers.ask(work, job.args["station"], kind, f"{NAMES[kind]} {which}", file,
                     f"task:{job.claim.id}")


def _plain(refusal: OmsError) -> list[Any]:
    return [refusal.message, {name: str(value) for name, value in refusal.params.items()}]
