"""``oms import``: take in files of orders, products or stock, here and now, with progress."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from oms_web.cli.database import opened
from oms_web.cli.groups import Group
from oms_web.core.actor import Actor
from oms_web.core.errors import Invalid
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import file_profiles, file_results, file_runs
from oms_web.sync.file_import import run_import
from oms_web.sync.file_results import Summary
from oms_web.sync.file_runs import Options
from oms_web.sync.file_store import bring_in
from oms_web.wiring import Oms

SHELL = Actor("cli", "shell")
_EVERY_S = 0.5
_EVERY_S_IN_LOGS = 10.0
_MOST_REASONS = 12
# The exit code when a file was imported and some of its rows wait in quarantine.
IN_QUARANTINE = 3

Act = TypeVar("Act", bound=Callable[..., object])

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def _profile(default: str) -> Callable[[Act], Act]:
    return click.option("--profile", default=default, show_default=True,
                        help="How the file is read; see 'oms import profiles'.")


@click.group(cls=Group, name="import")
def import_() -> None:
    """Take in files of orders, products or stock.

    FILE may be CSV, TSV, XLSX, JSON or XML, as it is, as .gz or in a .zip. A file that was
    imported before changes nothing; an import that was interrupted goes on where it was.

    Exit code 0: all of it was taken in. 1: the file could not be imported. 3: it was imported, but
    some rows are in quarantine.
    """


@import_.command()
@_FILE
@_profile("orders-simple")
@click.option("--create-products", is_flag=True, help="Add SKUs that the catalogue lacks.")
@click.option("--opening-stock", is_flag=True,
              help="Put on the shelf what the orders need; shipped ones then move the stock.")
def orders(file: Path, profile: str, create_products: bool, opening_stock: bool) -> None:
    """Take in the orders, returns and write-offs in FILE."""
    _import("orders", file, profile, Options(create_products, opening_stock))


@import_.command()
@_FILE
@_profile("products-simple")
def products(file: Path, profile: str) -> None:
    """Put the products in FILE into the catalogue."""
    _import("products", file, profile, Options())


@import_.command()
@_FILE
@_profile("stock-simple")
def stock(file: Path, profile: str) -> None:
    """Make the stock agree with what was counted in FILE."""
    _import("stock", file, profile, Options())


@import_.command()
def profiles() -> None:
    """List the profiles: your own and the ready ones."""
    oms = opened()
    ready = file_profiles.ready_profiles(oms.registry)
    with oms.works.reading(SHELL) as work:
        own = {p.name: (p.kind, p.spec) for p in file_profiles.all_profiles(work.session)}
    for name, (kind, spec) in sorted((dict(ready) | own).items()):
        whose = "ready" if file_profiles.is_ready(oms.registry, name, spec) else "yours"
        click.echo(f"{name:<20} {kind:<9} {whose:<6} {spec.get('about', '')}")


def _import(kind: str, file: Path, name: str, options: Options) -> None:
    oms = opened()
    importer = oms.importer
    with oms.works.writing(SHELL) as work:
        profile = file_profiles.by_name(work, oms.registry, name)
        if profile.kind != kind:
            raise Invalid("The profile %(name)s reads %(kind)s.", "profile", name=name,
                          kind=profile.kind)
        spec = dict(profile.spec)
    stored = bring_in(importer.store, [file], spec)
    with oms.works.writing(SHELL) as work:
        profile = file_profiles.by_name(work, oms.registry, name)
        run = file_runs.begin(work, profile, stored, options)
        run_id, gone_on = run.id, run.read
    if gone_on:
        click.echo(f"goes on after {gone_on:,} records", err=True)
    line = ProgressLine(oms, run_id)
    run_import(importer, run_id, line.show)
    line.end()
    with oms.works.reading(SHELL) as work:
        found = file_results.summary(work.session, run_id, importer.templates)
        channel = _channel(work, found.profile.account_id) if kind == "orders" else ""
    _tell(found, line.seconds, channel)
    if found.run.state != file_runs.DONE:
        raise SystemExit(1)
    if found.run.quarantined:
        raise SystemExit(IN_QUARANTINE)


def _channel(work: Work, account_id: int | None) -> str:
    account = work.session.get(ChannelAccount, account_id) if account_id else None
    return account.name if account else ""


class ProgressLine:
    """One line that is written over, or one line now and then where there is no terminal."""

    def __init__(self, oms: Oms, run_id: int) -> None:
        self._works = oms.works
        self._run_id = run_id
        self._tty = sys.stderr.isatty()
        self._began = self._phase_began = time.monotonic()
        self._last = 0.0
        self._done = self._from = 0
        self._width = 0

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def show(self, done: int, total: int) -> None:
        """Say how far it is, at most twice a second."""
        now = time.monotonic()
        if done < self._done:
            self._phase_began, self._from = now, 0
        self._done = done
        if now - self._last < (_EVERY_S if self._tty else _EVERY_S_IN_LOGS):
            return
        self._last = now
        rate = (done - self._from) / max(0.001, now - self._phase_began)
        share = 100 * done // total if total else 0
        self._write(f"{self._phase()} {done:,} of {total:,}, {share} %, {rate:,.0f}/s")

    def end(self) -> None:
        """Leave the line clean."""
        if self._tty and self._width:
            click.echo("\r" + " " * self._width + "\r", err=True, nl=False)

    def _phase(self) -> str:
        with self._works.reading(SHELL) as work:
            run = file_runs.get_run(work.session, self._run_id)
            phase = file_runs.Progress.of(run).phase
        return {file_runs.SURVEY: "looking what the orders need",
                file_runs.BUNDLES: "putting bundles together"}.get(phase, "importing")

    def _write(self, text: str) -> None:
        if self._tty:
            click.echo("\r" + text.ljust(self._width), err=True, nl=False)
            self._width = len(text)
        else:
            click.echo(text, err=True)


def _tell(found: Summary, seconds: float, channel: str) -> None:
    run = found.run
    took = ""
    if run.state == file_runs.DONE:
        rate = f" ({run.read / seconds:,.0f} records/s)" if run.read and seconds else ""
        took = f" in {seconds:.1f} s{rate}"
    click.echo(f"{run.original_name} with {found.profile.name}: {run.state}{took}")
    if run.error:
        click.echo(f"  {run.error}")
    if channel and run.state == file_runs.DONE:
        click.echo(f"  the orders belong to the channel {channel}")
    for name in ("read", "added", "changed", "same"):
        click.echo(f"  {name:<12} {getattr(run, name):>9,}")
    skipped = sum(count for _, count in found.skipped)
    click.echo(f"  {'skipped':<12} {skipped:>9,}{' rows' if skipped else ''}")
    _list(found.skipped)
    click.echo(f"  {'quarantined':<12} {run.quarantined:>9,}")
    _list(found.reasons)
    if run.quarantined:
        click.echo("  look at them under Channels, Quarantine; mend them there, or mend the file "
                   "and import it again\n  (a list of them: oms export quarantine FILE)")


def _list(reasons: Sequence[tuple[str, int]]) -> None:
    for reason, count in reasons[:_MOST_REASONS]:
        click.echo(f"    {count:>9,}  {reason}")
    rest = sum(count for _, count in reasons[_MOST_REASONS:])
    if rest:
        click.echo(f"    {rest:>9,}  other reasons")
