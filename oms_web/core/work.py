"""A piece of work: one transaction, one name, one moment.

Doors (a click, a scan, an API call, the clock) open a Work and hand it to a flow; flows and
domain services never see the request. ``Works`` is the factory the composition root makes once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from oms_web.core.actor import Actor
from oms_web.core.clock import Clock, utc_now
from oms_web.core.db import sqlite_file
from oms_web.core.events import Event, write_event
from oms_web.core.turns import Turns


@dataclass(slots=True)
class Work:
    """What a flow is given. ``ports`` are machines of ours (files, secrets, PDF) by name.

    ``occasion`` names what it is done because of, the same if it is done again: a rule's event, a
    bulk change. Empty where a person does it there and then.
    """

    session: Session
    actor: Actor
    now: datetime
    ports: Mapping[str, Any] = field(default_factory=dict)
    occasion: str = ""

    def announce(self, event: Event) -> None:
        """Record that something happened; reactions follow after the commit."""
        write_event(self.session, event, self.now)


class Works:
    """Opens works on one engine."""

    def __init__(
        self, engine: Engine, clock: Clock = utc_now, ports: Mapping[str, Any] | None = None
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.ports = dict(ports or {})
        self._write_engine = engine.execution_options(writes=True)
        file = sqlite_file(engine.url.render_as_string(hide_password=False))
        self._turn = Turns(file).turn if file else nullcontext

    @contextmanager
    def writing(self, actor: Actor) -> Iterator[Work]:
        """A transaction that may change things: commits at the end, rolls back on any error.

        On SQLite it takes the write lock at once, so what it read stays true until it commits.
        """
        with (
            self._turn(),
            Session(self._write_engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield Work(session, actor, self.clock(), self.ports)

    @contextmanager
    def reading(self, actor: Actor) -> Iterator[Work]:
        """A snapshot to look at; whatever is changed in it is thrown away."""
        with Session(self.engine, autoflush=False) as session:
            yield Work(session, actor, self.clock(), self.ports)
