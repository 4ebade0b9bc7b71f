"""The pytest plugin: says after a run how good each connector is, and writes it to a file.

Installed with the app, it is there in every pytest of the environment and does nothing unless a
``ConnectorKit`` ran. Elsewhere: ``pytest -p oms_connector.testing.plugin``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from oms_connector.testing.kit import ALL, PROPERTY
from oms_connector.testing.scale import Outcome, Report, Result, level, missing

_collected: pytest.StashKey[Collected] = pytest.StashKey()


class Collected:
    """What the checks of a run ended in, by connector and number."""

    def __init__(self) -> None:
        self.results: dict[str, dict[int, Result]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a check ended."""
        said = dict(report.user_properties).get(PROPERTY)
        if said is None or (report.when != "call" and report.outcome == "passed"):
            return
        promise = json.loads(str(said))
        number = int(promise["number"])
        before = self.results[promise["connector"]].get(number)
        if before is None or before.outcome != "failed":
            self.results[promise["connector"]][number] = Result(
                number, _outcome(report), _reason(report))

    def reports(self) -> list[Report]:
        """One for each connector."""
        return [Report(key, level(list(results.values()), ALL),
                       [results[number] for number in sorted(results)])
                for key, results in sorted(self.results.items())]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the report goes."""
    parser.getgroup("oms").addoption(
        "--connector-report", metavar="FILE", default="",
        help="write how each connector did to FILE, one line of JSON each")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to listen."""
    config.stash[_collected] = Collected()
    config.pluginmanager.register(config.stash[_collected], "oms_connector_results")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config
                            ) -> None:
    """Say how good each connector is, and what the next level wants."""
    reports = config.stash[_collected].reports()
    file = config.getoption("--connector-report")
    if file:
        Path(file).write_text("".join(f"{one.written()}\n" for one in reports), "utf-8")
    for report in reports:
        count = {outcome: sum(one.outcome == outcome for one in report.results)
                 for outcome in ("passed", "failed", "not applicable")}
        terminalreporter.section(f"connector {report.connector}: {report.level or 'no level yet'}")
        terminalreporter.line(", ".join(f"{number} {name}" for name, number in count.items()))
        for result in report.results:
            if result.outcome == "not applicable":
                terminalreporter.line(f"  {result.number} not applicable: {result.reason}")
        for line in missing(report.results, ALL, report.level):
            terminalreporter.line(f"  {line}")


def _outcome(report: pytest.TestReport) -> Outcome:
    if report.outcome == "skipped":
        return "not applicable"
    return report.outcome


def _reason(report: pytest.TestReport) -> str:
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ").removeprefix("not applicable: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message) if crash is not None and report.failed else ""
