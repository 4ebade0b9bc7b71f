"""Whether the books agree: the invariants that every transaction promises to keep.

The checks are in ``stock_books``, ``order_books``, ``case_books`` and ``data_books``; their
docstrings say what must be true, their names (I1, I2...) are those of docs/operations.md. They
read, and never repair.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from oms_web.inspection import Finding, case_books, data_books, order_books, stock_books
from oms_web.inspection.checking import CHECKS

__all__ = ["CHECKS", "case_books", "check", "data_books", "order_books", "stock_books"]


def check(session: Session, only: Collection[str] = ()) -> list[Finding]:
    """Run the checks (``only`` names some of them: ``I2``); an empty list means all is well."""
    found: list[Finding] = []
    for name, one in CHECKS.items():
        known_as = name.partition(" ")[0]
        if only and known_as not in only:
            continue
        try:
            found += one(session)
        except DBAPIError as error:  # A damaged file cannot even be read: say so and go on.
            session.rollback()
            found.append(Finding(known_as, f"{name} cannot be read: {error.orig}"))
    return found
