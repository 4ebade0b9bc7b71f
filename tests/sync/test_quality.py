"""How good a connector is: ours by our own tests, a stranger's by what was found here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from oms_connector import Connector, Manifest
from oms_demo import DemoConnector

from oms_web.core.actor import SYSTEM
from oms_web.sync import quality
from oms_web.sync.quality import Found


class Strange(Connector):
    """Says that it is gold."""

    manifest = Manifest("strange", "Strange", "St", "1.0", quality="gold")


@pytest.fixture
def look(oms):
    """A function: what is shown of a connector, after the kit found something (or not)."""
    def look(connector: type[Connector], found: Found | None = None) -> quality.Quality:
        with oms.works.writing(SYSTEM) as work:
            if found:
                quality.note(work, connector, found)
            return quality.of(work.session, [connector])[connector.manifest.key]
    return look


def test_ours_is_what_our_tests_hold_it_to(look):
    shown = look(DemoConnector)
    assert (shown.level, shown.checked_at, shown.is_known) == ("gold", None, True)


def test_a_strangers_word_counts_nothing_until_it_was_checked_here(look):
    assert not look(Strange).is_known
    shown = look(Strange, Found("silver", 44, 6, [(26, "forged")]))
    assert (shown.level, shown.kept, shown.broken) == ("silver", 44, ((26, "forged"),))
    assert shown.checked_at is not None
    shown = look(Strange, Found("", 3, 0, []))
    assert (shown.level, shown.is_known) == ("", True)


def test_what_was_found_of_another_version_is_said_to_be_that(look, monkeypatch):
    look(Strange, Found("silver", 44, 6, []))
    monkeypatch.setattr(Strange, "manifest", replace(Strange.manifest, version="2.0"))
    assert look(Strange).stale == "1.0"


def test_a_check_on_this_machine_counts_more_than_ours_elsewhere(look, monkeypatch):
    assert look(DemoConnector, Found("bronze", 20, 0, [(4, "lost")])).level == "bronze"
    monkeypatch.setattr(DemoConnector, "manifest",
                        replace(DemoConnector.manifest, version="9.0"))
    assert look(DemoConnector).level == "gold"
