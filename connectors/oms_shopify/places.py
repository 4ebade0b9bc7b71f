"""Which of the shop's locations is kept here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import AccessRefused, ChannelDown, Word
from oms_connector.reading import Puzzling, shown

from oms_shopify import words
from oms_shopify.calls import Api
from oms_shopify.queries import LOCATIONS
from oms_shopify.reading import gid, nodes, number_of


def find(api: Api, settings: Mapping[str, Any]) -> str:
    """The global id of the location of the settings: by its name, its number, or as the only one.

    Raises:
        AccessRefused: the setting names none, or it is empty and there are several.
    """
    wanted = str(settings.get("location") or "").strip()
    if wanted.isdigit():
        return gid("Location", wanted)
    known = every(api)
    names = ", ".join(one.name for one in known)
    if not wanted and len(known) != 1:
        raise AccessRefused(words.WHICH_LOCATION % {"names": names}, "location")
    for one in known:
        if not wanted or one.name.casefold() == wanted.casefold():
            return gid("Location", one.ref)
    raise AccessRefused(words.NO_LOCATION % {"names": names}, "location")


def every(api: Api) -> list[Word]:
    """The shop's active locations."""
    told = api.ask(LOCATIONS, None, "locations")
    try:
        return [Word(number_of(one), shown(one, "name") or number_of(one))
                for one in nodes(told, "locations")]
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
