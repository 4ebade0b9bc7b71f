"""The scale, the report and the plugin: what is said of a connector follows from its checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from oms_connector import ListsOffers
from oms_connector.testing import ALL, NothingChecked, Report, Result, check, module_of, run
from oms_connector.testing.scale import level, missing
from oms_demo import DemoConnector

from oms_web.domain.shipping import bookings
from tests.contract.kit_shop import KitShop
from tests.contract.kit_shop_standin import KramStandIn

ROOT = Path(__file__).resolve().parents[2]


def ended(**others: str) -> Sequence[Result]:
    """All passed, but those named ``_NUMBER``; a check that is ``None`` was not run."""
    changed = {int(name[1:]): outcome for name, outcome in others.items()}
    return [Result(number, changed.get(number, "passed")) for number in ALL
            if changed.get(number, "") is not None]


class TestTheScale:
    def test_everything_kept_is_gold(self):
        assert level(ended(), ALL) == "gold"
        assert missing(ended(), ALL, "gold") == []

    @pytest.mark.parametrize(("number", "reached"), [(1, ""), (5, "bronze"), (26, "silver")])
    def test_a_failure_ends_the_climb_below_its_level(self, number, reached):
        results = ended(**{f"_{number}": "failed"})
        assert level(results, ALL) == reached
        [said] = missing(results, ALL, reached)
        assert said.startswith(f"{number} failed")

    def test_what_is_not_applicable_is_kept_but_where_it_is_vital(self):
        assert level(ended(_22="not applicable", _26="not applicable"), ALL) == "gold"
        assert level(ended(_28="not applicable"), ALL) == "silver"
        assert level(ended(_34="not applicable"), ALL) == "silver"

    def test_what_was_not_run_is_not_kept(self):
        results = [result for result in ended() if result.number != 7]
        assert level(results, ALL) == ""
        assert missing(results, ALL, "") == [f"7 was not run: {ALL[7].text}"]

    def test_each_level_has_checks_and_numbers_have_no_gaps(self):
        assert list(ALL) == list(range(1, 83))
        assert {promise.level for promise in ALL.values()} == {"bronze", "silver", "gold"}

    def test_a_report_survives_being_written(self):
        report = Report("kram", "gold", [Result(1, "failed", "ąę")])
        assert Report.read(report.written()) == report
        assert report.failed == [Result(1, "failed", "ąę")]


class TestStandInsThatLackSomething:
    def test_a_verb_that_a_capability_implies_must_be_there(self):
        class WithoutOffers(KramStandIn):
            offers = KramStandIn.__mro__[1].offers

        result = check(WithoutOffers, 40)
        assert result.outcome == "failed"
        assert "the connector can list offers, so its stand-in must have 'offers'" in result.reason

    def test_a_verb_that_nothing_implies_makes_the_check_not_applicable(self):
        class NeverHides(KramStandIn):
            hide = KramStandIn.__mro__[1].hide

        assert check(NeverHides, 12) == Result(12, "not applicable", "it shows orders at once")

    def test_a_capability_that_is_not_there_is_not_checked(self):
        class Fewer(KramStandIn):
            connector = type("Fewer", (KitShop,), {"list_offers": None})

        assert not issubclass(Fewer.connector, ListsOffers)
        assert check(Fewer, 40) == Result(40, "not applicable",
                                          "the connector does not list offers")

    def test_the_end_of_an_interface_is_announced_ninety_days_before(self):
        today = datetime.now(UTC).date()
        for days, is_told in ((89, True), (92, False)):
            class Ending(KramStandIn):
                connector = type("Ending", (KitShop,), {"manifest": replace(
                    KitShop.manifest, sunset=today + timedelta(days=days))})

            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                assert check(Ending, 33).outcome == "passed"
            assert bool(said) == is_told


KIT = """
import pytest
from oms_connector.testing import ConnectorKit
from tests.contract import kit_doubles_reading as doubles
from tests.contract.kit_shop_standin import KramStandIn

class Listless(KramStandIn):
    connector = doubles.ListsThreeOffers
    ours = "tests.contract.kit_shop"

class TestListless(ConnectorKit):
    standin = Listless

    def test_39_returns(self, bench):
        pytest.skip("Kram has no returns today")
"""


@pytest.fixture
def kit(tmp_path) -> Path:
    """A file with a kit: a connector that lists three offers and no more."""
    file = tmp_path / "test_listless.py"
    file.write_text(KIT)
    return file


@pytest.mark.slow
class TestRunning:
    def test_a_program_gets_the_report(self, kit):
        report = run(str(kit))
        assert (report.connector, report.level) == ("kram", "")
        assert [result.number for result in report.failed] == [40]
        assert "are listed as 3" in report.failed[0].reason
        assert len(report.results) == 81  # the one that was overridden promises nothing

    def test_the_demo_is_gold(self):
        report = run(str(ROOT / "tests/contract/test_kit_demo.py"))
        assert (report.connector, report.level, report.failed) == ("demo", "gold", [])
        assert {result.number for result in report.results
                if result.outcome == "not applicable"} <= {
        12, 22, 42, 48, 49, 52, 53, *range(54, 74)}

    def test_a_module_without_a_kit_says_so(self, tmp_path):
        file = tmp_path / "test_nothing.py"
        file.write_text("def test_nothing(): pass\n")
        with pytest.raises(NothingChecked, match="1 passed"):
            run(str(file))
        with pytest.raises(NothingChecked, match="oms_nowhere"):
            run("oms_nowhere.conformance")

    def test_people_read_it_at_the_end_of_a_run_on_several_processes_too(self, kit):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "oms_connector.testing.plugin", "-n", "2", "-q",
             "-p", "no:cacheprovider", kit], cwd=kit.parent, capture_output=True, text=True,
            check=False, env={"PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": ""})
        assert done.returncode == 1
        assert "connector kram: no level yet" in done.stdout
        assert f"40 failed: {ALL[40].text}" in done.stdout


def test_the_page_lists_every_promise_as_it_is():
    page = (ROOT / "docs/connectors/kit.md").read_text("utf-8").replace("`", "")
    rows = [f"| {number} | {promise.text} | {promise.level} |" for number, promise in ALL.items()]
    assert [row for row in rows if row not in page] == []


def test_the_number_of_promises_that_the_page_tells_is_theirs():
    page = (ROOT / "docs/connectors/kit.md").read_text("utf-8")
    assert f"The kit looks closer: {len(ALL)}\npromises" in page


def test_what_the_carriers_page_shows_is_the_skeleton_as_it_is():
    page = (ROOT / "docs/connectors/carriers.md").read_text("utf-8")
    skeleton = ROOT / "connectors/oms_connector/testing/pigeon/oms_pigeon/__init__.py"
    [shown] = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    shown, real = functions(f"class Shown:\n{shown}"), functions(skeleton.read_text("utf-8"))
    assert set(shown) == {"check_booking", "book", "find_booking"}
    assert shown == {name: real[name] for name in shown}
    assert [state for state in bookings.STATES if state not in page] == []


def functions(source):
    """What functions do, without what is said of them and of their parameters' types."""
    found = {}
    for one in ast.walk(ast.parse(source)):
        if isinstance(one, ast.FunctionDef):
            said = ast.get_docstring(one) is not None
            found[one.name] = [ast.unparse(line) for line in one.body[said:]]
    return found


def test_every_file_the_page_names_is_there():
    page = (ROOT / "docs/connectors/kit.md").read_text("utf-8")
    named = set(re.findall(r"tests/[\w/]+(?:\.py)?", page))
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_where_a_package_keeps_its_kit():
    assert module_of(DemoConnector) == "oms_demo.conformance"
