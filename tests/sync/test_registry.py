"""A bad plugin is reported with its reason and hurts nobody."""

from __future__ import annotations

import sys
import types
from importlib.metadata import EntryPoint

import pytest
from oms_connector import ENTRY_POINTS, Connector, Manifest, hookimpl

from oms_web.sync.registry import load_registry


def plugin(monkeypatch, name: str, connectors=None, *, body=None) -> EntryPoint:
    """A plugin module that announces connector classes, or runs ``body`` instead."""
    module = types.ModuleType(name)

    @hookimpl
    def oms_connectors():
        return body() if body else connectors

    module.oms_connectors = oms_connectors
    monkeypatch.setitem(sys.modules, name, module)
    return EntryPoint(name, name, ENTRY_POINTS)


def connector(key: str, api: tuple[int, int] = (1, 0)) -> type[Connector]:
    return type("Made", (Connector,), {"manifest": Manifest(key, key, "Xx", "1", api=api)})


def fail():
    raise RuntimeError("plugin is broken")


def test_good_ones_load_beside_bad_ones(monkeypatch):
    points = [
        plugin(monkeypatch, "a_good", [connector("good")]),
        plugin(monkeypatch, "b_raises", body=fail),
        EntryPoint("c_absent", "there_is_no_such_module", ENTRY_POINTS),
        plugin(monkeypatch, "d_future", [connector("future", (2, 0))]),
        plugin(monkeypatch, "e_newer", [connector("newer", (1, 99))]),
        plugin(monkeypatch, "f_double", [connector("good")]),
        plugin(monkeypatch, "g_also_good", [connector("other")]),
    ]
    registry = load_registry(points)
    assert sorted(registry.connectors) == ["good", "other"]
    reasons = {refusal.name: refusal.reason for refusal in registry.refused}
    assert set(reasons) == {"b_raises", "c_absent", "d_future", "e_newer", "f_double"}
    assert reasons["b_raises"] == "plugin is broken"
    assert "SDK" in reasons["d_future"]
    assert "taken" in reasons["f_double"]
    trace = next(refusal.trace for refusal in registry.refused if refusal.name == "b_raises")
    assert "RuntimeError" in trace


def test_a_hook_of_an_unknown_kind_is_refused(monkeypatch):
    point = plugin(monkeypatch, "h_typo", [connector("typo")])

    @hookimpl
    def oms_conectors():
        return []

    sys.modules["h_typo"].oms_conectors = oms_conectors
    registry = load_registry([point])
    assert registry.connectors == {}
    assert "oms_conectors" in registry.refused[0].reason


@pytest.mark.parametrize("key", ["demo", "files"])
def test_the_built_in_ones_come_the_same_way(key):
    assert load_registry().get(key) is not None
