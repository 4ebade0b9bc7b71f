"""The shop's own lists, for a seller to map ours to."""

from __future__ import annotations

from oms_connector import ChannelDown, Dictionary, Word
from oms_connector.reading import shown, value

from oms_vendure import documents
from oms_vendure import words as wording
from oms_vendure.calls import Api, NoRight, rows_of

# What an order is in before it is placed; nobody moves one there.
UNPLACED = frozenset({"Created", "Draft", "AddingItems"})
_LISTS = {
    "payments": (documents.PAYMENTS, "code"), "deliveries": (documents.DELIVERIES, "code"),
    "warehouses": (documents.WAREHOUSES, "id"),
}


def words(api: Api, kind: Dictionary) -> list[Word]:
    """States (those of the shop's own process too), ways to pay and to deliver, stock locations."""
    if kind == "statuses":
        config = value(api.read(documents.STATUSES, {}, "settings")["settings"], "serverConfig")
        process = value(config, "orderProcess")
        if not isinstance(process, list):
            raise ChannelDown(wording.NO_LIST)
        return [Word(name, name) for one in process
                if (name := shown(one, "name")) and name not in UNPLACED]
    if kind not in _LISTS:
        return []
    document, ref = _LISTS[kind]
    try:
        rows, _ = rows_of(api.read(document, {}, "page")["page"])
    except NoRight:  # only sellers who map these need that permission
        return []
    found = {str(value(row, ref)): shown(row, "name") for row in rows if value(row, ref)}
    return [Word(one, name or one) for one, name in found.items()]

