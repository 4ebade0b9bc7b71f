"""The shop's own lists, for a seller to map ours to."""

from __future__ import annotations

from oms_connector import Dictionary, Word

from oms_prestashop import states
from oms_prestashop.calls import Api
from oms_prestashop.reading import ref, shown


def words(api: Api, kind: Dictionary) -> list[Word]:
    """Statuses, and ways of delivery. The webservice has no list of ways to pay.

    A carrier gets a new number whenever somebody changes it; its reference stays.
    """
    if kind == "statuses":
        return states.in_words(states.rows(api))
    if kind != "deliveries":
        return []
    rows = api.rows("carriers", "[id,id_reference,name]", {
        "filter[deleted]": "[0]", "sort": "[id_ASC]"})
    found = {ref(row, "id_reference"): shown(row, "name") for row in rows}
    return [Word(one, name or one) for one, name in found.items()]
