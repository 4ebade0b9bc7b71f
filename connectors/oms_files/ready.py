"""The profiles that come with the connector, as files beside this one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast

from oms_connector import N_, FileKind

FOLDER = "profiles"

# What the ready profiles say to people, for the translators' catalogue.
SAID = (
    N_("Bad debt adjustment: money without goods"),
    N_("The report gives quantity 0"),
    N_("The item was cancelled"),
    N_("Not goods"),
    N_("A row without SKU: a further picture, or a variant to be named in the shop first"),
    N_("A row without SKU: give the product one in the shop first"),
    N_("A variable product is not sold itself"),
)


@cache
def ready_profiles() -> Mapping[str, tuple[FileKind, Mapping[str, Any]]]:
    """name -> (kind, profile), in the order of their names."""
    found = {}
    for entry in sorted(files(__package__).joinpath(FOLDER).iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".json"):
            told = json.loads(entry.read_text("utf-8"))
            found[entry.name.removesuffix(".json")] = (
                cast(FileKind, told["kind"]), told["profile"]
            )
    return found
