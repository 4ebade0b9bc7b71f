"""A level in a manifest is one that the kit found: it cannot be claimed, only reached."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from oms_connector.testing import ALL, ConnectorKit, check
from oms_connector.testing.promise import promises
from oms_connector.testing.scale import level

from oms_web.sync.registry import BUILT_IN, load_registry
from tests.contract.kit_demo import Targowisko

HERE = Path(__file__).parent


def kits() -> dict[str, type[ConnectorKit]]:
    """The kits that the suite runs, by the connector's key."""
    found = {}
    for file in sorted(HERE.glob("test_*.py")):
        if "ConnectorKit)" in file.read_text("utf-8"):
            module = import_module(f"tests.contract.{file.stem}")
            found |= {kit.standin.connector.manifest.key: kit for kit in vars(module).values()
                      if isinstance(kit, type) and issubclass(kit, ConnectorKit)
                      and kit is not ConnectorKit and hasattr(kit, "standin")}
    return found


def test_each_level_that_comes_with_the_app_is_checked_by_the_suite():
    registry = load_registry(BUILT_IN)
    assert registry.refused == []
    said = {key: one.manifest.quality for key, one in registry.connectors.items()}
    checked = kits()
    assert {key for key, quality in said.items() if quality} == set(said) & set(checked)
    for key in set(said) & set(checked):
        assert promises(checked[key]).keys() == ALL.keys(), f"{key} leaves checks out"
        assert checked[key].standin.connector is registry.connectors[key]


class Unseen(Targowisko):
    """Nobody wrote down what its documents become, and that is vital to gold."""

    samples = None


def claiming(quality: str) -> type[Unseen]:
    """The same, with a level in its manifest."""
    kind = Unseen.connector
    claims = type("Claims", (kind,), {"manifest": replace(kind.manifest, quality=quality)})
    return type("Claiming", (Unseen,), {"connector": claims})


@pytest.mark.parametrize(("quality", "outcome"), [
    ("", "not applicable"), ("silver", "not applicable"), ("gold", "failed"),
])
def test_what_is_vital_to_a_claimed_level_may_not_be_passed_over(quality, outcome):
    result = check(claiming(quality), 34)
    assert result.outcome == outcome
    if outcome == "failed":
        assert "the manifest says gold" in result.reason
    assert level([result], {34: ALL[34]}) == "silver"
