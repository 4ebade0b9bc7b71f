"""Print what comes out by itself when a parcel closes: at its station, once for each closing."""

from __future__ import annotations

from typing import Any

from oms_web.adapters.printing import INVOICE, SLIP
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotFound, OmsError
from oms_web.domain.printers import service as printers
from oms_web.domain.shipping import service as shipping
from oms_web.jobs.job import Job
from oms_web.jobs.print_batch import NAMES
from oms_web.jobs.print_label import print_label

PAPERS = (SLIP, INVOICE)


def run(job: Job) -> dict[str, Any]:
    """Lay the papers of ``shipment_id`` out and hand them to the station's printers.

    Returns:
        ``printed``: the kinds that wait for a printer now; ``failed``: those that could not be made
        (an invoice that is not issued yet is none of them).
    """
    with job.oms.works.reading(SYSTEM) as work:
        shipment = shipping.get(work.session, job.args["shipment_id"])
        station, order_ids = shipment.station, shipping.owners(work.session, shipment)
        wanted = [one.kind for one in printers.routes(work.session, station)
                  if one.automatic and one.kind in PAPERS]
    done: list[str] = []
    failed: dict[str, str] = {}
    for kind in wanted:
        try:
            batch = job.oms.printing.batch(kind, order_ids, SYSTEM, "pl", job.beat)
        except NotFound:
            continue
        except OmsError as refusal:
            failed[kind] = str(refusal)
            continue
        file = job.oms.works.ports["prints"].put(batch.pdf, ".pdf")
        title = f"{NAMES[kind]} {', '.join(map(str, order_ids))}"
        with job.oms.works.writing(SYSTEM) as work:
            printers.ask(work, station, kind, title, file, f"closed:{job.claim.key}:{kind}")
        done.append(kind)
    if print_label(job.oms, job.args["shipment_id"]):
        done.append(printers.LABEL)
    return {"printed": done, "failed": failed}
