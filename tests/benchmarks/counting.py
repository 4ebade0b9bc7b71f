"""Counts of work instead of seconds: statements sent to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine, event


@dataclass
class Counted:
    """The statements of a block of code."""

    statements: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.statements)


@contextmanager
def counted(engine: Engine) -> Iterator[Counted]:
    """Count the statements that an engine sends inside the block."""
    found = Counted()

    def note(_conn, _cursor, statement, _parameters, _context, _many) -> None:
        found.statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)
