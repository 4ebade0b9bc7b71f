"""``oms doctor``: what is unfit, on this machine and in the books. It looks and never repairs."""

from __future__ import annotations

import time

import click

from oms_web.core.actor import Actor
from oms_web.inspection import Finding, ledgers, system
from oms_web.wiring import wire


@click.command()
@click.option("--machine", is_flag=True, help="Only the machine, not the books (quick).")
def doctor(machine: bool) -> None:
    """Check the machine and the books. Exit code 1 when something is unfit."""
    oms = wire()
    begun = time.monotonic()
    found = system.check(oms.settings, oms.engine)
    _tell("the machine", found, begun)
    # Without the right tables there are no books to read.
    readable = not any(f.check in ("database_answers", "schema_is_current") for f in found)
    if readable and not machine:
        begun = time.monotonic()
        with oms.works.reading(Actor("cli", "doctor")) as work:
            books = ledgers.check(work.session)
        _tell(f"the books, {len(ledgers.CHECKS)} checks", books, begun)
        found += books
    if any(finding.unfit for finding in found):
        raise SystemExit(1)


def _tell(what: str, found: list[Finding], begun: float) -> None:
    verdict = "all well" if not found else f"{len(found)} to look at"
    click.echo(f"{what}: {verdict} ({time.monotonic() - begun:.1f} s)")
    for finding in found:
        click.echo(f"  {'UNFIT' if finding.unfit else 'note '}  {finding.check}: "
                   f"{finding.sentence}")
