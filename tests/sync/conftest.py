"""Fixtures that several files share."""

from tests.sync.post import post, server  # noqa: F401
