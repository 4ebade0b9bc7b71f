"""The composition root's inner half: one object that holds the machines everything works with.

Web, CLI and jobs get the same ``Oms``; only ``app.py`` adds Flask to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oms_connector import Limit
from sqlalchemy import Engine

from oms_web.adapters import latarnia, nbp
from oms_web.adapters.calls import Recorder, Sink
from oms_web.adapters.files import DiskFiles
from oms_web.adapters.http import AccountHttp, Patience
from oms_web.adapters.mail import connection
from oms_web.adapters.pace import Pacer
from oms_web.adapters.secrets import KeyFileBox
from oms_web.core.clock import Clock, utc_now
from oms_web.core.db import make_engine
from oms_web.core.work import Works
from oms_web.paths import instance_dir
from oms_web.settings import Settings, load_settings

if TYPE_CHECKING:
    from oms_web.adapters.printing import Printing
    from oms_web.domain.einvoices.announced import Announced
    from oms_web.domain.einvoices.office import Access, EInvoiceOffice, Login
    from oms_web.sync.einvoicing import OfficeMaker
    from oms_web.sync.file_import import Importer
    from oms_web.sync.isolation.children import Children
    from oms_web.sync.registry import Registry
    from oms_web.sync.session import HttpMaker
    from oms_web.sync.webhooks import Messenger


@dataclass(frozen=True)
class Oms:
    """One installation, wired. Made once per process."""

    settings: Settings
    engine: Engine
    works: Works

    @cached_property
    def registry(self) -> Registry:
        """The connectors that are installed, and why others were refused: loaded on first use."""
        from oms_web.sync.registry import load_registry

        return load_registry()

    @cached_property
    def printing(self) -> Printing:
        """What makes PDFs; its worker processes start with the first of them."""
        from oms_web.adapters.pdf import PdfPool
        from oms_web.adapters.print_pages import CSS, FONTS
        from oms_web.adapters.printing import Printing

        return Printing(self.works, self.works.ports["files"], PdfPool(CSS, FONTS))

    @cached_property
    def importer(self) -> Importer:
        """What takes files in; their rows lie in ``work/`` of the instance until they are done."""
        from oms_web.sync.file_import import Importer
        from oms_web.sync.session import Engine

        return Importer(Engine(self.works, self.registry), self.settings.instance / "work")


def wire(
    instance: Path | None = None, *, clock: Clock = utc_now, settings: Settings | None = None
) -> Oms:
    """Read the settings and put the machines together; opens no connection yet."""
    settings = settings or load_settings(instance or instance_dir())
    engine = make_engine(settings.database_url)
    pacer = Pacer()
    ports = {
        "files": DiskFiles(settings.files),
        "prints": DiskFiles(settings.instance / "prints"),
        "secrets": KeyFileBox(settings.instance / "keys"),
        "http": _network(settings, pacer),
        "pacer": pacer,
        "webhooks": _messengers(settings),
        "mail": connection,
        "ksef": _ksef(settings, pacer, clock),
        "ksef_notices": partial(_ksef_notices, settings, pacer),
        "rates": partial(_rates, settings, pacer),
        "children": _children(settings),
    }
    return Oms(settings, engine, Works(engine, clock, ports))


def _network(settings: Settings, pacer: Pacer) -> HttpMaker:
    """Makes the clients of channel accounts: one pace for all of them."""
    recorder = Recorder(settings.instance / "recordings") if settings.record_calls else None

    def make(
        base_url: str, headers: Mapping[str, str], name: str, *, account: int, client: str,
        limits: Sequence[Limit], **more: Any,
    ) -> AccountHttp:
        return AccountHttp(
            base_url, headers, loopback=settings.loopback_shops, name=name, recorder=recorder,
            pace=pacer.of(account, client, limits), **more,
        )

    return make


def _rates(settings: Settings, pacer: Pacer) -> AccountHttp:
    """A client of the bank that publishes exchange rates; close it after use."""
    return AccountHttp(nbp.ADDRESS, {}, loopback=settings.loopback_shops, name="nbp",
                       pace=pacer.of("nbp", "nbp", ()),
                       patience=Patience(read=10.0, whole=30.0, keep=4 * 1024 * 1024))


def _ksef_notices(settings: Settings, pacer: Pacer, address: str) -> Sequence[Announced]:
    """What is announced of KSeF at an address."""
    http = AccountHttp(address, {}, loopback=settings.loopback_shops, name="latarnia",
                       pace=pacer.of("latarnia", "latarnia", ()),
                       patience=Patience(read=10.0, whole=30.0, keep=4 * 1024 * 1024))
    try:
        return latarnia.read(http)
    finally:
        http.close()


def _messengers(settings: Settings) -> Messenger:
    """Makes the clients that webhooks are told with: same rules, less patience."""
    pacer = Pacer()
    patience = Patience(read=10.0, whole=15.0, keep=2048)

    def make(url: str, webhook_id: int, sink: Sink) -> AccountHttp:
        name = f"webhook {webhook_id}"
        return AccountHttp(
            url, {}, loopback=settings.loopback_shops, name=name, sink=sink, patience=patience,
            pace=pacer.of(name, name, ()),
        )

    return make


def _ksef(settings: Settings, pacer: Pacer, clock: Clock) -> OfficeMaker:
    """Makes the clients of KSeF; one pace for all of them."""
    recorder = Recorder(settings.instance / "recordings") if settings.record_calls else None

    def make_http(base_url: str, headers: Mapping[str, str], **more: Any) -> AccountHttp:
        from oms_web.adapters.ksef import LIMITS

        return AccountHttp(
            base_url, headers, loopback=settings.loopback_shops, name="KSeF", recorder=recorder,
            pace=pacer.of("ksef", "ksef", LIMITS), **more,
        )

    def make(address: str, nip: str, login: Login, access: Access | None,
             keep: Callable[[Access], None]) -> EInvoiceOffice:
        from oms_web.adapters.ksef import Ksef

        return Ksef(address, nip, login, access, keep, make_http, clock)

    return make


def _children(settings: Settings) -> Children | None:
    """The processes that connectors run in, unless an operator wants them in this one."""
    if not settings.isolate_connectors:
        return None
    from oms_web.sync.isolation.child import Limits
    from oms_web.sync.isolation.children import Children

    return Children(Limits(memory_mb=settings.connector_memory_mb))
