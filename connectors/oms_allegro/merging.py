"""Purchases that were paid together: a new checkout form took over the lines of earlier ones.

Allegro removes the earlier forms and says nothing of it; a line item keeps its id, so two forms
with the same line item are one purchase (developer.allegro.pl, "How to process orders", and
github.com/allegro/allegro-api, issues 1111, 2172, 10406). The earlier forms are found in the
journal, at the moments when their lines were bought.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oms_connector import Refused
from oms_connector.reading import Puzzling, children, moment, value

from oms_allegro.calls import Api
from oms_allegro.mapping import READY, STATES

WINDOW = 1000


def replaced_by(api: Api, form: Any, get_form: Callable[[Api, str], Any]) -> list[str]:
    """The ids of the forms that a form took over, sorted; empty for nearly all.

    Only a form that is paid and has lines bought at different moments is looked into. An earlier
    form counts as taken over when it is gone, or still waits for a payment.
    """
    if value(form, "status") != READY:
        return []
    try:
        lines = children(form, "lineItems")
        bought = sorted({moment(line, "boughtAt") for line in lines})
    except Puzzling:
        return []
    if len(bought) < 2:
        return []
    ids = {value(line, "id") for line in lines}
    found: set[str] = set()
    for at in bought:
        # The number of an event is the microsecond at which it was written.
        found |= _forms_with(api, ids, str(int(at.timestamp() * 1_000_000) - 1))
    found -= {value(form, "id")}
    return sorted(ref for ref in found if _is_over(get_form(api, ref)))


def _forms_with(api: Api, line_ids: set[Any], since: str) -> set[str]:
    try:
        answer = api.get("/order/events", params={
            "from": since, "limit": WINDOW, "type": ["BOUGHT", "FILLED_IN"],
        })
    except Refused:  # that long ago there is no journal any more
        return set()
    return {
        str(ref)
        for event in children(answer, "events")
        if (ref := value(event, "order", "checkoutForm", "id"))
        and any(value(line, "id") in line_ids
                for line in children(value(event, "order"), "lineItems"))
    }


def _is_over(form: Any) -> bool:
    return form is None or STATES.get(value(form, "status")) == "unpaid"
